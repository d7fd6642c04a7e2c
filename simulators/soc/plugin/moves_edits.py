"""What a transformation does to a draft: small edits that put blocks, tasks and data elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from archgym.simulators.soc.plugin.moves_draft import BusSlot, CoreSlot, Draft, Edge, MemorySlot, OwnSlot, Placed
from archgym.simulators.soc.plugin.moves_types import Variant

Edit: TypeAlias = Callable[["Site"], None]
"""Changes a draft that nobody else has."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where a move takes place: a draft, and the task and the block that the move is about."""

    draft: Draft
    task: str
    slot: BusSlot | Placed
    metric: str
    reduce: bool
    parallel: frozenset[str]
    """Tasks that may run at the same time as the task."""
    shared: Mapping[str, int]
    """How many tasks of the block use each other block too."""

    def edges(self) -> list[Edge]:
        """The data in the memory that the task writes or reads."""
        return [edge for edge in self.draft.data_in(self.slot) if self.task in edge]


def set_type(**values: Any) -> Edit:
    """Another type for the block."""

    def edit(site: Site) -> None:
        for name, value in values.items():
            setattr(site.slot, name, value)

    return edit


def to_accelerator(variant: Variant) -> Edit:
    """The task gets an accelerator on the bus of its core."""

    def edit(site: Site) -> None:
        if not isinstance(site.slot, BusSlot):
            site.draft.runs_on[site.task] = OwnSlot(*variant, bus=site.slot.bus)

    return edit


def to_new_core(tasks: Sequence[str], kind: str) -> Edit:
    """The tasks get a core of this type beside the block."""

    def edit(site: Site) -> None:
        if not isinstance(site.slot, BusSlot):
            core = CoreSlot(kind, site.slot.bus)
            site.draft.cores.append(core)
            site.draft.runs_on |= dict.fromkeys(tasks, core)

    return edit


def to_core(tasks: Sequence[str], k: int) -> Edit:
    """The tasks go to core *k*."""

    def edit(site: Site) -> None:
        site.draft.runs_on |= dict.fromkeys(tasks, site.draft.cores[k])

    return edit


def to_new_memory(edges: Sequence[Edge], technology: str, width: int, clock: int) -> Edit:
    """The data gets a memory of this type beside the block."""

    def edit(site: Site) -> None:
        if not isinstance(site.slot, BusSlot):
            memory = MemorySlot(technology, width, clock, site.slot.bus)
            site.draft.memories.append(memory)
            site.draft.lies_in |= dict.fromkeys(edges, memory)

    return edit


def to_memory(edges: Sequence[Edge], k: int) -> Edit:
    """The data goes to memory *k*."""

    def edit(site: Site) -> None:
        site.draft.lies_in |= dict.fromkeys(edges, site.draft.memories[k])

    return edit


def to_bus(k: int) -> Edit:
    """The block goes to bus *k*."""

    def edit(site: Site) -> None:
        if not isinstance(site.slot, BusSlot):
            site.slot.bus = site.draft.buses[k]

    return edit


def to_new_bus(own: bool, width: int, clock: int) -> Edit:
    """The blocks of the task on the bus, or those of the tasks in parallel with it, get a bus of their own.

    Where one of the two buses would have nothing that computes or nothing that holds data, it would only pass traffic
    on: tidying the draft undoes such an edit.
    """

    def edit(site: Site) -> None:
        draft, old = site.draft, site.slot
        if not isinstance(old, BusSlot):
            return
        moving = frozenset({site.task}) if own else site.parallel
        staying = frozenset(draft.runs_on) - moving
        new = BusSlot(width, clock)
        draft.link(new, old)
        draft.buses.append(new)
        for element in draft.elements():
            tasks = draft.tasks_on(element)
            if element.bus is old and tasks and moving.issuperset(tasks):
                element.bus = new
        for memory in draft.memories:
            users = {task for edge in draft.data_in(memory) for task in edge}
            if memory.bus is old and users & moving and len(users & moving) >= len(users & staying):
                memory.bus = new

    return edit
