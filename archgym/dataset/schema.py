"""The log's columns as an Arrow schema, and rows of the journal as an Arrow table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from archgym.errors import LogError
from archgym.manifest import Manifest
from archgym.record import number
from archgym.sample import SCHEMA_VERSION, Row

VERSION_KEY = b"archgym.schema_version"
_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def arrow_schema(manifest: Manifest) -> pa.Schema:
    """Typed columns; each field's metadata has ``unit`` and ``doc``, the schema's the version of the row format."""
    fields = [
        pa.field(c["name"], _TYPES[c["kind"]], metadata={"unit": c["unit"], "doc": c["doc"]}) for c in manifest.columns
    ]
    return pa.schema(fields, metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()})


def rows_to_table(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Rows as read from a journal; `LogError` for a row that lacks a column or holds another type."""
    arrays = []
    for name, kind in zip(schema.names, schema.types, strict=True):
        try:
            arrays.append(_array([row[name] for row in rows], kind))
        except KeyError:
            index = next(row.get("index") for row in rows if name not in row)
            raise LogError(f"the log's row {index} has no {name!r}: it belongs to another run") from None
        except (ValueError, TypeError, AttributeError) as error:
            raise LogError(f"the log's column {name!r} cannot be read as {kind}: {error}") from None
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """An array made from buffers: `pyarrow.array` would import pandas, a second of a short run."""
    if pa.types.is_string(kind):
        texts = [value.encode() for value in values]
        offsets = np.zeros(len(texts) + 1, np.int32)
        np.cumsum([len(text) for text in texts], out=offsets[1:])
        return pa.Array.from_buffers(kind, len(texts), [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))])
    if pa.types.is_boolean(kind):
        data = np.packbits(np.array(_all(bool, values), np.bool_), bitorder="little")
    elif pa.types.is_timestamp(kind):
        data = np.array([value.removesuffix("Z") for value in values], "datetime64[us]")
    elif pa.types.is_floating(kind):
        data = np.array([number(value) for value in values], np.float64)
    else:
        data = np.array(_all(int, values), np.int64)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(data)])


def _all(kind: type, values: list[Any]) -> list[Any]:
    """*values*; `TypeError` unless all are of *kind* (NumPy would convert)."""
    others = set(map(type, values)) - {kind}
    if others:
        raise TypeError(f"expected {kind.__name__}, got {', '.join(sorted(other.__name__ for other in others))}")
    return values


def number_column(table: pa.Table, name: str) -> NDArray[Any]:
    """``(n,)`` a column of int64 or float64 without nulls, read-only; does not import pandas."""
    chunks = table.column(name).chunks
    kind = np.float64 if pa.types.is_floating(table.schema.field(name).type) else np.int64
    parts = [np.frombuffer(c.buffers()[1], kind, len(c), c.offset * 8) for c in chunks if len(c)]
    return np.concatenate(parts) if parts else np.empty(0, kind)


def take(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """*rows* of *table*; does not import pandas."""
    wanted = np.ascontiguousarray(rows, np.int64)
    return table.take(pa.Array.from_buffers(pa.int64(), len(wanted), [None, pa.py_buffer(wanted)]))


def schema_version(metadata: Mapping[bytes, bytes] | None) -> int | None:
    """The row format's version in a Parquet file's metadata; None when the file is not ours."""
    text = (metadata or {}).get(VERSION_KEY)
    return None if text is None else int(text)
