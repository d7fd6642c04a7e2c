"""Where the bars and labels of the schedule stand: rows for processing elements, levels for labels and waiting lines.

Lengths along time are seconds, lengths across are inches from the top of the chart. A label stands in its bar if it
fits, else beside it if there is room, else above the row. Labels above a row step down from left to right, so that no
line from a bar to its label crosses another label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from archgym.simulators.soc.plugin.pictures.block_facts import group_of
from archgym.simulators.soc.plugin.pictures.text import width_in
from archgym.simulators.soc.plugin.pictures.theme import Group

if TYPE_CHECKING:
    from archgym.simulators.soc.application import Application
    from archgym.simulators.soc.results import SocResult, TaskResult
    from archgym.simulators.soc.soc import Soc

CHART_IN = 9.6
"""Width of the whole time axis."""
BAR_IN, LEVEL_IN, TRACK_IN, ROW_GAP_IN = 0.36, 0.155, 0.065, 0.16
LABEL_PT, BLOCK_PT = 8, 6.5
SLIVER_IN = 0.035
"""Shorter than this, a bar is marked by a tick and a wait is not drawn."""
_NEAR = 1.3
"""A deadline up to this many times the finish is shown on the time axis."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a task that one block limits."""

    start_s: float
    finish_s: float
    block: str
    group: Group

    def is_named(self, inch: float) -> bool:
        """Whether the block is another than the processing element and its name fits, at *inch* inches a second."""
        room = (self.finish_s - self.start_s) * inch
        return self.group != "compute" and width_in(self.block, BLOCK_PT) + 0.08 < room


@dataclass(frozen=True, slots=True)
class Bar:
    task: TaskResult
    dummy: bool
    workload: int
    """Index, -1 if shared."""
    segments: tuple[Segment, ...]
    label: Literal["inside", "beside", "above"]
    level: int
    """Of a label above, 0 nearest to the row."""
    track: int
    """Of the waiting line, 0 nearest to the row; -1 for no wait."""


@dataclass(frozen=True, slots=True)
class Row:
    """A processing element that runs something."""

    name: str
    type: str
    top: float
    bar: float
    """Upper edge of the bars."""
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    rows: tuple[Row, ...]
    height: float
    """Inches of all rows."""
    span_s: float
    """Time that the axis shows."""
    overhang: float
    """Inches that labels reach beyond the end of the axis."""
    phases: tuple[float, ...]
    """Seconds where a phase begins, without those too close to be told apart."""


def plan(soc: Soc, result: SocResult, application: Application) -> Schedule:
    """Rows in the order in which their first tasks start."""
    end = max((task.finish_s for task in result.tasks.values()), default=0.0)
    near = [deadline for deadline in application.deadlines if deadline is not None and deadline <= _NEAR * end]
    span = max([end, *near]) * 1.01 or 1.0
    inch = CHART_IN / span
    segments = _segments(soc, result)
    known = {task.name: (task.dummy, int(application.graph_of[i])) for i, task in enumerate(application.tasks)}
    on: dict[str, list[TaskResult]] = {}
    for task in sorted(result.tasks.values(), key=lambda task: (task.start_s, task.finish_s)):
        on.setdefault(task.block, []).append(task)
    blocks = sorted((block for block in soc.processing if block.name in on), key=lambda b: on[b.name][0].start_s)
    rows, y = [], 0.0
    for block in blocks:
        bars = _bars(on[block.name], segments, known, inch)
        above = 1 + max((bar.level for bar in bars if bar.label == "above"), default=-1)
        tracks = 1 + max(bar.track for bar in bars)
        top = y + above * LEVEL_IN + (0.04 if above else 0)
        rows.append(Row(block.name, block.type, y, top, bars))
        y = top + BAR_IN + (tracks * TRACK_IN + 0.03 if tracks else 0) + ROW_GAP_IN
    ends = [_label_end(bar, inch) for row in rows for bar in row.bars]
    return Schedule(tuple(rows), y, span, max([0.0, *(end - CHART_IN for end in ends)]), _phases(result, inch))


def _segments(soc: Soc, result: SocResult) -> dict[str, list[Segment]]:
    """Every task to its stretches, neighbouring phases with the same bottleneck put together."""
    groups = group_of(soc)
    segments: dict[str, list[Segment]] = {}
    for phase in result.phases:
        end = phase.start_s + phase.duration_s
        for task, block in zip(phase.running, phase.bottlenecks, strict=True):
            if phase.duration_s <= 0 or block not in groups:
                continue
            own = segments.setdefault(task, [])
            if own and own[-1].block == block:
                own[-1] = Segment(own[-1].start_s, end, block, groups[block])
            else:
                own.append(Segment(phase.start_s, end, block, groups[block]))
    return segments


def _bars(
    tasks: Sequence[TaskResult], segments: dict[str, list[Segment]], known: dict[str, tuple[bool, int]], inch: float
) -> tuple[Bar, ...]:
    labels: list[Literal["inside", "beside", "above"]] = []
    for place, task in enumerate(tasks):
        width = width_in(task.name, LABEL_PT) + 0.1
        following = tasks[place + 1].start_s * inch if place + 1 < len(tasks) else float("inf")
        if (task.finish_s - task.start_s) * inch >= width:
            labels.append("inside")
        else:
            labels.append("beside" if following - task.finish_s * inch >= width + 0.08 else "above")
    levels, tracks = _levels(tasks, labels, inch), _tracks(tasks, inch)
    return tuple(
        Bar(task, *known[task.name], tuple(segments.get(task.name, ())), label, level, track)
        for task, label, level, track in zip(tasks, labels, levels, tracks, strict=True)
    )


def _levels(tasks: Sequence[TaskResult], labels: Sequence[str], inch: float) -> list[int]:
    """The level of each label above: beyond every later one that begins below its text."""
    levels = [0] * len(tasks)
    for i in reversed(range(len(tasks))):
        if labels[i] == "above":
            end = tasks[i].start_s * inch + width_in(tasks[i].name, LABEL_PT) + 0.14
            later = (j for j in range(i + 1, len(tasks)) if labels[j] == "above" and tasks[j].start_s * inch < end)
            levels[i] = 1 + max((levels[j] for j in later), default=-1)
    return levels


def _tracks(tasks: Sequence[TaskResult], inch: float) -> list[int]:
    """The track of each wait: below every wait that ends within it, whose end it would cross otherwise."""
    tracks = [-1] * len(tasks)
    for i, task in enumerate(tasks):
        if (task.start_s - task.ready_s) * inch > SLIVER_IN:
            within = (tracks[j] for j in range(i) if tracks[j] >= 0 and tasks[j].start_s > task.ready_s)
            tracks[i] = 1 + max(within, default=-1)
    return tracks


def _label_end(bar: Bar, inch: float) -> float:
    """Inches from the start of the axis."""
    if bar.label == "inside":
        return bar.task.finish_s * inch
    start = bar.task.finish_s if bar.label == "beside" else bar.task.start_s
    return start * inch + width_in(bar.task.name, LABEL_PT) + 0.14


def _phases(result: SocResult, inch: float) -> tuple[float, ...]:
    kept: list[float] = []
    for phase in result.phases:
        if phase.duration_s > 0 and (not kept or (phase.start_s - kept[-1]) * inch > SLIVER_IN):
            kept.append(phase.start_s)
    return tuple(kept)
