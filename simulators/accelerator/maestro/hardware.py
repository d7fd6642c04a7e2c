"""The array that MAESTRO prices: PEs with an L1 each, one L2, a network between and a link off the chip."""

from __future__ import annotations

from dataclasses import dataclass, fields

from archgym.simulators.accelerator.data_error import DataError


@dataclass(frozen=True, slots=True)
class Hardware:
    """One element is one byte. Capacities of None are unlimited; DataError where a value is not positive."""

    pes: int
    noc_bandwidth: int
    """Elements per cycle, the same at every level of clusters."""
    offchip_bandwidth: int
    """Elements per cycle."""
    l1_bytes: int | None = None
    """Per PE."""
    l2_bytes: int | None = None
    simd_lanes: int = 1
    """MACs per PE and cycle."""
    noc_hops: int = 1
    noc_hop_latency: int = 1
    """Cycles; hops x latency is what the first element of a transfer takes."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            unlimited = value is None and field.name in ("l1_bytes", "l2_bytes")
            least = 0 if field.name in ("noc_hops", "noc_hop_latency") else 1
            if not unlimited and (type(value) is not int or value < least):
                raise DataError(f"hardware: {field.name} = {value!r}: expected an integer of at least {least}")

    @property
    def noc_latency(self) -> int:
        """Cycles."""
        return self.noc_hops * self.noc_hop_latency
