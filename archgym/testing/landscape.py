"""Problems that are a plain function over value indices, so that a test knows the optimum of what it poses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Problem
from archgym.objective import Objective, Optimize
from archgym.simulator import Evaluations, Metric, Status, Workload
from archgym.space import DesignBatch, DesignSpace, Integer
from archgym.testing.problems import Trial

Height = Callable[[NDArray[Any]], NDArray[np.float64]]
"""``(n, d)`` codes to ``(n,)`` heights, lower is better; inf: the design is infeasible."""


def grid(*sizes: int) -> DesignSpace:
    """A space of Integer parameters whose codes are their values."""
    return DesignSpace(tuple(Integer(f"p{at}", 0, size - 1) for at, size in enumerate(sizes)), name="grid")


def landscape(space: DesignSpace, height: Height, budget: int = 1000) -> Trial:
    """The problem of finding the lowest point of *height* in *space*."""
    simulator = LandscapeSimulator(space, height)
    problem = Problem("landscape", space, Objective((Optimize("height"),)), simulator.metrics, budget)
    return Trial(problem, simulator)


class LandscapeSimulator:
    """Its one metric is a function of the design's codes."""

    name = "landscape"
    version = "1"
    metrics = (Metric("height", "1"),)

    def __init__(self, space: DesignSpace, height: Height) -> None:
        self.space = space
        self.workload = Workload("landscape", "1a9d5ca9e")
        self._height = height

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Heights; a design of infinite height is infeasible."""
        height = np.asarray(self._height(designs.codes), np.float64)
        bad = np.isinf(height)
        status = np.where(bad, Status.INFEASIBLE, Status.OK).astype(np.uint8)
        return Evaluations(np.where(bad, np.nan, height)[:, None], status)
