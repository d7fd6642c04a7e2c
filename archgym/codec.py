"""From what callers hand in to value indices, with every way of being wrong named.

A design is a mapping from parameter to value, or a row of value indices (codes); nothing out of range gets past here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archgym.errors import DesignError, did_you_mean
from archgym.parameters import Parameter, unknown_value


class Codec:
    """Reads codes and designs of these parameters."""

    def __init__(self, parameters: tuple[Parameter, ...]) -> None:
        self._parameters = parameters
        self._names = tuple(parameter.name for parameter in parameters)
        self._finite = all(parameter.size is not None for parameter in parameters)
        self._sizes = tuple(parameter.size or 0 for parameter in parameters)
        self._limits = np.array(self._sizes, np.uint64)
        self._low = np.array([0.0 if p.size is not None else p.low for p in parameters])
        self._high = np.array([p.size - 1.0 if p.size is not None else p.high for p in parameters])

    @cached_property
    def _index(self) -> dict[str, dict[Any, int]]:
        return {p.name: {value: code for code, value in enumerate(p.values)} for p in self._parameters}

    def encode(self, design: Mapping[str, Any]) -> list[int | float]:
        """``[d]`` codes of one complete design; `DesignError` for a missing or unknown name or value."""
        for name in design:
            if name not in self._index:
                raise DesignError(f"parameter {name!r}: {did_you_mean(str(name), self._names)}")
        if missing := [name for name in self._names if name not in design]:
            raise DesignError(f"a design must name every parameter; missing: {', '.join(missing)}")
        return [self._code(parameter, design[parameter.name]) for parameter in self._parameters]

    def _code(self, parameter: Parameter, value: Any) -> int | float:
        boolean = isinstance(value, bool | np.bool_)
        if parameter.size is None:
            if boolean or not isinstance(value, int | float | np.number):
                raise DesignError(f"parameter {parameter.name!r}: expected a number, got {value!r}")
            return float(value)
        if boolean == (parameter.kind == "bool") and isinstance(value, str | int | float | np.generic):
            code = self._index[parameter.name].get(value)
            if code is not None:
                return code
        raise DesignError(unknown_value(parameter, value))

    def checked(self, codes: ArrayLike) -> NDArray[Any]:
        """A private copy of *codes*, int32 (float64 with a `Real`), of shape ``(n, d)`` and in range."""
        given = np.asarray(codes)
        if given.ndim != 2 or given.shape[1] != len(self._names):
            raise DesignError(f"expected codes of shape (n, {len(self._names)}) (i.e. (n, d)), got {given.shape}")
        if not self._finite:
            return self._checked_mixed(given)
        if given.dtype.kind not in "iu" and given.size:
            raise DesignError(f"expected integer value indices, got {given.dtype}")
        if len(given) == 1 and self._all_in_range(given.tolist()[0]):  # a step of an environment: faster than arrays
            return given.astype(np.int32)
        whole = given.astype(np.int64)
        wrong = whole.view(np.uint64) >= self._limits  # negative numbers are huge unsigned ones
        if wrong.any():
            raise self._out_of_range(whole, wrong)
        return whole.astype(np.int32)

    def _all_in_range(self, row: list[int]) -> bool:
        return not [code for code, size in zip(row, self._sizes, strict=True) if not 0 <= code < size]

    def _checked_mixed(self, given: NDArray[Any]) -> NDArray[Any]:
        if given.dtype.kind not in "iuf" and given.size:
            raise DesignError(f"expected numbers, got {given.dtype}")
        exact = given.astype(np.float64)
        wrong = ~((exact >= self._low) & (exact <= self._high))
        wrong |= (self._limits > 0) & (exact != np.floor(exact))
        if wrong.any():
            raise self._out_of_range(exact, wrong)
        return exact

    def _out_of_range(self, codes: NDArray[Any], wrong: NDArray[np.bool_]) -> DesignError:
        row, k = (int(i) for i in np.argwhere(wrong)[0])
        parameter = self._parameters[k]
        if parameter.size is None:
            expected = f"a number from {parameter.low!r} to {parameter.high!r}"
        else:
            expected = f"an index from 0 to {parameter.size - 1}"
        return DesignError(
            f"row {row}, parameter {parameter.name!r}: expected {expected}, got {codes[row, k].item()!r}"
        )
