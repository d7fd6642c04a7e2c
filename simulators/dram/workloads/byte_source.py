"""Bytes from and to a file that may be plain, gzip or zstd.

The compression is told by the content when reading and by the suffix when writing. gzip output carries no
time and no file name, so equal traces give equal files.
"""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from archgym.simulators.dram.workloads.trace_error import TraceError

COMPRESSION_SUFFIXES = (".gz", ".zst")

_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, 2.3.1
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, 3.1.1


def read_bytes(path: Path) -> bytes:
    """The decompressed content of *path*.

    Raises `TraceError` when the file is absent, is not what its suffix says, or its compressed stream is cut
    short or damaged.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TraceError(f"{path}: cannot be read: {error.strerror}") from error
    if raw.startswith(_GZIP_MAGIC):
        return _gunzip(path, raw)
    if raw.startswith(_ZSTD_MAGIC):
        return _unzstd(path, raw)
    if raw and path.suffix in COMPRESSION_SUFFIXES:
        raise TraceError(f"{path}: expected a compressed file by its suffix, got bytes {raw[:4].hex(' ')}")
    return raw


def write_bytes(path: Path, content: bytes, *, overwrite: bool = False) -> None:
    """Write *content*, compressed as the suffix of *path* says; FileExistsError unless *overwrite*."""
    if path.suffix == ".gz":
        content = gzip.compress(content, compresslevel=9, mtime=0)
    elif path.suffix == ".zst":
        content = _zstd(content)
    with path.open("wb" if overwrite else "xb") as file:
        file.write(content)


def _gunzip(path: Path, raw: bytes) -> bytes:
    try:
        return gzip.decompress(raw)
    except EOFError as error:
        raise TraceError(f"{path}: expected a complete gzip stream, got one that is cut short") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise TraceError(f"{path}: expected a sound gzip stream, got: {error}") from error


def _unzstd(path: Path, raw: bytes) -> bytes:
    import pyarrow as pa  # heavy: only for zstd files

    try:
        with pa.CompressedInputStream(pa.BufferReader(raw), "zstd") as stream:
            return bytes(stream.read())
    except OSError as error:
        raise TraceError(f"{path}: expected a complete zstd stream, got one cut short or damaged") from error


def _zstd(content: bytes) -> bytes:
    import pyarrow as pa  # heavy: only for zstd files

    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())
