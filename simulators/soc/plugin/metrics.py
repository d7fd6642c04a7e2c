"""What the SoC simulator reports, with units and exact meanings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archgym.simulator import Metric
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import BatchResult
from archgym.simulators.soc.tables import Tables

LATENCY = "latency"
MM2_PER_M2 = 1e6


def latency_name(workload: str) -> str:
    """Name of the latency of one workload of several."""
    return f"{LATENCY}_{workload}"


def make_metrics(application: Application) -> tuple[Metric, ...]:
    """The metrics for an application; with several workloads, the latency of each too."""
    several = len(application.names) > 1
    each = [
        Metric(latency_name(name), "s", "lower", f"Finish time of the last task of {name}, all running at once.")
        for name in application.names
        if several
    ]
    what = "of the workload that ends last" if several else "of the workload"
    return (
        Metric(LATENCY, "s", "lower", f"Finish time of the last task {what}."),
        *each,
        Metric("energy", "J", "lower", "Processors, accelerators and memory accesses; no leakage, as in FARSI."),
        Metric("power", "W", "lower", "Largest mean power of the windows of 10 ms or more (shorter runs: of all)."),
        Metric("area", "mm2", "lower", "All blocks that are used; buses take none, as in FARSI."),
        Metric("area_logic", "mm2", "lower", "Area without stacked memories (DRAM): it has a budget of its own."),
        Metric("area_stacked", "mm2", "lower", "Area of stacked memories (DRAM): it has a budget of its own."),
        Metric("area_processors", "mm2", "lower", "Area of the processors."),
        Metric("area_accelerators", "mm2", "lower", "Area of the accelerators."),
        Metric("memory_peak", "B", "none", "The most that each memory holds at a time, summed over the memories."),
        Metric("development_cost", "1", "lower", "FARSI's porting effort: an accelerator costs 100 processors."),
        Metric(
            "budget_distance",
            "1",
            "lower",
            "FARSI's distance: sum of value/budget - 1 over the budgets missed (latency of each workload, power, "
            "both areas); a budget that holds within 0.1 % adds 1e-9.",
        ),
        Metric("meets_budgets", "1", "higher", "1 where every budget holds within 0.1 %, else 0."),
    )


def metric_values(result: BatchResult, application: Application, tables: Tables) -> NDArray[np.float64]:
    """``(n, len(metrics))`` in the order of `make_metrics`."""
    several = len(application.names) if len(application.names) > 1 else 0
    values = np.empty((len(result.energy), several + 12))
    values[:, 0] = result.latency.max(axis=1)
    values[:, 1 : 1 + several] = result.latency[:, :several]
    rest = values[:, 1 + several :]
    rest[:, 0] = result.energy
    rest[:, 1] = result.power
    stacked = result.area_by_kind[:, 2:] @ tables.technology_stacked
    rest[:, 2] = result.area * MM2_PER_M2
    rest[:, 3] = (result.area - stacked) * MM2_PER_M2
    rest[:, 4] = stacked * MM2_PER_M2
    rest[:, 5:7] = result.area_by_kind[:, :2] * MM2_PER_M2
    rest[:, 7] = result.peak_bytes
    rest[:, 8] = result.development_cost
    rest[:, 9] = result.distance
    rest[:, 10] = result.meets_budgets
    return values
