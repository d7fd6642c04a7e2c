"""Many mappings as arrays: what a search writes and the kernel reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import DIMS, TENSORS
from archgym.simulators.accelerator.mapping import LevelMapping, Loops, Mapping

PARTS: Final = ("spatial_x", "spatial_y", "temporal")
"""The parts of a level, in the order of the arrays."""
X, Y, TEMPORAL = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class MappingBatch:
    """n mappings over L levels (outermost first); `DataError` for other shapes or types. Values are not checked here:
    a mapping with wrong ones is evaluated as invalid."""

    factors: NDArray[np.int32]
    """``(n, 3, L, 7)``: loop bounds by part (see `PARTS`), level and dimension (see `layer.DIMS`)."""
    orders: NDArray[np.uint8]
    """``(n, 3, L, 7)``: dimensions from the outer to the inner loop; where those of bound 1 stand is no matter."""
    keep: NDArray[np.uint8]
    """``(n, L)``: what a level holds, 1 for weights + 2 for inputs + 4 for outputs."""

    def __post_init__(self) -> None:
        n, levels = self.keep.shape if self.keep.ndim == 2 else (-1, -1)
        for name, array, dtype, shape in (
            ("keep", self.keep, np.uint8, (n, levels)),
            ("factors", self.factors, np.int32, (n, 3, levels, 7)),
            ("orders", self.orders, np.uint8, (n, 3, levels, 7)),
        ):
            if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
                expected = f"contiguous {np.dtype(dtype)} of shape "
                expected += "(n, levels)" if name == "keep" else "(n, 3, levels, 7) like keep's"
                raise DataError(f"{name}: expected {expected}, got {array.dtype} {array.shape}")

    def __len__(self) -> int:
        return int(self.keep.shape[0])

    @property
    def levels(self) -> int:
        return int(self.keep.shape[1])

    @classmethod
    def of(cls, mappings: Sequence[Mapping]) -> MappingBatch:
        """*mappings*, in their order; `DataError` unless there is one and all have as many levels."""
        numbers = {len(mapping.levels) for mapping in mappings}
        if len(numbers) != 1:
            raise DataError(f"mappings: expected some of equally many levels, got {sorted(numbers)} levels")
        n, levels = len(mappings), numbers.pop()
        factors = np.ones((n, 3, levels, 7), np.int32)
        orders = np.empty((n, 3, levels, 7), np.uint8)
        keep = np.zeros((n, levels), np.uint8)
        for row, mapping in enumerate(mappings):
            for i, level in enumerate(mapping.levels):
                keep[row, i] = sum(1 << TENSORS.index(tensor) for tensor in level.keep)
                for part, name in enumerate(PARTS):
                    loops: Loops = getattr(level, name)
                    listed = [DIMS.index(dim) for dim, _ in loops]
                    factors[row, part, i, listed] = [bound for _, bound in loops]
                    orders[row, part, i] = [dim for dim in range(7) if dim not in listed] + listed
        return cls(factors, orders, keep)

    def mapping(self, row: int) -> Mapping:
        """Row *row*, without its loops of bound 1; `DataError` where it holds what no mapping can."""
        levels = []
        for i in range(self.levels):
            held = frozenset(tensor for bit, tensor in enumerate(TENSORS) if self.keep[row, i] >> bit & 1)
            loops = [self._loops(row, part, i) for part in range(3)]
            levels.append(LevelMapping(held, temporal=loops[TEMPORAL], spatial_x=loops[X], spatial_y=loops[Y]))
        return Mapping(tuple(levels))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> MappingBatch:
        """The mappings of these rows, as a copy."""
        return MappingBatch(self.factors[rows], self.orders[rows], self.keep[rows])

    def _loops(self, row: int, part: int, level: int) -> Loops:
        order = self.orders[row, part, level].tolist()
        if sorted(order) != list(range(7)):
            raise DataError(f"row {row}: {PARTS[part]} of level {level}: expected an order of 0 to 6, got {order}")
        bounds = self.factors[row, part, level].tolist()
        return tuple((DIMS[dim], bounds[dim]) for dim in order if bounds[dim] != 1)
