"""The conformance suites ``accelerator`` (Timeloop's answers) and ``accelerator-mapping`` (MAESTRO's)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from archgym.conformance import ConformanceReport, RowComparison


def timeloop(
    golden: Path,
    /,
    *,
    traces: Path | None = None,
    threads: int = 1,
    show: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConformanceReport | RowComparison:
    """The report over all rows of *golden*, or with *show* both sides of one row; `ConfigError` for a bad file.

    *traces* and *threads* mean nothing here: a row needs no file beside it, and microseconds.
    """
    from archgym.simulators.accelerator.plugin.timeloop_conform import conform, show_row

    return show_row(golden, show) if show is not None else conform(golden, progress=progress)


def maestro(
    golden: Path,
    /,
    *,
    traces: Path | None = None,
    threads: int = 1,
    show: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConformanceReport | RowComparison:
    """As `timeloop`, for MAESTRO's results and with its defects."""
    from archgym.simulators.accelerator.plugin.maestro_conform import conform, show_row

    return show_row(golden, show) if show is not None else conform(golden, progress=progress)
