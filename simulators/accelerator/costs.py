"""What accesses cost, apart from how many there are: one batch of mappings can be priced in many technologies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.data_error import DataError


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """Energies of an accelerator of L levels."""

    level_pj: NDArray[np.float64]
    """``(L, 4)``: per block read, block written and block updated, and leakage per instance and cycle."""
    compute_pj: float
    """Per multiplication."""

    def __post_init__(self) -> None:
        if self.level_pj.ndim != 2 or self.level_pj.shape[1] != 4 or self.level_pj.dtype != np.float64:
            raise DataError(f"level_pj: expected (levels, 4) float64, got {self.level_pj.shape} {self.level_pj.dtype}")

    @classmethod
    def of(cls, architecture: Architecture) -> Costs:
        """Those in the levels of *architecture*."""
        rows = [(level.read_pj, level.write_pj, level.update_pj, level.leak_pj) for level in architecture.levels]
        return cls(np.array(rows, np.float64), float(architecture.mac.compute_pj))

    def component_pj(self, activity: NDArray[np.int64], cycles: NDArray[np.int64], macs: int) -> NDArray[np.float64]:
        """``(n, L + 1)`` energy by level, the multipliers last: the bits of an evaluation with these costs.

        *activity* ``(n, L, 4)`` and *cycles* ``(n,)`` are as in `results.BatchResult`.
        """
        parts = activity.astype(np.float64)
        parts[:, :, 3] *= cycles[:, None]
        parts *= self.level_pj
        levels = parts[:, :, 0] + parts[:, :, 1] + parts[:, :, 2] + parts[:, :, 3]
        return np.concatenate([levels, np.full((len(activity), 1), macs * self.compute_pj)], axis=1)

    @property
    def table(self) -> NDArray[np.float64]:
        """``(L + 1, 4)``: the kernel's layout."""
        return np.concatenate([self.level_pj, [[self.compute_pj, 0.0, 0.0, 0.0]]])
