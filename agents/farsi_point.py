"""What an architecture-aware searcher remembers of a design that has a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from archgym.architecture import Explanation, Move
from archgym.design_keys import Codes

GAIN = 0.01
"""A step that improves the merit by a smaller share has failed: gains that shrink and shrink must not hold a task."""


@dataclass(slots=True, eq=False)
class Point:
    """A design with a result."""

    design: Mapping[str, Any]
    values: Mapping[str, float]
    rank: tuple[float, float]
    energy: float
    explanation: Explanation | None = None
    exhausted: bool = False
    """No move leads to a design that is not known yet."""
    made: dict[Move, list[Codes]] = field(default_factory=dict)
    """What the moves that were looked at lead to."""

    def gained_on(self, before: Point) -> bool:
        """Whether it is better by more than a little."""
        least = GAIN * abs(before.rank[0])
        return self.rank < before.rank and (self.rank[0] < before.rank[0] - least or self.rank[0] == before.rank[0])
