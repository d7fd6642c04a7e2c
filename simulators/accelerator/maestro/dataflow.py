"""A dataflow: which part of each dimension a level works on at a time, in loop order, over levels of clusters."""

from __future__ import annotations

from dataclasses import dataclass

from archgym.simulators.accelerator.data_error import DataError

OUTPUT_OF = {"Y'": "Y", "X'": "X"}
"""Output coordinate -> the input dimension that it is turned into."""
DIMENSIONS = ("N", "K", "C", "Y", "X", "R", "S", "M", *OUTPUT_OF)


@dataclass(frozen=True, slots=True)
class Map:
    """One directive: *size* elements of *dim* at a time, advancing by *offset*, over time or over the units."""

    dim: str
    size: int
    offset: int
    spatial: bool = False

    def __post_init__(self) -> None:
        if self.dim not in DIMENSIONS:
            raise DataError(f"directive on {self.dim!r}: known dimensions: {', '.join(DIMENSIONS)}")
        for name in ("size", "offset"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise DataError(f"directive on {self.dim}: {name} = {value!r}: expected a positive integer")


@dataclass(frozen=True, slots=True)
class Dataflow:
    """Directives per level, outermost level and loop first; ``clusters[i]`` units make one unit of level i."""

    levels: tuple[tuple[Map, ...], ...]
    clusters: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.levels) != len(self.clusters) + 1:
            raise DataError(
                f"dataflow: {len(self.levels)} levels and {len(self.clusters)} cluster sizes: expected one size "
                f"between every two levels"
            )
        for size in self.clusters:
            if type(size) is not int or size < 1:
                raise DataError(f"Cluster({size!r}): expected a positive integer")
