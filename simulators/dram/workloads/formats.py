"""The text formats of memory traces: one parser each, all giving the same columns.

Stamps are left in the format's own unit (clock cycles or picoseconds); `readers` turns them into time.

- ``stl``, ``rstl`` (DRAMSys): ``CYCLE: [(BYTES)] read|write 0xADDRESS [0xDATA]``; in ``rstl`` the cycle is
  the gap after the previous request.
- ``dramsim3``: ``0xADDRESS READ|WRITE CYCLE``.
- ``ramulator``: ``LD|ST|R|W 0xADDRESS`` (also decimal) or ``0xADDRESS R|W``; no stamps.
- ``csv``: ``time_ns,op,addr``, the time possibly fractional; a gap when the header is ``gap_ns,op,addr``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.workloads.numerals import (
    byte_at,
    match_words,
    parse_address,
    parse_digits,
    parse_hex,
    parse_nanoseconds,
)
from archgym.simulators.dram.workloads.tokens import Check, Mask, Positions, Span, TokenTable
from archgym.simulators.dram.workloads.trace_error import TraceError

_READ_WORDS = ("read", "r", "rd", "ld", "p_mem_rd", "p_fetch")
_WRITE_WORDS = ("write", "w", "wr", "st", "p_mem_wr", "boff")
_OPERATION = "read or write (also R, W)"
_CYCLE = "a clock cycle >= 0 of at most 18 digits"


class Stamp(Enum):
    """What a format's stamps count."""

    CYCLES = "cycles"
    PICOSECONDS = "picoseconds"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Requests:
    """The lines of a trace, parsed; all arrays ``(rows,)``."""

    table: TokenTable
    is_write: Mask
    address: NDArray[np.uint64]
    address_token: Span
    stamp: NDArray[np.int64] | None = None
    """Non-negative, in the format's unit; None when it has no stamps."""
    stamp_token: Span | None = None
    size_bytes: NDArray[np.int64] | None = None
    """0 where the line states no size; None when no line does."""
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """One text format."""

    name: str
    separators: bytes
    stamp: Stamp
    parse: Callable[[TokenTable], Requests]


def _parse_operation(table: TokenTable, span: Span) -> tuple[Mask, Mask]:
    is_write = match_words(table, span, _WRITE_WORDS)
    return is_write, ~is_write & ~match_words(table, span, _READ_WORDS)


def _parse_stl(table: TokenTable, *, relative: bool = False) -> Requests:
    line = "'CYCLE: read|write 0xADDRESS'"
    stamp_token = table.column(0)
    colon = byte_at(table, stamp_token.end - 1) == ord(":")
    stamp, bad_stamp = parse_digits(table, Span(stamp_token.start, stamp_token.end - colon), 10)
    size_token = table.column(1)
    sized = byte_at(table, size_token.start) == ord("(")
    size, bad_size = parse_digits(table, Span(size_token.start + 1, size_token.end - 1), 10)
    bad_size |= (byte_at(table, size_token.end - 1) != ord(")")) | (size & (size - np.uint64(1)) != 0) | (size == 0)
    operation_token, address_token = table.column(1 + sized), table.column(2 + sized)
    is_write, bad_operation = _parse_operation(table, operation_token)
    address, bad_address = parse_hex(table, address_token)
    table.refuse_first_bad(
        [
            Check((table.count < 3 + sized) | (table.count > 4 + sized), line),
            Check(bad_stamp, _CYCLE, stamp_token),
            Check(sized & bad_size, "a size in bytes like (64), a power of two", size_token),
            Check(bad_operation, _OPERATION, operation_token),
            Check(bad_address, "a hexadecimal address of at most 64 bits", address_token),
        ]
    )
    size_bytes = np.where(sized, size, np.uint64(0)).astype(np.int64) if sized.any() else None
    return Requests(table, is_write, address, address_token, stamp.astype(np.int64), stamp_token, size_bytes, relative)


def _parse_rstl(table: TokenTable) -> Requests:
    return _parse_stl(table, relative=True)


def _parse_dramsim3(table: TokenTable) -> Requests:
    address_token, operation_token, stamp_token = table.column(0), table.column(1), table.column(2)
    address, bad_address = parse_hex(table, address_token)
    is_write, bad_operation = _parse_operation(table, operation_token)
    stamp, bad_stamp = parse_digits(table, stamp_token, 10)
    table.refuse_first_bad(
        [
            Check(table.count != 3, "'0xADDRESS READ|WRITE CYCLE'"),
            Check(bad_address, "a hexadecimal address of at most 64 bits", address_token),
            Check(bad_operation, _OPERATION, operation_token),
            Check(bad_stamp, _CYCLE, stamp_token),
        ]
    )
    return Requests(table, is_write, address, address_token, stamp.astype(np.int64), stamp_token)


def _parse_ramulator(table: TokenTable) -> Requests:
    _, first_is_no_operation = _parse_operation(table, table.column(0))
    operation_first = not first_is_no_operation[0]  # the first line settles the order for the file
    operation_token, address_token = table.column(1 - operation_first), table.column(int(operation_first))
    is_write, bad_operation = _parse_operation(table, operation_token)
    address, bad_address = parse_address(table, address_token)
    line = "'LD|ST|R|W 0xADDRESS'" if operation_first else "'0xADDRESS R|W'"
    table.refuse_first_bad(
        [
            Check(table.count != 2, line),
            Check(bad_operation, f"LD, ST, R or W (the file's lines are {line})", operation_token),
            Check(bad_address, "a byte address (address vectors are not supported)", address_token),
        ]
    )
    return Requests(table, is_write, address, address_token)


def _has_two_commas(table: TokenTable) -> Mask:
    """``(rows,)`` True for one comma between each pair of the three fields and none elsewhere in the line."""
    newline = np.flatnonzero(table.data == ord("\n"))
    begin = np.concatenate(([0], newline + 1))[table.line - 1]
    end = np.append(newline, table.data.shape[0])[table.line - 1]
    comma = np.flatnonzero(table.data == ord(","))
    first, second, third = (table.column(k) for k in range(3))

    def commas_before(position: Positions) -> Positions:
        return np.searchsorted(comma, position)

    two: Mask = commas_before(end) - commas_before(begin) == 2
    two &= commas_before(second.start) - commas_before(first.end) == 1
    two &= commas_before(third.start) - commas_before(second.end) == 1
    return two


def _parse_csv(table: TokenTable) -> Requests:
    header = table.line_text(0).replace(" ", "").lower()
    relative = header == "gap_ns,op,addr"
    if relative or header == "time_ns,op,addr":
        table = table.without_first_row()
        if table.rows == 0:
            raise TraceError(f"{table.path}: expected at least one request, got only a header")
    stamp_token, operation_token, address_token = (table.column(k) for k in range(3))
    stamp, bad_stamp = parse_nanoseconds(table, stamp_token)
    is_write, bad_operation = _parse_operation(table, operation_token)
    address, bad_address = parse_address(table, address_token)
    table.refuse_first_bad(
        [
            Check((table.count != 3) | ~_has_two_commas(table), "'time_ns,op,addr', like '12.5,R,0x1c40'"),
            Check(bad_stamp, "a time in ns >= 0", stamp_token),
            Check(bad_operation, "R or W (also read, write)", operation_token),
            Check(bad_address, "a byte address like 0x1c40", address_token),
        ]
    )
    return Requests(table, is_write, address, address_token, stamp, stamp_token, relative=relative)


_BLANKS = b" \t"
FORMATS: dict[str, Format] = {
    "stl": Format("stl", _BLANKS, Stamp.CYCLES, _parse_stl),
    "rstl": Format("rstl", _BLANKS, Stamp.CYCLES, _parse_rstl),
    "dramsim3": Format("dramsim3", _BLANKS, Stamp.CYCLES, _parse_dramsim3),
    "ramulator": Format("ramulator", _BLANKS, Stamp.NONE, _parse_ramulator),
    "csv": Format("csv", b", \t", Stamp.PICOSECONDS, _parse_csv),
}


def recognise(path: str, content: bytes) -> Format:
    """The format of a file whose suffix does not tell, from its first line that is not a comment.

    ``rstl`` looks like ``stl`` and is never guessed. Raises `TraceError` when no format fits.
    """
    words = _first_line(content).split()
    if not words:
        raise TraceError(f"{path}: expected at least one request, got none")
    if "," in words[0] or "," in words[1:2]:
        return FORMATS["csv"]
    if len(words) >= 3 and words[0].rstrip(":").isdigit():
        return FORMATS["stl"]
    if len(words) == 3 and words[2].isdigit():
        return FORMATS["dramsim3"]
    if len(words) == 2:
        return FORMATS["ramulator"]
    raise TraceError(f"{path}: cannot tell the trace's format; name one of {', '.join(FORMATS)}")


def _first_line(content: bytes) -> str:
    """The first line that holds more than a comment; empty when there is none near the beginning."""
    for line in content[:65536].decode("latin-1").splitlines():
        text = line.split("#")[0].strip()
        if text:
            return text
    return ""
