"""How fast MAESTRO's model is: mappings per second of the kernel, thread scaling, and of the readable model.

``python benchmarks/bench_maestro.py [--mappings 40000] [--repeats 3]``

CPU time is the least over the repeats for each chunk of mappings, so that other work on the machine disturbs little.
The reference, MAESTRO in one process, does about 370 layers a CPU second; one process for each mapping, 90.
"""

from __future__ import annotations

import argparse
import os
import random
import time

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.maestro.batch import BatchEngine
from archgym.simulators.accelerator.maestro.genes import DIMS, gene_limits, mapping_from_genes
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer
from archgym.simulators.accelerator.maestro.model import evaluate
from archgym.simulators.accelerator.maestro.physics import Physics

REFERENCE_PER_SECOND = 370
BAR = 100_000
CHUNK = 2000
LAYERS = (
    MaestroLayer("resnet18 layer 2", K=64, C=64, Y=56, X=56, R=3, S=3),  # ArchGym's default
    MaestroLayer("resnet50 stride 2", K=128, C=128, Y=58, X=58, R=3, S=3, stride_y=2, stride_x=2),
    MaestroLayer("mobilenet depthwise", Kind.DSCONV, C=384, Y=16, X=16, R=3, S=3),
    MaestroLayer("bert gemm", Kind.GEMM, M=512, K=768, N=3072),
)
HARDWARE = {"unlimited": Hardware(1024, 2**30, 2**30), "edge": Hardware(168, 64, 32)}


def mappings(layer: MaestroLayer, pes: int, n: int) -> NDArray[np.int64]:
    """*n* random mappings with the kernel held whole, inner tiles within the outer ones."""
    rng = random.Random(7)
    limits = gene_limits(layer).tolist()
    parallel = range(1 if layer.kind is Kind.DSCONV else 0, 4)

    def tiles(most: list[int]) -> list[int]:
        return [m if dim in "RS" else rng.randint(1, m) for m, dim in zip(most, DIMS, strict=True)]

    rows = []
    for _ in range(n):
        outer = tiles(limits)
        inner = [*rng.sample(range(6), 6), *tiles(outer), rng.choice(parallel)]
        rows.append([*rng.sample(range(6), 6), *outer, rng.choice(parallel), rng.randint(1, pes), *inner])
    return np.array(rows, np.int64)


def cpu_seconds(engine: BatchEngine, genes: NDArray[np.int64], repeats: int) -> float:
    total = 0.0
    for at in range(0, len(genes), CHUNK):
        best = float("inf")
        for _ in range(repeats):
            start = time.process_time()
            engine.price(genes[at : at + CHUNK])
            best = min(best, time.process_time() - start)
        total += best
    return total


def scaling(engine: BatchEngine, genes: NDArray[np.int64], repeats: int) -> tuple[float, bool]:
    """Wall time on one thread over that on two, and whether the results are the same to the bit."""
    walls = {1: float("inf"), 2: float("inf")}
    results = {}
    for _ in range(repeats):
        for threads in walls:
            start = time.perf_counter()
            results[threads] = engine.price(genes, threads=threads)
            walls[threads] = min(walls[threads], time.perf_counter() - start)
    equal = np.array_equal(results[1].counters, results[2].counters)
    return walls[1] / walls[2], bool(equal and np.array_equal(results[1].energy_nj, results[2].energy_nj))


def model_per_second(engine: BatchEngine, genes: NDArray[np.int64]) -> float:
    start = time.process_time()
    for row in genes[:100]:
        evaluate(engine.layer, mapping_from_genes(engine.layer, row), engine.hardware, engine.physics)
    return 100 / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mappings", type=int, default=40_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{options.mappings} mappings, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; per CPU second")
    print(f"{'layer':22}{'hardware':11}{'physics':11}{'kernel':>9}{'bar':>9}{'model':>7}{'gain':>11}{'2 threads':>11}")
    for layer in LAYERS:
        for name, hardware in HARDWARE.items():
            genes = mappings(layer, hardware.pes, options.mappings)
            for physics_name, physics in (("reference", Physics.reference()), ("corrected", Physics.corrected())):
                engine = BatchEngine(layer, hardware, physics)
                engine.price(genes[:2])  # compile or load
                rate = len(genes) / cpu_seconds(engine, genes, options.repeats)
                gain, equal = scaling(engine, genes, options.repeats)
                print(
                    f"{layer.name:22}{name:11}{physics_name:11}{rate:9.0f}{BAR:9}{model_per_second(engine, genes):7.0f}"
                    f"{rate / REFERENCE_PER_SECOND:10.0f}x{gain:10.2f}x  {'equal' if equal else 'DIFFERENT'}"
                )


if __name__ == "__main__":
    main()
