"""What a search found: one layer on one accelerator."""

from __future__ import annotations

from dataclasses import dataclass

from archgym.simulators.accelerator.mapping import Mapping


@dataclass(frozen=True, slots=True)
class MapResult:
    """The best mapping and how good it is, of one occurrence of the layer."""

    mapping: Mapping | None
    """None if no mapping is valid; then cycles, energy and score are 0, NaN and NaN."""
    cycles: int
    energy_pj: float
    score: float
    """What the objective minimises."""
    component_pj: tuple[float, ...]
    """Energy of each level, outermost first, and of the multipliers: together `energy_pj`."""
    lower_bound: float
    """A score that no mapping can beat, whatever was searched."""
    bound_cycles: float
    bound_pj: float
    """No mapping that the constraints allow takes fewer cycles, and none less energy."""
    evaluations: int
    """Valid mappings that the engine priced."""
    invalid: int
    """Candidates that it rejected."""
    optimal: bool
    """Proven: no allowed mapping is better (or, without a mapping, none is valid)."""
    reason: str | None = None
    """Why no mapping is valid: what the nearest miss lacks. None if there is one."""

    @property
    def valid(self) -> bool:
        return self.mapping is not None

    @property
    def gap(self) -> float:
        """How far the score is above the bound, in parts of the bound; NaN without a mapping. A proven optimum has a
        gap, too: the bound is what is loose then."""
        return self.score / self.lower_bound - 1
