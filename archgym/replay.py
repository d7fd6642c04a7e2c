"""Logged samples evaluated again and compared bit for bit: ``archgym replay``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Told
from archgym.errors import ConfigError, LogError
from archgym.evaluator import Evaluator
from archgym.manifest import Manifest, read_manifest
from archgym.simulator import Simulator, Status

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK = 1024
"""Designs evaluated at once."""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """How far a log agrees with its simulator."""

    rows: int
    """Rows compared."""
    equal: int
    """Rows whose status, metrics, scores and violation are the same, bit for bit."""
    skipped: int
    """Rows not compared: FAILED and TIMEOUT ones (a fault need not repeat), and duplicates."""
    first_difference: str | None


def replay(run_dir: Path | str, rows: int | None = None, *, seed: int = 0) -> ReplayReport:
    """Evaluate *rows* of the log in *run_dir* again (all when None), drawn by *seed*.

    `LogError` when the installed simulator has another version, workload content or space than the log.
    """
    from archgym.dataset.log import read_log

    if rows is not None and rows <= 0:
        raise ConfigError(f"rows: expected a positive number, got {rows}")
    path = Path(run_dir)
    manifest = read_manifest(path)
    task = manifest.task()
    simulator = task.make_simulator()
    refuse_another(manifest, simulator, path)
    table = read_log(path, manifest)
    chosen = _choose(table, rows, np.random.default_rng(seed))
    evaluator = Evaluator(simulator, task.objective)
    equal, first = 0, None
    for start in range(0, len(chosen), CHUNK):
        part = table.take(chosen[start : start + CHUNK])
        same, difference = _compare(part, evaluator)
        equal += same
        first = first or difference
    return ReplayReport(len(chosen), equal, len(table) - _comparable(table).size, first)


def refuse_another(manifest: Manifest, simulator: Simulator, path: Path, purpose: str = "to replay it") -> None:
    """`LogError` unless *simulator* is the one that the log in *path* was made with."""
    pairs = {
        "simulator version": (manifest.simulator["version"], simulator.version),
        "workload hash": (manifest.workload["content_hash"], simulator.workload.content_hash),
        "space fingerprint": (manifest.space["fingerprint"], simulator.space.fingerprint),
    }
    for what, (logged, installed) in pairs.items():
        if logged != installed:
            raise LogError(
                f"{path}: was made with {what} {logged} of {manifest.simulator['name']!r}, installed is {installed}: "
                f"install archgym {manifest.packages.get('archgym', 'of then')} {purpose}"
            )


def _comparable(table: pa.Table) -> NDArray[np.int64]:
    judged = np.isin(table.column("status").to_numpy().astype(str), [Status.OK.name, Status.INFEASIBLE.name])
    return np.flatnonzero(judged & ~table.column("duplicate").to_numpy())


def _choose(table: pa.Table, rows: int | None, rng: np.random.Generator) -> NDArray[np.int64]:
    candidates = _comparable(table)
    if rows is None or rows >= len(candidates):
        return candidates
    return np.sort(rng.choice(candidates, rows, replace=False))


def _compare(part: pa.Table, evaluator: Evaluator) -> tuple[int, str | None]:
    """How many rows of *part* are equal, and the first difference in words."""
    from archgym.resume import design_codes

    told = evaluator.evaluate(evaluator.space.batch(design_codes(part, evaluator.space)))
    logged = {name: part.column(name).to_numpy() for name in _numeric(evaluator)}
    again = _values(told, evaluator)
    equal = np.array([Status(s).name for s in told.status]) == part.column("status").to_numpy().astype(str)
    for name, values in logged.items():
        equal &= same_bits(values, again[name])
    if equal.all():
        return len(part), None
    row = int(np.argmin(equal))
    where = f"row {part.column('index')[row].as_py()} of {part.column('run_id')[row].as_py()}"
    for name, values in logged.items():
        if not same_bits(values[row : row + 1], again[name][row : row + 1])[0]:
            return int(equal.sum()), f"{where}: {name}: logged {values[row]!r}, now {again[name][row]!r}"
    return int(
        equal.sum()
    ), f"{where}: status: logged {part.column('status')[row]}, now {Status(told.status[row]).name}"


def _numeric(evaluator: Evaluator) -> list[str]:
    metrics = [f"metric.{metric.name}" for metric in evaluator.simulator.metrics]
    return [*metrics, *(f"score.{label}" for label in evaluator.objective.labels), "violation"]


def _values(told: Told, evaluator: Evaluator) -> dict[str, NDArray[np.float64]]:
    stacked = np.concatenate([told.metrics, told.scores, told.violation[:, None]], axis=1)
    return dict(zip(_numeric(evaluator), stacked.T, strict=True))


def same_bits(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    """``(n,)`` whether the numbers are the same, signs of zero included; NaN is NaN."""
    bits = np.ascontiguousarray(a).view(np.int64) == np.ascontiguousarray(b).view(np.int64)
    same: NDArray[np.bool_] = bits | (np.isnan(a) & np.isnan(b))
    return same
