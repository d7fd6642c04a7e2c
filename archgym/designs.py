"""A batch of designs: the fast path everywhere is a matrix of value indices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from archgym.space import DesignSpace


@dataclass(frozen=True, slots=True, eq=False)
class DesignBatch:
    """Designs of one space, row by row. Make one with `DesignSpace.batch` or `DesignSpace.from_designs`.

    The constructor itself checks nothing and takes the array over: it becomes read-only.
    """

    space: DesignSpace
    codes: NDArray[Any]
    """``(n, d)`` int32 value indices in a finite space; else float64 with the value itself for `Real` parameters."""

    def __post_init__(self) -> None:
        self.codes.setflags(write=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return DesignBatch, (self.space, self.codes)

    def __len__(self) -> int:
        return int(self.codes.shape[0])

    def __getitem__(self, rows: slice | int | NDArray[Any] | list[int]) -> DesignBatch:
        """The chosen rows (slice, mask, indices) as a batch; one index gives a batch of one."""
        chosen = self.codes[rows]
        return DesignBatch(self.space, chosen if chosen.ndim == 2 else chosen[None])

    def columns(self) -> dict[str, NDArray[Any]]:
        """``{parameter: (n,) values}``, of the dtype of the parameter's kind."""
        if len(self) == 1 and self.space.finite:  # slices of the values: faster than picking from them
            return {
                name: values[code : code + 1]
                for name, values, code in zip(
                    self.space.names, self.space.value_arrays, self.codes[0].tolist(), strict=True
                )
                if values is not None
            }
        return {
            name: column if values is None else values[column if column.dtype == np.int32 else column.astype(np.intp)]
            for name, values, column in zip(self.space.names, self.space.value_arrays, self.codes.T, strict=True)
        }

    def designs(self) -> list[dict[str, Any]]:
        """Row by row ``{parameter: value}`` in Python scalars."""
        names, known = self.space.names, self.space.values
        if self.space.finite:
            return [
                {name: values[code] for name, values, code in zip(names, known, row, strict=True)}
                for row in self.codes.tolist()
            ]
        return [
            {name: values[int(x)] if values else x for name, values, x in zip(names, known, row, strict=True)}
            for row in self.codes.tolist()
        ]

    @staticmethod
    def concat(batches: Iterable[DesignBatch]) -> DesignBatch:
        """All rows in order; at least one batch, all of one space."""
        parts = list(batches)
        if not parts:
            raise ValueError("expected at least one batch to concatenate, got none")
        space = parts[0].space
        for part in parts[1:]:
            if part.space is not space and part.space != space:
                raise ValueError(f"expected batches of one space, got {space!r} and {part.space!r}")
        return DesignBatch(space, np.concatenate([part.codes for part in parts]))
