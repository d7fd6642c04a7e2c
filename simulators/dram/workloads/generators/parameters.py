"""The options of the generators: kind, range and meaning, each stated once for all generators.

A generator's signature names the options it takes and their defaults; everything else comes from here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from archgym.simulators.dram.workloads.trace_error import TraceError

Value = int | float

MIB = 2**20
GIB = 2**30
_NO_LIMIT = 2**40


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option: a number in [`low`, `high`], an integer also a multiple of `step`."""

    name: str
    kind: type[int] | type[float]
    low: float
    high: float
    doc: str
    step: int = 1

    def check(self, value: object) -> Value:
        """*value* as a number of this kind, exact. Raises `TraceError` when it is not allowed."""
        fits = isinstance(value, int) or (self.kind is float and isinstance(value, float))
        if fits and not isinstance(value, bool) and isinstance(value, int | float):
            whole = self.kind is float or value % self.step == 0
            if math.isfinite(value) and self.low <= value <= self.high and whole:
                return self.kind(value)
        raise TraceError(f"{self.name}: expected {self.expected}, got {value!r}")

    def parse(self, text: str) -> Value:
        """The number in *text*, checked."""
        try:
            return self.check(self.kind(text))
        except ValueError as error:
            raise TraceError(f"{self.name}: expected {self.expected}, got {text!r}") from error

    @property
    def expected(self) -> str:
        noun = "a number" if self.kind is float else "an integer"
        step = f", a multiple of {self.step}" if self.step > 1 else ""
        low, high = (f"{bound:g}" if self.kind is float else str(int(bound)) for bound in (self.low, self.high))
        return f"{noun} from {low} to {high}{step}"


_ALL = (
    Parameter("seed", int, 0, 2**63 - 1, "seed of the random draws"),
    Parameter("n", int, 1, 2**28, "number of requests"),
    Parameter("interval_ns", float, 0, 1e9, "mean time from one request to the next, ns"),
    Parameter("jitter", float, 0, 1, "spread of a gap: uniform in interval x (1 - jitter .. 1 + jitter)"),
    Parameter("footprint_bytes", int, MIB, _NO_LIMIT, "addresses lie in [0, footprint)", step=4096),
    Parameter("write_fraction", float, 0, 1, "share of writes (what it is a share of: see the generator)"),
    Parameter("read_streams", int, 0, 256, "arrays that are read in step"),
    Parameter("write_streams", int, 0, 256, "arrays that are written in step"),
    Parameter("stride_bytes", int, 64, _NO_LIMIT, "distance from one request to the next, bytes", step=64),
    Parameter("nodes", int, 2, 2**24, "nodes of the chased ring; each lies alone in an equal slot"),
    Parameter("objects", int, 2, 2**24, "objects of different popularity"),
    Parameter("object_bytes", int, 64, GIB, "size of an object, bytes", step=64),
    Parameter("exponent", float, 0, 10, "Zipf exponent: popularity of rank r is r ** -exponent"),
    Parameter("size", int, 32, 2**16, "rows and columns of the square float32 matrices", step=16),
    Parameter("tile", int, 16, 2**12, "rows and columns of a tile; divides size", step=16),
    Parameter("compute_ns", float, 0, 1e9, "pause after the loads of a step, ns"),
    Parameter("vertices", int, 64, 2**26, "vertices of the graph"),
    Parameter("degree", int, 1, 4096, "median number of a vertex's neighbours; some have 64 times as many"),
    Parameter("burst_requests", int, 1, 2**20, "mean number of requests in a burst"),
    Parameter("idle_ns", float, 0, 1e9, "mean pause between bursts, ns"),
    Parameter("weight_lines", int, 1, 2**20, "64-byte lines of weights read per tile, never re-used"),
    Parameter("activation_lines", int, 1, 2**20, "64-byte lines of activations read per tile"),
    Parameter("output_lines", int, 0, 2**20, "64-byte lines of results written per tile"),
    Parameter("activation_bytes", int, 4096, GIB, "buffer of the activations, re-read, bytes", step=4096),
    Parameter("block", int, 1, 2**20, "requests of a fragment, all consecutive or all random"),
    Parameter("stream_share", float, 0, 1, "probability that a fragment is consecutive"),
    Parameter("stream_ns", float, 0, 1e9, "interval of the streaming reader, ns; 0 leaves it out"),
    Parameter("chase_ns", float, 0, 1e9, "mean interval of the pointer chaser, ns; 0 leaves it out"),
    Parameter("random_ns", float, 0, 1e9, "mean interval of the random reader and writer, ns; 0: left out"),
    Parameter("store_ns", float, 0, 1e9, "mean interval of the bursts of stores, ns a request; 0: left out"),
    Parameter("stride_ns", float, 0, 1e9, "interval of the strided reader, ns; 0 leaves it out"),
)
PARAMETERS: dict[str, Parameter] = {parameter.name: parameter for parameter in _ALL}
