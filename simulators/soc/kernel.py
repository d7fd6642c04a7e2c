"""FARSI's model of a system on chip on arrays: one design after the other, nothing allocated, nothing raised.

The steps of FARSI's simulation (arXiv 2201.05232): read and connect the design, find shortest paths, clean the topology
up, find the order in which tasks are looked for, list what every task moves through every block, run the phases, and
price the result. `tests/unit/soc/oracle.py` has the same model for reading. A block's code is its index among
processing elements, memories and buses in a row; "here" is a block, "came from" the block before it on the way from a
processing element to a memory.

Everything in `Space` is scratch of one thread; all its indices are 64 bits wide, so that every helper is compiled for
one kind of integer. Helpers get the few arrays that they need: compiling a function takes time per argument. Where a
table would have to be cleared per phase or per design, its entries carry the number of the moment at which they were
written instead (`stamp`).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

READ: Final = 0
WRITE: Final = 1
EARLY_FINISH: Final = 0.99
"""A task that is this far when any task finishes counts as finished."""
WINDOW_S: Final = 0.010
MEBIBYTE: Final = 1048576.0
CONNECTION_COST: Final = 0.1
"""Development cost of a bus, of 1 MiB of memory, and of a block on the route of a task to a memory."""
MET: Final = 1e-9
"""Distance to a budget that is met, or missed by less than `TOLERANCE`."""
TOLERANCE: Final = 0.001

OK: Final = 0
BAD_ELEMENT_TYPE: Final = 1
BAD_ELEMENT_BUS: Final = 2
BAD_MEMORY_TYPE: Final = 3
BAD_MEMORY_BUS: Final = 4
BAD_BUS_TYPE: Final = 5
BAD_LINK: Final = 6
LINK_TO_ITSELF: Final = 7
LINK_TWICE: Final = 8
BAD_TASK_ELEMENT: Final = 9
WRONG_ACCELERATOR: Final = 10
DUMMY_ON_ACCELERATOR: Final = 11
BAD_EDGE_MEMORY: Final = 12
LONG_CYCLE: Final = 13
NO_ROUTE: Final = 14
MEMORY_TOO_LARGE: Final = 15
NO_PROGRESS: Final = 16


def _record(*fields: tuple[str, str]) -> np.dtype[np.void]:
    return np.dtype((np.record, np.dtype(list(fields), align=True)))


TASK: Final = _record(("work", "f8"), ("dummy", "?"))
EDGE: Final = _record(("bytes", "f8"), ("producer", "i8"), ("consumer", "i8"))
WORKLOAD: Final = _record(("deadline", "f8"), ("last", "i8"))
"""The deadline is NaN where there is none."""
WHOLE: Final = _record(("least_work", "f8"), ("power_w", "f8"), ("area_m2", "f8"), ("source", "i8"), ("sink", "i8"))
"""Work of the smallest task, the budgets of all workloads together, and the dummies at the ends."""

ELEMENT_TYPE: Final = _record(("rate", "f8"), ("joule", "f8"), ("area", "f8"), ("cost", "f8"), ("task", "i8"))
MEMORY_TYPE: Final = _record(("rate", "f8"), ("technology", "i8"))
TECHNOLOGY: Final = _record(("step_bytes", "i8"), ("floor_bytes", "i8"), ("sizes", "i8"), ("stacked", "?"))
SIZE: Final = _record(("read_j", "f8"), ("write_j", "f8"), ("area", "f8"))

BLOCK: Final = _record(
    ("rate", "f8"),  # instructions/s or bytes/s
    ("held", "f8"),  # bytes
    ("peak", "f8"),
    ("type", "i8"),  # -1: absent
    ("steps", "i8"),  # size of a memory in steps of its technology
    ("seen", "i8"),
    ("taken", "i8"),
    ("touched", "i8"),
    ("station_stamp", "i8"),
    ("station_of", "i8"),
    ("at", "i8"),  # bus of an element or memory
    ("place", "i8"),  # rank of a memory, depth first
    ("used", "u1"),
)
PATH: Final = _record(("previous", "i8"), ("hops", "i8"))
"""From one bus to another: the bus before the last, -1 where there is no way, and the length."""
STATE: Final = _record(
    ("left", "f8"),  # instructions
    ("rate", "f8"),  # instructions/s
    ("ready_s", "f8"),
    ("start_s", "f8"),
    ("finish_s", "f8"),
    ("joule", "f8"),  # of the whole task
    ("pe", "i8"),
    ("rank", "i8"),
    ("missing", "i8"),  # parents that have not finished
    ("limit", "i8"),  # code of the block that sets the pace, -1 for a dummy
    ("station_at", "i8"),
    ("station_end", "i8"),
    ("walked", "u1"),
    ("done", "u1"),
)
STATION: Final = _record(
    ("weight", "f8"),  # bursts
    ("moved", "f8"),  # bytes
    ("pace", "f8"),  # instructions/s that the block allows when nothing else uses it
    ("here", "i8"),
    ("lane", "i8"),  # way in that is shared with other tasks; -1: a way of its own, from the element
    ("port_at", "i8"),  # first of a linked list of ways out, -1 at a memory
)
PORT: Final = _record(("port", "i8"), ("turn", "i8"), ("next", "i8"))
"""A way out of a bus, the pair of it and the lane (-1 for a lane of its own), and the station's next port."""
LANE: Final = _record(("stamp", "i8"), ("weight", "f8"))
GATE: Final = _record(("stamp", "i8"), ("lanes", "i8"))
"""What is known of a port in a phase: how many lanes lead to it."""
PHASE: Final = _record(("duration_s", "f8"), ("joule", "f8"), ("entry_at", "i8"))
ENTRY: Final = _record(("share", "f8"), ("task", "i8"), ("limit", "i8"))
"""A task in a phase: the part of its work that is done in it, and what sets its pace."""
COUNT: Final = _record(
    ("now", "i8"),  # the moment, counted over all designs of a space
    ("pes", "i8"),
    ("mems", "i8"),
    ("buses", "i8"),
    ("culprit", "i8"),
    ("phases", "i8"),  # the empty first one included
    ("running", "i8"),
    ("waiting", "i8"),
    ("fresh", "i8"),
)
ROW: Final = _record(
    ("energy", "f8"),
    ("power", "f8"),
    ("area", "f8"),
    ("development_cost", "f8"),
    ("distance", "f8"),
    ("distance_simple", "f8"),
    ("peak_bytes", "f8"),
    ("culprit", "i4"),
    ("meets_budgets", "?"),
    ("status", "u1"),
)

LISTS: Final = 11
MEMORY_OF, FIFO, ORDER, BUSES, STACK, STACK_AT, SORTED_OUT, SCAN, RUNNING, WAITING, FRESH = range(LISTS)
"""Rows of `Space.lists`. Codes: of the memory of each edge, and of all blocks, depth first. Buses: to visit, to prune.
A stack and where each of its levels is. Edges that a task writes, by memory. Tasks: in the order of the scan, running,
waiting for their element, just ready."""

Records = NDArray[Any]


class Graph(NamedTuple):
    """The application: T tasks, E edges, W workloads."""

    tasks: Records
    edges: Records
    units: NDArray[np.float64]
    """``(2, E)`` bursts of the edge as its consumer reads and as its producer writes it: weights of arbitration."""
    at: NDArray[np.int64]
    """``(2, T + 1)`` where the edges that a task reads and writes start in *listed*."""
    listed: NDArray[np.int64]
    """``(2, E)`` edges by consumer and by producer."""
    workloads: Records
    whole: Records
    """``(1,)``"""


class Types(NamedTuple):
    """What `Tables` say."""

    pes: Records
    mems: Records
    bus_rate: NDArray[np.float64]
    technologies: Records
    sizes: Records
    """``(K, S)``"""


class Designs(NamedTuple):
    """The arrays of a `SocBatch`."""

    pe_type: NDArray[np.int32]
    pe_bus: NDArray[np.int32]
    mem_type: NDArray[np.int32]
    mem_bus: NDArray[np.int32]
    bus_type: NDArray[np.int32]
    links: NDArray[np.int32]
    task_pe: NDArray[np.int32]
    edge_mem: NDArray[np.int32]


class Space(NamedTuple):
    """Scratch of one thread for designs of up to P elements, M memories and B buses."""

    blocks: Records
    """``(P + M + B,)`` by code."""
    near: NDArray[np.int64]
    """``(B, P + M + B)`` codes of the blocks that a bus is connected to, in the order of connection."""
    near_n: NDArray[np.int64]
    paths: Records
    """``(B, B)``"""
    passes: NDArray[np.uint8]
    """``(T, B)`` whether a route of the task passes the bus."""
    loaded: NDArray[np.int64]
    """``(M + B, T)`` tasks that use a memory or a bus, in the order in which they were found."""
    loaded_n: NDArray[np.int64]
    is_loaded: NDArray[np.uint8]
    """``(M + B, T)``"""
    lists: NDArray[np.int64]
    """``(LISTS, longest)``"""
    tasks: Records
    """``(T,)``"""
    stations: Records
    """By task. A station is a task in one direction at one block."""
    ports: Records
    lanes: Records
    gates: Records
    turn_stamp: NDArray[np.int64]
    phases: Records
    """``(T + 2,)``; phase 0 is empty."""
    entries: Records
    counts: Records
    """``(1,)``"""


class Answers(NamedTuple):
    """A row per design; NaN where the status is not `OK`."""

    rows: Records
    latency: NDArray[np.float64]
    area_by_kind: NDArray[np.float64]


# What is called from Python, and what only from here; wrappers that no one calls take time to compile, as do rewrites
# of array expressions where there are none.
_njit: Any = njit
_entry: Any = _njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, no_rewrites=True)
_jit: Any = _njit(
    cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, no_cpython_wrapper=True, no_rewrites=True
)


@_entry
def run(graph: Graph, types: Types, designs: Designs, space: Space, answers: Answers, first: int, end: int) -> None:
    """Answer the designs *first* to *end* - 1."""
    for i in range(first, end):
        status = _read_design(graph, types, designs, space, i)
        if status == OK:
            status = _connect_all(designs.links, space, i)
        if status == OK:
            status = _find_paths(space)
        if status == OK:
            status = _mark_passes(graph, space)
        if status == OK:
            _order_tasks(graph, space)
            _list_traffic(graph, space)
            status = _run_phases(graph, space)
        if status == OK:
            status = _size_memories(types, space)
        if status == OK:
            _add_energy(graph, types, space, answers, i)
            _add_areas(graph, types, space, answers, i)
            _add_cost(graph, types, space, answers, i)
            _measure_distances(graph, types, answers, i)
        else:
            _say_nothing(answers, i)
        answers.rows[i].status = status
        answers.rows[i].culprit = space.counts[0].culprit


@_jit
def _read_design(graph: Graph, types: Types, designs: Designs, space: Space, i: int) -> int:
    """Copy the design into the space; not `OK` where an index points nowhere or an element cannot run a task."""
    pes, mems, buses = designs.pe_type.shape[1], designs.mem_type.shape[1], designs.bus_type.shape[1]
    blocks, count = space.blocks, space.counts
    count[0].pes, count[0].mems, count[0].buses = pes, mems, buses
    for b in range(buses):
        type_ = designs.bus_type[i, b]
        count[0].culprit = b
        if type_ < -1 or type_ >= types.bus_rate.shape[0]:
            return BAD_BUS_TYPE
        blocks[pes + mems + b].type = type_
        if type_ >= 0:
            blocks[pes + mems + b].rate = types.bus_rate[type_]
    for p in range(pes):
        type_, b = designs.pe_type[i, p], designs.pe_bus[i, p]
        count[0].culprit = p
        if type_ < -1 or type_ >= types.pes.shape[0]:
            return BAD_ELEMENT_TYPE
        if type_ >= 0 and (b < 0 or b >= buses or designs.bus_type[i, b] < 0):
            return BAD_ELEMENT_BUS
        blocks[p].type = type_
        blocks[p].at = b
        if type_ >= 0:
            blocks[p].rate = types.pes[type_].rate
    for m in range(mems):
        type_, b = designs.mem_type[i, m], designs.mem_bus[i, m]
        count[0].culprit = m
        if type_ < -1 or type_ >= types.mems.shape[0]:
            return BAD_MEMORY_TYPE
        if type_ >= 0 and (b < 0 or b >= buses or designs.bus_type[i, b] < 0):
            return BAD_MEMORY_BUS
        blocks[pes + m].type = type_
        blocks[pes + m].at = b
        if type_ >= 0:
            blocks[pes + m].rate = types.mems[type_].rate
    for t in range(graph.tasks.shape[0]):
        p = designs.task_pe[i, t]
        count[0].culprit = t
        if p < 0 or p >= pes or designs.pe_type[i, p] < 0:
            return BAD_TASK_ELEMENT
        only = types.pes[designs.pe_type[i, p]].task
        if only >= 0 and graph.tasks[t].dummy:
            return DUMMY_ON_ACCELERATOR
        if only >= 0 and only != t:
            return WRONG_ACCELERATOR
        space.tasks[t].pe = p
    for e in range(graph.edges.shape[0]):
        m = designs.edge_mem[i, e]
        count[0].culprit = e
        if m < 0 or m >= mems or designs.mem_type[i, m] < 0:
            return BAD_EDGE_MEMORY
        space.lists[MEMORY_OF, e] = pes + m
    count[0].culprit = 0
    return OK


@_jit
def _connect_all(links: NDArray[np.int32], space: Space, i: int) -> int:
    """Elements, links, memories, in this order: it decides the depth-first order."""
    pes, mems, buses = space.counts[0].pes, space.counts[0].mems, space.counts[0].buses
    blocks, near, near_n = space.blocks, space.near, space.near_n
    near_n[:] = 0
    for code in range(pes):
        if blocks[code].type >= 0:
            _append(near, near_n, blocks[code].at, code)
    for k in range(links.shape[1]):
        a, b = np.int64(links[i, k, 0]), np.int64(links[i, k, 1])
        if a == -1 and b == -1:
            continue
        space.counts[0].culprit = k
        if not (
            0 <= a < buses and 0 <= b < buses and blocks[pes + mems + a].type >= 0 and blocks[pes + mems + b].type >= 0
        ):
            return BAD_LINK
        if a == b:
            return LINK_TO_ITSELF
        if _is_near(near, near_n, a, pes + mems + b):
            return LINK_TWICE
        _append(near, near_n, a, pes + mems + b)
        _append(near, near_n, b, pes + mems + a)
    for code in range(pes, pes + mems):
        if blocks[code].type >= 0:
            _append(near, near_n, blocks[code].at, code)
    space.counts[0].culprit = 0
    return OK


@_jit
def _append(near: NDArray[np.int64], near_n: NDArray[np.int64], bus: int, code: int) -> None:
    near[bus, near_n[bus]] = code
    near_n[bus] += 1


@_jit
def _remove(near: NDArray[np.int64], near_n: NDArray[np.int64], bus: int, code: int) -> None:
    k = 0
    while near[bus, k] != code:
        k += 1
    near_n[bus] -= 1
    while k < near_n[bus]:
        near[bus, k] = near[bus, k + 1]
        k += 1


@_jit
def _is_near(near: NDArray[np.int64], near_n: NDArray[np.int64], bus: int, code: int) -> bool:
    for k in range(near_n[bus]):  # noqa: SIM110 -- compiled
        if near[bus, k] == code:
            return True
    return False


@_jit
def _find_paths(space: Space) -> int:
    """Breadth first from every bus; not `OK` for a cycle longer than a triangle.

    With such a cycle shortest paths are ambiguous. As many triangles as there are independent cycles, no two of which
    share a link, are all the cycles that there are.
    """
    first, buses = space.counts[0].pes + space.counts[0].mems, space.counts[0].buses
    paths, near, fifo = space.paths, space.near, space.lists[FIFO]
    cycles, corners = 0, 0
    for start in range(buses):
        for b in range(buses):
            paths[start, b].previous = -1
            paths[start, b].hops = -1
        if space.blocks[first + start].type < 0:
            continue
        paths[start, start].previous = start
        paths[start, start].hops = 0
        fifo[0] = start
        head, tail, lowest = 0, 1, start
        while head < tail:
            bus = fifo[head]
            lowest = min(lowest, bus)
            head += 1
            for k in range(space.near_n[bus]):
                other = near[bus, k] - first
                if other >= 0 and paths[start, other].previous < 0:
                    paths[start, other].previous = bus
                    paths[start, other].hops = paths[start, bus].hops + 1
                    fifo[tail] = other
                    tail += 1
        cycles -= 1
        if lowest == start:
            cycles += 1  # a piece that was not met before
    for a in range(buses):
        for k in range(space.near_n[a]):
            b = near[a, k] - first
            if b > a:
                triangles = 0
                for c in range(buses):
                    if paths[a, c].hops == 1 and paths[b, c].hops == 1:
                        triangles += 1
                if triangles > 1:
                    return LONG_CYCLE
                cycles += 1
                corners += triangles
    return OK if cycles * 3 == corners else LONG_CYCLE


@_jit
def _mark_passes(graph: Graph, space: Space) -> int:
    """Note which buses each task passes; not `OK` where a route is missing, with edge x 2 + direction as culprit."""
    blocks, paths, passes = space.blocks, space.paths, space.passes
    passes[:] = 0
    for t in range(graph.tasks.shape[0]):
        start = blocks[space.tasks[t].pe].at
        passes[t, start] = 1
        for direction in range(2):
            for k in range(graph.at[direction, t], graph.at[direction, t + 1]):
                e = graph.listed[direction, k]
                bus = blocks[space.lists[MEMORY_OF, e]].at
                if paths[start, bus].previous < 0:
                    space.counts[0].culprit = e * 2 + direction
                    return NO_ROUTE
                while passes[t, bus] == 0:  # the rest of the way has been marked by another route
                    passes[t, bus] = 1
                    bus = paths[start, bus].previous
    return OK


@_jit
def _order_tasks(graph: Graph, space: Space) -> None:
    """Clean the topology up and find the order of the scan: block by block, the tasks that have not come yet."""
    n = _depth_first(graph, space)
    _start_loading(graph, space)
    _walk(graph, space, n)
    if space.counts[0].buses > 1:
        n = _remove_idle_links(graph, space, n)
        outcome = _prune_all(space, n)
        if outcome > 0:
            _find_paths(space)
            n = _depth_first(graph, space)
        if outcome > 1:
            _walk(graph, space, n)  # a bus may have got traffic that it did not have before
    pes, tasks = space.counts[0].pes, space.tasks
    for t in range(tasks.shape[0]):
        tasks[t].rank = -1
    found = 0
    for k in range(n):
        code = space.lists[ORDER, k]
        candidates = tasks.shape[0] if code < pes else space.loaded_n[code - pes]
        for j in range(candidates):
            t = j if code < pes else space.loaded[code - pes, j]
            if tasks[t].rank < 0 and (code >= pes or tasks[t].pe == code):
                tasks[t].rank = found
                space.lists[SCAN, found] = t
                found += 1
        if found == tasks.shape[0]:
            return


@_jit
def _depth_first(graph: Graph, space: Space) -> int:
    """List the piece that has the source, from the first of its elements; the number of blocks."""
    blocks, order = space.blocks, space.lists[ORDER]
    bus_stack, at_stack = space.lists[STACK], space.lists[STACK_AT]
    pes = space.counts[0].pes
    first = pes + space.counts[0].mems
    source_at = space.tasks[graph.whole[0].source].pe
    n = 0
    for start in range(pes):
        if blocks[start].type < 0:
            continue
        space.counts[0].now += 1
        now = space.counts[0].now
        bus = blocks[start].at
        blocks[start].seen = now
        blocks[first + bus].seen = now
        order[0] = start
        order[1] = first + bus
        bus_stack[0] = bus
        at_stack[0] = 0
        n, depth = 2, 0
        while depth >= 0:
            bus, k = bus_stack[depth], at_stack[depth]
            if k == space.near_n[bus]:
                depth -= 1
                continue
            at_stack[depth] = k + 1
            code = space.near[bus, k]
            if blocks[code].seen == now:
                continue
            blocks[code].seen = now
            order[n] = code
            n += 1
            if code >= first:
                depth += 1
                bus_stack[depth] = code - first
                at_stack[depth] = 0
        if blocks[source_at].seen == now:
            break
    return n


@_jit
def _start_loading(graph: Graph, space: Space) -> None:
    """The lists of memories start with their writers, in the order of the tasks."""
    space.loaded_n[:] = 0
    space.is_loaded[:] = 0
    pes = space.counts[0].pes
    for t in range(graph.tasks.shape[0]):
        for k in range(graph.at[WRITE, t], graph.at[WRITE, t + 1]):
            _load(
                space.loaded, space.loaded_n, space.is_loaded, space.lists[MEMORY_OF, graph.listed[WRITE, k]] - pes, t
            )


@_jit
def _load(
    loaded: NDArray[np.int64], loaded_n: NDArray[np.int64], is_loaded: NDArray[np.uint8], place: int, t: int
) -> None:
    if is_loaded[place, t] == 0:
        is_loaded[place, t] = 1
        loaded[place, loaded_n[place]] = t
        loaded_n[place] += 1


@_jit
def _load_route(space: Space, t: int, memory: int) -> None:
    pes, mems = space.counts[0].pes, space.counts[0].mems
    loaded, loaded_n, is_loaded = space.loaded, space.loaded_n, space.is_loaded
    _load(loaded, loaded_n, is_loaded, memory - pes, t)
    start, bus = space.blocks[space.tasks[t].pe].at, space.blocks[memory].at
    _load(loaded, loaded_n, is_loaded, mems + bus, t)
    while bus != start:
        bus = space.paths[start, bus].previous
        _load(loaded, loaded_n, is_loaded, mems + bus, t)


@_jit
def _walk(graph: Graph, space: Space, n: int) -> None:
    """Append tasks to the lists of the blocks that they use, along the data from the source, memory by memory."""
    blocks, tasks, memory_of = space.blocks, space.tasks, space.lists[MEMORY_OF]
    stack, at_stack, by_memory = space.lists[STACK], space.lists[STACK_AT], space.lists[SORTED_OUT]
    for k in range(n):
        blocks[space.lists[ORDER, k]].place = k
    for t in range(tasks.shape[0]):
        tasks[t].walked = 0
    task, depth = graph.whole[0].source, -1
    while True:
        if tasks[task].walked == 0:  # a new one: all that it writes
            tasks[task].walked = 1
            low = graph.at[WRITE, task]
            for k in range(low, graph.at[WRITE, task + 1]):
                e = graph.listed[WRITE, k]
                _load_route(space, task, memory_of[e])
                j = k
                while j > low and blocks[memory_of[by_memory[j - 1]]].place > blocks[memory_of[e]].place:
                    by_memory[j] = by_memory[j - 1]
                    j -= 1
                by_memory[j] = e
            depth += 1
            stack[depth] = task
            at_stack[depth] = low
        while depth >= 0 and at_stack[depth] == graph.at[WRITE, stack[depth] + 1]:
            depth -= 1
        if depth < 0:
            return
        e = by_memory[at_stack[depth]]
        at_stack[depth] += 1
        task = graph.edges[e].consumer
        _load_route(space, task, memory_of[e])  # it reads the edge


@_jit
def _remove_idle_links(graph: Graph, space: Space, n: int) -> int:
    """Remove links whose ends have no task in common; the number of blocks that are left in the piece."""
    first = space.counts[0].pes + space.counts[0].mems
    near, near_n, passes = space.near, space.near_n, space.passes
    changed = False
    for a in range(space.counts[0].buses):
        k = 0
        while k < near_n[a]:
            b = near[a, k] - first
            k += 1
            if b <= a:
                continue
            shared = False
            for t in range(passes.shape[0]):
                if passes[t, a] != 0 and passes[t, b] != 0:
                    shared = True
                    break
            if not shared:
                _remove(near, near_n, a, first + b)
                _remove(near, near_n, b, first + a)
                k -= 1
                changed = True
    return _depth_first(graph, space) if changed else n


@_jit
def _prune_all(space: Space, n: int) -> int:
    """Take out buses that only pass traffic on: 0 where all stay, 2 where other buses are re-linked, else 1."""
    first = space.counts[0].pes + space.counts[0].mems
    found, outcome = 0, 0
    for k in range(n):
        if space.lists[ORDER, k] >= first:
            space.lists[BUSES, found] = space.lists[ORDER, k] - first
            found += 1
    for k in range(found):
        outcome = max(outcome, _prune(space, space.lists[BUSES, k]))
    return outcome


@_jit
def _prune(space: Space, bus: int) -> int:
    blocks, near, near_n = space.blocks, space.near, space.near_n
    pes = space.counts[0].pes
    first = pes + space.counts[0].mems
    elements, memories, buses, heir = 0, 0, 0, np.int64(-1)
    for k in range(near_n[bus]):
        code = near[bus, k]
        if code < pes:
            elements += 1
        elif code < first:
            memories += 1
        else:
            buses += 1
            if heir < 0:
                heir = code - first
    if buses == 0 or (elements > 0 and memories > 0) or (buses > 1 and elements + memories > 0):
        return 0
    for k in range(near_n[bus]):
        code = near[bus, k]
        if code < first:
            blocks[code].at = heir
            _append(near, near_n, heir, code)
        else:
            _remove(near, near_n, code - first, first + bus)
    for k in range(near_n[bus]):
        code = near[bus, k]
        if code >= first and code != first + heir and not _is_near(near, near_n, heir, code):
            _append(near, near_n, code - first, first + heir)
            _append(near, near_n, heir, code)
    near_n[bus] = 0
    return 1 if buses == 1 else 2


@_jit
def _list_traffic(graph: Graph, space: Space) -> None:
    """List the stations of every task: reads first, then by edge, from the memory to the processing element."""
    pes, buses = space.counts[0].pes, space.counts[0].buses
    first, places = pes + space.counts[0].mems, space.counts[0].mems + buses
    blocks, tasks, stations, port_list = space.blocks, space.tasks, space.stations, space.ports
    for code in range(blocks.shape[0]):
        blocks[code].used = 0
    n, ports = 0, 0
    for t in range(tasks.shape[0]):
        tasks[t].station_at = n
        blocks[tasks[t].pe].used = 1
        start = blocks[tasks[t].pe].at
        for direction in range(2):
            space.counts[0].now += 1
            now = space.counts[0].now
            for k in range(graph.at[direction, t], graph.at[direction, t + 1]):
                e = graph.listed[direction, k]
                here, out = space.lists[MEMORY_OF, e], np.int64(-1)
                while True:
                    bus = here - first
                    came_from = blocks[here].at if bus < 0 else space.paths[start, bus].previous
                    if blocks[here].station_stamp != now:
                        blocks[here].station_stamp = now
                        blocks[here].station_of = n
                        blocks[here].used = 1
                        stations[n].here = here
                        stations[n].weight = 0.0
                        stations[n].moved = 0.0
                        stations[n].port_at = -1
                        if bus < 0:
                            stations[n].lane = 2 * (buses * buses + here - pes) + direction
                        elif bus != start:
                            stations[n].lane = (bus * 2 + direction) * buses + came_from
                        else:
                            stations[n].lane = -1
                        n += 1
                    s = blocks[here].station_of
                    stations[s].weight += graph.units[direction, e]
                    stations[s].moved += graph.edges[e].bytes
                    if bus >= 0:
                        port = (bus * 2 + direction) * places + out
                        j = stations[s].port_at
                        while j >= 0 and port_list[j].port != port:
                            j = port_list[j].next
                        if j < 0:
                            port_list[ports].port = port
                            port_list[ports].turn = -1 if bus == start else stations[s].lane * places + out
                            port_list[ports].next = stations[s].port_at
                            stations[s].port_at = ports
                            ports += 1
                    if bus == start:
                        break
                    out = here - pes
                    here = first + came_from
        tasks[t].station_end = n
        if graph.tasks[t].dummy:
            continue
        for s in range(tasks[t].station_at, n):
            stations[s].pace = blocks[stations[s].here].rate / (stations[s].moved / graph.tasks[t].work)


@_jit
def _run_phases(graph: Graph, space: Space) -> int:
    """Run the tasks phase by phase: in one, the same tasks run at the same rates."""
    tasks, blocks, phases, entries = space.tasks, space.blocks, space.phases, space.entries
    running, count = space.lists[RUNNING], space.counts
    pes, mems = count[0].pes, count[0].mems
    count[0].running, count[0].waiting, count[0].fresh = 0, 0, 0
    for t in range(tasks.shape[0]):
        tasks[t].missing = graph.at[READ, t + 1] - graph.at[READ, t]
        tasks[t].left = graph.tasks[t].work
        tasks[t].start_s = -1.0
        tasks[t].done = 0
        if tasks[t].missing == 0:
            _make_ready(space, t)
    for code in range(pes, pes + mems):
        blocks[code].held = 0.0
        blocks[code].peak = 0.0
    phases[0].duration_s = 0.0
    phases[0].entry_at = 0
    clock, phase, entry, finished = 0.0, 1, 0, 0
    while finished < tasks.shape[0]:
        _launch(graph, space, clock)
        _set_rates(graph, space)
        n = count[0].running
        duration = np.inf
        for k in range(n):
            duration = min(duration, tasks[running[k]].left / tasks[running[k]].rate)
        if duration > 0.0:  # what is held for no time needs no room
            for code in range(pes, pes + mems):
                blocks[code].peak = max(blocks[code].peak, blocks[code].held)
        phases[phase].duration_s = duration
        phases[phase].entry_at = entry
        phase += 1
        before = clock
        clock += duration
        kept = 0
        for k in range(n):
            t = running[k]
            if tasks[t].start_s < 0.0:
                tasks[t].start_s = before
            entries[entry].task = t
            entries[entry].limit = tasks[t].limit
            entries[entry].share = 0.0
            if not graph.tasks[t].dummy:
                executed = tasks[t].rate * duration
                tasks[t].left -= executed
                entries[entry].share = executed / graph.tasks[t].work
            entry += 1
            if not graph.tasks[t].dummy and not 1.0 - tasks[t].left / graph.tasks[t].work >= EARLY_FINISH:
                running[kept] = t
                kept += 1
                continue
            finished += 1
            tasks[t].finish_s = clock
            for j in range(graph.at[WRITE, t], graph.at[WRITE, t + 1]):
                child = graph.edges[graph.listed[WRITE, j]].consumer
                tasks[child].missing -= 1
                if tasks[child].missing == 0:
                    _make_ready(space, child)
            tasks[t].done = 1
            _release_parents(graph, space, t)
        if kept == n:
            return NO_PROGRESS
        count[0].running = kept
    phases[phase].entry_at = entry
    count[0].phases = phase
    return OK


@_jit
def _make_ready(space: Space, t: int) -> None:
    """Insert the task into those that are launched next, in the order of the scan."""
    tasks, fresh = space.tasks, space.lists[FRESH]
    k = space.counts[0].fresh
    space.counts[0].fresh += 1
    while k > 0 and tasks[fresh[k - 1]].rank > tasks[t].rank:
        fresh[k] = fresh[k - 1]
        k -= 1
    fresh[k] = t


@_jit
def _launch(graph: Graph, space: Space, clock: float) -> None:
    """Make room for the outputs of fresh tasks and give every element a task.

    Running tasks stay; then an element takes the first fresh task, else the first that waits.
    """
    tasks, blocks, count = space.tasks, space.blocks, space.counts
    running, waiting, fresh = space.lists[RUNNING], space.lists[WAITING], space.lists[FRESH]
    count[0].now += 1
    now, n = count[0].now, count[0].running
    for k in range(n):
        blocks[tasks[running[k]].pe].taken = now
    passed = 0  # fresh tasks that have to wait: they come before those that wait already
    for k in range(count[0].fresh):
        t = fresh[k]
        tasks[t].ready_s = clock
        for j in range(graph.at[WRITE, t], graph.at[WRITE, t + 1]):
            e = graph.listed[WRITE, j]
            blocks[space.lists[MEMORY_OF, e]].held += graph.edges[e].bytes
        if blocks[tasks[t].pe].taken != now:
            blocks[tasks[t].pe].taken = now
            running[n] = t
            n += 1
        else:
            fresh[passed] = t
            passed += 1
    kept = passed
    for k in range(count[0].waiting):
        t = waiting[k]
        if blocks[tasks[t].pe].taken != now:
            blocks[tasks[t].pe].taken = now
            running[n] = t
            n += 1
        else:
            fresh[kept] = t
            kept += 1
    for k in range(kept):
        waiting[k] = fresh[k]
    count[0].running, count[0].waiting, count[0].fresh = n, kept, 0


@_jit
def _set_rates(graph: Graph, space: Space) -> None:
    """Instructions/s of the running tasks: the least that their element and the blocks of their data allow."""
    tasks, stations, ports, running = space.tasks, space.stations, space.ports, space.lists[RUNNING]
    alone = space.counts[0].running == 1
    if not alone:
        _count_sharers(space)
    for k in range(space.counts[0].running):
        t = running[k]
        if graph.tasks[t].dummy:
            tasks[t].rate = 1.0
            tasks[t].limit = -1
            continue
        limit = tasks[t].pe
        rate = space.blocks[limit].rate
        for s in range(tasks[t].station_at, tasks[t].station_end):
            if stations[s].weight == 0.0:
                continue  # less than one burst: it does not take part in the arbitration
            pace = stations[s].pace
            if not alone:
                lanes = np.int64(1)
                j = stations[s].port_at
                while j >= 0:
                    lanes = max(lanes, space.gates[ports[j].port].lanes)
                    j = ports[j].next
                if stations[s].lane >= 0:
                    pace *= stations[s].weight / space.lanes[stations[s].lane].weight
                pace /= lanes
            if pace < rate:
                rate = pace
                limit = stations[s].here
        tasks[t].rate = rate
        tasks[t].limit = limit


@_jit
def _count_sharers(space: Space) -> None:
    """Bursts on every lane, and the lanes that are in use at every port."""
    tasks, stations, ports, lanes, gates = space.tasks, space.stations, space.ports, space.lanes, space.gates
    now = space.counts[0].now
    for k in range(space.counts[0].running):
        t = space.lists[RUNNING, k]
        for s in range(tasks[t].station_at, tasks[t].station_end):
            lane = stations[s].lane
            if lane >= 0:
                if lanes[lane].stamp != now:
                    lanes[lane].stamp = now
                    lanes[lane].weight = 0.0
                lanes[lane].weight += stations[s].weight
            j = stations[s].port_at
            while j >= 0:
                port, turn = ports[j].port, ports[j].turn
                if gates[port].stamp != now:
                    gates[port].stamp = now
                    gates[port].lanes = 0
                if turn < 0:
                    gates[port].lanes += 1
                elif space.turn_stamp[turn] != now:
                    space.turn_stamp[turn] = now
                    gates[port].lanes += 1
                j = ports[j].next


@_jit
def _release_parents(graph: Graph, space: Space, t: int) -> None:
    """Free the output of a parent all of whose children are done, and forget those children.

    So of the parents that share a child only the first frees its output, and that of the source is never freed.
    """
    tasks = space.tasks
    for k in range(graph.at[READ, t], graph.at[READ, t + 1]):
        parent = graph.edges[graph.listed[READ, k]].producer
        low, high = graph.at[WRITE, parent], graph.at[WRITE, parent + 1]
        complete = True
        for j in range(low, high):
            if tasks[graph.edges[graph.listed[WRITE, j]].consumer].done == 0:
                complete = False
                break
        if not complete:
            continue
        for j in range(low, high):
            e = graph.listed[WRITE, j]
            tasks[graph.edges[e].consumer].done = 0
            if parent != graph.whole[0].source:
                space.blocks[space.lists[MEMORY_OF, e]].held -= graph.edges[e].bytes


@_jit
def _size_memories(types: Types, space: Space) -> int:
    """The size of each memory that is used; not `OK` where the technology's table ends before."""
    pes, blocks = space.counts[0].pes, space.blocks
    for code in range(pes, pes + space.counts[0].mems):
        if blocks[code].used == 0:
            continue
        technology = types.mems[blocks[code].type].technology
        need = max(np.ceil(blocks[code].peak), np.float64(types.technologies[technology].floor_bytes))
        steps = np.ceil(need / types.technologies[technology].step_bytes)
        if not steps <= types.technologies[technology].sizes:
            space.counts[0].culprit = code - pes
            return MEMORY_TOO_LARGE
        blocks[code].steps = np.int64(steps)
    return OK


@_jit
def _add_energy(graph: Graph, types: Types, space: Space, answers: Answers, i: int) -> None:
    """Latency, energy and power. Dummies take no energy, nor do buses, nor does waiting."""
    tasks, blocks, phases = space.tasks, space.blocks, space.phases
    for w in range(graph.workloads.shape[0]):
        answers.latency[i, w] = tasks[graph.workloads[w].last].finish_s
    for t in range(tasks.shape[0]):
        joule = 0.0
        if not graph.tasks[t].dummy:
            joule = graph.tasks[t].work * types.pes[blocks[tasks[t].pe].type].joule
            for direction in range(2):
                for k in range(graph.at[direction, t], graph.at[direction, t + 1]):
                    e = graph.listed[direction, k]
                    code = space.lists[MEMORY_OF, e]
                    size = types.sizes[types.mems[blocks[code].type].technology, blocks[code].steps - 1]
                    joule += graph.edges[e].bytes * (size.read_j if direction == READ else size.write_j)
        tasks[t].joule = joule
    total = 0.0
    for phase in range(space.counts[0].phases):
        joule = 0.0
        for k in range(phases[phase].entry_at, phases[phase + 1].entry_at):
            joule += space.entries[k].share * tasks[space.entries[k].task].joule
        phases[phase].joule = joule
        total += joule
    answers.rows[i].energy = total
    answers.rows[i].power = _power(phases, space.counts[0].phases)


@_jit
def _power(phases: Records, n: int) -> float:
    """Largest mean power over windows that end when their phases are longer than 10 ms together.

    Phases of no length do not advance the index that the windows are cut by, so windows lag behind: as in FARSI.
    """
    start, at, budget, best = 0, 0, WINDOW_S, 0.0
    for phase in range(n + 1):
        last = phase == n
        duration = 0.0 if last else phases[phase].duration_s
        if duration > budget or last:
            joule, seconds = 0.0, 0.0
            for k in range(start, n if last else at + 1):
                joule += phases[k].joule
                seconds += phases[k].duration_s
            if seconds > 0.0:
                best = max(best, joule / seconds)
            start, budget = at + 1, WINDOW_S
        elif duration > 0.0:
            budget -= duration
        if duration > 0.0:
            at += 1
    return best


@_jit
def _add_areas(graph: Graph, types: Types, space: Space, answers: Answers, i: int) -> None:
    """By kind: processors, accelerators, then each technology of memory. Elements of source and sink alone: none."""
    pes, blocks, tasks, by_kind = space.counts[0].pes, space.blocks, space.tasks, answers.area_by_kind
    by_kind[i, :] = 0.0
    space.counts[0].now += 1
    for t in range(tasks.shape[0]):
        p = tasks[t].pe
        if t == graph.whole[0].source or t == graph.whole[0].sink or blocks[p].touched == space.counts[0].now:
            continue
        blocks[p].touched = space.counts[0].now
        kind = types.pes[blocks[p].type]
        by_kind[i, 1 if kind.task >= 0 else 0] += kind.area
    peak = 0.0
    for code in range(pes, pes + space.counts[0].mems):
        if blocks[code].used != 0:
            technology = types.mems[blocks[code].type].technology
            by_kind[i, 2 + technology] += types.sizes[technology, blocks[code].steps - 1].area
            peak += blocks[code].peak
    area = 0.0
    for k in range(by_kind.shape[1]):
        area += by_kind[i, k]
    answers.rows[i].area = area
    answers.rows[i].peak_bytes = peak


@_jit
def _add_cost(graph: Graph, types: Types, space: Space, answers: Answers, i: int) -> None:
    """Work relative to that of the smallest task, times the element's factor; and connections.

    FARSI counts the sum of the tasks of a processor and the largest of an accelerator, which has only one.
    """
    pes, blocks, tasks = space.counts[0].pes, space.blocks, space.tasks
    work, connections = 0.0, 0.0
    for t in range(tasks.shape[0]):
        work += types.pes[blocks[tasks[t].pe].type].cost * graph.tasks[t].work
        space.counts[0].now += 1
        for direction in range(2):
            for k in range(graph.at[direction, t], graph.at[direction, t + 1]):
                code = space.lists[MEMORY_OF, graph.listed[direction, k]]
                if blocks[code].touched != space.counts[0].now:
                    blocks[code].touched = space.counts[0].now
                    connections += 3.0 + space.paths[blocks[tasks[t].pe].at, blocks[code].at].hops
    for code in range(pes, blocks.shape[0]):
        if blocks[code].used != 0:
            is_bus = code >= pes + space.counts[0].mems
            connections += 1.0 if is_bus else np.ceil(blocks[code].peak / MEBIBYTE)
    answers.rows[i].development_cost = work / graph.whole[0].least_work + CONNECTION_COST * connections


@_jit
def _measure_distances(graph: Graph, types: Types, answers: Answers, i: int) -> None:
    """Relative excess over each budget; stacked memory and the rest of the chip have each the whole area's."""
    rest, stacked = answers.area_by_kind[i, 0] + answers.area_by_kind[i, 1], 0.0
    for k in range(types.technologies.shape[0]):
        if types.technologies[k].stacked:
            stacked += answers.area_by_kind[i, 2 + k]
        else:
            rest += answers.area_by_kind[i, 2 + k]
    rows, whole = answers.rows, graph.whole[0]
    rows[i].distance = 0.0
    rows[i].distance_simple = 0.0
    rows[i].meets_budgets = True
    for w in range(graph.workloads.shape[0]):
        if not np.isnan(graph.workloads[w].deadline):
            _add_term(rows, i, answers.latency[i, w], graph.workloads[w].deadline)
    _add_term(rows, i, rows[i].power, whole.power_w)
    _add_term(rows, i, rest, whole.area_m2)
    _add_term(rows, i, stacked, whole.area_m2)


@_jit
def _add_term(rows: Records, i: int, value: float, limit: float) -> None:
    excess = (value - limit) / limit
    rows[i].distance_simple += abs(excess)
    if excess < TOLERANCE:
        rows[i].distance += MET
    else:
        rows[i].distance += abs(excess)
        rows[i].meets_budgets = False


@_jit
def _say_nothing(answers: Answers, i: int) -> None:
    row = answers.rows[i]
    row.energy = np.nan
    row.power = np.nan
    row.area = np.nan
    row.development_cost = np.nan
    row.distance = np.nan
    row.distance_simple = np.nan
    row.peak_bytes = np.nan
    row.meets_budgets = False
    answers.latency[i, :] = np.nan
    answers.area_by_kind[i, :] = np.nan
