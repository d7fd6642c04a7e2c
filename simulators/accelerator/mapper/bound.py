"""What no mapping can beat: a roofline of cycles, and the accesses that every mapping makes.

*Cycles.* No more multipliers work than factors of the layer fit the meshes, and DRAM has to deliver every weight and
every input that is used, and take every output, once, through its ports.

*Energy.* Multiplications; those words of DRAM, each once; for each tensor the level from which multipliers get it
serves every one of them, as many at once as fan out below it (and no more than the loops that leave the tensor in place
allow), and is filled with every word once. Which level that is, is whichever makes the least.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.layer import DIMS, TENSORS, Layer
from archgym.simulators.accelerator.mapper.space import prime_factors, used_words


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the bound needs to know about a layer."""

    macs: int
    sizes: dict[str, int]
    words: dict[str, int]
    """Of each tensor that are used at all, of all groups."""
    sharers: dict[str, int]
    """Multiplications that share a word of each tensor: the product of the dimensions that leave it in place."""


@lru_cache(maxsize=4096)
def _facts(layer: Layer) -> _Facts:
    sizes = dict(zip(DIMS, layer.one_group.sizes, strict=True))
    return _Facts(
        macs=layer.macs,
        sizes=sizes,
        words={tensor: used_words(layer, tensor) * layer.groups for tensor in TENSORS},
        sharers={
            tensor: math.prod(
                size
                for dim, size in sizes.items()
                if all(dim != name for axis in layer.axes[tensor] for name, _ in axis)
            )
            for tensor in TENSORS
        },
    )


def lower_bound(
    architecture: Architecture, layer: Layer, constraints: MapConstraints | None = None
) -> tuple[float, float]:
    """``(cycles, energy_pj)`` of one occurrence of *layer*: no mapping has fewer cycles, and none takes less energy.

    Without *constraints* the levels keep what the mapping likes; with them the bound is of the mappings they allow.
    """
    facts = _facts(layer)
    cycles = max(_compute_cycles(architecture, facts, constraints), _port_cycles(architecture, facts))
    dram = architecture.levels[0]
    energy = layer.macs * architecture.mac.compute_pj
    for tensor in TENSORS:
        price = dram.update_pj if tensor == "O" else dram.read_pj
        served = [
            (level, _serving_pj(architecture, facts, tensor, level))
            for level in _servers(architecture, tensor, constraints)
        ]
        outermost = facts.words[tensor] / dram.block_words * price
        energy += min(max(pj, outermost) if level == 0 else pj + outermost for level, pj in served)
    return cycles, energy * (1 - 1e-12)  # the engine adds in another order


def _servers(architecture: Architecture, tensor: str, constraints: MapConstraints | None) -> list[int]:
    """The levels from which multipliers may get *tensor*."""
    last = 0
    possible = [0]
    for i, level in enumerate(architecture.levels[1:], start=1):
        fixed = constraints.levels[i].keep if constraints else None
        if fixed is not None and tensor in fixed:
            last = i
        if tensor in (level.keeps if fixed is None else fixed):
            possible.append(i)
    return [i for i in possible if i >= last]


def _serving_pj(architecture: Architecture, facts: _Facts, tensor: str, at: int) -> float:
    """Energy at level *at* if multipliers get *tensor* from there."""
    level = architecture.levels[at]
    instances = level.instances
    words = facts.words[tensor]
    shared = architecture.mac.instances // instances
    if tensor != "I":  # inputs can be shared further: where windows overlap, and from neighbour to neighbour
        shared = min(shared, facts.sharers[tensor])
    accesses = facts.macs / shared
    if tensor != "O":
        filling = words * level.write_pj if at > 0 else 0.0
        return (accesses * level.read_pj + filling) / level.block_words
    # The first time a word is accumulated it is not read; instances over which a reduction is split have their own.
    first = words * min(instances, facts.sharers[tensor])
    return (accesses * level.update_pj + max(0.0, accesses - first) * level.read_pj) / level.block_words


def _compute_cycles(architecture: Architecture, facts: _Facts, constraints: MapConstraints | None) -> float:
    """Steps if as many multipliers work as the layer's factors allow."""
    sizes = facts.sizes
    usable = 1
    everywhere: set[str] = set()
    for i in range(len(architecture.levels)):
        for part, fan in zip(("spatial_x", "spatial_y"), architecture.fan_out(i), strict=True):
            allowed = getattr(constraints.levels[i], part).dims if constraints else frozenset(DIMS)
            everywhere |= allowed if fan > 1 else set()
            usable *= largest_divisor(tuple(sorted(sizes[dim] for dim in allowed if sizes[dim] > 1)), fan)
    most = largest_divisor(tuple(sorted(sizes[dim] for dim in everywhere if sizes[dim] > 1)), usable)
    return facts.macs / most


def _port_cycles(architecture: Architecture, facts: _Facts) -> float:
    """Cycles that the outermost level needs to deliver and to take every word once."""
    dram, words = architecture.levels[0], facts.words
    reads = 0.0 if dram.read_bandwidth is None else (words["W"] + words["I"]) / dram.read_bandwidth
    writes = 0.0 if dram.write_bandwidth is None else words["O"] / dram.write_bandwidth
    return max(reads, writes) * (1 - 1e-12)


@lru_cache(maxsize=65536)
def largest_divisor(sizes: tuple[int, ...], most: int) -> int:
    """The largest divisor of the product of *sizes* that is at most *most*."""
    found = {1}
    exponents: dict[int, int] = {}
    for size in sizes:
        for prime, exponent in prime_factors(size).items():
            exponents[prime] = exponents.get(prime, 0) + exponent
    for prime, exponent in exponents.items():
        found = {f * prime**e for f in found for e in range(exponent + 1) if f * prime**e <= most}
    return max(found)
