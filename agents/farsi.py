"""Architecture-aware search: find the task that costs most, the block that holds it up, and change that.

B. Boroujerdian et al., "FARSI: Facebook AR System Investigator for Agile Domain-Specific System-on-Chip Exploration",
arXiv 2201.05232 (ACM TECS, 10.1145/3544016). A step chooses the metric that is farthest from its budget, the task that
contributes most to it, the block on which it does so, and a transformation that suits the two; the simulator says what
contributes, and what a design becomes (`archgym.architecture`). Chains of such steps start from the best design.

Searching with ``selection="random"`` and ``acceptance="annealing"`` is the simulated annealing that FARSI is compared
with. Its authors' own acceptance never takes a worse design, which is ``"greedy"`` here; what they describe is
``"annealing"``, after S. Kirkpatrick, C. Gelatt and M. Vecchi, "Optimization by Simulated Annealing", Science, 1983.

Once all budgets are kept, the search goes on with what they leave over. Objectives without budgets work too: then every
metric that they read is too high. A chain needs one result before it can go on, so *breadth* designs are proposed
at a time, however many are asked for. No design is proposed twice. Where nothing is left to change, the search goes on
from the next best design, and from random ones in the end. One objective only.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.farsi_choice import Choice
from archgym.agents.farsi_goal import Goal
from archgym.agents.farsi_point import Point
from archgym.architecture import Architecture, Explanation, Move
from archgym.design_keys import Codes, design_keys
from archgym.errors import ConfigError, DesignError
from archgym.seeding import generator
from archgym.shuffle import ShuffledDesigns
from archgym.space import DesignBatch


class FarsiAgent:
    """Chains of transformations, each of the block that holds up the costliest task."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "depth": Hyperparameter("steps of a chain", low=1),
            "breadth": Hyperparameter("designs tried in each step; the chain goes on with the best", low=1),
            "patience": Hyperparameter("failures with a task and a metric before other tasks come first", low=0),
            "selection": Hyperparameter("what a step changes: what costs most, or anything"),
            "acceptance": Hyperparameter("the next chain starts from the best design, or from what annealing takes"),
            "temperature": Hyperparameter("annealing: temperature of the first chain, in units of merit", low=0.0),
            "cooling": Hyperparameter("annealing: by how much the temperature falls after each chain", low=0.0),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        depth: int = 10,
        breadth: int = 1,
        patience: int = 2,
        selection: Literal["architecture", "random"] = "architecture",
        acceptance: Literal["greedy", "annealing"] = "greedy",
        temperature: float = 500.0,
        cooling: float = 50.0,
    ) -> None:
        given: dict[str, object] = {"depth": depth, "breadth": breadth, "patience": patience, "selection": selection}
        given |= {"acceptance": acceptance, "temperature": temperature, "cooling": cooling}
        check_hyperparameters("farsi", type(self), given)
        require_one_objective("farsi", problem)
        self._architecture, self._space = _architecture_of(problem), problem.space
        self._rng = generator(seed, "agent", "farsi")
        self._fresh = ShuffledDesigns(problem.space, generator(seed, "agent", "farsi", "fresh"))
        self._goal = Goal(problem.objective, problem.metrics)
        self._choice = Choice(problem.metrics, self._rng)
        self._depth, self._breadth, self._patience = depth, breadth, patience
        self._directed, self._anneals = selection == "architecture", acceptance == "annealing"
        self._temperature, self._cooling = temperature, cooling
        self._known: dict[bytes, Point | None] = {}
        self._proposed: set[bytes] = set()
        self._best: Point | None = None
        self._failures: dict[tuple[str, str], int] = {}
        self._search = self._chains()
        self._ready: Codes = self._fresh.take(0)

    def ask(self, n: int, /) -> DesignBatch:
        """What is left of the current step, at most *n*; empty when every design of the space has been proposed."""
        if n > 0 and not len(self._ready):
            self._ready = next(self._search, self._ready)
        rows, self._ready = self._ready[:n], self._ready[n:]
        return DesignBatch(self._space, rows)

    def tell(self, results: Told, /) -> None:
        """Remember every result; designs without one lead nowhere."""
        keys, designs = design_keys(results.designs.codes), results.designs.designs()
        for key, design, merit, row in zip(keys, designs, results.merit().tolist(), results.metrics, strict=True):
            if not np.isfinite(merit):
                self._known.setdefault(key, None)
            elif self._known.get(key) is None:
                values = self._goal.values(row)
                point = Point(design, values, self._goal.rank(merit, values), self._goal.energy(merit, values))
                self._known[key] = point
                if self._best is None or point.rank < self._best.rank:
                    self._best = point

    # ---- chains

    def _chains(self) -> Generator[Codes, None, None]:
        """Chain after chain, until no design is left."""
        yield from self._look([self._row(self._space.default)])
        start = self._best
        while True:
            if start is None or start.exhausted:
                start = self._open()
            if start is not None:
                start = self._accepted(start, (yield from self._chain(start)))
                continue
            row = self._unknown()
            if row is None:
                return
            found = yield from self._look([row])
            start = found[0]

    def _chain(self, point: Point) -> Generator[Codes, None, Point | None]:
        """*depth* steps from *point*, each from where the last one led, for better or worse; returns the best one."""
        best: Point | None = None
        for _ in range(self._depth):
            steps = self._steps(point)
            if not steps:
                point.exhausted = True
                break
            found = yield from self._look([row for _, row in steps])
            for (move, _), reached in zip(steps, found, strict=True):
                pair = (move.task, move.metric)
                failed = reached is None or not reached.gained_on(point)
                self._failures[pair] = self._failures.get(pair, 0) + 1 if failed else 0
            reached_points = [reached for reached in found if reached is not None]
            if reached_points:
                point = min(reached_points, key=lambda reached: reached.rank)
                best = point if best is None or point.rank < best.rank else best
        return best

    def _accepted(self, start: Point, reached: Point | None) -> Point | None:
        """Where the next chain starts: from the best design; when annealing, by the rule of Metropolis."""
        if not self._anneals:
            return self._best
        temperature = self._temperature
        self._temperature = max(temperature - self._cooling, 0.0)
        if reached is None or reached.energy <= start.energy:
            return reached or start
        worse = reached.energy - start.energy
        return reached if temperature > 0.0 and self._rng.random() < np.exp(-worse / temperature) else start

    def _open(self) -> Point | None:
        """The best design that something can still be changed in."""
        found = [point for point in self._known.values() if point is not None and not point.exhausted]
        return min(found, key=lambda point: point.rank, default=None)

    # ---- steps

    def _steps(self, point: Point) -> list[tuple[Move, Codes]]:
        """The first *breadth* moves that lead to a design never proposed or told before, with that design ``(d,)``."""
        if point.explanation is None:
            try:
                point.explanation = self._architecture.explain(point.design)
            except DesignError:  # told by somebody else, and not evaluated in this run
                return []
        steps: list[tuple[Move, Codes]] = []
        taken: set[bytes] = set()
        for move in self._moves(point, point.explanation):
            for row in self._made(point, point.explanation, move):
                key = design_keys(row[None])[0]
                if key not in taken and self._is_new(key):
                    taken.add(key)
                    steps.append((move, row))
                    break
            if len(steps) == self._breadth:
                break
        return steps

    def _moves(self, point: Point, explanation: Explanation) -> Iterator[Move]:
        anything = self._choice.anything(explanation)
        if not self._directed:
            return anything
        tired = {pair for pair, failures in self._failures.items() if failures > self._patience}
        aims = self._goal.aims(point.values, self._rng)
        return chain(self._choice.directed(aims, explanation, tired), anything)

    def _made(self, point: Point, explanation: Explanation, move: Move) -> list[Codes]:
        """The designs that *move* leads to, as far as the space has them."""
        if move not in point.made:
            designs = self._architecture.moves(point.design, explanation, move)
            rows = [row for design in designs if (row := self._valid(design)) is not None]
            point.made[move] = rows if self._directed else [rows[k] for k in self._rng.permutation(len(rows))]
        return point.made[move]

    def _valid(self, design: Mapping[str, Any]) -> Codes | None:
        """The design's codes ``(d,)``; None where the space is a restriction that lacks it."""
        try:
            batch = self._space.from_designs([design])
        except DesignError:
            return None
        row: Codes = batch.codes[0]
        return row if self._space.valid(batch)[0] else None

    # ---- proposing

    def _look(self, rows: list[Codes]) -> Generator[Codes, None, list[Point | None]]:
        """Propose those of *rows* that are new; returns what is known of each when they were told."""
        keys = [design_keys(row[None])[0] for row in rows]
        new = [row for row, key in zip(rows, keys, strict=True) if self._is_new(key)]
        if new:
            self._proposed.update(keys)
            yield np.stack(new)
        return [self._known.get(key) for key in keys]

    def _is_new(self, key: bytes) -> bool:
        return key not in self._proposed and key not in self._known

    def _row(self, design: Mapping[str, Any]) -> Codes:
        row: Codes = self._space.from_designs([design]).codes[0]
        return row

    def _unknown(self) -> Codes | None:
        """A random design that was never proposed or told; None: there is none left."""
        while len(rows := self._fresh.take(1)):
            if self._is_new(design_keys(rows)[0]):
                row: Codes = rows[0]
                return row
        return None


def _architecture_of(problem: Problem) -> Architecture:
    if problem.architecture is None:
        raise ConfigError(
            f"agent 'farsi': expected a simulator that explains its designs (soc, spaces platform and small), got none "
            f"in {problem.name!r}; use agent 'genetic' or 'local_search' there"
        )
    return problem.architecture
