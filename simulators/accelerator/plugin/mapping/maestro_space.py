"""The space ``maestro``: dataflows of one layer over two levels, in which every gene means what it says.

What ArchGym and GAMMA search with 17 numbers: a loop order, tiles and a parallel dimension of the outer level, a
cluster size, and the same of the inner level. Here an inner tile never exceeds the outer one. Of the tile sizes that
take equally many steps only the smallest is offered; kernels are held whole, so R and S have no genes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.maestro.genes import (
    CLUSTER,
    DIMS,
    GENES,
    INNER_ORDER,
    INNER_PARALLEL,
    INNER_TILES,
    OUTER_ORDER,
    OUTER_PARALLEL,
    OUTER_TILES,
    PARALLEL,
    gene_limits,
)
from archgym.simulators.accelerator.maestro.layer import MaestroLayer
from archgym.space import Categorical, Constraint, DesignBatch, DesignSpace, Ordinal, Parameter, Predicate

_LEVELS: Final = (
    ("outer", OUTER_ORDER, OUTER_TILES, OUTER_PARALLEL),
    ("inner", INNER_ORDER, INNER_TILES, INNER_PARALLEL),
)


@dataclass(frozen=True, slots=True)
class GeneSpace:
    """A design space, and how its designs are read as rows of genes."""

    space: DesignSpace
    fixed: NDArray[np.int64]
    """``(27,)`` genes that no parameter says."""
    columns: Mapping[str, tuple[tuple[int, ...], NDArray[np.int64]]]
    """Parameter -> genes, and their values ``(values, genes)``."""

    def genes(self, designs: DesignBatch) -> NDArray[np.int64]:
        """``(n, 27)``"""
        rows = np.tile(self.fixed, (len(designs), 1))
        for at, name in enumerate(self.space.names):
            genes, table = self.columns[name]
            rows[:, genes] = table[designs.codes[:, at].astype(np.intp)]
        return rows


def gene_space(layer: MaestroLayer, pes: int) -> GeneSpace:
    """The space of *layer* on *pes* elements; `DataError` for a layer that has no genes (a batch)."""
    limits = dict(zip(DIMS, gene_limits(layer).tolist(), strict=True))
    fixed = np.zeros(GENES, np.int64)
    for _, order, tiles, parallel in _LEVELS:
        fixed[order], fixed[tiles] = range(6), [limits[dim] for dim in DIMS]
        fixed[parallel] = PARALLEL.index("C")
    fixed[CLUSTER] = 1
    made = dict(_genes(layer, limits, pes))
    parameters = [parameter for parameter, _, _ in made.values()]
    space = DesignSpace(parameters, _constraints(list(made), limits), name="mapping/maestro")
    return GeneSpace(space, fixed, {name: (genes, table) for name, (_, genes, table) in made.items()})


_Gene = tuple[Parameter, tuple[int, ...], NDArray[np.int64]]


def _genes(layer: MaestroLayer, limits: Mapping[str, int], pes: int) -> Iterator[tuple[str, _Gene]]:
    moving = [dim for dim in PARALLEL if limits[dim] > 1]
    parallel = moving or ["C"]
    for level, order, tiles, gene in _LEVELS:
        if len(moving) > 1:
            yield _order(f"{level}_order", moving, order, layer)
        yield _choice(f"{level}_parallel", parallel, gene, level)
        for dim in moving:
            sizes = tile_sizes(limits[dim])
            what = "Outputs along" if dim in "YX" else "Elements of"
            doc = f"{what} {dim} = {limits[dim]} that {_HOLDER[level]} has at a time."
            at = tiles.start + DIMS.index(dim)
            parameter = Ordinal(f"{level}_{dim}", sizes, doc=doc, group="tiles")
            yield parameter.name, (parameter, (at,), np.array(sizes, np.int64)[:, None])
        if level == "outer":
            sizes = tuple(n for n in range(1, pes + 1) if pes % n == 0)
            parameter = Ordinal("cluster", sizes, doc="Elements of a unit of the outer level.", group="parallelism")
            yield parameter.name, (parameter, (CLUSTER,), np.array(sizes, np.int64)[:, None])


_HOLDER: Final = {"outer": "a cluster", "inner": "an element"}


def _order(name: str, moving: list[str], genes: slice, layer: MaestroLayer) -> tuple[str, _Gene]:
    """Orders of the loops that take more than one step; the others stand outside of them."""
    orders = list(permutations(moving))
    still = [dim for dim in DIMS if dim not in moving]
    table = np.array([[DIMS.index(dim) for dim in (*still, *order)] for order in orders], np.int64)
    parameter = Categorical(
        name, tuple("".join(order) for order in orders), doc="Loops from the outer to the inner one.", group="orders"
    )
    return name, (parameter, tuple(range(genes.start, genes.stop)), table)


def _choice(name: str, parallel: list[str], gene: int, level: str) -> tuple[str, _Gene]:
    units = "clusters" if level == "outer" else "the elements of a cluster"
    parameter = Categorical(name, tuple(parallel), doc=f"The dimension spread over {units}.", group="parallelism")
    return name, (parameter, (gene,), np.array([[PARALLEL.index(dim)] for dim in parallel], np.int64))


def tile_sizes(limit: int) -> tuple[int, ...]:
    """The smallest tile for each number of steps: about two times the root of *limit* many."""
    return tuple(sorted({-(-limit // steps) for steps in range(1, limit + 1)}))


def _constraints(names: list[str], limits: Mapping[str, int]) -> Iterator[Constraint]:
    for dim in PARALLEL:
        scope = (f"outer_{dim}", f"inner_{dim}")
        if scope[0] in names:
            yield Predicate(f"{dim} nests", scope, _Nested(scope), f"{scope[1]} <= {scope[0]}")


@dataclass(frozen=True, slots=True)
class _Nested:
    """The test of a `Predicate`."""

    scope: tuple[str, str]

    def __call__(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        outer, inner = (columns[name] for name in self.scope)
        return np.asarray(inner <= outer)
