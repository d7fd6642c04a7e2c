"""Prices of every combination of a few classes, depths, widths and banks, for batches of designs.

A price that takes tens of microseconds once is then an index into an array.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.pricing.component import ComponentSpec
from archgym.simulators.accelerator.pricing.technology import Technology

PRICES: Final = ("read_pj", "write_pj", "update_pj", "leak_pj", "area_um2")
"""The order of the last axis."""


def price_grid(
    technology: Technology,
    kinds: Sequence[str],
    depths: Sequence[int],
    widths_bits: Sequence[int],
    n_banks: Sequence[int] = (1,),
) -> NDArray[np.float64]:
    """``(kinds, depths, widths, banks, 5)`` prices in the order of `PRICES`; NaN where a size has no price.

    Raises `DataError` for a class that the technology does not have.
    """
    grid = np.full((len(kinds), len(depths), len(widths_bits), len(n_banks), len(PRICES)), np.nan)
    for (i, kind), (j, depth), (k, width), (b, banks) in itertools.product(
        enumerate(kinds), enumerate(depths), enumerate(widths_bits), enumerate(n_banks)
    ):
        try:
            price = technology.price(ComponentSpec(kind, depth, width, banks))
        except DataError:
            if kind not in technology.rules:
                raise
            continue
        grid[i, j, k, b] = [getattr(price, name) for name in PRICES]
    return grid
