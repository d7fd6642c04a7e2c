"""Random generators that no two parts of a run share, although the run has one seed.

``default_rng(seed)`` in an agent and in a noisy simulator would be the same stream, and the agent's draws would be
correlated with what it is to find.
"""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, *purpose: str) -> np.random.Generator:
    """The generator of *seed* for one *purpose* (``"agent", "random"``); the same in every process."""
    return np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in purpose)])
