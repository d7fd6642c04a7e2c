"""The space as a Gymnasium `Box` from -1 to 1, for continuous-control agents (SAC, PPO with a Gaussian, …).

It is the unit cube stretched to the range that such agents like. float32 is what they produce: it is fine enough to
reach every value of the largest finite parameter.
"""

from __future__ import annotations

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from archgym.space import DesignBatch, DesignSpace
from archgym.views.unit_cube import UnitCubeView, checked_points


class BoxView:
    """Points are ``(n, d)`` float32 in [-1, 1]. A `Real` parameter is resolved to float32 of its range."""

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        self.gym_space = spaces.Box(-1.0, 1.0, (space.d,), np.float32)
        self._cube = UnitCubeView(space)

    def encode(self, batch: DesignBatch) -> NDArray[np.float32]:
        """The middle of each value's share."""
        return (2 * self._cube.encode(batch) - 1).astype(np.float32)

    def decode(self, points: ArrayLike) -> DesignBatch:
        """`DesignError` for another shape, NaN or a coordinate outside [-1, 1]: clip an unbounded agent's action."""
        checked = checked_points(points, self.space, -1.0, 1.0)
        if len(checked) == 1 and self.space.finite:
            return self._cube.decode_one([(x + 1) / 2 for x in checked.tolist()[0]])
        return self._cube.decode_checked((checked + 1) / 2)
