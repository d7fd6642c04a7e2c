"""The transformations, one by one: the edits that each may mean at a place, the one to prefer first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archgym.simulators.soc.plugin.moves_draft import BusSlot, CoreSlot, Edge, MemorySlot, OwnSlot
from archgym.simulators.soc.plugin.moves_edits import (
    Edit,
    Site,
    set_type,
    to_accelerator,
    to_bus,
    to_core,
    to_memory,
    to_new_bus,
    to_new_core,
    to_new_memory,
)
from archgym.simulators.soc.plugin.moves_types import Catalogue, Rating, Variant, following


class Plans:
    """Knows the types of block and how much data each edge of the task graph has."""

    def __init__(self, types: Catalogue, n_bytes: Mapping[Edge, float]) -> None:
        self._types, self._bytes = types, n_bytes

    # ---- swap

    def swap(self, site: Site) -> Iterator[Edit]:
        slot, metric, types = site.slot, site.metric, self._types
        if isinstance(slot, BusSlot):
            for bus in following(types.buses(), types.bus((slot.width, slot.clock)), metric, reduce=site.reduce):
                yield set_type(width=bus[0], clock=bus[1])
        elif isinstance(slot, MemorySlot):
            held = sum(self._bytes[edge] for edge in site.draft.data_in(slot))
            now = types.memory((slot.technology, slot.width, slot.clock), held)
            for technology, width, clock in following(types.memories(held), now, metric, reduce=site.reduce):
                yield set_type(technology=technology, width=width, clock=clock)
        elif isinstance(slot, CoreSlot):
            tasks = site.draft.tasks_on(slot)
            for kind in following(types.cores(tasks), types.core(slot.type, tasks), metric, reduce=site.reduce):
                yield set_type(type=kind)
            if tasks == [site.task]:
                yield from map(to_accelerator, self._entering(site, slot))
        elif site.draft.runner(site.task) is slot:
            now = types.variant(site.task, (slot.name, slot.unroll, slot.clock))
            for name, unroll, clock in following(types.variants(site.task), now, metric, reduce=site.reduce):
                yield set_type(name=name, unroll=unroll, clock=clock)
            for kind in following(types.cores([site.task]), now, metric, reduce=site.reduce):
                yield to_new_core([site.task], kind)

    def _entering(self, site: Site, core: CoreSlot) -> list[Variant]:
        """Accelerators for a task that runs on a core: the smallest that is not slower, larger ones, then slower ones.

        The nearest one for the metric would be the largest where the aim is to save energy.
        """
        now, offered = self._types.core(core.type, [site.task]), self._types.variants(site.task)
        better = set(following(offered, now, site.metric, reduce=site.reduce))

        def key(rating: Rating) -> tuple[bool, float]:
            slower = rating.time > now.time
            return slower, rating.time if slower else rating.logic

        return [rated.type for rated in sorted(offered, key=lambda rated: key(rated.rating)) if rated.type in better]

    # ---- split and split_swap

    def split(self, site: Site) -> Iterator[Edit]:
        slot = site.slot
        if isinstance(slot, CoreSlot):
            for tasks in self._shares_of_tasks(site):
                yield to_new_core(tasks, slot.type)
        elif isinstance(slot, MemorySlot):
            for edges in self._shares_of_data(site):
                yield to_new_memory(edges, slot.technology, slot.width, slot.clock)
        elif isinstance(slot, BusSlot):
            yield from (to_new_bus(own, slot.width, slot.clock) for own in (False, True))

    def split_swap(self, site: Site) -> Iterator[Edit]:
        slot, metric, types = site.slot, site.metric, self._types
        if isinstance(slot, CoreSlot):
            tasks = site.draft.tasks_on(slot)
            if len(tasks) > 1 and site.task in tasks:
                yield from map(to_accelerator, self._entering(site, slot))
                alone = [site.task]
                for kind in following(types.cores(alone), types.core(slot.type, alone), metric, reduce=site.reduce):
                    yield to_new_core(alone, kind)
        elif isinstance(slot, MemorySlot):
            mine = site.edges()
            if 0 < len(mine) < len(site.draft.data_in(slot)):
                held = sum(self._bytes[edge] for edge in mine)
                now = types.memory((slot.technology, slot.width, slot.clock), held)
                for memory in following(types.memories(held), now, metric, reduce=site.reduce):
                    yield to_new_memory(mine, *memory)
        elif isinstance(slot, BusSlot):
            for bus in following(types.buses(), types.bus((slot.width, slot.clock)), metric, reduce=site.reduce):
                yield from (to_new_bus(own, *bus) for own in (True, False))

    def _shares_of_tasks(self, site: Site) -> list[list[str]]:
        """What a second core may take over: the tasks in parallel with the task, or the task itself."""
        tasks = site.draft.tasks_on(site.slot)
        if site.task not in tasks or len(tasks) < 2:
            return []
        beside = [task for task in tasks if task in site.parallel]
        return [beside, [site.task]] if beside else [[site.task]]

    def _shares_of_data(self, site: Site) -> list[list[Edge]]:
        """What a second memory may take over: the data of tasks in parallel with the task, or the task's own."""
        held, mine = site.draft.data_in(site.slot), site.edges()
        if not 0 < len(mine) < len(held):
            return []
        beside = [edge for edge in held if edge not in mine and not site.parallel.isdisjoint(edge)]
        return [beside, mine] if beside else [mine]

    # ---- migrate and transfer

    def migrate(self, site: Site) -> Iterator[Edit]:
        slot = site.slot
        if isinstance(slot, MemorySlot):
            yield from self._migrate_data(site, slot)
        elif isinstance(slot, CoreSlot | OwnSlot) and site.task in site.draft.tasks_on(slot):
            shares = [[site.task]]
            if isinstance(slot, CoreSlot):
                shares += [tasks for tasks in self._shares_of_tasks(site) if len(tasks) > 1]
            cores = [core for core in site.draft.cores if core is not slot and self._may_move(site, slot, core)]
            cores.sort(key=lambda core: site.draft.hops(slot.bus, core.bus))
            for tasks in shares:
                yield from (to_core(tasks, site.draft.cores.index(core)) for core in cores)

    def _may_move(self, site: Site, slot: CoreSlot | OwnSlot, core: CoreSlot) -> bool:
        """A core that is there already costs no area; for anything else it has to be no worse."""
        if site.metric.startswith("area"):
            return site.reduce
        now, then = self._rating(site.task, slot).of(site.metric), self._rating(site.task, core).of(site.metric)
        return then <= now if site.reduce else then >= now

    def _rating(self, task: str, slot: CoreSlot | OwnSlot) -> Rating:
        if isinstance(slot, CoreSlot):
            return self._types.core(slot.type, [task])
        return self._types.variant(task, (slot.name, slot.unroll, slot.clock))

    def _migrate_data(self, site: Site, slot: MemorySlot) -> Iterator[Edit]:
        """To the memory that is nearest to the task; for an area, everything that lies with it moves along."""
        draft, near = site.draft, site.draft.runner(site.task).bus
        others = [memory for memory in draft.memories if memory is not slot]
        others.sort(key=lambda memory: draft.hops(near, memory.bus))
        mine, held = site.edges(), draft.data_in(slot)
        size = sum(self._bytes[edge] for edge in mine)
        rates = {id(m): self._types.memory((m.technology, m.width, m.clock), size) for m in (slot, *others)}
        now = rates[id(slot)].of(site.metric)
        for edges in [mine, held] if site.metric.startswith("area") else [mine]:
            for memory in others:
                then = rates[id(memory)].of(site.metric)
                if edges and (then <= now if site.reduce else then >= now):
                    yield to_memory(edges, draft.memories.index(memory))

    def transfer(self, site: Site) -> Iterator[Edit]:
        """To the bus whose blocks share most tasks with the block."""
        draft, slot = site.draft, site.slot
        if isinstance(slot, BusSlot):
            return
        shared = dict.fromkeys(range(len(draft.buses)), 0)
        for name, tasks in site.shared.items():
            other = draft.block(name)
            if other is not None and not isinstance(other, BusSlot):
                shared[draft.buses.index(other.bus)] += tasks
        for k in sorted(shared, key=lambda k: -shared[k]):
            if shared[k] and draft.buses[k] is not slot.bus:
                yield to_bus(k)
