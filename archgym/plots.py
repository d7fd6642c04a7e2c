"""The two pictures of a search: how fast it got good, and what it traded for it.

`convergence` and `pareto` draw with matplotlib onto a figure of their own, never onto pyplot's global state. The data
behind the pictures is in `archgym.curves`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from archgym.curves import best_so_far, feasible, non_dominated, score_column
from archgym.errors import ConfigError, MissingExtra, UnknownName

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Better = Literal["lower", "higher"]

FORMATS = (".png", ".pdf", ".svg")
DPI = 150
LOG_RATIO = 10.0
"""Positive best-so-far values that fall by more than this factor are drawn on a logarithmic axis."""

PREFIXED_UNITS = {"s", "J", "W", "B/s"}
"""Units that are shown with an SI prefix."""

# M. Okabe and K. Ito, "Color Universal Design", 2008: distinct under every common colour vision.
BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
INK, FAINT = "#222222", "#9A9A9A"

LOOK: Any = {
    "font.size": 11,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "svg.hashsalt": "archgym",
}


def convergence(
    samples: pd.DataFrame,
    out: Path,
    *,
    title: str = "",
    score: str | None = None,
    unit: str = "",
    reference: float | None = None,
    overwrite: bool = False,
) -> Figure:
    """Draw the best score so far against unique evaluations and save it to *out* (PNG, PDF or SVG).

    One line a run, one colour an agent. *reference* is the default design's score, *unit* the score's unit.
    Raises `ConfigError` for another format or an existing file, `MissingExtra` without matplotlib.
    """
    label = score_column(samples, score).removeprefix("score.")
    with _figure(title) as (figure, axes):
        groups = samples.groupby(["agent", "run_id"], sort=True)
        runs = [(str(agent), best_so_far(rows, score)) for (agent, _), rows in groups]
        colours = dict(zip(dict.fromkeys(agent for agent, _ in runs), cycle(CYCLE), strict=False))
        drawn: set[str] = set()
        for agent, best in runs:
            (line,) = axes.step(np.arange(1, len(best) + 1), best, where="post", color=colours[agent])
            line.set(linewidth=2 if len(runs) == 1 else 1.4, label=f"_{agent}" if agent in drawn else agent)
            drawn.add(agent)
        if reference is not None:
            label_default = f"default design: {_number(reference, unit)}"
            axes.axhline(reference, color=INK, lw=1.3, ls=(0, (5, 4)), label=label_default)
        _scale_scores(axes, [best for _, best in runs], reference)
        axes.set_xlabel("unique evaluations")
        axes.set_ylabel(f"best {_with_unit(label, unit)}")
        axes.set_xlim(left=0)
        if len(runs) == 1:
            _mark_last(axes, runs[0][1], unit)
        _legend(figure)
        save_figure(figure, out, overwrite)
    return figure


def pareto(
    samples: pd.DataFrame,
    out: Path,
    x_metric: str,
    y_metric: str,
    *,
    x_unit: str = "",
    y_unit: str = "",
    better: tuple[Better, Better] = ("lower", "lower"),
    default: tuple[float, float] | None = None,
    score: str | None = None,
    title: str = "",
    overwrite: bool = False,
) -> Figure:
    """Draw two metrics of every sample with the non-dominated front and save it to *out* (PNG, PDF or SVG).

    *better* says for each metric which way is good. *default* is the default design's point; the best design is the
    feasible one with the lowest *score* (by default the first). Raises as `convergence`, and `UnknownName` for a metric
    that is not there.
    """
    points = np.column_stack([_metric(samples, x_metric), _metric(samples, y_metric)])
    signs = np.array([1.0 if way == "lower" else -1.0 for way in better])
    good = feasible(samples)
    front = np.zeros(len(points), np.bool_)
    front[good] = non_dominated(points[good] * signs)
    broken = ~good & ~np.isnan(points).any(axis=1)
    lost = int(np.isnan(points).any(axis=1).sum())
    with _figure(title) as (figure, axes):
        axes.scatter(points[good, 0], points[good, 1], s=16, color=SKY, alpha=0.55, lw=0, label="feasible")
        if broken.any():
            axes.scatter(points[broken, 0], points[broken, 1], s=20, color=FAINT, marker="x", lw=1, label="infeasible")
        line = points[front][np.argsort(points[front, 0], kind="stable")]
        where = "steps-post" if better[0] == "lower" else "steps-pre"
        axes.plot(*line.T, drawstyle=where, color=BLUE, lw=1.8, marker="o", ms=4.5, label="non-dominated")
        if default is not None:
            axes.plot(*default, ls="", marker="D", ms=9, mfc="white", mec=INK, mew=1.8, label="default design")
        if good.any():
            column = score_column(samples, score)
            best = np.argmin(np.where(good, samples[column].to_numpy(float), np.inf))
            several = sum(str(name).startswith("score.") for name in samples.columns) > 1
            label = f"lowest {column.removeprefix('score.')}" if several else "best design"
            axes.plot(*points[best], ls="", marker="*", ms=17, mfc=RED, mec="white", mew=1, label=label)
        if lost:
            axes.plot([], [], ls="", label=f"(not drawn: {lost} without a value)")
        shown = points[good | broken] if default is None else np.vstack([points[good | broken], default])
        _metric_axis(axes, "x", x_metric, x_unit, shown[:, 0])
        _metric_axis(axes, "y", y_metric, y_unit, shown[:, 1])
        axes.margins(0.06)
        _legend(figure)
        save_figure(figure, out, overwrite)
    return figure


@contextmanager
def _figure(title: str) -> Iterator[tuple[Figure, Axes]]:
    """A figure with one pair of axes in the house look, which holds until it has been saved."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "report", "drawing a figure") from None
    with rc_context(LOOK):
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        axes = figure.add_subplot()
        axes.set_title(title)
        yield figure, axes


def _metric(samples: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if f"metric.{name}" not in samples.columns:
        known = [str(column).removeprefix("metric.") for column in samples.columns if str(column).startswith("metric.")]
        raise UnknownName("metric", name, known)
    return samples[f"metric.{name}"].to_numpy(float)


def _scale_scores(axes: Axes, lines: Sequence[NDArray[np.float64]], reference: float | None) -> None:
    """A logarithmic y axis where the values are positive and span more than `LOG_RATIO`."""
    values = np.concatenate([*lines, np.array([] if reference is None else [reference])])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() / values.min() > LOG_RATIO:
        axes.set_yscale("log")
    axes.margins(y=0.12)


def _metric_axis(axes: Axes, which: Literal["x", "y"], name: str, unit: str, values: NDArray[np.float64]) -> None:
    """Name and scale of one axis: logarithmic over a wide span, SI prefixes for units that take them."""
    from matplotlib.ticker import EngFormatter

    axis = axes.xaxis if which == "x" else axes.yaxis
    if len(values) and values.min() > 0 and values.max() / values.min() > LOG_RATIO:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    if unit in PREFIXED_UNITS:
        axis.set_major_formatter(EngFormatter(unit=unit))
    axis.set_label_text(name if unit in PREFIXED_UNITS else _with_unit(name, unit))


def _mark_last(axes: Axes, best: NDArray[np.float64], unit: str) -> None:
    """The final value, written at the end of the line."""
    if len(best) and np.isfinite(best[-1]):
        axes.plot(len(best), best[-1], ls="", marker="o", ms=6, color=BLUE)
        text, at = _number(best[-1], unit), (len(best), float(best[-1]))
        axes.annotate(text, at, (4, -7), textcoords="offset points", ha="right", va="top", color=BLUE)


def _legend(figure: Figure) -> None:
    """A legend below the axes, where it cannot cover data."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels) if len(labels) < 5 else 3)


def _number(value: float, unit: str) -> str:
    return f"{value:.4g}" if unit in ("", "1") else f"{value:.4g} {unit}"


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit not in ("", "1") else name


def save_figure(figure: Figure, out: Path, overwrite: bool = False) -> None:
    """Write *figure* as PNG, PDF or SVG, the same bytes each time.

    `ConfigError` for another format or an existing file.
    """
    from matplotlib import rc_context

    kind = out.suffix.lower()
    if kind not in FORMATS:
        raise ConfigError(f"{out}: expected a figure ending in {', '.join(FORMATS)}, got {kind or 'no suffix'}")
    metadata = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}.get(kind)
    drawn = BytesIO()
    with rc_context({"svg.hashsalt": LOOK["svg.hashsalt"]}):
        figure.savefig(drawn, format=kind[1:], dpi=DPI, metadata=metadata)
    try:
        with out.open("wb" if overwrite else "xb") as file:
            file.write(drawn.getvalue())
    except FileExistsError:
        raise ConfigError(f"{out}: the file exists; choose another name or ask to overwrite it") from None
