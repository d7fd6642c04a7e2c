"""The designs next to a design: all that differ from it in the value of one parameter.

Where a single change breaks a constraint, it can be repaired: the design is projected (`DesignSpace.project`) and later
parameters follow the change, so that a knob that forces another one, or a product that has to stay constant, does not
wall the search in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archgym.design_keys import Codes, design_keys
from archgym.gaussian_step import gaussian_step
from archgym.space import Categorical, DesignBatch, DesignSpace, Real

LONG = 64
"""Ordered parameters with more values than this are changed by powers of two of the index, not to every value."""
REAL_STEPS = 4
"""Gaussian steps tried for each Real parameter."""


class Neighbourhood:
    """Makes the neighbours of a design of *space*.

    *adjacent*: ordered parameters move to the next lower and higher value only. *sigma*: the step of Real
    parameters, as a share of their range.
    """

    def __init__(self, space: DesignSpace, *, adjacent: bool, sigma: float) -> None:
        self._space = space
        self._sigma = sigma
        self._reals = [(at, p) for at, p in enumerate(space.parameters) if isinstance(p, Real)]
        steps = {
            at: _offsets(p.size, isinstance(p, Categorical), adjacent)
            for at, p in enumerate(space.parameters)
            if p.size is not None
        }
        self._columns = np.repeat(list(steps), [len(step) for step in steps.values()]).astype(np.intp)
        self._offsets = np.concatenate([*steps.values(), np.zeros(0, np.int64)])
        self._sizes = np.array([space.parameters[at].size for at in self._columns], np.int64)
        self._wraps = np.array([isinstance(space.parameters[at], Categorical) for at in self._columns], np.bool_)

    def around(self, point: Codes, rng: np.random.Generator) -> tuple[Codes, Codes]:
        """The designs that differ from *point* ``(d,)`` in one value, in random order: valid ones and invalid ones."""
        values = point[self._columns] + self._offsets
        values = np.where(self._wraps, values % self._sizes, values)
        inside = (values >= 0) & (values < self._sizes)
        rows = np.repeat(point[None], np.count_nonzero(inside), axis=0)
        rows[np.arange(len(rows)), self._columns[inside]] = values[inside]
        if self._reals:
            rows = np.concatenate([rows, *(self._moved(point, at, real, rng) for at, real in self._reals)])
        rows = rows[rng.permutation(len(rows))]
        if not self._space.constraints:
            return rows, rows[:0]
        valid = self._space.valid(DesignBatch(self._space, rows))
        return rows[valid], rows[~valid]

    def repaired(self, broken: Codes, point: Codes) -> Codes:
        """``(k, d)`` the designs that *broken* neighbours of *point* become, without repetitions and *point* itself."""
        if not len(broken):
            return broken
        rows = self._space.project(DesignBatch(self._space, broken))
        first = {key: at for at, key in reversed(list(enumerate(design_keys(rows))))}
        first.pop(design_keys(point[None])[0], None)
        return rows[sorted(first.values())]

    def _moved(self, point: Codes, at: int, real: Real, rng: np.random.Generator) -> Codes:
        rows = np.repeat(point[None], REAL_STEPS, axis=0)
        rows[:, at] = gaussian_step(real, rows[:, at], self._sigma, rng)
        return rows


def _offsets(size: int, categorical: bool, adjacent: bool) -> NDArray[np.int64]:
    """Index steps to try, before those that leave the range are dropped (a Categorical's wrap around instead)."""
    if categorical:
        return np.arange(1, size, dtype=np.int64)
    if adjacent:
        ups = np.arange(1, min(size, 2), dtype=np.int64)
    elif size <= LONG:
        ups = np.arange(1, size, dtype=np.int64)
    else:
        ups = 2 ** np.arange((size - 1).bit_length(), dtype=np.int64)
    return np.concatenate([-ups[::-1], ups])
