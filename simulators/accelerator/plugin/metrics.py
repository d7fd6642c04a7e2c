"""What the accelerator simulator reports, with units and exact meanings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archgym.simulator import Metric
from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapper.search import MapResult
from archgym.simulators.accelerator.plugin.eyeriss_decoding import SPADS
from archgym.simulators.accelerator.plugin.units import CLOCK_HZ, J_PER_PJ, MM2_PER_UM2

METRICS: Final = (
    Metric("energy", "J", "lower", "All layers, as often as each occurs, with leakage."),
    Metric("latency", "s", "lower", "All layers one after another, at 1 GHz."),
    Metric("cycles", "cycles", "lower", "The same in clock cycles."),
    Metric("edp", "J s", "lower", "Energy x latency of the whole workload."),
    Metric("area", "mm2", "lower", "Buffers and multipliers; no wires, no control, no DRAM."),
    Metric("utilization", "1", "higher", "Multiplications per multiplier and cycle."),
    Metric("energy_dram", "J", "lower", "Accesses to DRAM."),
    Metric("energy_glb", "J", "lower", "Accesses to the shared buffer, and its leakage."),
    Metric("energy_spads", "J", "lower", "Accesses to the buffers in the elements, and their leakage."),
    Metric("energy_mac", "J", "none", "Multiplications: the same in every design."),
    Metric("macs", "count", "none", "Multiplications of the workload."),
    Metric("optimal_share", "1", "none", "Share of the distinct layers whose mapping is proven to be the best."),
    Metric(
        "bound_gap",
        "1",
        "none",
        "EDP over the EDP of the layers' lower bounds (busy multipliers, each word from DRAM once), less 1.",
    ),
)


def metric_row(architecture: Architecture, layers: Sequence[Layer], costs: Sequence[MapResult]) -> list[float]:
    """Values in the order of `METRICS` of one design: *costs* of one occurrence of each of *layers*."""
    counted = [(layer.count, cost) for layer, cost in zip(layers, costs, strict=True)]
    cycles = sum(count * cost.cycles for count, cost in counted)
    energy = sum(count * cost.energy_pj for count, cost in counted) * J_PER_PJ
    least_cycles = sum(count * cost.bound_cycles for count, cost in counted)
    least_energy = sum(count * cost.bound_pj for count, cost in counted) * J_PER_PJ
    macs = sum(layer.count * layer.macs for layer in layers)
    dram, glb, spads, mac = (
        sum(count * cost.component_pj[at] for count, cost in counted for at in part) * J_PER_PJ
        for part in _parts(architecture)
    )
    latency = cycles / CLOCK_HZ
    bound = least_energy * least_cycles / CLOCK_HZ
    return [
        energy,
        latency,
        cycles,
        energy * latency,
        architecture.area_um2 * MM2_PER_UM2,
        macs / (cycles * architecture.mac.instances),
        dram,
        glb,
        spads,
        mac,
        macs,
        sum(cost.optimal for cost in costs) / len(costs),
        energy * latency / bound - 1,
    ]


def _parts(architecture: Architecture) -> tuple[list[int], list[int], list[int], list[int]]:
    """Which components are DRAM, shared buffer, buffers in the elements, multipliers."""
    names = [level.name for level in architecture.levels]
    spads = [at for at, name in enumerate(names) if name in SPADS]
    return [0], [at for at in range(1, len(names)) if at not in spads], spads, [len(names)]
