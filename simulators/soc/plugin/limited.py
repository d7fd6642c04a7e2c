"""The space ``archgym-limited``: the encoding of FARSI that ArchGym's experiments use (ISCA 2023), for parity.

Three processing elements, three slow memories and three slow buses, connected by a flat vector of 18 + 2 T choices (T:
tasks, dummies included). Most combinations describe no system: they are INFEASIBLE, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import ConfigError
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import SocBatch
from archgym.simulators.soc.library import Library
from archgym.simulators.soc.plugin.platform_space import (
    INTERCONNECT_GROUP,
    MAPPING_GROUP,
    MEMORY_GROUP,
    PROCESSING_GROUP,
    megahertz,
)
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.tables import Tables, accelerators_of, variant_name
from archgym.space import Categorical, DesignBatch, DesignSpace, Ordinal, Parameter

Codes = NDArray[np.int32]

SLOTS = 3
WIDTH_B = 4
TECHNOLOGY = "dram"
NONE = "none"
FIRST_ACCELERATED = {"audio_decoder": "rotatorSet"}
"""FARSI's block database of this workload does not begin with its first task."""
_PES = tuple(f"pe{k}" for k in range(SLOTS))
_MEMORIES = tuple(f"mem{k}" for k in range(SLOTS))
_BUSES = tuple(f"bus{k}" for k in range(SLOTS))


def limited_space(application: Application, library: Library) -> DesignSpace:
    """ArchGym's vector, group by group and in its order; ``none`` is its -1."""
    return DesignSpace(_parameters(application, library), name="soc/archgym-limited")


def _parameters(application: Application, library: Library) -> Iterator[Parameter]:
    pe_types = _pe_types(application, library)
    memory_clocks, bus_clocks = tuple(_memory_types(library)), tuple(_bus_types(library))
    for k in range(SLOTS):
        yield Categorical(
            f"PE{k}", pe_types, doc="The processor, or the database's first accelerator.", group=PROCESSING_GROUP
        )
    for k in range(SLOTS):
        yield Ordinal(
            f"Mem{k}_Clock",
            memory_clocks,
            unit="MHz",
            doc=f"Clock of memory {k}: DRAM, {WIDTH_B} B wide.",
            group=MEMORY_GROUP,
        )
    for k in range(SLOTS):
        yield Ordinal(
            f"Bus{k}_Clock",
            bus_clocks,
            unit="MHz",
            doc=f"Clock of bus {k}, {WIDTH_B} B wide.",
            group=INTERCONNECT_GROUP,
        )
    for k in range(SLOTS):
        yield Categorical(f"PE{k}_Bus", _BUSES, doc=f"The bus of processing element {k}.", group=INTERCONNECT_GROUP)
    for k in range(SLOTS):
        # The default is a chain of the three buses.
        following = _BUSES[k + 1] if k + 1 < SLOTS else NONE
        yield Categorical(
            f"Bus{k}_Bus",
            (NONE, *_BUSES),
            doc=f"A bus that bus {k} is linked to.",
            default=following,
            group=INTERCONNECT_GROUP,
        )
    for k in range(SLOTS):
        yield Categorical(
            f"Bus{k}_Mem",
            (NONE, *_MEMORIES),
            doc=f"The memory on bus {k}; one bus only.",
            default=_MEMORIES[k],
            group=INTERCONNECT_GROUP,
        )
    for task in application.tasks:
        yield Categorical(f"PE_{task.name}", _PES, doc=f"Where {task.name} runs.", group=MAPPING_GROUP)
    for task in application.tasks:
        yield Categorical(
            f"Mem_{task.name}", _MEMORIES, doc=f"Where all outputs of {task.name} lie.", group=MAPPING_GROUP
        )


def _pe_types(application: Application, library: Library) -> tuple[str, str]:
    """The processor, and the plainest variant of the database's first accelerator."""
    accelerators = accelerators_of(application, library)
    accelerated = [task.name for task in application.tasks if accelerators.get(task.name)]
    if not accelerated:
        raise ConfigError("simulator 'soc': space 'archgym-limited': no task of the workload has an accelerator")
    first = FIRST_ACCELERATED.get(application.names[0], accelerated[0])
    own = accelerators[first][0]
    return next(iter(library.processors)), variant_name(first, own.name, own.unrolls[0], own.clocks_mhz[0])


def _memory_types(library: Library) -> dict[int, str]:
    """Clock in MHz to type, slowest first."""
    memories = library.memories.values()
    found = {megahertz(m): m.name for m in memories if m.technology == TECHNOLOGY and m.width_bytes == WIDTH_B}
    return _expect_some(found, f"memory of technology {TECHNOLOGY!r}")


def _bus_types(library: Library) -> dict[int, str]:
    """Clock in MHz to type, slowest first."""
    return _expect_some({megahertz(b): b.name for b in library.buses.values() if b.width_bytes == WIDTH_B}, "bus")


def _expect_some(found: dict[int, str], what: str) -> dict[int, str]:
    if not found:
        raise ConfigError(f"simulator 'soc': space 'archgym-limited': the library has no {what} of {WIDTH_B} bytes")
    return dict(sorted(found.items()))


def _title(bus: str) -> str:
    return bus.replace("bus", "Bus")


class LimitedEncoder:
    """Translates designs of one limited space."""

    def __init__(self, space: DesignSpace, application: Application, library: Library, tables: Tables) -> None:
        self._space, self._application = space, application
        self._pe_names = _pe_types(application, library)
        self._memory_names = tuple(_memory_types(library).values())
        self._bus_names = tuple(_bus_types(library).values())
        self._pe_types, self._memory_types, self._bus_types = (
            np.array([order.index(name) for name in names], np.int32)
            for names, order in (
                (self._pe_names, tables.pe_names),
                (self._memory_names, tables.mem_names),
                (self._bus_names, tables.bus_names),
            )
        )

    def encode(self, designs: DesignBatch) -> tuple[SocBatch, dict[int, str]]:
        """All rows, and what is wrong with those that describe no system; unreachable memories are for the engine."""
        pe, mem, bus, pe_bus, bus_bus, bus_mem, task_pe, task_mem = self._groups(designs.codes)
        bus_bus, bus_mem = bus_bus - 1, bus_mem - 1  # none is -1
        places = bus_mem[:, :, None] == np.arange(SLOTS)  # (n, bus, memory)
        connected = places.any(axis=1)
        links = np.full((len(designs), SLOTS, 2), -1, np.int32)
        for k in range(SLOTS):
            to = bus_bus[:, k]
            twice = ((bus_bus[:, :k] == k) & (np.arange(k) == to[:, None])).any(axis=1)
            linked = (to >= 0) & (to != k) & ~twice
            links[linked, k] = np.stack([np.minimum(to, k), np.maximum(to, k)], axis=1)[linked]
        batch = SocBatch(
            pe_type=self._pe_types[pe],
            pe_bus=np.ascontiguousarray(pe_bus),
            mem_type=np.where(connected, self._memory_types[mem], np.int32(-1)),
            mem_bus=places.argmax(axis=1).astype(np.int32),
            bus_type=self._bus_types[bus],
            links=links,
            task_pe=np.ascontiguousarray(task_pe),
            edge_mem=np.ascontiguousarray(task_mem[:, self._application.edge_from]),
        )
        return batch, self._refused(bus_bus, places, connected, batch.edge_mem)

    def _refused(
        self, bus_bus: Codes, places: NDArray[np.bool_], connected: NDArray[np.bool_], edge_mem: Codes
    ) -> dict[int, str]:
        reasons: dict[int, str] = {}
        missing = ~np.take_along_axis(connected, edge_mem.astype(np.intp), axis=1)
        for row, edge in zip(*np.nonzero(missing), strict=True):
            reasons.setdefault(int(row), f"mem{edge_mem[row, edge]} holds data but hangs on no bus")
        for row, memory in zip(*np.nonzero(places.sum(axis=1) > 1), strict=True):
            on = " and ".join(f"bus{k}" for k in np.flatnonzero(places[row, :, memory]))
            reasons[int(row)] = f"mem{memory} hangs on {on}; a memory has one bus"
        for row, k in zip(*np.nonzero(bus_bus == np.arange(SLOTS)), strict=True):
            reasons[int(row)] = f"bus{k} is linked to itself"
        return reasons

    def soc(self, design: Mapping[str, Any]) -> Soc:
        """One complete design with names; what is wrong with it is for the engine's check to say."""
        task_on = {task.name: str(design[f"PE_{task.name}"]) for task in self._application.tasks}
        data_in = {(e.producer, e.consumer): str(design[f"Mem_{e.producer}"]) for e in self._application.edges}
        links = {
            tuple(sorted((bus, str(design[f"{_title(bus)}_Bus"])))): None
            for bus in _BUSES
            if design[f"{_title(bus)}_Bus"] != NONE
        }
        clocks = {p.name: p.values for p in self._space.parameters}
        return Soc(
            processing=tuple(Block(pe, str(design[f"PE{k}"]), str(design[f"PE{k}_Bus"])) for k, pe in enumerate(_PES)),
            memories=tuple(
                Block(memory, self._memory_names[clocks[f"Mem{k}_Clock"].index(design[f"Mem{k}_Clock"])], bus)
                for k, memory in enumerate(_MEMORIES)
                for bus in _BUSES
                if design[f"Bus{bus[-1]}_Mem"] == memory
            ),
            buses=tuple(
                BusBlock(bus, self._bus_names[clocks[f"Bus{k}_Clock"].index(design[f"Bus{k}_Clock"])])
                for k, bus in enumerate(_BUSES)
            ),
            links=tuple((a, b) for a, b in links),
            task_on=task_on,
            data_in=data_in,
        )

    def _groups(self, codes: Codes) -> list[Codes]:
        """The columns of the eight groups, in ArchGym's order."""
        tasks = len(self._application.tasks)
        ends = np.cumsum([*[SLOTS] * 6, tasks])
        return np.split(codes, ends, axis=1)
