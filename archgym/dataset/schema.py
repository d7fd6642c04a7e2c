"""The log's columns as an Arrow schema, and rows of the journal as an Arrow table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

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
    for field in schema:
        try:
            arrays.append(_array([row[field.name] for row in rows], field.type))
        except KeyError:
            index = next(row.get("index") for row in rows if field.name not in row)
            raise LogError(f"the log's row {index} has no {field.name!r}: it belongs to another run") from None
        except (ValueError, TypeError, pa.ArrowException) as error:
            raise LogError(f"the log's column {field.name!r} cannot be read as {field.type}: {error}") from None
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_floating(kind):
        return pa.array([number(value) for value in values], kind)
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


def schema_version(metadata: Mapping[bytes, bytes] | None) -> int | None:
    """The row format's version in a Parquet file's metadata; None when the file is not ours."""
    text = (metadata or {}).get(VERSION_KEY)
    return None if text is None else int(text)
