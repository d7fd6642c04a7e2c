"""The simplest parts, of which formulas build the others: registers, comparators, adders and multipliers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from archgym.simulators.accelerator.data_file import Fields


@dataclass(frozen=True, slots=True)
class Primitive:
    """A part of *bits* bits: energy per use, leakage per cycle, area."""

    bits: int
    energy_pj: float
    leak_pj: float
    area_um2: float

    @classmethod
    def read(cls, entry: Fields) -> Primitive:
        """The primitive in a technology's file; `DataError` for a wrong value."""
        entry.keys_are("bits", "energy_pj", "leak_pj", "area_um2")
        return cls(entry.whole("bits"), *(entry.number(key) for key in ("energy_pj", "leak_pj", "area_um2")))

    def linear(self, bits: int) -> Primitive:
        """The same part with that many bits (0 or more), each of which costs the same."""
        return replace(self.times(bits / self.bits), bits=bits)

    def quadratic(self, bits: int) -> Primitive:
        """The same part with that many bits, each of which costs in proportion to the number of bits."""
        return replace(self.times((bits / self.bits) ** 2), bits=bits)

    def times(self, factor: float) -> Primitive:
        """As many of them as *factor* says."""
        return Primitive(self.bits, self.energy_pj * factor, self.leak_pj * factor, self.area_um2 * factor)
