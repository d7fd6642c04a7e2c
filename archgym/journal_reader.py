"""Reads a journal's shards back: every complete line, whatever the writer's end was."""

from __future__ import annotations

import json
from pathlib import Path

from archgym.errors import LogError
from archgym.sample import SCHEMA_VERSION, Row


def read_shard(path: Path) -> list[Row]:
    """The rows of one shard, in the order written. A torn last line is passed over; `LogError` for another bad one."""
    data = path.read_bytes()
    rows: list[Row] = []
    for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), 1):
        try:
            row = json.loads(line)
            version = row["schema_version"]
        except (ValueError, KeyError, TypeError):
            raise LogError(f"{path}:{number}: not a row of the log; restore the file or remove the line") from None
        if version > SCHEMA_VERSION:
            raise LogError(
                f"{path}:{number}: has schema version {version}, this archgym reads up to {SCHEMA_VERSION}: "
                "update archgym"
            )
        rows.append(row)
    return rows
