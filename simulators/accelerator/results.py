"""What mappings cost: columns of a batch, or everything about one of them."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.check import worded
from archgym.simulators.accelerator.costs import Costs
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import Layer


@dataclass(frozen=True, slots=True, eq=False)
class BatchResult:
    """One row per mapping, in their order, of one occurrence of the layer (all its groups). Invalid mappings have 0 for
    whole numbers and NaN for energies."""

    architecture: Architecture
    layer: Layer
    status: NDArray[np.int64]
    """``(n,)`` numbers into `check.STATUS`: 0 is valid."""
    detail: NDArray[np.int64]
    """``(n, 7)`` for `reason`."""
    cycles: NDArray[np.int64]
    """``(n,)``, of the slowest level."""
    energy_pj: NDArray[np.float64]
    """``(n,)``, leakage included."""
    component_pj: NDArray[np.float64]
    """``(n, L + 1)`` of each level with its leakage, the multipliers last: together `energy_pj`."""
    activity: NDArray[np.int64] | None
    """``(n, L, 4)`` if asked for: blocks read, written and updated in all instances, and instances that leak."""
    counts: NDArray[np.int64] | None
    """``(n, L, 3, 4)`` if asked for: by level and tensor (W, I, O) the words of a tile, and words read, filled and
    updated per instance in use. Zero where the level does not hold the tensor."""
    level_cycles: NDArray[np.int64] | None
    """``(n, L)`` with the counts: cycles that each level alone would need."""

    def __len__(self) -> int:
        return int(self.status.shape[0])

    @property
    def valid(self) -> NDArray[np.bool_]:
        """``(n,)``"""
        return np.asarray(self.status == 0)

    @property
    def utilization(self) -> NDArray[np.float64]:
        """``(n,)`` multiplications per multiplier and cycle, 0 to 1; NaN for invalid mappings."""
        cycles = np.where(self.valid, self.cycles, np.nan)
        return np.asarray(self.layer.macs / (cycles * self.architecture.mac.instances))

    def reason(self, row: int) -> str | None:
        """Why that mapping is invalid, in one line; None if it is valid."""
        return worded(self.architecture, self.layer, int(self.status[row]), self.detail[row].tolist())

    def component_pj_at(self, costs: Costs) -> NDArray[np.float64]:
        """``(n, L + 1)`` `component_pj` in another technology; `DataError` unless the activity was asked for."""
        if self.activity is None:
            raise DataError("activity: expected counts to price, got none; evaluate with activity=True")
        component = costs.component_pj(self.activity, self.cycles, self.layer.macs)
        component[~self.valid] = np.nan
        return component


@dataclass(frozen=True, slots=True)
class TensorResult:
    """One tensor at one level."""

    tile_words: int
    """Per instance."""
    instances: int
    """In use."""
    reads: int
    """Words per instance, over the whole run; so are the next two."""
    fills: int
    updates: int
    energy_pj: float
    """Of all instances."""


@dataclass(frozen=True, slots=True)
class LevelResult:
    """One level; energies are of all instances."""

    name: str
    instances: int
    """In use; 0 if the level holds nothing."""
    cycles: int
    """That the level alone would need, by its ports."""
    throttle: float
    """1 where the ports keep up with the multipliers, less where these wait."""
    leak_pj: float
    energy_pj: float
    """With leakage."""
    tensors: MappingOf[str, TensorResult]
    """Of those it holds."""


@dataclass(frozen=True, slots=True)
class NestResult:
    """Everything about one mapping, of one occurrence of the layer (all its groups)."""

    reason: str | None
    """Why the mapping is invalid; then there are no numbers. None for a valid one."""
    cycles: int = 0
    compute_cycles: int = 0
    """Without waiting for a port."""
    energy_pj: float = 0.0
    utilization: float = 0.0
    macs: int = 0
    mac_instances: int = 0
    """Multipliers in use."""
    mac_energy_pj: float = 0.0
    area_um2: float = 0.0
    levels: tuple[LevelResult, ...] = ()
    """Outermost first."""

    @property
    def valid(self) -> bool:
        return self.reason is None
