"""Layers, mappings and hardware for the tests of MAESTRO's model; all random ones follow from a seed."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

from archgym.simulators.accelerator.maestro.genes import DIMS, PARALLEL, gene_limits
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer

GOLDEN = Path(__file__).parents[2] / "golden" / "data" / "accelerator_maestro.json.gz"

WORKED_LAYER = MaestroLayer("worked", K=4, C=3, Y=8, X=3, R=3, S=3)
WORKED_DATAFLOW = """
    SpatialMap(1,1) K; TemporalMap(2,2) C; TemporalMap(3,3) R; TemporalMap(3,3) S
    TemporalMap(3,1) Y; TemporalMap(3,1) X
    Cluster(2,P)
    SpatialMap(1,1) C; TemporalMap(3,1) Y; TemporalMap(3,1) X; TemporalMap(3,3) R; TemporalMap(3,3) S
"""
WORKED_HARDWARE = Hardware(pes=6, noc_bandwidth=4, offchip_bandwidth=8)


def golden_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(gzip.decompress(GOLDEN.read_bytes()))
    return rows


def random_layer(rng: random.Random, largest: int) -> MaestroLayer:
    """Kernels up to 3, strides up to 3, also larger than the kernel."""
    r, s = rng.randint(1, 3), rng.randint(1, 3)
    stride_y, stride_x = rng.choice([(1, 1), (1, 1), (2, 2), (1, 2), (3, 1)])
    return MaestroLayer(
        "random",
        rng.choice([Kind.CONV, Kind.CONV, Kind.DSCONV]),
        K=rng.randint(1, largest),
        C=rng.randint(1, largest),
        Y=rng.randint(r, largest + 4),
        X=rng.randint(s, largest + 4),
        R=r,
        S=s,
        stride_y=stride_y,
        stride_x=stride_x,
    )


def random_hardware(rng: random.Random, pes: int) -> Hardware:
    return Hardware(
        pes,
        rng.choice([1, 2, 4, 100]),
        rng.choice([1, 3, 100]),
        noc_hops=rng.choice([0, 1, 3]),
        simd_lanes=rng.choice([1, 1, 2, 3]),
    )


def random_genes(rng: random.Random, layer: MaestroLayer, pes: int, *, tiled_kernel: bool = False) -> list[int]:
    """A mapping that keeps within every limit."""

    def tiles(limits: list[int]) -> list[int]:
        fixed = [dim in "RS" and not tiled_kernel for dim in DIMS]
        return [limit if keep else rng.randint(1, limit) for limit, keep in zip(limits, fixed, strict=True)]

    outer = tiles(gene_limits(layer).tolist())
    parallel = range(1 if layer.kind is Kind.DSCONV else 0, len(PARALLEL))
    outer_level = [*rng.sample(range(6), 6), *outer, rng.choice(parallel)]
    return [*outer_level, rng.randint(1, pes), *rng.sample(range(6), 6), *tiles(outer), rng.choice(parallel)]
