"""The space as a Gymnasium `MultiDiscrete`: value indices, the view nearest to the space itself."""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from archgym.space import DesignBatch, DesignSpace


class MultiDiscreteView:
    """Points are ``(n, d)`` int64 value indices; one that is not valid stands for its projection."""

    def __init__(self, space: DesignSpace) -> None:
        space.require_finite("make a MultiDiscrete of")
        self.space = space
        self.gym_space = spaces.MultiDiscrete(space.cardinalities)

    def encode(self, batch: DesignBatch) -> NDArray[np.int64]:
        return batch.codes.astype(np.int64)

    def decode(self, points: ArrayLike) -> DesignBatch:
        """`DesignError` for another shape or an index out of range."""
        return DesignBatch(self.space, self.space.project(points))
