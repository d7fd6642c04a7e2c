"""Which type of block to take next: all types of a library, rated by time, energy and area.

A designer never takes a type that another one beats in everything. Among the rest, one step at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.library import Library
from archgym.simulators.soc.plugin.platform_space import megahertz, run
from archgym.simulators.soc.tables import Tables, variant_name
from archgym.space import DesignSpace

T = TypeVar("T")
Variant: TypeAlias = tuple[str, int, int]
"""Accelerator, unrolling, clock in MHz."""
MemoryType: TypeAlias = tuple[str, int, int]
"""Technology, width in bytes, clock in MHz."""
BusType: TypeAlias = tuple[int, int]
"""Width in bytes, clock in MHz."""


class Rating(NamedTuple):
    """What a type costs, up to a factor that is the same for all types compared; less is better."""

    time: float
    energy: float
    logic: float
    """Area on the chip itself."""
    stacked: float
    """Area on top of it."""

    def of(self, metric: str) -> float:
        """The part that *metric* is made of; time for what is made of nothing else."""
        if metric in ("energy", "power"):
            return self.energy
        if metric == "area_stacked":
            return self.stacked
        if metric == "area":
            return self.logic + self.stacked
        return self.logic if metric.startswith("area") else self.time


@dataclass(frozen=True, slots=True)
class Rated(Generic[T]):
    """A type and what it costs."""

    type: T
    rating: Rating


def best(types: Iterable[Rated[T]]) -> list[Rated[T]]:
    """Those that no other one beats or equals in everything; of equal ones the first."""
    kept: list[Rated[T]] = []
    for new in types:
        if any(_beats(old.rating, new.rating) for old in kept):
            continue
        kept = [old for old in kept if not _beats(new.rating, old.rating)]
        kept.append(new)
    return kept


def _beats(a: Rating, b: Rating) -> bool:
    return all(mine <= other for mine, other in zip(a, b, strict=True))


def following(types: Sequence[Rated[T]], now: Rating, metric: str, *, reduce: bool) -> list[T]:
    """The types that are better for *metric*, the nearest first; without *reduce* those that are worse for it but
    better for something else."""
    if reduce:
        found = [rated for rated in types if rated.rating.of(metric) < now.of(metric)]
    else:
        worse = (rated for rated in types if rated.rating.of(metric) > now.of(metric))
        found = [rated for rated in worse if not _beats(now, rated.rating)]
    return [rated.type for rated in sorted(found, key=lambda rated: _apart(rated.rating, now, metric))]


def _apart(a: Rating, b: Rating, metric: str) -> tuple[float, float]:
    """First how far in the metric, then how far in everything."""
    return abs(a.of(metric) - b.of(metric)), sum(_steps(x, y) for x, y in zip(a, b, strict=True))


def _steps(x: float, y: float) -> float:
    """How many times one is the other, as a logarithm; the same for any unit."""
    if x == y:
        return 0.0
    return abs(math.log(x / y)) if x > 0.0 and y > 0.0 else 10.0


class Catalogue:
    """The types that a space offers, rated."""

    def __init__(self, space: DesignSpace, application: Application, library: Library, tables: Tables) -> None:
        self._values: dict[str, set[Any]] = {parameter.name: set(parameter.values) for parameter in space.parameters}
        self._library, self._tables = library, tables
        self._work = {task.name: task.work for task in application.tasks}
        self._element = {name: k for k, name in enumerate(tables.pe_names)}
        self._technology = {name: k for k, name in enumerate(tables.technology_names)}
        self._variants = {task.name: self._variants_of(task.name) for task in application.tasks if not task.dummy}
        self._buses: list[BusType] = [
            (bus.width_bytes, megahertz(bus))
            for bus in library.buses.values()
            if self._offers(Bus0_Width=bus.width_bytes, Bus0_Clock=megahertz(bus))
        ]
        self._memories: list[MemoryType] = [
            (m.technology, m.width_bytes, megahertz(m))
            for m in library.memories.values()
            if self._offers(Mem0_Technology=m.technology, Mem0_Width=m.width_bytes, Mem0_Clock=megahertz(m))
        ]

    def _offers(self, **values: Any) -> bool:
        """Whether the space has the values; a parameter that it does not have takes any."""
        return all(value in self._values.get(name, (value,)) for name, value in values.items())

    # ---- what runs tasks

    def cores(self, tasks: Sequence[str]) -> list[Rated[str]]:
        """The processors, rated for *tasks*."""
        offered = (name for name in self._library.processors if self._offers(Core0_Type=name))
        return best(Rated(name, self.core(name, tasks)) for name in offered)

    def core(self, name: str, tasks: Sequence[str]) -> Rating:
        """A processor that runs *tasks*."""
        return self._element_rating(name, sum(self._work[task] for task in tasks))

    def variants(self, task: str) -> list[Rated[Variant]]:
        """The accelerators of *task* in their sizes and clocks."""
        return self._variants[task]

    def variant(self, task: str, variant: Variant) -> Rating:
        """One accelerator of *task*."""
        return self._element_rating(variant_name(task, *variant), self._work[task])

    def _variants_of(self, task: str) -> list[Rated[Variant]]:
        places, unrolls, clocks = (
            sorted(self._values.get(name, ())) for name in (run(task), f"Unroll_{task}", f"Clock_{task}")
        )
        every = [(name, unroll, clock) for name in places for unroll in unrolls for clock in clocks]
        known = [triple for triple in every if variant_name(task, *triple) in self._element]
        return best(Rated(triple, self.variant(task, triple)) for triple in known)

    def _element_rating(self, name: str, work: float) -> Rating:
        at, tables = self._element[name], self._tables
        return Rating(
            work / float(tables.pe_rate[at]), work * float(tables.pe_joule[at]), float(tables.pe_area[at]), 0.0
        )

    # ---- what holds and moves data

    def memories(self, n_bytes: float) -> list[Rated[MemoryType]]:
        """The memories, rated for data of so many bytes."""
        return best(Rated(key, self.memory(key, n_bytes)) for key in self._memories)

    def memory(self, key: MemoryType, n_bytes: float) -> Rating:
        """A memory into which so many bytes are written and out of which they are read, all held at once."""
        technology, width, clock = key
        k, tables = self._technology[technology], self._tables
        sizes = int((tables.area[k] == tables.area[k]).sum())  # NaN fills up shorter tables
        size = min(math.ceil(max(n_bytes, float(tables.floor_bytes[k])) / float(tables.step_bytes[k])), sizes) - 1
        area, stacked = float(tables.area[k, size]), bool(tables.technology_stacked[k])
        joule = n_bytes * float(tables.read_j[k, size] + tables.write_j[k, size])
        return Rating(n_bytes / (width * clock), joule, 0.0 if stacked else area, area if stacked else 0.0)

    def buses(self) -> list[Rated[BusType]]:
        """The buses; only speed tells them apart."""
        return best(Rated(key, self.bus(key)) for key in self._buses)

    def bus(self, key: BusType) -> Rating:
        """A bus, for one byte."""
        return Rating(1.0 / (key[0] * key[1]), 0.0, 0.0, 0.0)
