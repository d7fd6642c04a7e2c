"""An objective bound to one simulator's metrics, fast for one design.

A search that evaluates one design at a time spends more on arrays of one number than on the numbers; here one design
is scored in plain Python numbers, with the bits that `Objective.score` gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from archgym.objective import Objective, Scores
from archgym.simulator import Evaluations, Metric, Status


class Scorer:
    """Scores batches of results whose columns are *metrics*."""

    def __init__(self, objective: Objective, metrics: Sequence[Metric]) -> None:
        self._objective, self._metrics = objective, tuple(metrics)
        self._terms, self._limits = objective.terms, objective.limits
        self._better = {metric.name: metric.better for metric in metrics}
        self._plain = all(getattr(term, "plain", False) for term in objective.terms)
        read = {name for term in objective.terms for name in term.reads} | {limit.metric for limit in objective.limits}
        self._read = [(k, metric.name) for k, metric in enumerate(metrics) if metric.name in read]

    def score(self, results: Evaluations) -> Scores:
        """`Objective.score`, the same bits."""
        if self._plain and len(results.status) == 1:
            try:
                return self._score_one(results)
            except ArithmeticError:  # where arrays have infinities, plain numbers raise
                pass
        return self._objective.score(results, self._metrics)

    def _score_one(self, results: Evaluations) -> Scores:
        if results.status.item() != _OK:
            return self._unusable()
        row = results.metrics.tolist()[0]
        columns = {name: row[k] for k, name in self._read}
        values: list[Any] = [term.score(columns, self._better) for term in self._terms]
        violation = 0.0
        for limit in self._limits:
            violation += limit.excess(columns[limit.metric])
        if any(map(math.isnan, (violation, *values))):
            return self._unusable()
        return Scores(np.array((values,), np.float64), np.array((violation,)))

    def _unusable(self) -> Scores:
        return Scores(np.full((1, len(self._terms)), np.inf), np.full(1, np.inf))


_OK = int(Status.OK)
