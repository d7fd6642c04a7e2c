"""Records the DRAM traffic of a real program as a trace.

The program runs under valgrind's lackey; its accesses go through simulated caches as they come; misses become
reads and write-backs become writes. Time is the number of instructions executed, at a constant number per
cycle: the program is never slowed down by its own misses, so the trace is an offered load.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.recorder.cache import CacheHierarchy, Caches, LevelCounts, Traffic
from archgym.simulators.dram.recorder.lackey import parse_lackey
from archgym.simulators.dram.recorder.pages import PageTable, Placement
from archgym.simulators.dram.recorder.recorder_error import RecorderError
from archgym.simulators.dram.recorder.valgrind import LackeyRun, Stream
from archgym.simulators.dram.trace import Trace

_PS_PER_NS = 1000


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """How a program is recorded."""

    caches: Caches = field(default_factory=Caches)
    clock_ghz: float = 3.0
    ipc: float = 1.0
    """Instructions per cycle of the imagined core."""
    max_requests: int = 20_000
    """The recording stops with this many requests, or when the program ends."""
    skip_instructions: int = 0
    """Executed through the caches, which warm up, but not recorded."""
    max_instructions: int | None = None
    """The recording stops after this many instructions in all, if not before."""
    placement: Placement = "random"
    memory_bytes: int = 2**30
    seed: int = 0
    """Of the page placement."""

    def __post_init__(self) -> None:
        for name in ("clock_ghz", "ipc"):
            if not 0 < getattr(self, name) <= 1000:
                raise RecorderError(f"{name}: expected a number above 0, got {getattr(self, name)!r}")
        if self.max_requests < 1 or self.skip_instructions < 0 or self.seed < 0:
            raise RecorderError("expected max_requests >= 1, skip_instructions >= 0 and seed >= 0")
        if self.max_instructions is not None and self.max_instructions <= self.skip_instructions:
            raise RecorderError("max_instructions: expected more than skip_instructions")

    @property
    def ps_per_instruction(self) -> Fraction:
        """Exact, from the decimal digits of clock and ipc."""
        return _PS_PER_NS / (Fraction(repr(self.clock_ghz)) * Fraction(repr(self.ipc)))


@dataclass(frozen=True, slots=True)
class Recording:
    """A trace and where it comes from."""

    trace: Trace
    instructions: int
    """Instructions executed in all, the skipped ones included."""
    recorded_instructions: int
    """Instructions from the first to the last request."""
    counts: Mapping[str, LevelCounts]
    """Accesses and misses of each cache, by name, over all instructions."""
    exit_code: int | None
    """The program's, negative for a signal; None when it was stopped because the recording was complete."""


def record(
    program: Sequence[str],
    options: RecordOptions | None = None,
    *,
    name: str | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: Stream = None,
    stdout: Stream = None,
) -> Recording:
    """Run *program* (its name and arguments) and record its DRAM traffic.

    The program's standard streams are the caller's unless given; *environment* None inherits as well. The trace
    is called *name*, by default after the program. Raises `RecorderError` when valgrind or the program is
    missing, when the program makes no request in the recorded window, or when its pages do not fit.
    """
    options = options or RecordOptions()
    hierarchy = CacheHierarchy(options.caches)
    with LackeyRun(program, environment=environment, cwd=cwd, stdin=stdin, stdout=stdout) as run:
        kept, complete = _collect(_traffic(run, hierarchy, options), options)
        exit_code = None if complete else run.exit_code()
    if not kept.line.size:
        raise RecorderError(
            f"{program[0]}: no DRAM request in {hierarchy.instructions} instructions after skipping "
            f"{options.skip_instructions} (exit code {exit_code}): skip less, or use smaller caches"
        )
    instruction = kept.instruction - kept.instruction[0]
    pages = PageTable(options.placement, options.memory_bytes, seed=options.seed)
    address = pages.physical(kept.line * options.caches.line_bytes)
    trace = Trace(name or Path(program[0]).name, _times(instruction, options), kept.is_write, address)
    return Recording(trace, hierarchy.instructions, int(instruction[-1]), hierarchy.counts(), exit_code)


def _traffic(run: LackeyRun, hierarchy: CacheHierarchy, options: RecordOptions) -> Iterator[Traffic]:
    for accesses in parse_lackey(run.chunks()):
        yield from hierarchy.run(accesses)
        if options.max_instructions is not None and hierarchy.instructions >= options.max_instructions:
            return


def _collect(batches: Iterator[Traffic], options: RecordOptions) -> tuple[Traffic, bool]:
    """The recorded window, and whether it was complete before the program ended."""
    kept: list[Traffic] = []
    total, complete = 0, False
    limit = options.max_instructions
    for batch in batches:
        inside = batch.instruction > options.skip_instructions
        if limit is not None:
            inside &= batch.instruction <= limit
            complete |= bool(batch.instruction[-1] > limit)
        kept.append(Traffic(batch.instruction[inside], batch.is_write[inside], batch.line[inside]))
        total += kept[-1].line.shape[0]
        complete |= total >= options.max_requests
        if complete:
            break
    return _joined(kept, options.max_requests), complete


def _joined(kept: list[Traffic], n: int) -> Traffic:
    if not kept:
        return Traffic(np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, np.int64))
    return Traffic(
        np.concatenate([batch.instruction for batch in kept])[:n],
        np.concatenate([batch.is_write for batch in kept])[:n],
        np.concatenate([batch.line for batch in kept])[:n],
    )


def _times(instruction: NDArray[np.int64], options: RecordOptions) -> NDArray[np.int64]:
    """``(n,)`` picoseconds of instruction counts, rounded down; with Python's integers, which never overflow."""
    step = options.ps_per_instruction
    exact = [count * step.numerator // step.denominator for count in instruction.tolist()]
    return np.array(exact, dtype=np.int64)
