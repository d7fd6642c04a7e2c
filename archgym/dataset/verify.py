"""Whether a log is whole and true: ``archgym dataset verify``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from archgym.dataset.log import read_log
from archgym.design_keys import design_keys
from archgym.errors import ArchgymError
from archgym.manifest import Manifest, read_manifest
from archgym.record import sample_id, sample_id_prefix
from archgym.replay import ReplayReport, replay
from archgym.resume import design_codes
from archgym.run_dir import run_dirs
from archgym.sample import SCHEMA_VERSION
from archgym.simulator import Status


@dataclass(frozen=True, slots=True)
class RunCheck:
    """What was found in one run."""

    run_dir: str
    rows: int
    problems: tuple[str, ...]
    """One line each; empty: nothing is wrong."""
    replayed: ReplayReport | None
    """None when nothing was evaluated again."""


def verify(path: Path | str, rows: int | None = 100, *, seed: int = 0) -> list[RunCheck]:
    """Check each run at *path*: its structure, and *rows* of it evaluated again (None: all, 0: none).

    `LogError` when there is no run at *path*; whatever is wrong inside a run is one of its problems.
    """
    return [_check(run_dir, rows, seed) for run_dir in run_dirs(Path(path))]


def _check(run_dir: Path, rows: int | None, seed: int) -> RunCheck:
    try:
        manifest = read_manifest(run_dir)
        table = read_log(run_dir, manifest)
        problems = _structure(table, manifest)
        replayed = replay(run_dir, rows, seed=seed) if rows != 0 and not problems else None
    except ArchgymError as error:
        return RunCheck(str(run_dir), 0, (str(error),), None)
    if replayed is not None and replayed.first_difference:
        problems.append(f"evaluated again: {replayed.first_difference}")
    return RunCheck(str(run_dir), len(table), tuple(problems), replayed)


def _structure(table: pa.Table, manifest: Manifest) -> list[str]:
    checks = (_versions, _indices, _statuses, _constants, _duplicates, _ids)
    return [problem for check in checks for problem in check(table, manifest)]


def _versions(table: pa.Table, manifest: Manifest) -> list[str]:
    versions = set(table.column("schema_version").unique().to_pylist()) - {SCHEMA_VERSION}
    return [f"schema_version: expected {SCHEMA_VERSION}, got {sorted(versions)}"] if versions else []


def _indices(table: pa.Table, manifest: Manifest) -> list[str]:
    missing = []
    for run in table.column("run_id").unique().to_pylist():
        index = table.filter(pc.equal(table.column("run_id"), run)).column("index").to_numpy()
        gaps = np.flatnonzero(index != np.arange(len(index)))
        if len(gaps):
            missing.append(f"index: row {int(gaps[0])} of {run} is missing")
    return missing


def _statuses(table: pa.Table, manifest: Manifest) -> list[str]:
    unknown = set(table.column("status").unique().to_pylist()) - {status.name for status in Status}
    return [f"status: unknown {sorted(unknown)}"] if unknown else []


def _constants(table: pa.Table, manifest: Manifest) -> list[str]:
    expected = {
        "simulator": manifest.simulator["name"],
        "simulator_version": manifest.simulator["version"],
        "workload_hash": manifest.workload["content_hash"],
        "space": manifest.space["fingerprint"],
        "agent": manifest.config["agent"],
        "agent_hash": manifest.agent_hash,
        "seed": manifest.config["seed"],
    }
    strangers = {name: set(table.column(name).unique().to_pylist()) - {value} for name, value in expected.items()}
    return [f"{name}: expected {expected[name]!r}, got {sorted(got)}" for name, got in strangers.items() if got]


def _duplicates(table: pa.Table, manifest: Manifest) -> list[str]:
    """The first row of each design is no duplicate, the others are."""
    ids = table.column("sample_id").to_numpy().astype(str)
    first = np.zeros(len(ids), np.bool_)
    first[np.unique(ids, return_index=True)[1]] = True
    wrong = np.flatnonzero(table.column("duplicate").to_numpy() == first)
    if len(wrong) and len(table.column("run_id").unique()) == 1:
        return [f"duplicate: row {table.column('index')[int(wrong[0])]} is flagged wrongly"]
    return []


def _ids(table: pa.Table, manifest: Manifest) -> list[str]:
    """Each ``sample_id`` is the hash of its row's design."""
    space = manifest.task().make_simulator().space
    if space.fingerprint != manifest.space["fingerprint"]:
        return []  # `replay` refuses it with the reason
    who = manifest.simulator
    prefix = sample_id_prefix(who["name"], who["version"], manifest.workload["content_hash"], space.fingerprint)
    keys = design_keys(design_codes(table, space))
    for row, (key, logged) in enumerate(zip(keys, table.column("sample_id").to_pylist(), strict=True)):
        expected = sample_id(prefix, key)
        if expected != logged:
            return [f"sample_id: row {table.column('index')[row]} has {logged}, its design hashes to {expected}"]
    return []
