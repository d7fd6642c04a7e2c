"""A matplotlib figure as markup inside the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b
from io import StringIO
from typing import TYPE_CHECKING

from archgym.errors import ConfigError, MissingExtra
from archgym.plots import FORMATS, LOOK
from archgym.report.look import INKS
from archgym.report.markup import Html, element

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOISE = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->|<defs>\s*</defs>", re.DOTALL)
_NAME = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'(href="#|url\(#)([^")]+)')
_LONG_FRACTION = re.compile(r"(?<![\d.])([1-9]\d*\.\d{2})\d+")
_PLACED = re.compile(r'(<use [^>]*)transform="translate\(([-\d.]+) 0\)"/>')
_COLOUR = re.compile(r"(?<=: )(?:#[0-9a-f]{6}\b|none)")
_WIDE_PT = 620


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is inside an ``<svg>`` element."""

    width_pt: float
    height_pt: float
    markup: str


def draw(figure: Figure, name: str, *, house: bool = False) -> Drawing:
    """*figure* in SVG.

    *name* is unique on the page: all figures share one document, so their inner names start with its hash. A *house*
    figure is one of `archgym.plots`: its inks follow the page's scheme.
    """
    text = _NOISE.sub("", _svg(figure, house))
    start = text.index("<svg")
    opening, inner = text[start : text.index(">", start)], text[text.index(">", start) + 1 :]
    inner = _compact(inner.rsplit("</svg>", 1)[0], _hash(name))
    if house:
        for ink, variable in INKS.items():
            inner = inner.replace(ink, f"var({variable})")
    width, height = (float(size) for size in re.findall(r'\b(?:width|height)="([\d.]+)pt"', opening))
    return Drawing(width, height, inner)


def inline(drawing: Drawing, name: str, alt: str) -> Html:
    """*drawing* as an element that is described by *alt*; *name* as it was drawn with."""
    title = f"{_hash(name)}t"
    width = round(drawing.width_pt * 4 / 3)
    return element(
        "svg",
        element("title", alt, id=title),
        Html(drawing.markup),
        viewBox=f"0 0 {drawing.width_pt:g} {drawing.height_pt:g}",
        width=width,
        style=f"--width: {width}px",
        class_=f"{_hash(name)}{' wide' if drawing.width_pt > _WIDE_PT else ''}",
        role="img",
        aria_labelledby=title,
    )


def both_schemes(light: Drawing, dark: Drawing, name: str) -> Drawing | None:
    """One drawing for both schemes where the two differ in colours only, else None. Both were drawn with *name*."""
    pieces = _COLOUR.split(light.markup)
    if pieces != _COLOUR.split(dark.markup):
        return None
    pairs = list(zip(_COLOUR.findall(light.markup), _COLOUR.findall(dark.markup), strict=True))
    known = {pair: f"--c{i}" for i, pair in enumerate(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))}
    colours = [f"var({known[pair]})" if pair in known else pair[0] for pair in pairs]
    markup = "".join(text for both in zip(pieces, [*colours, ""], strict=True) for text in both)
    day, night = ("".join(f"{variable}:{pair[side]};" for pair, variable in known.items()) for side in (0, 1))
    style = f".{_hash(name)}{{{day}}}@media(prefers-color-scheme:dark){{.{_hash(name)}{{{night}}}}}"
    return Drawing(light.width_pt, light.height_pt, f"<style>{style}</style>{markup}")


def _hash(name: str) -> str:
    return f"f{blake2b(name.encode(), digest_size=4).hexdigest()}"


def _compact(markup: str, prefix: str) -> str:
    """*markup* with short names for what is referred to, none for the rest, and no digits that nobody sees.

    Figures are by far the largest part of a page; this takes away more than half of them.
    """
    referred = dict.fromkeys(found[2] for found in _REFERENCE.finditer(markup))
    short = {name: f"{prefix}-{i:x}" for i, name in enumerate(referred)}
    markup = _NAME.sub(lambda found: f' id="{short[found[1]]}"' if found[1] in short else "", markup)
    markup = _REFERENCE.sub(lambda found: found[1] + short[found[2]], markup).replace("xlink:href", "href")
    markup = re.sub(r"\s*\n\s*", " ", markup).replace("> <", "><").replace('="M ', '="M').replace(' "', '"')
    return _PLACED.sub(r'\1x="\2"/>', _LONG_FRACTION.sub(r"\1", markup))


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
