"""Whatever holds samples as Arrow tables, one for each set of columns."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from archgym.dataset.log import read_log
from archgym.dataset.parts import read_part
from archgym.dataset.schema import schema_version
from archgym.errors import LogError
from archgym.run_dir import run_dirs
from archgym.sample import SCHEMA_VERSION


def read_tables(path: Path) -> list[pa.Table]:
    """The samples at *path* (a run, a folder of runs, a Parquet file), tables of equal columns joined.

    `LogError` when nothing can be read.
    """
    if path.is_file():
        return [_read_file(path)]
    if not path.exists():
        raise LogError(f"{path}: no such file or directory")
    groups: dict[str, list[pa.Table]] = {}
    for run_dir in run_dirs(path):
        table = read_log(run_dir)
        groups.setdefault(table.schema.to_string(show_field_metadata=False), []).append(table)
    return [pa.concat_tables(group) for group in groups.values()]


def _read_file(path: Path) -> pa.Table:
    table = read_part(path)
    version = schema_version(table.schema.metadata)
    if version is None:
        raise LogError(f"{path}: a Parquet file without archgym's schema version: not a file of samples")
    if version > SCHEMA_VERSION:
        raise LogError(
            f"{path}: has schema version {version}, this archgym reads up to {SCHEMA_VERSION}: update archgym"
        )
    return table
