"""Where a mapper may put which factors: what Timeloop calls mapspace constraints, for any architecture.

Every level has three slots, its temporal loops and its spatial loops in X and in Y. A slot names the dimensions that
may have a factor there, those whose whole size is there, and the order of the loops. A dimension that is in neither
has the factor 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archgym.simulators.accelerator.architecture import Architecture, check_tensors
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import DIMS


@dataclass(frozen=True, slots=True)
class SlotConstraint:
    """One slot of a level; `DataError` for a dimension that is unknown, both free and full, or twice in the order."""

    free: frozenset[str] = frozenset()
    """Dimensions that may have any factor here."""
    full: frozenset[str] = frozenset()
    """Dimensions whose whole size is the factor here; no other slot has them."""
    order: tuple[str, ...] | None = None
    """Loops from the outer to the inner one; None is any order."""

    def __post_init__(self) -> None:
        used = self.free | self.full
        if not used <= set(DIMS) or self.free & self.full:
            raise DataError(f"constraint: expected each of {', '.join(DIMS)} as free or as full, got {sorted(used)}")
        if self.order is not None and (len(set(self.order)) < len(self.order) or set(self.order) != used):
            raise DataError(f"constraint: order: expected each of {sorted(used)} once, got {', '.join(self.order)}")

    @property
    def dims(self) -> frozenset[str]:
        """The dimensions that may have a factor other than 1 here."""
        return self.free | self.full


ANYTHING = SlotConstraint(free=frozenset(DIMS))
NOTHING = SlotConstraint()


@dataclass(frozen=True, slots=True)
class LevelConstraint:
    """The slots of one level, and the tensors that it keeps."""

    level: str
    keep: frozenset[str] | None
    """Exactly these; None leaves every tensor that the level may hold to the mapper."""
    temporal: SlotConstraint = ANYTHING
    spatial_x: SlotConstraint = ANYTHING
    spatial_y: SlotConstraint = ANYTHING

    def __post_init__(self) -> None:
        if self.keep is not None:
            check_tensors(f"constraint of level {self.level!r}: keep", self.keep)


@dataclass(frozen=True, slots=True)
class MapConstraints:
    """Constraints of every level, outermost first; `DataError` if a dimension is full in two slots, or full in one and
    free in another."""

    levels: tuple[LevelConstraint, ...]

    def __post_init__(self) -> None:
        slots = [
            (f"{level.level}.{part}", getattr(level, part))
            for level in self.levels
            for part in ("temporal", "spatial_x", "spatial_y")
        ]
        for dim in DIMS:
            users = [name for name, slot in slots if dim in slot.dims]
            if any(dim in slot.full for _, slot in slots) and len(users) > 1:
                raise DataError(f"constraints: {dim}: expected a full dimension in one slot only, got {users}")

    def check_fits(self, architecture: Architecture) -> None:
        """The levels are those of *architecture*; `DataError` otherwise, and if a level is to keep what it cannot."""
        names = [level.name for level in architecture.levels]
        own = [level.level for level in self.levels]
        if own != names:
            raise DataError(f"constraints: expected the levels {', '.join(names)}, got {', '.join(own)}")
        for constraint, level in zip(self.levels, architecture.levels, strict=True):
            if constraint.keep is not None and not constraint.keep <= level.keeps:
                extra = ", ".join(sorted(constraint.keep - level.keeps))
                raise DataError(f"constraints: level {level.name!r}: it cannot keep {extra}")

    @classmethod
    def unconstrained(cls, architecture: Architecture) -> MapConstraints:
        """Anything anywhere. Slots without a fan-out are empty, because a factor there could only be 1."""
        levels: list[LevelConstraint] = []
        for i, level in enumerate(architecture.levels):
            x, y = (ANYTHING if fan > 1 else NOTHING for fan in architecture.fan_out(i))
            levels.append(LevelConstraint(level.name, None, ANYTHING, x, y))
        return cls(tuple(levels))


def slot(free: Sequence[str] = (), full: Sequence[str] = (), order: Sequence[str] | None = None) -> SlotConstraint:
    """A `SlotConstraint` in short: ``slot("CM", "S", order="MCS")``."""
    return SlotConstraint(frozenset(free), frozenset(full), None if order is None else tuple(order))
