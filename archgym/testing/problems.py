"""Problems that the agent kit poses: the toy simulator, and a bowl over every kind of parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Problem
from archgym.objective import Objective, Optimize
from archgym.registry import make_simulator
from archgym.simulator import Evaluations, Metric, Simulator, Status, Workload
from archgym.space import Categorical, DesignBatch, DesignSpace, Integer, Ordinal, Predicate, Real


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A problem, and the simulator behind it."""

    problem: Problem
    simulator: Simulator


def toy(space: str = "default", metrics: tuple[str, ...] = ("latency",), budget: int = 1000) -> Trial:
    """The toy simulator; *metrics* are the objectives. ``small`` has 24 designs, a few of them infeasible."""
    simulator = make_simulator("toy", space=space)
    objective = Objective(tuple(Optimize(metric) for metric in metrics))
    name = f"toy {space}, {' and '.join(metrics)}"
    return Trial(Problem(name, simulator.space, objective, simulator.metrics, budget), simulator)


def bowl(budget: int = 1000) -> Trial:
    """A sum of squares over one parameter of each kind, Real included, under a constraint."""
    simulator = BowlSimulator()
    objective = Objective((Optimize("height"),))
    return Trial(Problem("bowl", simulator.space, objective, simulator.metrics, budget), simulator)


def not_both_large(design: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Excludes the corner where both Integer and Ordinal are large."""
    allowed: NDArray[np.bool_] = ~((design["Integer"] > 7) & (design["Ordinal"] > 4))
    return allowed


def bowl_space() -> DesignSpace:
    """One parameter of each kind."""
    return DesignSpace(
        (
            Categorical("Categorical", ("a", "b", "c")),
            Ordinal("Ordinal", (1, 2, 4, 8)),
            Integer("Integer", 0, 9),
            Real("Real", 0.001, 10.0, log=True),
        ),
        constraints=(Predicate("not_both_large", ("Integer", "Ordinal"), not_both_large, doc="One of them is small."),),
        name="bowl",
    )


class BowlSimulator:
    """Height above the bottom of a bowl."""

    name = "bowl"
    version = "1"
    metrics = (Metric("height", "1"),)

    def __init__(self) -> None:
        self.space = bowl_space()
        self.workload = Workload("bowl", "b0415eed")

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Squared distances from (b, 2, 3, 0.1), each in its own scale."""
        columns = designs.columns()
        height = np.where(columns["Categorical"] == "b", 0.0, 1.0)
        height = height + (columns["Ordinal"] - 2.0) ** 2 / 9.0 + (columns["Integer"] - 3.0) ** 2 / 9.0
        height = height + (np.log10(columns["Real"].astype(np.float64)) + 1.0) ** 2
        return Evaluations(height[:, None], np.full(len(designs), Status.OK, np.uint8))
