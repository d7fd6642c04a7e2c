"""Numbers and words out of a column of tokens, on whole arrays.

Numbers are read digit column by digit column, which is exact (integers only) and far faster than a Python
loop. Every parser returns its values together with a mask of the rows that are wrong, so that the caller can
name the first bad line.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.workloads.tokens import Mask, Positions, Span, TokenTable

_NO_DIGIT = 255
_HEX_DIGITS = 16  # 64 bits
_DECIMAL_DIGITS = 18  # all of them below 2**63
_NS_DIGITS = 15  # all of them below 2**63 as picoseconds
_PS_PER_NS = 1000


def _digit_table() -> NDArray[np.uint8]:
    table = np.full(256, _NO_DIGIT, dtype=np.uint8)
    for value, characters in enumerate(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", *"abcdef"]):
        for character in (characters, characters.upper()):
            table[ord(character)] = value
    return table


_DIGIT = _digit_table()


def byte_at(table: TokenTable, position: Positions) -> NDArray[np.uint8]:
    """The bytes at *position*; positions past the end read the last byte."""
    byte: NDArray[np.uint8] = table.data[np.minimum(position, table.data.shape[0] - 1)]
    return byte


def parse_digits(table: TokenTable, span: Span, base: int) -> tuple[NDArray[np.uint64], Mask]:
    """``(rows,)`` value of plain digits in *base* 10 or 16; wrong when empty, too long or not digits only."""
    limit = _HEX_DIGITS if base == 16 else _DECIMAL_DIGITS
    width = span.width
    bad = (width == 0) | (width > limit)
    value = np.zeros(width.shape, dtype=np.uint64)
    for place in range(min(int(width.max(initial=0)), limit)):
        inside = place < width
        digit = _DIGIT[byte_at(table, span.start + place)]
        bad |= inside & (digit >= base)
        value = np.where(inside, value * np.uint64(base) + digit, value)
    return value, bad


def has_hex_prefix(table: TokenTable, span: Span) -> Mask:
    zero = byte_at(table, span.start) == ord("0")
    letter = byte_at(table, span.start + 1) | 0x20  # to lower case
    prefixed: Mask = zero & (letter == ord("x")) & (span.width > 2)
    return prefixed


def parse_hex(table: TokenTable, span: Span) -> tuple[NDArray[np.uint64], Mask]:
    """``(rows,)`` value of hexadecimal digits with or without ``0x``."""
    skip = np.where(has_hex_prefix(table, span), 2, 0)
    return parse_digits(table, Span(span.start + skip, span.end), 16)


def parse_address(table: TokenTable, span: Span) -> tuple[NDArray[np.uint64], Mask]:
    """``(rows,)`` value of ``0x`` and hexadecimal digits, or of decimal digits."""
    prefixed = has_hex_prefix(table, span)
    value, bad = parse_hex(table, span)
    if not prefixed.all():
        decimal, decimal_bad = parse_digits(table, span, 10)
        value, bad = np.where(prefixed, value, decimal), np.where(prefixed, bad, decimal_bad)
    return value, bad


def parse_nanoseconds(table: TokenTable, span: Span) -> tuple[NDArray[np.int64], Mask]:
    """``(rows,)`` picoseconds of a decimal number of ns, rounded to the ps (half up); no float on the way."""
    dot = span.end.copy()
    for place in range(min(int(span.width.max(initial=0)), _NS_DIGITS + 1)):
        position = span.start + place
        is_dot = (position < dot) & (byte_at(table, position) == ord("."))
        dot = np.where(is_dot, position, dot)
    whole, bad = parse_digits(table, Span(span.start, dot), 10)
    bad |= dot - span.start > _NS_DIGITS
    value = whole.astype(np.int64) * _PS_PER_NS
    if (dot < span.end).any():
        fraction, fraction_bad = _parse_fraction_ps(table, Span(np.minimum(dot + 1, span.end), span.end))
        value += fraction
        bad |= fraction_bad
    if bad.any():
        _parse_unusual_ns(table, span, value, bad)
    return value, bad


def _parse_fraction_ps(table: TokenTable, span: Span) -> tuple[NDArray[np.int64], Mask]:
    bad = np.zeros(span.width.shape, dtype=np.bool_)
    value = np.zeros(span.width.shape, dtype=np.int64)
    weights = (100, 10, 1)
    for place in range(int(span.width.max(initial=0))):
        inside = place < span.width
        digit = _DIGIT[byte_at(table, span.start + place)].astype(np.int64)
        bad |= inside & (digit >= 10)
        if place < len(weights):
            value += np.where(inside, digit * weights[place], 0)
        elif place == len(weights):
            value += inside & (digit >= 5)
    return value, bad


def _parse_unusual_ns(table: TokenTable, span: Span, value: NDArray[np.int64], bad: Mask) -> None:
    """Read ``1e3``, ``.5`` and the like into *value* and *bad*, up to the first row that is no time."""
    for row in np.flatnonzero(bad):
        text = table.text(span, int(row)).replace("_", "?")  # Python's 1_000 is no number here
        try:
            ps = (Decimal(text) * _PS_PER_NS).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        except InvalidOperation:
            return
        if not ps.is_finite() or ps.is_signed() or ps >= 2**62:
            return
        value[row], bad[row] = int(ps), False


def match_words(table: TokenTable, span: Span, words: Sequence[str]) -> Mask:
    """``(rows,)`` True where the token is one of *words* (lower case), in any case of letters."""
    matched = np.zeros(span.width.shape, dtype=np.bool_)
    for word in words:
        same = span.width == len(word)
        for place, character in enumerate(word):
            byte = byte_at(table, span.start + place)
            is_upper = (byte >= ord("A")) & (byte <= ord("Z"))
            same &= np.where(is_upper, byte | 0x20, byte) == ord(character)
        matched |= same
    return matched
