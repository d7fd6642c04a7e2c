"""The runner's own door: the evaluator, watched for progress, for a searcher that goes in circles, and for time.

Agents and trainers evaluate through the same one, so both stop, report and resume alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from archgym.agent import Told
from archgym.errors import BudgetSpent
from archgym.evaluator import Evaluator
from archgym.result import Progress
from archgym.simulator import Status
from archgym.space import DesignBatch

REPORT_INTERVAL_S = 0.1
LEAST_PATIENCE = 1000
"""Duplicates in a row that are always borne."""


class Stalled(BudgetSpent):
    """Nothing but duplicates for too long."""


class WatchedDoor:
    """Implements `archgym.agent.Door`."""

    def __init__(
        self,
        evaluator: Evaluator,
        budget: int,
        report: Callable[[Progress], None] | None,
        resumed: int,
    ) -> None:
        """*resumed* is the number of rows that cost no evaluation."""
        self._evaluator, self._budget, self._report = evaluator, budget, report
        self._patience = max(LEAST_PATIENCE, 20 * budget)
        self._resumed, self._resumed_spent = resumed, 0
        self._began = time.perf_counter()
        self._reported = self._began
        self.in_a_row = 0
        """Duplicates since the last new design."""
        self.failed = 0
        """Rows whose status is not OK."""
        self.seconds = 0.0
        """Wall time inside the door, s."""

    @property
    def remaining(self) -> int:
        """Unique evaluations left."""
        return self._evaluator.remaining

    def evaluate(self, designs: DesignBatch, /) -> Told:
        """As `Evaluator.evaluate`; `Stalled` (a `BudgetSpent`) after max(1000, 20 x budget) duplicates in a row."""
        if self.in_a_row >= self._patience:
            raise Stalled(f"{self.in_a_row} proposals in a row were duplicates")
        began = time.perf_counter()
        told = self._evaluator.evaluate(designs)
        self.failed += int(np.count_nonzero(told.status != Status.OK))
        new = np.flatnonzero(~told.duplicate)
        self.in_a_row = len(told) - 1 - int(new[-1]) if len(new) else self.in_a_row + len(told)
        if self._evaluator.asked <= self._resumed:
            self._resumed_spent = self._evaluator.spent
        now = time.perf_counter()
        self.seconds += now - began
        if self._report is not None and now - self._reported >= REPORT_INTERVAL_S:
            self._reported = now
            self._report(self.progress())
        return told

    def progress(self) -> Progress:
        """Where the run stands now."""
        done = self._evaluator
        elapsed = time.perf_counter() - self._began
        fresh = done.spent - self._resumed_spent
        rate = fresh / elapsed if elapsed > 0 else 0.0
        left = done.remaining / rate if rate > 0 else None
        return Progress(done.spent, self._budget, done.asked, done.duplicates, elapsed, rate, left, done.best)
