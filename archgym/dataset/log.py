"""One run's log as one table: parts and remaining journal together, each row once, in order."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from archgym.dataset.journal_table import read_shard_table
from archgym.dataset.parts import append_parts, parts, read_part
from archgym.dataset.schema import arrow_schema, number_column, rows_to_table, take
from archgym.journal import shards
from archgym.manifest import Manifest, read_manifest


def read_log(run_dir: Path, manifest: Manifest | None = None) -> pa.Table:
    """Every row of a run, sorted by run and index; also while the run is being written.

    The journal is read before the parts are listed: rows that a compaction moves meanwhile are seen twice, never
    not at all, and the second sight is dropped.
    """
    manifest = read_manifest(run_dir) if manifest is None else manifest
    schema = arrow_schema(manifest)
    journal = _read_journal(shards(run_dir), schema)
    compacted = [read_part(path) for path in parts(run_dir)]
    return in_order(pa.concat_tables([*(table.cast(schema) for table in compacted), journal]))


def compact(run_dir: Path, manifest: Manifest | None = None) -> int:
    """Move the journal's rows into new parts; the number of rows moved. For the process that claimed the run.

    A crash at any point loses and doubles nothing: a shard is removed only when its rows are in synced parts, and
    rows found in both places are known by run and index.
    """
    paths = shards(run_dir)
    if not paths:
        return 0
    manifest = read_manifest(run_dir) if manifest is None else manifest
    rows = in_order(_read_journal(paths, arrow_schema(manifest)))
    known = {key for path in parts(run_dir) for key in _keys(read_part(path).select(["run_id", "index"]))}
    if known:
        rows = take(rows, np.flatnonzero([key not in known for key in _keys(rows)]))
    append_parts(rows, run_dir)
    for path in paths:
        path.unlink(missing_ok=True)
    return len(rows)


def in_order(table: pa.Table) -> pa.Table:
    """*table* sorted by run and index, each (run, index) once: the first of equals."""
    run, index = _ranks(table)
    after = (run[1:] > run[:-1]) | ((run[1:] == run[:-1]) & (index[1:] > index[:-1]))
    if after.all():
        return table
    order = np.lexsort((index, run))
    run, index = run[order], index[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (run[1:] != run[:-1]) | (index[1:] != index[:-1])
    return take(table, order[first])


def _ranks(table: pa.Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Per row the rank of its run's name among the names, and its index."""
    names = table.column("run_id").to_pylist()
    rank = {name: i for i, name in enumerate(sorted(set(names)))}
    return np.array([rank[name] for name in names], np.int64), number_column(table, "index")


def _keys(table: pa.Table) -> list[tuple[str, int]]:
    return list(zip(table.column("run_id").to_pylist(), table.column("index").to_pylist(), strict=True))


def _read_journal(paths: list[Path], schema: pa.Schema) -> pa.Table:
    tables = [rows_to_table([], schema)]
    for path in paths:
        with suppress(FileNotFoundError):  # compacted meanwhile: its rows are in the parts, which are listed later
            tables.append(read_shard_table(path, schema))
    return pa.concat_tables(tables)
