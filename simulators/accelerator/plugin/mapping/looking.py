"""What there is to see of one mapping: the memory hierarchy, and the mapping itself as a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archgym.errors import ConfigError
from archgym.simulator import DetailTable, Simulator
from archgym.simulators.accelerator.plugin.looking import own

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archgym.simulators.accelerator.plugin.hierarchy import Stage


def details(simulator: Simulator, design: Mapping[str, Any]) -> Sequence[DetailTable]:
    """Levels with their traffic, and the loop nest or the dataflow of one complete design; `ConfigError` where it does
    not fit."""
    from archgym.simulators.accelerator.plugin.hierarchy import hierarchy_table

    found, nest, _ = _seen(simulator, design)
    return hierarchy_table(found), nest


def hierarchy(simulator: Simulator, design: Mapping[str, Any], /, *, dark: bool = False) -> Figure:
    """Energy and traffic of each level by tensor; errors as `details`."""
    from archgym.simulators.accelerator.plugin.pictures.hierarchy_picture import hierarchy_picture
    from archgym.simulators.accelerator.plugin.units import CLOCK_HZ

    found, _, cycles = _seen(simulator, design)
    return hierarchy_picture(found, simulator.workload.name, cycles / CLOCK_HZ, f"{cycles:,} cycles", dark=dark)


def _seen(simulator: Simulator, design: Mapping[str, Any]) -> tuple[list[Stage], DetailTable, int]:
    """Stages, the mapping as a table, cycles."""
    from archgym.simulators.accelerator.plugin.hierarchy import stages
    from archgym.simulators.accelerator.plugin.loop_nest import nest_table
    from archgym.simulators.accelerator.plugin.mapping.maestro_simulator import MaestroMappingSimulator
    from archgym.simulators.accelerator.plugin.mapping.timeloop_simulator import TimeloopMappingSimulator

    made = own(simulator)
    if isinstance(made, MaestroMappingSimulator):
        return _of_maestro(made, design)
    if not isinstance(made, TimeloopMappingSimulator):
        raise ConfigError(f"expected simulator 'mapping', got {made.name!r}")
    nest, result = made.explain(design)
    if result.reason is not None:
        raise ConfigError(f"the mapping does not fit: {result.reason}")
    architecture = made.target.architecture
    return stages(architecture, [(1, result)]), nest_table("mapping", architecture, nest), result.cycles


def _of_maestro(made: Any, design: Mapping[str, Any]) -> tuple[list[Stage], DetailTable, int]:
    from archgym.simulators.accelerator.maestro.cost import L1_ENERGY, L2_ENERGY, MAC_NJ
    from archgym.simulators.accelerator.maestro.notation import write_dataflow
    from archgym.simulators.accelerator.maestro.physics import Defect
    from archgym.simulators.accelerator.plugin.hierarchy import REST, Stage
    from archgym.simulators.accelerator.plugin.units import J_PER_NJ

    dataflow, outcome = made.explain(design)
    cost, groups = outcome.cost, made.layer.groups
    if cost is None or outcome.message:
        raise ConfigError(f"the mapping does not fit: {outcome.message}")
    # With MAESTRO's defect only the accesses of the L2 are charged, and of them no output that is read.
    partly = made.physics.has(Defect.ENERGY)
    found = []
    for name, need, accesses, price in (
        ("L2", cost.l2_bytes, cost.l2, L2_ENERGY),
        ("L1", cost.l1_bytes, cost.l1, 0.0 if partly else L1_ENERGY),
    ):
        words = {tensor: groups * sum(accesses[tensor]) for tensor in "WIO"}
        charged = {t: groups * accesses[t][1] if partly and (name, t) == ("L2", "O") else words[t] for t in "WIO"}
        energy = {tensor: charged[tensor] * price * MAC_NJ * J_PER_NJ for tensor in "WIO"}
        found.append(Stage(name, f"{need:,} bytes needed", energy, {t: float(n) for t, n in words.items()}))
    macs_j = 0.0 if partly else groups * cost.num_macs * MAC_NJ * J_PER_NJ
    found.append(Stage("multipliers", f"{made.hardware.pes} elements", {REST: macs_j}, {}))
    rows = tuple((line,) for line in write_dataflow(dataflow))
    return found, DetailTable("dataflow", ("directive",), rows), groups * cost.runtime_cycles
