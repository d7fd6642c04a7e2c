"""The schedule as a Gantt chart: what runs where and when, what it waited for, and which block set its pace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archgym.simulators.soc.plugin.pictures import text
from archgym.simulators.soc.plugin.pictures.headline import HEAD_IN, MARGIN_IN, draw_headline
from archgym.simulators.soc.plugin.pictures.schedule_layout import (
    BAR_IN,
    BLOCK_PT,
    CHART_IN,
    LABEL_PT,
    LEVEL_IN,
    ROW_GAP_IN,
    SLIVER_IN,
    TRACK_IN,
    Bar,
    Row,
    Schedule,
    plan,
)
from archgym.simulators.soc.plugin.pictures.theme import Theme, blend, drawing, theme_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from archgym.simulators.soc.application import Application
    from archgym.simulators.soc.results import SocResult
    from archgym.simulators.soc.soc import Soc

FOOT_IN = 0.9
FILL = 0.5
"""Share of the hue in a bar: one ink is legible on all of them."""
_STRIP_IN = 0.07
_DASHES = (0, (5, 3))
_SETTERS = {"compute": "the processing element", "memory": "a memory", "bus": "a bus"}


def schedule_picture(soc: Soc, result: SocResult, application: Application, *, dark: bool = False) -> Figure:
    """Draw a row for each processing element that runs something, in the order in which they begin.

    The colour of a bar says which kind of block sets the pace; a memory or bus is named where there is room. *dark*
    draws light ink on a transparent ground. Raises `MissingExtra` without matplotlib.
    """
    with drawing():
        from matplotlib.figure import Figure

        theme, schedule = theme_of(dark), plan(soc, result, application)
        names = [text.width_in(row.name, 9, bold=True) for row in schedule.rows]
        left = MARGIN_IN + 0.15 + max([0.4, *names, *(text.width_in(row.type, 7) for row in schedule.rows)])
        width = left + CHART_IN + max(schedule.overhang, 0.1) + MARGIN_IN
        height = HEAD_IN + schedule.height + ROW_GAP_IN + FOOT_IN
        figure = Figure(figsize=(width, height), facecolor=theme.paper)
        box = (left / width, FOOT_IN / height, CHART_IN / width, (schedule.height + ROW_GAP_IN) / height)
        axes = figure.add_axes(box)
        _frame(axes, schedule, theme)
        _workloads(axes, result, application, schedule, theme)
        for row in schedule.rows:
            _row(axes, row, schedule, theme, several=len(application.names) > 1)
        draw_headline(figure, result, application, theme)
        _key(figure, schedule, application, theme, (MARGIN_IN / width, 0.14 / height))
    return figure


def _frame(axes: Axes, schedule: Schedule, theme: Theme) -> None:
    """The time axis, and a line where each phase begins."""
    from matplotlib.ticker import EngFormatter

    axes.set(xlim=(0, schedule.span_s), ylim=(schedule.height, -ROW_GAP_IN), yticks=[])
    axes.patch.set_alpha(0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(theme.faint)
    axes.xaxis.set_major_formatter(EngFormatter(unit="s"))
    axes.tick_params(axis="x", colors=theme.faint, labelsize=8.5)
    for start in schedule.phases:
        axes.axvline(start, color=theme.line, lw=0.6, zorder=0.5, gid="phase")


def _row(axes: Axes, row: Row, schedule: Schedule, theme: Theme, *, several: bool) -> None:
    middle, beside = row.bar + BAR_IN / 2, -0.1 * schedule.span_s / CHART_IN
    look: dict[str, Any] = {"ha": "right", "va": "center_baseline", "parse_math": False, "clip_on": False}
    axes.text(beside, middle - 0.085, row.name, fontsize=9, weight="bold", color=theme.ink, **look)
    axes.text(beside, middle + 0.085, row.type, fontsize=7, color=theme.faint, **look)
    axes.axhline(row.top - ROW_GAP_IN / 2, color=theme.line, lw=0.6, zorder=0.4)
    for bar in row.bars:
        if bar.track >= 0:
            _wait(axes, bar, row, theme)
        _bar(axes, bar, row, schedule, theme)
        if several and bar.workload >= 0:
            _strip(axes, bar, row, theme)
        _label(axes, bar, row, schedule, theme)


def _bar(axes: Axes, bar: Bar, row: Row, schedule: Schedule, theme: Theme) -> None:
    """The outline from start to finish over its coloured stretches; a tick or diamond for what is too short to see."""
    from matplotlib.patches import Rectangle

    task, second = bar.task, schedule.span_s / CHART_IN
    for part in bar.segments:
        hue, length = theme.hue[part.group], part.finish_s - part.start_s
        fill = blend(theme.card, hue, FILL)
        axes.add_patch(Rectangle((part.start_s, row.bar), length, BAR_IN, fc=fill, ec="none", zorder=2))
        if part.is_named(1 / second):
            at = (part.start_s + 0.05 * second, row.bar + BAR_IN - 0.085)
            axes.text(*at, part.block, fontsize=BLOCK_PT, color=theme.ink, va="center_baseline", parse_math=False)
    longest = max(bar.segments, key=lambda part: part.finish_s - part.start_s, default=None)
    hue = theme.hue[longest.group] if longest else "none" if bar.dummy else theme.faint
    outline = Rectangle((task.start_s, row.bar), task.finish_s - task.start_s, BAR_IN, zorder=3)
    outline.set(facecolor="none", edgecolor=hue, linewidth=1.1, gid=f"task:{task.name}")
    axes.add_patch(outline)
    if bar.dummy:
        axes.plot(task.start_s, row.bar + BAR_IN / 2, marker="D", ms=4.5, color=theme.faint, clip_on=False, zorder=4)
    elif (task.finish_s - task.start_s) / second < SLIVER_IN:
        x = (task.start_s + task.finish_s) / 2
        axes.plot([x, x], [row.bar, row.bar + BAR_IN], color=hue, lw=2.2, solid_capstyle="butt", zorder=4)


def _label(axes: Axes, bar: Bar, row: Row, schedule: Schedule, theme: Theme) -> None:
    task, second = bar.task, schedule.span_s / CHART_IN
    ink = theme.faint if bar.dummy else theme.ink
    if bar.label == "above":
        at = (task.start_s + 0.04 * second, row.bar - 0.04 - (bar.level + 0.5) * LEVEL_IN)
        ends = [row.bar, row.bar - 0.04 - (bar.level + 0.9) * LEVEL_IN]
        axes.plot([task.start_s] * 2, ends, color=theme.faint, lw=0.7, zorder=1.5, clip_on=False, gid="leader")
    elif bar.label == "beside":
        at = (task.finish_s + 0.08 * second, row.bar + BAR_IN / 2)
    else:
        named = any(part.is_named(1 / second) for part in bar.segments)
        at = (task.start_s + 0.05 * second, row.bar + BAR_IN / 2 - (0.065 if named else 0))
    style = "italic" if bar.dummy else "normal"
    look: dict[str, Any] = {"fontsize": LABEL_PT, "color": ink, "style": style, "va": "center_baseline", "zorder": 7}
    axes.text(*at, task.name, parse_math=False, clip_on=False, **look)


def _wait(axes: Axes, bar: Bar, row: Row, theme: Theme) -> None:
    """From ready to start, below the row, and up to the bar that had to wait."""
    y = row.bar + BAR_IN + (bar.track + 1) * TRACK_IN
    task = bar.task
    line = ([task.ready_s, task.start_s, task.start_s], [y, y, row.bar + BAR_IN])
    axes.plot(*line, color=theme.faint, lw=1.0, zorder=1.2, gid=f"wait:{task.name}")
    axes.plot(task.ready_s, y, marker="o", ms=2.6, color=theme.faint, zorder=1.3, clip_on=False)


def _strip(axes: Axes, bar: Bar, row: Row, theme: Theme) -> None:
    """The workload's colour along the upper edge of its task."""
    from matplotlib.patches import Rectangle

    colour = theme.workloads[bar.workload % len(theme.workloads)]
    task = bar.task
    at, length = (task.start_s, row.bar - _STRIP_IN / 2), task.finish_s - task.start_s
    axes.add_patch(Rectangle(at, length, _STRIP_IN, fc=colour, ec=colour, lw=0.8, zorder=4.5))


def _workloads(axes: Axes, result: SocResult, application: Application, schedule: Schedule, theme: Theme) -> None:
    """A triangle where each workload finishes, a dashed line where it has to."""
    for place, name in enumerate(application.names):
        colour, deadline = theme.workloads[place % len(theme.workloads)], application.deadlines[place]
        axes.plot(result.latency_s[name], -ROW_GAP_IN, marker="v", ms=7, color=colour, clip_on=False, zorder=6)
        if deadline is not None and deadline <= schedule.span_s:
            axes.axvline(deadline, color=colour, lw=1.6, ls=_DASHES, zorder=6, gid=f"deadline:{name}")


def _key(figure: Figure, schedule: Schedule, application: Application, theme: Theme, at: tuple[float, float]) -> None:
    """A legend of what is in the chart, below it."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    bars = [bar for row in schedule.rows for bar in row.bars]
    present = {part.group for bar in bars for part in bar.segments}
    handles: list[Patch | Line2D] = []
    for group, name in _SETTERS.items():
        if group in present:
            hue = theme.hue[group]
            handles.append(Patch(fc=blend(theme.card, hue, FILL), ec=hue, label=f"paced by {name}"))
    if any(bar.track >= 0 for bar in bars):
        handles.append(
            Line2D([], [], color=theme.faint, lw=1, marker="o", ms=2.6, markevery=[0], label="ready, waiting")
        )
    for place, name in enumerate(application.names):
        colour, deadline = theme.workloads[place % len(theme.workloads)], application.deadlines[place]
        prefix = f"{name}: " if len(application.names) > 1 else ""
        handles.append(Line2D([], [], color=colour, ls="", marker="v", ms=7, label=f"{prefix}finish"))
        if deadline is not None and deadline <= schedule.span_s:
            handles.append(Line2D([], [], color=colour, ls=_DASHES, lw=1.6, label=f"{prefix}deadline"))
    columns = len(handles) if len(handles) <= 6 else -(-len(handles) // 2)
    look: dict[str, Any] = {
        "frameon": False,
        "fontsize": 8,
        "labelcolor": theme.faint,
        "ncols": columns,
        "borderpad": 0,
    }
    figure.legend(handles=handles, loc="lower left", bbox_to_anchor=at, borderaxespad=0, **look)
