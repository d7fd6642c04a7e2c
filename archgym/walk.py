"""Walking many designs through their parameters at once, with the exact set of values that are still possible.

Every view that builds designs one parameter after another (`archgym.views`) and the projection stand on this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.feasible import Diagram, Feasible


class Walk:
    """*n* designs of which the parameters before `position` are chosen."""

    def __init__(self, feasible: Feasible, n: int) -> None:
        self._feasible = feasible
        self._n = n
        self._states = [np.zeros(n, np.int32) for _ in feasible.diagrams]
        self.position = 0

    def allowed(self) -> NDArray[np.bool_]:
        """``(n, size)`` values of the current (finite) parameter that have a valid completion. Read-only."""
        home = self._feasible.home[self.position]
        if home is None:
            return np.broadcast_to(np.True_, (self._n, self._feasible.sizes[self.position] or 0))
        number, layer = home
        return np.asarray(layer.following[self._states[number]] >= 0)

    def choose(self, codes: NDArray[Any]) -> None:
        """Take ``(n,)`` value indices for the current parameter (anything for a `Real` one) and go on to the next."""
        home = self._feasible.home[self.position]
        if home is not None:
            number, layer = home
            self._states[number] = layer.following[self._states[number], codes]
        self.position += 1


def nearest_allowed(allowed: NDArray[np.bool_], wanted: NDArray[Any], ordered: bool) -> NDArray[np.int64]:
    """``(n,)`` *wanted* where allowed, else the nearest allowed index (ties downwards), or the next cyclic one.

    *allowed* is ``(n, size)`` with at least one True per row.
    """
    code = wanted.astype(np.int64)
    moved = np.flatnonzero(~allowed[np.arange(len(code)), code])
    if len(moved):
        size = allowed.shape[1]
        away = np.arange(size) - code[moved, None]
        # Twice the distance, and one more upwards: ties go to the lower index.
        cost = np.where(away > 0, 2 * away + 1, -2 * away) if ordered else away % size
        code[moved] = np.where(allowed[moved], cost, 2 * size + 2).argmin(axis=1)
    return code


def project(feasible: Feasible, codes: NDArray[Any], ordered: tuple[bool, ...]) -> NDArray[Any]:
    """``(n, d)`` valid designs: every parameter in turn keeps its value if it can, else moves as little as it must."""
    wrong = np.flatnonzero(~feasible.accepts(codes)) if feasible.diagrams else np.zeros(0, np.int64)
    if not len(wrong):
        return codes
    result = codes.copy()
    for diagram in feasible.diagrams:
        if len(wrong) == 1:
            _project_one(diagram, result[wrong[0]], ordered)
            continue
        states = np.zeros(len(wrong), np.int32)
        for layer in diagram.layers:
            k = layer.position
            following = layer.following[states]
            code = nearest_allowed(following >= 0, result[wrong, k], ordered[k])
            states = following[np.arange(len(wrong)), code]
            result[wrong, k] = code
    return result


def _project_one(diagram: Diagram, row: NDArray[Any], ordered: tuple[bool, ...]) -> None:
    """The same for one ``(d,)`` design, in place: plain integers are ten times faster than arrays of one."""
    state = 0
    for layer in diagram.layers:
        following = layer.following[state].tolist()
        size, wanted = len(following), int(row[layer.position])
        if following[wanted] >= 0:
            code = wanted
        elif ordered[layer.position]:
            code = min((c for c in range(size) if following[c] >= 0), key=lambda c: (abs(c - wanted), c))
        else:
            code = next(c % size for c in range(wanted, wanted + size) if following[c % size] >= 0)
        row[layer.position] = code
        state = following[code]


@dataclass(frozen=True, slots=True, eq=False)
class _Prefixes:
    """Partial designs in lexicographic order, and the states of the diagrams after them."""

    codes: NDArray[np.int32]
    """``(n, k)``"""
    states: tuple[NDArray[np.int32], ...]

    def __getitem__(self, rows: Any) -> _Prefixes:
        return _Prefixes(self.codes[rows], tuple(states[rows] for states in self.states))


def enumerate_valid(feasible: Feasible, chunk: int) -> Iterator[NDArray[np.int32]]:
    """All valid designs in lexicographic order, *chunk* rows at a time (the last piece may be shorter)."""
    start = _Prefixes(np.zeros((1, 0), np.int32), tuple(np.zeros(1, np.int32) for _ in feasible.diagrams))
    waiting: list[NDArray[np.int32]] = []
    held = 0
    for piece in _expand(feasible, start, chunk):
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


def _expand(feasible: Feasible, prefixes: _Prefixes, chunk: int) -> Iterator[NDArray[np.int32]]:
    """Complete the prefixes in groups that have at most *chunk* completions each."""
    if prefixes.codes.shape[1] == len(feasible.sizes):
        yield prefixes.codes
        return
    ends = np.cumsum(_completions(feasible, prefixes))
    first = 0
    while first < len(ends):
        done = ends[first - 1] if first else 0.0
        last = max(int(np.searchsorted(ends, done + chunk, side="right")), first + 1)
        group = prefixes[first:last]
        if ends[last - 1] - done <= chunk:
            while group.codes.shape[1] < len(feasible.sizes):
                group = _extend(feasible, group)
            yield group.codes
        else:
            yield from _expand(feasible, _extend(feasible, group), chunk)
        first = last


def _extend(feasible: Feasible, prefixes: _Prefixes) -> _Prefixes:
    k = prefixes.codes.shape[1]
    home = feasible.home[k]
    rows: NDArray[Any]
    code: NDArray[Any]
    if home is None:
        size = feasible.sizes[k] or 0
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


def _completions(feasible: Feasible, prefixes: _Prefixes) -> NDArray[np.float64]:
    """``(n,)`` completions of each prefix: exact while small, good enough to compare with a chunk when large."""
    k = prefixes.codes.shape[1]
    found = np.ones(len(prefixes.codes))
    for position in feasible.free:
        if position >= k:
            found *= feasible.sizes[position] or 0
    for diagram, states in zip(feasible.diagrams, prefixes.states, strict=True):
        layer = next((layer for layer in diagram.layers if layer.position >= k), None)
        if layer is not None:
            found *= layer.count[states].astype(np.float64)
    return found
