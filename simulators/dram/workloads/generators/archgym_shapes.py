"""The shapes of the four traces that ArchGym (Krishnan et al., ISCA 2023) searches memory controllers for.

Those traces are 10,000 reads of 64 bytes below 1 GiB, one per cycle of an 800 MHz clock. They are not shipped;
these generators draw traces that are statistically alike, and other sizes of them.
"""

from __future__ import annotations

import numpy as np

from archgym.simulators.dram.workloads.generators.generator import (
    Lines,
    Requests,
    Rng,
    coins,
    generator,
    lines_in,
    steady,
)
from archgym.simulators.dram.workloads.generators.parameters import GIB

_CLOCK_NS = 1.25  # 800 MHz


@generator
def archgym_stream(
    rng: Rng, *, n: int = 10_000, interval_ns: float = _CLOCK_NS, footprint_bytes: int = GIB
) -> Requests:
    """Consecutive lines from address 0 on, wrapping at the footprint; the seed has no effect."""
    return _reads(rng, np.arange(n, dtype=np.int64) % lines_in(footprint_bytes), interval_ns)


@generator
def archgym_random(
    rng: Rng, *, n: int = 10_000, interval_ns: float = _CLOCK_NS, footprint_bytes: int = GIB
) -> Requests:
    """Independent uniform lines."""
    return _reads(rng, rng.integers(0, lines_in(footprint_bytes), size=n, dtype=np.int64), interval_ns)


@generator
def archgym_cloud_1(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = _CLOCK_NS,
    footprint_bytes: int = GIB,
    block: int = 50,
    stream_share: float = 0.5,
) -> Requests:
    """Fragments of *block* requests: consecutive lines, going on where the last such fragment ended, or random."""
    streams = coins(rng, -(-n // block), stream_share)
    in_stream = np.repeat(streams, block)[:n]
    in_stream[: min(block, n)] |= stream_share > 0  # the original begins with a consecutive fragment
    lines = lines_in(footprint_bytes)
    line = rng.integers(0, lines, size=n, dtype=np.int64)
    line[in_stream] = np.arange(np.count_nonzero(in_stream)) % lines
    return _reads(rng, line, interval_ns)


@generator
def archgym_cloud_2(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = _CLOCK_NS,
    footprint_bytes: int = GIB,
    block: int = 20,
    stream_share: float = 0.25,
) -> Requests:
    """Short fragments, mostly random; a consecutive fragment begins at a place of its own.

    The original of this one was not at hand: the shape follows its description, a second cloud mix.
    """
    lines, blocks = lines_in(footprint_bytes), -(-n // block)
    in_stream = np.repeat(coins(rng, blocks, stream_share), block)[:n]
    start = np.repeat(rng.integers(0, lines, size=blocks, dtype=np.int64), block)[:n]
    line = rng.integers(0, lines, size=n, dtype=np.int64)
    consecutive = (start + np.arange(n) % block) % lines
    return _reads(rng, np.where(in_stream, consecutive, line), interval_ns)


def _reads(rng: Rng, line: Lines, interval_ns: float) -> Requests:
    n = line.shape[0]
    return Requests(steady(rng, n, interval_ns, 0.0), np.zeros(n, dtype=np.bool_), line)
