"""Per level and dimension: how large a tile is and what is new in it, in the middle and at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archgym.simulators.accelerator.maestro.dataflow import Map
from archgym.simulators.accelerator.maestro.layer import MaestroLayer
from archgym.simulators.accelerator.maestro.levels import Level
from archgym.simulators.accelerator.maestro.physics import Defect, Physics
from archgym.simulators.accelerator.maestro.truncated import quotient


@dataclass(frozen=True, slots=True)
class Entry:
    """Elements of one dimension that one unit holds (tile) and that are new to it (new)."""

    tile: int
    new: int
    edge_tile: int
    edge_new: int


@dataclass(frozen=True, slots=True)
class Table:
    """The entries of a level per dimension."""

    inputs: Mapping[str, Entry]
    outputs: Mapping[str, Entry]
    """The same, save that Y and X are output rows and columns."""
    active: int
    """Units active in the last round of the main spatial map."""


def make_table(level: Level, extents: Mapping[str, int], layer: MaestroLayer, physics: Physics) -> Table:
    """The table of *level* for these extents; as MAESTRO has it, they are the level's static ones."""
    inputs = {m.dim: _entry(m, extents[m.dim], physics) for m in level.maps}
    outputs = dict(inputs)
    for dim, kernel_dim in layer.slides.items():
        m = next(m for m in level.maps if m.dim == dim)
        outputs[dim] = _output_entry(inputs[dim], inputs[kernel_dim], m.offset, _packing(layer, dim, physics))
    main = level.maps[level.main]
    return Table(inputs, outputs, active_units(main, extents[main.dim], level.units, physics))


def active_units(m: Map, extent: int, units: int, physics: Physics) -> int:
    """Units of the spatial map *m* that have work in its last round."""
    if extent <= m.size:
        return 1
    if extent <= reach(m, units):
        rest, count_partial = extent, True
    else:
        rounds = (quotient(extent - m.size, m.offset) + 1) // units - 1
        rest, count_partial = extent - (rounds + 1) * m.offset * units, not physics.has(Defect.FRACTIONAL_UNIT)
    if rest < m.size:
        return 1
    active = quotient(rest - m.size, m.offset) + 1
    return active + int(count_partial and (active - 1) * m.offset + m.size < rest)


def reach(m: Map, units: int) -> int:
    """Elements that all units together work on in one round."""
    return m.offset * (units - 1) + m.size


def _entry(m: Map, extent: int, physics: Physics) -> Entry:
    steps = max(0, quotient(extent - m.size, m.offset))
    partial = steps * m.offset + m.size < extent or m.size > extent
    rest = extent - (steps + 1) * m.offset
    if rest < 0 or (m.size > extent and not physics.has(Defect.STATIC_TABLES)):
        rest = extent
    size = m.size if physics.has(Defect.STATIC_TABLES) else min(m.size, extent)
    new = 0 if not m.spatial and extent <= m.size else min(size, m.offset)
    new_at_edge = max(m.offset - (m.size - rest), 0)
    whole = not partial and not physics.has(Defect.LAST_UNIT)
    return Entry(size, new, rest if partial else size, min(size, m.offset) if whole else new_at_edge)


def _packing(layer: MaestroLayer, dim: str, physics: Physics) -> tuple[int, int]:
    """(input rows per output, packed kernel or 0): 1, 0 where the stride is not to enter."""
    stride, kernel = layer.stride(dim), layer.extents[layer.slides[dim]]
    if physics.has(Defect.STRIDE) or stride == 1:
        return 1, 0
    return (stride, 0) if kernel >= stride else (kernel, kernel)


def _output_entry(entry: Entry, kernel: Entry, offset: int, packing: tuple[int, int]) -> Entry:
    """Rows of outputs that rows of inputs make: (T - k) / t + 1; none from fewer rows than the kernel has."""
    step, packed = packing
    if packed:
        edge = entry.edge_tile // packed
        return Entry(entry.tile // packed, entry.new // packed, edge, min(offset // packed, edge))
    if step == 1:
        edge = entry.edge_tile - kernel.edge_tile + 1
        return Entry(entry.tile - kernel.tile + 1, min(entry.tile, offset), edge, min(offset, edge))
    edge = (entry.edge_tile - kernel.edge_tile) // step + 1
    return Entry(
        (entry.tile - kernel.tile) // step + 1, max(offset // step, 1), edge, min(max(offset // step, 1), edge)
    )
