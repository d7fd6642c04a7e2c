"""Runs through the cases of a level and, for each, of the levels below it: cycles, counts and buffer sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod

from archgym.simulators.accelerator.maestro.case import Case
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import TENSORS, MaestroLayer
from archgym.simulators.accelerator.maestro.levels import Level
from archgym.simulators.accelerator.maestro.physics import Defect, Physics, Revision
from archgym.simulators.accelerator.maestro.states import states_of
from archgym.simulators.accelerator.maestro.tables import Table, active_units, make_table, reach
from archgym.simulators.accelerator.maestro.truncated import quotient, quotient_up
from archgym.simulators.accelerator.maestro.unmappable import Unmappable

TENSORS_IN = ("I", "W")


@dataclass(slots=True)
class Totals:
    """Sums over the cases of one level, each weighted with its occurrences; elements unless said."""

    cycles: int = 0
    macs: int = 0
    occurrences: int = 0
    active_pes: float = 0.0
    """Active PEs of each step, summed: over the occurrences their average."""
    ingress: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TENSORS_IN, 0))
    received: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TENSORS_IN, 0))
    """As ingress, multicast ones once for each unit that takes them in."""
    egress: int = 0
    refill: int = 0
    output_macs: int = 0
    """MACs that O's counters have: also those of the cases left out."""
    noc_peak: int = 0
    """Elements per cycle."""
    offchip_peak: int = 0
    """Elements per cycle."""
    first: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TENSORS, 0))
    """Ingress (I, W) and egress (O) of the first case that counts; I and W of those left out before it too."""

    @property
    def average_active_pes(self) -> float:
        return self.active_pes / self.occurrences if self.occurrences else 0.0


class LevelAnalysis:
    """One level and what is below it, for a layer on a piece of hardware; answers are kept per set of extents."""

    def __init__(
        self, levels: tuple[Level, ...], index: int, layer: MaestroLayer, hardware: Hardware, physics: Physics
    ) -> None:
        self.levels, self.index = levels, index
        self.layer, self.hardware, self.physics = layer, hardware, physics
        self.level = levels[index]
        self.below = LevelAnalysis(levels, index + 1, layer, hardware, physics) if index + 1 < len(levels) else None
        self.l1_tiles: dict[str, int] = {}
        """Elements per tensor in the tile of the first analysis to finish, here or below."""
        self._static_table = make_table(self.level, self.level.extents, layer, physics)
        self._known: dict[tuple[int, ...], Totals] = {}

    @property
    def first_active(self) -> int:
        """Units with work in the first step."""
        m = self.level.maps[self.level.main]
        return active_units(
            m, min(self.level.extents[m.dim], reach(m, self.level.units)), self.level.units, self.physics
        )

    def totals(self, given: Mapping[str, int]) -> Totals:
        """For these extents per dimension."""
        key = tuple(given[m.dim] for m in self.level.maps)
        if key not in self._known:
            self._known[key] = self._run(given)
        return self._known[key]

    def _run(self, given: Mapping[str, int]) -> Totals:
        table = self._static_table
        if not self.physics.has(Defect.STATIC_TABLES):
            table = make_table(self.level, given, self.layer, self.physics)
        totals, left_out = Totals(), 0
        for case, occurrences in self._cases(given, table):
            counts = self._add(totals, case, occurrences)
            left_out += not counts and not totals.occurrences
        if not self.l1_tiles:
            self.l1_tiles = (self.below and self.below.l1_tiles) or self._tiles(left_out, totals)
        return totals

    def _tiles(self, left_out: int, totals: Totals) -> dict[str, int]:
        """What one PE holds of each tensor; I and W once more for every case left out before the first one."""
        table = self._static_table
        output = table.inputs if self.physics.has(Defect.L1_OUTPUT) else table.outputs
        times = left_out + (1 if totals.occurrences else 0)
        tiles = {t: times * prod(table.inputs[dim].tile for dim in self.layer.dims(t)) for t in TENSORS_IN}
        return {**tiles, "O": prod(output[dim].tile for dim in self.layer.dims("O"))}

    def _cases(self, given: Mapping[str, int], table: Table) -> Iterator[tuple[Case, int]]:
        """Every combination of states with the number of its occurrences, in MAESTRO's order."""
        level = self.level
        choices = [states_of(m, given[m.dim], level.units, self.physics) for m in level.maps]
        inner = [prod(len(c) for c in choices[j + 1 :]) for j in range(len(choices))]
        for number in range(prod(len(c) for c in choices)):
            states = tuple(c[quotient_up(number, f) % len(c)] for c, f in zip(choices, inner, strict=True))
            yield Case(self.layer, self.physics, level, table, states), prod(state.count for state in states)

    def _add(self, totals: Totals, case: Case, occurrences: int) -> bool:
        """Adds a case; whether it counts: one without output adds to O's counters only."""
        macs, egress, critical = case.macs(), case.egress(), case.critical_macs()
        totals.output_macs += occurrences * macs
        totals.egress += occurrences * egress
        counts = critical > 0 or self.physics.revision is Revision.ARCHGYM
        if not counts and not self.physics.defects:
            raise Unmappable(f"level {self.index}: a tile is too small for one output: make it as large as the kernel")
        if not counts and totals.occurrences:
            return False
        ingress = {tensor: case.ingress(tensor) for tensor in TENSORS_IN}
        if not totals.occurrences:
            totals.first = {t: totals.first[t] + ingress[t] for t in TENSORS_IN} | {"O": egress}
        if not counts:
            return False
        refill = case.refill()
        compute, active = self._compute(case, critical)
        for tensor, amount in ingress.items():
            totals.ingress[tensor] += occurrences * amount
            if not self.physics.has(Defect.L1_WRITES):
                totals.received[tensor] += occurrences * case.received(tensor)
        totals.refill += occurrences * refill
        totals.macs += occurrences * macs
        totals.occurrences += occurrences
        totals.active_pes += occurrences * active
        totals.cycles += occurrences * self._step(totals, case, compute, sum(ingress.values()) + refill, egress)
        return True

    def _compute(self, case: Case, critical: int) -> tuple[int, float]:
        """Cycles until the slowest unit is done, and active PEs."""
        main, active = case.main_state(), case.active
        if self.below is None:
            return quotient_up(critical, self.hardware.simd_lanes), active
        if main.edge and main.partial:
            parts = [(True, 1)] + ([(False, active - 1)] if active > 1 else [])
        else:
            parts = [(False, active)]
        slowest, pes = 0, 0.0
        for last, weight in parts:
            below = self.below.totals(case.passed_down(last=last))
            slowest = max(slowest, below.cycles)
            pes += weight * below.average_active_pes
        return slowest, pes or active

    def _step(self, totals: Totals, case: Case, compute: int, sent: int, egress: int) -> int:
        """Cycles of one occurrence, double-buffered; peaks of bandwidth are noted."""
        totals.noc_peak = max(totals.noc_peak, quotient(max(sent, egress), compute or 1))
        first = case.advancing < 0
        if self.index:
            return self._overlapped(first, compute, self._noc(sent), self._noc(egress))
        if compute == 0:
            raise Unmappable("level 0: a step takes 0 cycles, because no unit of the level below has an output")
        if not self.physics.has(Defect.OFF_CHIP):
            totals.offchip_peak = max(totals.offchip_peak, quotient(max(sent, egress), compute))
            bandwidth = self.hardware.offchip_bandwidth
            arrival = max(self._noc(sent), quotient_up(sent, bandwidth))
            return self._overlapped(first, compute, arrival, max(self._noc(egress), quotient_up(egress, bandwidth)))
        down, up = 2 * (totals.first["I"] + totals.first["W"]), 2 * totals.first["O"]
        demand = max(totals.offchip_peak, quotient(up, compute), quotient(down, compute))
        totals.offchip_peak = quotient(demand, 2)
        bandwidth = self.hardware.offchip_bandwidth
        offchip = max(quotient(quotient(down, bandwidth), 2), quotient(quotient(up, bandwidth), 2))
        return max(self._overlapped(first, compute, self._noc(sent), self._noc(egress)), offchip)

    @staticmethod
    def _overlapped(first: bool, compute: int, arrival: int, departure: int) -> int:
        """Nothing overlaps with the first arrival; afterwards the slowest of three decides."""
        return compute + arrival if first else max(compute, arrival, departure)

    def _noc(self, elements: int) -> int:
        """Cycles to send *elements* through the network of this level."""
        bandwidth = self.hardware.noc_bandwidth
        if elements < 0:  # only e1d8efd has such amounts
            flits = quotient(elements, bandwidth) + (1 if elements % bandwidth else 0)
        else:
            flits = quotient_up(elements, bandwidth)
        return self.hardware.noc_latency + flits - 1
