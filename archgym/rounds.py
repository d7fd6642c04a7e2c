"""Agents that think in rounds: propose a group of designs, learn when all of it was told, propose the next.

Most searchers are of this kind: a generation, a colony's tours, a policy's batch, one point of a sequential model. What
they share is the bookkeeping, and the bookkeeping is what makes a run repeatable: a round is served piece by piece
however many designs are asked for, and what was told meanwhile reaches the algorithm when the next round is due, in
the order of the proposals. So the sequence depends on the seed and the results, not on how they were batched.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Problem, Told
from archgym.design_keys import Codes, design_keys
from archgym.seeding import generator
from archgym.shuffle import ShuffledDesigns
from archgym.simulator import Status
from archgym.space import DesignBatch, DesignSpace


class RoundAgent(ABC):
    """Implements ask and tell for an algorithm that has `_propose` and `_learn`."""

    def __init__(self, name: str, problem: Problem, *, seed: int) -> None:
        """*name* is the agent's entry point: it separates the agent's random numbers from anybody else's."""
        self._space = problem.space
        self._rng = generator(seed, "agent", name)
        self._novelty_seed = (seed, name)
        self._empty: Codes = problem.space.sample(0, self._rng).codes
        self._none = _nothing(problem, self._empty)
        self._round, self._ready = self._empty, self._empty
        self._keys: list[bytes] = []
        self._told: list[Told] = []

    @abstractmethod
    def _propose(self) -> Codes:
        """``(n, d)`` valid designs of the next round; none: there is nothing more to propose."""

    @abstractmethod
    def _learn(self, results: Told, strangers: Told) -> None:
        """Take in a round, just before the next one is due.

        *results* has the round's rows in the order in which they were proposed; a design that was never told is a
        failed one. *strangers* are results that were not asked for, or came after their round, each once and in an
        order that does not depend on when they came; the first call may come before any proposal (a warm start).
        """

    def ask(self, n: int, /) -> DesignBatch:
        """What is left of the round, at most *n*; the next one is proposed when all of it has been served."""
        if n > 0 and not len(self._ready):
            self._turn()
        rows, self._ready = self._ready[:n], self._ready[n:]
        return DesignBatch(self._space, rows)

    def tell(self, results: Told, /) -> None:
        """Keep *results* until the round is over."""
        if len(results):
            self._told.append(results)

    def _turn(self) -> None:
        if len(self._round) or self._told:
            told, self._told = joined(self._told, self._none), []
            row_of = {key: row for row, key in enumerate(design_keys(told.designs.codes))} if len(told) else {}
            rows = np.array([row_of.get(key, -1) for key in self._keys], np.intp)
            own = set(self._keys)
            others = np.array([row_of[key] for key in sorted(row_of) if key not in own], np.intp)
            self._learn(_answered(told, rows, self._round, self._space), rows_of(told, others))
        self._round = self._ready = self._propose()
        self._keys = design_keys(self._round) if len(self._round) else []

    @cached_property
    def _novelty(self) -> Novelty:
        """What was proposed or told so far, for an agent that proposes nothing twice; it adds the rows itself."""
        seed, name = self._novelty_seed
        return Novelty(self._space, generator(seed, "agent", name, "fresh"))

    def _default(self) -> Codes:
        """``(1, d)`` the default design."""
        rows: Codes = self._space.from_designs([self._space.default]).codes
        return rows


class Novelty:
    """Which designs are new, and new random ones."""

    def __init__(self, space: DesignSpace, rng: np.random.Generator) -> None:
        self._stream = ShuffledDesigns(space, rng)
        self._known: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, rows: Codes) -> None:
        """Remember *rows* ``(n, d)``."""
        if len(rows):
            self._known.update(design_keys(rows))

    def __contains__(self, key: bytes) -> bool:
        return key in self._known

    def first_of_new(self, rows: Codes) -> list[int]:
        """Positions of those of *rows* that are not known, the first one of equals; nothing is remembered."""
        here: set[bytes] = set()
        found = []
        for at, key in enumerate(design_keys(rows) if len(rows) else []):
            if key not in self._known and key not in here:
                here.add(key)
                found.append(at)
        return found

    def fresh(self, n: int) -> Codes:
        """``(<= n, d)`` random unknown designs, remembered; fewer only when every design of the space is known."""
        found = self._stream.take(0)
        while len(found) < n and len(rows := self._stream.take(n - len(found))):
            found = np.concatenate([found, rows[self.first_of_new(rows)]])
        self.add(found)
        return found

    def completed(self, rows: Codes) -> Codes:
        """*rows* with those already known (or repeated) replaced by random unknown designs; all are remembered.

        Fewer than *rows* only when the space is used up.
        """
        new = self.first_of_new(rows)
        kept = rows[new]
        self.add(kept)
        return kept if len(new) == len(rows) else np.concatenate([kept, self.fresh(len(rows) - len(new))])


def merits(told: Told) -> NDArray[np.float64]:
    """``(n,)`` as `Told.merit`, with infinity in the place of NaN: a result without a score counts as failed."""
    found = told.merit()
    return np.where(np.isnan(found), np.inf, found)


def joined(parts: Sequence[Told], empty: Told) -> Told:
    """*parts* as one; *empty* when there are none."""
    if len(parts) <= 1:
        return parts[0] if parts else empty
    return Told(
        DesignBatch.concat([part.designs for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.violation for part in parts]),
        np.concatenate([part.status for part in parts]),
        np.concatenate([part.metrics for part in parts]),
        np.concatenate([part.duplicate for part in parts]),
    )


def rows_of(told: Told, rows: NDArray[np.intp]) -> Told:
    """Some rows of *told*, in the order of *rows*."""
    return Told(
        told.designs[rows],
        told.scores[rows],
        told.violation[rows],
        told.status[rows],
        told.metrics[rows],
        told.duplicate[rows],
    )


def _answered(told: Told, rows: NDArray[np.intp], proposed: Codes, space: DesignSpace) -> Told:
    """The results of *proposed* ``(n, d)``: row ``rows[i]`` of *told*, or a failure where that is -1."""
    missing = rows < 0
    if not missing.any():
        return rows_of(told, rows)
    n, k, m = len(rows), told.scores.shape[1], told.metrics.shape[1]
    scores, violation = np.full((n, k), np.inf), np.full(n, np.inf)
    status, metrics = np.full(n, Status.FAILED, np.uint8), np.full((n, m), np.nan)
    duplicate = np.zeros(n, np.bool_)
    here, there = np.flatnonzero(~missing), rows[~missing]
    scores[here], violation[here], status[here] = told.scores[there], told.violation[there], told.status[there]
    metrics[here], duplicate[here] = told.metrics[there], told.duplicate[there]
    return Told(DesignBatch(space, proposed), scores, violation, status, metrics, duplicate)


def _nothing(problem: Problem, empty: Codes) -> Told:
    return Told(
        DesignBatch(problem.space, empty),
        np.zeros((0, problem.objective.k)),
        np.zeros(0),
        np.zeros(0, np.uint8),
        np.zeros((0, len(problem.metrics))),
        np.zeros(0, np.bool_),
    )
