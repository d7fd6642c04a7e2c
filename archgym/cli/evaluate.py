"""``archgym evaluate``: price a table of designs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import typer

from archgym.cli.options import parse_assignments
from archgym.cli.screen import console
from archgym.errors import ConfigError, DesignError, RunExists
from archgym.executor import SerialExecutor, ValidatingExecutor
from archgym.simulator import Evaluations, Simulator, Status
from archgym.space import DesignSpace


def evaluate(
    simulator: str = typer.Argument(..., help="A simulator's name."),
    designs: Path = typer.Option(
        ..., "--designs", help="CSV with one column per parameter; missing ones take the default."
    ),
    out: Path = typer.Option(..., "--out", help="CSV to write: design, status, message and metrics."),
    workload: str | None = typer.Option(None, "--workload", help="A workload's name or file."),
    space: str | None = typer.Option(None, "--space", help="One of the simulator's spaces."),
    option: list[str] = typer.Option([], "--option", help="A simulator option, KEY=VALUE; repeatable."),
) -> None:
    """Price every design of a CSV file."""
    from archgym.registry import make_simulator

    if out.exists():
        raise RunExists(f"{out} exists; choose another --out or remove it")
    made = make_simulator(simulator, workload=workload, space=space, **parse_assignments(option))
    rows = read_designs(designs, made.space)
    executor = ValidatingExecutor(made.space, len(made.metrics), SerialExecutor(made))
    results = executor.execute(made.space.from_designs(rows))
    _write(out, rows, made, results)
    good = int((results.status == Status.OK).sum())
    console().print(f"{good} of {len(rows)} designs priced -> {out}", markup=False)


def read_designs(path: Path, space: DesignSpace) -> list[dict[str, Any]]:
    """The complete designs of a CSV file; `ConfigError` with file and line for a bad one."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            header = list(reader.fieldnames or [])
            raw = [(reader.line_num, row) for row in reader]
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path}: not a CSV file: {error}") from None
    if not raw:
        raise ConfigError(
            f"{path}: expected a header and at least one design, got {'only a header' if header else 'nothing'}"
        )
    rows = []
    for line, row in raw:
        if None in row or None in row.values():
            raise ConfigError(f"{path}:{line}: expected {len(header)} fields, as the header has")
        try:
            rows.append(_design(row, space))
        except DesignError as error:
            raise ConfigError(f"{path}:{line}: {error}") from None
    return rows


def _design(row: dict[str, str], space: DesignSpace) -> dict[str, Any]:
    design = dict(space.default)
    parameters = {parameter.name: parameter for parameter in space.parameters}
    for name, text in row.items():
        if name not in parameters:
            space.from_designs([{**design, name: text}])  # raises, with the nearest name
        design[name] = _value(text, parameters[name])
    space.from_designs([design])
    return design


def _value(text: str, parameter: Any) -> Any:
    """The parameter's value that *text* writes; *text* itself when there is none, for the space to refuse."""
    for value in parameter.values:
        if text == str(value):
            return value
    try:
        return float(text) if parameter.kind != "string" else text
    except ValueError:
        return text


def _write(out: Path, rows: list[dict[str, Any]], simulator: Simulator, results: Evaluations) -> None:
    names = [parameter.name for parameter in simulator.space.parameters]
    metrics = [f"{metric.name} [{metric.unit}]" for metric in simulator.metrics]
    with out.open("x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "status", "message", *metrics])
        for i, row in enumerate(rows):
            status = Status(int(results.status[i])).name
            values = ["" if value != value else repr(float(value)) for value in results.metrics[i]]
            writer.writerow([*(row[name] for name in names), status, results.messages.get(i, ""), *values])
