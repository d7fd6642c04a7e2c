"""What there is to see of one design: tables of its blocks and tasks, its platform and its schedule as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archgym.errors import ConfigError
from archgym.quantity_text import number
from archgym.simulator import DetailTable, Simulator
from archgym.task import RestrictedSimulator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archgym.simulators.soc.plugin.simulator import SocSimulator
    from archgym.simulators.soc.results import SocResult, TaskResult
    from archgym.simulators.soc.soc import Soc


def details(simulator: Simulator, design: Mapping[str, Any]) -> Sequence[DetailTable]:
    """The blocks of one complete design, and what runs when; `ConfigError` where it describes no working system."""
    made, soc, result = _simulated(simulator, design)
    return _blocks(soc, result), _tasks(result, made)


def platform(simulator: Simulator, design: Mapping[str, Any], /, *, dark: bool = False) -> Figure:
    """Blocks, buses, and what runs and lies where; errors as `details`."""
    from archgym.simulators.soc.plugin.pictures.platform_picture import platform_picture

    made, soc, result = _simulated(simulator, design)
    return platform_picture(soc, result, made.application, dark=dark)


def schedule(simulator: Simulator, design: Mapping[str, Any], /, *, dark: bool = False) -> Figure:
    """What runs when, phase by phase, and what sets the pace; errors as `details`."""
    from archgym.simulators.soc.plugin.pictures.schedule_picture import schedule_picture

    made, soc, result = _simulated(simulator, design)
    return schedule_picture(soc, result, made.application, dark=dark)


def _simulated(simulator: Simulator, design: Mapping[str, Any]) -> tuple[SocSimulator, Soc, SocResult]:
    from archgym.simulators.soc.plugin.simulator import SocSimulator
    from archgym.simulators.soc.status import InvalidSoc

    made = simulator.inner if isinstance(simulator, RestrictedSimulator) else simulator
    if not isinstance(made, SocSimulator):
        raise ConfigError(f"expected simulator 'soc', got {made.name!r}")
    soc = made.encoder.soc(design)
    try:
        return made, soc, made.engine.simulate(soc)
    except InvalidSoc as reason:
        raise ConfigError(f"the design describes no working system: {reason}") from None


def _blocks(soc: Soc, result: SocResult) -> DetailTable:
    on = {block.name: block.bus for block in (*soc.processing, *soc.memories)}
    rows = tuple(
        (
            block.name,
            block.type,
            on.get(block.name, _linked(block.name, result)),
            number(block.area_m2 * 1e6, "mm2") if block.area_m2 else "",
            number(block.energy_j, "J") if block.energy_j else "",
            number(block.busy_s, "s"),
            number(block.capacity_bytes / 1000, "kB") if block.capacity_bytes else "",
            ", ".join(block.tasks) if block.kind in ("processor", "accelerator") else f"{len(block.tasks)} tasks",
        )
        for block in result.blocks
    )
    return DetailTable(
        "blocks", ("block", "type", "on", "area", "energy", "busy", "size", "tasks"), rows, right=(3, 4, 5, 6)
    )


def _linked(bus: str, result: SocResult) -> str:
    buses = {block.name for block in result.blocks if block.kind == "bus"}
    return ", ".join(sorted(other for link in result.links if bus in link for other in link if other in buses - {bus}))


def _tasks(result: SocResult, simulator: SocSimulator) -> DetailTable:
    dummies = {task.name for task in simulator.application.tasks if task.dummy}
    ordered = sorted((task for task in result.tasks.values() if task.name not in dummies), key=_begins)
    rows = tuple(
        (
            task.name,
            task.block,
            number(task.start_s, "s"),
            number(task.finish_s, "s"),
            number(task.start_s - task.ready_s, "s") if task.start_s > task.ready_s else "",
            number(task.energy_j, "J"),
            max(task.bottleneck_s, key=lambda block: task.bottleneck_s[block], default=""),
        )
        for task in ordered
    )
    headers = ("task", "runs on", "start", "finish", "waited", "energy", "held up by")
    return DetailTable("tasks", headers, rows, right=(2, 3, 4, 5))


def _begins(task: TaskResult) -> tuple[float, float]:
    return task.start_s, task.finish_s
