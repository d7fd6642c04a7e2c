"""HTML as values: text is escaped, what was built here is not, so that nothing can be escaped twice or never."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

_VOID = frozenset({"meta", "wbr"})


class Html(str):
    """Markup that is ready for the page."""

    __slots__ = ()


def element(name: str, *content: str, **attributes: str | int | None) -> Html:
    """``<name attribute="…">content</name>``.

    Content is escaped unless it is `Html`. ``class_`` is the attribute ``class``, other underscores are dashes; None
    leaves an attribute out.
    """
    given = [(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None]
    written = "".join(f' {key}="{escape(str(value))}"' for key, value in given)
    inner = joined(content)
    return Html(f"<{name}{written}>" if name in _VOID else f"<{name}{written}>{inner}</{name}>")


def joined(content: Iterable[str]) -> Html:
    """All pieces one after the other, escaped unless they are `Html`."""
    return Html("".join(piece if isinstance(piece, Html) else escape(piece) for piece in content))


def breakable(text: str) -> Html:
    """*text* that may be broken behind its commas and operators: names of scores have no spaces."""
    return Html(element("wbr").join(escape(piece) for piece in re.split(r"(?<=[,*+])", text)))


def scrolling(label: str, content: Html) -> Html:
    """*content* in a box of its own that scrolls sideways, by keyboard too; *label* names it to a screen reader."""
    return element("div", content, class_="scroll", role="region", tabindex=0, aria_label=label)


def table(
    label: str,
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[int] = (),
    caption: bool = False,
) -> Html:
    """A table that scrolls in its box. The columns in *right* hold numbers; *caption* shows the label above it.

    A first cell that is text is its row's header.
    """
    sides = ["number" if column in right else None for column in range(len(headers))]
    head = [element("th", text, scope="col", class_=side) for text, side in zip(headers, sides, strict=True)]
    body = [
        element(
            "tr",
            *(
                element("td", cell, class_=side) if column else element("th", cell, scope="row", class_=side)
                for column, (cell, side) in enumerate(zip(row, sides, strict=True))
            ),
        )
        for row in rows
    ]
    title = [element("caption", label)] if caption else []
    whole = element("table", *title, element("thead", element("tr", *head)), element("tbody", *body))
    return scrolling(label, whole)


def facts(pairs: Iterable[tuple[str, str]]) -> Html:
    """A list of names with what they are."""
    return element(
        "dl",
        *(element("div", element("dt", name), element("dd", value)) for name, value in pairs if value),
        class_="facts",
    )


def folded(summary: str, content: Html) -> Html:
    """*content* behind a line that opens it."""
    return element("details", element("summary", summary), content)


def note(*content: str) -> Html:
    """A remark that must be seen."""
    return element("p", *content, class_="note", role="note")
