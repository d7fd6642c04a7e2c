"""The elementary access patterns: streams, random, strided, pointer chase, Zipf, bursts."""

from __future__ import annotations

import numpy as np

from archgym.simulators.dram.workloads.generators.generator import (
    LINE_BYTES,
    Requests,
    Rng,
    coins,
    generator,
    lines_in,
    need,
    steady,
    to_ps,
)
from archgym.simulators.dram.workloads.generators.parameters import GIB

_PAGE_LINES = 64  # 4 KiB: where an array may begin


@generator
def stream(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 4.0,
    jitter: float = 0.0,
    footprint_bytes: int = GIB,
    read_streams: int = 2,
    write_streams: int = 1,
) -> Requests:
    """Several arrays walked in step, line by line, like the STREAM triad (two read, one written).

    The footprint is divided equally among the arrays; each starts at a random page of its part and wraps.
    """
    streams = read_streams + write_streams
    need(streams >= 1, "stream: expected at least one of read_streams and write_streams above 0")
    part = lines_in(footprint_bytes) // streams // _PAGE_LINES * _PAGE_LINES
    need(part > 0, f"stream: expected at most {lines_in(footprint_bytes) // _PAGE_LINES} streams")
    start = rng.integers(0, part // _PAGE_LINES, size=streams, dtype=np.int64) * _PAGE_LINES
    which = np.arange(n) % streams
    line = which * part + (start[which] + np.arange(n) // streams) % part
    return Requests(steady(rng, n, interval_ns, jitter), which >= read_streams, line)


@generator
def random(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 8.0,
    jitter: float = 0.5,
    footprint_bytes: int = GIB,
    write_fraction: float = 0.3,
) -> Requests:
    """Independent uniform lines; each request is a write with probability *write_fraction*."""
    line = rng.integers(0, lines_in(footprint_bytes), size=n, dtype=np.int64)
    is_write = coins(rng, n, write_fraction)
    return Requests(steady(rng, n, interval_ns, jitter), is_write, line)


@generator
def strided(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 5.0,
    jitter: float = 0.0,
    footprint_bytes: int = GIB,
    write_fraction: float = 0.25,
    stride_bytes: int = 1024,
) -> Requests:
    """One array walked with a constant stride; past the end it goes on one line further than the last pass.

    Each request is a write with probability *write_fraction*.
    """
    lines = lines_in(footprint_bytes)
    start = int(rng.integers(0, lines, dtype=np.int64))
    reach = start + np.arange(n, dtype=np.int64) * (stride_bytes // LINE_BYTES)
    line = (reach % lines + reach // lines) % lines
    is_write = coins(rng, n, write_fraction)
    return Requests(steady(rng, n, interval_ns, jitter), is_write, line)


@generator
def pointer_chase(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 60.0,
    jitter: float = 0.4,
    footprint_bytes: int = GIB,
    write_fraction: float = 0.1,
    nodes: int = 2**15,
) -> Requests:
    """A linked ring followed node by node: one random line at a time, at the pace of a memory's latency.

    Every node is visited once per round. With probability *write_fraction* a step updates its node (a write).
    """
    slot = lines_in(footprint_bytes) // nodes
    need(slot >= 1, f"pointer_chase: expected at most {lines_in(footprint_bytes)} nodes in this footprint")
    home = np.arange(nodes) * slot + rng.integers(0, slot, size=nodes, dtype=np.int64)
    ring = home[rng.permutation(nodes)]
    line = ring[np.arange(n) % nodes]
    is_write = coins(rng, n, write_fraction)
    return Requests(steady(rng, n, interval_ns, jitter), is_write, line)


@generator
def zipf(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 8.0,
    jitter: float = 0.5,
    footprint_bytes: int = GIB,
    write_fraction: float = 0.2,
    objects: int = 2**14,
    object_bytes: int = 4096,
    exponent: float = 1.0,
) -> Requests:
    """Objects of very different popularity, as in a key-value store; a request takes a random line of one.

    Objects lie in random order in the footprint. Each request is a write with probability *write_fraction*.
    """
    size = object_bytes // LINE_BYTES
    places = lines_in(footprint_bytes) // size
    need(objects <= places, f"zipf: expected at most {places} objects of this size in this footprint")
    weight = np.arange(1, objects + 1, dtype=np.float64) ** -exponent
    reach = np.cumsum(weight)
    rank = np.minimum(np.searchsorted(reach, rng.random(n) * reach[-1], side="right"), objects - 1)
    place = rng.permutation(objects)[rank] * (places // objects)
    line = place * size + rng.integers(0, size, size=n, dtype=np.int64)
    is_write = coins(rng, n, write_fraction)
    return Requests(steady(rng, n, interval_ns, jitter), is_write, line)


@generator
def bursty(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 2.0,
    idle_ns: float = 100.0,
    footprint_bytes: int = GIB,
    write_fraction: float = 0.33,
    burst_requests: int = 16,
) -> Requests:
    """Bursts of consecutive lines from a random place, *interval_ns* apart, with pauses in between.

    A burst has 1 to 2 × *burst_requests* - 1 requests and is all writes with probability *write_fraction*; a
    pause is uniform in [0, 2 × *idle_ns*].
    """
    length = rng.integers(1, 2 * burst_requests, size=n, dtype=np.int64)
    begin = np.cumsum(length) - length
    burst = np.searchsorted(begin, np.arange(n), side="right") - 1
    start = rng.integers(0, lines_in(footprint_bytes), size=n, dtype=np.int64)
    line = (start[burst] + np.arange(n) - begin[burst]) % lines_in(footprint_bytes)
    gap = np.full(n, to_ps(interval_ns), dtype=np.int64)
    pause = rng.integers(0, 2 * to_ps(idle_ns), size=n, endpoint=True, dtype=np.int64)
    gap += np.where(begin[burst] == np.arange(n), pause[burst], 0)
    gap[0] = 0
    return Requests(np.cumsum(gap), coins(rng, n, write_fraction)[burst], line)
