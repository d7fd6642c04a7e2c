"""How fast the SoC engine is: us per design for each workload, thread scaling, bit equality, start from the cache.

``python benchmarks/bench_soc.py [--designs 2000] [--repeats 5]``

Designs have one to four buses, up to six memories and an element for any number of tasks. CPU time is the least over
the repeats for each chunk of designs, so that other work on the machine disturbs little. The reference, FARSI, takes
0.4 to 2.2 s for a design in its own search.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import numpy as np

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import BatchResult, SocBatch
from archgym.simulators.soc.engine import Engine
from archgym.simulators.soc.library_file import load_library
from archgym.simulators.soc.registry import load_application
from archgym.simulators.soc.tables import ANY_TASK, Tables

CHUNK = 200
BARS_US = {"audio_decoder": 50, "edge_detection": 50, "hpvm_cava": 50, "all": 150}
START = """
from bench_soc import *
application = load_application("audio_decoder")
engine = Engine(application, Tables.of(application, load_library("default")))
batch = designs(application, engine.tables, 1)
start = time.perf_counter()
engine.simulate_batch(batch)
print(time.perf_counter() - start)
"""


def designs(application: Application, tables: Tables, n: int) -> SocBatch:
    """*n* random designs: a tree of buses, processors, and an accelerator for none, some or all of the tasks."""
    rng = np.random.default_rng(7)
    tasks, buses, mems, cores = len(application.tasks), 4, 6, 4
    pe_type = np.full((n, cores + tasks), -1, np.int32)
    mem_type = np.full((n, mems), -1, np.int32)
    bus_type = np.full((n, buses), -1, np.int32)
    links = np.full((n, buses - 1, 2), -1, np.int32)
    task_pe = np.zeros((n, tasks), np.int32)
    edge_mem = np.zeros((n, len(application.edges)), np.int32)
    pe_bus, mem_bus = np.zeros_like(pe_type), np.zeros_like(mem_type)
    processors = np.flatnonzero(tables.pe_task == ANY_TASK)
    variants = [np.flatnonzero(tables.pe_task == t) for t in range(tasks)]
    for i in range(n):
        hardware, b, m, p = rng.choice([0.0, 0.5, 1.0]), rng.integers(1, 5), rng.integers(1, 7), rng.integers(1, 5)
        bus_type[i, :b] = rng.integers(len(tables.bus_names), size=b)
        mem_type[i, :m] = rng.integers(len(tables.mem_names), size=m)
        pe_type[i, :p] = rng.choice(processors, p)
        for k in range(1, b):
            links[i, k - 1] = k, rng.integers(k)
        task_pe[i] = rng.integers(p, size=tasks)
        edge_mem[i] = rng.integers(m, size=edge_mem.shape[1])
        pe_bus[i], mem_bus[i] = rng.integers(b, size=cores + tasks), rng.integers(b, size=mems)
        for t in range(tasks):
            if variants[t].size and rng.random() < hardware:
                pe_type[i, cores + t] = rng.choice(variants[t])
                task_pe[i, t] = cores + t
    return SocBatch(pe_type, pe_bus, mem_type, mem_bus, bus_type, links, task_pe, edge_mem)


def rows(batch: SocBatch, which: slice) -> SocBatch:
    return SocBatch(*(getattr(batch, field.name)[which] for field in fields(batch)))


def cpu_us(engine: Engine, batch: SocBatch, repeats: int) -> float:
    """CPU time per design on one thread."""
    total = 0.0
    for at in range(0, len(batch), CHUNK):
        part, best = rows(batch, slice(at, at + CHUNK)), float("inf")
        for _ in range(repeats):
            start = time.process_time()
            engine.simulate_batch(part)
            best = min(best, time.process_time() - start)
        total += best
    return total * 1e6 / len(batch)


def scaling(engine: Engine, batch: SocBatch, repeats: int) -> tuple[float, bool]:
    """Wall time on one thread over that on two, and whether the results are the same to the bit."""
    walls, results = {1: float("inf"), 2: float("inf")}, {}
    for _ in range(repeats):
        for threads in walls:
            start = time.perf_counter()
            results[threads] = engine.simulate_batch(batch, threads=threads)
            walls[threads] = min(walls[threads], time.perf_counter() - start)
    return walls[1] / walls[2], bits(results[1]) == bits(results[2])


def bits(result: BatchResult) -> list[bytes]:
    return [getattr(result, field.name).tobytes() for field in fields(result) if field.name != "application"]


def starts() -> tuple[float, float]:
    """Seconds of a process's first call: compiled, then loaded from the cache."""
    with tempfile.TemporaryDirectory() as folder:
        here = str(Path(__file__).resolve().parent)
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder, "PYTHONPATH": here}
        first, second = (
            float(subprocess.check_output([sys.executable, "-c", START], env=environment, text=True)) for _ in range(2)
        )
    return first, second


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--designs", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.designs} designs, {os.cpu_count()} cores; CPU us per design")
    print(f"{'workload':16}{'tasks':>6}{'edges':>6}{'us':>8}{'bar':>6}{'2 threads':>11}  bits")
    library = load_library("default")
    for name, bar in BARS_US.items():
        application = load_application(name)
        tables = Tables.of(application, library)
        engine, batch = Engine(application, tables), designs(application, tables, options.designs)
        if engine.simulate_batch(batch).status.any():
            raise RuntimeError("a random design is not valid: mend `designs`")
        cpu = cpu_us(engine, batch, options.repeats)
        gain, equal = scaling(engine, batch, options.repeats)
        sizes = f"{len(application.tasks):6}{len(application.edges):6}"
        print(f"{name:16}{sizes}{cpu:8.1f}{bar:6}{gain:10.2f}x  {'equal' if equal else 'DIFFERENT'}")
    first, second = starts()
    print(f"first call of a process: {first:.1f} s compiling, {second:.2f} s from the cache")


if __name__ == "__main__":
    main()
