"""Walking many designs through their parameters at once, with the exact set of values that are still possible.

Every view that builds designs one parameter after another (`archgym.views`) and the projection stand on this.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.diagram import Diagram
from archgym.feasible import Feasible


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

    def alive(self) -> NDArray[np.bool_]:
        """``(n,)`` which prefixes have a valid completion: all those whose values were allowed when chosen."""
        alive = np.ones(self._n, bool)
        for states in self._states:
            alive &= states >= 0
        return alive

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
    if not feasible.diagrams or (len(codes) == 1 and feasible.accepts_one(codes.tolist()[0])):
        return codes
    wrong = np.flatnonzero(~feasible.accepts(codes))
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
