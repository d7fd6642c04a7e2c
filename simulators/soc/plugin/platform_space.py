"""The space ``platform``: everything the library can build on a tree of buses, in a form in which every design works.

What a random choice of blocks, links and mappings gets wrong cannot be said here: an accelerator belongs to one task,
so the choice is where a task runs; the buses are a tree, so every memory can be reached; each block hangs on one bus.
Parameters of blocks that a design does not have hold one fixed value, so that equal hardware is one design (but for
the names: slots of one kind may be exchanged).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import ConfigError
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.library import Bus, Library, Memory
from archgym.simulators.soc.tables import accelerators_of
from archgym.space import (
    Categorical,
    Constraint,
    DesignSpace,
    Integer,
    OnlyWhen,
    Ordinal,
    Parameter,
    Predicate,
    Requires,
)

CORES, MEMORIES, BUSES = "Cores", "Memories", "Buses"
PROCESSING_GROUP, MEMORY_GROUP, INTERCONNECT_GROUP = "processing elements", "memories", "interconnect"
MAPPING_GROUP = "mapping"
LARGEST_SLOTS = 16


@dataclass(frozen=True, slots=True)
class Slots:
    """Blocks of each shared kind that a design has at most."""

    cores: int = 4
    memories: int = 4
    buses: int = 4

    def __post_init__(self) -> None:
        for kind in ("cores", "memories", "buses"):
            slots = getattr(self, kind)
            if type(slots) is not int or not 1 <= slots <= LARGEST_SLOTS:
                raise ConfigError(
                    f"simulator 'soc': {kind}: expected a whole number from 1 to {LARGEST_SLOTS}, got {slots!r}"
                )


def platform_space(application: Application, library: Library, slots: Slots | None = None) -> DesignSpace:
    """The space for one application: blocks first, then where each task runs and where each edge's data lies.

    Its default is the plainest SoC: one core, one narrow, slow memory, one narrow, slow bus.
    """
    made = _Builder(application, library, slots or Slots())
    return DesignSpace(made.parameters, made.constraints(), name="soc/platform")


def run(task: str) -> str:
    """Name of the parameter that says where a task runs."""
    return f"Run_{task}"


def data(producer: str, consumer: str) -> str:
    """Name of the parameter that says in which memory an edge's data lies."""
    return f"Data_{producer}_{consumer}"


def is_core(place: str) -> bool:
    """Whether a task with this value of its parameter runs on a core."""
    return place.startswith("core") and place[4:].isdecimal()


class _Builder:
    def __init__(self, application: Application, library: Library, slots: Slots) -> None:
        self._application, self._library, self._slots = application, library, slots
        self._accelerators = accelerators_of(application, library)
        self._check_names()
        self._cores = tuple(f"core{k}" for k in range(slots.cores))
        self._memories = tuple(f"mem{k}" for k in range(slots.memories))
        self._buses = tuple(f"bus{k}" for k in range(slots.buses))
        self.parameters = tuple(self._parameters())
        self._values = {parameter.name: parameter.values for parameter in self.parameters}
        self._rest: dict[str, Any] = {parameter.name: parameter.default for parameter in self.parameters}

    def _check_names(self) -> None:
        """A place to run is told from a core by its name."""
        for task, own in self._accelerators.items():
            for accelerator in own:
                if is_core(accelerator.name):
                    raise ConfigError(f"accelerator {accelerator.name!r} of {task}: names of cores cannot be used")

    # ---- parameters

    def _parameters(self) -> Iterator[Parameter]:
        for name, slots, what, group in (
            (CORES, self._cores, "Processors that tasks may run on.", PROCESSING_GROUP),
            (MEMORIES, self._memories, "Memories that data may lie in.", MEMORY_GROUP),
            (BUSES, self._buses, "Buses, linked to a tree.", INTERCONNECT_GROUP),
        ):
            yield Integer(name, 1, len(slots), doc=what, group=group)
        for k in range(len(self._buses)):
            yield from self._bus(k)
        for k in range(len(self._cores)):
            yield from self._core(k)
        for k in range(len(self._memories)):
            yield from self._memory(k)
        for task in self._application.tasks:
            if not task.dummy:
                yield from self._task(task.name)
        for edge in self._application.edges:
            yield Categorical(
                data(edge.producer, edge.consumer),
                self._memories,
                doc=f"Where the {edge.bytes:,.0f} bytes from {edge.producer} to {edge.consumer} lie.",
                group=MAPPING_GROUP,
            )

    def _bus(self, k: int) -> Iterator[Parameter]:
        widths, clocks = map(_sorted, zip(*_bus_keys(self._library), strict=True))
        yield Ordinal(
            f"Bus{k}_Width",
            widths,
            unit="B",
            doc=f"Bytes that bus {k} moves in a clock, each way.",
            group=INTERCONNECT_GROUP,
        )
        yield Ordinal(f"Bus{k}_Clock", clocks, unit="MHz", doc=f"Clock of bus {k}.", group=INTERCONNECT_GROUP)
        if k:
            yield Categorical(
                f"Bus{k}_Parent", self._buses[:k], doc=f"The bus that bus {k} is linked to.", group=INTERCONNECT_GROUP
            )

    def _core(self, k: int) -> Iterator[Parameter]:
        if len(self._library.processors) > 1:
            yield Categorical(
                f"Core{k}_Type",
                tuple(self._library.processors),
                doc=f"The processor in core slot {k}.",
                group=PROCESSING_GROUP,
            )
        yield self._place(f"Core{k}_Bus", f"core {k}")

    def _memory(self, k: int) -> Iterator[Parameter]:
        technologies, widths, clocks = zip(*_memory_keys(self._library), strict=True)
        yield Categorical(
            f"Mem{k}_Technology",
            tuple(dict.fromkeys(technologies)),
            doc=f"What memory {k} is made of.",
            group=MEMORY_GROUP,
        )
        yield Ordinal(
            f"Mem{k}_Width",
            _sorted(widths),
            unit="B",
            doc=f"Bytes that memory {k} moves in a clock, each way.",
            group=MEMORY_GROUP,
        )
        yield Ordinal(f"Mem{k}_Clock", _sorted(clocks), unit="MHz", doc=f"Clock of memory {k}.", group=MEMORY_GROUP)
        yield self._place(f"Mem{k}_Bus", f"memory {k}")

    def _task(self, task: str) -> Iterator[Parameter]:
        own = self._accelerators.get(task, ())
        where = (*self._cores, *(accelerator.name for accelerator in own))
        yield Categorical(
            run(task),
            where,
            doc=f"Where {task} runs: a shared core, or an accelerator of its own.",
            group=MAPPING_GROUP,
        )
        if not own:
            return
        unrolls, clocks = _sorted(u for a in own for u in a.unrolls), _sorted(c for a in own for c in a.clocks_mhz)
        yield Ordinal(
            f"Unroll_{task}", unrolls, doc=f"Copies of the data path of {task}'s accelerator.", group=PROCESSING_GROUP
        )
        # Fastest by default: in FARSI's model a clock costs neither energy nor area.
        yield Ordinal(
            f"Clock_{task}", clocks, "MHz", f"Clock of {task}'s accelerator.", clocks[-1], group=PROCESSING_GROUP
        )
        yield self._place(f"Bus_{task}", f"{task}'s accelerator")

    def _place(self, name: str, what: str) -> Parameter:
        return Categorical(name, self._buses, doc=f"The bus of {what}.", group=INTERCONNECT_GROUP)

    # ---- constraints

    def constraints(self) -> Iterator[Constraint]:
        for k in range(len(self._buses)):
            yield from self._of_slot(BUSES, k, [f"Bus{k}_Width", f"Bus{k}_Clock", *([f"Bus{k}_Parent"] if k else [])])
            yield from _existing(f"Bus{k}", ("Width", "Clock"), _bus_keys(self._library))
        for k in range(len(self._cores)):
            kind = [f"Core{k}_Type"] if len(self._library.processors) > 1 else []
            yield from self._of_slot(CORES, k, [*kind, f"Core{k}_Bus"])
            yield from self._built(f"Core{k}_Bus", BUSES, self._buses)
        for k in range(len(self._memories)):
            labels = ("Technology", "Width", "Clock")
            yield from self._of_slot(MEMORIES, k, [*(f"Mem{k}_{label}" for label in labels), f"Mem{k}_Bus"])
            yield from _existing(f"Mem{k}", labels, _memory_keys(self._library))
            yield from self._built(f"Mem{k}_Bus", BUSES, self._buses)
        for task in self._application.tasks:
            if not task.dummy:
                yield from self._of_task(task.name)
        for edge in self._application.edges:
            yield from self._built(data(edge.producer, edge.consumer), MEMORIES, self._memories)

    def _of_slot(self, count: str, k: int, names: Sequence[str]) -> Iterator[Constraint]:
        """Parameters of slot *k* matter only where that many blocks are built."""
        most = {CORES: self._cores, MEMORIES: self._memories, BUSES: self._buses}[count]
        if k:
            when = {count: tuple(range(k + 1, len(most) + 1))}
            for name in names:
                yield OnlyWhen(name, when, self._rest[name])

    def _of_task(self, task: str) -> Iterator[Constraint]:
        own = self._accelerators.get(task, ())
        yield from self._built(run(task), CORES, self._cores)
        if not own:
            return
        when = {run(task): tuple(accelerator.name for accelerator in own)}
        for label in ("Unroll", "Clock", "Bus"):
            yield OnlyWhen(f"{label}_{task}", when, self._rest[f"{label}_{task}"])
        yield from self._built(f"Bus_{task}", BUSES, self._buses)
        for label, offered in (("Unroll", "unrolls"), ("Clock", "clocks_mhz")):
            name = f"{label}_{task}"
            for accelerator in own:
                values = getattr(accelerator, offered)
                if len(values) < len(self._values[name]):
                    known = f"{accelerator.name} of {task} has {label.lower()} {values}"
                    yield Requires(known, name, values, {run(task): (accelerator.name,)})

    def _built(self, name: str, count: str, slots: Sequence[str]) -> Iterator[Constraint]:
        """*name* refers to a slot that is built."""
        if len(slots) > 1:
            yield Predicate(
                f"{name} is built",
                (count, name),
                partial(_is_built, count, name, tuple(slots)),
                doc=f"{name} names a block that {count} counts.",
            )


def _sorted(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(values)))


def _is_built(count: str, name: str, slots: tuple[str, ...], design: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Names that are no slot (an accelerator's) are always built."""
    position = {slot: k for k, slot in enumerate(slots)}
    needed = np.array([position.get(str(value), -1) for value in design[name]], np.int64)
    built: NDArray[np.bool_] = needed < design[count]
    return built


def _existing(prefix: str, labels: tuple[str, ...], keys: Sequence[tuple[Any, ...]]) -> Iterator[Constraint]:
    """The library has a type of these properties; nothing to demand where it has every combination."""
    if len(keys) == math.prod(len(set(column)) for column in zip(*keys, strict=True)):
        return
    names = tuple(f"{prefix}_{label}" for label in labels)
    yield Predicate(
        f"{prefix} has a type",
        names,
        partial(_has_type, names, frozenset(keys)),
        doc=f"The library has such a type ({', '.join(labels).lower()}).",
        definition=repr(sorted(keys)),
    )


def _has_type(
    names: tuple[str, ...], keys: frozenset[tuple[Any, ...]], design: Mapping[str, NDArray[Any]]
) -> NDArray[np.bool_]:
    return np.array([row in keys for row in zip(*(design[name].tolist() for name in names), strict=True)], np.bool_)


def _bus_keys(library: Library) -> list[tuple[int, int]]:
    """Width in bytes and clock in MHz of every bus type, in the library's order."""
    return _distinct("bus", {bus.name: (bus.width_bytes, megahertz(bus)) for bus in library.buses.values()})


def _memory_keys(library: Library) -> list[tuple[str, int, int]]:
    """Technology, width in bytes and clock in MHz of every memory type, in the library's order."""
    memories = library.memories.values()
    return _distinct("memory", {m.name: (m.technology, m.width_bytes, megahertz(m)) for m in memories})


def megahertz(block: Bus | Memory) -> int:
    """The clock, which must be a whole number of MHz to be a knob."""
    if block.clock_hz % 1e6:
        raise ConfigError(f"library: {block.name}: clock_hz: expected whole MHz, got {block.clock_hz:g} Hz")
    return int(block.clock_hz / 1e6)


def _distinct(kind: str, keys: Mapping[str, Any]) -> list[Any]:
    seen: dict[Any, str] = {}
    for name, key in keys.items():
        if key in seen:
            raise ConfigError(f"library: {kind} types {seen[key]!r} and {name!r} are the same: {key}; keep one of them")
        seen[key] = name
    return list(seen)
