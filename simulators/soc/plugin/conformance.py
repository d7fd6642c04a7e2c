"""The conformance suite ``soc``: what ``archgym conform soc`` runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from archgym.conformance import ConformanceReport, RowComparison


def conform(
    golden: Path,
    /,
    *,
    traces: Path | None = None,
    threads: int = 1,
    show: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ConformanceReport | RowComparison:
    """The report over all rows of *golden*, or with *show* both sides of one row; `ConfigError` for a bad file.

    *traces* and *threads* mean nothing here: a row needs no file beside it, and milliseconds.
    """
    from archgym.simulators.soc.plugin.conform import conform as compare
    from archgym.simulators.soc.plugin.conform import show_row

    return show_row(golden, show) if show is not None else compare(golden, progress=progress)
