"""Block libraries in YAML files: a whole one, or what a chip has in addition to another library.

extends: default                  # or another file, relative to this one
processors:
  M7: {clock_hz: 4.0e8, instructions_per_cycle: 1.5, instructions_per_joule: 9.0e10, area_m2: 1.0e-7, cost: 1}
technologies:                     # in a mapping, or in a file of its own
  mram: {stacked: false, step_bytes: 256000, floor_bytes: 2048,
         read_pj_per_byte: [0.2, 0.3], write_pj_per_byte: [1.0, 1.2], area_mm2: [0.02, 0.04]}
memories:                         # one type per width and clock: mram-8B-200MHz, …
  mram: {technology: mram, widths_bytes: [8, 16], clocks_mhz: [200]}
buses:
  noc: {widths_bytes: [16], clocks_mhz: [1000]}
accelerators:                     # task, name, and the same values as in a task graph
  denoise:
    HLS2: {cycles: 5.0e6, energy_j: 4.0e-12, area_m2: 2.0e-9, unrolls: [1, 2], clocks_mhz: [100, 400]}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.soc.data_error import DataError, unknown
from archgym.simulators.soc.graph import Accelerator
from archgym.simulators.soc.graph_check import check_name
from archgym.simulators.soc.graph_file import read_accelerator
from archgym.simulators.soc.library import Bus, Library, Memory, MemoryTechnology, Processor
from archgym.simulators.soc.section import Section
from archgym.simulators.soc.strict_yaml import read_yaml

_KEYS = ("origin", "extends", "processors", "technologies", "memories", "buses", "accelerators")
_PROCESSOR = ("clock_hz", "instructions_per_cycle", "instructions_per_joule", "area_m2", "cost")
_FAMILY = ("widths_bytes", "clocks_mhz")
_TABLES = ("read_pj_per_byte", "write_pj_per_byte", "area_mm2")
_TECHNOLOGY = ("origin", "stacked", "step_bytes", "floor_bytes", *_TABLES)
_EMPTY = Library("", {}, {}, {}, {}, {})


def library_names() -> tuple[str, ...]:
    """The names of the libraries in the package."""
    return ("default",)


def load_library(name_or_path: str | Path = "default") -> Library:
    """The library of that name (see `library_names`), or the one in that ``.yaml`` or ``.yml`` file.

    Raises `DataError`: one line with the file, the key and what was expected there.
    """
    text = str(name_or_path)
    if text in library_names():
        return _shipped(text)
    if Path(text).suffix not in (".yaml", ".yml"):
        raise DataError(f"{unknown('library', text, library_names())}; or give a .yaml file")
    path = Path(text)
    return _read(path.parent, path.name, ())


@cache
def _shipped(name: str) -> Library:
    return _read(resources.files("archgym.simulators.soc") / "library", f"{name}.yaml", ())


def _read(folder: Traversable, file: str, extending: tuple[str, ...]) -> Library:
    """The library in a file of *folder*, read on behalf of the files in *extending*, each of which extends the next."""
    where = str(folder / file)
    if where in extending:
        raise DataError(f"{where}: extends: the library extends itself, by way of {', '.join(extending)}")
    top = Section.of(read_yaml(folder / file), where)
    top.keys_are(*_KEYS)
    if "origin" in top.values:
        top.text("origin")
    base = _base(top, folder, (*extending, where))
    library = Library(
        name=Path(file).stem,
        processors=_joined(base.processors, _processors(top), top.at("processors")),
        memories=_joined(base.memories, _memories(top), top.at("memories")),
        buses=_joined(base.buses, _buses(top), top.at("buses")),
        technologies=_joined(base.technologies, _technologies(top, folder), top.at("technologies")),
        accelerators=_accelerators(top, base),
    )
    _check(library, where)
    return library


def _base(top: Section, folder: Traversable, extending: tuple[str, ...]) -> Library:
    if "extends" not in top.values:
        return _EMPTY
    name = top.text("extends")
    if name in library_names():
        return _shipped(name)
    if Path(name).suffix not in (".yaml", ".yml"):
        raise DataError(f"{unknown(top.at('extends'), name, library_names())}; or give a .yaml file")
    return _read(folder, name, extending)


def _processors(top: Section) -> Iterator[Processor]:
    for name, section in top.section("processors").sections():
        section.keys_are(*_PROCESSOR)
        check_name(name, section.where)
        yield Processor(name, *(section.number(key) for key in _PROCESSOR))


def _memories(top: Section) -> Iterator[Memory]:
    for name, section in top.section("memories").sections():
        section.keys_are("technology", *_FAMILY)
        technology = section.text("technology")
        for member, width, clock in _family(name, section):
            yield Memory(member, technology, width, clock * 1e6)


def _buses(top: Section) -> Iterator[Bus]:
    for name, section in top.section("buses").sections():
        section.keys_are(*_FAMILY)
        for member, width, clock in _family(name, section):
            yield Bus(member, width, clock * 1e6)


def _family(name: str, section: Section) -> Iterator[tuple[str, int, int]]:
    """Name, bytes and MHz of every type that *section* describes."""
    check_name(name, section.where)
    widths, clocks = section.wholes("widths_bytes"), section.wholes("clocks_mhz")
    for width in widths:
        for clock in clocks:
            yield f"{name}-{width}B-{clock}MHz", width, clock


def _technologies(top: Section, folder: Traversable) -> Iterator[MemoryTechnology]:
    outer = top.section("technologies")
    for name, value in outer.values.items():
        if isinstance(value, str):
            yield _technology(name, Section.of(read_yaml(folder / value), str(folder / value)))
        else:
            yield _technology(name, outer.section(name))


def _technology(name: str, section: Section) -> MemoryTechnology:
    section.keys_are(*_TECHNOLOGY)
    check_name(name, section.where)
    read, write, area = (section.numbers(key) for key in _TABLES)
    if not len(read) == len(write) == len(area):
        raise DataError(
            f"{section.where}: expected as many values for each size, "
            f"got {len(read)} of {_TABLES[0]}, {len(write)} of {_TABLES[1]}, {len(area)} of {_TABLES[2]}"
        )
    for i, (smaller, larger) in enumerate(pairwise(area)):
        if larger <= smaller:
            raise DataError(f"{section.at(_TABLES[2])}[{i + 1}]: expected more than {smaller} before it, got {larger}")
    return MemoryTechnology(
        name=name,
        stacked=section.flag("stacked", default=False),
        step_bytes=section.whole("step_bytes"),
        floor_bytes=section.whole("floor_bytes"),
        read_j_per_byte=_array(read, 1e-12),
        write_j_per_byte=_array(write, 1e-12),
        area_m2=_array(area, 1e-6),
    )


def _array(values: tuple[float, ...], unit: float) -> NDArray[np.float64]:
    array = np.array(values) * unit
    array.setflags(write=False)
    return array


def _accelerators(top: Section, base: Library) -> dict[str, tuple[Accelerator, ...]]:
    """Those of *base*, then the file's own."""
    found = dict(base.accelerators)
    for task, section in top.section("accelerators").sections():
        check_name(task, section.where)
        own = [read_accelerator(name, inner) for name, inner in section.sections()]
        earlier = {accelerator.name: accelerator for accelerator in found.get(task, ())}
        found[task] = tuple(_joined(earlier, own, section.where).values())
    return found


class _Named(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=_Named)


def _joined(base: Mapping[str, N], own: Iterable[N], where: str) -> Mapping[str, N]:
    """The blocks of *base*, then the file's *own*."""
    joined = dict(base)
    for block in own:
        if block.name in joined:
            raise DataError(f"{where}: {block.name!r} is there already, here or in what is extended: rename this one")
        joined[block.name] = block
    return joined


def _check(library: Library, where: str) -> None:
    """Something to build a chip of, no name for two types, and a technology for every memory."""
    types: list[str] = []
    for kind in ("processors", "memories", "buses"):
        blocks: Mapping[str, object] = getattr(library, kind)
        if not blocks:
            raise DataError(f"{where}: {kind}: expected at least one, got none (or 'extends: default')")
        for name in blocks:
            if name in types:
                raise DataError(f"{where}: {kind}.{name}: a block of another kind has this name: rename one")
        types.extend(blocks)
    for memory in library.memories.values():
        if memory.technology not in library.technologies:
            raise unknown(f"{where}: memories: technology", memory.technology, library.technologies)
