"""Types as numbers: what the engine looks up about every block of a library, for one application."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.data_error import DataError, suggestion
from archgym.simulators.soc.graph import Accelerator
from archgym.simulators.soc.library import Library

ACCELERATOR_COST = 100.0
"""Development cost of a task in hardware, relative to software; FARSI (arXiv 2201.05232)."""
ANY_TASK = -1


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Read-only arrays over P processing elements, M memories, B buses, and K technologies of up to S sizes."""

    pe_names: tuple[str, ...]
    """Processors, then every variant ``task/accelerator/x2/400MHz`` of the application's tasks."""
    pe_rate: NDArray[np.float64]
    """``(P,)`` instructions per second."""
    pe_joule: NDArray[np.float64]
    """``(P,)`` J per instruction."""
    pe_area: NDArray[np.float64]
    """``(P,)`` m2."""
    pe_task: NDArray[np.int32]
    """``(P,)`` the one task that it runs; -1 for a processor, which runs all. Dummies run on processors only."""
    pe_cost: NDArray[np.float64]
    """``(P,)`` development cost of a task, relative to software's."""
    mem_names: tuple[str, ...]
    mem_rate: NDArray[np.float64]
    """``(M,)`` bytes per second, reads and writes each."""
    mem_technology: NDArray[np.int32]
    """``(M,)`` index into the technologies."""
    bus_names: tuple[str, ...]
    bus_rate: NDArray[np.float64]
    """``(B,)`` bytes per second, per direction and output port."""
    technology_names: tuple[str, ...]
    technology_stacked: NDArray[np.bool_]
    """``(K,)``"""
    read_j: NDArray[np.float64]
    """``(K, S)`` J per byte read from a memory of 1, 2, … steps; NaN beyond a shorter table."""
    write_j: NDArray[np.float64]
    """``(K, S)`` J per byte written."""
    area: NDArray[np.float64]
    """``(K, S)`` m2."""
    step_bytes: NDArray[np.int64]
    """``(K,)``"""
    floor_bytes: NDArray[np.int64]
    """``(K,)`` the least size, before it is rounded up to whole steps."""

    @classmethod
    def of(cls, application: Application, library: Library) -> Tables:
        """Raises `DataError` for a memory of an unknown technology and for what `accelerators_of` refuses."""
        elements = [*_processors(library), *_variants(application, library)]
        memories, buses = list(library.memories.values()), list(library.buses.values())
        technologies = list(library.technologies.values())
        tables = cls(
            pe_names=tuple(element.name for element in elements),
            pe_rate=np.array([element.rate for element in elements], dtype=np.float64),
            pe_joule=np.array([element.joule for element in elements], dtype=np.float64),
            pe_area=np.array([element.area for element in elements], dtype=np.float64),
            pe_task=np.array([element.task for element in elements], dtype=np.int32),
            pe_cost=np.array([element.cost for element in elements], dtype=np.float64),
            mem_names=tuple(library.memories),
            mem_rate=np.array([memory.rate for memory in memories], dtype=np.float64),
            mem_technology=np.array(_technology_indices(library), dtype=np.int32),
            bus_names=tuple(library.buses),
            bus_rate=np.array([bus.rate for bus in buses], dtype=np.float64),
            technology_names=tuple(library.technologies),
            technology_stacked=np.array([t.stacked for t in technologies], dtype=np.bool_),
            read_j=_stacked([t.read_j_per_byte for t in technologies]),
            write_j=_stacked([t.write_j_per_byte for t in technologies]),
            area=_stacked([t.area_m2 for t in technologies]),
            step_bytes=np.array([t.step_bytes for t in technologies], dtype=np.int64),
            floor_bytes=np.array([t.floor_bytes for t in technologies], dtype=np.int64),
        )
        for field in fields(cls):
            value = getattr(tables, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
        return tables


def accelerators_of(application: Application, library: Library) -> dict[str, tuple[Accelerator, ...]]:
    """Every task of the application to its graph's accelerators, then the library's.

    A library may have accelerators for other applications too. Raises `DataError` for one of a task that is
    probably misspelt, for one of a dummy, and for a name that the task has already.
    """
    found = {task.name: task.accelerators for task in application.tasks}
    dummies = {task.name for task in application.tasks if task.dummy}
    for task, more in library.accelerators.items():
        where = f"library {library.name!r}: accelerators.{task}"
        if task not in found:
            hint = suggestion(task, found)
            if hint:
                raise DataError(f"{where}: {'+'.join(application.names)} has no such task; {hint.strip()}")
            continue
        if task in dummies:
            raise DataError(f"{where}: the task is a dummy, which has no work to accelerate; remove them")
        for accelerator in more:
            if accelerator.name in (known.name for known in found[task]):
                raise DataError(
                    f"{where}.{accelerator.name}: the task has an accelerator of that name; rename this one"
                )
        found[task] = (*found[task], *more)
    return found


@dataclass(frozen=True, slots=True)
class _Element:
    name: str
    rate: float
    joule: float
    area: float
    task: int
    cost: float


def variant_name(task: str, accelerator: str, unroll: int, clock_mhz: int) -> str:
    """The type's name, as in ``psychoFilter/IP0/x16/400MHz``."""
    return f"{task}/{accelerator}/x{unroll}/{clock_mhz}MHz"


def _processors(library: Library) -> Iterator[_Element]:
    for p in library.processors.values():
        yield _Element(p.name, p.rate, 1.0 / p.instructions_per_joule, p.area_m2, ANY_TASK, p.cost)


def _variants(application: Application, library: Library) -> Iterator[_Element]:
    """By task, accelerator, unrolling and clock, in this order."""
    choices = accelerators_of(application, library)
    for index, task in enumerate(application.tasks):
        for accelerator in choices[task.name]:
            for unroll in accelerator.unrolls:
                for clock in accelerator.clocks_mhz:
                    yield _variant(index, task.name, task.work, accelerator, unroll, clock)


def _variant(index: int, task: str, work: float, ip: Accelerator, unroll: int, clock_mhz: int) -> _Element:
    speed = unroll * (clock_mhz * 1e6 / ip.base_clock_hz)
    return _Element(
        name=variant_name(task, ip.name, unroll, clock_mhz),
        rate=work / (ip.cycles / ip.base_clock_hz) * speed,
        joule=ip.energy_j * unroll / work,
        area=ip.area_m2 * unroll,
        task=index,
        cost=ACCELERATOR_COST,
    )


def _technology_indices(library: Library) -> list[int]:
    index = {name: i for i, name in enumerate(library.technologies)}
    for memory in library.memories.values():
        if memory.technology not in index:
            hint = suggestion(memory.technology, index)
            raise DataError(
                f"library {library.name!r}: memory {memory.name!r}: no technology {memory.technology!r}; "
                f"{hint}known: {', '.join(index)}"
            )
    return [index[memory.technology] for memory in library.memories.values()]


def _stacked(rows: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """``(K, S)`` one row per technology, filled up with NaN."""
    table = np.full((len(rows), max((len(row) for row in rows), default=0)), np.nan)
    for k, row in enumerate(rows):
        table[k, : len(row)] = row
    return table
