"""The figures of a task's runs: how fast they got good, and what they traded for it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from archgym.best import Best
from archgym.curves import feasible, non_dominated, score_column
from archgym.plots import convergence, pareto
from archgym.report.comparison import decisive
from archgym.report.figures import Picture
from archgym.report.runs import TaskRuns, score_unit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray


MOST_POINTS = 1000
"""Designs drawn in a trade-off besides the front: each is an element of the page."""


LONGEST_LABEL = 32
"""Characters of a score's name that fit along its axis."""

MOST_DECADES = 300.0
"""A logarithmic axis that spans less than this factor is marked at 1, 2 and 5."""


def search_figures(group: TaskRuns, samples: pd.DataFrame, default: Best | None, prefix: str) -> list[Picture]:
    """What can be drawn of *samples*; names start with *prefix*. *default* is the default design's result."""
    if not feasible(samples).any():
        return []
    drawn = [_convergence(group, samples, default, prefix)]
    axes = trade_off(group)
    if axes is not None:
        drawn.append(_pareto(group, samples, default, prefix, axes))
    return drawn


def trade_off(group: TaskRuns) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The two metrics to set against each other: those that decide first, then others with a direction."""
    metrics = {metric["name"]: dict(metric) for metric in group.manifest.metrics}
    names = dict.fromkeys([*decisive(group.task.objective), *metrics])
    directed = [metrics[name] for name in names if name in metrics and metrics[name]["better"] != "none"]
    return (directed[0], directed[1]) if len(directed) >= 2 else None


def _convergence(group: TaskRuns, samples: pd.DataFrame, default: Best | None, prefix: str) -> Picture:
    label = group.task.objective.labels[0]
    unit = score_unit(group, label)
    reference = None if default is None else default.scores.get(label)
    with TemporaryDirectory() as folder:
        out = Path(folder) / "convergence.svg"
        figure = convergence(samples, out, title=group.task.name, score=label, unit=unit, reference=reference)
    if len(label) > LONGEST_LABEL:
        figure.axes[0].set_ylabel("best score")
    _calm_ticks(figure)
    caption = (
        "The best score so far of designs that keep every limit; lower is better. "
        f"{'One line a run, one colour an agent. ' if len(group.runs) > 1 else ''}"
        f"{'The default design, dashed, misses a limit.' if default is not None and default.violation > 0 else ''}"
    )
    alt = f"Best {label} so far against unique evaluations, {_runs(len(group.runs))}"
    return Picture(f"{prefix}convergence", alt, caption.strip(), figure, house=True)


def _pareto(
    group: TaskRuns, samples: pd.DataFrame, default: Best | None, prefix: str, axes: tuple[Any, Any]
) -> Picture:
    x, y = axes
    shown, remark = _thinned(samples, x, y, group.task.objective.labels[0])
    point = None if default is None else (default.metrics[x["name"]], default.metrics[y["name"]])
    with TemporaryDirectory() as folder:
        figure = pareto(
            shown,
            Path(folder) / "pareto.svg",
            x["name"],
            y["name"],
            x_unit=x["unit"],
            y_unit=y["unit"],
            better=(_way(x), _way(y)),
            default=point if point is not None and np.isfinite(point).all() else None,
            score=group.task.objective.labels[0],
            title=group.task.name,
        )
    _calm_ticks(figure)
    caption = f"Every design that was tried; {_goal(x)} {x['name']} and {_goal(y)} {y['name']} are better.{remark}"
    alt = f"{y['name']} against {x['name']} of the designs tried"
    return Picture(f"{prefix}trade-off", alt, caption, figure, house=True)


def _thinned(samples: pd.DataFrame, x: dict[str, Any], y: dict[str, Any], score: str) -> tuple[pd.DataFrame, str]:
    """The unique designs with both values, at most `MOST_POINTS` besides front and best, and what was left out."""
    points = np.column_stack([samples[f"metric.{m['name']}"].to_numpy(float) for m in (x, y)])
    unique = ~samples["duplicate"].to_numpy(bool)
    held = unique & np.isfinite(points).all(axis=1)
    lost = int((unique & ~held).sum())
    remark = f" {lost:,} without a value are not drawn." if lost else ""
    if int(held.sum()) <= MOST_POINTS:
        return samples[held], remark
    keep = np.zeros(len(samples), np.bool_)
    rows = np.flatnonzero(held)
    keep[rows[np.linspace(0, len(rows) - 1, MOST_POINTS).astype(np.intp)]] = True
    keep |= _matters(samples, points, held, (x, y), score)
    return samples[keep], f" {int(keep.sum()):,} of {len(rows):,} are drawn, the whole front among them.{remark}"


def _matters(
    samples: pd.DataFrame, points: NDArray[np.float64], held: NDArray[np.bool_], axes: tuple[Any, Any], score: str
) -> NDArray[np.bool_]:
    """``(n,)`` the non-dominated designs and the best one."""
    signs = np.array([1.0 if _way(metric) == "lower" else -1.0 for metric in axes])
    good = held & feasible(samples)
    matters = np.zeros(len(samples), np.bool_)
    matters[good] = non_dominated(points[good] * signs)
    scores = np.where(good, samples[score_column(samples, score)].to_numpy(float), np.inf)
    matters[int(np.argmin(scores))] = bool(good.any())
    return matters


def _calm_ticks(figure: Figure) -> None:
    """Logarithmic axes get 1, 2, 5 or powers of ten only, all written in the same way."""
    from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, NullFormatter

    for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis):
        if axis.get_scale() != "log":
            continue
        low, high = sorted(axis.get_view_interval())
        steps = (1.0, 2.0, 5.0) if high < MOST_DECADES * low else (1.0,)
        axis.set_major_locator(LogLocator(subs=steps))
        axis.set_minor_formatter(NullFormatter())
        if steps != (1.0,) and not isinstance(axis.get_major_formatter(), EngFormatter):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _way(metric: dict[str, Any]) -> Literal["lower", "higher"]:
    return "higher" if metric["better"] == "higher" else "lower"


def _goal(metric: dict[str, Any]) -> str:
    return "more" if _way(metric) == "higher" else "less"


def _runs(n: int) -> str:
    return "one run" if n == 1 else f"{n} runs"
