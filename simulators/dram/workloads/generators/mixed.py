"""Several agents at one memory: their requests interleave by time, and what suits one hurts another."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from archgym.simulators.dram.workloads.generators.generator import (
    Generator,
    Requests,
    Rng,
    generator,
    lines_in,
    need,
)
from archgym.simulators.dram.workloads.generators.parameters import GIB
from archgym.simulators.dram.workloads.generators.patterns import (
    bursty,
    pointer_chase,
    random,
    stream,
    strided,
)

_AGENTS = 5
_STORE_BURST = 24
_STORE_DENSITY = 4  # a burst of stores comes this many times faster than its mean rate


@generator
def mixed(
    rng: Rng,
    *,
    n: int = 10_000,
    footprint_bytes: int = GIB,
    stream_ns: float = 12.0,
    chase_ns: float = 80.0,
    random_ns: float = 40.0,
    store_ns: float = 25.0,
    stride_ns: float = 0.0,
) -> Requests:
    """Up to five agents, each at a mean interval and in a fifth of the footprint of its own.

    A streaming reader (row hits), a pointer chaser (wants low latency), a random reader and writer (row misses),
    bursts of stores (read-write turnarounds), a reader with a stride of 8 KiB (bank conflicts).
    """
    part = footprint_bytes // _AGENTS // 4096 * 4096
    agents: list[tuple[float, Callable[[int], Requests]]] = [
        (stream_ns, lambda k: _draw(stream, rng, k, part, stream_ns, jitter=0.0, write_streams=0)),
        (chase_ns, lambda k: _draw(pointer_chase, rng, k, part, chase_ns, nodes=min(2**15, lines_in(part)))),
        (random_ns, lambda k: _draw(random, rng, k, part, random_ns, jitter=1.0, write_fraction=0.4)),
        (store_ns, lambda k: _stores(rng, k, part, store_ns)),
        (stride_ns, lambda k: _draw(strided, rng, k, part, stride_ns, write_fraction=0.0, stride_bytes=8192)),
    ]
    rate = sum(1 / interval for interval, _ in agents if interval > 0)
    need(rate > 0, "mixed: expected at least one agent with an interval above 0")
    drawn = []
    for nth, (interval, draw) in enumerate(agents):
        if interval > 0:
            # a quarter more than its share, so that no agent falls silent before the n-th request
            requests = draw(math.ceil(1.25 * n / rate / interval) + 2 * _STORE_BURST)
            shifted = requests.line + nth * lines_in(part)
            drawn.append(Requests(requests.time_ps, requests.is_write, shifted))
    return _merge(drawn, n)


def _draw(pattern: Generator, rng: Rng, n: int, footprint_bytes: int, interval_ns: float, **options: float) -> Requests:
    """*pattern* as one agent, with its defaults for what is not given."""
    given = {"n": n, "interval_ns": interval_ns, "footprint_bytes": footprint_bytes, **options}
    return pattern.draw(rng, **{**pattern.defaults, **given})


def _stores(rng: Rng, n: int, footprint_bytes: int, interval_ns: float) -> Requests:
    within = interval_ns / _STORE_DENSITY
    idle = (interval_ns - within) * _STORE_BURST
    return _draw(bursty, rng, n, footprint_bytes, within, idle_ns=idle, burst_requests=_STORE_BURST, write_fraction=1.0)


def _merge(drawn: list[Requests], n: int) -> Requests:
    """The first *n* requests of all agents in order of time; at one instant the earlier agent goes first."""
    time_ps = np.concatenate([requests.time_ps for requests in drawn])
    order = np.argsort(time_ps, kind="stable")[:n]
    is_write = np.concatenate([requests.is_write for requests in drawn])
    line = np.concatenate([requests.line for requests in drawn])
    return Requests(time_ps[order], is_write[order], line[order])
