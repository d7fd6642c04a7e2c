"""Prices many mappings of one layer at once: rows of genes in, columns out, on any number of threads.

Integers come from the kernel, energy, area and power from them in float64; a batch may be split or reordered without
changing a bit. What the kernel leaves to the readable model (mappings whose very first step has no output) costs more
time, not accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archgym.simulators.accelerator.maestro import kernel
from archgym.simulators.accelerator.maestro.cost import area_um2, energy_nj, power_mw
from archgym.simulators.accelerator.maestro.genes import (
    DIMS,
    PARALLEL,
    as_convolution,
    check_genes,
    gene_limits,
    mapping_from_genes,
)
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer
from archgym.simulators.accelerator.maestro.levels import level_zero_extents
from archgym.simulators.accelerator.maestro.model import Outcome, Status, evaluate
from archgym.simulators.accelerator.maestro.physics import Defect, Physics, Revision

CHUNK: Final = 1024
"""Mappings that a thread takes at a time."""
_LEVELS: Final = ("outer", "inner")


@dataclass(frozen=True, slots=True, eq=False)
class BatchCost:
    """Columns of equal length, one row per mapping; values of unmappable rows are 0."""

    status: NDArray[np.int64]
    """`kernel.OK` or what is wrong; `BatchEngine.outcome` says it in words."""
    runtime_cycles: NDArray[np.int64]
    energy_nj: NDArray[np.float64]
    throughput: NDArray[np.float64]
    """MACs per cycle."""
    area_um2: NDArray[np.float64]
    power_mw: NDArray[np.float64]
    l1_bytes: NDArray[np.int64]
    l2_bytes: NDArray[np.int64]
    num_macs: NDArray[np.int64]
    active_pes: NDArray[np.float64]
    utilisation: NDArray[np.float64]
    """Active PEs over all PEs, averaged over the steps."""
    fits: NDArray[np.bool_]
    """Mappable, and within the capacities of the hardware."""
    counters: NDArray[np.int64]
    """``(n, kernel.RESULTS)``."""

    def __len__(self) -> int:
        return int(self.status.shape[0])

    @property
    def mappable(self) -> NDArray[np.bool_]:
        mappable: NDArray[np.bool_] = self.status == kernel.OK
        return mappable


class BatchEngine:
    """One layer on one piece of hardware under one physics, for any number of mappings.

    DataError for a layer that has no genes (see `genes.as_convolution`).
    """

    def __init__(self, layer: MaestroLayer, hardware: Hardware, physics: Physics) -> None:
        self.layer, self.hardware, self.physics = as_convolution(layer), hardware, physics
        self.limits = gene_limits(layer)
        self._constants = _constants(self.layer, hardware, physics, self.limits)

    def price(self, genes: ArrayLike, *, threads: int = 1) -> BatchCost:
        """Prices ``(n, 27)`` integers (`genes`); DataError for another shape, a bad mapping is a status."""
        rows = check_genes(genes)
        counters = np.zeros((len(rows), kernel.RESULTS), np.int64)
        pes = np.zeros(len(rows), np.float64)
        if threads <= 1 or len(rows) <= CHUNK:
            kernel.price_batch(rows, counters, pes, kernel.workspace(), self._constants)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(lambda part: self._price_part(rows[part], counters[part], pes[part]), _parts(len(rows))))
        for i in np.flatnonzero(counters[:, kernel.STATUS] == kernel.ASK_MODEL):
            pes[i] = self._ask_model(rows[i], counters[i])
        return self._columns(counters, pes)

    def outcome(self, genes: ArrayLike) -> Outcome:
        """One row in words and with every figure, by the readable model; never raises for a bad mapping."""
        rows = check_genes(np.asarray(genes)[np.newaxis])
        result = self.price(rows)
        problem = self.message(result.counters[0])
        if problem and result.status[0] not in (kernel.NOTHING_NEW, kernel.NO_OUTPUT):
            return Outcome(Status.UNMAPPABLE, problem, None)
        return evaluate(self.layer, mapping_from_genes(self.layer, rows[0]), self.hardware, self.physics)

    def message(self, counters: NDArray[np.int64]) -> str:
        """What is wrong with a row of `BatchCost.counters`: which level, and by how much; empty where it has a cost."""
        status = int(counters[kernel.STATUS])
        level = _LEVELS[int(counters[kernel.LEVEL])]
        excess = int(counters[kernel.EXCESS])
        by = f"{excess} too large" if excess > 0 else f"{-excess} too small"
        if status == kernel.BAD_TILE:
            most = "the outer tile" if level == "inner" else "the layer's extent"
            return f"{level} tile of {DIMS[int(counters[kernel.DIM])]}: {by}: expected 1 to {most}"
        if status == kernel.BAD_KERNEL:
            dim = DIMS[int(counters[kernel.DIM])]
            return f"{level} tile of {dim}: {-excess} less than the kernel's {self.layer.extents[dim]}; hold it whole"
        if status == kernel.BAD_CLUSTER:
            return f"cluster size: {by}: expected 1 to {self.hardware.pes} PEs"
        if status == kernel.BAD_PARALLEL:
            have = PARALLEL[1:] if self.layer.kind is Kind.DSCONV else PARALLEL
            return f"{level} parallel dimension {int(counters[kernel.DIM])}: expected the index of one of {have}"
        return {
            kernel.OK: "",
            kernel.BAD_ORDER: f"{level} order: expected a permutation of 0 to {len(DIMS) - 1}",
            kernel.NOTHING_NEW: "a loop advances, but nothing in its tile is new",
            kernel.NO_OUTPUT: "outer level: a step takes 0 cycles, because no PE has an output",
        }[status]

    def _price_part(self, genes: NDArray[np.int64], counters: NDArray[np.int64], pes: NDArray[np.float64]) -> None:
        kernel.price_batch(genes, counters, pes, kernel.workspace(), self._constants)

    def _ask_model(self, genes: NDArray[np.int64], counters: NDArray[np.int64]) -> float:
        """Fills *counters* from the readable model; the average of active PEs."""
        cost = evaluate(self.layer, mapping_from_genes(self.layer, genes), self.hardware, self.physics).cost
        counters[:] = 0
        if cost is None:
            counters[kernel.STATUS] = kernel.NO_OUTPUT
            return 0.0
        strided = not self.physics.has(Defect.STRIDE)
        taken = [0 if self.physics.has(Defect.L1_WRITES) else cost.l1[t][1] for t in ("I", "W")]
        counters[kernel.CYCLES :] = (
            cost.runtime_cycles,
            cost.num_macs,
            cost.l1["O"][0],
            cost.l2["I"][0],
            cost.l2["W"][0],
            cost.l2["O"][1],
            cost.l2["O"][0] - self.layer.size("O", strided=strided),
            *taken,
            cost.l1_bytes,
            cost.l2_bytes,
        )
        return cost.active_pes

    def _columns(self, counters: NDArray[np.int64], pes: NDArray[np.float64]) -> BatchCost:
        good = counters[:, kernel.STATUS] == kernel.OK
        counters[np.ix_(~good, range(kernel.CYCLES, kernel.RESULTS))] = 0
        cycles, macs = counters[:, kernel.CYCLES], counters[:, kernel.MACS]
        l1, l2 = counters[:, kernel.L1], counters[:, kernel.L2]
        hardware = self.hardware
        fits = good.copy()
        for need, capacity in ((l1, hardware.l1_bytes), (l2, hardware.l2_bytes)):
            if capacity is not None:
                fits &= need <= capacity
        return BatchCost(
            status=counters[:, kernel.STATUS],
            runtime_cycles=cycles,
            energy_nj=np.where(good, self._energy(counters, pes), 0.0),
            throughput=np.divide(macs, cycles, out=np.zeros(len(cycles)), where=cycles != 0),
            area_um2=np.where(good, area_um2(l1, l2, hardware), 0.0),
            power_mw=np.where(good, power_mw(l1, l2, hardware), 0.0),
            l1_bytes=l1,
            l2_bytes=l2,
            num_macs=macs,
            active_pes=pes,
            utilisation=pes / hardware.pes,
            fits=fits,
            counters=counters,
        )

    def _energy(self, counters: NDArray[np.int64], pes: NDArray[np.float64]) -> NDArray[np.float64]:
        """`model.evaluate`'s, from the same integers."""
        column = counters.T
        fetched = column[kernel.IN_I] + column[kernel.IN_W]
        filled = self.layer.size("I") + self.layer.size("W")
        l2 = fetched + filled + column[kernel.EGRESS]
        taken = fetched if self.physics.has(Defect.L1_WRITES) else column[kernel.TAKEN_I] + column[kernel.TAKEN_W]
        l1 = 2 * column[kernel.MACS] + taken + 2 * column[kernel.OUTPUT_MACS]
        if not self.physics.has(Defect.ENERGY):
            drained = self.layer.size("O", strided=not self.physics.has(Defect.STRIDE)) + column[kernel.REFILL]
            energy = energy_nj(l1, l2 + drained, column[kernel.MACS])
        else:  # two levels: the L1 is charged only where no step of the outer one has an output
            energy = energy_nj(np.where(pes == 0, l1, 0), l2, 0)
        result: NDArray[np.float64] = energy
        return result


def _parts(n: int) -> Iterator[slice]:
    return (slice(at, at + CHUNK) for at in range(0, n, CHUNK))


def _constants(
    layer: MaestroLayer, hardware: Hardware, physics: Physics, limits: NDArray[np.int64]
) -> NDArray[np.int64]:
    constants = np.zeros(kernel.CONSTANTS, np.int64)
    constants[: kernel.EXTENT] = (
        layer.kind is Kind.DSCONV,
        hardware.pes,
        hardware.noc_bandwidth,
        hardware.noc_latency,
        hardware.offchip_bandwidth,
        hardware.simd_lanes,
        layer.stride_y,
        layer.stride_x,
        layer.R,
        layer.S,
        physics.revision is Revision.ARCHGYM,
    )
    extents = level_zero_extents(layer, physics)
    constants[kernel.EXTENT : kernel.LIMIT] = [extents[dim] for dim in DIMS]
    if layer.kind is Kind.DSCONV:
        constants[kernel.EXTENT] = 1
    constants[kernel.LIMIT : kernel.LIMIT + 6] = limits
    for number, defect in enumerate(Defect, start=1):
        constants[kernel.DEFECT + number] = physics.has(defect)
    return constants
