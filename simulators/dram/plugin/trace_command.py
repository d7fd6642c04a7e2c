"""``archgym trace``: record the memory traffic of a real program, make traffic, look at a trace."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from archgym.errors import ArchgymError, ConfigError, RunExists

if TYPE_CHECKING:
    from archgym.simulators.dram.recorder.cache import CacheLevel
    from archgym.simulators.dram.trace import Trace

app = typer.Typer(no_args_is_help=True, help="Record, make and look at memory traces.")


class Placement(StrEnum):
    """Where pages of the program go in the memory."""

    RANDOM = "random"
    FIRST_TOUCH = "first_touch"


@app.command("record", context_settings={"ignore_unknown_options": True})
def record(
    program: list[str] = typer.Argument(..., help="The program and its arguments, after --."),
    out: Path = typer.Option(..., "--out", help="The new file: .csv, .csv.gz or .csv.zst."),
    requests: int = typer.Option(20_000, "--requests", min=1, help="Stop after that many requests."),
    skip: int = typer.Option(0, "--skip", min=0, help="Instructions to run before recording."),
    clock_ghz: float = typer.Option(3.0, "--clock-ghz", help="Clock of the imagined core."),
    ipc: float = typer.Option(1.0, "--ipc", help="Instructions a cycle."),
    l1: str = typer.Option("32K:8", "--l1", help="Each first-level cache, SIZE:WAYS."),
    l2: str = typer.Option("256K:8", "--l2", help="Second-level cache, SIZE:WAYS."),
    l3: str | None = typer.Option(None, "--l3", help="Third-level cache, SIZE:WAYS; none by default."),
    placement: Placement = typer.Option(Placement.RANDOM, "--pages", help="Placement of the program's pages."),
    seed: int = typer.Option(0, "--seed", min=0, help="Seed of the page placement."),
) -> None:
    """Record a program's DRAM traffic: it runs under valgrind, its misses and write-backs are the trace."""
    from archgym.simulators.dram.recorder.cache import Caches
    from archgym.simulators.dram.recorder.record import RecordOptions
    from archgym.simulators.dram.recorder.record import record as run_recorder
    from archgym.simulators.dram.workloads.writers import write_csv

    _refuse_existing(out)
    with _one_line():
        first = _cache(l1, "--l1")
        caches = Caches(first, first, _cache(l2, "--l2"), None if l3 is None else _cache(l3, "--l3"))
        options = RecordOptions(
            caches=caches,
            clock_ghz=clock_ghz,
            ipc=ipc,
            max_requests=requests,
            skip_instructions=skip,
            placement=placement.value,
            seed=seed,
        )
        recording = run_recorder(program, options)
        write_csv(recording.trace, out)
    for name, counts in recording.counts.items():
        typer.echo(f"{name}: {counts.accesses:,} accesses, {counts.misses:,} misses", err=True)
    if len(recording.trace) < requests:
        typer.echo(f"the program ended after {recording.instructions:,} instructions", err=True)
    _summary(recording.trace)
    typer.echo(f"wrote {out}; try: archgym evaluate dram --workload {out} …")


@app.command("make")
def make(
    workload: str = typer.Argument(..., help="A workload, with options if wished: zipf:n=20000,seed=3"),
    out: Path = typer.Option(..., "--out", help="The new file: .csv, .csv.gz or .csv.zst."),
) -> None:
    """Write a generated or recorded workload as a trace file."""
    from archgym.simulators.dram.workloads.registry import load_workload
    from archgym.simulators.dram.workloads.writers import write_csv

    _refuse_existing(out)
    with _one_line():
        trace = load_workload(workload)
        write_csv(trace, out)
    _summary(trace)
    typer.echo(f"wrote {out}")


@app.command("info")
def info(workload: str = typer.Argument(..., help="A trace file or a workload's name.")) -> None:
    """Show what a trace holds."""
    from archgym.simulators.dram.workloads.registry import load_workload

    with _one_line():
        trace = load_workload(workload)
    _summary(trace)


def _summary(trace: Trace) -> None:
    import numpy as np

    span_ns = (int(trace.time_ps.sum()) if trace.relative else int(trace.time_ps[-1])) / 1000
    lines = np.unique(trace.address >> np.uint64(6))
    steps = np.diff((trace.address >> np.uint64(6)).astype(np.int64))
    facts: dict[str, Any] = {
        "requests": f"{len(trace):,}",
        "writes": f"{trace.is_write.mean():.1%}",
        "time": f"{span_ns:,.0f} ns, one request each {span_ns / max(len(trace) - 1, 1):.1f} ns",
        "lines": f"{lines.size:,} different ones, {lines.size * 64 / 1024:,.0f} KiB",
        "next line follows": f"{(steps == 1).mean() if steps.size else 0:.1%}",
        "addresses": f"{int(trace.address.min()):#x} … {int(trace.address.max()):#x}",
        "content": trace.content_hash,
    }
    typer.echo(trace.name)
    for key, value in facts.items():
        typer.echo(f"  {key:18} {value}")


def _cache(text: str, flag: str) -> CacheLevel:
    from archgym.simulators.dram.recorder.cache import CacheLevel

    size, _, ways = text.partition(":")
    scale = {"K": 1024, "M": 1024**2}.get(size[-1:].upper(), 1)
    digits = size[:-1] if scale > 1 else size
    if not digits.isdigit() or not ways.isdigit():
        raise ConfigError(f"{flag} {text!r}: expected SIZE:WAYS, for example 256K:8")
    return CacheLevel(int(digits) * scale, int(ways))


def _refuse_existing(out: Path) -> None:
    if out.exists():
        raise RunExists(f"{out} exists; choose another --out or remove it")


class _one_line:  # noqa: N801 - used as a statement
    """The engine's ValueErrors (a bad trace, cache or program) as the command line's one line."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from archgym.simulators.dram.recorder.recorder_error import RecorderError

        if isinstance(error, ValueError | RecorderError) and not isinstance(error, ArchgymError):
            raise ConfigError(str(error)) from None
