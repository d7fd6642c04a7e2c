"""What a generator is: a function from options and a seed to a trace, with checked options and a telling name.

The randomness is NumPy's PCG64, of which only uniform integers, uniform floats and permutations are used, so
that equal options and seed give equal bytes in every process. The name of a trace states every option that is
not at its default and is itself a workload name: ``stream:interval_ns=2.5,seed=3``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.trace import Trace
from archgym.simulators.dram.workloads.generators.parameters import PARAMETERS, Value
from archgym.simulators.dram.workloads.suggestion import unknown
from archgym.simulators.dram.workloads.trace_error import TraceError

LINE_BYTES = 64
DEFAULT_SEED = 0

Rng = np.random.Generator
Times = NDArray[np.int64]
Lines = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Requests:
    """What a generator draws; all arrays ``(n,)``."""

    time_ps: Times
    """Absolute, non-decreasing."""
    is_write: Flags
    line: Lines
    """Index of the 64-byte line."""


@dataclass(frozen=True, slots=True)
class Generator:
    """A named generator. Calling it gives a trace."""

    name: str
    doc: str
    defaults: Mapping[str, Value]
    draw: Callable[..., Requests]

    def __call__(self, *, seed: int, **options: object) -> Trace:
        """The trace of *options* (defaults where left out). Raises `TraceError` for a bad or unknown option."""
        for name in options:
            if name not in self.defaults:
                raise unknown(f"option of {self.name}", name, [*self.defaults, "seed"])
        seed = int(PARAMETERS["seed"].check(seed))
        values = {name: PARAMETERS[name].check(options.get(name, value)) for name, value in self.defaults.items()}
        drawn = self.draw(np.random.Generator(np.random.PCG64(seed)), **values)
        address = drawn.line.astype(np.uint64) * np.uint64(LINE_BYTES)
        return Trace(self.trace_name(seed, values), drawn.time_ps, drawn.is_write, address)

    def trace_name(self, seed: int, values: Mapping[str, Value]) -> str:
        """``name`` or ``name:option=value,…`` with what differs from the defaults, in the order of declaration."""
        told = [f"{name}={value!r}" for name, value in values.items() if value != self.defaults[name]]
        if seed != DEFAULT_SEED:
            told.append(f"seed={seed}")
        return f"{self.name}:{','.join(told)}" if told else self.name


def generator(draw: Callable[..., Requests]) -> Generator:
    """Make a `Generator` of a function whose keyword-only parameters are the options and their defaults."""
    signature = inspect.signature(draw)
    defaults = {
        name: PARAMETERS[name].check(parameter.default)
        for name, parameter in signature.parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    doc = inspect.cleandoc(draw.__doc__ or "")
    return Generator(draw.__name__, doc, MappingProxyType(defaults), draw)


def to_ps(time_ns: float) -> int:
    """*time_ns* as picoseconds, from its decimal digits, rounded half to even."""
    return round(Fraction(repr(time_ns)) * 1000)


def steady(rng: Rng, n: int, interval_ns: float, jitter: float) -> Times:
    """``(n,)`` stamps from 0 on; each gap is uniform in interval × [1 - jitter, 1 + jitter]."""
    interval, spread = to_ps(interval_ns), round(Fraction(repr(jitter)) * to_ps(interval_ns))
    gaps = np.full(n, interval, dtype=np.int64)
    if spread:
        gaps = rng.integers(interval - spread, interval + spread, size=n, endpoint=True, dtype=np.int64)
    gaps[0] = 0
    return np.cumsum(gaps)


def coins(rng: Rng, n: int, probability: float) -> Flags:
    """``(n,)`` independent True with *probability*."""
    return rng.random(n) < probability


def lines_in(footprint_bytes: int) -> int:
    return footprint_bytes // LINE_BYTES


def need(condition: bool, message: str) -> None:
    """Raise `TraceError` unless options fit each other."""
    if not condition:
        raise TraceError(message)
