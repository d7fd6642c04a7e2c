"""Where words go and what they cost: the levels of an accelerator with traffic and energy by tensor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from archgym.quantity_text import number
from archgym.simulator import DetailTable
from archgym.simulators.accelerator.architecture import Architecture, Level
from archgym.simulators.accelerator.plugin.units import J_PER_PJ
from archgym.simulators.accelerator.results import NestResult

TENSORS: Final = ("W", "I", "O")
REST: Final = ""
"""The key of energy that is no tensor's: leakage, multiplications."""
NAMES: Final[Mapping[str, str]] = {"W": "weights", "I": "inputs", "O": "outputs", REST: "leakage and multiplications"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One level, all its instances together, or the multipliers."""

    name: str
    what: str
    """Kind, size and number, for people."""
    energy_j: Mapping[str, float]
    """By tensor, and under `REST`."""
    words: Mapping[str, float]
    """Read and written, by tensor; empty for multipliers."""

    @property
    def total_j(self) -> float:
        return sum(self.energy_j.values())


def stages(architecture: Architecture, results: Sequence[tuple[int, NestResult]]) -> list[Stage]:
    """The levels that hold something and the multipliers, outermost first, over *results*: how often, and what."""
    found = []
    for at, level in enumerate(architecture.levels):
        energy: dict[str, float] = defaultdict(float)
        words: dict[str, float] = defaultdict(float)
        for count, result in results:
            part = result.levels[at]
            for tensor, priced in part.tensors.items():
                energy[tensor] += count * priced.energy_pj * J_PER_PJ
                moved = priced.reads + priced.fills + priced.updates
                words[tensor] += count * moved * priced.instances
            energy[REST] += count * part.leak_pj * J_PER_PJ
        if words:
            found.append(Stage(level.name, _size(level), dict(energy), dict(words)))
    mac_j = sum(count * result.mac_energy_pj for count, result in results) * J_PER_PJ
    mesh = f"{architecture.mac.mesh_x} x {architecture.mac.mesh_y}"
    return [*found, Stage("multipliers", mesh, {REST: mac_j}, {})]


def hierarchy_table(found: Sequence[Stage]) -> DetailTable:
    """Each stage with its energy, share of all, and words moved by tensor."""
    total = sum(stage.total_j for stage in found) or 1.0
    rows = tuple(
        (
            stage.name,
            stage.what,
            number(stage.total_j, "J"),
            f"{stage.total_j / total:.1%}",
            *(number(stage.words[t], "count") if t in stage.words else "" for t in TENSORS),
        )
        for stage in found
    )
    headers = ("level", "what", "energy", "share", *(f"{NAMES[t]} moved" for t in TENSORS))
    return DetailTable("memory hierarchy", headers, rows, right=(2, 3, 4, 5, 6))


def _size(level: Level) -> str:
    words = "" if level.capacity_words is None else f" of {level.capacity_words:,} words"
    instances = "" if level.instances == 1 else f"{level.instances} x "
    return f"{instances}{level.kind}{words}"
