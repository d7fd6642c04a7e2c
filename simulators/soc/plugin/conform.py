"""Run our engine on the designs of a file of FARSI's results and compare every quantity.

Each row is simulated from its design alone. Nothing is fitted to the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from archgym.conformance import ConformanceReport, Pair, Printed, RowComparison, side_by_side, summarise
from archgym.errors import ConfigError
from archgym.simulators.soc.engine import Engine
from archgym.simulators.soc.library_file import load_library
from archgym.simulators.soc.plugin.golden import Row, read_golden
from archgym.simulators.soc.registry import load_application
from archgym.simulators.soc.results import Kind, Phase, SocResult
from archgym.simulators.soc.tables import Tables

BAR = 1e-9
DIGITS = 12
COLUMNS = tuple(
    Printed(name, unit, DIGITS, bar)
    for name, unit, bar in (
        ("latency", "s", BAR),
        ("task ready", "s", BAR),
        ("task start", "s", BAR),
        ("task finish", "s", BAR),
        ("task energy", "J", BAR),
        ("energy", "J", BAR),
        ("power", "W", BAR),
        ("area", "m2", BAR),
        ("area by kind", "m2", BAR),
        ("memory size", "B", 0.0),
        ("development cost", "1", BAR),
        ("distance, eliminate", "1", BAR),
        ("distance, simple", "1", BAR),
        ("meets budgets", "1", 0.0),
        ("scan order", "tasks", 0.0),
        ("links simulated", "links", 0.0),
        ("phases", "phases", 0.0),
    )
)
_KINDS: dict[str, Kind] = {"gpp": "processor", "ip": "accelerator", "sram": "sram", "dram": "dram", "ic": "bus"}

Compared = Iterator[tuple[str, str, float, float]]
"""Quantity, what it is of (a task, a block, or ""), the reference's value, ours."""


def conform(
    golden: Path, only: str | None = None, progress: Callable[[int, int], None] | None = None
) -> ConformanceReport:
    """Compare all rows of the file *golden*, or the one named *only*; `ConfigError` for what we cannot read."""
    rows = read_golden(golden, only)
    pairs: dict[str, list[Pair]] = {column.name: [] for column in COLUMNS}
    for done, row in enumerate(rows, start=1):
        for name, pair in compare(row, golden):
            pairs[name].append(pair)
        if progress is not None:
            progress(done, len(rows))
    quantities = tuple(summarise(column, pairs[column.name]) for column in COLUMNS if pairs[column.name])
    return ConformanceReport("soc", str(golden), len(rows), quantities, _notes(rows))


def show_row(golden: Path, name: str) -> RowComparison:
    """Both sides of one row; `ConfigError` as in `conform`."""
    [row] = read_golden(golden, name)
    printed = {column.name: column for column in COLUMNS}
    sides = [
        replace(side_by_side(printed[quantity], pair), name=quantity + pair.row.removeprefix(name))
        for quantity, pair in compare(row, golden)
    ]
    return RowComparison(name, tuple(_inputs(row)), tuple(sides))


def compare(row: Row, golden: Path) -> list[tuple[str, Pair]]:
    """The compared values of one row, by the name of the quantity."""
    try:
        result = _engine(row.workloads).simulate(row.soc)
    except ValueError as error:  # the workload's name, or the design
        raise ConfigError(f"{golden}: row {row.name}: {error}") from None
    try:
        return [
            (quantity, Pair(f"{row.name} {of}".strip(), repr(float(printed)), float(ours)))
            for quantity, of, printed, ours in _compared(row, result)
        ]
    except KeyError as missing:
        raise ConfigError(f"{golden}: row {row.name}: no field {missing}") from None


@cache
def _engine(workloads: tuple[str, ...]) -> Engine:
    application = load_application("+".join(workloads))
    return Engine(application, Tables.of(application, load_library("default")))


def _compared(row: Row, ours: SocResult) -> Compared:
    theirs = row.expected
    for workload, latency in theirs["latency_s"].items():
        yield "latency", workload if len(row.workloads) > 1 else "", latency, ours.latency_s[workload]
    for name, task in theirs["tasks"].items():
        mine = ours.tasks[name]
        yield "task ready", name, task["ready_s"], mine.ready_s
        yield "task start", name, task["start_s"], mine.start_s
        yield "task finish", name, task["finish_s"], mine.finish_s
        yield "task energy", name, task["energy_J"], mine.energy_j
    yield "energy", "", theirs["energy_J"], ours.energy_j
    yield "power", "", theirs["power_W"], ours.power_w
    yield "area", "", theirs["area_m2"], ours.area_m2
    for kind, area in theirs["area_m2_by_subtype"].items():
        yield "area by kind", kind, area, ours.area_m2_by_kind.get(_KINDS[kind], 0.0)
    sizes = {block.name: block.capacity_bytes for block in ours.blocks}
    for block in theirs["effective"]["blocks"]:
        if "cacti_bytes" in block:
            yield "memory size", block["id"], block["cacti_bytes"], sizes.get(block["id"], 0)
    yield "development cost", "", theirs["dev_cost"], ours.development_cost
    yield "distance, eliminate", "", theirs["distance_eliminate"], ours.distance
    yield "distance, simple", "", theirs["distance_simple"], ours.distance_simple
    yield "meets budgets", "", theirs["meets_budget"], ours.meets_budgets
    yield "scan order", "", len(theirs["kernel_order"]), _leading(theirs["kernel_order"], ours.scan_order)
    links = {frozenset(link) for link in theirs["effective"]["links"]}
    mine_links = {frozenset(link) for link in ours.links}
    yield "links simulated", "", len(links), len(links) - len(links ^ mine_links)
    if theirs["phases"]:
        yield "phases", "", len(theirs["phases"]), _equal_phases(theirs["phases"], ours.phases)


def _leading(theirs: Sequence[str], ours: Sequence[str]) -> int:
    """How many entries, from the first on, are equal; one too many when ours go on after the last."""
    for at, (one, other) in enumerate(zip(theirs, ours, strict=False)):
        if one != other:
            return at
    return len(ours) if len(ours) <= len(theirs) else len(theirs) + 1


def _equal_phases(theirs: Sequence[dict[str, Any]], ours: Sequence[Phase]) -> int:
    """How many phases, from the first on, run the same tasks for as long; one too many when ours go on."""
    for at, (one, other) in enumerate(zip(theirs, ours, strict=False)):
        if set(one["running"]) != set(other.running) or abs(one["dt_s"] - other.duration_s) > BAR * one["dt_s"]:
            return at
    return len(ours) if len(ours) <= len(theirs) else len(theirs) + 1


def _inputs(row: Row) -> Iterator[tuple[str, str]]:
    yield "workloads", ", ".join(row.workloads)
    for block in (*row.soc.processing, *row.soc.memories):
        yield block.name, f"{block.type} on {block.bus}"
    for bus in row.soc.buses:
        yield bus.name, bus.type
    yield "links", ", ".join(f"{a}-{b}" for a, b in row.soc.links)
    for task, element in row.soc.task_on.items():
        yield f"{task} runs on", element
    for (producer, consumer), memory in row.soc.data_in.items():
        yield f"{producer} -> {consumer} in", memory


def _notes(rows: Sequence[Row]) -> tuple[str, ...]:
    several = sum(len(row.workloads) > 1 for row in rows)
    return (f"{several} rows run several workloads at once",) if several else ()
