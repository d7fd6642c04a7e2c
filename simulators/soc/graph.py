"""A workload as a graph: tasks that compute, edges that carry data from one to the next.

A task runs once. Its work is counted in instructions of a general processor; an accelerator does the same work in
cycles of its own. The producer of an edge writes its bytes to a memory, the consumer reads them from there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

SOURCE = "source"
SINK = "sink"
"""The dummy tasks at which every graph starts and ends; graphs that run at once share them."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """Hardware for one task, as built once (unroll 1) and run at its base clock.

    A variant that is unrolled u times is u times as fast and as large and takes u times the energy; its clock changes
    its speed alone.
    """

    name: str
    cycles: float
    """For the whole task."""
    base_clock_hz: float
    energy_j: float
    """For the whole task."""
    area_m2: float
    unrolls: tuple[int, ...]
    clocks_mhz: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """One step of a workload. A dummy has no work and no accelerators: it only waits for data."""

    name: str
    work: float
    """Instructions; 0 for a dummy."""
    dummy: bool
    accelerators: tuple[Accelerator, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """Data that the producer writes once and the consumer reads once."""

    producer: str
    consumer: str
    bytes: float


@dataclass(frozen=True, slots=True)
class TaskGraph:
    """One workload. `graph_check.check_graph` says whether it can run; files and generators make checked ones."""

    name: str
    tasks: tuple[Task, ...]
    """In the order in which they were listed, source and sink among them: the order decides ties in the schedule."""
    edges: tuple[Edge, ...]
    last: str
    """The task whose finish time is the workload's latency."""
    deadline_s: float | None
    """The budget for that latency."""

    @property
    def content_hash(self) -> str:
        """16 hexadecimal digits over everything that the graph says, its order included."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]
