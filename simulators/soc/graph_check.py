"""Whether a task graph can run: one line names the first thing that is wrong with it and how to mend it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable
from itertools import pairwise
from typing import TypeVar

from archgym.simulators.soc.data_error import DataError, suggestion
from archgym.simulators.soc.graph import SINK, SOURCE, Accelerator, Task, TaskGraph

MOST = 1e15
"""Numbers of instructions, cycles and bytes stay below it, so that float64 counts them exactly."""
T = TypeVar("T", bound=Hashable)
NAME = re.compile(r"\w[\w.-]*")
"""Names of tasks and blocks: other signs, / and > among them, separate names from each other."""


def check_graph(graph: TaskGraph, where: str = "") -> None:
    """Raises `DataError`, naming *where* (the graph's name if empty) and the task or edge, unless *graph* can run."""
    where = where or f"task graph {graph.name!r}"
    check_name(graph.name, f"{where}: name")
    for task in graph.tasks:
        _check_task(task, f"{where}: tasks.{task.name}")
    twice = _repeated(task.name for task in graph.tasks)
    if twice is not None:
        raise DataError(f"{where}: task {twice!r} is given twice: rename one")
    _check_ends(graph, where)
    _check_edges(graph, where)
    _check_connected(graph, where)
    cycle = find_cycle(graph)
    if cycle:
        shown = cycle if len(cycle) <= 10 else [*cycle[:8], "...", cycle[-1]]
        raise DataError(f"{where}: the edges form a cycle: {' -> '.join(shown)}; remove one of them")
    if graph.deadline_s is not None and not 0 < graph.deadline_s < math.inf:
        raise DataError(f"{where}: deadline_s: expected a number of seconds above 0, got {graph.deadline_s}")


def check_name(name: str, where: str) -> None:
    """Raises `DataError` unless *name* has only letters, digits, ``_``, ``-`` and ``.``, and starts with no sign."""
    if not NAME.fullmatch(name):
        raise DataError(f"{where}: expected letters, digits, '_', '-' or '.', got {name!r}")


def find_cycle(graph: TaskGraph) -> list[str]:
    """Tasks along one cycle, the first again at the end; empty where there is none."""
    children: dict[str, list[str]] = {task.name: [] for task in graph.tasks}
    waiting = dict.fromkeys(children, 0)
    for edge in graph.edges:
        children[edge.producer].append(edge.consumer)
        waiting[edge.consumer] += 1
    free = [name for name, count in waiting.items() if count == 0]
    while free:
        name = free.pop()
        del waiting[name]
        for child in children[name]:
            waiting[child] -= 1
            if waiting[child] == 0:
                free.append(child)
    if not waiting:
        return []
    # Each task left waits for another one that is left: follow those back until one comes again.
    parent = {e.consumer: e.producer for e in graph.edges if e.producer in waiting and e.consumer in waiting}
    seen: dict[str, None] = {}
    name = next(iter(waiting))
    while name not in seen:
        seen[name] = None
        name = parent[name]
    back = list(seen)
    return [name, *back[: back.index(name) : -1], name]


def check_accelerator(accelerator: Accelerator, where: str) -> None:
    """Raises `DataError`, naming *where* and the value, unless every number is positive and the choices increase."""
    check_name(accelerator.name, f"{where}: name")
    for key, most in (("cycles", MOST), ("base_clock_hz", MOST), ("energy_j", math.inf), ("area_m2", math.inf)):
        if not 0 < getattr(accelerator, key) < most:
            raise _out_of_range(f"{where}.{key}", getattr(accelerator, key), most)
    for key in ("unrolls", "clocks_mhz"):
        choices = getattr(accelerator, key)
        if not choices or choices[0] < 1 or any(b <= a for a, b in pairwise(choices)):
            raise DataError(f"{where}.{key}: expected increasing whole numbers from 1 on, got {list(choices)}")


def _check_task(task: Task, where: str) -> None:
    check_name(task.name, where)
    if not task.dummy:
        if not 0 < task.work < MOST:
            raise _out_of_range(f"{where}.work", task.work, MOST, "; a task without work is {dummy: true}")
    elif task.work != 0:
        raise DataError(f"{where}.work: expected 0 for a dummy, got {task.work}; leave out 'work' or 'dummy'")
    elif task.accelerators:
        raise DataError(f"{where}.accelerators: expected none for a dummy, got {task.accelerators[0].name!r}")
    twice = _repeated(accelerator.name for accelerator in task.accelerators)
    if twice is not None:
        raise DataError(f"{where}: accelerator {twice!r} is given twice: rename one")
    for accelerator in task.accelerators:
        check_accelerator(accelerator, f"{where}.accelerators.{accelerator.name}")


def _check_ends(graph: TaskGraph, where: str) -> None:
    """Source, sink and the last task are there and are what they must be."""
    tasks = {task.name: task for task in graph.tasks}
    for end in (SOURCE, SINK):
        if end not in tasks:
            raise DataError(f"{where}: expected a task {end!r} among the tasks, got none")
        if not tasks[end].dummy:
            raise DataError(f"{where}: tasks.{end}: expected a dummy, got a task with work; rename it")
    if all(task.dummy for task in graph.tasks):
        raise DataError(f"{where}: tasks: expected at least one task with work, got none")
    if graph.last not in tasks:
        raise DataError(
            f"{where}: last: expected one of the tasks, got {graph.last!r}; {suggestion(graph.last, tasks)}"
        )
    if graph.last in (SOURCE, SINK):
        raise DataError(f"{where}: last: expected a task other than source and sink, got {graph.last!r}")


def _check_edges(graph: TaskGraph, where: str) -> None:
    names = [task.name for task in graph.tasks]
    known = set(names)
    for edge in graph.edges:
        line = f"{where}: edge {edge.producer} -> {edge.consumer}"
        for end in (edge.producer, edge.consumer):
            if end not in known:
                raise DataError(f"{line}: no task {end!r}; {suggestion(end, names)}known: {', '.join(names)}")
        if edge.producer == edge.consumer:
            raise DataError(f"{line}: a task cannot wait for itself; remove the edge")
        if edge.consumer == SOURCE or edge.producer == SINK:
            raise DataError(f"{line}: nothing comes before {SOURCE!r} or after {SINK!r}; remove the edge")
        if edge.producer == SOURCE and edge.consumer == SINK:
            raise DataError(f"{line}: expected a task between the two; remove the edge")
        if not 0 < edge.bytes < MOST:
            raise _out_of_range(f"{line}: bytes", edge.bytes, MOST)
    twice = _repeated((edge.producer, edge.consumer) for edge in graph.edges)
    if twice is not None:
        raise DataError(f"{where}: edge {twice[0]} -> {twice[1]} is given twice: add up their bytes")


def _check_connected(graph: TaskGraph, where: str) -> None:
    """Without cycles, a task that has an input and an output lies on a way from the source to the sink."""
    consumers = {edge.consumer for edge in graph.edges}
    producers = {edge.producer for edge in graph.edges}
    inner = [task.name for task in graph.tasks if task.name not in (SOURCE, SINK)]
    for name in inner:
        if name not in consumers:
            raise DataError(f"{where}: task {name!r} has no input and never starts: add an edge from {SOURCE!r}")
    for name in inner:
        if name not in producers:
            raise DataError(f"{where}: task {name!r} does not lead to {SINK!r}: add an edge to {SINK!r}")


def _out_of_range(where: str, value: float, most: float, hint: str = "") -> DataError:
    limit = "" if math.isinf(most) else f" and below {most:g}"
    return DataError(f"{where}: expected a number above 0{limit}, got {value}{hint}")


def _repeated(items: Iterable[T]) -> T | None:
    """The first item that comes more than once."""
    return next((item for item, count in Counter(items).items() if count > 1), None)
