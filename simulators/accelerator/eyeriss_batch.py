"""Sizes, prices and areas of many of ArchGym's Eyeriss-like designs at once, out of tables made once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.eyeriss import BUFFERS, DRAM_BLOCK_WORDS, PARAMETERS, WORD_BITS, Buffer
from archgym.simulators.accelerator.pricing.component import ComponentSpec
from archgym.simulators.accelerator.pricing.price_grid import PRICES, price_grid
from archgym.simulators.accelerator.pricing.technology import Technology

LEVELS: Final = ("DRAM", *(buffer.level for buffer in BUFFERS))
UNLIMITED: Final = 2**62
"""The capacity of DRAM in an array."""
_COLUMN: Final = {name: i for i, name in enumerate(PARAMETERS)}


@dataclass(frozen=True, slots=True, eq=False)
class EyerissBatch:
    """Arrays of *n* designs; the levels are `LEVELS`, and the multipliers come last in ``mesh``."""

    prices: NDArray[np.float64]
    """``(n, 6, 5)`` pJ per access of a block, pJ per cycle and um2 of one instance, in the order of
    `price_grid.PRICES`; NaN where a size has no price."""
    capacity_words: NDArray[np.int64]
    """``(n, 6)``"""
    block_words: NDArray[np.int64]
    """``(n, 6)``"""
    bandwidth: NDArray[np.float64]
    """``(n, 6, 2)`` words per cycle and instance, read and write; infinite where there is no limit."""
    mesh: NDArray[np.int64]
    """``(n, 7, 2)`` instances in X and Y."""
    mac: NDArray[np.float64]
    """``(5,)`` prices of one multiplier."""

    @property
    def area_um2(self) -> NDArray[np.float64]:
        """``(n,)``; NaN where a level has no price."""
        instances = self.mesh.prod(axis=2)
        buffers: NDArray[np.float64] = (self.prices[:, :, -1] * instances[:, :-1]).sum(axis=1)
        multipliers: NDArray[np.float64] = self.mac[-1] * instances[:, -1]
        return np.add(buffers, multipliers)


class EyerissTables:
    """All prices of ArchGym's space in one technology. Making it takes tens of milliseconds, a design a microsecond.

    Raises `DataError` if the technology lacks one of the classes.
    """

    def __init__(self, technology: Technology) -> None:
        self._grids = {buffer.prefix: _grid(buffer, technology) for buffer in BUFFERS}
        self._dram = _row(technology, ComponentSpec("DRAM", width_bits=DRAM_BLOCK_WORDS * WORD_BITS))
        self._mac = _row(technology, ComponentSpec("intmac", width_bits=WORD_BITS))

    def batch(self, designs: NDArray[np.integer]) -> EyerissBatch:
        """``(n, 26)`` indices into the values of `eyeriss.PARAMETERS`, from 0, in its order. Raises `DataError`."""
        _check(designs)
        n = len(designs)
        prices = np.empty((n, len(LEVELS), len(PRICES)))
        capacity = np.full((n, len(LEVELS)), UNLIMITED, np.int64)
        block = np.full((n, len(LEVELS)), DRAM_BLOCK_WORDS, np.int64)
        bandwidth = np.full((n, len(LEVELS), 2), np.inf)
        prices[:, 0] = self._dram
        for i, buffer in enumerate(BUFFERS, start=1):
            index = [_indices(designs, f"{buffer.prefix}_{name}") for name in ("class", "depth", "block_words")]
            banks = _indices(designs, f"{buffer.prefix}_n_banks")
            prices[:, i] = self._grids[buffer.prefix][(*index, banks)]
            block[:, i] = _values(designs, f"{buffer.prefix}_block_words")
            capacity[:, i] = _values(designs, f"{buffer.prefix}_depth") * block[:, i]
            for j, port in enumerate(("read", "write")):
                if f"{buffer.prefix}_{port}_bandwidth" in PARAMETERS:
                    bandwidth[:, i, j] = _values(designs, f"{buffer.prefix}_{port}_bandwidth")
        return EyerissBatch(prices, capacity, block, bandwidth, _mesh(designs), self._mac)


def _grid(buffer: Buffer, technology: Technology) -> NDArray[np.float64]:
    names = [str(kind) for kind in PARAMETERS[f"{buffer.prefix}_class"]]
    depths, blocks = (_whole(f"{buffer.prefix}_{name}") for name in ("depth", "block_words"))
    banks = _whole(f"{buffer.prefix}_n_banks") if f"{buffer.prefix}_n_banks" in PARAMETERS else [1]
    return price_grid(technology, names, depths, [block * WORD_BITS for block in blocks], banks)


def _row(technology: Technology, spec: ComponentSpec) -> NDArray[np.float64]:
    price = technology.price(spec)
    return np.array([getattr(price, name) for name in PRICES])


def _mesh(designs: NDArray[np.integer]) -> NDArray[np.int64]:
    """``(n, 7, 2)``; every legal number of elements is a multiple of every legal number of columns."""
    columns = _values(designs, "mesh_x")
    rows = _values(designs, "n_pes") // columns
    mesh = np.ones((len(designs), len(LEVELS) + 1, 2), np.int64)
    mesh[:, -1] = np.stack([columns, rows], axis=1)
    for i, buffer in enumerate(BUFFERS, start=1):
        if buffer.per_column or buffer.per_element:
            mesh[:, i, 0] = columns
        if buffer.per_element:
            mesh[:, i, 1] = rows
    return mesh


def _whole(name: str) -> list[int]:
    return [int(value) for value in PARAMETERS[name]]


def _indices(designs: NDArray[np.integer], name: str) -> NDArray[np.integer]:
    """The column of a parameter; zeros where there is none (only one level has banks)."""
    return designs[:, _COLUMN[name]] if name in PARAMETERS else np.zeros(len(designs), np.int64)


def _values(designs: NDArray[np.integer], name: str) -> NDArray[np.int64]:
    values: NDArray[np.int64] = np.array(_whole(name), np.int64)[_indices(designs, name)]
    return values


def _check(designs: NDArray[np.integer]) -> None:
    if designs.ndim != 2 or designs.shape[1] != len(PARAMETERS) or designs.dtype.kind not in "iu":
        raise DataError(
            f"eyeriss: expected whole numbers (n, {len(PARAMETERS)}), i.e. designs by parameters, "
            f"got {designs.dtype} {designs.shape}"
        )
    for name, column in _COLUMN.items():
        wrong = (designs[:, column] < 0) | (designs[:, column] >= len(PARAMETERS[name]))
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"eyeriss: design {row}: {name}: expected an index below {len(PARAMETERS[name])}, "
                f"got {designs[row, column]}"
            )
