"""An accelerator: a tree of buffers over an array of multipliers, each with its size, ports and costs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Final

from archgym.simulators.accelerator.data_error import DataError, check_number, check_whole
from archgym.simulators.accelerator.layer import TENSORS

MAX_LEVELS: Final = 8
"""Buffer levels an architecture may have."""
LEAST_BANDWIDTH: Final = 2.0**-8
"""Words per cycle. With less, cycles might not fit 63 bits."""


@dataclass(frozen=True, slots=True)
class Level:
    """Equal buffers at one distance from the multipliers; `DataError`, which names it, for a wrong value."""

    name: str
    kind: str
    """What it is built as: DRAM, SRAM, regfile, …"""
    capacity_words: int | None
    """Words of one instance; None is unlimited."""
    block_words: int
    """Words of one access: a partial last one costs as much."""
    mesh_x: int
    """Instances in X, in the whole accelerator: a multiple of the next outer level's."""
    mesh_y: int
    read_bandwidth: float | None
    """Words per cycle and instance; None is unlimited."""
    write_bandwidth: float | None
    """Fills and updates share it."""
    keeps: frozenset[str]
    """The tensors of `TENSORS` that it may hold; a mapping may let it hold fewer."""
    read_pj: float
    """Per access of a block."""
    write_pj: float
    """Per access of a block that fills from the outer side."""
    update_pj: float
    """Per access of a block that comes back from the inner side."""
    leak_pj: float = 0.0
    """Per instance and cycle."""
    area_um2: float = 0.0
    """Per instance."""

    def __post_init__(self) -> None:
        where = f"level {self.name!r}"
        if self.capacity_words is not None:
            check_whole(f"{where}: capacity_words", self.capacity_words, most=2**50)
        for field in ("block_words", "mesh_x", "mesh_y"):
            check_whole(f"{where}: {field}", getattr(self, field))
        for field in ("read_bandwidth", "write_bandwidth"):
            if getattr(self, field) is not None:
                check_number(f"{where}: {field}", getattr(self, field), least=LEAST_BANDWIDTH)
        for field in ("read_pj", "write_pj", "update_pj", "leak_pj", "area_um2"):
            check_number(f"{where}: {field}", getattr(self, field))
        check_tensors(f"{where}: keeps", self.keeps)

    @property
    def instances(self) -> int:
        return self.mesh_x * self.mesh_y


@dataclass(frozen=True, slots=True)
class Mac:
    """The multipliers: each does one multiplication and accumulation a cycle."""

    mesh_x: int
    mesh_y: int
    compute_pj: float
    leak_pj: float = 0.0
    """Known, but not charged: Timeloop charges multipliers no leakage."""
    area_um2: float = 0.0

    def __post_init__(self) -> None:
        for field in ("mesh_x", "mesh_y"):
            check_whole(f"mac: {field}", getattr(self, field))
        for field in ("compute_pj", "leak_pj", "area_um2"):
            check_number(f"mac: {field}", getattr(self, field))

    @property
    def instances(self) -> int:
        return self.mesh_x * self.mesh_y


@dataclass(frozen=True, slots=True)
class Architecture:
    """An accelerator; `DataError`, which names it and the level, when its parts do not fit together."""

    name: str
    levels: tuple[Level, ...]
    """Outermost first; the outermost one may hold every tensor."""
    mac: Mac

    def __post_init__(self) -> None:
        where = f"architecture {self.name!r}"
        if not 1 <= len(self.levels) <= MAX_LEVELS:
            raise DataError(f"{where}: levels: expected 1 to {MAX_LEVELS}, got {len(self.levels)}")
        names = [level.name for level in self.levels]
        if len({*names, "mac"}) != len(names) + 1:
            raise DataError(f"{where}: levels: expected different names, none of them 'mac', got {', '.join(names)}")
        missing = set(TENSORS) - self.levels[0].keeps
        if missing:
            raise DataError(f"{where}: level {names[0]!r}: expected the outermost to keep W, I and O, not {missing!r}")
        meshes = [(level.mesh_x, level.mesh_y) for level in self.levels] + [(self.mac.mesh_x, self.mac.mesh_y)]
        for name, (outer_x, outer_y), (x, y) in zip([*names[1:], "mac"], meshes, meshes[1:], strict=False):
            if x % outer_x or y % outer_y:
                raise DataError(
                    f"{where}: {name!r}: expected a mesh that is a multiple of the next outer level's "
                    f"{outer_x} x {outer_y}, got {x} x {y}"
                )

    def fan_out(self, level: int) -> tuple[int, int]:
        """Instances in X and in Y of the next inner level, or of multipliers, under one instance of level number
        *level* (0 is the outermost)."""
        outer = self.levels[level]
        inner = self.levels[level + 1] if level + 1 < len(self.levels) else self.mac
        return inner.mesh_x // outer.mesh_x, inner.mesh_y // outer.mesh_y

    @property
    def area_um2(self) -> float:
        """Of all instances of all levels and of the multipliers."""
        return sum(level.area_um2 * level.instances for level in self.levels) + self.mac.area_um2 * self.mac.instances

    @property
    def key(self) -> str:
        """A digest of all that a price depends on: not of names and kinds."""
        text = repr([(*astuple(level)[2:8], sorted(level.keeps), *astuple(level)[9:]) for level in self.levels])
        return hashlib.sha256((text + repr(astuple(self.mac))).encode()).hexdigest()[:16]


def check_tensors(where: str, tensors: Iterable[str]) -> None:
    """*tensors* is a frozenset of `TENSORS`; DataError that begins with *where* otherwise."""
    if not isinstance(tensors, frozenset) or not tensors <= set(TENSORS):
        raise DataError(f"{where}: expected a frozenset of 'W', 'I' and 'O', got {tensors!r}")
