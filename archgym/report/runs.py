"""Run directories as they are found: finished, unfinished or broken, put together by the task they searched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.best import Best
from archgym.curves import feasible
from archgym.errors import ArchgymError, LogError
from archgym.manifest import Manifest, read_manifest
from archgym.objective import merit
from archgym.read import read_samples
from archgym.result import RunResult, result_from_data
from archgym.run_dir import read_state, run_dirs
from archgym.task import Task

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One run as its directory tells it."""

    path: Path
    manifest: Manifest
    task: Task
    status: str
    """``finished``, ``running`` (or killed), ``interrupted`` or ``failed``."""
    result: RunResult | None
    """Of a finished run."""
    samples: pd.DataFrame
    """As `archgym.read_samples` gives them; possibly none."""
    best: Best | None
    """The design of lowest merit in the log; `Best.row` is its index there."""

    @property
    def agent(self) -> str:
        return str(self.manifest.config["agent"])

    @property
    def seed(self) -> int:
        return int(self.manifest.config["seed"])

    @property
    def spent(self) -> int:
        """Unique evaluations in the log."""
        return int((~self.samples["duplicate"].to_numpy(bool)).sum())

    @property
    def feasible(self) -> int:
        """Unique evaluations with a result that keeps every limit."""
        return int((feasible(self.samples) & ~self.samples["duplicate"].to_numpy(bool)).sum())


@dataclass(frozen=True, slots=True, eq=False)
class TaskRuns:
    """Runs that asked the same question: their samples can be compared."""

    task: Task
    runs: tuple[Run, ...]
    """By agent, hyperparameters and seed."""

    @property
    def manifest(self) -> Manifest:
        """One that speaks for all: simulator, workload, space, metrics and objective are the same."""
        return self.runs[0].manifest

    @property
    def best_run(self) -> Run | None:
        """The run with the best design; of equals the first."""
        found = [(_merit(run.best), i, run) for i, run in enumerate(self.runs) if run.best is not None]
        return min(found)[2] if found else None

    @property
    def default(self) -> Best | None:
        """The default design as one of the runs recorded it."""
        return next((run.result.default for run in self.runs if run.result and run.result.default), None)

    def samples(self) -> pd.DataFrame:
        """All rows; ``run_id`` tells the runs apart even where one was copied or repeated."""
        import pandas as pd

        return pd.concat(
            [run.samples.assign(run_id=f"{i:06d}") for i, run in enumerate(self.runs) if len(run.samples)]
            or [self.runs[0].samples],
            ignore_index=True,
        )


def score_unit(group: TaskRuns, label: str) -> str:
    """A score's unit where it is a metric; else none."""
    return next((str(m["unit"]) for m in group.manifest.metrics if m["name"] == label), "")


def read_run(path: Path) -> Run:
    """The run in *path*; `ArchgymError` where its manifest, state or log cannot be read."""
    manifest = read_manifest(path)
    task = _task(manifest, path)
    state = read_state(path)
    samples = read_samples(path)
    lacking = [f"score.{label}" for label in task.objective.labels if f"score.{label}" not in samples.columns]
    if lacking:
        raise LogError(f"{path}: its log has no column {lacking[0]}, which the task in its manifest asks for")
    return Run(path, manifest, task, _status(state, path), _result(state, path), samples, best_of(samples))


def read_runs(paths: Sequence[Path]) -> tuple[list[Run], list[str]]:
    """The runs at or below *paths*, each directory once, and a line for each that cannot be read.

    `LogError` when a path holds no run, or none of the runs can be read.
    """
    found = {folder.resolve(): folder for path in paths for folder in run_dirs(path)}
    runs, broken = [], []
    for folder in found.values():
        try:
            runs.append(read_run(folder))
        except ArchgymError as error:
            broken.append(str(error))
    if not runs:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        raise LogError(f"none of the runs can be read: {broken[0]}{more}")
    return runs, broken


def by_task(runs: Iterable[Run]) -> list[TaskRuns]:
    """Runs of the same task, simulator version, workload content and space together, sorted by the task's name."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        manifest = run.manifest
        question = (manifest.workload["content_hash"], manifest.space["fingerprint"], run.task.fingerprint)
        key = (run.task.name, manifest.simulator["name"], manifest.simulator["version"], *question)
        groups.setdefault(tuple(map(str, key)), []).append(run)
    return [TaskRuns(group[0].task, tuple(sorted(group, key=_order))) for _, group in sorted(groups.items())]


def best_of(samples: pd.DataFrame) -> Best | None:
    """The sample of lowest merit (first objective), None when none has a result."""
    labels = [str(name) for name in samples.columns if str(name).startswith("score.")]
    usable = np.flatnonzero((samples["status"] == "OK").to_numpy() & np.isfinite(samples["violation"].to_numpy(float)))
    if not len(usable):
        return None
    scores = samples[labels[0]].to_numpy(float)[usable]
    row = usable[int(np.argmin(merit(scores, samples["violation"].to_numpy(float)[usable])))]
    return sample(samples, int(row))


def sample(samples: pd.DataFrame, row: int) -> Best:
    """Row number *row* by value; `Best.row` is its index in the log."""
    values = {str(name): _plain(value) for name, value in samples.iloc[row].items()}

    def part(prefix: str) -> dict[str, Any]:
        return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}

    return Best(int(values["index"]), part("design."), part("metric."), part("score."), float(values["violation"]))


def _task(manifest: Manifest, path: Path) -> Task:
    """The manifest's task, once everything that a page reads is known to be there."""
    needed = {
        "config": ("task", "agent", "hyperparameters", "seed", "budget"),
        "simulator": ("name", "version"),
        "workload": ("name", "content_hash"),
        "space": ("fingerprint", "parameters", "constraints"),
    }
    for part, keys in needed.items():
        held = getattr(manifest, part)
        lacking = [key for key in keys if not isinstance(held, dict) or key not in held]
        if lacking:
            raise LogError(f"{path}: its manifest.json has no {part}.{lacking[0]}: it was not written by a run")
    try:
        return manifest.task()
    except (KeyError, TypeError) as error:
        raise LogError(f"{path}: the task in its manifest.json cannot be read: {_words(error)}") from None


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _merit(best: Best | None) -> float:
    if best is None:
        return float("inf")
    score = next(iter(best.scores.values()))
    return float(merit(np.array([score]), np.array([best.violation]))[0])


def _order(run: Run) -> tuple[str, str, int, str]:
    return run.agent, str(sorted(run.manifest.config["hyperparameters"].items())), run.seed, str(run.path)


def _status(state: Any, path: Path) -> str:
    if not isinstance(state, dict) or not isinstance(state.get("status"), str):
        raise LogError(f"{path}: its state.json has no status: it was not written by a run")
    return str(state["status"])


def _result(state: Any, path: Path) -> RunResult | None:
    if state["status"] != "finished":
        return None
    try:
        return result_from_data(state["result"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LogError(f"{path}: the result in its state.json cannot be read: {_words(error)}") from None


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
