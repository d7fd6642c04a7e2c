"""One design under the lamp: its price, and whatever its simulator's plug-in can tell and draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archgym.errors import ArchgymError
from archgym.executor import SerialExecutor, ValidatingExecutor
from archgym.objective import Objective
from archgym.registry import simulator_plugin
from archgym.report.figures import Picture
from archgym.report.svg import require_matplotlib
from archgym.simulator import DetailTable, Simulator, Status
from archgym.task import RestrictedSimulator


@dataclass(frozen=True, slots=True)
class Priced:
    """One complete design and what became of it."""

    design: Mapping[str, Any]
    status: Status
    message: str
    """Why, where the status needs a reason."""
    metrics: Mapping[str, float]
    """In the simulator's units; empty without a result."""
    scores: Mapping[str, float]
    """Empty without a result or an objective."""
    violation: float
    """Total relative excess over the limits; 0: all hold, or there are none."""


def price(simulator: Simulator, designs: Sequence[Mapping[str, Any]], objective: Objective | None) -> list[Priced]:
    """Each of the complete *designs*, in order. `DesignError` for a name or value that the space does not have."""
    executor = ValidatingExecutor(simulator.space, len(simulator.metrics), SerialExecutor(simulator))
    results = executor.execute(simulator.space.from_designs(designs))
    scores = None if objective is None else objective.score(results, simulator.metrics)
    names = [metric.name for metric in simulator.metrics]
    priced = []
    for row, design in enumerate(designs):
        status = Status(int(results.status[row]))
        good = status is Status.OK
        metrics = dict(zip(names, results.metrics[row].tolist(), strict=True)) if good else {}
        labels = objective.labels if objective is not None and good else ()
        values = scores.values[row].tolist() if scores is not None and good else ()
        excess = 0.0 if scores is None else float(scores.violation[row])
        message = results.messages.get(row, "")
        priced.append(Priced(dict(design), status, message, metrics, dict(zip(labels, values, strict=True)), excess))
    return priced


def details(simulator: Simulator, design: Mapping[str, Any]) -> tuple[list[DetailTable], list[str]]:
    """The plug-in's tables about *design*, and a line where it has none for it."""
    plugin = simulator_plugin(simulator.name)
    if plugin.details is None:
        return [], []
    try:
        return list(plugin.details(_own(simulator), design)), []
    except ArchgymError as error:
        return [], [f"no details: {error}"]


def pictures(
    simulator: Simulator, design: Mapping[str, Any], *, prefix: str = "", of: str = "this design", dark: bool = False
) -> tuple[list[Picture], list[str]]:
    """The plug-in's pictures of *design* and a line for each that cannot be drawn.

    Their names start with *prefix*; *of* says in the captions what is shown. *dark* draws the dark variants too.
    `MissingExtra` without matplotlib where there is something to draw.
    """
    drawn, notes = [], []
    for name, draw in simulator_plugin(simulator.name).pictures.items():
        require_matplotlib("drawing a picture")
        words = name.replace("_", " ")
        try:
            light = draw(_own(simulator), design)
            night = draw(_own(simulator), design, dark=True) if dark else None
        except ArchgymError as error:
            notes.append(f"no picture {name}: {error}")
            continue
        caption = f"{words[:1].upper()}{words[1:]} of {of}."
        drawn.append(Picture(prefix + name.replace("_", "-"), caption.rstrip("."), caption, light, night))
    return drawn, notes


def _own(simulator: Simulator) -> Simulator:
    """The plug-in's own simulator behind a task's restriction of its space."""
    return simulator.inner if isinstance(simulator, RestrictedSimulator) else simulator
