"""How fast the DRAM engine is: ns per request over a grid of different designs, thread scaling, bit equality.

``python benchmarks/bench_dram.py [--designs 1000] [--requests 10000] [--repeats 3]``

CPU time is the least over the repeats for each chunk of designs, so that other work on the machine disturbs little; the
reference, DRAMSys, does 155 to 295 thousand requests a second on one core (3400 to 6500 ns per request).
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.controller import ControllerConfig, encode
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.prepare import PreparedTrace
from archgym.simulators.dram.trace import Trace

REFERENCE_NS = 1e9 / 225_000  # the middle of the reference's range
BARS_NS = {"stream": 60, "mixed": 100, "random": 160}
CHUNK = 16


def traces(n: int) -> dict[str, Trace]:
    """Reads of 64 B, one a clock cycle of 800 MHz, as in ArchGym: sequential, runs of 1 to 16 lines, random."""
    rng = np.random.default_rng(20230617)
    time_ps = np.arange(n, dtype=np.int64) * 1250
    runs = rng.integers(1, 17, n)
    start = np.repeat(rng.integers(0, 1 << 20, n), runs)[:n]
    offset = np.concatenate([np.arange(length) for length in runs])[:n]
    lines = {"stream": np.arange(n), "mixed": start + offset, "random": rng.integers(0, 1 << 24, n)}
    return {
        name: Trace(name, time_ps.copy(), np.zeros(n, np.bool_), line.astype(np.uint64) * np.uint64(64))
        for name, line in lines.items()
    }


def designs(n: int) -> NDArray[np.int64]:
    """*n* different designs of ArchGym's space (ten knobs), drawn uniformly."""
    rng = np.random.default_rng(7)
    found: dict[ControllerConfig, None] = {}
    while len(found) < n:
        size = int(rng.integers(1, 9))
        config = ControllerConfig(
            page_policy=rng.choice(["Open", "OpenAdaptive", "Closed", "ClosedAdaptive"]),
            scheduler=rng.choice(["Fifo", "FrFcfs", "FrFcfsGrp"]),
            scheduler_buffer=rng.choice(["Bankwise", "ReadWrite", "Shared"]),
            request_buffer_size=size,
            request_buffer_size_read=size,
            request_buffer_size_write=size,
            resp_queue=rng.choice(["Fifo", "Reorder"]),
            refresh_policy=rng.choice(["NoRefresh", "AllBank"]),
            refresh_max_postponed=int(rng.integers(1, 9)),
            refresh_max_pulledin=int(rng.integers(1, 9)),
            arbiter=rng.choice(["Simple", "Fifo", "Reorder"]),
            max_active_transactions=int(rng.integers(1, 129)),
        )
        found[config] = None
    return encode(list(found))


def cpu_ns(engine: Engine, prepared: PreparedTrace, matrix: NDArray[np.int64], repeats: int, power: bool) -> float:
    """CPU time per request on one thread."""
    total = 0.0
    for at in range(0, len(matrix), CHUNK):
        best = float("inf")
        for _ in range(repeats):
            start = time.process_time()
            engine.simulate_batch(prepared, matrix[at : at + CHUNK], power=power)
            best = min(best, time.process_time() - start)
        total += best
    return total * 1e9 / (len(matrix) * len(prepared))


def scaling(engine: Engine, prepared: PreparedTrace, matrix: NDArray[np.int64], repeats: int) -> tuple[float, bool]:
    """Wall time on one thread over that on two, and whether the results are the same to the bit."""
    walls = {1: float("inf"), 2: float("inf")}
    results = {}
    for _ in range(repeats):
        for threads in walls:
            start = time.perf_counter()
            results[threads] = engine.simulate_batch(prepared, matrix, threads=threads, power=True)
            walls[threads] = min(walls[threads], time.perf_counter() - start)
    shuffled = np.random.default_rng(3).permutation(len(matrix))
    other = engine.simulate_batch(prepared, matrix[shuffled], threads=2, power=True)
    equal = np.array_equal(results[1].counted, results[2].counted)
    equal &= np.array_equal(results[1].counted[shuffled], other.counted)
    equal &= np.array_equal(results[1].power, results[2].power)
    return walls[1] / walls[2], bool(equal)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--designs", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="+", default=["ddr3_1600", "ddr4_2400"])
    options = parser.parse_args()
    matrix = designs(options.designs)
    print(f"{options.designs} designs x {options.requests} requests, {os.cpu_count()} cores; CPU ns per request")
    print(f"{'part':12}{'trace':9}{'time':>8}{'+ energy':>10}{'bar':>6}{'reference / ours':>19}{'2 threads':>11}  bits")
    for name in options.parts:
        part = load_part(name)
        engine = Engine(part, load_mapping("row-bank-column", part))
        for kind, trace in traces(options.requests).items():
            prepared = engine.prepare(trace)
            engine.simulate_batch(prepared, matrix[:2], power=True)  # compile or load
            bare = cpu_ns(engine, prepared, matrix, options.repeats, power=False)
            full = cpu_ns(engine, prepared, matrix, options.repeats, power=True)
            gain, equal = scaling(engine, prepared, matrix[:200], options.repeats)
            bits = "equal" if equal else "DIFFERENT"
            ratio = REFERENCE_NS / full
            print(f"{name:12}{kind:9}{bare:8.1f}{full:10.1f}{BARS_NS[kind]:6}{ratio:18.0f}x{gain:10.2f}x  {bits}")


if __name__ == "__main__":
    main()
