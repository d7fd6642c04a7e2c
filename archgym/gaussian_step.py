"""A Gaussian step of a Real parameter, for searchers that otherwise move between value indices.

The step is taken on the unit interval (of the logarithm, where the parameter says so) and reflected at its ends.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archgym.space import Real


def gaussian_step(
    parameter: Real, values: NDArray[np.float64], sigma: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """*values* ``(n,)`` each moved by a normal step of *sigma* times the parameter's range, kept within the range."""
    moved = np.mod(parameter.to_unit(values) + sigma * rng.standard_normal(len(values)), 2.0)
    return parameter.from_unit(np.where(moved > 1, 2 - moved, moved))
