"""What a chip has to run: several task graphs at once, merged at one source and one sink."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.graph import SINK, SOURCE, Edge, Task, TaskGraph
from archgym.simulators.soc.graph_check import check_graph


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """Merged task graphs, as objects and as read-only arrays over T tasks and E edges."""

    graphs: tuple[TaskGraph, ...]
    names: tuple[str, ...]
    """Workloads, in the order given, which is the order of loading."""
    tasks: tuple[Task, ...]
    """In loading order: a task stands where it appeared first, so source and sink stand in the first graph."""
    edges: tuple[Edge, ...]
    """In loading order."""
    last: tuple[int, ...]
    """Per workload, the task whose finish time is its latency."""
    deadlines: tuple[float | None, ...]
    """Per workload, in seconds."""
    graph_of: NDArray[np.int32]
    """``(T,)`` workload of each task; -1 for source and sink."""
    work: NDArray[np.float64]
    """``(T,)`` instructions."""
    dummy: NDArray[np.bool_]
    """``(T,)``"""
    edge_from: NDArray[np.int32]
    """``(E,)`` index of the producer."""
    edge_to: NDArray[np.int32]
    """``(E,)`` index of the consumer."""
    edge_bytes: NDArray[np.float64]
    """``(E,)``"""

    @classmethod
    def of(cls, graphs: Sequence[TaskGraph]) -> Application:
        """The merged *graphs*. Raises `DataError` where a graph is broken or two graphs share a name or a task."""
        owner = _owners(graphs)
        index = {name: i for i, name in enumerate(owner)}
        tasks = {task.name: task for graph in reversed(graphs) for task in graph.tasks}
        edges = tuple(edge for graph in graphs for edge in graph.edges)
        merged = cls(
            graphs=tuple(graphs),
            names=tuple(graph.name for graph in graphs),
            tasks=tuple(tasks[name] for name in owner),
            edges=edges,
            last=tuple(index[graph.last] for graph in graphs),
            deadlines=tuple(graph.deadline_s for graph in graphs),
            graph_of=np.array(list(owner.values()), dtype=np.int32),
            work=np.array([tasks[name].work for name in owner], dtype=np.float64),
            dummy=np.array([tasks[name].dummy for name in owner], dtype=np.bool_),
            edge_from=np.array([index[edge.producer] for edge in edges], dtype=np.int32),
            edge_to=np.array([index[edge.consumer] for edge in edges], dtype=np.int32),
            edge_bytes=np.array([edge.bytes for edge in edges], dtype=np.float64),
        )
        merged._freeze()
        return merged

    def _freeze(self) -> None:
        for array in (self.graph_of, self.work, self.dummy, self.edge_from, self.edge_to, self.edge_bytes):
            array.setflags(write=False)

    @property
    def content_hash(self) -> str:
        """16 hexadecimal digits over all graphs and their order."""
        hashes = " ".join(graph.content_hash for graph in self.graphs)
        return hashlib.sha256(hashes.encode()).hexdigest()[:16]


def _owners(graphs: Sequence[TaskGraph]) -> dict[str, int]:
    """Every task's name in loading order, with the graph that it belongs to, -1 where they share it."""
    if not graphs:
        raise DataError("application: expected at least one task graph, got none")
    owner: dict[str, int] = {}
    for i, graph in enumerate(graphs):
        check_graph(graph)
        if graph.name in (other.name for other in graphs[:i]):
            raise DataError(f"application: workload {graph.name!r} is given twice: give each graph a name of its own")
        for task in graph.tasks:
            if task.name in (SOURCE, SINK):
                owner.setdefault(task.name, -1)
            elif owner.setdefault(task.name, i) != i:
                first = graphs[owner[task.name]].name
                raise DataError(
                    f"application: task {task.name!r} is in workload {first!r} and in {graph.name!r}: "
                    "rename it in one of them"
                )
    return owner
