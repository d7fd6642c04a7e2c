"""A simulated cache hierarchy between a program and its memory.

Two first-level caches, a second level and an optional third, all with one line size, write-back, write-allocate
and LRU. By default neither inclusive nor exclusive: a line is filled into every level it missed in, and an
outer level forgets a line without telling the inner ones; `Caches.inclusive` makes it tell them. Indexed by
virtual address; no prefetching, no coherence between the two first levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.recorder.cache_kernel import (
    COUNTERS,
    EMPTY,
    FIRST_ACCESSES,
    FIRST_MISSES,
    INSTRUCTIONS,
    LARGEST_ACCESS,
    MOST_PER_ACCESS,
    filter_accesses,
)
from archgym.simulators.dram.recorder.lackey import Accesses
from archgym.simulators.dram.recorder.recorder_error import RecorderError

KIB = 1024
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class CacheLevel:
    """One cache."""

    size_bytes: int
    ways: int

    def sets(self, name: str, line_bytes: int) -> int:
        """Raises `RecorderError` when size, ways and line do not give a whole number of sets."""
        if self.ways < 1 or self.size_bytes < 1 or self.size_bytes % (self.ways * line_bytes):
            raise RecorderError(
                f"cache {name}: expected a size that is a multiple of ways x line = "
                f"{self.ways} x {line_bytes} bytes, got {self.size_bytes}"
            )
        return self.size_bytes // (self.ways * line_bytes)


@dataclass(frozen=True, slots=True)
class Caches:
    """The caches of one core. The defaults are small, so that short runs reach the memory."""

    l1i: CacheLevel = CacheLevel(32 * KIB, 8)
    l1d: CacheLevel = CacheLevel(32 * KIB, 8)
    l2: CacheLevel = CacheLevel(256 * KIB, 8)
    l3: CacheLevel | None = None
    line_bytes: int = 64
    inclusive: bool = False

    @property
    def levels(self) -> dict[str, CacheLevel]:
        """By name, in the kernel's order."""
        levels = {"l1i": self.l1i, "l1d": self.l1d, "l2": self.l2}
        return levels if self.l3 is None else {**levels, "l3": self.l3}


@dataclass(frozen=True, slots=True)
class Traffic:
    """What reaches the memory, in order; all arrays ``(n,)``."""

    instruction: NDArray[np.int64]
    """Instructions executed up to and including the one that caused the request."""
    is_write: NDArray[np.bool_]
    line: NDArray[np.int64]
    """Number of the virtual line: address divided by the line size."""


@dataclass(frozen=True, slots=True)
class LevelCounts:
    """Accesses to one level, and those that missed."""

    accesses: int
    misses: int


class CacheHierarchy:
    """The state of the caches; empty at first."""

    def __init__(self, caches: Caches) -> None:
        if caches.line_bytes < 64 or caches.line_bytes & (caches.line_bytes - 1):
            raise RecorderError(f"line_bytes: expected a power of two from 64 on, got {caches.line_bytes}")
        self._caches = caches
        geometry = []
        slots = 0
        for name, level in caches.levels.items():
            geometry.append((slots, level.sets(name, caches.line_bytes), level.ways))
            slots += level.size_bytes // caches.line_bytes
        self._geometry = np.array(geometry, dtype=np.int64)
        self._tag = np.full(slots, EMPTY, dtype=np.int64)
        self._dirty = np.zeros(slots, dtype=np.int64)
        self._used = np.zeros(slots, dtype=np.int64)
        self._counter = np.zeros(COUNTERS, dtype=np.int64)

    @property
    def instructions(self) -> int:
        """Instructions executed so far."""
        return int(self._counter[INSTRUCTIONS])

    def counts(self) -> dict[str, LevelCounts]:
        """Accesses and misses so far, by level; write-backs between levels are not counted."""
        return {
            name: LevelCounts(int(self._counter[FIRST_ACCESSES + k]), int(self._counter[FIRST_MISSES + k]))
            for k, name in enumerate(self._caches.levels)
        }

    def run(self, accesses: Accesses) -> Iterator[Traffic]:
        """Execute *accesses* and give what reaches the memory, in batches."""
        largest = int(accesses.size.max(initial=0))
        if largest > LARGEST_ACCESS:
            raise RecorderError(f"expected accesses of at most {LARGEST_ACCESS} bytes, got {largest}")
        room = _BATCH + 4 * MOST_PER_ACCESS
        index = 0
        while index < accesses.kind.shape[0]:
            instruction, line = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
            is_write = np.empty(room, dtype=np.bool_)
            index, requests = filter_accesses(
                accesses.kind,
                accesses.address,
                accesses.size,
                index,
                self._tag,
                self._dirty,
                self._used,
                self._geometry,
                self._counter,
                len(self._geometry) - 1,
                self._caches.line_bytes,
                int(self._caches.inclusive),
                instruction,
                is_write,
                line,
            )
            if requests:
                yield Traffic(instruction[:requests], is_write[:requests], line[:requests])
