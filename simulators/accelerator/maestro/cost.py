"""What a mapping costs: exact counts of one analysis, and energy, area and power that follow from them.

The formulas take integers and arrays of them alike, so that the kernel's batches give the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.simulators.accelerator.maestro.hardware import Hardware

# MAESTRO's constants: energies in MACs, areas of a 28 nm library.
MAC_NJ = 0.00023
L1_ENERGY = 1.68
L2_ENERGY = 18.61


@dataclass(frozen=True, slots=True)
class Cost:
    """One layer under one dataflow."""

    runtime_cycles: int
    energy_nj: float
    throughput: float
    """MACs per cycle; 0 where nothing runs."""
    area_um2: float
    power_mw: float
    l1_bytes: int
    """Required per PE, double-buffered."""
    l2_bytes: int
    """Required, double-buffered."""
    noc_bandwidth: int
    """Elements per cycle at the peak."""
    offchip_bandwidth: int
    num_macs: int
    true_macs: int
    """Of the layer; `num_macs` differs where the dataflow skips or repeats elements, or a defect miscounts."""
    active_pes: float
    """Average over the steps."""
    l1: Mapping[str, tuple[int, int]]
    """I, W, O -> elements (read, written)."""
    l2: Mapping[str, tuple[int, int]]


def energy_nj(l1: Any, l2: Any, macs: Any) -> Any:
    """nJ of sums of L1 and L2 accesses and of MACs: integers, or arrays of them."""
    return MAC_NJ * (macs + L2_ENERGY * l2 + L1_ENERGY * l1)


def area_um2(l1_bytes: Any, l2_bytes: Any, hardware: Hardware) -> Any:
    """um^2 of PEs, buffers of the *required* sizes, network and arbiter."""
    n = hardware.pes
    l1, l2 = np.maximum(l1_bytes, 1), np.maximum(l2_bytes, 1)
    bus = 101.7938 * (14.662 * n + 28.895) * hardware.noc_bandwidth
    arbiter = max(395.473, 395.473 * _arbiter(n))
    return n * (283 * hardware.simd_lanes + 0.104 * l1) + 0.104 * l2 + bus + arbiter


def power_mw(l1_bytes: Any, l2_bytes: Any, hardware: Hardware) -> Any:
    """As `area_um2`; MAESTRO does not say the unit, mW is presumed."""
    n = hardware.pes
    l1, l2 = np.maximum(l1_bytes, 1), np.maximum(l2_bytes, 1)
    bus = 0.0008 * (14.662 * n + 28.895) * hardware.noc_bandwidth
    arbiter = max(0.34, 0.00034 * _arbiter(n))
    return n * (1.2223 * hardware.simd_lanes + 0.00345 * l1) + 0.00345 * l2 + bus + arbiter


def _arbiter(pes: int) -> float:
    return 1.2886 * pes * pes + 5.5814 * pes - 23.711
