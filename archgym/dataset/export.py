"""A log as one file of another format: ``archgym dataset export``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa

from archgym.atomic import appearing
from archgym.dataset.parts import write_table
from archgym.dataset.tables import read_tables
from archgym.errors import ConfigError, LogError, RunExists
from archgym.read import to_frame

Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "parquet")


def export(path: Path | str, out: Path | str, file_format: Format | None = None) -> int:
    """Write the samples at *path* to the new file *out*; the number of rows.

    *file_format* is the suffix of *out* when None. CSV writes floats so that they read back with the same bits; missing
    values are empty. `RunExists` when *out* exists.
    """
    target = Path(out)
    chosen = file_format or target.suffix.removeprefix(".")
    if chosen not in FORMATS:
        raise ConfigError(f"{target}: format: expected one of {', '.join(FORMATS)}, got {chosen!r}")
    refuse_existing(target)
    tables = read_tables(Path(path))
    if chosen == "parquet":
        joined = join(tables)
        write_table(joined, target)
        return len(joined)
    frame = to_frame(tables)
    try:
        with appearing(target) as temporary:
            frame.to_csv(temporary, index=False)
    except OSError as error:
        raise LogError(f"{target}: cannot be written: {error.strerror or error}") from None
    return len(frame)


def refuse_existing(target: Path) -> None:
    """`RunExists` when *target* exists, `ConfigError` when its folder does not."""
    if target.exists():
        raise RunExists(f"{target} exists; choose another file or remove it")
    if not target.parent.is_dir():
        raise ConfigError(f"{target}: the folder {target.parent} does not exist; make it first")


def join(tables: list[pa.Table]) -> pa.Table:
    """Tables of different columns as one, missing values null; `LogError` when a column has two types."""
    try:
        return pa.concat_tables(tables, promote_options="default")
    except pa.ArrowException as error:
        raise LogError(f"the runs do not fit into one table: {error}") from None
