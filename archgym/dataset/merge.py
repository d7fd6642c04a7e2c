"""Logs put together into one Parquet file: ``archgym dataset merge``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from archgym.dataset.export import join, refuse_existing
from archgym.dataset.log import in_order
from archgym.dataset.parts import write_table
from archgym.dataset.tables import read_tables
from archgym.errors import ConfigError

_ONE_QUESTION = {
    "simulator": "simulators",
    "simulator_version": "simulator versions",
    "workload_hash": "workloads",
    "space": "design spaces",
}


def merge(paths: Sequence[Path | str], out: Path | str, *, dedupe: bool = False, mixed: bool = False) -> dict[str, int]:
    """Write the samples of all *paths* to the new Parquet file *out*; ``{"read": rows, "written": rows}``.

    A row found twice, of one run and index, is written once. With *dedupe* each design is written once (by
    ``sample_id``; a row with a verdict before one that failed). Different simulators, versions, workloads or spaces
    are refused with `ConfigError` unless *mixed*. `RunExists` when *out* exists.
    """
    target = Path(out)
    if not paths:
        raise ConfigError("merge: expected at least one path, got none")
    refuse_existing(target)
    table = join([table for path in paths for table in read_tables(Path(path))])
    if not mixed:
        _refuse_mixture(table)
    merged = in_order(table)
    if dedupe:
        merged = _one_per_design(merged)
    write_table(merged, target)
    return {"read": len(table), "written": len(merged)}


def _refuse_mixture(table: pa.Table) -> None:
    for column, plural in _ONE_QUESTION.items():
        values = sorted(table.column(column).unique().to_pylist())
        if len(values) > 1:
            listed = ", ".join(values[:3]) + (", …" if len(values) > 3 else "")
            raise ConfigError(f"merge: the logs have different {plural} ({listed}); allow mixed ones to merge them")


def _one_per_design(table: pa.Table) -> pa.Table:
    failed = pc.is_in(table.column("status"), value_set=pa.array(["FAILED", "TIMEOUT"])).to_numpy()
    order = np.argsort(failed, kind="stable")
    ids = table.column("sample_id").to_numpy()[order]
    _, first = np.unique(ids.astype(str), return_index=True)
    return table.take(pa.array(np.sort(order[first])))
