"""Numbers with their units, as people read them."""

from __future__ import annotations

import math

_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_SCALED_UNITS = {"s", "J", "W", "B/s"}


def number(value: float, unit: str = "") -> str:
    """``1.234 mJ``: four significant digits and an SI prefix where the unit takes one."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if unit == "count" or (unit in {"", "1"} and float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    if unit in _SCALED_UNITS and value:
        exponent = max(-12, min(9, 3 * math.floor(math.log10(abs(value)) / 3)))
        return f"{value / 10.0**exponent:.4g} {_PREFIXES[exponent]}{unit}"
    text = f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return text if unit in {"", "1"} else f"{text} {unit}"
