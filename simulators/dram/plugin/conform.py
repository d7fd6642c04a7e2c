"""Run our engine on the rows of a file of reference results and compare every quantity.

`conform` gives the agreement over all rows, `show_row` both sides of one. Rows of one trace, part and mapping share
its preparation. Nothing is fitted to the rows: where the reference is known to be wrong, the report says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from archgym.conformance import (
    ConformanceReport,
    Pair,
    RowComparison,
    side_by_side,
    summarise,
)
from archgym.simulators.dram.plugin.golden import Golden, Run, read_golden
from archgym.simulators.dram.plugin.golden_run import compare_runs

Progress = Callable[[int, int], None]
"""Called with the runs done so far and in all."""


def conform(
    golden: str | Path,
    traces: str | Path | None = None,
    rows: Sequence[str] | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> ConformanceReport:
    """Compare all rows of the file *golden*, or only *rows*, by name.

    *traces* is the folder of its traces, by default the one beside the file. Raises ValueError for what the file
    names and we do not know: a trace, part, mapping, knob value, or a missing column.
    """
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    reference = read_golden(golden, rows)
    pairs: dict[str, list[Pair]] = {column.name: [] for column in reference.columns}
    done = 0
    groups = _groups(reference)
    folder = _trace_folder(reference, traces)
    with ThreadPoolExecutor(threads) as pool:
        jobs = {pool.submit(compare_runs, reference.path, folder, group): group for group in groups}
        try:
            for job in as_completed(jobs):
                for name, pair in job.result():
                    pairs[name].append(pair)
                done += len(jobs[job])
                if progress is not None:
                    progress(done, len(reference.runs))
        finally:
            for job in jobs:
                job.cancel()
    order = {row: at for at, row in enumerate(reference.rows)}
    quantities = tuple(
        summarise(column, sorted(pairs[column.name], key=lambda pair: order[pair.row]))
        for column in reference.columns
        if pairs[column.name]
    )
    name = str(reference.path)
    return ConformanceReport("dram", name, len(reference.rows), quantities, reference.notes)


def show_row(golden: str | Path, row: str, traces: str | Path | None = None) -> RowComparison:
    """Both sides of one row; ValueError as in `conform`."""
    reference = read_golden(golden, [row])
    folder = _trace_folder(reference, traces)
    printed = {column.name: column for column in reference.columns}
    found = [pair for group in _groups(reference) for pair in compare_runs(reference.path, folder, group)]
    found.sort(key=lambda pair: list(printed).index(pair[0]))
    sides = tuple(side_by_side(printed[name], pair) for name, pair in found)
    return RowComparison(row, tuple(reference.inputs[row].items()), sides)


def _trace_folder(reference: Golden, traces: str | Path | None) -> Path:
    folder = Path(traces) if traces is not None else reference.path.parent / reference.traces
    if not folder.is_dir():
        raise ValueError(f"{folder}: no folder of traces; say where the traces of {reference.path.name} are")
    return folder


def _groups(reference: Golden) -> list[list[Run]]:
    groups: dict[tuple[str, str, str, int | None], list[Run]] = {}
    for run in reference.runs:
        groups.setdefault((run.part, run.mapping, run.trace, run.first), []).append(run)
    return list(groups.values())
