"""What environments measure against: the default design, so that rewards and observations have no units.

Raw metrics span decades and differ from task to task; relative to the task's own default design they are numbers of
order one. The reference is a constant of the task, not a step of the search: it is neither charged nor logged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Told
from archgym.errors import ConfigError
from archgym.objective import Objective
from archgym.simulator import Simulator, Status
from archgym.space import DesignBatch

CANDIDATES = 64
"""Random designs that may stand in for a default design that does not work."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The metrics and scores of the design that counts as average."""

    metrics: NDArray[np.float64]
    """``(m,)``"""
    scores: NDArray[np.float64]
    """``(k,)`` finite, lower is better."""

    def observe(self, told: Told) -> NDArray[np.float32]:
        """``(n, m + 1)`` in [-1, 1], never NaN.

        Metric ``x`` becomes ``(x - ref) / (|x| + |ref|)``: 0 for the reference's value, 1/3 at twice and -1/3 at
        half of it (for positive metrics ``tanh(ln(x / ref) / 2)``: a logarithm, bounded), 0 where there is no
        result. The last column is 1 for a design with a result, -1 without.
        """
        n, m = told.metrics.shape
        observed = np.zeros((n, m + 1), np.float32)
        span = np.abs(told.metrics) + np.abs(self.metrics)
        with np.errstate(invalid="ignore"):
            np.divide(told.metrics - self.metrics, span, out=observed[:, :m], where=span > 0, casting="same_kind")
        ok = told.status == Status.OK
        observed[:, m] = np.where(ok, 1.0, -1.0)
        observed[~ok, :m] = 0.0
        return np.nan_to_num(observed, copy=False, nan=1.0)

    def observe_one(self, metrics: list[float], ok: bool) -> list[float]:
        """A row of `observe`, in plain numbers: for one design they are ten times faster than arrays."""
        if not ok:
            return [*[0.0] * len(metrics), -1.0]
        observed = [_between(x, reference) for x, reference in zip(metrics, self._plain, strict=True)]
        observed.append(1.0)
        return observed

    @cached_property
    def plain_scores(self) -> list[float]:
        """`scores` in plain numbers."""
        return [float(score) for score in self.scores]

    @cached_property
    def _plain(self) -> list[float]:
        return [float(metric) for metric in self.metrics]


def _between(x: float, reference: float) -> float:
    span = abs(x) + abs(reference)
    if not span > 0.0:  # both zero, or one has no value
        return 0.0
    ratio = (x - reference) / span
    return ratio if ratio == ratio else 1.0


def reference_of(simulator: Simulator, objective: Objective) -> Reference:
    """The default design's, or where that does not work the first of some seeded random designs'; `ConfigError`."""
    space = simulator.space
    found = _reference(simulator, objective, space.from_designs([space.default]))
    if found is None:
        found = _reference(simulator, objective, space.sample(CANDIDATES, np.random.default_rng(0)))
    if found is None:
        raise ConfigError(
            f"simulator {simulator.name!r}, workload {simulator.workload.name!r}: neither the default design nor any "
            f"of {CANDIDATES} random ones works, so there is nothing to measure rewards against"
        )
    return found


def _reference(simulator: Simulator, objective: Objective, designs: DesignBatch) -> Reference | None:
    results = simulator.evaluate(designs)
    values = objective.score(results, simulator.metrics).values
    works = np.flatnonzero((results.status == Status.OK) & np.isfinite(values).all(axis=1))
    if not len(works):
        return None
    return Reference(results.metrics[works[0]].copy(), values[works[0]].copy())
