"""Agreement with reference results, quantity by quantity: what ``archgym conform`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Quantity:
    """How one compared quantity agrees over all rows that have it."""

    name: str
    unit: str
    rows: int
    exact: int
    """Rows equal at the precision to which the reference prints."""
    within_0_1_percent: int
    within_1_percent: int
    worst_row: str | None
    """The row with the largest relative error; None when there is no error at all."""
    worst_relative_error: float
    bar: str
    """What is required, in words: ``exact``, ``1e-06 relative``."""
    holds: bool


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """The agreement of a simulator with one file of reference results."""

    simulator: str
    golden: str
    rows: int
    quantities: tuple[Quantity, ...]
    notes: tuple[str, ...] = field(default=())
    """Rows left out, each with the reason."""

    @property
    def holds(self) -> bool:
        """Whether every bar holds; a report that compared nothing does not."""
        return bool(self.quantities) and all(quantity.holds for quantity in self.quantities)


@dataclass(frozen=True, slots=True)
class SideBySide:
    """One quantity of one row, both ways."""

    name: str
    unit: str
    reference: str
    ours: str
    equal: bool


@dataclass(frozen=True, slots=True)
class RowComparison:
    """One row of the reference, set beside our result."""

    row: str
    inputs: tuple[tuple[str, str], ...]
    sides: Sequence[SideBySide]
