"""Files that appear whole or not at all: written beside their place, synced, then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".tmp"
"""Suffix of a file in the making; readers pass it over, the next writer of the folder removes it."""


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A temporary path to write to; at the end of the block it is synced and becomes *path*.

    On an exception nothing appears. The temporary name starts with a dot and does not end like *path*.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """*path* holds *text*, or what it held before."""
    with appearing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sync_folder(folder: Path) -> None:
    """Ask the disk to keep the folder's entries (renames, removals)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep_temporaries(folder: Path) -> None:
    """Remove what killed writers left in *folder*."""
    for left in folder.glob(f".*{TEMPORARY}"):
        left.unlink(missing_ok=True)
