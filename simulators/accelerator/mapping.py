"""How a layer runs on an accelerator: which loops each level executes, in what order, and what each level holds.

A `Mapping` is what one writes and reads; `archgym.simulators.accelerator.batch` has the arrays of many.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archgym.simulators.accelerator.architecture import check_tensors
from archgym.simulators.accelerator.data_error import DataError, check_whole
from archgym.simulators.accelerator.layer import DIMS

Loops = tuple[tuple[str, int], ...]
"""``(dimension, bound)`` from the outer to the inner loop. Loops of bound 1 may be left out."""


@dataclass(frozen=True, slots=True)
class LevelMapping:
    """What one level holds and does; `DataError` for a dimension named twice in one part, or a wrong bound."""

    keep: frozenset[str]
    """The tensors of W, I and O that it holds; the others pass it by."""
    temporal: Loops = ()
    """Executed at this level, over everything further in."""
    spatial_x: Loops = ()
    """Fans out to the instances in X of the next inner level. The order decides who is whose neighbour."""
    spatial_y: Loops = ()
    """Likewise in Y. Timeloop puts a dimension on X or on Y of a level; the model takes both."""

    def __post_init__(self) -> None:
        check_tensors("keep", self.keep)
        for part in ("temporal", "spatial_x", "spatial_y"):
            loops: Loops = getattr(self, part)
            for dim, bound in loops:
                if dim not in DIMS:
                    raise DataError(f"{part}: expected one of {', '.join(DIMS)}, got {dim!r}")
                check_whole(f"{part}: {dim}", bound)
            if len({dim for dim, _ in loops}) < len(loops):
                raise DataError(f"{part}: expected each dimension once, got {', '.join(dim for dim, _ in loops)}")


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping. Whether it suits an architecture and a layer, `check.complaint` tells."""

    levels: tuple[LevelMapping, ...]
    """Outermost first, one for each level of the architecture."""

    def product(self, dim: str) -> int:
        """The product of all factors of *dim*: the layer's size, in a mapping that suits it."""
        product = 1
        for level in self.levels:
            for name, bound in (*level.temporal, *level.spatial_x, *level.spatial_y):
                product *= bound if name == dim else 1
        return product


def level_mapping(
    keep: str, temporal: Sequence[Sequence[object]] = (), spatial_x: Sequence[Sequence[object]] = (),
    spatial_y: Sequence[Sequence[object]] = (),
) -> LevelMapping:  # fmt: skip
    """A `LevelMapping` from texts and lists as a data file has them: ``level_mapping("WI", [["C", 4]])``."""
    return LevelMapping(frozenset(keep), _loops(temporal), _loops(spatial_x), _loops(spatial_y))


def _loops(pairs: Sequence[Sequence[object]]) -> Loops:
    """*pairs* as tuples; what is in them is for `LevelMapping` to check."""
    for pair in pairs:
        if len(pair) != 2:
            raise DataError(f"loops: expected pairs of a dimension and a bound, got {pair!r}")
    return tuple((pair[0], pair[1]) for pair in pairs)  # type: ignore[misc]
