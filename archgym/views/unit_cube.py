"""The space as the unit cube, for searchers that think in real vectors (CMA-ES, Gaussian processes, Sobol points).

The parameters are read in order, and each coordinate is divided evenly among the values that its parameter can still
take after the earlier ones. So in every parameter the possible values have equal shares. (Uniform points are therefore
not uniform designs where constraints bind: for those use `DesignSpace.sample`.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archgym.diagram import Layer
from archgym.errors import DesignError
from archgym.space import DesignBatch, DesignSpace


class UnitCubeView:
    """Points are ``(n, d)`` float64 in [0, 1]."""

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        self.bounds = np.array([[0.0, 1.0]] * space.d)
        """``(d, 2)`` lowest and highest coordinate."""
        feasible = space.feasible
        self._free = np.array(feasible.free, np.intp)
        self._sizes = space.cardinalities[self._free]
        self._whole = list(zip(feasible.free, self._sizes.tolist(), strict=True))
        """Position and size of the finite parameters without constraints."""
        self._real = [(k, p) for k, p in enumerate(space.parameters) if p.size is None]
        self._choices = [(diagram, [_Choices(layer) for layer in diagram.layers]) for diagram in feasible.diagrams]

    def encode(self, batch: DesignBatch) -> NDArray[np.float64]:
        """The middle of each value's share."""
        codes = batch.codes
        points = np.empty((len(batch), self.space.d))
        points[:, self._free] = (codes[:, self._free] + 0.5) / self._sizes
        for k, parameter in self._real:
            points[:, k] = parameter.to_unit(codes[:, k])
        for diagram, choices in self._choices:
            states = np.zeros(len(batch), np.int32)
            for layer, choice in zip(diagram.layers, choices, strict=True):
                code = codes[:, layer.position].astype(np.intp)
                points[:, layer.position] = (choice.place[states, code] + 0.5) / choice.count[states]
                states = layer.following[states, code]
        return points

    def decode(self, points: ArrayLike) -> DesignBatch:
        """`DesignError` for another shape, NaN or a coordinate outside [0, 1]."""
        return self.decode_checked(checked_points(points, self.space, 0.0, 1.0))

    def decode_checked(self, cube: NDArray[np.float64]) -> DesignBatch:
        """`decode` for ``(n, d)`` points that are known to lie in the cube."""
        if len(cube) == 1 and self.space.finite:
            return self.decode_one(cube.tolist()[0])
        codes = np.empty(cube.shape, np.int32 if self.space.finite else np.float64)
        codes[:, self._free] = np.minimum(cube[:, self._free] * self._sizes, self._sizes - 1).astype(np.int32)
        for k, parameter in self._real:
            codes[:, k] = parameter.from_unit(cube[:, k])
        for diagram, choices in self._choices:
            states = np.zeros(len(cube), np.int32)
            for layer, choice in zip(diagram.layers, choices, strict=True):
                count = choice.count[states]
                place = np.minimum(cube[:, layer.position] * count, count - 1).astype(np.intp)
                code = choice.codes[states, place]
                codes[:, layer.position] = code
                states = layer.following[states, code]
        return DesignBatch(self.space, codes)

    def decode_one(self, point: list[float]) -> DesignBatch:
        """`decode_checked` of one point in a finite space, in plain numbers: faster than arrays of one."""
        row = [0] * len(point)
        for k, size in self._whole:
            row[k] = min(int(point[k] * size), size - 1)
        for diagram, choices in self._choices:
            state = 0
            for layer, choice in zip(diagram.layers, choices, strict=True):
                count = choice.count.item(state)
                code = choice.codes.item(state, min(int(point[layer.position] * count), count - 1))
                row[layer.position] = code
                state = layer.following.item(state, code)
        return DesignBatch(self.space, np.array((row,), np.int32))


class _Choices:
    """What each state of a layer can still choose."""

    def __init__(self, layer: Layer) -> None:
        allowed = layer.following >= 0
        self.count = allowed.sum(axis=1)
        """``(states + 1,)``"""
        self.codes = np.argsort(~allowed, axis=1, kind="stable").astype(np.int32)
        """``(states + 1, size)`` the possible value indices first, in order."""
        self.place = (np.cumsum(allowed, axis=1) - 1).astype(np.int32)
        """``(states + 1, size)`` where a possible value index stands in `codes`."""


def checked_points(points: ArrayLike, space: DesignSpace, low: float, high: float) -> NDArray[np.float64]:
    """*points* as ``(n, d)`` float64, all in [low, high]; `DesignError` otherwise."""
    given = np.asarray(points, np.float64)
    if given.ndim != 2 or given.shape[1] != space.d:
        raise DesignError(f"expected points of shape (n, {space.d}) (i.e. (n, d)), got {given.shape}")
    if len(given) == 1 and not [x for x in given.tolist()[0] if not low <= x <= high]:  # faster than arrays of one
        return given
    inside = (given >= low) & (given <= high)
    if not inside.all():
        row, k = (int(i) for i in np.argwhere(~inside)[0])
        got = given.item(row, k)
        raise DesignError(f"row {row}, parameter {space.names[k]!r}: expected {low:g} to {high:g}, got {got}")
    return given
