"""What goes wrong with a layer, an architecture or a mapping: one exception, one line."""

from __future__ import annotations


class DataError(ValueError):
    """The data cannot be used; the message is one line that says where, what was expected and what came."""


def check_whole(where: str, value: object, least: int = 1, most: int = 2**31 - 1) -> None:
    """*value* is an int from *least* to *most*; DataError that begins with *where* otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise DataError(f"{where}: expected a whole number from {least} to {most}, got {value!r}")


def check_number(where: str, value: object, *, least: float = 0.0) -> None:
    """*value* is a finite number, at least *least*; DataError that begins with *where* otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < 2.0**1000:
        raise DataError(f"{where}: expected a number from {least:g} on, got {value!r}")
