"""The conformance suite ``dram``: what ``archgym conform dram`` runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from archgym.conformance import ConformanceReport, RowComparison
from archgym.errors import ArchgymError, ConfigError


def conform(
    golden: Path,
    /,
    *,
    traces: Path | None = None,
    threads: int = 1,
    show: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConformanceReport | RowComparison:
    """The report over all rows of *golden*, or with *show* both sides of one row; `ConfigError` for a bad file."""
    from archgym.simulators.dram.plugin.conform import conform as compare
    from archgym.simulators.dram.plugin.conform import show_row

    try:
        if show is not None:
            return show_row(golden, show, traces)
        return compare(golden, traces, threads=threads, progress=progress)
    except ValueError as error:
        if isinstance(error, ArchgymError):
            raise
        raise ConfigError(str(error)) from None
