"""Where the loop of a directive can stand: at its start, somewhere in the middle, at a last step of its own kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from archgym.simulators.accelerator.maestro.dataflow import Map
from archgym.simulators.accelerator.maestro.physics import Defect, Physics
from archgym.simulators.accelerator.maestro.tables import reach
from archgym.simulators.accelerator.maestro.truncated import quotient


class Position(Enum):
    INIT = 0
    STEADY = 1
    EDGE = 2


@dataclass(frozen=True, slots=True)
class State:
    position: Position
    count: int
    """How many of the directive's steps are of this kind."""
    edge: bool = False
    """The step is smaller: tiles at its end, or fewer units than there are."""
    partial: bool = False
    """The last active unit has a smaller tile than the others."""
    unrolled: bool = False
    """The only step: the loop never advances."""

    @property
    def is_init(self) -> bool:
        return self.position is Position.INIT


def states_of(m: Map, extent: int, units: int, physics: Physics) -> tuple[State, ...]:
    """The states of a directive that has *extent* elements to go through, the first step first."""
    return _spatial_states(m, extent, units, physics) if m.spatial else _temporal_states(m, extent)


def _temporal_states(m: Map, extent: int) -> tuple[State, ...]:
    states = [State(Position.INIT, 1, edge=extent < m.size, unrolled=extent <= m.size)]
    steps = quotient(extent - m.size, m.offset)
    if m.size < extent and steps > 0:
        states.append(State(Position.STEADY, steps))
    if m.size <= extent and steps * m.offset + m.size < extent:
        states.append(State(Position.EDGE, 1, edge=True))
    return tuple(states)


def _spatial_states(m: Map, extent: int, units: int, physics: Physics) -> tuple[State, ...]:
    whole_round = reach(m, units)
    if extent <= whole_round:
        partial = extent < whole_round
        if partial and not physics.has(Defect.LAST_UNIT):
            partial = extent < m.size or (extent - m.size) % m.offset != 0
        return (State(Position.INIT, 1, edge=extent < whole_round, partial=partial, unrolled=True),)
    states = [State(Position.INIT, 1)]
    rounds = (quotient(extent - m.size, m.offset) + 1) // units - 1
    if rounds > 0:
        states.append(State(Position.STEADY, rounds))
    rest = extent - (rounds + 1) * m.offset * units
    if rest < whole_round and extent - rounds * m.offset * units != whole_round:
        whole = 1 if rest < m.size else quotient(rest - m.size, m.offset) + 1
        partial = (whole - 1) * m.offset + m.size < rest
        states.append(State(Position.EDGE, 1, edge=True, partial=partial))
    return tuple(states)
