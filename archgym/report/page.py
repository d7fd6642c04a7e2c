"""The page: a heading, a table of contents, sections. It loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archgym.report.look import STYLE
from archgym.report.markup import Html, breakable, element, joined, note
from archgym.version import __version__


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    anchor: str
    """Unique on the page; letters, digits and dashes."""
    title: str
    lead: str
    """One sentence below the title."""
    body: Html
    brief: str = ""
    """The answer in a few words, for the table of contents."""


def page(title: str, lead: str, sections: Sequence[Section], remarks: Sequence[str] = ()) -> str:
    """The whole document. *remarks* stand above everything: what could not be read, say."""
    content = [element("h1", title), element("p", lead, class_="lead"), *(note(text) for text in remarks)]
    if len(sections) > 1:
        items = [element("li", element("a", s.title, href=f"#{s.anchor}"), _brief(s)) for s in sections]
        content.append(element("nav", element("ol", *items), aria_label="Contents"))
    head = joined(
        [
            element("meta", charset="utf-8"),
            element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
            element("title", title),
            Html(f"<style>{STYLE}</style>"),
        ]
    )
    body = joined(
        [
            element("header", *content),
            element("main", *(_section(section) for section in sections)),
            element("footer", element("p", f"Made by archgym {__version__}.")),
        ]
    )
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>{head}</head>\n<body>{body}</body>\n</html>\n'


def _brief(section: Section) -> Html:
    return element("span", " ", breakable(section.brief), class_="faint") if section.brief else Html()


def _section(section: Section) -> Html:
    heading = f"{section.anchor}-title"
    return element(
        "section",
        element("h2", section.title, id=heading),
        element("p", section.lead, class_="lead") if section.lead else Html(),
        section.body,
        id=section.anchor,
        aria_labelledby=heading,
    )
