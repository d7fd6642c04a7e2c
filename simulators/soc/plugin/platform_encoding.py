"""Designs of the space ``platform`` as systems on chip: as arrays for the engine, and one by one with names.

Cores that run nothing and memories that hold nothing are not built. Dummy tasks run on core 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import SocBatch
from archgym.simulators.soc.library import Library
from archgym.simulators.soc.plugin.platform_space import BUSES, CORES, data, is_core, megahertz, run
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.tables import Tables, accelerators_of, variant_name
from archgym.space import DesignBatch, DesignSpace

Codes = NDArray[np.int32]


class PlatformEncoder:
    """Translates designs of one platform space."""

    def __init__(self, space: DesignSpace, application: Application, library: Library, tables: Tables) -> None:
        self._space, self._application, self._library = space, application, library
        self._accelerators = accelerators_of(application, library)
        self._columns = {name: k for k, name in enumerate(space.names)}
        self._real = np.array([t for t, task in enumerate(application.tasks) if not task.dummy], np.intp)
        names = [application.tasks[t].name for t in self._real]
        self._n_cores, self._n_memories, self._n_buses = (
            sum(f"{prefix}{k}_{label}" in self._columns for k in range(64))
            for prefix, label in (("Core", "Bus"), ("Mem", "Bus"), ("Bus", "Width"))
        )
        self._run = self._of([run(name) for name in names])
        self._unroll, self._clock, self._place = (
            self._of([f"{label}_{name}" for name in names]) for label in ("Unroll", "Clock", "Bus")
        )
        self._data = self._of([data(edge.producer, edge.consumer) for edge in application.edges])
        self._core_type = self._slots("Core", "Type", self._n_cores)
        self._core_bus = self._slots("Core", "Bus", self._n_cores)
        self._memory = [self._slots("Mem", label, self._n_memories) for label in ("Technology", "Width", "Clock")]
        self._memory_bus = self._slots("Mem", "Bus", self._n_memories)
        self._bus = [self._slots("Bus", label, self._n_buses) for label in ("Width", "Clock")]
        self._parent = self._slots("Bus", "Parent", self._n_buses)[1:]
        self._accelerator_types = self._variants(names, tables)
        self._processor_types = np.array([tables.pe_names.index(name) for name in library.processors], np.int32)
        memories = {(m.technology, m.width_bytes, megahertz(m)): m.name for m in library.memories.values()}
        buses = {(b.width_bytes, megahertz(b)): b.name for b in library.buses.values()}
        self._memory_names, self._bus_names = memories, buses
        self._memory_types = self._types("Mem0", ("Technology", "Width", "Clock"), memories, tables.mem_names)
        self._bus_types = self._types("Bus0", ("Width", "Clock"), buses, tables.bus_names)

    def encode(self, designs: DesignBatch) -> tuple[SocBatch, dict[int, str]]:
        """All rows, as the engine wants them; none is refused."""
        n, cores, tasks = len(designs), self._n_cores, len(self._real)
        codes = np.concatenate([designs.codes, np.zeros((n, 1), np.int32)], axis=1)  # the column of what is missing
        placed = codes[:, self._run]
        accelerators = self._accelerator_types[np.arange(tasks), placed, codes[:, self._unroll], codes[:, self._clock]]
        on_core = accelerators < 0
        ran = np.where(on_core, placed, np.arange(cores, cores + tasks, dtype=np.int32))
        task_pe = np.zeros((n, len(self._application.tasks)), np.int32)
        task_pe[:, self._real] = ran
        pe_type = np.empty((n, cores + tasks), np.int32)
        pe_type[:, :cores] = np.where(_used(task_pe, cores), self._processor_types[codes[:, self._core_type]], -1)
        pe_type[:, cores:] = accelerators
        edge_mem = codes[:, self._data]
        mem_type = self._memory_types[tuple(codes[:, columns] for columns in self._memory)]
        built = np.arange(self._n_buses) < codes[:, self._columns[BUSES], None] + 1
        links = np.empty((n, self._n_buses - 1, 2), np.int32)
        links[:, :, 0] = np.arange(1, self._n_buses)
        links[:, :, 1] = codes[:, self._parent]
        links[~built[:, 1:]] = -1
        batch = SocBatch(
            pe_type=pe_type,
            pe_bus=np.concatenate([codes[:, self._core_bus], codes[:, self._place]], axis=1),
            mem_type=np.where(_used(edge_mem, self._n_memories), mem_type, np.int32(-1)),
            mem_bus=codes[:, self._memory_bus],
            bus_type=np.where(built, self._bus_types[tuple(codes[:, columns] for columns in self._bus)], np.int32(-1)),
            links=links,
            task_pe=task_pe,
            edge_mem=edge_mem,
        )
        return batch, {}

    def soc(self, design: Mapping[str, Any]) -> Soc:
        """One complete design with names: ``core0``, ``mem0``, ``bus0``, ``psychoFilter:IP0``."""
        task_on: dict[str, str] = {}
        accelerators = []
        for task in self._application.tasks:
            where = "core0" if task.dummy else str(design[run(task.name)])
            task_on[task.name] = where
            if not is_core(where):
                task_on[task.name] = name = f"{task.name}:{where}"
                kind = variant_name(task.name, where, design[f"Unroll_{task.name}"], design[f"Clock_{task.name}"])
                accelerators.append(Block(name, kind, str(design[f"Bus_{task.name}"])))
        data_in = {
            (edge.producer, edge.consumer): str(design[data(edge.producer, edge.consumer)])
            for edge in self._application.edges
        }
        default = next(iter(self._library.processors))
        cores = [
            Block(f"core{k}", str(design.get(f"Core{k}_Type", default)), str(design[f"Core{k}_Bus"]))
            for k in range(design[CORES])
            if f"core{k}" in task_on.values()
        ]
        memories = [
            Block(f"mem{k}", self._memory_names[self._key(design, f"Mem{k}", 3)], str(design[f"Mem{k}_Bus"]))
            for k in range(self._n_memories)
            if f"mem{k}" in data_in.values()
        ]
        buses = [BusBlock(f"bus{k}", self._bus_names[self._key(design, f"Bus{k}", 2)]) for k in range(design[BUSES])]
        links = [(f"bus{k}", str(design[f"Bus{k}_Parent"])) for k in range(1, design[BUSES])]
        return Soc((*cores, *accelerators), tuple(memories), tuple(buses), tuple(links), task_on, data_in)

    def _key(self, design: Mapping[str, Any], block: str, parts: int) -> Any:
        return tuple(design[f"{block}_{label}"] for label in ("Technology", "Width", "Clock")[3 - parts :])

    def _of(self, names: list[str]) -> NDArray[np.intp]:
        """Columns of the parameters; the last, all zeros, for one that the space does not have."""
        return np.array([self._columns.get(name, self._space.d) for name in names], np.intp)

    def _slots(self, prefix: str, label: str, slots: int) -> NDArray[np.intp]:
        return self._of([f"{prefix}{k}_{label}" for k in range(slots)])

    def _values(self, name: str) -> tuple[Any, ...]:
        return self._space.parameters[self._columns[name]].values if name in self._columns else (None,)

    def _variants(self, names: list[str], tables: Tables) -> Codes:
        """``(tasks, places, unrolls, clocks)`` type of the accelerator, -1 on a core."""
        position = {name: k for k, name in enumerate(tables.pe_names)}
        grids = [[self._values(f"{label}_{name}") for label in ("Run", "Unroll", "Clock")] for name in names]
        shape = [max(len(grid[axis]) for grid in grids) for axis in range(3)]
        types = np.full((len(names), *shape), -1, np.int32)
        for t, (name, grid) in enumerate(zip(names, grids, strict=True)):
            for at in np.ndindex(*(len(axis) for axis in grid)):
                place, unroll, clock = (axis[k] for axis, k in zip(grid, at, strict=True))
                if not is_core(str(place)):
                    types[(t, *at)] = position.get(variant_name(name, place, unroll, clock), -1)
        return types

    def _types(self, block: str, labels: tuple[str, ...], names: Mapping[Any, str], order: tuple[str, ...]) -> Codes:
        """Index of the type of every combination of values, -1 where the library has none."""
        axes = [self._values(f"{block}_{label}") for label in labels]
        types = np.full([len(axis) for axis in axes], -1, np.int32)
        for at in np.ndindex(*types.shape):
            key = tuple(axis[k] for axis, k in zip(axes, at, strict=True))
            if key in names:
                types[at] = order.index(names[key])
        return types


def _used(references: Codes, slots: int) -> NDArray[np.bool_]:
    """``(n, slots)`` which slots *references* ``(n, m)`` name; others than slots do not count."""
    used: NDArray[np.bool_] = (references[:, None, :] == np.arange(slots, dtype=np.int32)[:, None]).any(axis=2)
    return used
