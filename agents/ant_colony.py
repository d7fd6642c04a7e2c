"""Ant colony optimisation: pheromone on every parameter value, and ants that choose value after value.

The construction and the pseudo-random-proportional rule are those of the ant colony system (M. Dorigo and
L. Gambardella, "Ant Colony System", IEEE Trans. Evolutionary Computation 1(1), 1997, eq. 3, without a heuristic:
nothing is known of a value but its pheromone). The trails have a lower bound, so that the search never stagnates, as in
the MAX-MIN ant system (T. Stützle and H. Hoos, "MAX-MIN Ant System", FGCS 16(8), 2000, eq. 11), and live in [0, 1], as
in the hyper-cube framework (C. Blum and M. Dorigo, IEEE Trans. SMC B 34(2), 2004). The best designs so far deposit,
weighted by rank (B. Bullnheimer, R. Hartl, C. Strauss, 1999). Ranks know no scale: limits broken by much do no more
harm than limits broken by little, and a failed design never deposits.

Where constraints bind, each ant chooses among the values that still have a valid completion (`DesignSpace.walk`). An
ant that repeats a known design is mutated until it is new, else a random new design takes its place; so no design is
proposed twice, and the search ends when the space does. Finite spaces and one objective only. Work grows with the sum
of the parameters' sizes, once a colony.

ArchGym (ISCA 2023) drives DeepSwarm and swept 2, 4, 8, 16 and 32 ants, evaporation 0.1, 0.25, 0.5, 0.75 and 1, and
greediness 0, 0.25, 0.5, 0.75 and 1; its script's defaults are 16 ants, 0.1, 0.5 and a depth of 4. DeepSwarm's graph
grows by a layer with each colony, and ``depth`` ends its search; a design has all its parameters from the start here,
so ``depth`` counts the colonies after which the trails are laid anew. The defaults were chosen at 300 evaluations on
four families of 10-parameter functions (bottlenecks, NK landscapes, rotated bowls, pairwise interactions), the toy
simulator and a mapped layer, 20 seeds each. Small colonies and fast evaporation helped; 16 ants cost a third less time
a design, and find a little less.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.design_keys import Codes
from archgym.errors import ConfigError
from archgym.rounds import RoundAgent, merits
from archgym.space import DesignBatch

CHANGES = (1, 1, 1, 2, 2, 2, 3, 3)
"""Values changed in the mutants of an ant that repeats a design; the first new one takes its place."""
TRIES = len(CHANGES)


class AntColonyAgent(RoundAgent):
    """Ants that follow and lay pheromone on parameter values, with bounded trails."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "ants": Hyperparameter("designs a colony", low=1),
            "evaporation": Hyperparameter("share of the pheromone that a colony replaces", low=0.0, high=1.0),
            "greediness": Hyperparameter(
                "probability that an ant takes the value with the most pheromone instead of drawing one",
                low=0.0,
                high=1.0,
            ),
            "depth": Hyperparameter("colonies after which the trails are laid anew; 0: never", low=0),
            "depositors": Hyperparameter("best designs so far that deposit pheromone, by rank", low=1),
            "p_best": Hyperparameter(
                "probability that converged trails repeat the best design: sets the least pheromone",
                low=1e-6,
                high=0.999,
            ),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        ants: int = 8,
        evaporation: float = 0.4,
        greediness: float = 0.25,
        depth: int = 0,
        depositors: int = 4,
        p_best: float = 0.3,
    ) -> None:
        given: dict[str, object] = {"ants": ants, "evaporation": evaporation, "greediness": greediness}
        given |= {"depth": depth, "depositors": depositors, "p_best": p_best}
        check_hyperparameters("ant_colony", type(self), given)
        require_one_objective("ant_colony", problem)
        _require_finite(problem)
        super().__init__("ant_colony", problem, seed=seed)
        space = problem.space
        self._ants, self._evaporation, self._greediness = ants, evaporation, greediness
        self._depth, self._depositors = depth, depositors
        self._sizes = space.cardinalities
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)[:-1]])
        """``(d,)`` where each parameter's values begin in the vector of trails."""
        self._slices = [slice(a, a + n) for a, n in zip(self._starts.tolist(), self._sizes.tolist(), strict=True)]
        self._free = np.array(space.feasible.free, np.intp)
        self._movable = np.flatnonzero(self._sizes > 1)
        self._ordered = np.array([p.ordered for p in space.parameters])
        self._lowest = np.repeat(least_pheromone(self._sizes, p_best), self._sizes)
        self._lay_anew()

    def _lay_anew(self) -> None:
        self._tau = np.repeat(1.0 / self._sizes, self._sizes)
        self._elite, self._elite_merits = self._empty, np.zeros(0)
        self._colonies = 0

    def _propose(self) -> Codes:
        if not len(self._novelty):
            self._novelty.add(default := self._default())
            return np.concatenate([default, self._novelty.fresh(self._ants - 1)])
        if not len(self._elite):
            return self._novelty.fresh(self._ants)
        return self._renewed(self._constructed())

    def _learn(self, results: Told, strangers: Told) -> None:
        self._novelty.add(strangers.designs.codes)
        self._colonies += 1
        if self._colonies == self._depth:
            self._lay_anew()
            return
        pool = np.concatenate([results.designs.codes, strangers.designs.codes, self._elite])
        values = np.concatenate([merits(results), merits(strangers), self._elite_merits])
        order = np.argsort(values, kind="stable")[: self._depositors]
        order = order[values[order] < np.inf]
        self._elite, self._elite_merits = pool[order], values[order]
        if len(order):
            self._deposit()

    def _deposit(self) -> None:
        """``tau = (1 - rho) tau + rho share``, where the elite's shares of each parameter sum to one."""
        weight = np.arange(len(self._elite), 0.0, -1.0)
        places = self._starts + self._elite
        laid = np.bincount(places.ravel(), np.repeat(weight / weight.sum(), places.shape[1]), len(self._tau))
        self._tau = np.maximum((1.0 - self._evaporation) * self._tau + self._evaporation * laid, self._lowest)

    def _constructed(self) -> Codes:
        """``(ants, d)`` valid designs, value by value after the rule of the ant colony system (eq. 3)."""
        greedy = self._rng.random((self._ants, len(self._sizes))) < self._greediness
        chance = self._rng.random(greedy.shape)
        codes = np.empty(greedy.shape, np.int32)
        free = self._free
        codes[:, free] = np.where(greedy[:, free], self._strongest(), self._drawn(chance[:, free]))
        if len(free) == len(self._sizes):
            return codes
        walk = self._space.walk(self._ants)
        for k, home in enumerate(self._space.feasible.home):
            if home is not None:
                trail = np.where(walk.allowed(), self._tau[self._slices[k]], 0.0)
                codes[:, k] = np.where(greedy[:, k], trail.argmax(axis=1), drawn(trail, chance[:, k]))
            walk.choose(codes[:, k])
        return codes

    def _strongest(self) -> NDArray[np.intp]:
        """``(free,)`` the value with the most pheromone of each parameter without constraints, the first of equals."""
        return np.array([self._tau[self._slices[k]].argmax() for k in self._free.tolist()], np.intp)

    def _drawn(self, chance: NDArray[np.float64]) -> NDArray[np.intp]:
        """``(ants, free)`` values drawn in proportion to their pheromone, all in one search of the running sum."""
        total = np.concatenate([[0.0], np.cumsum(self._tau)])
        start, size = self._starts[self._free], self._sizes[self._free]
        low, high = total[start], total[start + size]
        found = np.searchsorted(total, low + chance * (high - low), side="right") - 1 - start
        inside: NDArray[np.intp] = np.clip(found, 0, size - 1)  # rounding only
        return inside

    def _renewed(self, rows: Codes) -> Codes:
        """*rows* with each repeat replaced by the first of its mutants that is new, or else by a random design."""
        new = self._novelty.first_of_new(rows)
        repeats = np.delete(rows, new, axis=0)
        self._novelty.add(rows[new])
        if not len(repeats):
            return rows
        mutants = self._mutants(np.repeat(repeats, TRIES, axis=0))
        found = np.array(self._novelty.first_of_new(mutants), np.intp)
        found = found[np.unique(found // TRIES, return_index=True)[1]]
        self._novelty.add(mutants[found])
        return np.concatenate([rows[new], mutants[found], self._novelty.fresh(len(repeats) - len(found))])

    def _mutants(self, rows: Codes) -> Codes:
        """*rows*, which are given up, with one to three values changed: half of the ordered ones by one step."""
        if not len(self._movable):
            return rows
        row = np.repeat(np.arange(len(rows)), CHANGES * (len(rows) // TRIES))
        chance = self._rng.random((4, len(row)))
        column = self._movable[(chance[0] * len(self._movable)).astype(np.intp)]
        value, size = rows[row, column], self._sizes[column]
        other = (value + 1 + (chance[1] * (size - 1)).astype(np.int64)) % size
        step = np.abs(value + np.where(chance[2] < 0.5, 1, -1))  # reflected at the first value …
        step = np.where(step < size, step, size - 2)  # … and at the last
        rows[row, column] = np.where(self._ordered[column] & (chance[3] < 0.5), step, other)
        return self._space.project(DesignBatch(self._space, rows)) if self._space.constraints else rows


def least_pheromone(sizes: NDArray[np.int64], p_best: float) -> NDArray[np.float64]:
    """``(d,)`` lower bounds of the trails, whose upper bound is 1 (Stützle and Hoos, eq. 11, with all values open).

    With them an ant on converged trails takes the best value of every one of the ``d`` parameters with *p_best*.
    """
    each = p_best ** (1.0 / len(sizes))
    bound: NDArray[np.float64] = (1.0 - each) / (np.maximum(sizes - 1, 1) * each)
    return bound


def drawn(trail: NDArray[np.float64], chance: NDArray[np.float64]) -> NDArray[np.intp]:
    """``(n,)`` for each row of *trail* ``(n, size)`` an index in proportion to it; *chance* is uniform in [0, 1)."""
    running = np.cumsum(trail, axis=1)
    most = running[:, -1]
    found: NDArray[np.intp] = (running > np.minimum(chance * most, np.nextafter(most, 0.0))[:, None]).argmax(axis=1)
    return found


def _require_finite(problem: Problem) -> None:
    real = [p.name for p in problem.space.parameters if p.size is None]
    if real:
        raise ConfigError(
            f"agent 'ant_colony': expected parameters with listed values, got Real {real[0]!r}; "
            "use agent 'differential' or 'genetic'"
        )
