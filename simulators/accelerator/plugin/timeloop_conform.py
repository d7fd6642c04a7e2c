"""Run our engine on the mappings of a file of Timeloop's results and compare every quantity.

Each row is priced from its architecture, layer and mapping alone. Nothing is fitted to the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from archgym.conformance import ConformanceReport, Pair, Printed, Quantity, RowComparison, side_by_side, summarise
from archgym.errors import ConfigError
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.mapping import Loops
from archgym.simulators.accelerator.plugin.timeloop_golden import Row, read_golden
from archgym.simulators.accelerator.results import NestResult

WHOLE = 17
"""Significant digits of whole numbers: all of them."""


@dataclass(frozen=True, slots=True)
class Energy:
    """A quantity added up from entries printed in pJ with two decimals: equal within 1e-6 and 1 pJ."""

    printed: Printed
    relative: float = 1e-6
    absolute_pj: float = 1.0

    def holds(self, pair: Pair) -> bool:
        reference = float(pair.printed)
        return abs(pair.ours - reference) <= self.relative * abs(reference) + self.absolute_pj

    def summarise(self, pairs: Sequence[Pair]) -> Quantity:
        found = summarise(self.printed, pairs)
        bar = f"{self.relative:g} relative + {self.absolute_pj:g} pJ"
        return replace(found, bar=bar, holds=all(map(self.holds, pairs)))


def _whole(name: str, unit: str) -> Printed:
    return Printed(name, unit, WHOLE, 0.0)


def _energy(name: str) -> Energy:
    return Energy(Printed(name, "pJ", 2, 1e-6, fixed=True))


COLUMNS: tuple[Printed | Energy, ...] = (
    _whole("cycles", "cycles"),
    _whole("cycles by level", "cycles"),
    Printed("throttle by level", "1", 2, 0.0, fixed=True),
    Printed("utilisation", "1", 4, 0.0, fixed=True),
    _whole("multiplications", "1"),
    _whole("multipliers in use", "1"),
    _whole("tensors held", "1"),
    _whole("tile", "words"),
    _whole("instances in use", "1"),
    _whole("reads", "words"),
    _whole("fills", "words"),
    _whole("updates", "words"),
    _energy("energy"),
    _energy("energy by level"),
    _energy("energy by tensor"),
    _energy("leakage by level"),
    Printed("area", "um2", 2, 0.0, fixed=True),
)

Compared = Iterator[tuple[str, str, Any, float]]
"""Quantity, what it is of (a level, a level and a tensor, or ""), Timeloop's value, ours."""


def conform(
    golden: Path, only: str | None = None, progress: Callable[[int, int], None] | None = None
) -> ConformanceReport:
    """Compare all rows of the file *golden*, or the one named *only*; `ConfigError` for what we cannot read."""
    rows = read_golden(golden, only)
    pairs: dict[str, list[Pair]] = {_printed(column).name: [] for column in COLUMNS}
    for done, row in enumerate(rows, start=1):
        for name, pair in compare(row, golden):
            pairs[name].append(pair)
        if progress is not None:
            progress(done, len(rows))
    quantities = tuple(
        column.summarise(found) if isinstance(column, Energy) else summarise(column, found)
        for column in COLUMNS
        if (found := pairs[_printed(column).name])
    )
    return ConformanceReport("accelerator", str(golden), len(rows), quantities)


def show_row(golden: Path, name: str) -> RowComparison:
    """Both sides of one row; `ConfigError` as in `conform`."""
    [row] = read_golden(golden, name)
    columns = {_printed(column).name: column for column in COLUMNS}
    sides = []
    for quantity, pair in compare(row, golden):
        column = columns[quantity]
        side = side_by_side(_printed(column), pair)
        equal = column.holds(pair) if isinstance(column, Energy) else side.equal
        sides.append(replace(side, name=quantity + pair.row.removeprefix(name), equal=equal))
    return RowComparison(name, tuple(_inputs(row)), tuple(sides))


def _printed(column: Printed | Energy) -> Printed:
    return column.printed if isinstance(column, Energy) else column


def compare(row: Row, golden: Path) -> list[tuple[str, Pair]]:
    """The compared values of one row, by the name of the quantity. A mapping that we call invalid is an error."""
    try:
        result = Engine(row.architecture, row.layer).explain(row.mapping)
    except ValueError as error:
        raise ConfigError(f"{golden}: row {row.name}: {error}") from None
    if result.reason is not None:
        raise ConfigError(
            f"{golden}: row {row.name}: the mapping is invalid here, but not for Timeloop: {result.reason}"
        )
    try:
        return [
            (quantity, Pair(f"{row.name} {of}".strip(), _text(theirs), float(ours)))
            for quantity, of, theirs, ours in _compared(row, result)
        ]
    except KeyError as missing:
        raise ConfigError(f"{golden}: row {row.name}: no field {missing}") from None


def _text(value: Any) -> str:
    """As it stands in the file; a whole number without a point."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)


def _compared(row: Row, ours: NestResult) -> Compared:
    theirs = row.expected
    yield "cycles", "", theirs["cycles"], ours.cycles
    yield "utilisation", "", theirs["utilization"], ours.utilization
    yield "multiplications", "", theirs["macs"], ours.macs
    yield "energy", "", theirs["energy_pJ"], ours.energy_pj
    yield "area", "", theirs["area_um2"], ours.area_um2
    mac = theirs["levels"]["mac"]
    yield "multipliers in use", "", mac["utilized_instances"], ours.mac_instances
    yield "energy by level", "mac", mac["energy_pJ"], ours.mac_energy_pj
    for level in ours.levels:
        other = theirs["levels"][level.name]
        yield "cycles by level", level.name, other["cycles"], level.cycles
        yield "throttle by level", level.name, other["throttle"], level.throttle
        yield "energy by level", level.name, other["energy_pJ"], level.energy_pj
        yield "leakage by level", level.name, other["leak_pJ"], level.leak_pj
        held = {"W", "I", "O"} & set(other)
        yield "tensors held", level.name, len(held), len(held) - len(held ^ set(level.tensors))
        for name in sorted(held & set(level.tensors)):
            tensor, of = level.tensors[name], f"{level.name} {name}"
            yield "tile", of, other[name]["tile"], tensor.tile_words
            yield "instances in use", of, other[name]["inst"], tensor.instances
            yield "reads", of, other[name]["reads"], tensor.reads
            yield "fills", of, other[name]["fills"], tensor.fills
            yield "updates", of, other[name]["updates"], tensor.updates
            yield "energy by tensor", of, other[name]["energy_pJ"], tensor.energy_pj


def _inputs(row: Row) -> Iterator[tuple[str, str]]:
    yield "architecture", row.architecture.name
    yield "layer", row.layer.name
    for level, mapped in zip(row.architecture.levels, row.mapping.levels, strict=True):
        parts = (("for", mapped.temporal), ("X", mapped.spatial_x), ("Y", mapped.spatial_y))
        words = [f"{word} {_loops(loops)}" for word, loops in parts if loops]
        yield level.name, f"holds {', '.join(sorted(mapped.keep)) or 'nothing'}; {'; '.join(words) or 'no loops'}"


def _loops(loops: Loops) -> str:
    return " ".join(f"{dim}{bound}" for dim, bound in loops)
