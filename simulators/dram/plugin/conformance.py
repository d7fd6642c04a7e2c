"""The engine's agreement with reference results, in archgym's terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from archgym.conformance import ConformanceReport, Quantity, RowComparison, SideBySide
from archgym.errors import ArchgymError, ConfigError


def conform(
    golden: Path,
    /,
    *,
    traces: Path | None = None,
    threads: int = 1,
    show: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """A `ConformanceReport` over all rows of *golden*, or with *show* the `RowComparison` of one."""
    from archgym.simulators.dram import conform as engine

    try:
        if show is not None:
            row = engine.show_row(golden, show, traces)
            sides = [SideBySide(**asdict(side)) for side in row.sides]
            return RowComparison(row.row, row.inputs, sides)
        report = engine.conform(golden, traces, threads=threads, progress=progress)
    except ValueError as error:
        if isinstance(error, ArchgymError):
            raise
        raise ConfigError(str(error)) from None
    quantities = tuple(Quantity(**asdict(quantity)) for quantity in report.quantities)
    return ConformanceReport("dram", str(golden), report.rows, quantities, report.notes)
