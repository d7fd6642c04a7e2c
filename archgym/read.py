"""`read_samples`: the samples of a run, of a sweep or of one Parquet file as a pandas DataFrame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def read_samples(path: str | Path) -> pd.DataFrame:
    """One row a sample, typed as `archgym.sample.columns` says, sorted by ``run_id`` and ``index``.

    *path* is a run's directory, a folder with runs at any depth, or a Parquet file. Runs with different columns
    are put one below the other; what a run does not have is missing there. `LogError` when nothing can be read.
    """
    from archgym.dataset.tables import read_tables

    return to_frame(read_tables(Path(path)))


def to_frame(tables: list[pa.Table]) -> pd.DataFrame:
    """*tables* of equal or different columns as one DataFrame, sorted by ``run_id`` and ``index``."""
    import pandas as pd

    frames = [table.to_pandas() for table in tables]
    frame: pd.DataFrame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True, sort=False)
    if len(frames) > 1:
        frame = _whole_numbers(frame, tables)
    ordered: pd.DataFrame = frame.sort_values(["run_id", "index"], kind="stable", ignore_index=True)
    return ordered


def _whole_numbers(frame: pd.DataFrame, tables: list[pa.Table]) -> pd.DataFrame:
    """Integer columns that some runs lack as nullable integers, not as floats."""
    import pyarrow as pa

    fields = [field for table in tables for field in table.schema]
    whole = {f.name for f in fields if pa.types.is_integer(f.type)}
    other = {f.name for f in fields if not pa.types.is_integer(f.type)}
    lacking = [name for name in whole - other if frame[name].isna().any()]
    return frame.astype(dict.fromkeys(lacking, "Int64"))
