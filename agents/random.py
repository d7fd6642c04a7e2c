"""Random search: designs drawn uniformly among the valid ones.

The baseline every searcher has to beat, and a strong one (J. Bergstra and Y. Bengio, "Random Search for
Hyper-Parameter Optimization", JMLR 13, 2012). ArchGym (ISCA 2023) runs it as its "random walker", with replacement
and for 10,000 or 20,000 steps; it has nothing to tune. Drawing without replacement spends no proposal twice and,
given time, enumerates the space.

Hyperparameters: ``replace``. Handles any number of objectives and every kind of parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters
from archgym.design_keys import Codes
from archgym.seeding import generator
from archgym.shuffle import BLOCK, ShuffledDesigns
from archgym.space import DesignBatch


class RandomAgent:
    """Uniform random designs, with or without replacement."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "replace": Hyperparameter(
                "draw with replacement; without, no design is proposed twice and the space ends", choices=(True, False)
            )
        }
    )

    def __init__(self, problem: Problem, *, seed: int, replace: bool = True) -> None:
        check_hyperparameters("random", type(self), {"replace": replace})
        self._space = problem.space
        self._rng = generator(seed, "agent", "random")
        self._shuffled = None if replace else ShuffledDesigns(problem.space, self._rng)
        self._ready: Codes = problem.space.sample(0, self._rng).codes

    def ask(self, n: int, /) -> DesignBatch:
        """*n* designs; fewer only without replacement, when the space is used up."""
        return DesignBatch(self._space, self._drawn(n) if self._shuffled is None else self._shuffled.take(n))

    def tell(self, results: Told, /) -> None:
        """Learns nothing."""

    def _drawn(self, n: int) -> Codes:
        """``(n, d)`` drawn in blocks of one size, so that the sizes of the asks do not show in the sequence."""
        blocks = [self._space.sample(BLOCK, self._rng).codes for _ in range(len(self._ready), n, BLOCK)]
        rows = np.concatenate([self._ready, *blocks])
        self._ready = rows[n:]
        return rows[:n]
