"""A two-level cache hierarchy priced in closed form: the smallest model with the trade-offs of the real thing.

It exists to be understood in one sitting and to be fast enough to enumerate: a few dozen array operations price any
number of designs. Larger caches miss less (the "square root of two" rule: A. Hartstein et al., "Cache miss behavior:
is it sqrt(2)?", CF 2006) but answer later and leak more; the answer time is rounded up to whole clock cycles; long
lines help programs that walk through memory and waste capacity for those that do not. The coefficients are round
numbers of the right magnitude for a 22 nm process, not measurements.

Only ``+ - * / sqrt ceil`` are used: IEEE 754 rounds each of them exactly, so every machine gives the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]

MEMORY_NS = 60.0
"""Time from the last cache's miss to the first byte from memory, ns."""
MEMORY_BYTES_PER_NS = 16.0
MEMORY_NJ_PER_BYTE = 0.12
L1_CYCLES = 3
"""Cycles that the pipeline gives the first-level cache to answer."""

REPLACEMENT_MISSES = {"LRU": 1.0, "PLRU": 1.03, "Random": 1.12}
"""Misses on reused data relative to true least-recently-used."""
REPLACEMENT_STATE = {"LRU": 1.0, "PLRU": 0.3, "Random": 0.0}
"""Cost of keeping the order of a set's ways relative to true least-recently-used."""
PREFETCHER_AREA_MM2 = {"None": 0.0, "NextLine": 0.01, "Stride": 0.08}
PREFETCHER_NJ = {"None": 0.0, "NextLine": 0.0005, "Stride": 0.004}
"""Energy of the prefetcher's own tables per access, nJ."""


@dataclass(frozen=True, slots=True)
class Program:
    """How a program uses memory."""

    scan: float
    """Fraction of the accesses that walk through memory for the first time."""
    step_bytes: float
    """Distance between two accesses of that walk, B."""
    reuse_miss: float
    """Miss ratio of all other accesses in a fully associative cache of 32 KiB with no waste."""
    used_bytes: float
    """Bytes of a line that those accesses touch before it is evicted."""
    sequential: float
    """Fraction of the misses whose line follows the previously missed one: what a next-line prefetcher hides."""
    predictable: float
    """Fraction of the misses that a stride prefetcher hides."""
    overlap: float
    """Misses in flight at a time, at least 1; dependent loads do not overlap."""


PROGRAMS: dict[str, Program] = {
    "pointer_chase": Program(0.02, 16.0, 0.16, 48.0, sequential=0.05, predictable=0.15, overlap=1.0),
    "stream": Program(0.60, 8.0, 0.05, 96.0, sequential=0.60, predictable=0.70, overlap=2.5),
}


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """One number a design, ``(n,)`` each."""

    latency_ns: Floats
    """Average time of a memory access."""
    energy_nj: Floats
    """Average energy of a memory access, leakage included."""
    area_mm2: Floats
    hit_rate: Floats
    """Fraction of the accesses that a cache answers, 0..1."""
    l1_cycles: Floats
    """Whole cycles until the first-level cache answers; the design does not work above `L1_CYCLES`."""


def price(designs: Columns, program: Program, memory_ns: float = MEMORY_NS) -> Prices:
    """Price *designs*, given as equally long columns.

    Columns: ``L1Size`` KiB, ``L1Ways``, ``L2Size`` KiB, ``LineSize`` B, ``Replacement``, ``Prefetcher``,
    ``Frequency`` MHz.
    """
    ghz = designs["Frequency"] / 1000.0
    l1_cycles = np.ceil(_l1_ns(designs) * ghz)
    l2_cycles = np.ceil((1.5 + 0.12 * np.sqrt(designs["L2Size"])) * ghz)
    l1_miss, l2_miss = _misses(designs, program)
    hidden, waste = _prefetch(designs["Prefetcher"], program)

    transfer_ns = designs["LineSize"] / MEMORY_BYTES_PER_NS * (1.0 + waste)
    memory_miss = l2_miss * (1.0 - hidden)
    latency = (l1_cycles + l1_miss * l2_cycles) / ghz + memory_miss * (memory_ns + transfer_ns) / program.overlap

    area = _area_mm2(designs)
    traffic_bytes = l2_miss * (1.0 + waste) * designs["LineSize"]
    energy = _energy_nj(designs, ghz, l1_miss, traffic_bytes, area * latency)
    return Prices(latency, energy, area, 1.0 - memory_miss, l1_cycles)


def _l1_ns(designs: Columns) -> Floats:
    order = _of(REPLACEMENT_STATE, designs["Replacement"])
    time: Floats = 0.35 + 0.07 * np.sqrt(designs["L1Size"]) + (0.02 + 0.005 * order) * designs["L1Ways"]
    return time


def _misses(designs: Columns, program: Program) -> tuple[Floats, Floats]:
    """Misses per access of the first level, and of both levels together (a fraction of the former)."""
    line = designs["LineSize"]
    used = np.minimum(1.0, program.used_bytes / line)
    policy = _of(REPLACEMENT_MISSES, designs["Replacement"])
    walk = program.scan * np.minimum(1.0, program.step_bytes / line)

    def misses(kib: NDArray[Any], ways: NDArray[Any] | float) -> Floats:
        capacity = program.reuse_miss * np.sqrt(32.0 / (kib * used))
        conflicts = policy * (1.0 + 0.6 / ways)
        total: Floats = walk + (1.0 - program.scan) * np.minimum(1.0, capacity * conflicts)
        return total

    first = misses(designs["L1Size"], designs["L1Ways"])
    return first, np.minimum(first, misses(designs["L2Size"], 8.0))


def _prefetch(prefetcher: NDArray[Any], program: Program) -> tuple[Floats, Floats]:
    """Fraction of the memory's latency hidden, and lines fetched in vain per line wanted."""
    hidden = {"None": 0.0, "NextLine": program.sequential, "Stride": program.predictable}
    waste = {"None": 0.0, "NextLine": 1.0 - program.sequential, "Stride": 0.1}
    return _of(hidden, prefetcher), _of(waste, prefetcher)


def _area_mm2(designs: Columns) -> Floats:
    order = _of(REPLACEMENT_STATE, designs["Replacement"])
    first = 0.004 * designs["L1Size"] * (1.0 + 0.03 * designs["L1Ways"]) + 0.002 * order * designs["L1Ways"]
    tags = 1.0 + 4.0 / designs["LineSize"]
    area: Floats = (first + 0.002 * designs["L2Size"]) * tags + _of(PREFETCHER_AREA_MM2, designs["Prefetcher"])
    return area


def _energy_nj(designs: Columns, ghz: Floats, l1_miss: Floats, traffic_bytes: Floats, leaking_mm2_ns: Floats) -> Floats:
    volt = 0.60 + 0.15 * ghz
    first = 0.012 * np.sqrt(designs["L1Size"] / 32.0) * (0.5 + designs["L1Ways"] / 16.0)
    second = 0.06 * np.sqrt(designs["L2Size"] / 512.0)
    dynamic = (first + l1_miss * second + _of(PREFETCHER_NJ, designs["Prefetcher"])) * volt * volt
    leakage = 0.02 * volt * leaking_mm2_ns  # 20 mW/mm2 at 1 V
    energy: Floats = dynamic + leakage + MEMORY_NJ_PER_BYTE * traffic_bytes
    return energy


def _of(table: Mapping[str, float], names: NDArray[Any]) -> Floats:
    """``(n,)`` the table's value for each name."""
    return np.array([table[name] for name in names.tolist()], np.float64)
