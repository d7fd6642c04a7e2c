"""The space as a sequence of decisions, one parameter a step, for agents that use action masks or build designs.

The mask of a step is exact: a masked-in action always has a valid completion, so no sequence runs into a dead end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from archgym.errors import DesignError
from archgym.space import DesignBatch, DesignSpace

UNDECIDED = -1
"""Stands in a prefix for a parameter that is not set yet."""


class StepsView:
    """Points are ``(n, d)`` actions in order. An action masked out stands for the nearest possible one."""

    def __init__(self, space: DesignSpace) -> None:
        space.require_finite("walk step by step through")
        self.space = space
        self.width = int(space.cardinalities.max())
        """Actions of the widest step; masks are padded to it."""
        self.gym_space: spaces.Space[Any] = spaces.Discrete(self.width)
        self.prefix_space = spaces.Box(UNDECIDED, self.width - 1, (space.d,), np.int32)
        """What an agent sees: the indices chosen so far, `UNDECIDED` for the rest."""

    def encode(self, batch: DesignBatch) -> NDArray[np.int64]:
        return batch.codes.astype(np.int64)

    def decode(self, points: ArrayLike) -> DesignBatch:
        """`DesignError` for another shape or an index out of range."""
        return DesignBatch(self.space, self.space.project(points))

    def mask(self, prefix: ArrayLike) -> NDArray[np.bool_]:
        """``(width,)`` actions that are possible after the ``(k,)`` indices *prefix*."""
        allowed = self.space.allowed(prefix)
        mask = np.zeros(self.width, bool)
        mask[: len(allowed)] = allowed
        return mask

    def start(self, n: int = 1) -> Steps:
        """*n* designs under construction, side by side."""
        return Steps(self, n)


class Steps:
    """Designs under construction. All of them are at the same step."""

    def __init__(self, view: StepsView, n: int) -> None:
        self._view = view
        self._walk = view.space.walk(n)
        self.prefix = np.full((n, view.space.d), UNDECIDED, np.int32)
        """``(n, d)`` the indices chosen so far, `UNDECIDED` for the rest."""

    @property
    def position(self) -> int:
        """Index of the parameter to be decided."""
        return self._walk.position

    @property
    def done(self) -> bool:
        return self.position == self._view.space.d

    def masks(self) -> NDArray[np.bool_]:
        """``(n, width)`` possible actions of this step."""
        if self.done:
            raise DesignError("the designs are complete: no further step")
        allowed = self._walk.allowed()
        masks = np.zeros((len(self.prefix), self._view.width), bool)
        masks[:, : allowed.shape[1]] = allowed
        return masks

    def step(self, actions: ArrayLike) -> None:
        """Take ``(n,)`` actions; `DesignError` where one is masked out, and nothing is taken then."""
        given: NDArray[Any] = np.asarray(actions)
        masks = self.masks()
        if given.shape != (len(masks),) or given.dtype.kind not in "iu":
            raise DesignError(f"expected {len(masks)} integer actions, got {given.dtype} of shape {given.shape}")
        inside = (given >= 0) & (given < self._view.width)
        possible = inside & masks[np.arange(len(masks)), np.where(inside, given, 0)]
        if not possible.all():
            row = int(np.argmin(possible))
            name = self._view.space.names[self.position]
            known = np.flatnonzero(masks[row]).tolist()
            raise DesignError(f"row {row}, parameter {name!r}: action {given[row]} is not one of {known}")
        self.prefix[:, self.position] = given
        self._walk.choose(given.astype(np.intp))

    def batch(self) -> DesignBatch:
        """The complete designs; `DesignError` before the last step."""
        if not self.done:
            raise DesignError(f"only {self.position} of {self._view.space.d} parameters are decided")
        return DesignBatch(self._view.space, self.prefix.copy())
