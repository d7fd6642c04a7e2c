"""The space as a Gymnasium `Dict` with one entry per parameter, under the parameter's own name and in its order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from archgym.errors import DesignError, did_you_mean
from archgym.space import DesignBatch, DesignSpace, Parameter


class DictView:
    """Points are columns ``{parameter: (n,) indices}`` (values for a `Real`); a mapping of scalars is one point."""

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        self._names = frozenset(space.names)
        # A list of pairs: Gymnasium sorts a plain dict by key, which would change the order of the parameters.
        self.gym_space = spaces.Dict([(parameter.name, _entry(parameter)) for parameter in space.parameters])

    def encode(self, batch: DesignBatch) -> dict[str, NDArray[Any]]:
        return {
            parameter.name: batch.codes[:, k].astype(np.float64 if parameter.size is None else np.int64)
            for k, parameter in enumerate(self.space.parameters)
        }

    def decode(self, points: Mapping[str, Any]) -> DesignBatch:
        """`DesignError` for missing or unknown names, unequal lengths, or a value out of range."""
        if points.keys() != self._names:
            self._refuse(points)
        values = [points[name] for name in self.space.names]
        if _PLAIN.issuperset(map(type, values)):  # one point: its numbers are a row
            return DesignBatch(self.space, self.space.project(np.array(values)[None]))
        columns = [np.atleast_1d(np.asarray(value)) for value in values]
        lengths = {column.shape for column in columns}
        if len(lengths) > 1 or columns[0].ndim > 1:
            raise DesignError(f"expected one column of shape (n,) per parameter, got shapes {sorted(lengths)}")
        return DesignBatch(self.space, self.space.project(np.column_stack(columns)))

    def _refuse(self, points: Mapping[str, Any]) -> NoReturn:
        """Say which names are wrong."""
        for name in points:
            if name not in self.space.names:
                raise DesignError(f"parameter {name!r}: {did_you_mean(str(name), self.space.names)}")
        missing = [name for name in self.space.names if name not in points]
        raise DesignError(f"a point must name every parameter; missing: {', '.join(missing)}")


_PLAIN = frozenset({int, float, np.int64, np.float64})
"""Types of the numbers of which a row has the dtype that its columns together have."""


def _entry(parameter: Parameter) -> spaces.Space[Any]:
    if parameter.size is None:
        return spaces.Box(parameter.low, parameter.high, (), np.float64)
    return spaces.Discrete(parameter.size)
