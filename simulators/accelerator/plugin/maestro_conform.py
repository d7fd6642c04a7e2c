"""Run our MAESTRO on the dataflows of a file of its results and compare every number that it prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from archgym.conformance import ConformanceReport, Pair, Printed, RowComparison, side_by_side, summarise
from archgym.errors import ConfigError, did_you_mean
from archgym.simulators.accelerator.maestro.golden_row import EXACT, PRINTED, PRINTED_TOLERANCE, compare
from archgym.simulators.accelerator.maestro.layer import TENSORS
from archgym.simulators.accelerator.plugin.json_file import read_json

_UNITS = {
    "runtime_cycles": "cycles", "l1_req_bytes": "B", "l2_req_bytes": "B", "noc_bw_req": "1/cycle",
    "offchip_bw_req": "1/cycle", "energy_nJ": "nJ", "throughput_macs_per_cycle": "1/cycle", "area_um2": "um2",
    "power_mW": "mW",
}  # fmt: skip
_ACCESSES = tuple(f"{b}_{t}_{access}" for b in ("l1", "l2") for t in TENSORS for access in ("reads", "writes"))
COLUMNS = (
    *(Printed(name, _UNITS.get(name, "1"), 17, 0.0) for name in (*EXACT, *_ACCESSES)),
    *(Printed(name, _UNITS.get(name, "1"), 6, PRINTED_TOLERANCE) for name in PRINTED),
)
"""Whole numbers to the last digit; others to the six digits of MAESTRO's file."""


def conform(
    golden: Path, only: str | None = None, progress: Callable[[int, int], None] | None = None
) -> ConformanceReport:
    """Compare all rows of the file *golden*, or the one named *only*; `ConfigError` for what we cannot read."""
    rows = read_golden(golden, only)
    pairs: dict[str, list[Pair]] = {column.name: [] for column in COLUMNS}
    for done, row in enumerate(rows, start=1):
        for pair, name in _pairs(row, golden):
            pairs[name].append(pair)
        if progress is not None:
            progress(done, len(rows))
    quantities = tuple(summarise(column, pairs[column.name]) for column in COLUMNS)
    return ConformanceReport("accelerator-mapping", str(golden), len(rows), quantities, _notes(rows))


def show_row(golden: Path, name: str) -> RowComparison:
    """Both sides of one row; `ConfigError` as in `conform`."""
    [row] = read_golden(golden, name)
    printed = {column.name: column for column in COLUMNS}
    sides = [replace(side_by_side(printed[quantity], pair)) for pair, quantity in _pairs(row, golden)]
    return RowComparison(name, tuple(_inputs(row)), tuple(sides))


def read_golden(path: Path, only: str | None = None) -> list[dict[str, Any]]:
    """All rows of the file (``.json``, ``.json.gz``), or the one named *only*; `ConfigError` that names the file."""
    rows = read_json(path)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{path}: not a file of MAESTRO's results: expected a list of rows")
    names = [str(row.get("id")) for row in rows]
    chosen = [row for row, name in zip(rows, names, strict=True) if only is None or name == only]
    if not chosen:
        raise ConfigError(f"{path}: no rows" if only is None else f"{path}: row {only!r}: {did_you_mean(only, names)}")
    return chosen


def _pairs(row: dict[str, Any], golden: Path) -> Iterator[tuple[Pair, str]]:
    try:
        for quantity, theirs, ours in compare(row):
            yield Pair(str(row["id"]), repr(theirs), float(ours)), quantity
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        missing = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"{golden}: row {row.get('id')!r}: {missing}") from None


def _inputs(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "layer", " ".join(f"{key}={value}" for key, value in row["layer"].items())
    yield "hardware", " ".join(f"{key}={value}" for key, value in row["hw"].items())
    for number, directive in enumerate(row["dataflow"], start=1):
        yield f"directive {number}", directive


def _notes(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    wrong = sum(row["num_macs"] != row["true_macs"] for row in rows)
    return (f"in {wrong} rows MAESTRO counts other MACs than the layer has, and so do we",) if wrong else ()
