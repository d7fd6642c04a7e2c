"""``archgym dataset``: look at a log, convert it, join several, check one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from archgym.cli.screen import console, number, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Look at, convert and check the logs of runs.")


class Format(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    PARQUET = "parquet"


@app.command("info")
def show_info(
    path: Path = typer.Argument(..., help="A run's directory, a folder of runs, or a Parquet file."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Show what a log holds."""
    from archgym.dataset.info import info

    facts = info(path)
    if as_json:
        print_json(facts)
        return
    best = facts.pop("best")
    print_table("", ["", ""], [[key.replace("_", " "), _text(value)] for key, value in facts.items()])
    for row in best:
        where = f"{row['simulator']} on {row['workload']}: lowest {row['score']} {number(row['value'])}"
        console().print(f"{where} (run {row['run_id']}, row {row['index']})", markup=False)


@app.command("export")
def export_samples(
    path: Path = typer.Argument(..., help="A run's directory, a folder of runs, or a Parquet file."),
    out: Path = typer.Option(..., "--out", help="The file to write; it must not exist."),
    file_format: Format | None = typer.Option(None, "--format", help="The file's suffix decides by default."),
) -> None:
    """Write the samples as one CSV or Parquet file."""
    from archgym.dataset.export import export

    rows = export(path, out, None if file_format is None else file_format.value)
    console().print(f"{rows:,} rows -> {out}", markup=False)


@app.command("merge")
def merge_samples(
    paths: list[Path] = typer.Argument(..., help="Runs, folders of runs or Parquet files."),
    out: Path = typer.Option(..., "--out", help="The Parquet file to write; it must not exist."),
    dedupe: bool = typer.Option(False, "--dedupe", help="Keep one row per design."),
    mixed: bool = typer.Option(False, "--mixed", help="Allow several simulator versions, workloads or spaces."),
) -> None:
    """Join logs into one Parquet file."""
    from archgym.dataset.merge import merge

    counts = merge(list(paths), out, dedupe=dedupe, mixed=mixed)
    console().print(f"{counts['read']:,} rows read, {counts['written']:,} written -> {out}", markup=False)


@app.command("verify")
def verify_samples(
    path: Path = typer.Argument(..., help="A run's directory or a folder of runs."),
    rows: int = typer.Option(100, "--rows", min=0, help="Rows of each run to evaluate again; 0: structure only."),
    seed: int = typer.Option(0, "--seed", min=0, help="Seed of the draw."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Check a log's structure, and a part of it against the simulator. Exit code 0 only when all is well."""
    import dataclasses

    from archgym.dataset.verify import verify

    checks = verify(path, rows or 0, seed=seed)
    if as_json:
        print_json([dataclasses.asdict(check) for check in checks])
    else:
        for check in checks:
            again = (
                ""
                if check.replayed is None
                else f", {check.replayed.equal} of {check.replayed.rows} evaluated again equal"
            )
            verdict = "; ".join(check.problems) or f"ok: {check.rows:,} rows{again}"
            console().print(f"{check.run_dir}: {verdict}", markup=False)
    if any(check.problems for check in checks):
        raise typer.Exit(1)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(_text(item) for item in value)
    return f"{value:,}" if isinstance(value, int) else str(value)
