"""Differential evolution over the unit cube: differences of designs are the steps of the search.

R. Storn and K. Price, "Differential Evolution", J. Global Optimization 11, 1997: every individual is the target of one
trial, which takes each coordinate from a mutant with probability ``crossover_rate`` (at least one) and replaces its
target when it is no worse. Mutants start from a random individual (``rand_1``), from the best (``best_1``), or from the
target moved towards the best (``current_to_best_1``). Results only compare, so that scales, broken limits and failures
(the worst of all) do no harm. ArchGym (ISCA 2023) has no such searcher.

A relaxation: a design is a point of the unit cube (`UnitCubeView`), on which every value of a parameter, ordered or
not, has a slot of equal width; constraints are kept by dividing a coordinate among the values that are still possible.
So distances between unordered values mean nothing, and a space without any order is refused. Coordinates that leave
the cube are reflected. A trial that stands for a known design is drawn again from other differences, and in the end a
random new design takes its place; so none is proposed twice, and the search ends when the space does. A design told
without being asked joins the population when it is good enough. One objective only.

The defaults were chosen at 300 evaluations on four families of 10-parameter functions (bottlenecks, NK landscapes,
rotated bowls, pairwise interactions), the toy simulator and a mapped layer, 20 seeds each; small populations helped.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.relaxation import require_relaxable
from archgym.design_keys import Codes
from archgym.rounds import RoundAgent, merits
from archgym.space import DesignBatch
from archgym.views.unit_cube import UnitCubeView

Points = NDArray[np.float64]
TRIES = 8
"""Further trials of a target whose first one is known."""


class DifferentialAgent(RoundAgent):
    """Differential evolution on the relaxed space: for ordered and Real parameters."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "population": Hyperparameter("individuals, each of which is challenged once a generation", low=4),
            "strategy": Hyperparameter("where a mutant starts: a random individual, the target or the best"),
            "scale": Hyperparameter("F: length of a step, as a share of the difference", low=0.0, high=2.0),
            "crossover_rate": Hyperparameter("CR: probability that a coordinate is the mutant's", low=0.0, high=1.0),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        population: int = 10,
        strategy: Literal["rand_1", "current_to_best_1", "best_1"] = "current_to_best_1",
        scale: float = 0.8,
        crossover_rate: float = 0.3,
    ) -> None:
        given: dict[str, object] = {"population": population, "strategy": strategy, "scale": scale}
        given |= {"crossover_rate": crossover_rate}
        check_hyperparameters("differential", type(self), given)
        require_one_objective("differential", problem)
        require_relaxable("differential", problem.space)
        super().__init__("differential", problem, seed=seed)
        self._view = UnitCubeView(problem.space)
        self._population, self._strategy = population, strategy
        self._scale, self._crossover_rate = scale, crossover_rate
        self._points: Points = np.zeros((0, problem.space.d))
        self._merits = np.zeros(0)
        self._trials: Points = self._points
        self._targets: NDArray[np.intp] = np.zeros(0, np.intp)
        """The individual that each trial challenges; none: it joins."""

    def _propose(self) -> Codes:
        if not len(self._novelty):
            self._novelty.add(default := self._default())
            return self._joining(np.concatenate([default, self._novelty.fresh(self._population - 1)]))
        if len(self._points) < self._population:
            return self._joining(self._novelty.fresh(self._population - len(self._points)))
        return self._challenged()

    def _joining(self, rows: Codes) -> Codes:
        self._trials = self._view.encode(DesignBatch(self._space, rows))
        self._targets = np.zeros(0, np.intp)
        return rows

    def _learn(self, results: Told, strangers: Told) -> None:
        self._novelty.add(strangers.designs.codes)
        found = merits(results)
        if len(self._targets):
            no_worse = found <= self._merits[self._targets]
            at = self._targets[no_worse]
            self._points[at], self._merits[at] = self._trials[no_worse], found[no_worse]
        else:
            self._join(self._trials[: len(results)], found)
        if len(strangers):
            self._join(self._view.encode(strangers.designs), merits(strangers))

    def _join(self, points: Points, found: NDArray[np.float64]) -> None:
        """Keep the best of the population and *points*."""
        pool, values = np.concatenate([self._points, points]), np.concatenate([self._merits, found])
        kept = np.sort(np.argsort(values, kind="stable")[: self._population])
        self._points, self._merits = pool[kept], values[kept]

    def _challenged(self) -> Codes:
        """One new trial per individual, while there are new designs; `_trials` and `_targets` are set to match."""
        left = np.arange(self._population)
        rows, points, targets = [self._empty], [self._points[:0]], [left[:0]]
        for tries in (1, TRIES):
            tried = self._tried(np.repeat(left, tries))
            codes = self._view.decode_checked(tried).codes
            new = np.array(self._novelty.first_of_new(codes), np.intp)
            new = new[np.unique(new // tries, return_index=True)[1]]  # the first of each target's
            self._novelty.add(codes[new])
            rows, points, targets = [*rows, codes[new]], [*points, tried[new]], [*targets, left[new // tries]]
            left = np.delete(left, new // tries)
            if not len(left):
                break
        fresh = self._novelty.fresh(len(left))
        points.append(self._view.encode(DesignBatch(self._space, fresh)))
        self._trials, self._targets = np.concatenate(points), np.concatenate([*targets, left[: len(fresh)]])
        return np.concatenate([*rows, fresh])

    def _tried(self, targets: NDArray[np.intp]) -> Points:
        """``(n, d)`` a trial for each of *targets*: the mutant's coordinates mixed with the target's."""
        n, d = len(targets), self._space.d
        x, best = self._points, self._points[self._merits.argmin()]
        order = self._rng.random((n, self._population))
        order[np.arange(n), targets] = 2.0
        a, b, c = order.argsort(axis=1)[:, :3].T  # distinct, and none is the target
        if self._strategy == "rand_1":
            mutants = x[a] + self._scale * (x[b] - x[c])  # DE/rand/1
        elif self._strategy == "best_1":
            mutants = best + self._scale * (x[a] - x[b])
        else:
            mutants = x[targets] + self._scale * (best - x[targets]) + self._scale * (x[a] - x[b])
        crossed = self._rng.random((n, d)) < self._crossover_rate
        crossed[np.arange(n), self._rng.integers(0, d, n)] = True
        return np.where(crossed, reflected(mutants), x[targets])


def reflected(points: Points) -> Points:
    """*points* with the coordinates that left the unit cube mirrored at its faces."""
    inside: Points = 1.0 - np.abs(1.0 - np.mod(points, 2.0))
    return inside
