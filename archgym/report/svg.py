"""A matplotlib figure as markup inside the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from io import StringIO
from typing import TYPE_CHECKING

from archgym.errors import ConfigError, MissingExtra
from archgym.plots import FORMATS, LOOK
from archgym.report.look import INKS
from archgym.report.markup import Html, element

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOISE = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
_REFERENCE = re.compile(r'(\bid="|href="#|url\(#)')
_WIDE_PT = 620


def inline(figure: Figure, prefix: str, alt: str, *, house: bool) -> Html:
    """*figure* as an ``<svg>`` element that is described by *alt*.

    Its inner names start with *prefix*, unique on the page, since all figures share one document. A *house*
    figure is one of `archgym.plots`: its inks follow the page's scheme.
    """
    text = _NOISE.sub("", _svg(figure, house))
    start = text.index("<svg")
    opening, inner = text[start : text.index(">", start)], text[text.index(">", start) + 1 :]
    inner = _REFERENCE.sub(lambda found: f"{found[1]}{prefix}-", inner.rsplit("</svg>", 1)[0])
    if house:
        for ink, variable in INKS.items():
            inner = inner.replace(ink, f"var({variable})")
    width, height = (float(size) for size in re.findall(r'\b(?:width|height)="([\d.]+)pt"', opening))
    inner = element("title", alt, id=f"{prefix}-alt") + re.sub(r"\s*\n\s*", "\n", inner)
    return element(
        "svg",
        Html(inner),
        viewBox=f"0 0 {width:g} {height:g}",
        width=round(width * 4 / 3),
        style=f"--width: {round(width * 4 / 3)}px",
        class_="wide" if width > _WIDE_PT else None,
        role="img",
        aria_labelledby=f"{prefix}-alt",
    )


def check_formats(formats: Sequence[str]) -> None:
    """`ConfigError` for a format that a figure cannot have."""
    known = [suffix.lstrip(".") for suffix in FORMATS]
    for name in formats:
        if name not in known:
            raise ConfigError(f"--format {name!r}: expected one of {', '.join(known)}")


def require_matplotlib(purpose: str) -> None:
    """`MissingExtra` where matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise MissingExtra("matplotlib", "report", purpose) from None


def house_look() -> AbstractContextManager[None]:
    """For saving a figure of `archgym.plots`: ticks are made while it is saved, so the look must hold then, too."""
    from matplotlib import rc_context

    return rc_context(LOOK)


def _svg(figure: Figure, house: bool) -> str:
    from matplotlib import rc_context

    drawn = StringIO()
    with house_look() if house else rc_context({"svg.hashsalt": LOOK["svg.hashsalt"]}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    return drawn.getvalue()
