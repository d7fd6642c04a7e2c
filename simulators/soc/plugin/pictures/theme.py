"""The inks of the pictures, for light and for dark pages.

A hue always means the same in both pictures: which kind of block sets the pace. Blue is a processing element itself,
orange a memory, purple a bus.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from archgym.errors import MissingExtra
from archgym.plots import BLUE, GREEN, ORANGE, PURPLE, RED, SKY

Group = Literal["compute", "memory", "bus"]

FONT = "DejaVu Sans"
"""Comes with matplotlib, so that text has the same width wherever the picture is drawn."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as ``#rrggbb``."""

    paper: str
    """Behind everything; "none" lets the page show."""
    ink: str
    faint: str
    """Secondary text and wires."""
    line: str
    """Rules that must not draw the eye."""
    card: str
    """The inside of a block."""
    hue: Mapping[Group, str]
    workloads: tuple[str, ...]
    """One a workload, from the start again if there are more."""


LIGHT = Theme(
    paper="#FFFFFF",
    ink="#222222",
    faint="#6B6B6B",
    line="#DADADA",
    card="#FFFFFF",
    hue={"compute": BLUE, "memory": ORANGE, "bus": PURPLE},
    workloads=(RED, GREEN, SKY, "#000000"),
)
DARK = Theme(
    paper="none",
    ink="#ECECEC",
    faint="#A8A8A8",
    line="#4A4D52",
    card="#1E2024",
    hue={"compute": "#3E9BD6", "memory": ORANGE, "bus": PURPLE},
    workloads=("#F0743A", "#2DC296", SKY, "#FFFFFF"),
)


def theme_of(dark: bool) -> Theme:
    return DARK if dark else LIGHT


def blend(base: str, hue: str, share: float) -> str:
    """*share* of *hue* over *base*: 0 is *base*, 1 is *hue*."""
    pairs = zip(_channels(base), _channels(hue), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@contextmanager
def drawing() -> Iterator[None]:
    """Matplotlib with the font of the pictures and reproducible SVG names; `MissingExtra` without matplotlib."""
    try:
        from matplotlib import rc_context
    except ImportError:
        raise MissingExtra("matplotlib", "report", "drawing a system on chip") from None
    with rc_context({"font.family": [FONT], "svg.hashsalt": "archgym", "hatch.linewidth": 0.6}):
        yield
