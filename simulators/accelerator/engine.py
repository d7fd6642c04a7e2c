"""The accelerator engine: one architecture and one layer, ready to price any number of mappings.

A price is a pure function of architecture, layer and mapping: batches may be split over threads and reordered without
changing a bit of any result.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator import kernel
from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.batch import MappingBatch
from archgym.simulators.accelerator.costs import Costs
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.explain import explained
from archgym.simulators.accelerator.layer import DIMS, TENSORS, Layer
from archgym.simulators.accelerator.mapping import Mapping
from archgym.simulators.accelerator.results import BatchResult, NestResult

CHUNK: Final = 4096
"""Mappings a thread takes at a time."""


class Engine:
    """Prices mappings of *layer* on *architecture*. Threads may share one."""

    def __init__(self, architecture: Architecture, layer: Layer) -> None:
        self.architecture = architecture
        self.layer = layer
        self.costs = Costs.of(architecture)
        self._table = kernel_table(architecture, layer)

    def evaluate(
        self,
        batch: MappingBatch,
        *,
        threads: int = 1,
        costs: Costs | None = None,
        activity: bool = False,
        counts: bool = False,
    ) -> BatchResult:
        """Every mapping of *batch*, with the architecture's own costs unless others are given.

        *activity* is for pricing in other technologies, *counts* for accesses by level and tensor; both take memory.
        Raises `DataError` for a batch or costs of another number of levels; a bad mapping has a status instead.
        """
        n, levels = len(batch), len(self.architecture.levels)
        costs = costs or self.costs
        for what, got in (("batch", batch.levels), ("costs", len(costs.level_pj))):
            if got != levels:
                raise DataError(f"{what}: expected the {levels} levels of {self.architecture.name!r}, got {got}")
        result = BatchResult(
            architecture=self.architecture,
            layer=self.layer,
            status=np.zeros(n, np.int64),
            detail=np.zeros((n, 7), np.int64),
            cycles=np.zeros(n, np.int64),
            energy_pj=np.full(n, np.nan),
            component_pj=np.full((n, levels + 1), np.nan),
            activity=np.zeros((n, levels, 4), np.int64) if activity else None,
            counts=np.zeros((n, levels, 3, 4), np.int64) if counts else None,
            level_cycles=np.zeros((n, levels), np.int64) if counts else None,
        )
        if threads == 1 or n <= CHUNK:
            self._run(batch, costs.table, result, 0, n)
            return result
        with ThreadPoolExecutor(threads) as pool:
            jobs = [
                pool.submit(self._run, batch, costs.table, result, at, min(at + CHUNK, n)) for at in range(0, n, CHUNK)
            ]
            for job in jobs:
                job.result()
        return result

    def explain(self, mapping: Mapping) -> NestResult:
        """Everything about *mapping*, or why it is invalid. `DataError` if it has another number of levels."""
        return explained(self.evaluate(MappingBatch.of([mapping]), counts=True), mapping)

    def _run(self, batch: MappingBatch, costs: NDArray[np.float64], to: BatchResult, begin: int, end: int) -> None:
        """Rows *begin* to *end*, with scratch memory of its own."""
        most = max(math.prod(self.architecture.fan_out(level)) for level in range(batch.levels))
        most = min(most, self.layer.one_group.macs)  # children that a valid mapping can have
        kernel.evaluate(
            self._table,
            costs,
            batch.factors,
            batch.orders,
            batch.keep,
            begin,
            end,
            np.zeros(1, kernel.SCRATCH_DTYPE)[0],
            np.empty(most, kernel.CHILD_DTYPE),
            np.empty(4 * most, np.int64),
            to.status,
            to.detail,
            to.cycles,
            to.energy_pj,
            to.component_pj,
            np.zeros((0, 0, 0), np.int64) if to.activity is None else to.activity,
            np.zeros((0, 0, 0, 0), np.int64) if to.counts is None else to.counts,
            np.zeros((0, 0), np.int64) if to.level_cycles is None else to.level_cycles,
        )


def kernel_table(architecture: Architecture, layer: Layer) -> Any:
    """A `kernel.TABLE_DTYPE` record: *layer* and the shape of *architecture* in the kernel's layout."""
    table = np.zeros(1, kernel.TABLE_DTYPE)[0]
    table.levels, table.groups, table.macs = len(architecture.levels), layer.groups, layer.one_group.macs
    table.depthwise = layer.kind == "depthwise"
    table.bound[: len(DIMS)] = layer.one_group.sizes
    axis_of = {"N": kernel.AXIS_OTHER, "C": kernel.AXIS_OTHER}
    axis_of |= {"P": kernel.AXIS_X, "R": kernel.AXIS_X, "Q": kernel.AXIS_Y, "S": kernel.AXIS_Y}
    for tensor, axes in layer.axes.items():
        for dim, coefficient in (term for axis in axes for term in axis):
            at = DIMS.index(dim)
            if tensor == "I":
                table.moves[at] |= axis_of[dim]
                table.coefficient[at] = coefficient
            else:
                table.moves[at] |= kernel.MOVES_W if tensor == "W" else kernel.MOVES_O
    for i, level in enumerate(architecture.levels):
        table.keeps[i] = sum(1 << TENSORS.index(tensor) for tensor in level.keeps)
        table.capacity[i] = kernel.UNLIMITED if level.capacity_words is None else level.capacity_words
        table.block[i] = level.block_words
        power_of_two = level.block_words & (level.block_words - 1) == 0
        table.block_bits[i] = level.block_words.bit_length() - 1 if power_of_two else -1
        table.mesh_x[i], table.mesh_y[i] = architecture.fan_out(i)
        table.read_bandwidth[i] = math.inf if level.read_bandwidth is None else level.read_bandwidth
        table.write_bandwidth[i] = math.inf if level.write_bandwidth is None else level.write_bandwidth
    return table
