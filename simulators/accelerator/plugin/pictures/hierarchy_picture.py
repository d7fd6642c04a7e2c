"""The memory hierarchy: what each level costs and how many words it moves, by tensor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archgym.errors import MissingExtra
from archgym.plots import BLUE, GREEN, ORANGE
from archgym.quantity_text import number
from archgym.simulators.accelerator.plugin.hierarchy import NAMES, REST, TENSORS, Stage

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as ``#rrggbb``."""

    paper: str
    """Behind everything; "none" lets the page show."""
    ink: str
    faint: str
    hue: Mapping[str, str]
    """By tensor; a tensor has the same hue in both panels."""


LIGHT: Final = Theme("#FFFFFF", "#222222", "#6B6B6B", {"W": BLUE, "I": ORANGE, "O": GREEN, REST: "#B8B8B8"})
DARK: Final = Theme("none", "#ECECEC", "#A8A8A8", {"W": "#3E9BD6", "I": ORANGE, "O": "#2DC296", REST: "#6E7278"})
_ROW_IN, _HEAD_IN, _FOOT_IN, _WIDTH_IN = 0.62, 0.95, 0.95, 9.6
_LEFT_IN, _GAP_IN, _RIGHT_IN = 2.35, 0.75, 0.35
_BAR = 0.62


def hierarchy_picture(
    stages: Sequence[Stage], workload: str, latency_s: float, also: str, *, dark: bool = False
) -> Figure:
    """Rows are levels, outermost on top. Left their energy, stacked by tensor; right the words that they read and
    write, a bar for each tensor on a logarithmic axis. *also* ends the line of figures below the title.

    Raises `MissingExtra` without matplotlib.
    """
    with _drawing():
        from matplotlib.figure import Figure

        theme = DARK if dark else LIGHT
        height = _HEAD_IN + _ROW_IN * len(stages) + _FOOT_IN
        figure = Figure(figsize=(_WIDTH_IN, height), facecolor=theme.paper)
        wide = (_WIDTH_IN - _LEFT_IN - _GAP_IN - _RIGHT_IN) / 2
        boxes = [(_LEFT_IN, wide), (_LEFT_IN + wide + _GAP_IN, wide)]
        energy, words = (
            figure.add_axes((x / _WIDTH_IN, _FOOT_IN / height, w / _WIDTH_IN, _ROW_IN * len(stages) / height))
            for x, w in boxes
        )
        _energy(energy, stages, theme)
        _words(words, stages, theme)
        total = sum(stage.total_j for stage in stages)
        line = " · ".join((number(latency_s, "s"), number(total, "J"), also))
        figure.text(0.3 / _WIDTH_IN, 1 - 0.32 / height, workload, fontsize=13, weight="bold", color=theme.ink,
                    va="center", parse_math=False)  # fmt: skip
        figure.text(0.3 / _WIDTH_IN, 1 - 0.6 / height, line, fontsize=9, color=theme.faint, va="center")
        _key(figure, theme, height)
    return figure


def _energy(axes: Axes, stages: Sequence[Stage], theme: Theme) -> None:
    from matplotlib.ticker import EngFormatter

    total = sum(stage.total_j for stage in stages) or 1.0
    for row, stage in enumerate(stages):
        left = 0.0
        for tensor in (*TENSORS, REST):
            part = stage.energy_j.get(tensor, 0.0)
            axes.barh(row, part, _BAR, left=left, color=theme.hue[tensor], linewidth=0)
            left += part
        axes.text(left + 0.012 * total, row, f"{left / total:.0%}", fontsize=8.5, color=theme.ink, va="center")
        beside: dict[str, Any] = {
            "transform": axes.get_yaxis_transform(),
            "ha": "right",
            "va": "center",
            "parse_math": False,
        }
        axes.text(-0.03, row - 0.13, stage.name, fontsize=9, weight="bold", color=theme.ink, **beside)
        axes.text(-0.03, row + 0.19, stage.what, fontsize=7, color=theme.faint, **beside)
    most = max(stage.total_j for stage in stages) or 1.0
    axes.set(xlim=(0, most * 1.18), ylim=(len(stages) - 0.5, -0.5))
    axes.xaxis.set_major_formatter(EngFormatter(unit="J"))
    _plain(axes, theme, "energy")


def _words(axes: Axes, stages: Sequence[Stage], theme: Theme) -> None:
    from matplotlib.ticker import EngFormatter

    thin = _BAR / len(TENSORS)
    values = [stage.words[t] for stage in stages for t in stage.words if stage.words[t] > 0]
    for row, stage in enumerate(stages):
        for at, tensor in enumerate(TENSORS):
            if stage.words.get(tensor, 0) > 0:
                axes.barh(row + (at - 1) * thin, stage.words[tensor], thin, color=theme.hue[tensor], linewidth=0)
    axes.set(xscale="log", xlim=(min(values) / 3, max(values) * 2), ylim=(len(stages) - 0.5, -0.5))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    _plain(axes, theme, "words read and written")


def _plain(axes: Axes, theme: Theme, title: str) -> None:
    axes.patch.set_alpha(0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(theme.faint)
    axes.set_yticks([])
    axes.tick_params(axis="x", which="both", colors=theme.faint, labelsize=8)
    axes.set_xlabel(title, color=theme.faint, fontsize=9)
    axes.minorticks_off()


def _key(figure: Figure, theme: Theme, height: float) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=theme.hue[key], label=NAMES[key]) for key in (*TENSORS, REST)]
    legend = figure.legend(handles=handles, loc="lower left", ncols=4, frameon=False, fontsize=8.5,
                           bbox_to_anchor=(0.2 / _WIDTH_IN, 0.04 / height))  # fmt: skip
    for text in legend.get_texts():
        text.set_color(theme.ink)


@contextmanager
def _drawing() -> Iterator[None]:
    try:
        from matplotlib import rc_context
    except ImportError:
        raise MissingExtra("matplotlib", "report", "drawing an accelerator") from None
    with rc_context({"font.family": ["DejaVu Sans"], "svg.hashsalt": "archgym"}):
        yield
