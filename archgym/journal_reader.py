"""Reads a journal's shards back: every complete line, whatever the writer's end was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archgym.errors import LogError
from archgym.sample import SCHEMA_VERSION, Row

BLOCK_LINES = 512
"""Lines parsed at once: enough to hide the parser's overhead, few enough to stay in the cache."""


def read_shard(path: Path) -> list[Row]:
    """The rows of one shard, in the order written. A torn last line is passed over; `LogError` for another bad one."""
    return [row for block in read_blocks(complete_lines(path), path) for row in block]


def complete_lines(path: Path) -> list[bytes]:
    """The lines of one shard without their ends; what follows the last end is left out."""
    data = path.read_bytes()
    return data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]


def read_blocks(lines: list[bytes], path: Path) -> Iterator[list[Row]]:
    """The rows in *lines* of *path*, `BLOCK_LINES` at a time; raises as `read_shard`."""
    for start in range(0, len(lines), BLOCK_LINES):
        yield _parse(lines[start : start + BLOCK_LINES], start + 1, path)


def _parse(lines: list[bytes], first: int, path: Path) -> list[Row]:
    try:
        rows: list[Row] = json.loads(b"[" + b",".join(lines) + b"]")
    except ValueError:
        rows = []
    if len(rows) != len(lines) or not all(map(_is_row, rows)):
        rows = [_parse_one(line, number, path) for number, line in enumerate(lines, first)]
    newest = max(row["schema_version"] for row in rows)
    if newest > SCHEMA_VERSION:
        raise LogError(
            f"{path}: has schema version {newest}, this archgym reads up to {SCHEMA_VERSION}: update archgym"
        )
    return rows


def _parse_one(line: bytes, number: int, path: Path) -> Row:
    try:
        row: Row = json.loads(line)
    except ValueError:
        row = {}
    if not _is_row(row):
        raise LogError(f"{path}:{number}: not a row of the log; restore the file or remove the line")
    return row


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("schema_version"), int)
