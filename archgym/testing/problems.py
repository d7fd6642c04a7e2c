"""Problems that the agent kit poses: the toy simulator, a bowl over every kind of parameter, a system on chip."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Problem
from archgym.architecture import EvaluatedOnly
from archgym.design_keys import design_keys
from archgym.objective import BudgetDistance, Objective, Optimize
from archgym.registry import make_simulator
from archgym.simulator import Evaluations, Metric, Simulator, Status, Workload
from archgym.space import Categorical, DesignBatch, DesignSpace, Integer, Ordinal, Predicate, Real
from archgym.task import RestrictedSimulator


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A problem, and the simulator behind it."""

    problem: Problem
    simulator: Simulator


Pose: TypeAlias = Callable[..., Trial]
"""``pose()`` is a problem of the usual size, ``pose("small")`` one of few designs; picklable."""


def toy(space: str = "default", metrics: tuple[str, ...] = ("latency",), budget: int = 1000) -> Trial:
    """The toy simulator; *metrics* are the objectives. ``small`` has 24 designs, a few of them infeasible."""
    simulator = make_simulator("toy", space=space)
    objective = Objective(tuple(Optimize(metric) for metric in metrics))
    name = f"toy {space}, {' and '.join(metrics)}"
    return Trial(Problem(name, simulator.space, objective, simulator.metrics, budget), simulator)


def layer(space: str = "default", budget: int = 1000) -> Trial:
    """A layer to be mapped on an array; its space has orders, tiles and a cluster. ``small`` has 32 mappings."""
    simulator: Simulator = make_simulator("mapping", workload="mobilenet_v2/block2_depthwise", space="maestro")
    if space == "small":
        tiles = {f"{level}_{dim}": [1] for level in ("outer", "inner") for dim in "CYX"} | {"outer_C": [4, 96]}
        choices = {"outer_order": ["CYX", "YCX"], "inner_order": ["CXY", "XYC"], "inner_parallel": ["C", "X"]}
        restricted = simulator.space.restrict(outer_parallel=["C"], cluster=[1, 16], **tiles, **choices)
        simulator = RestrictedSimulator(simulator, restricted)
    objective = Objective((Optimize("edp"),))
    return Trial(Problem(f"layer {space}, edp", simulator.space, objective, simulator.metrics, budget), simulator)


def chip(space: str = "default", budget: int = 1000) -> Trial:
    """A system on chip to be brought within its budgets; its `Architecture` explains what was evaluated.

    ``small`` has 32 designs.
    """
    simulator = PaidOnly(_small_chip() if space == "small" else make_simulator("soc", workload="hpvm_cava"))
    budgets = {"latency": 0.034, "power": 0.008737, "area_logic": 17.475, "area_stacked": 17.475}
    objective = Objective((BudgetDistance(budgets, tolerance=0.001),))
    name = f"chip {space}, distance to budgets"
    problem = Problem(name, simulator.space, objective, simulator.metrics, budget, architecture=simulator.architecture)
    return Trial(problem, simulator)


def _small_chip() -> Simulator:
    made = make_simulator("soc", workload="hpvm_cava", space="small")
    fixed = {name: ["core0"] for name in made.space.names if name.startswith("Run_") and name != "Run_gamut_map"}
    return RestrictedSimulator(made, made.space.restrict(Mem0_Width=[4, 128], Bus0_Width=[4, 128], **fixed))


def bowl(budget: int = 1000) -> Trial:
    """A sum of squares over one parameter of each kind, Real included, under a constraint."""
    simulator = BowlSimulator()
    objective = Objective((Optimize("height"),))
    return Trial(Problem("bowl", simulator.space, objective, simulator.metrics, budget), simulator)


class PaidOnly:
    """A simulator whose `Architecture` explains no design that it has not evaluated before."""

    def __init__(self, inner: Simulator) -> None:
        self._inner = inner
        self._keys: set[bytes] = set()
        self.name, self.version, self.workload = inner.name, inner.version, inner.workload
        self.space, self.metrics = inner.space, inner.metrics
        self.architecture = EvaluatedOnly(inner.architecture)  # type: ignore[attr-defined]
        self.architecture.open(lambda design: design_keys(self.space.from_designs([design]).codes)[0] in self._keys)

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """As the inner simulator."""
        self._keys.update(design_keys(designs.codes))
        return self._inner.evaluate(designs)


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
