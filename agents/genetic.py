"""Genetic algorithm over value indices.

J. Holland, "Adaptation in Natural and Artificial Systems", 1975, in the elitist form of K. De Jong (1975): tournament
selection, crossover, mutation by gene.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.design_keys import Codes, design_keys
from archgym.gaussian_step import gaussian_step
from archgym.seeding import generator
from archgym.shuffle import ShuffledDesigns
from archgym.space import Categorical, DesignBatch, Real

TRIES = 8
"""Times a child that was proposed before is mutated again, before a fresh random design takes its place."""


class GeneticAgent:
    """Tournament selection, crossover, mutation and elitism over value indices."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "population": Hyperparameter("individuals that may become parents", low=2),
            "offspring": Hyperparameter("children a generation", low=1),
            "elite": Hyperparameter("share of the population that may outlive its generation", low=0.0, high=1.0),
            "tournament": Hyperparameter("individuals drawn for each parent; the best becomes it", low=1),
            "crossover": Hyperparameter("how two parents' genes are mixed"),
            "crossover_rate": Hyperparameter("probability that a child has two parents", low=0.0, high=1.0),
            "mutation_rate": Hyperparameter("probability that a gene mutates", low=0.0, high=1.0),
            "step_share": Hyperparameter(
                "share of an ordered gene's mutations that move it to an adjacent value; the others draw any value",
                low=0.0,
                high=1.0,
            ),
            "sigma": Hyperparameter("mutation step of Real parameters, as a share of their range", low=1e-6, high=1.0),
            "unique": Hyperparameter("replace children that were proposed before", choices=(True, False)),
            "start_default": Hyperparameter("put the default design into the first generation", choices=(True, False)),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        population: int = 20,
        offspring: int = 20,
        elite: float = 1.0,
        tournament: int = 2,
        crossover: Literal["uniform", "one_point", "two_point"] = "uniform",
        crossover_rate: float = 0.9,
        mutation_rate: float = 0.1,
        step_share: float = 0.5,
        sigma: float = 0.1,
        unique: bool = True,
        start_default: bool = True,
    ) -> None:
        given: dict[str, object] = {
            "population": population,
            "offspring": offspring,
            "elite": elite,
            "tournament": tournament,
        }
        given |= {"crossover": crossover, "crossover_rate": crossover_rate, "mutation_rate": mutation_rate}
        given |= {"step_share": step_share, "sigma": sigma, "unique": unique, "start_default": start_default}
        check_hyperparameters("genetic", type(self), given)
        require_one_objective("genetic", problem)
        self._space = problem.space
        self._rng = generator(seed, "agent", "genetic")
        self._fresh = ShuffledDesigns(problem.space, generator(seed, "agent", "genetic", "fresh"))
        self._population, self._offspring, self._tournament = population, offspring, tournament
        self._elite = int(np.ceil(elite * population))
        self._crossover, self._crossover_rate = crossover, crossover_rate
        self._mutation_rate, self._step_share, self._sigma = mutation_rate, step_share, sigma
        self._unique, self._start_default = unique, start_default
        self._reals = [(at, p) for at, p in enumerate(problem.space.parameters) if isinstance(p, Real)]
        self._sizes = np.array([1 if p.size is None else p.size for p in problem.space.parameters], np.int64)
        self._ordered = np.array([not isinstance(p, Categorical) for p in problem.space.parameters], np.bool_)
        self._merits: dict[bytes, float] = {}
        self._proposed: set[bytes] = set()
        self._immigrants: dict[bytes, Codes] = {}
        self._generations = self._evolution()
        self._ready: Codes = self._fresh.take(0)

    def ask(self, n: int, /) -> DesignBatch:
        """What is left of the generation, at most *n*; the next one is bred when all of it has been served."""
        if n > 0 and not len(self._ready):
            self._ready = next(self._generations, self._ready)
        rows, self._ready = self._ready[:n], self._ready[n:]
        return self._space.batch(rows)

    def tell(self, results: Told, /) -> None:
        """Remember every merit (NaN: failed). Designs that were not asked for join the next parents."""
        rows, merits = results.designs.codes, results.merit()
        for at, (key, merit) in enumerate(zip(design_keys(rows), merits.tolist(), strict=True)):
            self._merits[key] = np.inf if merit != merit else merit
            if key not in self._proposed:
                self._immigrants[key] = rows[at]

    def _evolution(self) -> Generator[Codes, None, None]:
        """Yields a generation to evaluate, goes on when it has been told; ends when the space is used up."""
        parents = children = self._first()
        while len(children):
            self._proposed.update(design_keys(children))
            yield children
            parents = self._survivors(parents, children)
            children = self._bred(parents)

    def _first(self) -> Codes:
        """The first generation: the default design, where wanted, and random ones."""
        if not self._start_default:
            return self._unknown(self._population)
        default = self._space.from_designs([self._space.default]).codes
        if not self._is_new(design_keys(default)[0]):
            return self._unknown(self._population)
        self._proposed.update(design_keys(default))
        return np.concatenate([default, self._unknown(self._population - 1)])

    def _survivors(self, parents: Codes, children: Codes) -> Codes:
        """The next parents, best first: the elite of *parents*, the children, and designs told without being asked for.

        A child as good as a parent is preferred, so that the population drifts on plateaus.
        """
        strangers = [self._immigrants[key] for key in sorted(self._immigrants)]
        self._immigrants.clear()
        pool = np.concatenate([children, *(row[None] for row in strangers), parents[: self._elite]])
        merits = [self._merits.get(key, np.inf) for key in design_keys(pool)]
        return pool[np.argsort(merits, kind="stable")[: self._population]]

    def _bred(self, parents: Codes) -> Codes:
        """A generation of children of *parents*, which are sorted best first."""
        pairs = self._rng.integers(0, len(parents), (self._offspring, 2, self._tournament)).min(axis=2)
        children = np.where(self._mixing(), parents[pairs[:, 1]], parents[pairs[:, 0]])
        genes = self._rng.random(children.shape) < self._mutation_rate
        children = self._valid(self._mutated(children, genes))
        return self._distinct(children) if self._unique else children

    def _mixing(self) -> NDArray[np.bool_]:
        """``(offspring, d)`` true where a child has its second parent's gene."""
        n, d = self._offspring, self._space.d
        if self._crossover == "uniform":
            genes = self._rng.random((n, d)) < 0.5
        else:
            cuts = np.sort(self._rng.integers(0, d + 1, (n, 2)), axis=1)
            if self._crossover == "one_point":
                cuts = np.column_stack([self._rng.integers(1, max(d, 2), n), np.full(n, d)])
            at = np.arange(d)
            genes = (at >= cuts[:, :1]) & (at < cuts[:, 1:])
        return genes & (self._rng.random((n, 1)) < self._crossover_rate)

    def _mutated(self, rows: Codes, genes: NDArray[np.bool_]) -> Codes:
        """*rows* ``(n, d)`` with the chosen *genes* changed: a step to an adjacent value, or any other value."""
        sizes = self._sizes
        other = (rows + self._rng.integers(1, np.maximum(sizes, 2), rows.shape)) % sizes
        step = np.abs(rows + self._rng.choice((-1, 1), rows.shape))  # reflected at the first value …
        step = np.where(step < sizes, step, np.maximum(sizes - 2, 0))  # … and at the last
        stepping = self._ordered & (self._rng.random(rows.shape) < self._step_share)
        moved = np.where(genes, np.where(stepping, step, other), rows).astype(rows.dtype)
        for at, real in self._reals:
            moved[:, at] = rows[:, at]
            moved[genes[:, at], at] = gaussian_step(real, rows[genes[:, at], at], self._sigma, self._rng)
        return moved

    def _valid(self, rows: Codes) -> Codes:
        """*rows* with the invalid ones repaired."""
        broken = ~self._space.valid(rows)
        if broken.any():
            rows[broken] = self._space.project(rows[broken])
        return rows

    def _distinct(self, children: Codes) -> Codes:
        """*children* with those proposed before mutated until they are new, else replaced by random designs."""
        for _ in range(TRIES):
            repeated = self._repeated(children)
            if not repeated:
                return children
            genes = self._rng.random((len(repeated), self._space.d)) < self._mutation_rate
            genes[np.arange(len(repeated)), self._rng.integers(0, self._space.d, len(repeated))] = True
            children[repeated] = self._valid(self._mutated(children[repeated], genes))
        repeated = self._repeated(children)
        kept = np.delete(children, repeated, axis=0)
        keys = set(design_keys(kept))
        self._proposed |= keys
        return np.concatenate([kept, self._unknown(len(repeated))])

    def _repeated(self, rows: Codes) -> list[int]:
        """Rows that were proposed or told before, or stand in *rows* twice (the first one may stay)."""
        repeated: list[int] = []
        here: set[bytes] = set()
        for at, key in enumerate(design_keys(rows)):
            if key in here or not self._is_new(key):
                repeated.append(at)
            here.add(key)
        return repeated

    def _is_new(self, key: bytes) -> bool:
        return key not in self._proposed and key not in self._merits

    def _unknown(self, n: int) -> Codes:
        """``(<= n, d)`` random designs that were never proposed or told; fewer: there are no more."""
        found = self._fresh.take(0)
        while len(found) < n and len(rows := self._fresh.take(n - len(found))):
            new = [at for at, key in enumerate(design_keys(rows)) if self._is_new(key)]
            found = np.concatenate([found, rows[new]])
        return found
