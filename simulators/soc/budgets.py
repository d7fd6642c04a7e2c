"""What a system on chip may take: the power and area that its distance to the goal is measured by."""

from __future__ import annotations

import math
from dataclasses import dataclass

from archgym.simulators.soc.data_error import DataError


@dataclass(frozen=True, slots=True)
class Budgets:
    """Limits for one workload; n workloads at once have n times as much. Raises `DataError` unless both are above 0.

    Deadlines are the workloads' own (`Application.deadlines`). The area of stacked memory counts against a budget of
    its own, as large as that of everything else.
    """

    power_w: float = 0.008737
    """FARSI (arXiv 2201.05232), as is the area."""
    area_m2: float = 1.7475e-5

    def __post_init__(self) -> None:
        for name, value in (("power_w", self.power_w), ("area_m2", self.area_m2)):
            if not (math.isfinite(value) and value > 0):
                raise DataError(f"budgets: {name}: expected a number above 0, got {value!r}")
