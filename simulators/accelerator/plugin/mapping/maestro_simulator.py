"""Dataflows of one layer on an array of elements, priced as MAESTRO does: designs in, metrics out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from archgym.simulator import Evaluations, Metric, Status, Workload
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.maestro.batch import BatchEngine
from archgym.simulators.accelerator.maestro.dataflow import Dataflow
from archgym.simulators.accelerator.maestro.from_layer import from_layer
from archgym.simulators.accelerator.maestro.genes import as_convolution, mapping_from_genes
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import MaestroLayer
from archgym.simulators.accelerator.maestro.model import Outcome, too_large
from archgym.simulators.accelerator.maestro.physics import Physics
from archgym.simulators.accelerator.plugin.mapping.maestro_space import gene_space
from archgym.simulators.accelerator.plugin.mapping.timeloop_simulator import NAME, VERSION
from archgym.simulators.accelerator.plugin.units import CLOCK_HZ, J_PER_NJ, MM2_PER_UM2, W_PER_MW
from archgym.space import DesignBatch

METRICS: Final = (
    Metric(
        "energy", "J", "lower", "One occurrence of the layer: MACs, L1 and L2, no DRAM (physics decides what counts)."
    ),
    Metric("latency", "s", "lower", "One occurrence of the layer, at 1 GHz."),
    Metric("cycles", "cycles", "lower", "The same in clock cycles."),
    Metric("edp", "J s", "lower", "Energy x latency."),
    Metric("utilization", "1", "higher", "Active elements over all, averaged over the steps."),
    Metric("throughput", "1/cycle", "higher", "MACs a cycle, as MAESTRO counts MACs."),
    Metric("area", "mm2", "lower", "Elements, network, and buffers of the sizes that the mapping needs."),
    Metric("power", "W", "lower", "MAESTRO's power of such hardware; it says no unit, mW is presumed."),
    Metric("l1_bytes", "B", "lower", "What an element's buffer has to hold, twice."),
    Metric("l2_bytes", "B", "lower", "What the shared buffer has to hold, twice."),
    Metric("macs", "count", "none", "MACs that are counted; with MAESTRO's defects not always those of the layer."),
)


class MaestroMappingSimulator:
    """Prices dataflows of one occurrence of a layer, group after group. *threads* never changes a result."""

    name = NAME
    version = VERSION
    metrics = METRICS

    def __init__(
        self, workload: Workload, layer: Layer, hardware: Hardware, physics: Physics, threads: int = 1
    ) -> None:
        self.workload, self.layer, self.hardware, self.physics = workload, layer, hardware, physics
        self.threads = threads
        self._priced = maestro_layer(layer)
        self._genes = gene_space(self._priced, hardware.pes)
        self.space = self._genes.space
        self._engine = BatchEngine(self._priced, hardware, physics)

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Price every dataflow; one that cannot run or does not fit a buffer is infeasible, with the reason."""
        cost = self._engine.price(self._genes.genes(designs), threads=self.threads)
        groups = self.layer.groups
        cycles, energy = cost.runtime_cycles * groups, cost.energy_nj * (J_PER_NJ * groups)
        latency = cycles / CLOCK_HZ
        columns = (energy, latency, cycles, energy * latency, cost.utilisation, cost.throughput,
                   cost.area_um2 * MM2_PER_UM2, cost.power_mw * W_PER_MW, cost.l1_bytes, cost.l2_bytes,
                   cost.num_macs * groups)  # fmt: skip
        values = np.column_stack(columns).astype(np.float64)
        # Overlapping defects may leave a dataflow without any step: a runtime of 0 is no result.
        good = cost.fits & (cost.runtime_cycles > 0)
        values[~good] = np.nan
        status = np.where(good, np.uint8(Status.OK), np.uint8(Status.INFEASIBLE))
        messages = {}
        for row in np.flatnonzero(~good).tolist():
            wrong = self._engine.message(cost.counters[row])
            wrong = wrong or too_large(int(cost.l1_bytes[row]), int(cost.l2_bytes[row]), self.hardware)
            messages[row] = wrong or "no step has an output: it takes 0 cycles"
        return Evaluations(values, status, messages)

    def explain(self, design: Mapping[str, Any]) -> tuple[Dataflow, Outcome]:
        """One complete design as a dataflow, and MAESTRO's figures for one group."""
        [genes] = self._genes.genes(self.space.from_designs([design]))
        return mapping_from_genes(self._priced, genes), self._engine.outcome(genes)

    def __reduce__(self) -> tuple[Any, ...]:
        """Space and engine are built again where the simulator is unpickled."""
        return MaestroMappingSimulator, (self.workload, self.layer, self.hardware, self.physics, self.threads)


def maestro_layer(layer: Layer) -> MaestroLayer:
    """One group of *layer* in MAESTRO's terms; `DataError` for what its genes cannot say: dilated kernels, batches."""
    return as_convolution(from_layer(layer))
