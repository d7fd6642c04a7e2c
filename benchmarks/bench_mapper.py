"""How good the mapper is, and how fast: beside timeloop-mapper pair by pair, and ArchGym's Eyeriss space by design.

``python benchmarks/bench_mapper.py [--golden FILE] [--seeds 9] [--designs 12] [--repeats 20]``

The first table has a row for each pair of an accelerator and a layer that timeloop-mapper (random_pruned, one thread,
energy x delay) mapped in as many valid mappings as we may price: ours / listed is below 1 where our median is better,
the gap is above a bound that no mapping can beat, so that the optimum is nearer than it says. Time is CPU time, the
least over the seeds. In the last table the least of some repeats counts; two threads need an idle machine to be judged.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from dataclasses import replace
from pathlib import Path

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.eyeriss import (
    DEFAULT_POINT,
    EYERISS_CONSTRAINTS,
    PARAMETERS,
    eyeriss_architecture,
)
from archgym.simulators.accelerator.mapper.search import MapperOptions, MapResult, map_layer, map_network
from archgym.simulators.accelerator.networks.registry import load_network
from archgym.simulators.accelerator.plugin.timeloop_golden import Row, read_golden

SAMPLE = Path(__file__).parents[1] / "tests" / "golden" / "data" / "accelerator_timeloop.json.gz"
BY_MAPPER = "tl_dev_m"
FIRST_OF_2000 = "tl_dev_m015"
"""The rows before it were found in 400 valid mappings, it and those after it in 2000."""
ARCHGYM = "accelergy-0.3-archgym"


def as_built(architecture: Architecture) -> MapConstraints:
    """Each level keeps what it is built for; any factors, any orders: what timeloop-mapper was given."""
    free = MapConstraints.unconstrained(architecture).levels
    pairs = zip(free, architecture.levels, strict=True)
    return MapConstraints(tuple(replace(constraint, keep=level.keeps) for constraint, level in pairs))


def timed(row: Row, evaluations: int, seed: int) -> tuple[MapResult, float]:
    begin = time.process_time()
    options = MapperOptions(evaluations, seed, exhaustive_limit=0)
    return map_layer(row.architecture, row.layer, as_built(row.architecture), options), time.process_time() - begin


def compare(rows: list[Row], seeds: int) -> None:
    print(f"{'accelerator':12} {'layer':24} {'priced':>6} {'ours/listed':>11} {'worst':>6} {'gap':>7} {'ms':>6}")
    wins = 0
    for row in rows:
        evaluations = 2000 if row.name >= FIRST_OF_2000 else 400
        listed = row.expected["energy_pJ"] * row.expected["cycles"]
        found, seconds = zip(*(timed(row, evaluations, seed) for seed in range(seeds)), strict=True)
        ratios = sorted(result.score / listed for result in found)
        gap = statistics.median(result.gap for result in found)
        wins += statistics.median(ratios) <= 1
        print(
            f"{row.architecture.name:12} {row.layer.name:24} {found[0].evaluations:6} "
            f"{statistics.median(ratios):11.3f} {ratios[-1]:6.3f} {gap:7.1%} {min(seconds) * 1e3:6.1f}"
        )
    print(f"at least as good, in the median of {seeds} seeds: {wins} of {len(rows)}\n")


def baseline() -> None:
    """ArchGym's default point on its AlexNet, fastest first, as it maps it."""
    layers = load_network("alexnet_archgym").layers
    architecture = eyeriss_architecture(DEFAULT_POINT, ARCHGYM)
    found = map_network([architecture], layers, EYERISS_CONSTRAINTS, MapperOptions(objective="delay"))
    proven = "proven" if found.optimal.all() else "not proven"
    print(
        f"ArchGym's default point: {found.cycles.sum()} cycles ({proven}; ArchGym 7885704), "
        f"{found.energy_pj.sum() / 1e6:.0f} uJ (ArchGym 29503, Timeloop searching longer 6703)\n"
    )


def designs(n: int) -> list[Architecture]:
    """The default point and *n* - 1 drawn uniformly from those of ArchGym's space that have prices."""
    rng = random.Random(20230617)
    found = [eyeriss_architecture(DEFAULT_POINT, ARCHGYM)]
    while len(found) < n:
        try:
            found.append(eyeriss_architecture({name: rng.choice(v) for name, v in PARAMETERS.items()}, ARCHGYM))
        except DataError:
            continue  # this memory has no price
    return found


def speed(network: str, n: int, repeats: int) -> None:
    layers, architectures = load_network(network).layers, designs(n)
    found = map_network(architectures, layers, EYERISS_CONSTRAINTS)
    cpu, wall = math.inf, {1: math.inf, 2: math.inf}
    for _ in range(repeats):
        for threads in wall:
            begin_cpu, begin = time.process_time(), time.perf_counter()
            map_network(architectures, layers, EYERISS_CONSTRAINTS, threads=threads)
            wall[threads] = min(wall[threads], time.perf_counter() - begin)
            cpu = min(cpu, time.process_time() - begin_cpu)
    print(
        f"{network}, {len(layers)} layers, {n} designs: {cpu / n * 1e3:.1f} ms CPU a design; "
        f"{wall[1] / n * 1e3:.1f} ms with one thread, {wall[2] / n * 1e3:.1f} ms with two; "
        f"{found.evaluations.mean():.0f} mappings priced a layer, "
        f"{found.valid.mean():.0%} of layers have a mapping, {found.optimal.mean():.0%} are proven"
    )
    print(f"two threads: {wall[1] / wall[2]:.2f} times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, default=SAMPLE, help="Timeloop's results, .json or .json.gz")
    parser.add_argument("--seeds", type=int, default=9)
    parser.add_argument("--designs", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=20, help="of the last table; the least time counts")
    parser.add_argument("--network", default="resnet18")
    arguments = parser.parse_args()
    compare([row for row in read_golden(arguments.golden) if row.name.startswith(BY_MAPPER)], arguments.seeds)
    baseline()
    speed(arguments.network, arguments.designs, arguments.repeats)


if __name__ == "__main__":
    main()
