"""All valid designs in lexicographic order, in pieces, without visiting an invalid one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.feasible import Feasible

LARGE = 2**62
"""More completions than any chunk."""


def enumerate_valid(feasible: Feasible, chunk: int) -> Iterator[NDArray[np.int32]]:
    """``(chunk, d)`` designs at a time; the last piece may be shorter."""
    start = _Prefixes(np.zeros((1, 0), np.int32), tuple(np.zeros(1, np.int32) for _ in feasible.diagrams))
    waiting: list[NDArray[np.int32]] = []
    held = 0
    for piece in _Enumeration(feasible, chunk).complete(start):
        waiting.append(piece)
        held += len(piece)
        if held >= chunk:
            rows = np.concatenate(waiting) if len(waiting) > 1 else piece
            while len(rows) >= chunk:
                yield rows[:chunk]
                rows = rows[chunk:]
            waiting, held = [rows], len(rows)
    if held:
        yield np.concatenate(waiting)


@dataclass(frozen=True, slots=True, eq=False)
class _Prefixes:
    """Partial designs in lexicographic order, and the states of the diagrams after them."""

    codes: NDArray[np.int32]
    """``(n, k)``"""
    states: tuple[NDArray[np.int32], ...]

    def __getitem__(self, rows: slice) -> _Prefixes:
        return _Prefixes(self.codes[rows], tuple(states[rows] for states in self.states))


class _Enumeration:
    def __init__(self, feasible: Feasible, chunk: int) -> None:
        self._feasible = feasible
        self._chunk = chunk
        self._d = len(feasible.sizes)
        self._tail = 1 + max((d.layers[-1].position for d in feasible.diagrams), default=-1)
        """From this parameter on all are free."""
        self._blocks: dict[int, NDArray[np.int32]] = {}

    def complete(self, start: _Prefixes) -> Iterator[NDArray[np.int32]]:
        """Complete designs, for groups of prefixes that have at most *chunk* completions each."""
        waiting = [start]  # the first in order is the last here
        while waiting:
            prefixes = waiting.pop()
            ends = np.cumsum(self._completions(prefixes))
            first = 0
            while first < len(ends):
                done = ends[first - 1] if first else 0.0
                last = max(int(np.searchsorted(ends, done + self._chunk, side="right")), first + 1)
                group = prefixes[first:last]
                if ends[last - 1] - done > self._chunk:  # a single prefix with too many
                    waiting += [prefixes[last:], self._extend(group)]
                    break
                while group.codes.shape[1] < self._tail:
                    group = self._extend(group)
                yield self._fill(group.codes)
                first = last

    def _extend(self, prefixes: _Prefixes) -> _Prefixes:
        """By one parameter."""
        k = prefixes.codes.shape[1]
        home = self._feasible.home[k]
        rows: NDArray[Any]
        code: NDArray[Any]
        if home is None:
            size = self._feasible.sizes[k] or 0
            rows = np.repeat(np.arange(len(prefixes.codes)), size)
            code = np.tile(np.arange(size, dtype=np.int32), len(prefixes.codes))
        else:
            following = home[1].following[prefixes.states[home[0]]]
            rows, code = np.nonzero(following >= 0)
        codes = np.empty((len(rows), k + 1), np.int32)
        codes[:, :k] = prefixes.codes[rows]
        codes[:, k] = code
        states = [states[rows] for states in prefixes.states]
        if home is not None:
            states[home[0]] = following[rows, code]
        return _Prefixes(codes, tuple(states))

    def _fill(self, codes: NDArray[np.int32]) -> NDArray[np.int32]:
        """By all the free parameters that are left: every prefix with the same block behind it."""
        k = codes.shape[1]
        if k == self._d:
            return codes
        if k not in self._blocks:
            sizes = [size or 0 for size in self._feasible.sizes[k:]]
            self._blocks[k] = np.indices(sizes, np.int32).reshape(len(sizes), -1).T
        block = self._blocks[k]
        filled = np.empty((len(codes), len(block), self._d), np.int32)
        filled[:, :, :k] = codes[:, None, :]
        filled[:, :, k:] = block
        return filled.reshape(-1, self._d)

    def _completions(self, prefixes: _Prefixes) -> NDArray[np.float64]:
        """``(n,)`` completions of each prefix: exact while small, good enough to compare with a chunk when large."""
        k = prefixes.codes.shape[1]
        free = math.prod(self._feasible.sizes[position] or 0 for position in self._feasible.free if position >= k)
        found = np.full(len(prefixes.codes), float(min(free, LARGE)))
        for diagram, states in zip(self._feasible.diagrams, prefixes.states, strict=True):
            layer = next((layer for layer in diagram.layers if layer.position >= k), None)
            if layer is not None:
                found *= np.minimum(layer.count[states], LARGE).astype(np.float64)
        return found
