"""Best so far, kept while results come in: the design of lowest merit, and the designs that nothing dominates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.objective import VIOLATION_BASE, Scores


@dataclass(frozen=True, slots=True)
class Best:
    """The best design so far, by value."""

    row: int
    """Its position among the run's distinct designs."""
    design: Mapping[str, Any]
    metrics: Mapping[str, float]
    """In the simulator's units."""
    scores: Mapping[str, float]
    """Lower is better."""
    violation: float
    """0: every limit holds."""


class BestSoFar:
    """The row of lowest merit; of equals the first. Failed designs never count."""

    __slots__ = ("merit", "row")

    def __init__(self) -> None:
        self.merit = float("inf")
        self.row: int | None = None

    def add(self, start: int, scores: Scores) -> None:
        """Take in rows *start*, *start* + 1, … of the run's memory."""
        if len(scores.violation) == 1:
            row, lowest = 0, merit_of_one(scores.values.item(0), scores.violation.item(0))
        else:
            merit = scores.merit()
            row = int(merit.argmin())
            lowest = float(merit[row])
        if lowest < self.merit:
            self.merit, self.row = lowest, start + row


def merit_of_one(score: float, violation: float) -> float:
    """`archgym.objective.merit` for one design, without arrays."""
    return VIOLATION_BASE * (1 + violation) if violation > 0 else score


class Front:
    """Rows that keep every limit and are dominated by no other; of equal scores the first.

    Row *a* dominates *b* when no score is higher and one is lower.
    """

    def __init__(self, k: int) -> None:
        self._values = np.empty((0, k))
        self.rows: NDArray[np.int64] = np.empty(0, np.int64)

    def add(self, start: int, scores: Scores) -> None:
        """Take in rows *start*, *start* + 1, … of the run's memory."""
        usable = (scores.violation == 0) & (scores.values < np.inf).all(axis=1)
        for row in np.flatnonzero(usable):
            self._add_one(start + int(row), scores.values[row])

    def _add_one(self, row: int, values: NDArray[np.float64]) -> None:
        if (self._values <= values).all(axis=1).any():
            return
        keep = ~(values <= self._values).all(axis=1)
        self._values = np.concatenate([self._values[keep], values[None]])
        self.rows = np.append(self.rows[keep], row)
