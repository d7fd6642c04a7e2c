"""Writes a trace as CSV, ``time_ns,op,addr``; `readers.read_trace` gives back the same trace, bit for bit."""

from __future__ import annotations

from pathlib import Path

from archgym.simulators.dram.trace import Trace
from archgym.simulators.dram.workloads.byte_source import write_bytes

_PS_PER_NS = 1000


def write_csv(trace: Trace, path: str | Path, *, overwrite: bool = False) -> None:
    """Write *trace* to *path*, compressed when the suffix is ``.gz`` or ``.zst``.

    A relative trace gets the header ``gap_ns,op,addr``. Raises FileExistsError unless *overwrite*.
    """
    write_bytes(Path(path), trace_to_csv(trace).encode("ascii"), overwrite=overwrite)


def trace_to_csv(trace: Trace) -> str:
    """The text of the file: a header and one line per request, each with its line end."""
    lines = ["gap_ns,op,addr" if trace.relative else "time_ns,op,addr"]
    columns = zip(trace.time_ps.tolist(), trace.is_write.tolist(), trace.address.tolist(), strict=True)
    lines += [f"{_ns_text(ps)},{'W' if write else 'R'},{address:#x}" for ps, write, address in columns]
    return "\n".join(lines) + "\n"


def _ns_text(ps: int) -> str:
    whole, part = divmod(ps, _PS_PER_NS)
    return f"{whole}.{part:03d}".rstrip("0") if part else str(whole)
