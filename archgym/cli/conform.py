"""``archgym conform``: agreement with reference results, row by row. Exit code 0 only when every bar holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import typer

from archgym.cli.screen import console, print_json, print_table
from archgym.conformance import ConformanceReport, RowComparison
from archgym.errors import ConfigError, UnknownName


def conform(
    suite: str = typer.Argument(..., help="A conformance suite, usually the simulator's name: dram."),
    golden: Path = typer.Argument(..., help="The file of reference results."),
    traces: Path | None = typer.Option(None, "--traces", help="Folder of the traces that the rows name."),
    show: str | None = typer.Option(None, "--show", metavar="ROW", help="Set both sides of one row side by side."),
    threads: int = typer.Option(1, "--threads", min=1, help="Simulations at a time."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Compare a simulator with a file of reference results."""
    from archgym.registry import simulator_names, simulator_plugin

    suites = {name: run for plugin in map(simulator_plugin, simulator_names()) for name, run in plugin.conform.items()}
    if suite not in suites:
        raise UnknownName("conformance suite", suite, suites)
    if not golden.exists():
        raise ConfigError(f"{golden}: no such file")
    options: dict[str, Any] = {"traces": traces, "threads": threads}
    if show is not None:
        _print_row(suites[suite](golden, show=show, **options), as_json)  # type: ignore[arg-type]
        return
    report = _with_progress(suites[suite], golden, options, quiet=as_json)
    _print_report(report, as_json)
    if not report.holds:
        raise typer.Exit(1)


def _with_progress(run: Any, golden: Path, options: dict[str, Any], quiet: bool) -> ConformanceReport:
    from archgym.cli.progress import rows_progress

    with rows_progress("rows", quiet=quiet) as advance:
        report: ConformanceReport = run(golden, progress=advance, **options)
    return report


def _print_report(report: ConformanceReport, as_json: bool) -> None:
    if as_json:
        print_json({**dataclasses.asdict(report), "holds": report.holds})
        return
    print_table(
        f"{report.simulator} against {report.golden}: {report.rows} rows",
        ["quantity", "unit", "rows", "exact", "≤ 0.1 %", "≤ 1 %", "worst row", "worst error", "bar", "holds"],
        [
            [
                q.name,
                q.unit,
                str(q.rows),
                str(q.exact),
                str(q.within_0_1_percent),
                str(q.within_1_percent),
                q.worst_row or "",
                f"{q.worst_relative_error:.1e}" if q.worst_relative_error else "0",
                q.bar,
                "yes" if q.holds else "NO",
            ]
            for q in report.quantities
        ],
        right=(2, 3, 4, 5, 7),
    )
    for note in report.notes:
        console().print(f"note: {note}", markup=False)
    console().print("[bold green]holds[/]" if report.holds else "[bold red]does not hold[/]")


def _print_row(row: RowComparison, as_json: bool) -> None:
    if as_json:
        print_json(dataclasses.asdict(row))
        return
    print_table(f"row {row.row}: input", ["knob", "value"], row.inputs)
    print_table(
        f"row {row.row}: results",
        ["quantity", "unit", "reference", "archgym", ""],
        [[s.name, s.unit, s.reference, s.ours, "" if s.equal else "differs"] for s in row.sides],
        right=(2, 3),
    )
