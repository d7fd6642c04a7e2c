"""All generators by name: a new one is a function and a line here."""

from __future__ import annotations

from archgym.simulators.dram.workloads.generators.archgym_shapes import (
    archgym_cloud_1,
    archgym_cloud_2,
    archgym_random,
    archgym_stream,
)
from archgym.simulators.dram.workloads.generators.generator import Generator
from archgym.simulators.dram.workloads.generators.mixed import mixed
from archgym.simulators.dram.workloads.generators.patterns import (
    bursty,
    pointer_chase,
    random,
    stream,
    strided,
    zipf,
)
from archgym.simulators.dram.workloads.generators.programs import gemm, graph_walk, ml_mix

GENERATORS: dict[str, Generator] = {
    entry.name: entry
    for entry in (
        stream,
        random,
        strided,
        pointer_chase,
        zipf,
        bursty,
        gemm,
        graph_walk,
        ml_mix,
        mixed,
        archgym_stream,
        archgym_random,
        archgym_cloud_1,
        archgym_cloud_2,
    )
}
