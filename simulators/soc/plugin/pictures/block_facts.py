"""What the platform picture says about each block, gathered from a design and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archgym.simulators.soc.plugin.pictures.theme import Group

if TYPE_CHECKING:
    from archgym.simulators.soc.application import Application
    from archgym.simulators.soc.results import BlockResult, SocResult
    from archgym.simulators.soc.soc import Soc


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything by block name."""

    used: Mapping[str, BlockResult]
    pace_s: Mapping[str, float]
    """Seconds during which the block was a task's bottleneck, summed over tasks that run at the same time."""
    bus_of: Mapping[str, str]
    """The bus that each processing element and memory was simulated on."""
    moved_from: Mapping[str, str]
    """The bus that the design asked for, where the clean-up of the topology chose another one."""
    tasks: Mapping[str, tuple[str, ...]]
    """Processing element to its tasks."""
    data: Mapping[str, Mapping[str, float]]
    """Memory to bytes by producer, largest first."""
    links: frozenset[frozenset[str]]
    """Between buses, as simulated."""
    dropped_links: frozenset[frozenset[str]]
    """Between buses, in the design but not simulated."""
    span_s: float
    """The finish of the last task."""
    area_m2: float
    energy_j: float

    def heat(self, block: str) -> float:
        """0..1: `pace_s` relative to the block with most."""
        most = max(self.pace_s.values(), default=0.0)
        return self.pace_s.get(block, 0.0) / most if most > 0 else 0.0


def gather(soc: Soc, result: SocResult, application: Application) -> Facts:
    buses = {bus.name for bus in soc.buses}
    simulated = _hung_on(result, buses)
    asked = {block.name: block.bus for block in (*soc.processing, *soc.memories)}
    links = frozenset(frozenset(pair) for pair in result.links if buses.issuperset(pair))
    requested = frozenset(frozenset(pair) for pair in soc.links)
    pace: dict[str, float] = {}
    for task in result.tasks.values():
        for block, seconds in task.bottleneck_s.items():
            pace[block] = pace.get(block, 0.0) + seconds
    tasks: dict[str, list[str]] = {}
    for known in application.tasks:
        tasks.setdefault(soc.task_on[known.name], []).append(known.name)
    return Facts(
        used={block.name: block for block in result.blocks},
        pace_s=pace,
        bus_of={**asked, **simulated},
        moved_from={block: asked[block] for block, bus in simulated.items() if asked[block] != bus},
        tasks={block: tuple(names) for block, names in tasks.items()},
        data=_data(soc, application),
        links=links,
        dropped_links=requested - links,
        span_s=max((task.finish_s for task in result.tasks.values()), default=0.0),
        area_m2=result.area_m2,
        energy_j=result.energy_j,
    )


def group_of(soc: Soc) -> dict[str, Group]:
    """Every block to the kind of bottleneck that it is."""
    groups: dict[str, Group] = {block.name: "compute" for block in soc.processing}
    groups |= {block.name: "memory" for block in soc.memories}
    groups |= {bus.name: "bus" for bus in soc.buses}
    return groups


def _hung_on(result: SocResult, buses: set[str]) -> dict[str, str]:
    """Blocks to the bus of their simulated connection, whichever end is named first."""
    pairs = [pair if pair[0] in buses else pair[::-1] for pair in result.links if not buses.issuperset(pair)]
    return {block: bus for bus, block in pairs}


def _data(soc: Soc, application: Application) -> dict[str, dict[str, float]]:
    data: dict[str, dict[str, float]] = {}
    for edge in application.edges:
        held = data.setdefault(soc.data_in[edge.producer, edge.consumer], {})
        held[edge.producer] = held.get(edge.producer, 0.0) + edge.bytes
    return {memory: dict(sorted(held.items(), key=lambda item: -item[1])) for memory, held in data.items()}
