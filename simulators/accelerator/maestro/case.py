"""One case of a level, a state for every directive: what is fetched, written up and computed in it.

Amounts are summed over the units. *First* is the first unit, *other* the ones after it with a whole tile, *last* the
last one where its tile is partial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from archgym.simulators.accelerator.maestro.dataflow import Map
from archgym.simulators.accelerator.maestro.layer import MaestroLayer
from archgym.simulators.accelerator.maestro.levels import Level
from archgym.simulators.accelerator.maestro.physics import Defect, Physics
from archgym.simulators.accelerator.maestro.states import State
from archgym.simulators.accelerator.maestro.tables import Entry, Table
from archgym.simulators.accelerator.maestro.unmappable import Unmappable


class Role(Enum):
    FIRST = 0
    OTHER = 1
    LAST = 2


@dataclass(frozen=True, slots=True)
class Spread:
    """How a tensor is spread over the units in a case."""

    spatial: bool
    edge: bool
    partial: bool
    """The last unit has a smaller tile."""


@dataclass(frozen=True, slots=True)
class Case:
    """A state per directive of *level*, with the level's table."""

    layer: MaestroLayer
    physics: Physics
    level: Level
    table: Table
    states: tuple[State, ...]

    @property
    def advancing(self) -> int:
        """Index of the innermost directive that is not at its start; -1 where all are."""
        return max((j for j, state in enumerate(self.states) if not state.is_init), default=-1)

    def ingress(self, tensor: str) -> int:
        """Elements of I or W that the level above sends, multicast ones once."""
        dims = self.layer.dims(tensor)
        return self._over_units(self._spread(dims), lambda role: self._fetched(dims, role))

    def received(self, tensor: str) -> int:
        """Elements of I or W that units take in, multicast ones once for each of them."""
        dims = self.layer.dims(tensor)
        spread = self._spread(dims)
        if not spread.spatial:
            return self.active * self._fetched(dims, Role.FIRST, whole=True)
        return self._over_units(
            spread, lambda role: self._fetched(dims, Role.LAST if role is Role.LAST else Role.FIRST, whole=True)
        )

    def egress(self) -> int:
        """Elements of O that are written up, those reduced on the way once."""
        dims = self.layer.dims("O")
        if not self.physics.has(Defect.PSUM_TRAFFIC) and not self._moves(dims):
            return 0  # the partial sums stay where they are
        return self._over_units(self._spread(dims), lambda role: self._made(role, psum=False))

    def refill(self) -> int:
        """Partial sums of O that are sent down again, because the tile was written up unfinished before."""
        if self.physics.has(Defect.PSUM_TRAFFIC):
            return 0
        reduced = self.layer.reduced
        revisit = any(m.dim in reduced and not s.is_init for m, s in zip(self.level.maps, self.states, strict=True))
        return self.egress() if revisit else 0

    def macs(self) -> int:
        """Multiply-accumulates of all units."""
        spread = self._spread(tuple(self.layer.extents), in_list_order=True)
        if not spread.edge:
            return self.level.units * self._made(Role.FIRST)
        if self.table.active == 1:
            return self._made(Role.LAST if spread.partial else Role.FIRST)
        whole = 1 + max(self.table.active - spread.partial - 1, 0)
        return whole * self._made(Role.FIRST) + (self._made(Role.LAST, keep=True) if spread.partial else 0)

    def critical_macs(self) -> int:
        """Multiply-accumulates of the unit that takes longest."""
        spread = self._spread(self.layer.dims("O"))
        alone = spread.spatial and spread.edge and self.table.active == 1 and spread.partial
        return self._made(Role.LAST if alone else Role.FIRST)

    def main_state(self) -> State:
        return self.states[self.level.main]

    @property
    def active(self) -> int:
        """Units with work."""
        return self.table.active if self.main_state().edge else self.level.units

    def passed_down(self, *, last: bool) -> dict[str, int]:
        """Extents that a unit below gets, the last one or another."""
        extents = {}
        for m, state in zip(self.level.maps, self.states, strict=True):
            entry = self.table.inputs[m.dim]
            smaller = state.edge and (not m.spatial or self.table.active == 1 or last)
            extents[m.dim] = entry.edge_tile if smaller else entry.tile
        return extents

    def _spread(self, dims: tuple[str, ...], *, in_list_order: bool = False) -> Spread:
        flags = {m.dim: s for m, s in zip(self.level.maps, self.states, strict=True) if m.spatial and m.dim in dims}
        ordered = list(flags.values()) if in_list_order else [flags[dim] for dim in dims if dim in flags]
        return Spread(bool(ordered), any(s.edge for s in ordered), bool(ordered) and ordered[-1].partial)

    def _over_units(self, spread: Spread, amount: Callable[[Role], int]) -> int:
        if not spread.spatial:
            return amount(Role.FIRST)
        if not spread.edge:
            others = self.level.units - 1
            return amount(Role.FIRST) + (others * amount(Role.OTHER) if others else 0)
        if self.table.active == 1:
            return amount(Role.LAST if spread.partial else Role.FIRST)
        others = max(self.table.active - spread.partial - 1, 0)
        total = amount(Role.FIRST) + (others * amount(Role.OTHER) if others else 0)
        return total + (amount(Role.LAST) if spread.partial else 0)

    def _restarts(self, dims: tuple[str, ...]) -> bool:
        """A loop over *dims* further in than the advancing one begins again."""
        inner = range(self.advancing + 1, len(self.states))
        return any(self.level.maps[j].dim in dims and not self.states[j].unrolled for j in inner)

    def _moves(self, dims: tuple[str, ...]) -> bool:
        """The units work on another tile over *dims* than in the step before."""
        g = self.advancing
        return g < 0 or self.level.maps[g].dim in dims or self._restarts(dims)

    def _fetched(self, dims: tuple[str, ...], role: Role, *, whole: bool = False) -> int:
        """Elements of the tensor over *dims* that one unit lacks; *whole* is what it takes in, shared or not."""
        g = self.advancing
        if g >= 0 and self.level.maps[g].dim not in dims and (self.physics.has(Defect.RELOAD) or not self._moves(dims)):
            return 0
        slides = g >= 0 and self.level.maps[g].dim in dims and not self._restarts(dims)
        total = 1
        for j, (m, state) in enumerate(zip(self.level.maps, self.states, strict=True)):
            if m.dim not in dims:
                continue
            entry = self.table.inputs[m.dim]
            if m.spatial:
                total *= self._fetched_in_space(m, entry, state, role, j, g, slides, whole)
            else:
                total *= self._fetched_in_time(m, entry, state, slides and j == g)
        return total

    def _fetched_in_time(self, m: Map, entry: Entry, state: State, only_new: bool) -> int:
        at_edge = state.edge and (state.is_init or not self.physics.has(Defect.EDGE_FETCH))
        if not only_new:
            return entry.edge_tile if at_edge else entry.tile
        new = entry.edge_new if at_edge else entry.new
        if new == 0 and not at_edge:
            raise Unmappable(f"the loop over {m.dim} advances, but nothing in its tile is new")
        return new

    def _fetched_in_space(
        self, m: Map, entry: Entry, state: State, role: Role, j: int, g: int, slides: bool, whole: bool
    ) -> int:
        full = entry.edge_tile if role is Role.LAST else entry.tile
        if not self.physics.has(Defect.HALO):
            return self._fetched_by_neighbours(m, entry, state, role, slides and j == g, whole)
        if g < 0:  # the very first step
            smaller = state.edge and (self.table.active == 1 or role is Role.LAST)
            return entry.edge_tile if smaller else entry.tile
        if role is Role.FIRST:
            return entry.edge_tile if self._alone_at_edge(state) else entry.tile
        if whole or (role is Role.LAST and self.table.active == 1):
            return full
        new = entry.edge_new if role is Role.LAST else entry.new
        if state.is_init:
            return full if j < g else new
        return new if slides and j == g else full

    def _fetched_by_neighbours(self, m: Map, entry: Entry, state: State, role: Role, slides: bool, whole: bool) -> int:
        """D13 corrected: what neighbours share is sent once, and a unit keeps what it had in the round before."""
        smaller = role is Role.LAST or self._alone_at_edge(state)
        full = entry.edge_tile if smaller else entry.tile
        if role is Role.FIRST or whole or (state.edge and self.table.active == 1):
            kept = max(entry.tile - self.level.units * m.offset, 0) if slides else 0
            return max(full - kept, 0)
        return max(full - (entry.tile - entry.new), 0)

    def _alone_at_edge(self, state: State) -> bool:
        """D2 for a last round of one unit: it has the smaller tile."""
        first = self.advancing < 0 or not self.physics.has(Defect.EDGE_FETCH)
        return state.edge and self.table.active == 1 and first

    def _made(self, role: Role, *, psum: bool = True, keep: bool = False) -> int:
        """Outputs of one unit, or with *psum* its multiply-accumulates."""
        out, reduced = self.layer.dims("O"), self.layer.reduced
        total = 1
        for m, state in zip(self.level.maps, self.states, strict=True):
            if m.dim in out:
                entry = self.table.outputs[m.dim]
            elif psum and m.dim in reduced:
                entry = self.table.inputs[m.dim]
            else:
                continue
            if not m.spatial:
                total *= entry.edge_tile if state.edge else entry.tile
            else:
                total *= self._made_in_space(m, entry, state, role, m.dim in out, keep)
        return total

    def _made_in_space(self, m: Map, entry: Entry, state: State, role: Role, is_output: bool, keep: bool) -> int:
        alone = self.table.active == 1
        if state.edge and not state.is_init and alone:
            swapped = is_output and m.dim in self.layer.slides and self.physics.has(Defect.ONE_UNIT)
            return self.table.inputs[m.dim].edge_tile if swapped else entry.edge_tile
        if role is Role.FIRST or (role is Role.LAST and alone and not state.edge):
            return entry.tile
        if role is Role.OTHER or not state.edge:
            return entry.new or 1
        if not state.is_init:
            return entry.edge_new
        if alone or not is_output or keep:
            return entry.edge_tile
        return entry.edge_new
