"""The two lines above a picture: what ran, and what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archgym.simulators.soc.plugin.pictures import text
from archgym.simulators.soc.plugin.pictures.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archgym.simulators.soc.application import Application
    from archgym.simulators.soc.results import SocResult

HEAD_IN, MARGIN_IN = 0.95, 0.3
"""Height that the headline takes, and the margin of a picture."""
_TITLE_PT, _SUMMARY_PT = 13, 9
_TITLE_AT_IN, _SUMMARY_AT_IN = 0.32, 0.6


def draw_headline(figure: Figure, result: SocResult, application: Application, theme: Theme) -> None:
    """Title and summary at the top left of *figure*."""
    width, height = figure.get_size_inches()
    x, room = MARGIN_IN / width, width - 2 * MARGIN_IN
    title = text.shorten(" + ".join(application.names), room, _TITLE_PT, bold=True)
    line = text.shorten(summary(result, application), room, _SUMMARY_PT)
    y = 1 - _TITLE_AT_IN / height
    figure.text(x, y, title, fontsize=_TITLE_PT, weight="bold", color=theme.ink, va="center", parse_math=False)
    y = 1 - _SUMMARY_AT_IN / height
    figure.text(x, y, line, fontsize=_SUMMARY_PT, color=theme.faint, va="center", parse_math=False)


def summary(result: SocResult, application: Application) -> str:
    """``4.82 ms of 21 ms · 69 mW · 333 µJ · 2.09 mm² · misses its budgets, distance 6.9``"""
    latencies = []
    for name, deadline in zip(application.names, application.deadlines, strict=True):
        of = f" of {text.quantity(deadline, 's')}" if deadline is not None else ""
        prefix = f"{name} " if len(application.names) > 1 else ""
        latencies.append(f"{prefix}{text.quantity(result.latency_s[name], 's')}{of}")
    taken = (text.quantity(result.power_w, "W"), text.quantity(result.energy_j, "J"), text.area(result.area_m2))
    distance = f"misses its budgets, distance {text.number(result.distance)}"
    return " · ".join([*latencies, *taken, "meets its budgets" if result.meets_budgets else distance])
