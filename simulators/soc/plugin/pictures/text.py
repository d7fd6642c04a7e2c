"""Words on paper: how wide they are, where they break, and how a quantity is written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

from archgym.simulators.soc.plugin.pictures.theme import FONT

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T"}


_HINTING = 1.03
"""Letters that are fitted to pixels may come out wider than their outlines."""


@lru_cache(maxsize=8192)
def width_in(text: str, size: float, bold: bool = False) -> float:
    """Inches that *text* takes at *size* points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    return _HINTING * float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]) / 72


def shorten(text: str, room_in: float, size: float, bold: bool = False) -> str:
    """*text*, or as much of its beginning as fits, with an ellipsis."""
    if width_in(text, size, bold) <= room_in:
        return text
    kept = len(text)
    while kept > 1 and width_in(text[:kept] + "…", size, bold) > room_in:
        kept -= 1
    return text[:kept] + "…"


def wrap(pieces: Sequence[str], room_in: float, size: float) -> tuple[str, ...]:
    """The pieces put together to lines that fit; a piece that alone is too long is shortened."""
    lines: list[str] = []
    for piece in pieces:
        if lines and width_in((lines[-1] + piece).rstrip(), size) <= room_in:
            lines[-1] += piece
        else:
            lines.append(piece)
    return tuple(shorten(line.rstrip(), room_in, size) for line in lines)


def type_lines(name: str, room_in: float, size: float) -> tuple[str, ...]:
    """The name of a type, broken behind its slashes and hyphens where it must be."""
    return wrap(re.findall(r"[^/-]*[/-]?", name)[:-1], room_in, size)


def quantity(value: float, unit: str) -> str:
    """Three digits and an SI prefix: ``4.82 ms``."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g} {unit}"
    exponent = 3 * math.floor(math.log10(abs(value)) / 3)
    exponent = min(max(exponent, min(_PREFIXES)), max(_PREFIXES))
    mantissa = float(f"{value / 10.0**exponent:.3g}")
    if abs(mantissa) >= 1000 and exponent < max(_PREFIXES):
        mantissa, exponent = mantissa / 1000, exponent + 3
    return f"{number(mantissa)} {_PREFIXES[exponent]}{unit}"


def area(value_m2: float) -> str:
    """Square millimetres, or square micrometres for what is smaller than 0.001 mm²."""
    if 0 < value_m2 < 1e-9:
        return f"{number(value_m2 * 1e12)} µm²"
    return f"{number(value_m2 * 1e6)} mm²"


def size(value_bytes: float) -> str:
    """Bytes with a decimal prefix."""
    return quantity(value_bytes, "B")


def percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def number(value: float) -> str:
    """Three digits, without an exponent for what is large."""
    shown = f"{value:.3g}"
    return f"{float(shown):.0f}" if "e+" in shown else shown
