"""Parquet parts: whole or absent, typed, compressed with zstd, readable by pandas, DuckDB and polars as they are."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from archgym.atomic import appearing, sweep_temporaries
from archgym.errors import LogError

FOLDER = "samples"
PART_ROWS = 100_000
_DISTINCT = {"sample_id", "message"}
"""String columns whose values hardly repeat: a dictionary would only cost."""


def parts(run_dir: Path) -> list[Path]:
    """The finished parts of a run, in order."""
    return sorted((run_dir / FOLDER).glob("part-*.parquet"))


def read_part(path: Path) -> pa.Table:
    """One Parquet file; `LogError` when it is not one."""
    try:
        return pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise LogError(f"{path}: cannot be read as Parquet: {error}") from None


def write_table(table: pa.Table, path: Path) -> None:
    """*table* as one Parquet file that appears whole or not at all; `LogError` when the disk refuses."""
    coded = [f.name for f in table.schema if pa.types.is_string(f.type) and f.name not in _DISTINCT]
    try:
        with appearing(path) as temporary:
            pq.write_table(table, temporary, compression="zstd", use_dictionary=coded)
    except OSError as error:
        raise LogError(f"{path}: cannot be written: {error.strerror or error}") from None


def append_parts(table: pa.Table, run_dir: Path) -> list[Path]:
    """*table* as new parts of at most `PART_ROWS` rows; returns their paths."""
    folder = run_dir / FOLDER
    folder.mkdir(exist_ok=True)
    sweep_temporaries(folder)
    existing = parts(run_dir)
    first = int(existing[-1].stem.removeprefix("part-")) + 1 if existing else 0
    made = []
    for i, start in enumerate(range(0, len(table), PART_ROWS), first):
        made.append(folder / f"part-{i:05d}.parquet")
        write_table(table.slice(start, PART_ROWS), made[-1])
    return made
