"""The space ``small``: a part of ``platform`` that can be enumerated, so that its optimum is known exactly.

One processor, one memory and one bus; for the tasks with most work a choice between the processor and an accelerator of
few sizes. By construction it has at most two million designs, for any workload.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.library import Library
from archgym.simulators.soc.plugin.platform_space import BUSES, CORES, MEMORIES, Slots, platform_space, run
from archgym.simulators.soc.tables import accelerators_of
from archgym.space import DesignSpace

LARGEST = 2_000_000
UNROLLS = (1, 16, 256)
WIDTHS_B = (4, 32, 128)


def small_space(application: Application, library: Library) -> DesignSpace:
    """A restriction of the platform space with one slot of each kind."""
    whole = platform_space(application, library, Slots(1, 1, 1))
    values = {parameter.name: parameter.values for parameter in whole.parameters}
    chosen: dict[str, list[Any]] = {CORES: [1], MEMORIES: [1], BUSES: [1]}
    left = LARGEST
    for block in ("Bus0", "Mem0"):
        chosen[f"{block}_Width"] = _nearest(WIDTHS_B, values[f"{block}_Width"])
        chosen[f"{block}_Clock"] = [values[f"{block}_Clock"][-1]]
        left //= len(chosen[f"{block}_Width"])
    left //= len(values["Mem0_Technology"])
    accelerators = accelerators_of(application, library)
    for task in sorted(application.tasks, key=lambda task: -task.work):
        if task.dummy:
            continue
        own = accelerators[task.name]
        unrolls = _nearest(UNROLLS, values[f"Unroll_{task.name}"]) if own else []
        choices = 1 + len(unrolls) * len(own)
        if choices <= left:
            left //= choices
        else:
            chosen[run(task.name)] = ["core0"]
        if own:
            chosen[f"Unroll_{task.name}"] = unrolls
            chosen[f"Clock_{task.name}"] = [values[f"Clock_{task.name}"][-1]]
    return whole.restrict(**chosen)


def _nearest(wanted: Sequence[int], offered: Sequence[Any]) -> list[Any]:
    """Of the values offered, the largest ones not above the wanted ones, and the first."""
    found = {max((value for value in offered if value <= want), default=offered[0]) for want in wanted}
    return sorted({offered[0], *found})
