"""What the kernel reads and writes: an application as arrays, and the scratch of one thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.soc import kernel
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.budgets import Budgets
from archgym.simulators.soc.graph import SINK, SOURCE
from archgym.simulators.soc.tables import Tables

Shape = tuple[int, int, int]
"""Most processing elements, memories and buses of a batch."""


def graph_of(application: Application, budgets: Budgets, burst_bytes: int) -> kernel.Graph:
    """The application for the kernel. A task moves its data in bursts of *burst_bytes*."""
    tasks, edges = len(application.tasks), len(application.edges)
    at = np.zeros((2, tasks + 1), np.int64)
    order = np.zeros((2, edges), np.int64)
    for direction, end in ((kernel.READ, application.edge_to), (kernel.WRITE, application.edge_from)):
        at[direction, 1:] = np.cumsum(np.bincount(end, minlength=tasks))
        order[direction] = np.argsort(end, kind="stable")
    names = [task.name for task in application.tasks]
    dice = [_dice(application, t, burst_bytes) for t in range(tasks)]
    units = np.zeros((2, edges))
    for e in range(edges):
        units[kernel.READ, e] = application.edge_bytes[e] // dice[application.edge_to[e]]
        units[kernel.WRITE, e] = application.edge_bytes[e] // dice[application.edge_from[e]]
    workloads = np.zeros(len(application.names), kernel.WORKLOAD)
    workloads["last"] = application.last
    workloads["deadline"] = [np.nan if deadline is None else deadline for deadline in application.deadlines]
    whole = np.zeros(1, kernel.WHOLE)
    whole["least_work"] = application.work[~application.dummy].min()
    whole["power_w"] = budgets.power_w * len(application.names)
    whole["area_m2"] = budgets.area_m2 * len(application.names)
    whole["source"], whole["sink"] = names.index(SOURCE), names.index(SINK)
    return kernel.Graph(
        tasks=_table(kernel.TASK, work=application.work, dummy=application.dummy),
        edges=_table(
            kernel.EDGE,
            bytes=application.edge_bytes,
            producer=application.edge_from,
            consumer=application.edge_to,
        ),
        units=units,
        at=at,
        listed=order,
        workloads=workloads,
        whole=whole,
    )


def _table(dtype: np.dtype[np.void], **columns: NDArray[Any]) -> NDArray[Any]:
    """Records of *dtype* with *columns* of one shape in their fields."""
    table = np.zeros(next(iter(columns.values())).shape, dtype)
    for name, column in columns.items():
        table[name] = column
    return table


def _dice(application: Application, t: int, burst_bytes: int) -> float:
    """Into how many pieces a task is cut, of which each reads one burst; the weights of arbitration depend on it."""
    reads = application.edge_bytes[application.edge_to == t]
    writes = application.edge_bytes[application.edge_from == t]
    if reads.size == 0 or writes.size == 0:  # source and sink
        return 1.0
    dice = float(reads.min() // burst_bytes)
    if dice == 0 or writes.min() // dice == 0 or application.work[t] // dice == 0:
        return 1.0
    return dice


def types_of(tables: Tables) -> kernel.Types:
    """The tables for the kernel."""
    return kernel.Types(
        pes=_table(
            kernel.ELEMENT_TYPE,
            rate=tables.pe_rate,
            joule=tables.pe_joule,
            area=tables.pe_area,
            cost=tables.pe_cost,
            task=tables.pe_task,
        ),
        mems=_table(kernel.MEMORY_TYPE, rate=tables.mem_rate, technology=tables.mem_technology),
        bus_rate=np.array(tables.bus_rate),
        technologies=_table(
            kernel.TECHNOLOGY,
            step_bytes=tables.step_bytes,
            floor_bytes=tables.floor_bytes,
            sizes=np.count_nonzero(~np.isnan(tables.area), axis=1),
            stacked=tables.technology_stacked,
        ),
        sizes=_table(kernel.SIZE, read_j=tables.read_j, write_j=tables.write_j, area=tables.area),
    )


def space_for(graph: kernel.Graph, shape: Shape) -> kernel.Space:
    """Fresh scratch for designs of *shape*."""
    tasks, edges = graph.tasks.shape[0], graph.edges.shape[0]
    pes, mems, buses = shape
    blocks, places = pes + mems + buses, mems + buses
    stations = min(2 * tasks * places, 2 * edges * (buses + 1))
    return kernel.Space(
        blocks=np.zeros(blocks, kernel.BLOCK),
        near=np.zeros((buses, blocks), np.int64),
        near_n=np.zeros(buses, np.int64),
        paths=np.zeros((buses, buses), kernel.PATH),
        passes=np.zeros((tasks, buses), np.uint8),
        loaded=np.zeros((places, tasks), np.int64),
        loaded_n=np.zeros(places, np.int64),
        is_loaded=np.zeros((places, tasks), np.uint8),
        lists=np.zeros((kernel.LISTS, max(tasks, edges, blocks)), np.int64),
        tasks=np.zeros(tasks, kernel.STATE),
        stations=np.zeros(stations, kernel.STATION),
        ports=np.zeros(2 * edges * buses, kernel.PORT),
        lanes=np.zeros(2 * buses * buses + 2 * mems, kernel.LANE),
        gates=np.zeros(2 * buses * places, kernel.GATE),
        turn_stamp=np.zeros(2 * buses * buses * places, np.int64),
        phases=np.zeros(tasks + 2, kernel.PHASE),
        entries=np.zeros((tasks + 1) * min(tasks, pes), kernel.ENTRY),
        counts=np.zeros(1, kernel.COUNT),
    )


def answers_for(n: int, workloads: int, technologies: int) -> kernel.Answers:
    """Rows for *n* designs."""
    return kernel.Answers(np.zeros(n, kernel.ROW), np.zeros((n, workloads)), np.zeros((n, 2 + technologies)))
