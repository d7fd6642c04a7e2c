"""What there is to see of one accelerator: its memory hierarchy, its layers, and the mapping of the dearest one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archgym.errors import ConfigError
from archgym.quantity_text import number
from archgym.simulator import DetailTable, Simulator
from archgym.task import RestrictedSimulator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archgym.simulators.accelerator.architecture import Architecture
    from archgym.simulators.accelerator.mapper.search import MapResult
    from archgym.simulators.accelerator.plugin.simulator import AcceleratorSimulator
    from archgym.simulators.accelerator.results import NestResult


def details(simulator: Simulator, design: Mapping[str, Any]) -> Sequence[DetailTable]:
    """Levels and layers of one complete design, and the loop nest of the layer with most energy x delay;
    `ConfigError` where it cannot run the workload."""
    from archgym.simulators.accelerator.plugin.hierarchy import hierarchy_table, stages
    from archgym.simulators.accelerator.plugin.loop_nest import nest_table

    made, architecture, costs = _mapped(simulator, design)
    results = _explained(made, architecture, costs)
    layers = made.network.layers
    dearest = max(range(len(layers)), key=lambda i: layers[i].count * costs[i].cycles * costs[i].energy_pj)
    best = costs[dearest].mapping
    tables = [hierarchy_table(stages(architecture, results)), _layers(made, costs, results)]
    if best is not None:
        tables.append(nest_table(f"mapping of {layers[dearest].name}", architecture, best))
    if made.network.dropped:
        operators = tuple((operator, str(count)) for operator, count in sorted(made.network.dropped.items()))
        tables.append(DetailTable("not priced: no layer stands for them", ("operator", "times"), operators, right=(1,)))
    return tables


def hierarchy(simulator: Simulator, design: Mapping[str, Any], /, *, dark: bool = False) -> Figure:
    """Energy and traffic of each level by tensor; errors as `details`."""
    from archgym.simulators.accelerator.plugin.hierarchy import stages
    from archgym.simulators.accelerator.plugin.pictures.hierarchy_picture import hierarchy_picture
    from archgym.simulators.accelerator.plugin.units import CLOCK_HZ, MM2_PER_UM2

    made, architecture, costs = _mapped(simulator, design)
    counts = [layer.count for layer in made.network.layers]
    cycles = sum(count * cost.cycles for count, cost in zip(counts, costs, strict=True))
    area = architecture.area_um2 * MM2_PER_UM2
    found = stages(architecture, _explained(made, architecture, costs))
    return hierarchy_picture(found, made.network.name, cycles / CLOCK_HZ, f"{area:.3g} mm²", dark=dark)


def own(simulator: Simulator) -> Simulator:
    """The simulator itself behind a restriction of its space."""
    return simulator.inner if isinstance(simulator, RestrictedSimulator) else simulator


def _mapped(
    simulator: Simulator, design: Mapping[str, Any]
) -> tuple[AcceleratorSimulator, Architecture, list[MapResult]]:
    from archgym.simulators.accelerator.data_error import DataError
    from archgym.simulators.accelerator.plugin.simulator import AcceleratorSimulator

    made = own(simulator)
    if not isinstance(made, AcceleratorSimulator):
        raise ConfigError(f"expected simulator 'accelerator', got {made.name!r}")
    try:
        return made, *made.mapped(design)
    except DataError as reason:
        raise ConfigError(f"the design cannot run the workload: {reason}") from None


def _explained(
    made: AcceleratorSimulator, architecture: Architecture, costs: Sequence[MapResult]
) -> list[tuple[int, NestResult]]:
    """How often each layer occurs, and everything about its mapping."""
    from archgym.simulators.accelerator.engine import Engine

    return [
        (layer.count, Engine(architecture, layer).explain(cost.mapping))
        for layer, cost in zip(made.network.layers, costs, strict=True)
        if cost.mapping is not None
    ]


def _layers(
    made: AcceleratorSimulator, costs: Sequence[MapResult], results: Sequence[tuple[int, NestResult]]
) -> DetailTable:
    from archgym.simulators.accelerator.plugin.units import J_PER_PJ

    rows = tuple(
        (
            layer.name,
            number(layer.count, "count"),
            number(cost.cycles, "count"),
            number(cost.energy_pj * J_PER_PJ, "J"),
            f"{result.utilization:.1%}",
            _limited_by(result),
            "proven" if cost.optimal else "",
            f"{cost.cycles * cost.energy_pj / (cost.bound_cycles * cost.bound_pj) - 1:.1%}",
        )
        for layer, cost, (_, result) in zip(made.network.layers, costs, results, strict=True)
    )
    headers = ("layer", "times", "cycles", "energy", "utilisation", "limited by", "optimal", "EDP over its bound")
    return DetailTable("layers, each once", headers, rows, right=(1, 2, 3, 4, 7))


def _limited_by(result: NestResult) -> str:
    """The level whose ports set the pace, or the multipliers."""
    slowest = max(result.levels, key=lambda level: level.cycles)
    return slowest.name if slowest.cycles > result.compute_cycles else "multipliers"
