"""A simulator for the tests of the evaluator, small enough to know every answer; importable by worker processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from typing import Any

from archgym.simulator import Evaluations, Infeasible, Metric, ScalarSimulator, Workload
from archgym.space import Categorical, DesignBatch, DesignSpace, Integer, Predicate


def below_diagonal(design: Mapping[str, Any]) -> Any:
    return design["x"] + design["y"] <= 15


class Bowl(ScalarSimulator):
    """cost = (x - 3)^2 + y, size = x + y; x = 9 does not exist, y = 9 breaks, and calls are counted."""

    name, version, workload = "bowl", "1", Workload("none", "00")
    metrics = (Metric("cost", "ns"), Metric("size", "mm2"))
    space = DesignSpace(
        [Integer("x", 0, 9), Integer("y", 0, 9), Categorical("kind", ("a", "b"))],
        [Predicate("below_diagonal", ("x", "y"), below_diagonal, "x + y <= 15")],
        "bowl",
    )

    def __init__(self) -> None:
        self.calls = 0
        self.priced = 0

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        self.calls += 1
        self.priced += len(designs)
        return super().evaluate(designs)

    def simulate(self, design: Mapping[str, Any], /) -> Mapping[str, float]:
        if design["x"] == 9:
            raise Infeasible("x = 9 does not exist")
        if design["y"] == 9:
            raise ZeroDivisionError("no such y")
        return {"cost": (design["x"] - 3.0) ** 2 + design["y"], "size": float(design["x"] + design["y"])}


class Explosive(Bowl):
    """The whole batch raises when it has an x of 7; x = 6 kills its process, x = 5 hangs."""

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        x = designs.codes[:, 0]
        if 7 in x:
            raise MemoryError("x = 7 is too big")
        if 6 in x:
            os.kill(os.getpid(), signal.SIGKILL)
        if 5 in x:
            time.sleep(60)
        return super().evaluate(designs)


def unbuildable() -> Bowl:
    raise OSError("no licence")
