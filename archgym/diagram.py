"""A decision diagram: all valid combinations of some parameters, counted, ranked and drawn without search.

It has one layer per parameter. A state of a layer stands for all prefixes with the same future (Andersen et al., "A
Constraint Store Based on Multivalued Decision Diagrams", 2007), and knows exactly how many completions it has.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SINK = -1
"""The state without completions. It indexes the last row of every table, which leads nowhere but back to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One parameter of a component."""

    position: int
    """Of the parameter in the space."""
    following: NDArray[np.int32]
    """``(states + 1, size)`` the next layer's state after each value; `SINK` where no completion is left."""
    count: NDArray[Any]
    """``(states + 1,)`` completions of each state; int64, or Python integers where those are too small."""
    before: NDArray[Any]
    """``(states + 1, size)`` completions that start with a lower value."""
    after: NDArray[Any]
    """`count` of the next layer, ``[1, 0]`` after the last one."""


@dataclass(frozen=True, slots=True, eq=False)
class Diagram:
    """All valid combinations of one component's parameters, which stand in the order of the space."""

    layers: tuple[Layer, ...]
    total: int

    def accepts(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """``(n,)`` for complete designs of the space, ``(n, d)``."""
        states = np.zeros(len(codes), np.int32)
        for layer in self.layers:
            states = layer.following[states, codes[:, layer.position].astype(np.intp)]
        return np.asarray(states >= 0)

    def accepts_one(self, codes: Sequence[float]) -> bool:
        """`accepts` for one design: plain integers are ten times faster than arrays of one."""
        state = 0
        for layer in self.layers:
            state = layer.following.item(state, int(codes[layer.position]))
        return state >= 0

    def unrank(self, ranks: NDArray[Any]) -> list[NDArray[np.int32]]:
        """The value indices, parameter by parameter, of the combinations at *ranks* in lexicographic order."""
        if len(ranks) == 1:
            return [np.array([code], np.int32) for code in self._unrank_one(int(ranks[0]))]
        states = np.zeros(len(ranks), np.int32)
        columns = []
        for layer in self.layers:
            code, below = locate(layer, states, ranks)
            ranks = ranks - below
            states = layer.following[states, code]
            columns.append(code.astype(np.int32))
        return columns

    def _unrank_one(self, rank: int) -> Iterator[int]:
        state = 0
        for layer in self.layers:
            before = layer.before[state].tolist()
            code = bisect_right(before, rank) - 1
            rank -= before[code]
            state = layer.following.item(state, code)
            yield code

    def draw(self, n: int, rng: np.random.Generator) -> list[NDArray[np.int32]]:
        """Combinations drawn uniformly with replacement, parameter by parameter."""
        if self.total < 2**63:
            return self.unrank(rng.integers(0, self.total, n))
        states = np.zeros(n, np.int32)
        columns = []
        for layer in self.layers:
            share = (layer.before[:, 1:] / np.maximum(layer.count, 1)[:, None]).astype(np.float64)
            share[layer.before[:, 1:] == layer.count[:, None]] = np.inf  # no completion is left beyond: never passed
            code = (share[states] <= rng.random(n)[:, None]).sum(axis=1)
            states = layer.following[states, code]
            columns.append(code.astype(np.int32))
        return columns


def locate(layer: Layer, states: NDArray[np.int32], ranks: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """``(n,)`` value index whose completions contain the one at *ranks*, and how many completions precede it."""
    size = layer.before.shape[1]
    before = layer.before.reshape(-1)
    row = states.astype(np.int64) * size
    code = np.zeros(len(states), np.int64)  # binary search: the last value with before <= rank
    step = 1 << max(size - 1, 0).bit_length() >> 1
    while step:
        ahead = code + step
        reached = (ahead < size) & (before[row + np.minimum(ahead, size - 1)] <= ranks)
        code = np.where(reached, ahead, code)
        step >>= 1
    return code, before[row + code]
