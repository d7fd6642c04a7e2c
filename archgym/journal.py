"""The journal: append-only JSON lines, one file (shard) a writer process, whole after ``kill -9``.

A shard is opened for appending and unbuffered, and each batch of rows is one ``write``: what was written survives the
process, and only the last line of a shard can be torn. A torn line is never continued: whoever writes next opens a
new shard. ``fsync`` follows at intervals and at the end, so that a power cut costs a second or so of rows.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from archgym.agent import Told
from archgym.errors import LogError
from archgym.record import LineFormat

FOLDER = "journal"
_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
SYNC_INTERVAL_S = 1.0
SYNC_SHARE = 0.02
"""At most this share of the time goes into ``fsync``: on a slow disk the interval grows."""


class Journal:
    """Writes the rows of one run into shards of ``<run>/journal``."""

    def __init__(self, run_dir: Path, line_format: LineFormat) -> None:
        self.run_dir, self._format = run_dir, line_format
        self._shard: Shard | None = None
        self.rows = 0
        """Rows written since the last `rotate`."""

    def append(self, index: int, keys: list[bytes], told: Told, messages: Mapping[int, str], wall_s: float, /) -> None:
        """Write the rows of *told* in one ``write``; `LogError` when they do not all fit."""
        if self._shard is None:
            self._shard = Shard.create(self.run_dir / FOLDER)
        data = self._format.lines(index, keys, told, messages, wall_s)
        try:
            self._shard.write(data)
        except LogError:
            self.rotate()
            raise
        self.rows += len(keys)

    def rotate(self) -> None:
        """Close the current shard; the next row opens a new one."""
        if self._shard is not None:
            shard, self._shard = self._shard, None
            shard.close()
        self.rows = 0

    close = rotate

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Shard:
    """One append-only file of one process."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._lines = 0
        self._sync_at = time.monotonic() + SYNC_INTERVAL_S

    @classmethod
    def create(cls, folder: Path) -> Shard:
        """A new file ``<host>-<pid>-<n>.jsonl`` in *folder*; `LogError` when it cannot be made."""
        stem = f"{_host()}-{os.getpid()}"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for n in range(1_000_000):
                path = folder / f"{stem}-{n}.jsonl"
                try:
                    return cls(path, os.open(path, flags, 0o644))
                except FileExistsError:
                    continue
        except OSError as error:
            raise LogError(f"{folder}: cannot write the log: {error.strerror}") from None
        raise LogError(f"{folder}: a million shards of this process; compact the run")

    def write(self, lines: bytes) -> None:
        """Append whole *lines*; `LogError` when the disk takes fewer, naming what was kept."""
        written = 0
        try:
            while written < len(lines):
                got = os.write(self._descriptor, lines[written:] if written else lines)
                if got == 0:
                    raise LogError(self._failure("the disk takes no more", lines[:written]))
                written += got
        except OSError as error:
            raise LogError(self._failure(error.strerror or str(error), lines[:written])) from None
        self._lines += lines.count(b"\n")
        if time.monotonic() >= self._sync_at:
            self.sync()

    def sync(self) -> None:
        """Ask the disk to keep what was written."""
        began = time.monotonic()
        try:
            _sync(self._descriptor)
        except OSError as error:
            raise LogError(f"{self.path}: the disk did not keep the log: {error.strerror}") from None
        now = time.monotonic()
        self._sync_at = now + max(SYNC_INTERVAL_S, (now - began) / SYNC_SHARE)

    def close(self) -> None:
        """Sync and close; a second call does nothing."""
        if self._descriptor < 0:
            return
        descriptor = self._descriptor
        try:
            self.sync()
        finally:
            self._descriptor = -1
            os.close(descriptor)

    def _failure(self, reason: str, kept: bytes) -> str:
        rows = self._lines + kept.count(b"\n")
        return (
            f"{self.path}: cannot write the log: {reason}; the {rows} rows in this file are kept: "
            "make room and run the same command to go on"
        )


def shards(run_dir: Path) -> list[Path]:
    """The journal's files, in order of creation by each process."""
    return sorted((run_dir / FOLDER).glob("*.jsonl"), key=_order)


def _order(path: Path) -> tuple[str, int]:
    stem, _, n = path.stem.rpartition("-")
    return stem, int(n) if n.isdigit() else 0


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9_.]", "_", socket.gethostname()) or "host"
