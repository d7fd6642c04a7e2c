"""Address mappings: which bank, row and column a byte address means.

Each bit of a component is the exclusive-or of some address bits (one, usually). Choosing them is a design decision:
it sets how a stream spreads over banks, and hashing bank bits with row bits breaks up power-of-two strides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.part import Part

Bits = tuple[tuple[int, ...], ...]
"""One entry per component bit, lowest first: the address bits it is the exclusive-or of."""

COMPONENTS = ("byte", "column", "bank_group", "bank", "row")


@dataclass(frozen=True)
class AddressMapping:
    """A one-to-one mapping of addresses onto (byte, column, bank group, bank in group, row)."""

    name: str
    byte: Bits
    column: Bits
    bank_group: Bits
    bank: Bits
    """The bank within its group."""
    row: Bits

    @cached_property
    def address_bits(self) -> int:
        return sum(len(getattr(self, component)) for component in COMPONENTS)

    @property
    def capacity(self) -> int:
        """Bytes of the address space."""
        return 1 << self.address_bits

    def decode(
        self, addresses: NDArray[np.uint64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """``(n,)`` bank, bank group, row and column of each byte address.

        The bank is its number in the rank: group x banks per group + bank in the group. Bits above the space are
        ignored; see `check_addresses`.
        """
        group = _gather(addresses, self.bank_group)
        bank = _gather(addresses, self.bank) + group * np.int32(1 << len(self.bank))
        return bank, group, _gather(addresses, self.row), _gather(addresses, self.column)


def _gather(addresses: NDArray[np.uint64], bits: Bits) -> NDArray[np.int32]:
    """The component made of *bits*: one mask and shift for all bits that move by the same distance."""
    masks: dict[int, int] = {}
    for target, sources in enumerate(bits):
        for source in sources:
            masks[source - target] = masks.get(source - target, 0) | 1 << source
    value = np.zeros(addresses.shape, np.uint64)
    for distance, mask in masks.items():
        part = addresses & np.uint64(mask)
        value ^= part >> np.uint64(distance) if distance >= 0 else part << np.uint64(-distance)
    return value.astype(np.int32)


def check_addresses(mapping: AddressMapping, addresses: NDArray[np.uint64]) -> None:
    """Raise ValueError when an address is beyond the space of *mapping*, naming the first request that is."""
    beyond = np.flatnonzero(addresses >= np.uint64(mapping.capacity))
    if beyond.size:
        first = int(beyond[0])
        raise ValueError(
            f"request {first + 1}: address {int(addresses[first]):#x} is beyond the {mapping.capacity} bytes of the "
            f"part (highest address {mapping.capacity - 1:#x}); {beyond.size} of {addresses.size} requests are"
        )


def check_mapping(mapping: AddressMapping, part: Part) -> None:
    """Raise ValueError unless *mapping* has the part's bits and is one-to-one on its whole address space."""
    expected = {
        "byte": part.bytes_per_column,
        "column": part.columns,
        "bank_group": part.bank_groups,
        "bank": part.banks_per_group,
        "row": part.rows,
    }
    for component, size in expected.items():
        bits = getattr(mapping, component)
        if len(bits) != size.bit_length() - 1:
            raise ValueError(
                f"mapping {mapping.name!r}: {component}: expected {size.bit_length() - 1} bits for {part.name}, "
                f"got {len(bits)}"
            )
    for component in COMPONENTS:
        for sources in getattr(mapping, component):
            _check_sources(mapping, component, sources)
    used = {bit for component in COMPONENTS for sources in getattr(mapping, component) for bit in sources}
    missing = sorted(set(range(mapping.address_bits)) - used)
    if missing:
        raise ValueError(f"mapping {mapping.name!r}: address bits {missing} are not used")
    rows = [sum(1 << b for b in sources) for component in COMPONENTS for sources in getattr(mapping, component)]
    if _rank(rows) != mapping.address_bits:
        raise ValueError(f"mapping {mapping.name!r}: two addresses would mean the same cell (bits are not unique)")


def _check_sources(mapping: AddressMapping, component: str, sources: tuple[int, ...]) -> None:
    if not sources or len(set(sources)) != len(sources):
        raise ValueError(f"mapping {mapping.name!r}: {component}: expected distinct address bits, got {sources}")
    for bit in sources:
        if not 0 <= bit < mapping.address_bits:
            raise ValueError(
                f"mapping {mapping.name!r}: {component}: address bit {bit} is outside 0..{mapping.address_bits - 1}"
            )


def _rank(rows: Sequence[int]) -> int:
    """The rank of a matrix over GF(2), a row being the bits of a number."""
    basis: dict[int, int] = {}
    for row in rows:
        while row:
            top = row.bit_length()
            if top not in basis:
                basis[top] = row
                break
            row ^= basis[top]
    return len(basis)
