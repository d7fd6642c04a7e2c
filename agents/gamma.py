"""A genetic algorithm whose operators know what a mapping is made of.

S.-C. Kao and T. Krishna, "GAMMA: Automating the HW Mapping of DNN Models on Accelerators via Genetic Algorithm", ICCAD
2020. Tiles mutate in steps and to divisors, two loops of an order are exchanged, another dimension is spread over the
elements, the array grows by a level of clusters and loses it with age, and children take dimensions whole
(`archgym.agents.gamma_operators`). What a parameter stands for is read from the space (`archgym.agents.gamma_roles`):
it takes both spaces of simulator ``mapping``, wherever there are orders to choose. Space ``timeloop`` has no parallel
dimensions and clusters; there factors move between the tiles of a dimension, and meshes are tiles among others.

The population is that of agent `genetic`: parents win tournaments, the best of parents and children breed next, a
generation is served piece by piece and the next is bred when all of it was asked for; a design never told counts as
failed, one told without being asked joins the next parents. Children that break a constraint are repaired
(`DesignSpace.project`), and none is proposed twice: one that is known is bred again with stronger mutations, and a
random design takes its place in the end. One objective only.

The defaults are not GAMMA's: they were chosen at a thousand designs on the tasks ``mapping/maestro-*``, ``legacy-*``
and ``timeloop-*``, where most of what was tried differs less than seeds do; `benchmarks/bench_gamma.py` compares.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.gamma_operators import Operators, Rates
from archgym.agents.gamma_roles import roles_of
from archgym.design_keys import Codes, design_keys
from archgym.seeding import generator
from archgym.shuffle import ShuffledDesigns
from archgym.space import DesignBatch

TRIES = 8
"""Attempts to breed a design that is new; after that a random one takes its place."""


class GammaAgent:
    """Tournament selection and elitism, with crossover and mutations made for mappings."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "population": Hyperparameter("mappings that may become parents", low=2),
            "offspring": Hyperparameter("children a generation", low=1),
            "elite": Hyperparameter("share of the population that may outlive its generation", low=0.0, high=1.0),
            "tournament": Hyperparameter("mappings drawn for each parent; the best becomes it", low=1),
            "crossover_rate": Hyperparameter("probability that a child has two parents", low=0.0, high=1.0),
            "reorder_rate": Hyperparameter("probability that two loops are exchanged", low=0.0, high=1.0),
            "tile_rate": Hyperparameter("how many tiles of a child change, on average", low=0.0, high=100.0),
            "parallel_rate": Hyperparameter("probability that a parallel dimension changes", low=0.0, high=1.0),
            "grow_rate": Hyperparameter("probability that an array without clusters gets them", low=0.0, high=1.0),
            "age_rate": Hyperparameter("probability that an array with clusters loses them", low=0.0, high=1.0),
            "other_rate": Hyperparameter(
                "probability that a parameter of another kind changes, as what a level keeps", low=0.0, high=1.0
            ),
            "step_share": Hyperparameter(
                "share of tile changes that are small steps; of the others half go to divisors", low=0.0, high=1.0
            ),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        population: int = 32,
        offspring: int = 8,
        elite: float = 1.0,
        tournament: int = 4,
        crossover_rate: float = 0.4,
        reorder_rate: float = 0.2,
        tile_rate: float = 1.0,
        parallel_rate: float = 0.1,
        grow_rate: float = 0.3,
        age_rate: float = 0.05,
        other_rate: float = 0.1,
        step_share: float = 0.3,
    ) -> None:
        given: dict[str, object] = {"population": population, "offspring": offspring, "elite": elite}
        given |= {"tournament": tournament, "crossover_rate": crossover_rate, "reorder_rate": reorder_rate}
        given |= {"tile_rate": tile_rate, "parallel_rate": parallel_rate, "grow_rate": grow_rate}
        given |= {"age_rate": age_rate, "other_rate": other_rate, "step_share": step_share}
        check_hyperparameters("gamma", type(self), given)
        require_one_objective("gamma", problem)
        roles = roles_of(problem.space)
        self._space = problem.space
        self._rng = generator(seed, "agent", "gamma")
        self._fresh = ShuffledDesigns(problem.space, generator(seed, "agent", "gamma", "fresh"))
        rates = Rates(reorder_rate, tile_rate, parallel_rate, grow_rate, age_rate, other_rate)
        self._operators = Operators(problem.space, roles, rates, step_share, self._rng)
        self._population, self._offspring, self._tournament = population, offspring, tournament
        self._elite = int(np.ceil(elite * population))
        self._crossover_rate = crossover_rate
        self._merits: dict[bytes, float] = {}
        self._proposed: set[bytes] = set()
        self._immigrants: dict[bytes, Codes] = {}
        self._generations = self._evolution()
        self._ready: Codes = self._fresh.take(0)

    def ask(self, n: int, /) -> DesignBatch:
        """What is left of the generation, at most *n*; empty when every design of the space has been proposed."""
        if n > 0 and not len(self._ready):
            self._ready = next(self._generations, self._ready)
        rows, self._ready = self._ready[:n], self._ready[n:]
        return DesignBatch(self._space, rows)

    def tell(self, results: Told, /) -> None:
        """Remember every merit (NaN: failed). Designs that were not asked for join the next parents."""
        rows, merits = results.designs.codes, results.merit()
        for row, key, merit in zip(rows, design_keys(rows), merits.tolist(), strict=True):
            if self._is_new(key):
                self._immigrants[key] = row
            self._merits[key] = np.inf if merit != merit else merit

    def _evolution(self) -> Generator[Codes, None, None]:
        """Yields a generation to evaluate, goes on when it has been told; ends when the space is used up."""
        default = self._space.from_designs([self._space.default]).codes
        children = self._taken([default[0]] if self._is_new(design_keys(default)[0]) else [], self._population)
        parents = children[:0]
        while len(children):
            yield children
            parents = self._survivors(parents, children)
            children = self._bred(parents)

    def _survivors(self, parents: Codes, children: Codes) -> Codes:
        """The next parents, best first, equal ones youngest first: of children, designs told unasked, and elite."""
        strangers = [self._immigrants[key][None] for key in sorted(self._immigrants)]
        self._immigrants.clear()
        pool = np.concatenate([children, *strangers, parents[: self._elite]])
        merits = [self._merits.get(key, np.inf) for key in design_keys(pool)]
        return pool[np.argsort(merits, kind="stable")[: self._population]]

    def _bred(self, parents: Codes) -> Codes:
        """A generation of children of *parents*, which are sorted best first."""
        children: list[Codes] = []
        for _ in range(self._offspring):
            child = self._child(parents)
            if child is not None:
                self._proposed.update(design_keys(child[None]))
                children.append(child)
        return self._taken(children, self._offspring)

    def _child(self, parents: Codes) -> Codes | None:
        """A valid design ``(d,)`` that was never proposed or told; None where no attempt made one."""
        for attempt in range(TRIES):
            pair = self._rng.integers(0, len(parents), (2, self._tournament)).min(axis=1)
            row = parents[pair[0]].tolist()
            if self._rng.random() < self._crossover_rate:
                self._operators.cross(row, parents[pair[1]].tolist())
            self._operators.mutate(row, attempt)
            rows = self._space.project(DesignBatch(self._space, np.array([row], parents.dtype)))
            if self._is_new(design_keys(rows)[0]):
                child: Codes = rows[0]
                return child
        return None

    def _taken(self, rows: list[Codes], n: int) -> Codes:
        """*rows*, filled up to *n* with random designs that are new (fewer: there are no more); now proposed."""
        found = np.concatenate([self._fresh.take(0), *(row[None] for row in rows)])
        self._proposed.update(design_keys(found))
        while len(found) < n and len(fresh := self._fresh.take(n - len(found))):
            new = [at for at, key in enumerate(design_keys(fresh)) if self._is_new(key)]
            found = np.concatenate([found, fresh[new]])
            self._proposed.update(design_keys(fresh[new]))
        return found

    def _is_new(self, key: bytes) -> bool:
        return key not in self._proposed and key not in self._merits
