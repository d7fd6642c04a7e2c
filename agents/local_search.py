"""Local search with restarts: walk to better neighbours until there is none, then start again elsewhere.

Hill climbing over the neighbourhood of single-parameter changes, with first or best improvement and a bounded number
of sideways moves on plateaus (B. Selman, H. Levesque, D. Mitchell, "A New Method for Solving Hard Satisfiability
Problems", AAAI 1992), restarted at random or by a kick from the best local optimum (H. Lourenço, O. Martin, T. Stützle,
"Iterated Local Search", Handbook of Metaheuristics, 2003). ArchGym (ISCA 2023) has no such searcher.

Every result is remembered: a neighbour that is already known costs nothing, no design is proposed twice, and a walk
that meets an earlier one ends there. When the whole space has been proposed there is nothing more to ask.

A move is decided when the proposed group of neighbours has been told, so the walk does not depend on how many
designs are asked for at a time. A design proposed but never told counts as failed.

Constraints: single changes that break one are repaired (see `archgym.neighbours`) and tried when no valid one leads
down. Real parameters take Gaussian steps. One objective only.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.design_keys import Codes, design_keys
from archgym.neighbours import Neighbourhood
from archgym.seeding import generator
from archgym.shuffle import ShuffledDesigns
from archgym.space import DesignBatch

KICKS = 20
"""Kicks drawn at a time; when all of them lead to known designs, a fresh random one is taken instead."""

Walk = Generator[Codes, None, Codes | None]
"""Yields groups of designs never proposed before and goes on when they were told; returns a design ``(d,)``."""


class LocalSearchAgent:
    """Hill climbing with restarts over single-parameter changes."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "improvement": Hyperparameter("move to the first better group's best neighbour, or the best of all"),
            "step": Hyperparameter("ordered parameters: try the adjacent values only, or all values"),
            "start": Hyperparameter("where the first walk starts: the default design or a random one"),
            "restart": Hyperparameter("after a local optimum: a random design, or a kick from the best optimum"),
            "kick": Hyperparameter("parameters drawn anew by a kick", low=1),
            "sideways": Hyperparameter("moves to equally good neighbours in a row before a restart", low=0),
            "group": Hyperparameter("first improvement: neighbours evaluated before a move; 1 is the textbook", low=1),
            "sigma": Hyperparameter("step of Real parameters, as a share of their range", low=1e-6, high=1.0),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        improvement: Literal["first", "best"] = "first",
        step: Literal["adjacent", "all"] = "all",
        start: Literal["default", "random"] = "default",
        restart: Literal["random", "kick"] = "kick",
        kick: int = 3,
        sideways: int = 10,
        group: int = 4,
        sigma: float = 0.1,
    ) -> None:
        given: dict[str, object] = {
            "improvement": improvement,
            "step": step,
            "start": start,
            "restart": restart,
            "kick": kick,
        }
        given |= {"sideways": sideways, "group": group, "sigma": sigma}
        check_hyperparameters("local_search", type(self), given)
        require_one_objective("local_search", problem)
        self._space = problem.space
        self._rng = generator(seed, "agent", "local_search")
        self._fresh = ShuffledDesigns(problem.space, generator(seed, "agent", "local_search", "fresh"))
        self._neighbourhood = Neighbourhood(problem.space, adjacent=step == "adjacent", sigma=sigma)
        self._group = group if improvement == "first" else None
        self._start, self._restart, self._kick, self._sideways = start, restart, kick, sideways
        self._merits: dict[bytes, float] = {}
        self._proposed: set[bytes] = set()
        self._walked: set[bytes] = set()
        self._kicked_from: Codes | None = None
        self._kicks: list[Codes] = []
        self._walk = self._walks()
        self._ready: Codes = self._fresh.take(0)

    def ask(self, n: int, /) -> DesignBatch:
        """What is left of the current group, at most *n*; empty when every design of the space has been proposed."""
        if n > 0 and not len(self._ready):
            self._ready = next(self._walk, self._ready)
        rows, self._ready = self._ready[:n], self._ready[n:]
        return DesignBatch(self._space, rows)

    def tell(self, results: Told, /) -> None:
        """Remember every merit; NaN counts as failed."""
        merits = results.merit()
        for key, merit in zip(design_keys(results.designs.codes), merits.tolist(), strict=True):
            self._merits[key] = np.inf if merit != merit else merit

    def _walks(self) -> Generator[Codes, None, None]:
        """Walk after walk, until no design is left to start from."""
        start = self._default() if self._start == "default" else self._unknown()
        best: Codes | None = None
        while start is not None:
            point = yield from self._descent(start)
            if best is None or self._merit(point) <= self._merit(best):
                best = point
            start = self._kicked(best) if self._restart == "kick" else self._unknown()

    def _descent(self, point: Codes) -> Generator[Codes, None, Codes]:
        """From *point* ``(d,)`` down to a local optimum, or to where an earlier walk has been; returns that design."""
        yield from self._look(point[None], design_keys(point[None]))
        sideways = 0
        while (key := design_keys(point[None])[0]) not in self._walked:
            self._walked.add(key)
            merit = self._merits.get(key, np.inf)
            rows, broken = self._neighbourhood.around(point, self._rng)
            lower = yield from self._lower(rows, merit)
            if lower is None and len(broken):
                repaired = self._neighbourhood.repaired(broken, point)
                lower = yield from self._lower(repaired, merit)
                rows = np.concatenate([rows, repaired])
            if lower is not None:
                point, sideways = lower, 0
                continue
            level = self._level(rows, merit) if sideways < self._sideways else None
            if level is None:
                break
            point, sideways = level, sideways + 1
        return point

    def _lower(self, rows: Codes, merit: float) -> Walk:
        """The best known one of *rows* if it is below *merit*, else the best of the first group that goes below."""
        keys = design_keys(rows)
        known = [at for at, key in enumerate(keys) if key in self._merits]
        fresh = [at for at, key in enumerate(keys) if key not in self._merits]
        size = self._group or max(len(fresh), 1)
        for group in [known, *(fresh[at : at + size] for at in range(0, len(fresh), size))]:
            yield from self._look(rows[group], [keys[at] for at in group])
            merits = [self._merits.get(keys[at], np.inf) for at in group]
            if merits and (lowest := min(merits)) < merit:
                lower: Codes = rows[group[merits.index(lowest)]]
                return lower
        return None

    def _level(self, rows: Codes, merit: float) -> Codes | None:
        """One of *rows* that is as good as *merit* and that no walk has been at; none where nothing has worked."""
        if not np.isfinite(merit):
            return None
        row: Codes
        for row, key in zip(rows, design_keys(rows), strict=True):
            if self._merits.get(key, np.inf) == merit and key not in self._walked:
                return row
        return None

    def _look(self, rows: Codes, keys: list[bytes]) -> Generator[Codes, None, None]:
        """Propose those of *rows* that were neither proposed nor told before, if there are any."""
        new = [at for at, key in enumerate(keys) if self._is_new(key)]
        if new:
            self._proposed.update(keys[at] for at in new)
            yield rows[new]

    def _is_new(self, key: bytes) -> bool:
        return key not in self._proposed and key not in self._merits

    def _merit(self, point: Codes) -> float:
        return self._merits.get(design_keys(point[None])[0], np.inf)

    def _default(self) -> Codes:
        row: Codes = self._space.from_designs([self._space.default]).codes[0]
        return row

    def _unknown(self) -> Codes | None:
        """A random design that was never proposed or told; None: there is none left."""
        while len(rows := self._fresh.take(1)):
            if self._is_new(design_keys(rows)[0]):
                row: Codes = rows[0]
                return row
        return None

    def _kicked(self, best: Codes) -> Codes | None:
        """*best* with some parameters as in a random design, made valid, and never proposed or told before."""
        if best is not self._kicked_from or not self._kicks:
            self._kicked_from, self._kicks = best, list(self._kicks_from(best))
        while self._kicks:
            row = self._kicks.pop()
            if self._is_new(design_keys(row[None])[0]):
                return row
        return self._unknown()

    def _kicks_from(self, best: Codes) -> Codes:
        drawn = self._rng.permuted(np.tile(np.arange(len(best)) < self._kick, (KICKS, 1)), axis=1)
        rows = np.where(drawn, self._space.sample(KICKS, self._rng).codes, best)
        return self._space.project(DesignBatch(self._space, rows))
