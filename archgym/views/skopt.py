"""The space as scikit-optimize dimensions, so that its optimizers search it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from archgym.errors import DesignError, MissingExtra
from archgym.space import Categorical, DesignBatch, DesignSpace, Parameter


class SkoptView:
    """Points are lists in the order of the parameters: indices of ordered ones, values of the others.

    A point that is not valid stands for its projection.
    """

    def __init__(self, space: DesignSpace) -> None:
        """`MissingExtra` where scikit-optimize is not installed."""
        try:
            skopt = import_module("skopt").space
        except ImportError:
            raise MissingExtra("scikit-optimize", "bo", "the scikit-optimize view of a space") from None
        self.space = space
        self.dimensions: list[Any] = []
        """One `skopt.space.Dimension` per parameter, in order."""
        for p in space.parameters:
            if p.size is None:
                self.dimensions.append(skopt.Real(p.low, p.high, "log-uniform" if p.log else "uniform", name=p.name))
            elif _by_value(p):
                self.dimensions.append(skopt.Categorical(list(p.values), name=p.name))
            else:
                self.dimensions.append(skopt.Integer(0, p.size - 1, name=p.name))

    def encode(self, batch: DesignBatch) -> list[list[Any]]:
        return [
            [
                p.values[int(code)] if _by_value(p) else code if p.size is None else int(code)
                for p, code in zip(self.space.parameters, row, strict=True)
            ]
            for row in batch.codes.tolist()
        ]

    def decode(self, points: Sequence[Sequence[Any]]) -> DesignBatch:
        """`DesignError` for a point of another length or an unknown value."""
        for row, point in enumerate(points):
            if len(point) != self.space.d:
                raise DesignError(f"row {row}: expected {self.space.d} coordinates, got {len(point)}")
        designs = [
            {p.name: _value(p, x) for p, x in zip(self.space.parameters, point, strict=True)} for point in points
        ]
        return DesignBatch(self.space, self.space.project(self.space.from_designs(designs)))


def _by_value(parameter: Parameter) -> bool:
    """Categories; and a single value, since skopt has no integer range of one."""
    return parameter.size is not None and (isinstance(parameter, Categorical) or parameter.size == 1)


def _value(parameter: Parameter, x: Any) -> Any:
    if parameter.size is None or _by_value(parameter):
        return x
    if not isinstance(x, int | np.integer) or not 0 <= x < parameter.size:
        raise DesignError(f"parameter {parameter.name!r}: expected an index from 0 to {parameter.size - 1}, got {x!r}")
    return parameter.values[int(x)]
