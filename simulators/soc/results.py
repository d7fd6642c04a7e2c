"""What the model says about one system on chip, in full: for people, pictures and architecture-aware searchers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["processor", "accelerator", "sram", "dram", "bus"]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """One task. Times are seconds since the start."""

    name: str
    block: str
    """The processing element that runs it."""
    ready_s: float
    """All parents have finished; the output memory is allocated."""
    start_s: float
    """Start of the first phase in which it runs."""
    finish_s: float
    energy_j: float
    energy_j_by_block: Mapping[str, float]
    """Its processing element and the memories that it reads and writes."""
    bottleneck_s: Mapping[str, float]
    """Seconds during which each block set its pace (ties go to the first of: processing element, then the order of
    channels)."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of time during which the set of running tasks, and so every rate, stays the same."""

    start_s: float
    duration_s: float
    energy_j: float
    running: tuple[str, ...]
    """Tasks, in the scheduler's order."""
    bottlenecks: tuple[str, ...]
    """The block that sets the pace of each running task; "" for a dummy."""


@dataclass(frozen=True, slots=True)
class BlockResult:
    """One block that something uses."""

    name: str
    type: str
    kind: Kind
    area_m2: float
    energy_j: float
    busy_s: float
    """Time in which at least one task computes on it or moves data through it."""
    peak_bytes: float
    """Memories: most bytes held at a time; 0 elsewhere."""
    capacity_bytes: int
    """Memories: the size that is built for them; 0 elsewhere."""
    tasks: tuple[str, ...]
    """Tasks that run on it, or read or write through it, in the order of the task graph."""


@dataclass(frozen=True, slots=True)
class SocResult:
    """One design on one or several workloads at once."""

    latency_s: Mapping[str, float]
    """Workload to the finish time of its last task."""
    energy_j: float
    power_w: float
    """Largest mean power of the windows of 10 ms or more."""
    area_m2: float
    area_m2_by_kind: Mapping[Kind, float]
    development_cost: float
    distance: float
    """Sum of the relative distances to the budgets that are missed (FARSI's mode "eliminate")."""
    distance_simple: float
    """Sum of all relative distances to the budgets, absolute (FARSI's mode "simple")."""
    meets_budgets: bool
    tasks: Mapping[str, TaskResult]
    """In the order of the task graph."""
    phases: tuple[Phase, ...]
    """In time order, phases without duration included; the first is empty (FARSI's phase -1)."""
    blocks: tuple[BlockResult, ...]
    links: tuple[tuple[str, str], ...]
    """Connections that were simulated, after the clean-up of the topology: bus to bus, and bus to block."""
    scan_order: tuple[str, ...]
    """The order in which the scheduler looks for tasks to launch (FARSI's kernel order)."""
