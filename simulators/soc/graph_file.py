"""Task graphs in YAML files: read with checks, written so that reading gives the same graph.

name: camera
deadline_s: 0.034                 # optional: the budget for the latency
last: sharpen                     # its finish time is the latency; may be left out if one task leads to the sink
tasks:                            # source and sink may be left out: then they come first and last
  scale: {work: 46.2e6}           # instructions
  sharpen:
    work: 33.5e6
    accelerators:
      IP0: {cycles: 1.59e6, energy_j: 8.4e-12, area_m2: 2.8e-9, unrolls: [1, 2, 4]}
edges:                            # producer, consumer, bytes
  - [source, scale, 91053]
  - [scale, sharpen, 364212]
  - [sharpen, sink, 91053]
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.graph import SINK, SOURCE, Accelerator, Edge, Task, TaskGraph
from archgym.simulators.soc.graph_check import check_graph, check_name
from archgym.simulators.soc.section import Section, as_number, in_short
from archgym.simulators.soc.strict_yaml import parse_yaml, read_yaml

BASE_CLOCK_HZ = 1e8
CLOCKS_MHZ = (100, 400, 600, 800)
"""An accelerator's, if its file names none: FARSI's (arXiv 2201.05232)."""


def read_graph(path: str | Path) -> TaskGraph:
    """The graph in a YAML file. Raises `DataError`, one line with the file and what is wrong in it."""
    return graph_from(read_yaml(Path(path)), str(path))


def graph_from(data: object, where: str) -> TaskGraph:
    """The graph in *data*, a parsed file; *where* names it in errors (`DataError`)."""
    top = Section.of(data, where)
    top.keys_are("name", "origin", "deadline_s", "last", "tasks", "edges")
    if "origin" in top.values:  # where the facts come from: for people
        top.text("origin")
    tasks = _with_ends([_task(name, section) for name, section in top.section("tasks").sections()])
    edges = tuple(_edges(top))
    graph = TaskGraph(
        name=top.text("name"),
        tasks=tasks,
        edges=edges,
        last=top.text("last") if "last" in top.values else _only_last(edges, top),
        deadline_s=top.number("deadline_s") if "deadline_s" in top.values else None,
    )
    check_graph(graph, where)
    return graph


def write_graph(graph: TaskGraph, path: str | Path) -> None:
    """Writes the YAML file that `read_graph` reads as *graph*, which is checked first (`DataError`)."""
    check_graph(graph)
    Path(path).write_text("\n".join([*_lines(graph), ""]), encoding="utf-8")


def read_accelerator(name: str, section: Section) -> Accelerator:
    """The accelerator in a mapping of a file. Raises `DataError`."""
    section.keys_are("cycles", "energy_j", "area_m2", "base_clock_hz", "unrolls", "clocks_mhz")
    check_name(name, section.where)
    return Accelerator(
        name=name,
        cycles=section.number("cycles"),
        base_clock_hz=section.number("base_clock_hz") if "base_clock_hz" in section.values else BASE_CLOCK_HZ,
        energy_j=section.number("energy_j"),
        area_m2=section.number("area_m2"),
        unrolls=section.wholes("unrolls") if "unrolls" in section.values else (1,),
        clocks_mhz=section.wholes("clocks_mhz") if "clocks_mhz" in section.values else CLOCKS_MHZ,
    )


def _task(name: str, section: Section) -> Task:
    section.keys_are("work", "dummy", "accelerators")
    dummy = section.flag("dummy", default=False)
    accelerators = section.section("accelerators").sections()
    return Task(
        name=name,
        work=_work(section, dummy),
        dummy=dummy,
        accelerators=tuple(read_accelerator(key, inner) for key, inner in accelerators),
    )


def _work(section: Section, dummy: bool) -> float:
    value = section.values.get("work", 0 if dummy else None)
    if dummy:
        if isinstance(value, bool) or value != 0:
            raise section.wrong("work", "no work for a dummy (or no 'dummy: true')")
        return 0.0
    number = as_number(value)
    if number is None:
        raise section.wrong("work", "a number of instructions above 0 (or 'dummy: true' in its place)")
    return number


def _with_ends(tasks: list[Task]) -> tuple[Task, ...]:
    names = {task.name for task in tasks}
    first = [] if SOURCE in names else [Task(SOURCE, 0.0, True, ())]
    final = [] if SINK in names else [Task(SINK, 0.0, True, ())]
    return (*first, *tasks, *final)


def _edges(top: Section) -> Iterator[Edge]:
    rows = top.values.get("edges")
    if not isinstance(rows, list):
        raise top.wrong("edges", "a list of [producer, consumer, bytes]")
    for i, row in enumerate(rows):
        where = f"{top.at('edges')}[{i}]"
        if not isinstance(row, list) or len(row) != 3 or not all(isinstance(end, str) for end in row[:2]):
            raise DataError(f"{where}: expected [producer, consumer, bytes], got {in_short(row)}")
        size = as_number(row[2])
        if size is None:
            raise DataError(f"{where}: {row[0]} -> {row[1]}: expected bytes above 0, got {in_short(row[2])}")
        yield Edge(row[0], row[1], size)


def _only_last(edges: tuple[Edge, ...], top: Section) -> str:
    """The one task before the sink."""
    before = [edge.producer for edge in edges if edge.consumer == SINK]
    if len(before) != 1:
        raise DataError(
            f"{top.where}: last: {len(before)} tasks lead to {SINK!r}: name the one whose finish time is the latency"
        )
    return before[0]


def _lines(graph: TaskGraph) -> Iterator[str]:
    yield f"name: {_quoted(graph.name)}"
    if graph.deadline_s is not None:
        yield f"deadline_s: {_number(graph.deadline_s)}"
    yield f"last: {_quoted(graph.last)}"
    yield "tasks:"
    for task in graph.tasks:
        if task.dummy:
            yield f"  {_quoted(task.name)}: {{dummy: true}}"
        elif not task.accelerators:
            yield f"  {_quoted(task.name)}: {{work: {_number(task.work)}}}"
        else:
            yield f"  {_quoted(task.name)}:"
            yield f"    work: {_number(task.work)}"
            yield "    accelerators:"
            yield from (f"      {line}" for a in task.accelerators for line in _accelerator_lines(a))
    yield "edges:  # producer, consumer, bytes"
    for edge in graph.edges:
        yield f"  - [{_quoted(edge.producer)}, {_quoted(edge.consumer)}, {_number(edge.bytes)}]"


def _accelerator_lines(accelerator: Accelerator) -> Iterator[str]:
    yield f"{_quoted(accelerator.name)}:"
    for key in ("cycles", "energy_j", "area_m2"):
        yield f"  {key}: {_number(getattr(accelerator, key))}"
    if accelerator.base_clock_hz != BASE_CLOCK_HZ:
        yield f"  base_clock_hz: {_number(accelerator.base_clock_hz)}"
    yield f"  unrolls: {list(accelerator.unrolls)}"
    if accelerator.clocks_mhz != CLOCKS_MHZ:
        yield f"  clocks_mhz: {list(accelerator.clocks_mhz)}"


def _number(value: float) -> str:
    """The shortest text that reads as *value*."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _quoted(name: str) -> str:
    """*name*, in quotes where YAML would read something else than a text."""
    return name if isinstance(parse_yaml(name, "a name"), str) else json.dumps(name)
