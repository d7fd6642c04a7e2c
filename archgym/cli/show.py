"""``archgym show``: one design looked at closely, beside the default one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from archgym.cli.options import parse_assignments
from archgym.cli.screen import console, print_json, print_table
from archgym.errors import ConfigError

if TYPE_CHECKING:
    from archgym.report.design_source import Source
    from archgym.report.inspection import Priced
    from archgym.simulator import DetailTable


def show(
    design: str = typer.Argument(..., help="A run's directory, a design file (YAML, JSON), or the word default."),
    which: str | None = typer.Option(
        None, "--which", help="Of a run: best (default), default, or an index in its log."
    ),
    over: list[str] = typer.Option([], "--set", help="PARAM=VALUE laid over the design; repeatable."),
    task: str | None = typer.Option(None, "--task", help="The task that prices the design, where it is no run."),
    simulator: str | None = typer.Option(None, "--simulator", help="A simulator instead of a task."),
    workload: str | None = typer.Option(None, "--workload", help="Its workload's name or file."),
    space: str | None = typer.Option(None, "--space", help="One of its spaces."),
    option: list[str] = typer.Option([], "--option", help="One of its options, KEY=VALUE; repeatable."),
    everything: bool = typer.Option(False, "--all", help="Also the parameters that are as in the default design."),
    out: Path | None = typer.Option(None, "--out", help="A folder for the plug-in's pictures of the design."),
    formats: list[str] = typer.Option(["png"], "--format", help="Of the pictures: png, svg, pdf; repeatable."),
    as_json: bool = typer.Option(False, "--json", help="Print everything as JSON."),
) -> None:
    """Look at one design: its metrics beside the default's, its knobs, tables and pictures."""
    from archgym.report.inspection import details, price

    given = _Given(task, simulator, workload, space, tuple(option))
    source = _source(design, which, over, given)
    objective = source.task.objective if source.task else None
    default, shown = price(source.simulator, [source.simulator.space.default, source.design], objective)
    tables, notes = details(source.simulator, source.design)
    paths = _draw(source, out, formats, notes)
    if as_json:
        print_json(_data(source, default, shown, tables, notes, paths))
        return
    _print(source, default, shown, everything)
    for detail in tables:
        print_table(detail.title, detail.headers, detail.rows, right=detail.right)
    for line in notes:
        console().print(line, markup=False)
    for path in paths:
        console().print(f"picture: {path}", markup=False, soft_wrap=True)


@dataclasses.dataclass(frozen=True, slots=True)
class _Given:
    """What prices the design, as the options say."""

    task: str | None
    simulator: str | None
    workload: str | None
    space: str | None
    option: tuple[str, ...]


def _source(design: str, which: str | None, over: Sequence[str], given: _Given) -> Source:
    from archgym.report.design_source import BEST, from_run, from_text, is_run

    if is_run(design):
        surplus = [f"--{name}" for name in _Given.__slots__ if getattr(given, name)]
        if surplus:
            raise ConfigError(
                f"{surplus[0]}: {design} is a directory, and a run has its own task; leave the option out"
            )
        return from_run(Path(design), which or BEST, over)
    if which is not None:
        raise ConfigError(f"--which {which!r}: goes with a run's directory, {design!r} is none")
    simulator, task = _simulator(design, given)
    return from_text(design, simulator, task, over)


def _simulator(design: str, given: _Given) -> tuple[Any, Any]:
    from archgym.registry import make_simulator
    from archgym.task import load_task

    if (given.task is None) == (given.simulator is None):
        got = "neither" if given.task is None else "both"
        what = "" if Path(design).exists() or design == "default" else f"{design!r} is no directory of a run: "
        raise ConfigError(f"{what}expected --task NAME or --simulator NAME to price the design, got {got}")
    if given.task is not None:
        surplus = [f"--{name}" for name in ("workload", "space", "option") if getattr(given, name)]
        if surplus:
            raise ConfigError(f"{surplus[0]}: goes with --simulator; the task says it already")
        task = load_task(given.task)
        return task.make_simulator(), task
    options = parse_assignments(given.option)
    return make_simulator(str(given.simulator), workload=given.workload, space=given.space, **options), None


def _draw(source: Source, out: Path | None, formats: Sequence[str], notes: list[str]) -> list[Path]:
    """The pictures' files; what cannot be drawn is added to *notes*."""
    from archgym.report.figures import save_pictures
    from archgym.report.inspection import pictures
    from archgym.report.svg import check_formats

    if out is None:
        return []
    check_formats(formats)
    drawn, undrawn = pictures(source.simulator, source.design)
    notes += undrawn or ([] if drawn else [f"simulator {source.simulator.name!r} draws no pictures of its designs"])
    return save_pictures(drawn, out, formats) if drawn else []


def _print(source: Source, default: Priced, shown: Priced, everything: bool) -> None:
    from archgym.report.comparison import decisive, differing, metric_lines, score_lines

    screen, space = console(), source.simulator.space
    workload = source.simulator.workload.name
    by = f"task {source.task.name}" if source.task else f"simulator {source.simulator.name}, space {space.name}"
    screen.print(f"{source.title}; {by}, workload {workload}", markup=False)
    screen.print(f"status: {shown.status.name}{f': {shown.message}' if shown.message else ''}", markup=False)
    if shown.metrics and shown.violation > 0:
        screen.print(f"It exceeds the limits by {shown.violation:.2%} in all.", markup=False)
    if not default.metrics:
        screen.print(f"The default design has no result: {default.message or default.status.name}", markup=False)
    changed = differing(default.design, shown.design)
    metrics = [dataclasses.asdict(metric) for metric in source.simulator.metrics]
    lines = score_lines(metrics, default.scores, shown.scores)
    lines += metric_lines(
        metrics, default.metrics, shown.metrics, decisive(source.task.objective) if source.task else ()
    )
    if changed:
        rows = [[line.name, line.default, line.design or "-", line.change, line.verdict] for line in lines]
        print_table("metrics", ["", "default", "this design", "change", ""], rows, right=(1, 2, 3))
    else:
        print_table("metrics", ["", "this design"], [[line.name, line.design or "-"] for line in lines], right=(1,))
    _print_knobs(space, default, shown, everything, changed)


def _print_knobs(space: Any, default: Priced, shown: Priced, everything: bool, changed: Sequence[str]) -> None:
    units = {p.name: "" if p.unit == "1" else p.unit for p in space.parameters}
    names = list(space.names) if everything else list(changed)
    rows = [
        [name, units[name], str(default.design[name]), str(shown.design[name]), "*" if name in changed else ""]
        for name in names
    ]
    if rows:
        print_table("design", ["parameter", "unit", "default", "this design", ""], rows)
    rest = space.d - len(names)
    if rest:
        some = f"{rest:,} parameter is" if rest == 1 else f"{rest:,} parameters are"
        console().print(f"{some} as in the default design (--all shows them).\n", markup=False)


def _data(
    source: Source,
    default: Priced,
    shown: Priced,
    tables: Sequence[DetailTable],
    notes: Sequence[str],
    paths: Sequence[Path],
) -> dict[str, Any]:
    simulator = source.simulator
    return {
        "source": source.title,
        "task": source.task.name if source.task else None,
        "simulator": {"name": simulator.name, "version": simulator.version},
        "workload": dataclasses.asdict(simulator.workload),
        "space": {"name": simulator.space.name, "fingerprint": simulator.space.fingerprint},
        "metrics": [dataclasses.asdict(metric) for metric in simulator.metrics],
        "design": _priced_data(shown),
        "default": _priced_data(default),
        "tables": [dataclasses.asdict(detail) for detail in tables],
        "notes": list(notes),
        "pictures": [str(path) for path in paths],
    }


def _priced_data(priced: Priced) -> dict[str, Any]:
    return {
        "parameters": dict(priced.design),
        "status": priced.status.name,
        "message": priced.message,
        "metrics": dict(priced.metrics),
        "scores": dict(priced.scores),
        "violation": priced.violation,
    }
