"""Agreement with reference results, quantity by quantity: what ``archgym conform`` prints.

Reference values are compared as they are printed: exactness at the printed precision, and relative error. A simulator's
plug-in makes the `Pair`s; `summarise` and `side_by_side` judge them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Printed:
    """A compared quantity: how the reference prints it, and what is required of ours."""

    name: str
    unit: str
    digits: int
    """Significant digits printed; decimals when `fixed`."""
    bar: float
    """The largest relative error allowed; 0 requires equality at the printed precision."""
    fixed: bool = False

    def equal(self, printed: float, ours: float) -> bool:
        """Whether *ours* rounds to *printed*, a tie counting both ways."""
        if printed == ours:
            return True
        if not math.isfinite(printed) or not math.isfinite(ours) or (printed == 0 and not self.fixed):
            return False
        last = -self.digits if self.fixed else math.floor(math.log10(abs(printed))) + 1 - self.digits
        return abs(printed - ours) <= 0.5 * 10.0**last * (1 + 1e-6) + 1e-14 * abs(printed)


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
    """Rows left out in whole or in part, each with the reason."""

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
    sides: tuple[SideBySide, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """One value of one row: as printed by the reference, and ours."""

    row: str
    printed: str
    ours: float


def relative_error(printed: float, ours: float) -> float:
    """|ours - printed| / |printed|; infinite where only the reference is zero, or ours is no number."""
    if printed == ours:
        return 0.0
    if printed == 0 or not math.isfinite(ours):
        return math.inf
    return abs(ours - printed) / abs(printed)


def summarise(printed: Printed, pairs: Sequence[Pair]) -> Quantity:
    """The agreement of one quantity over *pairs*, of which there is at least one."""
    errors = [relative_error(float(pair.printed), pair.ours) for pair in pairs]
    exact = sum(printed.equal(float(pair.printed), pair.ours) for pair in pairs)
    worst = max(range(len(pairs)), key=errors.__getitem__)
    return Quantity(
        name=printed.name,
        unit=printed.unit,
        rows=len(pairs),
        exact=exact,
        within_0_1_percent=sum(error <= 1e-3 for error in errors),
        within_1_percent=sum(error <= 1e-2 for error in errors),
        worst_row=pairs[worst].row if errors[worst] > 0 else None,
        worst_relative_error=errors[worst],
        bar=f"{printed.bar:g} relative" if printed.bar else "exact",
        holds=errors[worst] <= printed.bar if printed.bar else exact == len(pairs),
    )


def side_by_side(printed: Printed, pair: Pair) -> SideBySide:
    """Both values of one row as text, ours with two digits more than the reference prints."""
    ours = f"{pair.ours:.{printed.digits + 2}{'f' if printed.fixed else 'g'}}"
    equal = printed.equal(float(pair.printed), pair.ours)
    return SideBySide(printed.name, printed.unit, pair.printed, ours, equal)
