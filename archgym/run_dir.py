"""A run's directory: claimed by one process, never overwritten, its state beside its manifest.

::

    <run>/manifest.json      written once
    <run>/state.json         running, finished, interrupted or failed; the result when finished
    <run>/journal/*.jsonl    rows not yet compacted
    <run>/samples/*.parquet  compacted rows
    <run>/lock               held (flock) by the process that writes
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from archgym.atomic import sweep_temporaries, write_text
from archgym.errors import LogError, RunExists
from archgym.manifest import FILE as MANIFEST
from archgym.manifest import Manifest, first_difference, read_manifest

STATE = "state.json"
LOCK = "lock"
State = Literal["running", "finished", "interrupted", "failed"]


class RunDirectory:
    """A run's directory, claimed for writing until `close`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        """Create *path*, or take up the same run where it stopped.

        `RunExists` when *path* holds another run, something else, or is being written by another process;
        `LogError` when it cannot be written.
        """
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            _refuse_foreign(path)
            self._lock = _claim(path)
        except OSError as error:
            raise LogError(f"{path}: cannot write the run: {error.strerror}") from None
        try:
            self.manifest = self._settle(manifest)
        except BaseException:
            self.close()
            raise

    def _settle(self, manifest: Manifest) -> Manifest:
        if (self.path / MANIFEST).exists():
            existing = read_manifest(self.path)
            difference = first_difference(existing, manifest)
            if difference is not None:
                raise RunExists(f"{self.path} holds another run: {difference}; choose another output directory")
            sweep_temporaries(self.path)
            return existing
        sweep_temporaries(self.path)
        write_text(self.path / MANIFEST, manifest.to_json())
        return manifest

    def write_state(self, status: State, **more: Any) -> None:
        """Replace ``state.json``."""
        data = {"status": status, "updated": datetime.now(UTC).isoformat(timespec="seconds"), **more}
        write_text(self.path / STATE, json.dumps(data, indent=1) + "\n")

    def close(self) -> None:
        """Give the directory up; a second call does nothing."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> RunDirectory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read_state(run_dir: Path) -> Mapping[str, Any]:
    """``state.json`` of a run; ``{"status": "running"}`` before the first one is written."""
    try:
        data: Mapping[str, Any] = json.loads((run_dir / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"status": "running"}
    except (OSError, ValueError) as error:
        raise LogError(f"{run_dir / STATE}: cannot be read: {error}") from None
    return data


def run_dirs(path: Path) -> list[Path]:
    """The runs at or below *path*, sorted; `LogError` when there is none."""
    if (path / MANIFEST).is_file():
        return [path]
    found = sorted(manifest.parent for manifest in path.rglob(MANIFEST)) if path.is_dir() else []
    if not found:
        raise LogError(f"{path}: expected a run directory or a folder of runs, found no {MANIFEST} in it")
    return found


def _refuse_foreign(path: Path) -> None:
    if (path / MANIFEST).exists():
        return
    strangers = sorted(entry.name for entry in path.iterdir() if entry.name != LOCK and not entry.name.startswith("."))
    if strangers:
        raise RunExists(f"{path} is not empty and no run (it has {strangers[0]!r}); choose another output directory")


def _claim(path: Path) -> int:
    descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise RunExists(f"{path} is being written by another process; wait, or choose another one") from None
    return descriptor
