"""What an architecture-aware searcher aims at: how far which metric is from where it should be.

With budgets (`archgym.objective.BudgetDistance`, or limits) that is what a metric exceeds its budget by. With any other
objective the metrics that it reads are always too high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from archgym.objective import BudgetDistance, Objective, Term
from archgym.simulator import Metric

STEP = 0.1
"""Metrics without a budget count by what the score would gain if they fell by this share."""
DAMPENED = 0.1
"""Weight of what a budget leaves over; FARSI divides the distance of metrics that keep their budgets by ten."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What to do next for the sake of the objective."""

    metric: str
    reduce: bool
    """Lower it; false: it may rise, for the sake of the others."""


class Goal:
    """Reads the metrics of designs for an objective with one term."""

    def __init__(self, objective: Objective, metrics: Sequence[Metric]) -> None:
        self._term, self._limits = objective.terms[0], objective.limits
        self._better = {metric.name: metric.better for metric in metrics}
        self._budgets = dict(self._term.budgets) if isinstance(self._term, BudgetDistance) else {}
        self._budgets |= {limit.metric: limit.at_most for limit in self._limits if limit.at_most is not None}
        self._budgets = {name: budget for name, budget in self._budgets.items() if budget > 0.0}

    def values(self, row: NDArray[np.float64]) -> dict[str, float]:
        """Metric to value, from ``(m,)`` metrics."""
        return dict(zip(self._better, row.tolist(), strict=True))

    def rank(self, merit: float, values: Mapping[str, float]) -> tuple[float, float]:
        """To order designs by: of those that are as good, the one that uses less of all budgets together is better."""
        return merit, sum(self._fill(values).values())

    def energy(self, merit: float, values: Mapping[str, float]) -> float:
        """To anneal with: the merit, with what budgets leave over counting for a little."""
        return merit + DAMPENED * sum(min(fill - 1.0, 0.0) for fill in self._fill(values).values())

    def aims(self, values: Mapping[str, float], rng: np.random.Generator) -> list[Aim]:
        """What to do first, second, and so on; of what is equal, anything first.

        Metrics over their budgets, the one that is farthest from it first. Where all budgets are kept: those metrics
        that use more of theirs than the average should fall, the others may rise. Where there are none: all metrics,
        in random order, rather the one that the score depends on more.
        """
        excess = self._excess(values)
        if excess:
            return [Aim(name, reduce=True) for name in sorted(_mixed(excess, rng), key=lambda name: -excess[name])]
        gain = self._gain(values)
        if gain:
            late = {name: rng.exponential() / part for name, part in gain.items()}
            return [Aim(name, reduce=True) for name in sorted(late, key=lambda name: late[name])]
        fill = self._fill(values)
        mean = sum(fill.values()) / max(len(fill), 1)
        return [Aim(name, reduce=fill[name] >= mean) for name in _mixed(fill, rng)]

    def _excess(self, values: Mapping[str, float]) -> dict[str, float]:
        """Metrics over their budgets, with their parts of the distance; limits come before the objective."""
        broken: dict[str, float] = {}
        for limit in self._limits:
            if limit.at_most is not None and values[limit.metric] > limit.at_most:
                broken[limit.metric] = float(limit.excess(values[limit.metric]))
        if broken or not isinstance(self._term, BudgetDistance):
            return broken
        term = self._term
        parts = {name: replace(term, budgets={name: budget}) for name, budget in term.budgets.items()}
        return {name: part for name, term in parts.items() if (part := self._score(term, values)) > 0.0}

    def _gain(self, values: Mapping[str, float]) -> dict[str, float]:
        """Metrics of an objective without budgets, with what the score would gain by lowering them a little."""
        if isinstance(self._term, BudgetDistance):
            return {}
        score, gains = self._score(self._term, values), {}
        for name in self._term.reads:
            gain = score - self._score(self._term, {**values, name: values[name] * (1.0 - STEP)})
            if gain > 0.0:
                gains[name] = gain
        return gains

    def _score(self, term: Term, values: Mapping[str, float]) -> float:
        columns = {name: np.array([values[name]]) for name in term.reads}
        with np.errstate(all="ignore"):
            return float(term.score(columns, self._better)[0])

    def _fill(self, values: Mapping[str, float]) -> dict[str, float]:
        """Metrics with a budget to the share of it that is used."""
        return {name: values[name] / budget for name, budget in self._budgets.items()}


def _mixed(names: Mapping[str, float], rng: np.random.Generator) -> list[str]:
    listed = list(names)
    return [listed[k] for k in rng.permutation(len(listed))]
