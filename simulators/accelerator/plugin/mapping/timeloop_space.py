"""The space ``timeloop``: the mappings of one layer on one accelerator, a factor, an order and a choice at a time.

Of every dimension of the layer each slot takes a factor; together they multiply to its size. The order of a level's
loops is one choice among those that can differ: R and S go together, for they are small and slide alike, and N stays
outermost. Meshes are never asked for too much, and no factor is offered that alone would overflow a buffer; a tile
that does not fit all the same is infeasible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.architecture import Level
from archgym.simulators.accelerator.batch import PARTS, TEMPORAL, MappingBatch, X, Y
from archgym.simulators.accelerator.constraints import LevelConstraint, SlotConstraint
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import DIMS, TENSORS, Layer
from archgym.simulators.accelerator.plugin.mapping.architecture_file import Target
from archgym.simulators.accelerator.plugin.mapping.product_at_most import ProductAtMost
from archgym.space import Categorical, Constraint, DesignBatch, DesignSpace, Ordinal, Parameter, ProductEquals

_GROUPS: Final = (("N",), ("M",), ("C",), ("R", "S"), ("P",), ("Q",))
"""Loops that an order moves as one; N is always the outermost."""
_LETTERS: Final = {X: "x_", Y: "y_", TEMPORAL: ""}
_NOTHING: Final = "none"


@dataclass(frozen=True, slots=True)
class MapSpace:
    """A design space, and how its designs are read as mappings."""

    space: DesignSpace
    factors: dict[str, tuple[int, int, int]]
    """Parameter -> part, level, dimension."""
    orders: dict[str, tuple[int, NDArray[np.uint8]]]
    """Parameter -> level, and ``(values, 7)`` orders of temporal loops."""
    keeps: dict[str, tuple[int, NDArray[np.uint8]]]
    """Parameter -> level, and ``(values,)`` bits as in `MappingBatch.keep`."""
    fixed: MappingBatch = field(repr=False)
    """One row: what no parameter says."""

    def batch(self, designs: DesignBatch) -> MappingBatch:
        """All designs as mappings, in their order."""
        n = len(designs)
        rows = np.zeros(n, np.intp)
        made = self.fixed.take(rows)
        for at, name in enumerate(self.space.names):
            codes = designs.codes[:, at].astype(np.intp)
            if name in self.factors:
                part, level, dim = self.factors[name]
                made.factors[:, part, level, dim] = np.array(self.space.values[at], np.int32)[codes]
            elif name in self.orders:
                level, table = self.orders[name]
                made.orders[:, TEMPORAL, level] = table[codes]
            else:
                level, bits = self.keeps[name]
                made.keep[:, level] = bits[codes]
        return made


def map_space(target: Target, layer: Layer) -> MapSpace:
    """The space of *layer* (of one group of it); `DataError` where the constraints leave a dimension no place."""
    return _Builder(target, layer.one_group).made()


class _Builder:
    def __init__(self, target: Target, layer: Layer) -> None:
        self._architecture, self._layer = target.architecture, layer
        self._levels = target.constraints.levels
        self._sizes = dict(zip(DIMS, layer.sizes, strict=True))
        n = len(self._levels)
        self._fixed = MappingBatch(
            np.ones((1, 3, n, 7), np.int32),
            np.tile(np.arange(7, dtype=np.uint8), (1, 3, n, 1)),
            np.zeros((1, n), np.uint8),
        )
        self._factors: dict[str, tuple[int, int, int]] = {}
        self._orders: dict[str, tuple[int, NDArray[np.uint8]]] = {}
        self._keeps: dict[str, tuple[int, NDArray[np.uint8]]] = {}

    def made(self) -> MapSpace:
        self._fix_what_is_full()
        parameters = [*self._keep_parameters(), *self._factor_parameters(), *self._order_parameters()]
        space = DesignSpace(parameters, self._constraints(), name="mapping/timeloop")
        return MapSpace(space, self._factors, self._orders, self._keeps, self._fixed)

    def _slots(self) -> Iterator[tuple[int, int, SlotConstraint]]:
        for i, level in enumerate(self._levels):
            for part, name in enumerate(PARTS):
                yield part, i, getattr(level, name)

    def _fix_what_is_full(self) -> None:
        for part, level, slot in self._slots():
            for dim in slot.full:
                self._fixed.factors[0, part, level, DIMS.index(dim)] = self._sizes[dim]
            if slot.order is not None:
                self._fixed.orders[0, part, level] = _padded(slot.order)
        for part, level, _ in self._slots():
            if part != TEMPORAL and math.prod(self._fixed.factors[0, part, level].tolist()) > self._fan_out(
                part, level
            ):
                name, fan = self._levels[level].level, self._fan_out(part, level)
                full = ", ".join(sorted(self._levels[level].spatial_y.full | self._levels[level].spatial_x.full))
                raise DataError(
                    f"layer {self._layer.name!r}: level {name!r}: {full} has to fit the {fan} instances below"
                )

    def _fan_out(self, part: int, level: int) -> int:
        return self._architecture.fan_out(level)[part]

    # ---- parameters

    def _keep_parameters(self) -> Iterator[Parameter]:
        for i, (constraint, level) in enumerate(zip(self._levels, self._architecture.levels, strict=True)):
            kept = _fixed_keep(i, constraint, level)
            if kept is not None:
                self._fixed.keep[0, i] = _bits(kept)
                continue
            held = [t for t in TENSORS if t in level.keeps]
            subsets = [subset for size in range(len(held), -1, -1) for subset in combinations(held, size)]
            name = f"{level.name}_keep"
            self._keeps[name] = (i, np.array([_bits(subset) for subset in subsets], np.uint8))
            yield Categorical(
                name,
                tuple("".join(s) or _NOTHING for s in subsets),
                doc=f"Tensors held in {level.name}.",
                group="buffers",
            )

    def _factor_parameters(self) -> Iterator[Parameter]:
        """Dimension by dimension: so the diagram of the valid designs stays small."""
        for at, dim in enumerate(DIMS):
            size = self._sizes[dim]
            slots = [(part, level) for part, level, slot in self._slots() if dim in slot.free]
            full = any(dim in slot.full for _, _, slot in self._slots())
            if size == 1 or full:
                continue
            if not slots:
                raise DataError(f"layer {self._layer.name!r}: the constraints leave no place for {dim} = {size}")
            outermost = min(slots, key=lambda slot: (slot[1], slot[0] != TEMPORAL))
            for part, level in slots:
                values = tuple(v for v in _divisors(size) if self._fits(part, level, at, v))
                name = f"{self._levels[level].level}_{_LETTERS[part]}{dim}"
                self._factors[name] = part, level, at
                where = "instances side by side" if part != TEMPORAL else "steps"
                default = size if (part, level) == outermost else 1
                group = "parallelism" if part != TEMPORAL else "tiles"
                yield Ordinal(name, values, doc=f"Factor of {dim} = {size}: {where}.", default=default, group=group)

    def _fits(self, part: int, level: int, dim: int, factor: int) -> bool:
        """Whether the factor alone, with those that are fixed, fits meshes and buffers."""
        factors = self._fixed.factors[0].copy()
        factors[part, level, dim] = factor
        if part != TEMPORAL and math.prod(factors[part, level].tolist()) > self._fan_out(part, level):
            return False
        for i, below in enumerate(self._architecture.levels[: level + 1]):
            kept = _fixed_keep(i, self._levels[i], below)
            if kept is None or below.capacity_words is None:
                continue
            extent = dict(zip(DIMS, factors[:, i:].prod(axis=(0, 1)).tolist(), strict=True))
            if sum(_tile(self._layer, tensor, extent) for tensor in kept) > below.capacity_words:
                return False
        return True

    def _order_parameters(self) -> Iterator[Parameter]:
        for part, level, slot in self._slots():
            if part != TEMPORAL or slot.order is not None:
                continue
            groups = [[d for d in group if d in slot.dims and self._sizes[d] > 1] for group in _GROUPS]
            moving = [group for group in groups[1:] if group]
            if len(moving) < 2:
                continue
            orders = [[d for group in (groups[0], *order) for d in group] for order in permutations(moving)]
            name = f"{self._levels[level].level}_order"
            self._orders[name] = level, np.array([_padded(order) for order in orders], np.uint8)
            yield Categorical(
                name, tuple("".join(o) for o in orders), doc="Loops from the outer to the inner one.", group="orders"
            )

    # ---- constraints

    def _constraints(self) -> Iterator[Constraint]:
        for at, dim in enumerate(DIMS):
            scope = tuple(name for name, slot in self._factors.items() if slot[2] == at)
            if scope:
                yield ProductEquals(f"{dim} is complete", scope, self._sizes[dim])
        for part, level, _ in self._slots():
            scope = tuple(name for name, slot in self._factors.items() if slot[:2] == (part, level))
            if part != TEMPORAL and len(scope) > 1:
                taken = math.prod(self._fixed.factors[0, part, level].tolist())
                name = f"{self._levels[level].level} fans out in {'XY'[part]}"
                yield ProductAtMost(name, scope, self._fan_out(part, level) // taken)


def _fixed_keep(i: int, constraint: LevelConstraint, level: Level) -> frozenset[str] | None:
    """What a level holds where there is no choice."""
    if i == 0:
        return frozenset(TENSORS)
    return frozenset() if not level.keeps else constraint.keep


def _tile(layer: Layer, tensor: str, extent: dict[str, int]) -> int:
    return math.prod(1 + sum(c * (extent[dim] - 1) for dim, c in axis) for axis in layer.axes[tensor])


def _bits(tensors: Sequence[str] | frozenset[str]) -> int:
    return sum(1 << TENSORS.index(tensor) for tensor in tensors)


def _padded(order: Sequence[str]) -> list[int]:
    """All seven dimensions, those that are not in *order* outermost: their loops have one step."""
    inner = [DIMS.index(dim) for dim in order]
    return [dim for dim in range(7) if dim not in inner] + inner


def _divisors(size: int) -> tuple[int, ...]:
    return tuple(n for n in range(1, size + 1) if size % n == 0)
