"""What a run knows: every distinct design it evaluated, with its results, found by the design's key.

Columns in growing arrays, so that a million designs cost their numbers and one dictionary entry each. Known rows
never change; the tables handed out are copies or read-only views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Told
from archgym.objective import Scores
from archgym.simulator import Evaluations
from archgym.space import DesignBatch, DesignSpace

FIRST_CAPACITY = 256


@dataclass(slots=True)
class _Columns:
    codes: NDArray[Any]
    metrics: NDArray[np.float64]
    scores: NDArray[np.float64]
    violation: NDArray[np.float64]
    status: NDArray[np.uint8]


class Memory:
    """Distinct designs in the order of their first evaluation; row *i* is the *i*-th of them."""

    def __init__(self, space: DesignSpace, metrics: int, scores: int) -> None:
        self._space = space
        self._widths = (space.d, metrics, scores)
        self.size = 0
        """Distinct designs so far."""
        self._capacity = 0
        self._columns = self._empty(0)
        self.row_of: dict[bytes, int] = {}
        """Key of a design (`design_keys`) to its row."""
        self.messages: dict[int, str] = {}
        """Row to reason, for the rows that have one."""

    def add(self, keys: Sequence[bytes], designs: DesignBatch, results: Evaluations, scores: Scores) -> None:
        """Append new, distinct designs with their results."""
        start, stop = self.size, self.size + len(keys)
        if stop > self._capacity:
            self._grow(stop)
        columns = self._columns
        if len(keys) == 1:  # half the time of slices of one
            columns.codes[start] = designs.codes
            columns.metrics[start] = results.metrics
            columns.scores[start] = scores.values
            columns.violation[start] = scores.violation.item()
            columns.status[start] = results.status.item()
            self.row_of[keys[0]] = start
        else:
            self._add_rows(slice(start, stop), designs, results, scores)
            self.row_of.update(zip(keys, range(start, stop), strict=True))
        for row, text in results.messages.items():
            self.messages[start + row] = text
        self.size = stop

    def _add_rows(self, rows: slice, designs: DesignBatch, results: Evaluations, scores: Scores) -> None:
        columns = self._columns
        columns.codes[rows] = designs.codes
        columns.metrics[rows] = results.metrics
        columns.scores[rows] = scores.values
        columns.violation[rows] = scores.violation
        columns.status[rows] = results.status

    def table(self, rows: Sequence[int] | slice, designs: DesignBatch, duplicate: NDArray[np.bool_]) -> Told:
        """The results of *rows*, which are the rows of *designs*."""
        columns = self._columns
        parts = (columns.scores[rows], columns.violation[rows], columns.status[rows], columns.metrics[rows])
        for part in parts:
            part.setflags(write=False)
        duplicate.setflags(write=False)
        scores, violation, status, metrics = parts
        return Told(designs, scores, violation, status, metrics, duplicate)

    def designs(self, rows: Sequence[int]) -> DesignBatch:
        """The designs of *rows*."""
        return DesignBatch(self._space, self._columns.codes[rows])

    def _grow(self, needed: int) -> None:
        self._capacity = max(needed, 2 * self._capacity, FIRST_CAPACITY)
        old, new = self._columns, self._empty(self._capacity)
        for name in _Columns.__slots__:
            getattr(new, name)[: self.size] = getattr(old, name)[: self.size]
        self._columns = new

    def _empty(self, n: int) -> _Columns:
        d, m, k = self._widths
        codes = np.empty((n, d), np.int32 if self._space.finite else np.float64)
        return _Columns(codes, np.empty((n, m)), np.empty((n, k)), np.empty(n), np.empty(n, np.uint8))
