"""Simulated annealing: walks that take worse designs too, the less readily the longer the run has lasted.

S. Kirkpatrick, C. Gelatt and M. Vecchi, "Optimization by Simulated Annealing", Science 220, 1983, with the acceptance
rule of N. Metropolis et al., "Equation of State Calculations by Fast Computing Machines", J. Chem. Phys. 21, 1953:
a neighbour whose energy is higher by ``D`` is taken with probability ``exp(-D / T)``. ArchGym (ISCA 2023) has no such
searcher.

**Energy.** Scores span orders of magnitude, so the energy is their logarithm: ``asinh(merit / (2 s))``, which is
``log(merit / s)`` above ``s`` and linear around zero, so that a score may be zero or change its sign; ``s`` is a
thousandth of the first score. Differences are counted in units of the mean rise of the moves made so far. So neither
multiplying all scores nor raising them to a power changes the search, save near zero. Designs that break a limit
compare by the logarithm of ``1 + violation`` and are taken from a feasible design never; a failed design is taken only
from another failed one.

**Temperature.** It falls geometrically from `hot` to `cold` over the problem's budget, in designs proposed, and stays
at `cold` afterwards: the search depends on the budget.

**Walks.** Several chains move side by side, one proposal each a round. A move changes one parameter to an adjacent
value or to any other; a Real parameter takes a Gaussian step; a design that breaks a constraint is repaired
(`DesignSpace.project`). What was evaluated before is remembered, and a move to it is decided at once and costs nothing,
so no design is proposed twice and the chain is still Metropolis'. A chain that meets nothing new for `STEPS` moves
changes two parameters at a time, then three; after that a fresh random design stands for its move, until the space is
used up. A chain that finds nothing better for `patience` proposals restarts from the best design. Told designs that
were not asked for are remembered; the best of those told before the start is where the first chain starts. One
objective only.

The defaults were compared by hand with one setting changed at a time, on four families of 10-parameter functions (a
bowl, NK landscapes with K = 2 and 4, a rotated bowl on a logarithmic scale) with 6 instances each, at 300 evaluations.
Few chains are better at so small a budget (eight are clearly worse than four); `patience` made no clear difference.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.design_keys import Codes, design_keys
from archgym.errors import ConfigError
from archgym.gaussian_step import gaussian_step
from archgym.objective import VIOLATION_BASE
from archgym.rounds import RoundAgent, merits
from archgym.space import Categorical, DesignBatch, DesignSpace, Real

STEPS = 8
"""Moves drawn for a chain at a time."""
CHANGES = (1, 1, 2, 3)
"""Parameters that change in each of these groups of moves, until one leads to a new design."""
LINEAR_SHARE = 1e-3
"""The energy is linear below about this share of the first score."""


class SimulatedAnnealingAgent(RoundAgent):
    """Metropolis walks side by side under a falling temperature."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "chains": Hyperparameter("walks side by side; a round proposes one design of each", low=1),
            "hot": Hyperparameter("temperature at the start, in mean rises of the log-score", low=1e-9, high=1e6),
            "cold": Hyperparameter("temperature when the budget is spent, at most `hot`", low=1e-9, high=1e6),
            "patience": Hyperparameter(
                "proposals of a chain without a better one until it restarts from the best design; 0: never", low=0
            ),
            "step_share": Hyperparameter(
                "share of an ordered parameter's moves that go to an adjacent value; the others draw any value",
                low=0.0,
                high=1.0,
            ),
            "sigma": Hyperparameter("step of Real parameters, as a share of their range", low=1e-6, high=1.0),
            "start": Hyperparameter("where the first chain starts: the default design or a random one"),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        chains: int = 4,
        hot: float = 0.3,
        cold: float = 0.01,
        patience: int = 20,
        step_share: float = 0.3,
        sigma: float = 0.1,
        start: Literal["default", "random"] = "default",
    ) -> None:
        given: dict[str, object] = {"chains": chains, "hot": hot, "cold": cold, "patience": patience}
        given |= {"step_share": step_share, "sigma": sigma, "start": start}
        check_hyperparameters("simulated_annealing", type(self), given)
        if cold > hot:
            raise ConfigError(f"agent 'simulated_annealing': cold: expected at most hot ({hot:g}), got {cold:g}")
        require_one_objective("simulated_annealing", problem)
        super().__init__("simulated_annealing", problem, seed=seed)
        self._budget, self._count = max(problem.budget, 1), chains
        self._hot, self._cold, self._patience, self._start = hot, cold, patience, start
        self._moves = Moves(problem.space, step_share, sigma)
        self._merits: dict[bytes, float] = {}
        self._best: Codes = self._empty
        self._lowest = math.inf
        self._proposed = 0
        self._linear: float | None = None
        self._rises, self._rise = 0, 0.0
        self._heat = hot
        """The temperature of this round in units of energy."""
        self._walkers: list[Walker] = []
        self._movers: list[int] = []
        """The chain of each row of the round."""

    @property
    def temperature(self) -> float:
        """Now, in mean rises."""
        spent = min(self._proposed / self._budget, 1.0)
        return float(self._hot * (self._cold / self._hot) ** spent)

    def _propose(self) -> Codes:
        self._heat = self.temperature * (self._rise / self._rises if self._rises else 1.0)
        rows = self._moved() if self._walkers else self._first()
        self._proposed += len(rows)
        return rows

    def _learn(self, results: Told, strangers: Told) -> None:
        self._novelty.add(strangers.designs.codes)
        self._remember(strangers)
        found = self._remember(results)
        dice = self._rng.standard_exponential(len(found)).tolist()
        for chain, row, merit, die in zip(self._movers, results.designs.codes, found, dice, strict=True):
            walker = self._walkers[chain]
            self._count_rise(walker.merit, merit)
            walker.idle += 1
            self._step(walker, row, merit, die)
            if self._patience and walker.idle >= self._patience:
                walker.place(self._best, self._lowest)

    def _remember(self, told: Told) -> list[float]:
        """The merits of *told*."""
        found: list[float] = merits(told).tolist()
        self._merits.update(zip(design_keys(told.designs.codes) if found else [], found, strict=True))
        for row, merit in zip(told.designs.codes, found, strict=True):
            if merit < self._lowest or not len(self._best):
                self._lowest, self._best = merit, row
            if self._linear is None and merit != 0.0 and abs(merit) < VIOLATION_BASE:
                self._linear = LINEAR_SHARE * abs(merit)
        return found

    def _first(self) -> Codes:
        """Where the chains start: the best design told so far, or else the default; and random ones."""
        rows = self._empty
        if len(self._best):
            self._walkers = [Walker(self._best, self._lowest)]
        elif self._start == "default":
            rows = self._default()
            self._novelty.add(rows)
        rows = np.concatenate([rows, self._novelty.fresh(self._count - len(rows) - len(self._walkers))])
        self._movers = list(range(len(self._walkers), len(self._walkers) + len(rows)))
        self._walkers += [Walker(row, math.inf) for row in rows]
        return rows if len(rows) else self._moved()

    def _moved(self) -> Codes:
        """A new design for every chain, after moves between known ones."""
        found: dict[bytes, tuple[int, Codes]] = {}
        waiting = list(range(len(self._walkers)))
        for changes in CHANGES:
            if waiting and self._moves.possible:
                waiting = self._met_nothing_new(waiting, changes, found)
        rows = np.array([row for _, row in found.values()]) if found else self._empty
        self._novelty.add(rows)
        fresh = self._novelty.fresh(len(waiting)) if waiting else self._empty
        self._movers = [chain for chain, _ in found.values()] + waiting[: len(fresh)]
        return np.concatenate([rows, fresh]) if len(fresh) else rows

    def _met_nothing_new(self, chains: list[int], changes: int, found: dict[bytes, tuple[int, Codes]]) -> list[int]:
        """Those of *chains* that `STEPS` moves led to known designs only; the others' new designs go into *found*."""
        points = np.repeat(np.array([self._walkers[chain].point for chain in chains]), STEPS, axis=0)
        rows = self._moves.around(points, changes, self._rng)
        keys = design_keys(rows)
        dice = self._rng.standard_exponential(len(rows)).tolist()
        waiting = []
        for turn, chain in enumerate(chains):
            for at in range(turn * STEPS, (turn + 1) * STEPS):
                merit = self._merits.get(keys[at])
                if merit is None and keys[at] not in found:
                    found[keys[at]] = chain, rows[at]
                    break
                if merit is not None and self._step(self._walkers[chain], rows[at], merit, dice[at]):
                    waiting.append(chain)  # the other moves drawn start from where it was
                    break
            else:
                waiting.append(chain)
        return waiting

    def _step(self, walker: Walker, row: Codes, merit: float, die: float) -> bool:
        """Whether *walker* goes to *row*; *die* is exponentially distributed with mean 1."""
        # Metropolis et al. 1953: with probability exp(-rise / T), and -log of a uniform number is exponential.
        if merit > walker.merit and self._energy(merit) - self._energy(walker.merit) > die * self._heat:
            return False
        walker.go(row, merit)
        return True

    def _energy(self, merit: float) -> float:
        return math.asinh(merit / (2.0 * (self._linear or 1.0)))

    def _count_rise(self, before: float, after: float) -> None:
        if -math.inf < before < after < VIOLATION_BASE:
            self._rise += self._energy(after) - self._energy(before)
            self._rises += 1


class Walker:
    """One chain: where it is, and for how many proposals it has found nothing better."""

    __slots__ = ("idle", "lowest", "merit", "point")

    def __init__(self, point: Codes, merit: float) -> None:
        self.place(point, merit)

    def place(self, point: Codes, merit: float) -> None:
        """Start (again) at *point* ``(d,)``."""
        self.point, self.merit, self.lowest, self.idle = point, merit, merit, 0

    def go(self, point: Codes, merit: float) -> None:
        """Move to *point*."""
        self.point, self.merit = point, merit
        if merit < self.lowest:
            self.lowest, self.idle = merit, 0


class Moves:
    """Random valid designs that differ from given ones in few parameters."""

    def __init__(self, space: DesignSpace, step_share: float, sigma: float) -> None:
        self._space, self._step_share, self._sigma = space, step_share, sigma
        self._sizes = np.array([p.size or 1 for p in space.parameters], np.int64)
        self._ordered = np.array([not isinstance(p, Categorical) for p in space.parameters], np.bool_)
        self._reals = [(at, p) for at, p in enumerate(space.parameters) if isinstance(p, Real)]
        self._columns = np.array([at for at, p in enumerate(space.parameters) if p.size is None or p.size > 1], np.intp)
        self.possible = len(self._columns) > 0
        """Whether any parameter has two values."""

    def around(self, rows: Codes, changes: int, rng: np.random.Generator) -> Codes:
        """``(n, d)`` *rows*, which are given up, each with up to *changes* parameters changed, and repaired."""
        for _ in range(changes):
            self._change(rows, rng)
        if not self._space.constraints:
            return rows
        batch = DesignBatch(self._space, rows)
        broken = ~self._space.valid(batch)
        if not broken.any():
            return rows
        repaired = rows.copy()
        repaired[broken] = self._space.project(batch[broken])
        return repaired

    def _change(self, rows: Codes, rng: np.random.Generator) -> None:
        """One parameter of each row, in place: to an adjacent value (reflected at the ends), or to any other."""
        at = np.arange(len(rows))
        chance = rng.random((4, len(rows)))
        column = self._columns[(chance[0] * len(self._columns)).astype(np.intp)]
        value, size = rows[at, column], self._sizes[column]
        other = (value + 1 + (chance[1] * (size - 1)).astype(np.int64)) % size
        step = np.abs(value + np.where(chance[2] < 0.5, 1, -1))
        step = np.where(step < size, step, np.maximum(size - 2, 0))
        rows[at, column] = np.where(self._ordered[column] & (chance[3] < self._step_share), step, other)
        for k, real in self._reals:
            here = column == k
            rows[at[here], k] = gaussian_step(real, value[here], self._sigma, rng)
