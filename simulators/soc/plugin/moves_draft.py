"""A design of the space ``platform`` in pieces that can be moved: slots refer to each other, not to numbers.

Written back, it is tidy: blocks that nothing uses are left out, buses that would only pass traffic on are taken away
as the model does it, and the slots that remain are numbered anew. So two ways to the same hardware meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.plugin.platform_space import BUSES, CORES, MEMORIES, data, is_core, run
from archgym.space import DesignSpace

Edge: TypeAlias = tuple[str, str]
"""Producer and consumer."""


@dataclass(slots=True, eq=False)
class BusSlot:
    """A bus, and the buses that it is linked to."""

    width: int
    clock: int
    links: list[BusSlot] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class CoreSlot:
    """A processor that any task may run on."""

    type: str
    bus: BusSlot


@dataclass(slots=True, eq=False)
class OwnSlot:
    """The accelerator of one task."""

    name: str
    unroll: int
    clock: int
    bus: BusSlot


@dataclass(slots=True, eq=False)
class MemorySlot:
    """A memory."""

    technology: str
    width: int
    clock: int
    bus: BusSlot


Placed: TypeAlias = CoreSlot | OwnSlot | MemorySlot


class Draft:
    """One design, to be changed in place."""

    def __init__(self, design: Mapping[str, Any], application: Application, default_core: str) -> None:
        self.buses = [BusSlot(design[f"Bus{k}_Width"], design[f"Bus{k}_Clock"]) for k in range(design[BUSES])]
        for k in range(1, len(self.buses)):
            self.link(self.buses[k], self._bus(design, f"Bus{k}_Parent"))
        self.cores = [
            CoreSlot(str(design.get(f"Core{k}_Type", default_core)), self._bus(design, f"Core{k}_Bus"))
            for k in range(design[CORES])
        ]
        self.memories = [
            MemorySlot(
                str(design[f"Mem{k}_Technology"]),
                design[f"Mem{k}_Width"],
                design[f"Mem{k}_Clock"],
                self._bus(design, f"Mem{k}_Bus"),
            )
            for k in range(design[MEMORIES])
        ]
        self.runs_on: dict[str, CoreSlot | OwnSlot] = {}
        for task in (task.name for task in application.tasks if not task.dummy):
            where, bus = str(design[run(task)]), f"Bus_{task}"
            if is_core(where):
                self.runs_on[task] = self.cores[int(where[4:])]
            else:
                unroll, clock = design[f"Unroll_{task}"], design[f"Clock_{task}"]
                self.runs_on[task] = OwnSlot(where, unroll, clock, self._bus(design, bus))
        self.lies_in: dict[Edge, MemorySlot] = {
            (edge.producer, edge.consumer): self.memories[int(str(design[data(edge.producer, edge.consumer)])[3:])]
            for edge in application.edges
        }

    def _bus(self, design: Mapping[str, Any], name: str) -> BusSlot:
        return self.buses[int(str(design[name])[3:])]

    # ---- looking

    def block(self, name: str) -> BusSlot | Placed | None:
        """The block of this name: ``core0``, ``mem0``, ``bus0``, ``psychoFilter:IP0``; None where there is none."""
        task, colon, _ = name.partition(":")
        if colon:
            return self.runs_on.get(task)
        slots: dict[str, Sequence[BusSlot | Placed]] = {"core": self.cores, "mem": self.memories, "bus": self.buses}
        kind = name.rstrip("0123456789")
        number = name[len(kind) :]
        built = slots.get(kind, ())
        return built[int(number)] if number and int(number) < len(built) else None

    def tasks_on(self, slot: object) -> list[str]:
        """Real tasks that run on a core or an accelerator."""
        return [task for task, where in self.runs_on.items() if where is slot]

    def data_in(self, slot: object) -> list[Edge]:
        """Edges whose data lies in a memory."""
        return [edge for edge, where in self.lies_in.items() if where is slot]

    def elements(self) -> list[CoreSlot | OwnSlot]:
        """All cores and accelerators."""
        found: list[CoreSlot | OwnSlot] = [*self.cores]
        return found + [where for where in self.runs_on.values() if isinstance(where, OwnSlot)]

    def runner(self, task: str) -> CoreSlot | OwnSlot:
        """Where a task runs; dummies run on the first core."""
        return self.runs_on.get(task, self.cores[0])

    def hops(self, a: BusSlot, b: BusSlot) -> int:
        """Links between two buses."""
        front, seen, n = [a], {id(a)}, 0
        while all(bus is not b for bus in front):
            front = [near for bus in front for near in bus.links if id(near) not in seen]
            seen |= {id(bus) for bus in front}
            n += 1
        return n

    # ---- changing

    def link(self, a: BusSlot, b: BusSlot) -> None:
        """Connect two buses."""
        a.links.append(b)
        b.links.append(a)

    def tidy(self) -> None:
        """Leave out what nothing uses. Dummies need a core: the first one stays where no task has one."""
        running = [core for core in self.cores if self.tasks_on(core)]
        self.cores = running or self.cores[:1]
        self.memories = [memory for memory in self.memories if self.data_in(memory)]
        while self._prune():
            pass

    def _prune(self) -> bool:
        """Take away one bus that computes nothing or holds nothing, and so only passes traffic on to its neighbour."""
        for bus in self.buses[::-1]:
            elements: list[Placed] = [slot for slot in self.elements() if slot.bus is bus]
            memories: list[Placed] = [slot for slot in self.memories if slot.bus is bus]
            ends = len(bus.links) == 1 and not (elements and memories)
            if bus.links and (ends or not (elements or memories)):
                self._remove(bus, [*elements, *memories])
                return True
        return False

    def _remove(self, bus: BusSlot, blocks: Sequence[Placed]) -> None:
        heir, *others = bus.links
        for block in blocks:
            block.bus = heir
        for near in (heir, *others):
            near.links.remove(bus)
        for near in others:
            self.link(near, heir)
        self.buses.remove(bus)

    # ---- writing

    def design(self, space: DesignSpace) -> dict[str, Any] | None:
        """The complete design, tidied; None where it needs more slots than *space* has."""
        self.tidy()
        buses, parents = self._tree()
        named: tuple[tuple[str, str, Sequence[object]], ...] = (
            ("bus", BUSES, buses),
            ("core", CORES, self.cores),
            ("mem", MEMORIES, self.memories),
        )
        name = {id(slot): f"{kind}{k}" for kind, _, slots in named for k, slot in enumerate(slots)}
        # What is not built has the values of the plainest design, in which only the first slots are.
        design = (space.origin or space).default
        written: dict[str, Any] = {count: len(slots) for _, count, slots in named}
        for k, (bus, parent) in enumerate(zip(buses, parents, strict=True)):
            written |= {f"Bus{k}_Width": bus.width, f"Bus{k}_Clock": bus.clock}
            written |= {f"Bus{k}_Parent": f"bus{parent}"} if k else {}
        for k, core in enumerate(self.cores):
            # A library with one processor needs no parameter for the type.
            written |= {f"Core{k}_Type": core.type} if "Core0_Type" in design else {}
            written[f"Core{k}_Bus"] = name[id(core.bus)]
        for k, memory in enumerate(self.memories):
            written |= {f"Mem{k}_Technology": memory.technology, f"Mem{k}_Width": memory.width}
            written |= {f"Mem{k}_Clock": memory.clock, f"Mem{k}_Bus": name[id(memory.bus)]}
        for task, where in self.runs_on.items():
            if isinstance(where, CoreSlot):
                written[run(task)] = name[id(where)]
            else:
                written |= {run(task): where.name, f"Unroll_{task}": where.unroll, f"Clock_{task}": where.clock}
                written[f"Bus_{task}"] = name[id(where.bus)]
        written |= {data(*edge): name[id(where)] for edge, where in self.lies_in.items()}
        return design | written if written.keys() <= design.keys() else None

    def _tree(self) -> tuple[list[BusSlot], list[int]]:
        """The buses with each after the one that it is linked to, in the old order where that leaves a choice."""
        buses, parents = [self.buses[0]], [-1]
        while len(buses) < len(self.buses):
            following = (bus for bus in self.buses if bus not in buses and any(near in buses for near in bus.links))
            bus = next(following)
            parents.append(next(k for k, placed in enumerate(buses) if placed in bus.links))
            buses.append(bus)
        return buses, parents
