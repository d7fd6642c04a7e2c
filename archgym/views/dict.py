"""The space as a Gymnasium `Dict` with one entry per parameter, under the parameter's own name and in its order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from archgym.errors import DesignError, did_you_mean
from archgym.space import DesignBatch, DesignSpace, Parameter


class DictView:
    """Points are columns ``{parameter: (n,) indices}`` (values for a `Real`); a mapping of scalars is one point."""

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        # A list of pairs: Gymnasium sorts a plain dict by key, which would change the order of the parameters.
        self.gym_space = spaces.Dict([(parameter.name, _entry(parameter)) for parameter in space.parameters])

    def encode(self, batch: DesignBatch) -> dict[str, NDArray[Any]]:
        return {
            parameter.name: batch.codes[:, k].astype(np.float64 if parameter.size is None else np.int64)
            for k, parameter in enumerate(self.space.parameters)
        }

    def decode(self, points: Mapping[str, Any]) -> DesignBatch:
        """`DesignError` for missing or unknown names, unequal lengths, or a value out of range."""
        for name in points:
            if name not in self.space.names:
                raise DesignError(f"parameter {name!r}: {did_you_mean(str(name), self.space.names)}")
        if missing := [name for name in self.space.names if name not in points]:
            raise DesignError(f"a point must name every parameter; missing: {', '.join(missing)}")
        columns = [np.atleast_1d(np.asarray(points[name])) for name in self.space.names]
        lengths = {column.shape for column in columns}
        if len(lengths) > 1 or columns[0].ndim > 1:
            raise DesignError(f"expected one column of shape (n,) per parameter, got shapes {sorted(lengths)}")
        return DesignBatch(self.space, self.space.project(np.column_stack(columns)))


def _entry(parameter: Parameter) -> spaces.Space[Any]:
    if parameter.size is None:
        return spaces.Box(parameter.low, parameter.high, (), np.float64)
    return spaces.Discrete(parameter.size)
