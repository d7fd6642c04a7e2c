"""A text trace as columns of tokens: a million lines become a few arrays of token positions.

`numerals` reads values out of the columns; both work on whole arrays, so that no Python loop visits a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.workloads.trace_error import TraceError

Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]

_NEWLINE = ord("\n")
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Span:
    """One token per row: ``data[start:end]``; both ``(rows,)``; empty where the row has no such token."""

    start: Positions
    end: Positions

    @property
    def width(self) -> Positions:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Check:
    """Rows that break one rule. *got* is the offending token, or None to show the whole line."""

    bad: Mask
    expected: str
    got: Span | None = None


@dataclass(frozen=True, slots=True)
class TokenTable:
    """The tokens of all lines that hold any, in file order."""

    path: str
    data: NDArray[np.uint8]
    start: Positions
    end: Positions
    first: Positions
    """``(rows,)`` index of a row's first token in `start` and `end`."""
    count: Positions
    """``(rows,)`` tokens in a row."""
    line: Positions
    """``(rows,)`` 1-based number of a row's line."""

    @property
    def rows(self) -> int:
        return int(self.first.shape[0])

    @property
    def ends_in_a_token(self) -> bool:
        """True when the last line has no line end, as in a file that was cut."""
        return bool(self.end[-1] == self.data.shape[0])

    def column(self, index: int | Positions) -> Span:
        """The *index*-th token (0-based; one number or one per row) of each row."""
        present = index < self.count
        at = np.where(present, self.first + index, 0)
        return Span(np.where(present, self.start[at], 0), np.where(present, self.end[at], 0))

    def without_first_row(self) -> TokenTable:
        return TokenTable(self.path, self.data, self.start, self.end, self.first[1:], self.count[1:], self.line[1:])

    def text(self, span: Span, row: int) -> str:
        return _shown(self.data[span.start[row] : span.end[row]])

    def line_text(self, row: int) -> str:
        """The whole line of *row*, shortened for a message."""
        begin = int(self.start[self.first[row]])
        while begin > 0 and self.data[begin - 1] != _NEWLINE:
            begin -= 1
        rest = self.data[begin : begin + 4 * _SHOWN_CHARACTERS]
        stops = np.flatnonzero(rest == _NEWLINE)
        return _shown(rest[: stops[0]] if stops.size else rest)

    def refuse_first_bad(self, checks: Sequence[Check]) -> None:
        """Raise `TraceError` for the first row that breaks a check; of several on one row, the earliest."""
        failing = [(int(np.argmax(check.bad)), order) for order, check in enumerate(checks) if check.bad.any()]
        if not failing:
            return
        row, order = min(failing)
        check = checks[order]
        got = self.line_text(row) if check.got is None else self.text(check.got, row)
        raise TraceError(f"{self.path}:{self.line[row]}: expected {check.expected}, got {got!r}{self._cut(row)}")

    def _cut(self, row: int) -> str:
        cut = row == self.rows - 1 and self.ends_in_a_token
        return " (the file ends in the middle of this line)" if cut else ""


def tokenise(path: str, content: bytes, separators: bytes) -> TokenTable:
    """Split every line at *separators*; ``#`` starts a comment; lines without a token are left out."""
    data = np.frombuffer(content, dtype=np.uint8)
    if b"#" in content:
        data = np.where(_inside_comment(data), np.uint8(ord(" ")), data)
    gap = np.isin(np.arange(256), np.frombuffer(separators + b"\r\n", dtype=np.uint8))[data]
    edge = np.diff(np.concatenate(([True], gap, [True])).astype(np.int8))
    start, end = np.flatnonzero(edge == -1), np.flatnonzero(edge == 1)
    line_of_token = np.searchsorted(np.flatnonzero(data == _NEWLINE), start) + 1
    first = np.flatnonzero(np.diff(line_of_token, prepend=0))
    count = np.diff(first, append=start.shape[0])
    return TokenTable(path, data, start, end, first, count, line_of_token[first])


def _inside_comment(data: NDArray[np.uint8]) -> Mask:
    newline = np.flatnonzero(data == _NEWLINE)
    hashes = np.flatnonzero(data == ord("#"))
    line_end = np.append(newline, data.shape[0])[np.searchsorted(newline, hashes)]
    depth = np.zeros(data.shape[0] + 1, dtype=np.int32)
    np.add.at(depth, hashes, 1)
    np.add.at(depth, line_end, -1)
    inside: Mask = np.cumsum(depth)[:-1] > 0
    return inside


def _shown(raw: NDArray[np.uint8]) -> str:
    text = raw.tobytes().decode("ascii", errors="backslashreplace").strip()
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
