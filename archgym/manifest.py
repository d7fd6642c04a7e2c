"""What a run is: its configuration, and everything needed to know where its numbers came from.

Written once, before the first evaluation, as ``<run>/manifest.json``. What changes while a run lives is in
``state.json`` beside it (`archgym.run_dir`).
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from archgym.errors import LogError
from archgym.sample import SCHEMA_VERSION, columns
from archgym.simulator import Simulator
from archgym.space import DesignSpace
from archgym.task import Task, task_from_mapping

FILE = "manifest.json"
PACKAGES = (
    *("archgym", "numpy", "numba", "pandas", "pyarrow"),
    *("scipy", "scikit-learn", "scikit-optimize", "optuna", "cmaes", "torch"),  # what agents are made of
)
_WORDING = ("summary", "tags", "budget")
"""Keys of a task that do not decide a run's results (the run has a budget of its own)."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One run's manifest; every field is JSON-able."""

    schema_version: int
    run_id: str
    created: str
    """UTC, ISO 8601."""
    config: Mapping[str, Any]
    """``task`` (name and data), ``agent``, ``hyperparameters``, ``seed``, ``budget``, ``ask`` (and ``warm_start``)."""
    simulator: Mapping[str, Any]
    """``name`` and ``version``."""
    workload: Mapping[str, Any]
    """``name`` and ``content_hash``."""
    space: Mapping[str, Any]
    """``fingerprint``, ``parameters`` and ``constraints``."""
    metrics: Sequence[Mapping[str, Any]]
    """``name``, ``unit``, ``better``, ``doc`` of each."""
    objective: Mapping[str, Any]
    """``scores`` (labels) and ``limits``."""
    columns: Sequence[Mapping[str, Any]]
    """``name``, ``kind``, ``unit``, ``doc`` of each column of the log, in order."""
    packages: Mapping[str, Any]
    platform: Mapping[str, Any]

    @property
    def agent_hash(self) -> str:
        """16 hex digits over the hyperparameters."""
        return _digest(self.config["hyperparameters"], 16)

    def task(self) -> Task:
        """The task, built again from the manifest's data."""
        data = self.config["task"]
        return task_from_mapping(data["name"], data["data"], where=f"run {self.run_id}: task")

    def identity(self) -> dict[str, Any]:
        """What must be equal for two runs to be one and the same; flat, keys joined by dots."""
        return _identity(self.config, self.simulator, self.workload, self.space)

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def make_manifest(
    task: Task,
    simulator: Simulator,
    agent: str,
    hyperparameters: Mapping[str, Any],
    *,
    seed: int,
    budget: int,
    ask: int,
    warm_start: Mapping[str, Any] | None = None,
) -> Manifest:
    """The manifest of a run that is about to start. Its ``run_id`` depends on what decides results only."""
    config = {
        "task": {"name": task.name, "data": _plain(task.data)},
        "agent": agent,
        "hyperparameters": _plain(dict(hyperparameters)),
        "seed": seed,
        "budget": budget,
        "ask": ask,
    }
    if warm_start is not None:
        config["warm_start"] = _plain(dict(warm_start))
    who = {"name": simulator.name, "version": simulator.version}
    workload = {"name": simulator.workload.name, "content_hash": simulator.workload.content_hash}
    space = _space_data(simulator.space)
    digest = _digest(_identity(config, who, workload, space), 10)
    return Manifest(
        schema_version=SCHEMA_VERSION,
        run_id=f"{task.name.replace('/', '-')}.{agent}.s{seed}.{digest}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        config=config,
        simulator=who,
        workload=workload,
        space=space,
        metrics=[asdict(metric) for metric in simulator.metrics],
        objective={
            "scores": list(task.objective.labels),
            "limits": [asdict(limit) for limit in task.objective.limits],
        },
        columns=_column_data(simulator, task),
        packages=_package_versions(),
        platform={"system": platform.system(), "machine": platform.machine(), "release": platform.release()},
    )


def read_manifest(run_dir: Path) -> Manifest:
    """The manifest in *run_dir*; `LogError` when it is missing or not one."""
    path = run_dir / FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(**data)
    except FileNotFoundError:
        raise LogError(f"{run_dir}: expected a run directory, found no {FILE} in it") from None
    except (OSError, ValueError, TypeError) as error:
        raise LogError(f"{path}: cannot be read as a manifest: {error}") from None
    if manifest.schema_version > SCHEMA_VERSION:
        raise LogError(
            f"{path}: has schema version {manifest.schema_version}, this archgym reads up to {SCHEMA_VERSION}: "
            "update archgym"
        )
    return manifest


def first_difference(theirs: Manifest, ours: Manifest) -> str | None:
    """``seed is 3 there, 4 here``; None when both are the same run."""
    there, here = theirs.identity(), ours.identity()
    for key in [*here, *(key for key in there if key not in here)]:
        if there.get(key) != here.get(key):
            return f"{key} is {there.get(key)!r} there, {here.get(key)!r} here"
    return None


def _identity(
    config: Mapping[str, Any], simulator: Mapping[str, Any], workload: Mapping[str, Any], space: Mapping[str, Any]
) -> dict[str, Any]:
    task = config["task"]
    decisive = {key: value for key, value in task["data"].items() if key not in _WORDING}
    nested = {
        "task": {"name": task["name"], **decisive},
        **{
            key: config[key]
            for key in ("agent", "hyperparameters", "seed", "budget", "ask", "warm_start")
            if key in config
        },
        "simulator": dict(simulator),
        "workload_hash": workload["content_hash"],
        "space_fingerprint": space["fingerprint"],
    }
    return _flat(nested)


def _flat(data: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(data, Mapping) or not data:
        return {prefix: data}
    found: dict[str, Any] = {}
    for key, value in data.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found


def _column_data(simulator: Simulator, task: Task) -> list[dict[str, Any]]:
    units = {f"design.{p.name}": p.unit for p in simulator.space.parameters}
    units |= {f"metric.{m.name}": m.unit for m in simulator.metrics}
    units |= {"wall_s": "s"}
    made = columns(simulator.space, simulator.metrics, task.objective)
    return [{"name": c.name, "kind": c.kind, "unit": units.get(c.name, "1"), "doc": c.doc} for c in made]


def _space_data(space: DesignSpace) -> dict[str, Any]:
    return {
        "fingerprint": space.fingerprint,
        "parameters": [_parameter_data(p) for p in space.parameters],
        "constraints": [
            {"name": getattr(c, "name", type(c).__name__), "doc": getattr(c, "doc", "")} for c in space.constraints
        ],
    }


def _parameter_data(parameter: Any) -> dict[str, Any]:
    data = {"type": type(parameter).__name__, **_plain(asdict(parameter))}
    if "low" in data:
        data.pop("values", None)  # a range says it shorter
    return data


def _package_versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _plain(data: Any) -> Any:
    """*data* as it will be after a trip through JSON (tuples become lists)."""
    return json.loads(json.dumps(data))


def _digest(data: Any, digits: int) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:digits]
