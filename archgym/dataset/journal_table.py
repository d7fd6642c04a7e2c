"""A journal's shard as an Arrow table, quickly.

Arrow's own JSON reader takes the lines of plain numbers, a tenth of Python's time; lines with NaN or infinities,
which JSON does not have, and whatever it refuses go through `archgym.journal_reader`, which also knows what to say
about a bad line. Both give the same bits.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.json as pj

from archgym.dataset.schema import number_column, rows_to_table
from archgym.errors import LogError
from archgym.journal_reader import complete_lines, read_blocks
from archgym.sample import SCHEMA_VERSION

_SPECIAL = re.compile(rb':null|:"-?inf"')
BLOCK_BYTES = 1 << 20


def read_shard_table(path: Path, schema: pa.Schema) -> pa.Table:
    """The complete lines of a shard, in no particular order; `LogError` for a bad one."""
    lines = complete_lines(path)
    special = [line for line in lines if _SPECIAL.search(line)]
    plain = [line for line in lines if not _SPECIAL.search(line)] if special else lines
    fast = _plain_table(plain, schema)
    if fast is not None:
        with suppress(LogError):  # said again below, with the line's number in the whole file
            return pa.concat_tables([fast, _slow_table(special, path, schema)])
    return _slow_table(lines, path, schema)


def _slow_table(lines: list[bytes], path: Path, schema: pa.Schema) -> pa.Table:
    empty = rows_to_table([], schema)
    return pa.concat_tables([empty, *(rows_to_table(rows, schema) for rows in read_blocks(lines, path))])


def _plain_table(lines: list[bytes], schema: pa.Schema) -> pa.Table | None:
    """*lines* of finite numbers as a table; None when one of them is not what it should be."""
    if not lines:
        return rows_to_table([], schema)
    longest = max(map(len, lines))
    try:
        table = pj.read_json(
            pa.BufferReader(b"\n".join(lines)),
            pj.ReadOptions(use_threads=False, block_size=max(BLOCK_BYTES, 2 * longest)),
            pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
    except pa.ArrowException:
        return None
    whole = len(table) == len(lines) and not any(column.null_count for column in table.columns)
    if not whole or number_column(table, "schema_version").max() > SCHEMA_VERSION:
        return None
    return table.cast(schema)
