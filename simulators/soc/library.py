"""What a chip can be built of: processors, memories, buses, and what memory of each technology costs by its size."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.soc.graph import Accelerator


@dataclass(frozen=True, slots=True)
class Processor:
    """A general processor: it runs every task, one at a time."""

    name: str
    clock_hz: float
    instructions_per_cycle: float
    instructions_per_joule: float
    area_m2: float
    cost: float
    """Development cost of a task on it, relative to the smallest task's."""

    @property
    def rate(self) -> float:
        """Instructions per second."""
        return self.clock_hz * self.instructions_per_cycle


@dataclass(frozen=True, slots=True)
class Memory:
    """A type of memory. Its speed depends on port and clock, its energy and area on technology and size."""

    name: str
    technology: str
    width_bytes: int
    clock_hz: float

    @property
    def rate(self) -> float:
        """Bytes per second, reads and writes each."""
        return self.width_bytes * self.clock_hz


@dataclass(frozen=True, slots=True)
class Bus:
    """A type of bus: a crossbar whose every output port has the full rate."""

    name: str
    width_bytes: int
    clock_hz: float

    @property
    def rate(self) -> float:
        """Bytes per second, per direction and output port."""
        return self.width_bytes * self.clock_hz


@dataclass(frozen=True, slots=True, eq=False)
class MemoryTechnology:
    """Energy and area of memories of S sizes: ``step_bytes``, twice that, and so on."""

    name: str
    stacked: bool
    """Lies on top of the chip: its area counts against a budget of its own."""
    step_bytes: int
    floor_bytes: int
    """Less than this is never built."""
    read_j_per_byte: NDArray[np.float64]
    """``(S,)``"""
    write_j_per_byte: NDArray[np.float64]
    """``(S,)``"""
    area_m2: NDArray[np.float64]
    """``(S,)``, increasing."""


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """All types of block by name. The order is the order in which design spaces list them."""

    name: str
    processors: Mapping[str, Processor]
    memories: Mapping[str, Memory]
    buses: Mapping[str, Bus]
    technologies: Mapping[str, MemoryTechnology]
    accelerators: Mapping[str, tuple[Accelerator, ...]]
    """Task to accelerators in addition to those in its graph."""

    @property
    def content_hash(self) -> str:
        """16 hexadecimal digits over everything that the library says, its order included, save its name."""
        parts = [[asdict(part) for part in kind.values()] for kind in (self.processors, self.memories, self.buses)]
        tables = [{key: _plain(value) for key, value in asdict(t).items()} for t in self.technologies.values()]
        extra = {task: [asdict(a) for a in accelerators] for task, accelerators in self.accelerators.items()}
        return hashlib.sha256(json.dumps([*parts, tables, extra]).encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, np.ndarray) else value
