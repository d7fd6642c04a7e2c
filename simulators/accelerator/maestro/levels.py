"""Completes a dataflow: every level gets a directive for every dimension, in input coordinates, with the stride in it.

Level 0 is the outermost. A level's *static* extents are what it is handed at most: the layer's at level 0, below that
the tile of the level above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from archgym.simulators.accelerator.maestro.dataflow import OUTPUT_OF, Dataflow, Map
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer
from archgym.simulators.accelerator.maestro.physics import Defect, Physics, Revision
from archgym.simulators.accelerator.maestro.unmappable import Unmappable

MAX_LEVELS = 4


@dataclass(frozen=True, slots=True)
class Level:
    """A level of the array: *units* units that share the directives."""

    maps: tuple[Map, ...]
    """One per dimension, outermost loop first; offsets and sizes in input coordinates."""
    units: int
    extents: Mapping[str, int]
    """Static extent per dimension."""
    main: int
    """Index of the first spatial map, which decides how many units are active."""


def complete(layer: MaestroLayer, dataflow: Dataflow, pes: int, physics: Physics) -> tuple[Level, ...]:
    """The levels, outermost first; Unmappable where MAESTRO has no result either."""
    if len(dataflow.levels) > MAX_LEVELS:
        raise Unmappable(f"{len(dataflow.levels)} levels: at most {MAX_LEVELS}")
    needed = prod(dataflow.clusters)
    if pes < needed:
        raise Unmappable(f"level 0: clusters take {needed} PEs, {needed - pes} more than the {pes} there are")
    levels: list[Level] = []
    extents = level_zero_extents(layer, physics)
    for i, own in enumerate(dataflow.levels):
        _check_dimensions(layer, own, i, len(dataflow.levels))
        above = levels[-1].maps if levels else ()
        maps = _complete_level(layer, own, above, extents, i, physics)
        if levels:
            extents = {m.dim: min(m.size, extents[m.dim]) for m in above if m.dim in extents}
        _check_kernel(layer, maps, i, physics)
        units = dataflow.clusters[i - 1] if i else pes // needed
        levels.append(Level(maps, units, extents, _main_spatial(maps, i)))
    return tuple(levels)


def level_zero_extents(layer: MaestroLayer, physics: Physics) -> Mapping[str, int]:
    """The layer's; with the stride corrected, only those input rows and columns that some output touches."""
    extents = dict(layer.extents)
    if not physics.has(Defect.STRIDE):
        for dim, kernel_dim in layer.slides.items():
            stride, kernel = layer.stride(dim), layer.extents[kernel_dim]
            outputs = layer.outputs(dim)
            extents[dim] = (outputs - 1) * stride + kernel if kernel >= stride else outputs * kernel
    return extents


def _complete_level(
    layer: MaestroLayer,
    own: tuple[Map, ...],
    above: tuple[Map, ...],
    extents: Mapping[str, int],
    index: int,
    physics: Physics,
) -> tuple[Map, ...]:
    maps = _in_input_coordinates(layer, own, index)
    listed = {m.dim for m in maps}
    # Each goes to the front, hence the last of the level above ends up outermost.
    inherited = [Map(m.dim, m.size, m.offset) for m in reversed(above) if m.dim not in listed]
    listed.update(m.dim for m in inherited)
    needed = {dim for tensor in ("I", "W") for dim in layer.dims(tensor)}
    filled = [Map(dim, extents[dim], extents[dim]) for dim in sorted(needed - listed)]
    if physics.has(Defect.STRIDE):
        return tuple(_with_stride(layer, m, index, physics) for m in (*inherited, *maps, *filled))
    # The stride is already in what is inherited, and in the extents that are filled in.
    return (*inherited, *(_with_stride(layer, m, index, physics) for m in maps), *filled)


def _in_input_coordinates(layer: MaestroLayer, own: tuple[Map, ...], index: int) -> tuple[Map, ...]:
    """``Map(m,o) X'`` becomes ``Map(m+s-1,o) X``, with the s of this level's own S."""
    sizes = {m.dim: m.size for m in own}
    maps = []
    for m in own:
        if m.dim in OUTPUT_OF:
            dim = OUTPUT_OF[m.dim]
            kernel_dim = layer.slides[dim]
            if kernel_dim not in sizes:
                raise Unmappable(f"level {index}: a directive on {m.dim} needs one on {kernel_dim} at the same level")
            m = Map(dim, m.size + sizes[kernel_dim] - 1, m.offset, m.spatial)
        maps.append(m)
    return tuple(maps)


def _with_stride(layer: MaestroLayer, m: Map, index: int, physics: Physics) -> Map:
    """A tile of w outputs is (w-1) t + k input rows long, or w k where the kernel is smaller than the stride."""
    stride = layer.stride(m.dim)
    if stride == 1:
        return m
    kernel = layer.extents[layer.slides[m.dim]]
    if m.size < kernel:
        return m
    outputs = (m.size + stride - kernel) // stride
    # Rows that no output touches are not counted; corrected, they are not there at any level.
    packed = kernel < stride and (index > 0 or not physics.has(Defect.STRIDE))
    size = outputs * min(stride, kernel) + max(kernel - stride, 0)
    return Map(m.dim, size, outputs * (kernel if packed else stride), m.spatial)


def _check_dimensions(layer: MaestroLayer, own: tuple[Map, ...], index: int, levels: int) -> None:
    dims = [OUTPUT_OF.get(m.dim, m.dim) for m in own]
    for dim in dims:
        if dim not in layer.extents:
            raise Unmappable(f"level {index}: a {layer.kind} layer has no dimension {dim}")
        if dims.count(dim) > 1:
            raise Unmappable(f"level {index}: {dims.count(dim)} directives on {dim}: give one")
        if dim == "K" and layer.kind is Kind.DSCONV and levels > 1:
            raise Unmappable(f"level {index}: a directive on K, which a DSCONV layer does not have: leave it out")


def _check_kernel(layer: MaestroLayer, maps: tuple[Map, ...], index: int, physics: Physics) -> None:
    if physics.revision is Revision.ARCHGYM:
        return
    for m in maps:
        whole = layer.extents.get(m.dim)
        if m.dim in layer.slides.values() and not m.spatial and not m.size == m.offset == whole:
            raise Unmappable(
                f"level {index}: TemporalMap({m.size},{m.offset}) {m.dim}: size and offset must be the kernel's {whole}"
            )


def _main_spatial(maps: tuple[Map, ...], index: int) -> int:
    spatial = [j for j, m in enumerate(maps) if m.spatial]
    if not 1 <= len(spatial) <= 2:
        raise Unmappable(f"level {index}: {len(spatial)} SpatialMaps: expected one or two")
    return spatial[0]
