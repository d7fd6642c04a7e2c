"""How fast the accelerator engine is: mappings a second, valid and not, thread scaling, bit equality.

``python benchmarks/bench_accelerator.py [--mappings 20000] [--repeats 5]``

CPU time is the least over the repeats, so that other work on the machine disturbs little. The references on one core:
timeloop-mapper tries 67 valid mappings a CPU second (median; the time of invalid ones included), and timeloop-model,
a process per mapping, 7 to 11.
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.batch import TEMPORAL, MappingBatch, X
from archgym.simulators.accelerator.check import STATUS
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.layer import TENSORS, Layer

REFERENCE = 67
LAYERS = (
    Layer("alexnet conv1", N=1, C=3, M=96, P=55, Q=55, R=11, S=11, stride_p=4, stride_q=4),
    Layer("alexnet conv3", N=1, C=256, M=384, P=13, Q=13, R=3, S=3),
    Layer("resnet18 layer1", N=1, C=64, M=64, P=56, Q=56, R=3, S=3),
    Layer("mobilenet dw s2", N=1, C=96, M=1, P=56, Q=56, R=3, S=3, stride_p=2, stride_q=2, kind="depthwise"),
    Layer("bert qkv", N=1, C=768, M=768, P=128, Q=1, R=1, S=1, kind="gemm"),
)


def level(
    name: str, words: int | None, block: int, mesh: tuple[int, int], bandwidth: float | None, keeps: str
) -> Level:
    return Level(name, "SRAM", words, block, *mesh, bandwidth, bandwidth, frozenset(keeps), 2.0, 3.0, 3.0, 1e-4, 100.0)


def architectures() -> tuple[Architecture, ...]:
    """Three shapes: an Eyeriss, a plain array of three levels, and one that fans out twice."""
    dram, mesh = level("DRAM", None, 4, (1, 1), 16, "WIO"), (14, 12)
    eyeriss = (
        level("glb", 65536, 4, (1, 1), 16, "IO"), level("ifmap", 12, 1, mesh, 2, "I"),
        level("weights", 192, 1, mesh, 2, "W"), level("psum", 16, 1, mesh, 2, "O"),
    )  # fmt: skip
    plain = level("glb", 65536, 4, (1, 1), 32, "WIO"), level("rf", 64, 1, (8, 8), 4, "WIO")
    twice = (
        level("glb", 65536, 4, (1, 1), 64, "IO"), level("pe buffer", 8192, 4, (4, 4), 64, "WI"),
        level("pe sums", 128, 1, (4, 4), 64, "O"), level("lane", 4, 1, (32, 32), None, "W"),
    )  # fmt: skip
    return (
        Architecture("eyeriss", (dram, *eyeriss), Mac(*mesh, 3.0)),
        Architecture("three levels", (dram, *plain), Mac(8, 8, 3.0)),
        Architecture("two fan-outs", (dram, *twice), Mac(32, 32, 3.0)),
    )


def random_mappings(chip: Architecture, layer: Layer, n: int, seed: int) -> MappingBatch:
    """Prime factors at random places, more of them further out, and in random order; a fan-out gets what it has room
    for. Levels hold all they may."""
    rng, levels = np.random.default_rng(seed), len(chip.levels)
    factors = np.ones((n, 3, levels, 7), np.int32)
    room = np.ones((n, 3, levels), np.int64)
    for at in range(levels):
        room[:, :2, at] = chip.fan_out(at)
    room[:, TEMPORAL] = 1 << 40
    primes = [(dim, prime) for dim, size in enumerate(layer.sizes) for prime in primes_of(size)]
    rows = np.arange(n)
    for k in rng.permutation(len(primes)):
        dim, prime = primes[k]
        part = rng.integers(0, 4, n).clip(max=TEMPORAL)
        at = rng.geometric(0.45, n).clip(max=levels) - 1
        part = np.where(room[rows, part, at] < prime, TEMPORAL, part)
        factors[rows, part, at, dim] *= prime
        room[rows, part, at] //= prime
    orders = np.argsort(rng.random(factors.shape), axis=3).astype(np.uint8)
    held = [sum(1 << TENSORS.index(tensor) for tensor in at.keeps) for at in chip.levels]
    return MappingBatch(factors, orders, np.broadcast_to(np.array(held, np.uint8), (n, levels)).copy())


def primes_of(number: int) -> list[int]:
    found, factor = [], 2
    while number > 1:
        while number % factor == 0:
            found.append(factor)
            number //= factor
        factor += 1
    return found


def rate(engine: Engine, batch: MappingBatch, repeats: int) -> float:
    """Mappings per CPU second on one thread."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        engine.evaluate(batch)
        best = min(best, time.process_time() - start)
    return len(batch) / best


def scaling(engine: Engine, batch: MappingBatch, repeats: int) -> tuple[float, bool]:
    """Wall time on one thread over that on two, and whether the results are the same to the bit."""
    walls, results = {1: float("inf"), 2: float("inf")}, {}
    for _ in range(repeats):
        for threads in walls:
            start = time.perf_counter()
            results[threads] = engine.evaluate(batch, threads=threads)
            walls[threads] = min(walls[threads], time.perf_counter() - start)
    names = ("status", "cycles", "energy_pj", "component_pj")
    equal = all(np.array_equal(getattr(results[1], k), getattr(results[2], k), equal_nan=True) for k in names)
    return walls[1] / walls[2], equal


def row_of(chip: Architecture, layer: Layer, n: int, repeats: int) -> tuple[str, float]:
    """A line of the table, and the rate of valid mappings."""
    engine = Engine(chip, layer)
    drawn = random_mappings(chip, layer, 2 * n, seed=1)
    status = engine.evaluate(drawn).status
    valid, full = drawn.take(status == STATUS.index("valid")), drawn.take(status == STATUS.index("capacity"))
    wide = drawn.take(np.arange(n))
    wide.factors[:, X, -2] = 64  # no mesh has room for that
    rates = [rate(engine, batch, repeats) for batch in (valid, full, wide)]
    gain, equal = scaling(engine, valid.take(np.arange(10 * n) % len(valid)), repeats)
    cells = "".join(f"{value / 1e6:10.2f}" for value in rates)
    share = len(valid) / len(drawn)
    bits = "equal" if equal else "DIFFERENT"
    return f"{share:8.0%}{cells}{rates[0] / REFERENCE:12,.0f}x{gain:10.2f}x  {bits}", rates[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mappings", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.mappings} mappings, {os.cpu_count()} cores; millions of mappings per CPU second")
    titles = f"{'valid':>8}{'valid/s':>10}{'too big':>10}{'too wide':>10}{'/ reference':>13}{'2 threads':>11}  bits"
    print(f"{'architecture':14}{'layer':16}{titles}")
    rates = []
    for chip in architectures():
        for layer in LAYERS:
            text, valid_rate = row_of(chip, layer, options.mappings, options.repeats)
            rates.append(valid_rate)
            print(f"{chip.name:14}{layer.name:16}{text}")
    mean = np.exp(np.mean(np.log(rates)))
    print(f"valid mappings: {mean / 1e6:.2f} M/s in the geometric mean, at least {min(rates) / 1e6:.2f}")


if __name__ == "__main__":
    main()
