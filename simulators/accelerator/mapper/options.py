"""How hard a mapper tries, and for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archgym.simulators.accelerator.data_error import DataError, check_whole

OBJECTIVES: Final = ("edp", "energy", "delay", "ed2p")
"""Energy x delay, energy, delay (among equals the one of less energy), energy x delay squared; the least is best."""


@dataclass(frozen=True, slots=True)
class MapperOptions:
    """Options of a search; `DataError` for a wrong value."""

    evaluations: int = 2000
    """Valid mappings priced, as Timeloop's mapper counts them. Candidates that do not fit, that were priced before or
    that a bound rules out are not counted. Complete enumerations have no such limit."""
    seed: int = 0
    objective: str = "edp"
    """One of `OBJECTIVES`."""
    exhaustive_limit: int = 10_000_000
    """Map spaces (`space.map_space_size`) of up to this many mappings are searched completely: what is found there is
    proven to be optimal. 0 is never."""

    def __post_init__(self) -> None:
        check_whole("mapper: evaluations", self.evaluations)
        check_whole("mapper: seed", self.seed, least=0, most=2**63 - 1)
        check_whole("mapper: exhaustive_limit", self.exhaustive_limit, least=0, most=2**50)
        if self.objective not in OBJECTIVES:
            raise DataError(f"mapper: objective: expected one of {', '.join(OBJECTIVES)}, got {self.objective!r}")


def score(objective: str, cycles: float, energy_pj: float) -> float:
    """What *objective* minimises: pJ x cycles, pJ, cycles, or pJ x cycles squared."""
    return {
        "edp": energy_pj * cycles,
        "energy": energy_pj,
        "delay": float(cycles),
        "ed2p": energy_pj * cycles * cycles,
    }[objective]
