"""Mappings of one convolution over two levels as rows of 27 integers, in which every gene means what it says.

The form is the one that ArchGym and GAMMA search: six loops, a cluster, six loops again. ArchGym's own action of 17
numbers is decoded otherwise than its names say: the outer tiles are drawn at random below the values given, and are
thus smaller than the inner ones; four inner tiles are never read; the two parallel dimensions are swapped; the cluster
size is drawn at random too; loop orders are seeds of shuffles. Here a row is

- ``outer order``: six dimensions as indices into `DIMS`, outermost loop first;
- ``outer tiles``: elements per unit of the outer level, in the order of `DIMS`; those of Y and X count *outputs*;
- ``outer parallel``: the dimension spread over the units, an index into `PARALLEL`;
- ``cluster``: PEs per unit of the outer level; PEs that fill no unit stay unused;
- ``inner order``, ``inner tiles``, ``inner parallel``: the same for the PEs of a unit.

Nothing is clipped: an inner tile larger than the outer one, a tile larger than the layer or a kernel that is not held
whole (revision e1d8efd may tile it) is a bad mapping. A depthwise layer has no K: its tile is 1, its place in the
orders without effect.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.maestro.dataflow import Dataflow, Map
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer

DIMS: Final = ("K", "C", "R", "S", "Y", "X")
PARALLEL: Final = ("K", "C", "Y", "X")
GENES: Final = 27
OUTER_ORDER: Final = slice(0, 6)
OUTER_TILES: Final = slice(6, 12)
OUTER_PARALLEL: Final = 12
CLUSTER: Final = 13
INNER_ORDER: Final = slice(14, 20)
INNER_TILES: Final = slice(20, 26)
INNER_PARALLEL: Final = 26


def as_convolution(layer: MaestroLayer) -> MaestroLayer:
    """The same layer without a batch, as the genes need it; a GEMM has K = columns, C = reduction and Y = rows.

    DataError for a batch of more than one.
    """
    if layer.kind is Kind.GEMM:
        return MaestroLayer(layer.name, Kind.CONV, K=layer.N, C=layer.K, Y=layer.M)
    if layer.N > 1:
        raise DataError(f"layer {layer.name!r}: a batch of {layer.N} has no gene: search one image, N = 1")
    return layer


def gene_limits(layer: MaestroLayer) -> NDArray[np.int64]:
    """``(6,)`` the largest tile per dimension of `DIMS`; outputs for Y and X."""
    layer = as_convolution(layer)
    if layer.kind is Kind.DSCONV:
        return np.array([1, *(layer.outputs(dim) for dim in DIMS[1:])], np.int64)
    return np.array([layer.outputs(dim) for dim in DIMS], np.int64)


def check_genes(genes: ArrayLike) -> NDArray[np.int64]:
    """``(n, 27)`` int64; DataError for another shape or for what is not an integer."""
    array = np.asarray(genes)
    if array.ndim != 2 or array.shape[1] != GENES or not np.issubdtype(array.dtype, np.integer):
        raise DataError(f"genes: expected integers of shape (n, {GENES}), got {array.dtype} of shape {array.shape}")
    return np.ascontiguousarray(array, np.int64)


def mapping_from_genes(layer: MaestroLayer, genes: ArrayLike) -> Dataflow:
    """The dataflow of one row for `as_convolution` of *layer*.

    DataError where the row is none: an order that is no permutation, a dimension or a size that does not exist. Whether
    the mapping is a good one is for `model.evaluate` to say.
    """
    layer = as_convolution(layer)
    row = check_genes(np.asarray(genes)[np.newaxis])[0]
    levels = (
        _level(layer, row[OUTER_ORDER], row[OUTER_TILES], row[OUTER_PARALLEL], "outer"),
        _level(layer, row[INNER_ORDER], row[INNER_TILES], row[INNER_PARALLEL], "inner"),
    )
    return Dataflow(levels, (int(row[CLUSTER]),))


def _level(
    layer: MaestroLayer, order: NDArray[np.int64], tiles: NDArray[np.int64], parallel: np.int64, name: str
) -> tuple[Map, ...]:
    if sorted(order) != list(range(len(DIMS))):
        raise DataError(f"genes: {name} order {order.tolist()}: expected a permutation of 0 to {len(DIMS) - 1}")
    if not 0 <= parallel < len(PARALLEL):
        raise DataError(f"genes: {name} parallel dimension {parallel}: expected 0 to {len(PARALLEL) - 1}")
    if layer.kind is Kind.DSCONV and PARALLEL[parallel] == "K":
        raise DataError(f"genes: {name} parallel dimension K: a depthwise layer has none; take C, Y or X")
    size = dict(zip(DIMS, map(int, tiles), strict=True))
    dims = [DIMS[i] for i in order if not (layer.kind is Kind.DSCONV and DIMS[i] == "K")]
    return tuple(_map(layer, dim, size, dim == PARALLEL[parallel]) for dim in dims)


def _map(layer: MaestroLayer, dim: str, size: dict[str, int], spatial: bool) -> Map:
    """In input coordinates: w outputs are made of (w - 1) t + k rows, and the next w of those w t further."""
    if dim not in layer.slides:
        return Map(dim, size[dim], size[dim], spatial)
    stride = layer.stride(dim)
    return Map(dim, (size[dim] - 1) * stride + size[layer.slides[dim]], size[dim] * stride, spatial)
