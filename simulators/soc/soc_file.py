"""Systems on chip in YAML files: read with checks of form, written so that reading gives the same system.

buses: {bus0: bus-16B-800MHz, bus1: bus-4B-100MHz}
links: [[bus0, bus1]]             # may be left out with one bus
processing:
  core0: {type: A53, bus: bus0}
  smooth: {type: gaussianSmoothing/IP0/x64/800MHz, bus: bus0}
memories:
  mem0: {type: sram-16B-800MHz, bus: bus0}
tasks: {source: core0, gaussianSmoothing: smooth, laplacianEstimate: core0}
data:                             # producer, consumer, memory
  - [source, gaussianSmoothing, mem0]

Whether the system can be built, and runs a workload, is for `check.why_invalid` to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.section import Section, in_short
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.strict_yaml import read_yaml


def read_soc(path: str | Path) -> Soc:
    """The system in a YAML file. Raises `DataError`, one line with the file and what is wrong in its form."""
    top = Section.of(read_yaml(Path(path)), str(path))
    top.keys_are("buses", "links", "processing", "memories", "tasks", "data")
    buses, tasks = top.section("buses"), top.section("tasks")
    return Soc(
        processing=tuple(_block(name, section) for name, section in top.section("processing").sections()),
        memories=tuple(_block(name, section) for name, section in top.section("memories").sections()),
        buses=tuple(BusBlock(name, buses.text(name)) for name in buses.values),
        links=tuple((a, b) for a, b in _rows(top, "links", 2, "[bus, bus]")),
        task_on={task: tasks.text(task) for task in tasks.values},
        data_in=_data(top),
    )


def write_soc(soc: Soc, path: str | Path) -> None:
    """Writes the YAML file that `read_soc` reads as *soc*. Raises `FileExistsError`: nothing is overwritten."""
    with Path(path).open("x", encoding="utf-8") as file:
        file.write("\n".join([*_lines(soc), ""]))


def _block(name: str, section: Section) -> Block:
    section.keys_are("type", "bus")
    return Block(name, section.text("type"), section.text("bus"))


def _data(top: Section) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for producer, consumer, memory in _rows(top, "data", 3, "[producer, consumer, memory]"):
        if (producer, consumer) in found:
            raise DataError(f"{top.at('data')}: {producer} -> {consumer} is given twice: one memory holds its data")
        found[producer, consumer] = memory
    return found


def _rows(top: Section, key: str, length: int, expected: str) -> Iterator[list[str]]:
    rows = top.values.get(key, [])
    if not isinstance(rows, list):
        raise top.wrong(key, f"a list of {expected}")
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != length or not all(isinstance(part, str) for part in row):
            raise DataError(f"{top.at(key)}[{i}]: expected {expected}, got {in_short(row)}")
        yield row


def _lines(soc: Soc) -> Iterator[str]:
    yield "buses:"
    yield from (f"  {json.dumps(bus.name)}: {json.dumps(bus.type)}" for bus in soc.buses)
    yield f"links: {json.dumps([list(link) for link in soc.links])}"
    for key, blocks in (("processing", soc.processing), ("memories", soc.memories)):
        yield f"{key}:" if blocks else f"{key}: {{}}"
        for block in blocks:
            yield f"  {json.dumps(block.name)}: {{type: {json.dumps(block.type)}, bus: {json.dumps(block.bus)}}}"
    yield "tasks:"
    yield from (f"  {json.dumps(task)}: {json.dumps(block)}" for task, block in soc.task_on.items())
    yield "data:  # producer, consumer, memory"
    yield from (f"  - {json.dumps([*edge, memory])}" for edge, memory in soc.data_in.items())
