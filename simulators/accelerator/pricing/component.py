"""What is asked of a technology, a component, and what comes back, a price."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from archgym.simulators.accelerator.data_error import DataError, check_whole


@dataclass(frozen=True, slots=True)
class ComponentSpec:
    """A component of class *kind* (``SRAM``, ``regfile``, ``DRAM``, ``intmac``, …); `DataError` for a wrong size."""

    kind: str
    depth: int = 1
    """Words of ``width_bits``, over all banks."""
    width_bits: int = 16
    """Bits of one access, which is of one word."""
    n_banks: int = 1
    n_rw_ports: int | None = None
    """Ports that read and write; None is what the technology builds this class with."""

    def __post_init__(self) -> None:
        for field in ("depth", "width_bits", "n_banks"):
            check_whole(f"component {self.kind!r}: {field}", getattr(self, field))
        if self.n_rw_ports is not None:
            check_whole(f"component {self.kind!r}: n_rw_ports", self.n_rw_ports)

    @property
    def address_bits(self) -> int:
        """The smallest number of bits that count to the depth: 0 for one word."""
        return (self.depth - 1).bit_length()

    def __str__(self) -> str:
        return f"{self.kind} of {self.depth} words of {self.width_bits} bits"


@dataclass(frozen=True, slots=True)
class Price:
    """What one instance costs."""

    read_pj: float
    """Per access of the full width; of a multiplier, per multiplication and accumulation."""
    write_pj: float
    update_pj: float
    """A partial sum that comes back: a write, in every technology here."""
    leak_pj: float
    """Per cycle, in use or not."""
    area_um2: float
    source: str
    """Where the numbers come from, and what was done to them."""

    def __post_init__(self) -> None:
        for field in ("read_pj", "write_pj", "update_pj", "leak_pj", "area_um2"):
            value = getattr(self, field)
            if not (math.isfinite(value) and value >= 0):
                raise DataError(f"{self.source}: {field}: expected a finite number from 0 on, got {value}")

    def times(self, *, energy: float = 1.0, leak: float = 1.0, area: float = 1.0) -> Price:
        """The price with its energies, leakage and area multiplied."""
        return replace(
            self,
            read_pj=self.read_pj * energy,
            write_pj=self.write_pj * energy,
            update_pj=self.update_pj * energy,
            leak_pj=self.leak_pj * leak,
            area_um2=self.area_um2 * area,
        )

    def plus(self, energy_pj: float, leak_pj: float, area_um2: float, source: str) -> Price:
        """The price with something beside it that costs *energy_pj* at every access."""
        return Price(
            self.read_pj + energy_pj,
            self.write_pj + energy_pj,
            self.update_pj + energy_pj,
            self.leak_pj + leak_pj,
            self.area_um2 + area_um2,
            f"{self.source} + {source}",
        )
