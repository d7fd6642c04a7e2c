"""MAESTRO's answer for one layer, dataflow and piece of hardware: the readable implementation, for any directives.

With a defect corrected, the machine is the following; the other rules stay MAESTRO's.

- D1, D2, D13: a unit holds its previous tile. A step that advances one loop without restarting a loop further in
  brings what is new in the tile, every other move of the tile brings all of it; what units share is sent once.
- D3: (T - k) / t + 1 outputs of a tile; rows that no output touches (k < t, or left over at the end) do not exist.
- D4, D5, D6, D7: sizes and active units follow from the extents that a level is given, the last unit included.
- D8: partial sums accumulate in the L1 and are written up when the tile of outputs moves. A tile that comes back with
  its reduction unfinished is read from the L2 again: L2 reads of O are those and the final drain.
- D9: the link off the chip carries each step's transfers, since the L2 holds two tiles only; the bandwidth required is
  the most that a step needs. L2 writes of I and W stay the sizes of the tensors, as MAESTRO counts them.
- D10: 2 x output tile. D11: what is multicast is written into every L1 that takes it; below level 0, into those of
  all units that share the element in the level's first step.
- D12: energy = 0.00023 nJ x (MACs + 1.68 L1 accesses + 18.61 L2 accesses).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from archgym.simulators.accelerator.maestro.analysis import LevelAnalysis, Totals
from archgym.simulators.accelerator.maestro.cost import Cost, area_um2, energy_nj, power_mw
from archgym.simulators.accelerator.maestro.dataflow import Dataflow
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import MaestroLayer
from archgym.simulators.accelerator.maestro.levels import Level, complete
from archgym.simulators.accelerator.maestro.physics import Defect, Physics
from archgym.simulators.accelerator.maestro.unmappable import Unmappable


class Status(StrEnum):
    OK = "ok"
    TOO_LARGE = "too_large"
    """It has a cost, but needs more L1 or L2 than there is; MAESTRO only warns."""
    UNMAPPABLE = "unmappable"
    """It has no cost."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A cost, or why there is none."""

    status: Status
    message: str
    """Which level, what is wrong and by how much; empty when all is well."""
    cost: Cost | None


def evaluate(layer: MaestroLayer, dataflow: Dataflow, hardware: Hardware, physics: Physics) -> Outcome:
    """Never raises for a dataflow that can be written down: what is wrong with it is the outcome's status."""
    try:
        levels = complete(layer, dataflow, hardware.pes, physics)
        analysis = LevelAnalysis(levels, 0, layer, hardware, physics)
        totals = analysis.totals(levels[0].extents)
    except Unmappable as problem:
        return Outcome(Status.UNMAPPABLE, str(problem), None)
    cost = _cost(layer, hardware, physics, levels, analysis, totals)
    excess = too_large(cost.l1_bytes, cost.l2_bytes, hardware)
    return Outcome(Status.TOO_LARGE if excess else Status.OK, excess, cost)


def too_large(l1_bytes: int, l2_bytes: int, hardware: Hardware) -> str:
    """Which buffer is too small and by how much; empty where both are large enough."""
    problems = []
    for name, need, capacity in (("L1", l1_bytes, hardware.l1_bytes), ("L2", l2_bytes, hardware.l2_bytes)):
        if capacity is not None and need > capacity:
            problems.append(f"{name}: {need} bytes needed, {need - capacity} more than its {capacity}")
    return "; ".join(problems)


def _cost(
    layer: MaestroLayer,
    hardware: Hardware,
    physics: Physics,
    levels: tuple[Level, ...],
    analysis: LevelAnalysis,
    totals: Totals,
) -> Cost:
    strided = not physics.has(Defect.STRIDE)
    received = totals.ingress if physics.has(Defect.L1_WRITES) else _received(layer, analysis, totals)
    l1 = {t: (totals.macs, received[t]) for t in ("I", "W")} | {"O": (totals.output_macs, totals.output_macs)}
    l2 = {t: (totals.ingress[t], layer.size(t)) for t in ("I", "W")}
    l2["O"] = (layer.size("O", strided=strided) + totals.refill, totals.egress)
    l1_bytes, l2_bytes = 2 * sum(analysis.l1_tiles.values()), 2 * sum(totals.first.values())
    return Cost(
        runtime_cycles=totals.cycles,
        energy_nj=_energy(l1, l2, physics, totals, analysis),
        throughput=totals.macs / totals.cycles if totals.cycles else 0.0,
        area_um2=float(area_um2(l1_bytes, l2_bytes, hardware)),
        power_mw=float(power_mw(l1_bytes, l2_bytes, hardware)),
        l1_bytes=l1_bytes,
        l2_bytes=l2_bytes,
        noc_bandwidth=totals.noc_peak,
        offchip_bandwidth=totals.offchip_peak,
        num_macs=totals.macs,
        true_macs=layer.macs,
        active_pes=totals.average_active_pes,
        l1=l1,
        l2=l2,
    )


def _received(layer: MaestroLayer, analysis: LevelAnalysis, totals: Totals) -> dict[str, int]:
    """L1 writes of I and W: a unit of level 0 hands an element to every unit below that shares it."""
    received = dict(totals.received)
    below = analysis.below
    while below is not None:
        for tensor in received:
            if not any(m.spatial and m.dim in layer.dims(tensor) for m in below.level.maps):
                received[tensor] *= below.first_active
        below = below.below
    return received


def _energy(
    l1: Mapping[str, tuple[int, int]],
    l2: Mapping[str, tuple[int, int]],
    physics: Physics,
    totals: Totals,
    analysis: LevelAnalysis,
) -> float:
    l1_accesses = sum(map(sum, l1.values()))
    l2_accesses = sum(map(sum, l2.values()))
    if not physics.has(Defect.ENERGY):
        return float(energy_nj(l1_accesses, l2_accesses, totals.macs))
    clustered = analysis.below is not None and totals.occurrences > 0
    return float(energy_nj(0 if clustered else l1_accesses, l2_accesses - l2["O"][0], 0))
