"""Reads a memory trace from a file: DRAMSys, Ramulator, DRAMsim3 or CSV; plain, gzip or zstd.

Time is exact: a clock becomes a whole number of picoseconds once (as DRAMSys does: the period is rounded, and
then multiplied), a fractional time in ns is read from its digits, and no float is involved.
"""

from __future__ import annotations

import warnings
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.trace import Trace
from archgym.simulators.dram.workloads.byte_source import COMPRESSION_SUFFIXES, read_bytes
from archgym.simulators.dram.workloads.formats import FORMATS, Format, Requests, Stamp, recognise
from archgym.simulators.dram.workloads.tokens import Check, tokenise
from archgym.simulators.dram.workloads.trace_error import TraceError, TraceWarning

Unaligned = Literal["refuse", "mask"]

_LATEST_PS = 2**62
_PS_PER_US = 1_000_000
_PS_PER_NS = 1000
_SUFFIXES = {".stl": "stl", ".rstl": "rstl", ".csv": "csv"}


def read_trace(
    path: str | Path,
    *,
    clock_mhz: float | None = None,
    format: str | None = None,  # noqa: A002 - the name that a user expects
    interval_ns: float | None = None,
    burst_bytes: int = 64,
    unaligned: Unaligned = "refuse",
) -> Trace:
    """The trace in the file *path*, named after the file.

    *clock_mhz* is the clock that the stamps of ``stl``, ``rstl`` and ``dramsim3`` count, required for these.
    *format* is a key of `FORMATS`; None tells it by the suffix, else by the first line. *interval_ns* is the
    distance of the requests of a format without stamps (default 0: as fast as the controller accepts them).
    A request of more than *burst_bytes* (``(128)`` in an ``stl``) becomes several rows with the same stamp.
    An address that is no multiple of *burst_bytes* is refused, or rounded down under a `TraceWarning` when
    *unaligned* is ``"mask"``.

    Raises `TraceError`, naming file and line, for whatever is not a trace.
    """
    path = Path(path)
    content = read_bytes(path)
    layout = _format_of(path, content, format)
    table = tokenise(str(path), content, layout.separators)
    if table.rows == 0:
        raise TraceError(f"{path}: expected at least one request, got none")
    requests = layout.parse(table)
    if table.ends_in_a_token:
        _warn(f"{path}: the last line has no line end; the file may have been cut short")
    time_ps = _times_ps(requests, layout, clock_mhz, interval_ns)
    return _in_bursts(path.name, requests, time_ps, burst_bytes, unaligned)


def period_ps(clock_mhz: float) -> int:
    """The period of a clock, rounded to the picosecond (half up): 800 MHz gives 1250, 1200 MHz 833."""
    clock = Fraction(str(clock_mhz)) if np.isfinite(clock_mhz) else Fraction(0)
    period = int(_PS_PER_US / clock + Fraction(1, 2)) if clock > 0 else 0
    if period < 1:
        raise TraceError(f"clock_mhz: expected a number above 0 and up to 1000000, got {clock_mhz!r}")
    return period


def _format_of(path: Path, content: bytes, name: str | None) -> Format:
    if name is None:
        plain = path.with_suffix("") if path.suffix in COMPRESSION_SUFFIXES else path
        name = _SUFFIXES.get(plain.suffix)
    if name is None:
        return recognise(str(path), content)
    if name not in FORMATS:
        raise TraceError(f"format: expected one of {', '.join(FORMATS)}, got {name!r}")
    return FORMATS[name]


def _times_ps(
    requests: Requests, layout: Format, clock_mhz: float | None, interval_ns: float | None
) -> NDArray[np.int64]:
    path, rows = requests.table.path, requests.table.rows
    if requests.stamp is None:
        if clock_mhz is not None:
            raise TraceError(f"{path}: format {layout.name} has no stamps; give interval_ns, not clock_mhz")
        interval_ps = round(Fraction(str(interval_ns or 0)) * _PS_PER_NS)
        if not 0 <= interval_ps <= _LATEST_PS // rows:
            raise TraceError(f"interval_ns: expected a number >= 0, got {interval_ns!r}")
        return np.arange(rows, dtype=np.int64) * interval_ps
    if interval_ns is not None:
        raise TraceError(f"{path}: format {layout.name} has stamps of its own; interval_ns does not apply")
    unit_ps = 1
    if layout.stamp is Stamp.CYCLES:
        if clock_mhz is None:
            raise TraceError(f"{path}: the stamps are clock cycles; give clock_mhz, the clock they count")
        unit_ps = period_ps(clock_mhz)
    elif clock_mhz is not None:
        raise TraceError(f"{path}: the stamps are in ns; clock_mhz does not apply")
    _refuse_disorder(requests, requests.stamp, unit_ps)
    return requests.stamp * unit_ps


def _refuse_disorder(requests: Requests, stamp: NDArray[np.int64], unit_ps: int) -> None:
    reach = np.cumsum(stamp, dtype=np.float64) if requests.relative else stamp
    checks = [Check(reach > _LATEST_PS // unit_ps, "a time below 2**62 ps", requests.stamp_token)]
    if not requests.relative:
        late = np.diff(stamp, prepend=stamp[:1]) < 0
        checks.append(Check(late, "a stamp not before that of the line above", requests.stamp_token))
    requests.table.refuse_first_bad(checks)


def _in_bursts(
    name: str, requests: Requests, time_ps: NDArray[np.int64], burst_bytes: int, unaligned: Unaligned
) -> Trace:
    if burst_bytes < 1 or burst_bytes & (burst_bytes - 1):
        raise TraceError(f"burst_bytes: expected a power of two, got {burst_bytes!r}")
    if unaligned not in ("refuse", "mask"):
        raise TraceError(f"unaligned: expected 'refuse' or 'mask', got {unaligned!r}")
    address, is_write = requests.address, requests.is_write
    offset = address & np.uint64(burst_bytes - 1)
    if unaligned == "refuse":
        expected = f"an address that is a multiple of {burst_bytes} (or unaligned='mask')"
        requests.table.refuse_first_bad([Check(offset != 0, expected, requests.address_token)])
    elif offset.any():
        odd = np.count_nonzero(offset)
        _warn(f"{requests.table.path}: {odd} of {offset.size} addresses rounded down to {burst_bytes} bytes")
        address = address - offset
    if requests.size_bytes is None:
        return Trace(name, time_ps, is_write, address, requests.relative)
    return _split(name, requests, time_ps, address, burst_bytes)


def _split(
    name: str, requests: Requests, time_ps: NDArray[np.int64], address: NDArray[np.uint64], burst_bytes: int
) -> Trace:
    """One row per burst of each request; the further bursts of a request come at once."""
    size = np.zeros(0, dtype=np.int64) if requests.size_bytes is None else requests.size_bytes
    bursts = np.maximum(size // burst_bytes, 1)
    row = np.repeat(np.arange(size.shape[0]), bursts)
    nth = np.arange(row.shape[0]) - np.repeat(np.cumsum(bursts) - bursts, bursts)
    times = np.where(nth == 0, time_ps[row], 0) if requests.relative else time_ps[row]
    shifted = address[row] + nth.astype(np.uint64) * np.uint64(burst_bytes)
    return Trace(name, times, requests.is_write[row], shifted, requests.relative)


def _warn(message: str) -> None:
    warnings.warn(message, TraceWarning, stacklevel=3)
