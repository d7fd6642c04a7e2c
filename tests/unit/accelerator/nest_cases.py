"""Seeded random layers, accelerators and mappings: small, and made so that windows slide and neighbours can forward."""

from __future__ import annotations

import random

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.layer import DIMS, TENSORS, Layer
from archgym.simulators.accelerator.mapping import LevelMapping, Loops, Mapping


def some_layer(rng: random.Random) -> Layer:
    kind = rng.choice(["conv", "conv", "conv", "depthwise", "gemm"])
    sizes = {dim: rng.choice([1, 1, 2, 3, 4, 6, 8]) for dim in "NCM"}
    sizes |= {dim: rng.choice([1, 2, 3, 4, 6, 8, 12]) for dim in "PQ"}
    sizes |= {dim: rng.choice([1, 2, 3, 4, 6]) for dim in "RS"}
    if kind == "depthwise":
        sizes["M"] = 1
    if kind == "gemm":
        return Layer("random", sizes["N"], sizes["C"], sizes["M"], sizes["P"], 1, 1, 1, kind=kind)
    stride = rng.choice([1, 1, 2, 3])
    return Layer(
        "random", **sizes, stride_p=stride, stride_q=rng.choice([stride, 1]), dilation_p=rng.choice([1, 1, 2]),
        dilation_q=rng.choice([1, 1, 3]), kind=kind,
    )  # fmt: skip


def some_window(rng: random.Random) -> Layer:
    """Hardly any channels: what is left are the two axes of the inputs."""
    sizes = {"N": 1, "C": rng.choice([1, 2]), "M": rng.choice([1, 2]), "P": rng.choice([4, 6, 8, 12])}
    sizes |= {"Q": rng.choice([1, 2, 4]), "R": rng.choice([2, 3, 4, 6]), "S": rng.choice([1, 2, 3])}
    stride, dilation = rng.choice([1, 1, 2, 3]), rng.choice([1, 1, 2])
    return Layer("window", **sizes, stride_p=stride, stride_q=stride, dilation_p=dilation, dilation_q=dilation)


def some_mapping(rng: random.Random, layer: Layer, n_levels: int, most_loops: int = 14) -> Mapping:
    """Every prime factor at a random place; loops in random order; a random keep (the outermost keeps all)."""
    while True:
        factors: list[list[dict[str, int]]] = [[{}, {}, {}] for _ in range(n_levels)]
        for dim, size in zip(DIMS, layer.one_group.sizes, strict=True):
            for prime in primes(size):
                place = factors[rng.randrange(n_levels)][rng.choice([0, 0, 0, 1, 2])]
                place[dim] = place.get(dim, 1) * prime
        if sum(len(parts[0]) for parts in factors) <= most_loops:
            break
    keeps = [frozenset(t for t in TENSORS if rng.random() < 0.7) for _ in range(n_levels - 1)]
    levels = []
    for keep, parts in zip([frozenset(TENSORS), *keeps], factors, strict=True):
        levels.append(LevelMapping(keep, *(in_some_order(rng, part) for part in parts)))
    return Mapping(tuple(levels))


def fitting_architecture(rng: random.Random, mapping: Mapping) -> Architecture:
    """One on which the mapping fits: meshes at least as large as it needs, buffers without limit, narrow ports."""
    levels = []
    x = y = 1
    for number, mapped in enumerate(mapping.levels):
        levels.append(
            Level(
                name=f"level {number}",
                kind="SRAM",
                capacity_words=None,
                block_words=rng.choice([1, 2, 3, 4, 8]),
                mesh_x=x,
                mesh_y=y,
                read_bandwidth=rng.choice([None, 0.5, 1, 2, 3, 16]),
                write_bandwidth=rng.choice([None, 0.5, 1, 2, 3, 16]),
                keeps=frozenset(TENSORS),
                read_pj=rng.random() * 10,
                write_pj=rng.random() * 10,
                update_pj=rng.random() * 10,
                leak_pj=rng.random() * 0.01,
                area_um2=rng.random() * 1000,
            )
        )
        for _, bound in mapped.spatial_x:
            x *= bound
        for _, bound in mapped.spatial_y:
            y *= bound
        x *= rng.choice([1, 1, 1, 2, 3])  # columns that stay idle
        y *= rng.choice([1, 1, 2])
    return Architecture("random", tuple(levels), Mac(x, y, rng.random()))


def primes(number: int) -> list[int]:
    """Prime factors, each as often as it occurs."""
    found, factor = [], 2
    while number > 1:
        while number % factor == 0:
            found.append(factor)
            number //= factor
        factor += 1
    return found


def in_some_order(rng: random.Random, factors: dict[str, int]) -> Loops:
    loops = list(factors.items())
    rng.shuffle(loops)
    return tuple(loops)
