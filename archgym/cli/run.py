"""``archgym run``: one experiment, logged, resumable, its best design set beside the default one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import typer

from archgym.cli.options import parse_assignments
from archgym.cli.screen import console, number, print_json, print_table
from archgym.config import ExperimentModel, parse, read_yaml
from archgym.errors import ConfigError, Interrupted, UnknownName
from archgym.result import RunResult
from archgym.simulator import Metric
from archgym.task import Task, load_task, task_from_mapping

_SHOWN_METRICS = 8


def run(
    config: str | None = typer.Argument(None, help="An experiment file (YAML), or the name of one that is shipped."),
    task: str | None = typer.Option(None, "--task", help="A task's name or file; overrides the experiment's."),
    agent: str | None = typer.Option(None, "--agent", help="An agent's name; drops the experiment's hyperparameters."),
    hyper: list[str] = typer.Option([], "--set", help="A hyperparameter, KEY=VALUE; repeatable."),
    budget: int | None = typer.Option(None, "--budget", min=1, help="Unique evaluations."),
    seed: int | None = typer.Option(None, "--seed", min=0, help="Seed of everything random."),
    out: Path | None = typer.Option(None, "--out", help="The run's directory; the same command goes on in it."),
    workers: int = typer.Option(0, "--workers", min=0, help="Worker processes; 0 simulates in this one."),
    timeout: float | None = typer.Option(None, "--timeout", help="Seconds a design may take (needs --workers)."),
    warm_start: list[Path] = typer.Option(
        [], "--warm-start", help="A run, or a folder of runs, whose results the agent is told first; repeatable."
    ),
    plots: bool = typer.Option(False, "--plots", help="Draw convergence and Pareto plots into the run's directory."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Search one task with one agent."""
    from archgym.runner import run as run_search

    experiment = _experiment(config, task, agent, seed, budget, out)
    searched = _task(experiment)
    hyperparameters = {**experiment.hyperparameters(), **parse_assignments(hyper, "--set")}
    folder = Path(experiment.out) if experiment.out else _default_folder(searched, experiment)
    try:
        with _progress(searched, quiet=as_json) as progress:
            result = run_search(
                searched,
                experiment.agent_name(),
                hyperparameters,
                seed=experiment.seed,
                budget=experiment.budget,
                out=folder,
                progress=progress,
                workers=workers,
                timeout_s=timeout,
                with_default=True,
                warm_start=warm_start,
            )
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; every result so far is in {folder}: the same command goes on") from None
    drawn = _draw(folder, searched, result) if plots else []
    if as_json:
        print_json({**result.to_data(), "plots": [str(path) for path in drawn]})
        return
    _report(searched, experiment.agent_name(), result, folder)
    for path in drawn:
        console().print(f"plot: {path}", markup=False)


def _experiment(
    config: str | None, task: str | None, agent: str | None, seed: int | None, budget: int | None, out: Path | None
) -> ExperimentModel:
    """The experiment file with the options laid over it."""
    given = {"task": task, "agent": agent, "seed": seed, "budget": budget, "out": None if out is None else str(out)}
    over = {key: value for key, value in given.items() if value is not None}
    if config is None:
        if task is None:
            raise ConfigError("run: expected an experiment file or --task NAME; see: archgym list tasks")
        return parse(ExperimentModel, over, "options")
    if config.endswith((".yaml", ".yml")):
        data = read_yaml(Path(config))
    else:
        shipped = {f.name.removesuffix(".yaml"): f for f in (files("archgym.configs") / "experiments").iterdir()}
        if config not in shipped:
            raise UnknownName("experiment", config, shipped, "or give a .yaml file")
        data = read_yaml(shipped[config])
    return parse(ExperimentModel, {**data, **over}, config)


def _task(experiment: ExperimentModel) -> Task:
    if isinstance(experiment.task, str):
        return load_task(experiment.task)
    return task_from_mapping("inline", experiment.task.model_dump(mode="json"), "task")


def _default_folder(task: Task, experiment: ExperimentModel) -> Path:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", task.name)
    return Path("results") / name / f"{experiment.agent_name()}-s{experiment.seed}"


def _progress(task: Task, *, quiet: bool) -> Any:
    from contextlib import contextmanager

    from archgym.cli.progress import search_progress

    @contextmanager
    def watch() -> Any:
        with search_progress(task.name, quiet=quiet) as advance:
            yield lambda now: advance(now.spent, now.budget, "-" if now.best is None else _score(now.best.scores))

    return watch()


def _score(scores: Any) -> str:
    return ", ".join(number(value) for value in scores.values())


def _report(task: Task, agent: str, result: RunResult, folder: Path) -> None:
    screen = console()
    screen.print(f"[bold]{task.name}[/]: {task.summary}")
    if result.best is None:
        screen.print(f"No design of {result.spent} has a result ({result.failed} failed); see the messages in the log.")
    else:
        _compare(task, result)
    stop = {"budget": "budget spent", "exhausted": "nothing more to propose", "stalled": "only duplicates proposed"}
    screen.print(
        f"{agent}: {result.spent:,} designs evaluated, {result.duplicates:,} duplicates answered from memory, "
        f"{result.failed:,} without result; {stop[result.stop]}; "
        f"{result.times.total_s:.1f} s ({result.times.simulator_s:.1f} s in the simulator)",
        markup=False,
    )
    if result.warm_rows:
        screen.print(
            f"began with {result.warm_rows:,} results of earlier runs, which are not in this log", markup=False
        )
    if result.resumed_rows:
        screen.print(f"went on after {result.resumed_rows:,} rows that were in the log", markup=False)
    screen.print(f"log: {folder}", markup=False)


def _compare(task: Task, result: RunResult) -> None:
    """Scores, metrics and knobs of the best design beside the default one."""
    best, default = result.best, result.default
    metrics = {metric.name: metric for metric in task.make_simulator().metrics}
    if best is None:
        return
    many = task.objective.k > 1
    rows = []
    for label, value in best.scores.items():
        if label in metrics:
            continue  # it stands among the metrics, with its unit
        other = default.scores.get(label) if default else None
        rows.append([f"score: {label}", "" if other is None else number(other), number(value), _change(other, value)])
    reads = [name for term in task.objective.terms for name in term.reads]
    limits = [limit.metric for limit in task.objective.limits]
    names = list(dict.fromkeys([*reads, *limits, *best.metrics]))[:_SHOWN_METRICS]
    for name in names:
        unit, value = metrics[name].unit, best.metrics[name]
        other = default.metrics.get(name) if default else None
        rows.append([name, "" if other is None else number(other, unit), number(value, unit), _change(other, value)])
    print_table(
        "result", ["", "default", "best in the first objective" if many else "best", "change"], rows, right=(1, 2, 3)
    )
    if best.violation > 0:
        console().print(
            f"[bold yellow]No design keeps every limit[/]; the best one exceeds them by {best.violation:.2%}."
        )
    if default and default.violation > 0:
        console().print(f"The default design exceeds the limits by {default.violation:.2%}.\n", markup=False)
    if many:
        console().print(f"{len(result.front)} designs are on the Pareto front.\n", markup=False)
    knobs = [
        [
            name,
            str(default.design[name]) if default else "",
            str(value),
            "" if not default or default.design[name] == value else "*",
        ]
        for name, value in best.design.items()
    ]
    print_table("design", ["parameter", "default", "best", ""], knobs)


def _change(before: float | None, after: float) -> str:
    if before is None or before == 0 or before != before or after != after:
        return ""
    return f"{after / before - 1:+.1%}"


def _draw(folder: Path, task: Task, result: RunResult) -> list[Path]:
    from archgym.plots import convergence, pareto
    from archgym.read import read_samples

    samples = read_samples(folder)
    metrics = {metric.name: metric for metric in task.make_simulator().metrics}
    label = task.objective.labels[0]
    unit = metrics[label].unit if label in metrics else ""
    reference = result.default.scores.get(label) if result.default else None
    paths = [folder / "convergence.png"]
    convergence(samples, paths[0], title=task.name, score=label, unit=unit, reference=reference, overwrite=True)
    axes = _pareto_axes(task, metrics)
    if axes:
        paths.append(folder / "pareto.png")
        x, y = (metrics[name] for name in axes)
        pareto(
            samples,
            paths[1],
            x.name,
            y.name,
            x_unit=x.unit,
            y_unit=y.unit,
            better=(_way(x), _way(y)),
            score=label,
            title=task.name,
            default=None
            if result.default is None
            else (result.default.metrics[x.name], result.default.metrics[y.name]),
            overwrite=True,
        )
    return paths


def _way(metric: Metric) -> Literal["lower", "higher"]:
    return "higher" if metric.better == "higher" else "lower"


def _pareto_axes(task: Task, metrics: Mapping[str, Metric]) -> tuple[str, str] | None:
    """The first two metrics with a direction that the objective and its limits read; others fill up."""
    reads = [name for term in task.objective.terms for name in term.reads]
    wanted = [*reads, *(limit.metric for limit in task.objective.limits), "latency_avg", "energy_total", *metrics]
    names = [name for name in dict.fromkeys(wanted) if name in metrics and metrics[name].better != "none"]
    return (names[0], names[1]) if len(names) >= 2 else None
