"""What `dqn` and `sac` share: they learn from every design ever evaluated, whoever proposed it, and propose new ones.

The first round is the default design alone (the reward's reference), the others are batches drawn by the agent. Known
designs are not proposed again: what is missing in a batch is drawn again, more freely with each of `TRIES` attempts,
and at last taken from the designs nobody has proposed. When there are none left the batch is empty: the space is used
up.

The replay holds each design once, with its last reward; a result that nobody asked for (a warm start) is as good as any
other, as is one that comes late. A design that was never told counts as failed until it is. Rewards are learnt on the
scale of what is known: centred on the median, divided by the distance from there to the upper quartile (at least
`SMALLEST`), and cut at `CLIP` on both sides, so that failures and broken limits take no precision from good designs.
"""

from __future__ import annotations

from abc import abstractmethod
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Problem, Told
from archgym.design_keys import Codes, design_keys
from archgym.errors import MissingExtra
from archgym.reward import RewardMeter, RewardShape
from archgym.rounds import RoundAgent

TRIES = 6
"""Attempts to draw a batch of designs that are new; after that random ones take their place."""
CLIP = 3.0
SMALLEST = 1e-6
"""Rewards closer to each other than this are one."""


class Replay:
    """Each known design once, with its last reward, in the order in which they became known."""

    def __init__(self, empty: Codes) -> None:
        self._codes, self._rewards = empty, np.zeros(0)
        self._row_of: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def codes(self) -> Codes:
        """``(n, d)``"""
        return self._codes[: len(self)]

    @property
    def rewards(self) -> NDArray[np.float64]:
        """``(n,)``"""
        return self._rewards[: len(self)]

    def add(self, codes: Codes, rewards: NDArray[np.float64]) -> None:
        """Remember ``(m, d)`` *codes*; a design that is known takes its new reward."""
        rows = np.array([self._row_of.setdefault(key, len(self._row_of)) for key in design_keys(codes)], np.intp)
        if len(self) > len(self._rewards):
            more = max(len(self), 2 * len(self._rewards)) - len(self._rewards)
            self._codes = np.concatenate([self._codes, np.zeros((more, codes.shape[1]), self._codes.dtype)])
            self._rewards = np.concatenate([self._rewards, np.zeros(more)])
        self._codes[rows], self._rewards[rows] = codes, rewards

    def scaled(self) -> NDArray[np.float64]:
        """``(n,)`` rewards as they are learnt: median 0, upper quartile 1, cut at `CLIP`."""
        middle, upper = np.quantile(self.rewards, (0.5, 0.75))
        scale = max(float(upper - middle), SMALLEST)
        scaled: NDArray[np.float64] = np.clip((self.rewards - middle) / scale, -CLIP, CLIP)
        return scaled


class OffPolicyAgent(RoundAgent):
    """Implements a round for an agent that has `_draw` and `_improve`."""

    def __init__(self, name: str, problem: Problem, *, seed: int, batch: int, shape: RewardShape) -> None:
        """`MissingExtra` without torch."""
        try:
            import_module("torch")
        except ImportError:
            raise MissingExtra("torch", "rl", f"agent {name!r}") from None
        super().__init__(name, problem, seed=seed)
        self._batch, self._budget = batch, problem.budget
        self._meter = RewardMeter(shape, problem.objective.labels)
        self._replay = Replay(self._empty)

    @abstractmethod
    def _draw(self, n: int, attempt: int) -> Codes:
        """``(n, d)`` valid designs; the higher *attempt* (from 0), the more they may differ from what was learnt."""

    @abstractmethod
    def _improve(self) -> None:
        """Learn from the replay, which has at least one design."""

    def _propose(self) -> Codes:
        default = self._default()
        if self._novelty.first_of_new(default):
            self._novelty.add(default)
            return default
        found = self._empty
        for attempt in range(TRIES):
            rows = self._draw(self._batch, attempt)
            rows = rows[self._novelty.first_of_new(rows)][: self._batch - len(found)]
            self._novelty.add(rows)
            found = np.concatenate([found, rows])
            if len(found) == self._batch:
                return found
        return np.concatenate([found, self._novelty.fresh(self._batch - len(found))])

    def _learn(self, results: Told, strangers: Told) -> None:
        self._meter.refer_to(self._default(), strangers)
        for told in (results, strangers):
            if len(told):
                self._replay.add(told.designs.codes, self._meter.rewards(told))
                self._novelty.add(told.designs.codes)
        if len(self._replay):
            self._improve()
