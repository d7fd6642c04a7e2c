"""``archgym replay``: re-evaluate logged samples and compare bit for bit. Exit code 0 only when all are equal."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import typer

from archgym.cli.screen import console, print_json


def replay(
    run: Path = typer.Argument(..., help="A run's directory."),
    rows: int | None = typer.Option(None, "--rows", min=1, help="That many rows, drawn at random; all by default."),
    seed: int = typer.Option(0, "--seed", min=0, help="Seed of the draw."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Evaluate logged samples again and compare them bit for bit."""
    from archgym.replay import replay as replay_run

    report = replay_run(run, rows=rows, seed=seed)
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        console().print(f"{report.equal:,} of {report.rows:,} rows equal, bit for bit", markup=False)
        if report.first_difference:
            console().print(f"first difference: {report.first_difference}", markup=False)
    if report.equal != report.rows:
        raise typer.Exit(1)
