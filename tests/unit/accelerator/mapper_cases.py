"""Small accelerators, and every mapping of a layer on one, written down without any pruning."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.constraints import MapConstraints, SlotConstraint
from archgym.simulators.accelerator.layer import DIMS, Layer
from archgym.simulators.accelerator.mapping import LevelMapping, Loops, Mapping


def two_levels(
    buffer_words: int = 16, mesh: tuple[int, int] = (2, 1), bandwidth: float | None = None, keeps: str = "WIO"
) -> Architecture:
    """DRAM, one buffer, and *mesh* multipliers under it."""
    return Architecture(
        "two levels",
        (
            Level("DRAM", "DRAM", None, 4, 1, 1, bandwidth, bandwidth, frozenset("WIO"), 512.0, 512.0, 512.0),
            Level("buffer", "SRAM", buffer_words, 2, 1, 1, 2.0, 2.0, frozenset(keeps), 3.0, 4.0, 5.0, 0.01),
        ),
        Mac(*mesh, 1.5),
    )


def three_levels(buffer_words: int = 24, register_words: int = 6, mesh: tuple[int, int] = (2, 2)) -> Architecture:
    """DRAM, one buffer, and *mesh* multipliers with registers."""
    return Architecture(
        "three levels",
        (
            Level("DRAM", "DRAM", None, 4, 1, 1, 4.0, 4.0, frozenset("WIO"), 512.0, 512.0, 512.0),
            Level("buffer", "SRAM", buffer_words, 4, 1, 1, 8.0, 8.0, frozenset("WIO"), 6.0, 7.0, 7.0, 0.01),
            Level("registers", "regfile", register_words, 1, *mesh, 2.0, 2.0, frozenset("WIO"), 0.2, 0.3, 0.3, 0.001),
        ),
        Mac(*mesh, 1.5),
    )


def every_mapping(architecture: Architecture, layer: Layer, constraints: MapConstraints) -> Iterator[Mapping]:
    """All mappings that *constraints* allow, those that do not fit among them, each once."""
    slots = [
        (level, part, getattr(constraint, part))
        for level, constraint in enumerate(constraints.levels)
        for part in ("temporal", "spatial_x", "spatial_y")
    ]
    ways = []
    for dim, size in zip(DIMS, layer.one_group.sizes, strict=True):
        own = [number for number, (_, _, slot) in enumerate(slots) if dim in slot.dims]
        ways.append([dict(zip(own, split, strict=True)) for split in ordered_splits(size, len(own))])
    keeps = [
        [constraint.keep] if constraint.keep is not None else list(subsets(level.keeps))
        for level, constraint in zip(architecture.levels[1:], constraints.levels[1:], strict=True)
    ]
    for chosen in itertools.product(*ways):
        loops = []
        for number, (_, _, slot) in enumerate(slots):
            bounds = {dim: way[number] for dim, way in zip(DIMS, chosen, strict=True) if way.get(number, 1) > 1}
            loops.append(list(orders(bounds, slot)))
        for ordered in itertools.product(*loops):
            for kept in itertools.product(*keeps):
                by_level = [ordered[k : k + 3] for k in range(0, len(ordered), 3)]
                levels = zip([frozenset("WIO"), *kept], by_level, strict=True)
                yield Mapping(tuple(LevelMapping(keep, *loops) for keep, loops in levels))


def ordered_splits(size: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Every way to write *size* as a product of *parts* factors in order."""
    if parts == 0:
        if size == 1:
            yield ()
        return
    for first in range(1, size + 1):
        if size % first == 0:
            for rest in ordered_splits(size // first, parts - 1):
                yield (first, *rest)


def orders(bounds: dict[str, int], slot: SlotConstraint) -> Iterator[Loops]:
    """The orders of a slot's loops above 1."""
    if slot.order is not None:
        yield tuple((dim, bounds[dim]) for dim in slot.order if dim in bounds)
    else:
        yield from itertools.permutations(bounds.items())


def subsets(tensors: frozenset[str]) -> Iterator[frozenset[str]]:
    for number in range(len(tensors) + 1):
        yield from map(frozenset, itertools.combinations(sorted(tensors), number))
