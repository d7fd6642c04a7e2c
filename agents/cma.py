"""CMA-ES over the unit cube: a normal distribution of designs that learns where to move, how far and along what.

N. Hansen and A. Ostermeier, 2001, as library ``cmaes`` implements it, with a margin for discrete parameters, which
keeps every one of their values within reach (R. Hamano, S. Saito, M. Nomura, S. Shirakawa, "CMA-ES with Margin", GECCO
2022). It restarts with a larger population where a run has converged (A. Auger and N. Hansen, "A restart CMA evolution
strategy with increasing population size", CEC 2005: doubled there). ArchGym (ISCA 2023) has no such searcher.

A relaxation: each finite parameter is a coordinate in equal steps, one to a value, whether ordered or not; Real ones
take theirs as it is; parameters of one value take none. So a space without any order is refused. A point that breaks a
constraint stands for a valid design near it (`DesignSpace.project`).

The distribution is told ranks, so that scales, broken limits and failures (the worst of all) do no harm. No design is
proposed twice: an individual that stands for a known one has its result already, and a generation of which everything
is known goes by without an evaluation. After ``patience`` such generations in a row, or when the library sees no
progress (its criteria), the run has converged, and a new one starts from a random design. When new starts find nothing
new either, random new designs follow until the space is used up. One objective only. The library draws and learns in
NumPy, one individual at a time: some 0.2 ms a design at 10 parameters.

The defaults were chosen at 300 evaluations on four families of 10-parameter functions (bottlenecks, NK landscapes,
rotated bowls, pairwise interactions), the toy simulator and a mapped layer, 8 to 12 seeds each.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.relaxation import require_relaxable
from archgym.design_keys import Codes, design_keys
from archgym.errors import MissingExtra
from archgym.rounds import RoundAgent, merits
from archgym.space import DesignBatch, DesignSpace

LARGEST_GROWTH = 32
"""The population grows to at most this many times the first one's."""
STARTS = 4
"""New starts in a row without a new design, after which a round is filled with random designs."""


class CmaAgent(RoundAgent):
    """CMA-ES with margin and restarts on the relaxed space: for ordered and Real parameters."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "population": Hyperparameter("individuals a generation; 0: 4 + 3 ln d, the library's", low=0),
            "sigma": Hyperparameter("first standard deviation, as a share of each range", low=1e-3, high=1.0),
            "start": Hyperparameter("mean of the first run: the middle of every range, or the default design"),
            "growth": Hyperparameter("factor of the population from run to run", low=1.0, high=10.0),
            "patience": Hyperparameter("generations without a new design that end a run", low=1),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        population: int = 0,
        sigma: float = 0.2,
        start: Literal["middle", "default"] = "middle",
        growth: float = 2.0,
        patience: int = 5,
    ) -> None:
        given: dict[str, object] = {"population": population, "sigma": sigma, "start": start}
        given |= {"growth": growth, "patience": patience}
        check_hyperparameters("cma", type(self), given)
        require_one_objective("cma", problem)
        require_relaxable("cma", problem.space)
        self._library = _cmaes()
        super().__init__("cma", problem, seed=seed)
        self._grid = Grid(problem.space)
        self._smallest = max(population, 2) if population else 4 + int(3 * np.log(self._grid.dimensions))
        self._sigma, self._start, self._growth, self._patience = sigma, start, growth, patience
        self._merits: dict[bytes, float] = {}
        self._best, self._best_merit = self._empty, np.inf
        self._run: Any = None
        self._size = self._smallest
        self._generation: list[tuple[NDArray[np.float64], bytes]] = []
        """Of each individual under way its raw point and the key of the design that it stands for."""

    def _propose(self) -> Codes:
        first = self._empty if len(self._novelty) else self._default()
        if self._run is None:
            self._begin(self._first_mean())
        for _ in range(STARTS):
            for _ in range(self._patience):
                rows = np.concatenate([first, self._drawn()])
                new = self._novelty.first_of_new(rows)
                if new:
                    self._novelty.add(rows[new])
                    return rows[new]
                self._update()
            self._restart()
        self._generation = []
        return self._novelty.fresh(self._size)

    def _learn(self, results: Told, strangers: Told) -> None:
        self._novelty.add(strangers.designs.codes)
        for told in (results, strangers):
            codes, found = told.designs.codes, merits(told)
            self._merits.update(zip(design_keys(codes), found.tolist(), strict=True) if len(told) else ())
            if len(told) and found.min() < self._best_merit:
                self._best, self._best_merit = codes[[found.argmin()]], found.min()
        if self._generation and self._update():
            self._restart()

    def _first_mean(self) -> NDArray[np.float64]:
        """After a warm start the best design that was told."""
        if len(self._best):
            return self._grid.point(self._best)
        if self._start == "default":
            return self._grid.point(self._default())
        return np.full(self._grid.dimensions, 0.5)

    def _restart(self) -> None:
        """A larger population from a random design."""
        self._size = min(int(np.ceil(self._size * self._growth)), self._smallest * LARGEST_GROWTH)
        self._begin(self._grid.point(self._space.sample(1, self._rng).codes))

    def _begin(self, mean: NDArray[np.float64]) -> None:
        self._generation = []
        self._run = self._library.CMAwM(
            mean=mean,
            sigma=self._sigma,
            bounds=self._grid.bounds,
            steps=self._grid.steps,
            seed=int(self._rng.integers(1 << 31)),
            population_size=self._size,
        )

    def _drawn(self) -> Codes:
        """``(size, d)`` the designs of a new generation, which may be known or equal."""
        pairs = [self._run.ask() for _ in range(self._size)]
        rows = self._space.project(DesignBatch(self._space, self._grid.codes(np.array([at for at, _ in pairs]))))
        self._generation = [(raw, key) for (_, raw), key in zip(pairs, design_keys(rows), strict=True)]
        return rows

    def _update(self) -> bool:
        """Tell the run its generation, by rank; whether it has converged."""
        found = np.array([self._merits.get(key, np.inf) for _, key in self._generation])
        ranks = np.unique(found, return_inverse=True)[1].astype(np.float64)
        told = [(raw, rank) for (raw, _), rank in zip(self._generation, ranks.tolist(), strict=True)]
        self._generation = []
        try:
            with np.errstate(all="ignore"):
                self._run.tell(told)
                return bool(self._run.should_stop())
        except np.linalg.LinAlgError:  # a distribution too flat to be decomposed
            return True


class Grid:
    """The space as the library sees it: a unit interval per parameter, in equal steps where it is finite."""

    def __init__(self, space: DesignSpace) -> None:
        sizes = np.array([0 if p.size is None else p.size for p in space.parameters], np.int64)
        self._space = space
        self._active = np.flatnonzero(sizes != 1)
        self._sizes = sizes[self._active]
        self._finite = self._sizes > 0
        self._idle = max(2 - len(self._active), 0)
        """Coordinates without a parameter: the library takes two or more."""
        self.dimensions = len(self._active) + self._idle
        self.steps = np.zeros(self.dimensions)
        self.steps[: len(self._active)][self._finite] = 1.0 / self._sizes[self._finite]
        self.bounds = np.column_stack([self.steps / 2.0, 1.0 - self.steps / 2.0])
        """``(dimensions, 2)`` the first and the last value."""

    def point(self, codes: Codes) -> NDArray[np.float64]:
        """``(dimensions,)`` where the one design of *codes* ``(1, d)`` lies."""
        point = np.full(self.dimensions, 0.5)
        for at, k in enumerate(self._active.tolist()):
            parameter = self._space.parameters[k]
            if parameter.size is None:
                point[at] = parameter.to_unit(codes[:, k])[0]
            else:
                point[at] = (codes[0, k] + 0.5) / parameter.size
        return point

    def codes(self, points: NDArray[np.float64]) -> Codes:
        """``(n, d)`` what *points* of the grid stand for, constraints aside."""
        codes = np.zeros((len(points), self._space.d), np.int32 if self._space.finite else np.float64)
        for at, k in enumerate(self._active.tolist()):
            parameter = self._space.parameters[k]
            if parameter.size is None:
                codes[:, k] = parameter.from_unit(points[:, at])
            else:
                codes[:, k] = np.rint(points[:, at] * parameter.size - 0.5)
        return codes


def _cmaes() -> Any:
    try:
        return import_module("cmaes")
    except ImportError:
        raise MissingExtra("cmaes", "bo", "agent 'cma'") from None
