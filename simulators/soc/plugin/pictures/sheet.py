"""A sheet of paper measured in inches, with its origin at the top left: what the platform picture is drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archgym.simulators.soc.plugin.pictures.theme import Theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A figure whose only axes cover it; positions and lengths are in inches, y grows downwards."""

    figure: Figure
    axes: Axes
    theme: Theme

    @classmethod
    def of(cls, width: float, height: float, theme: Theme) -> Sheet:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height), facecolor=theme.paper)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        return cls(figure, axes, theme)

    def words(self, at: Point, text: str, points: float, **look: Any) -> None:
        """*text* with its left centre at *at*, unless *look* aligns it otherwise."""
        chosen = {"color": self.theme.ink, "ha": "left", "va": "center_baseline", "parse_math": False, **look}
        self.axes.text(*at, text, fontsize=points, **chosen)

    def box(self, at: Point, width: float, height: float, *, rounding: float = 0.0, **look: Any) -> None:
        """A rectangle with its top left corner at *at*; *look* are matplotlib's properties of a patch."""
        from matplotlib.patches import FancyBboxPatch, Rectangle

        if rounding:
            style = f"round,pad=0,rounding_size={rounding}"
            self.axes.add_patch(FancyBboxPatch(at, width, height, boxstyle=style, **look))
        else:
            self.axes.add_patch(Rectangle(at, width, height, **look))

    def wire(self, points: Sequence[Point], **look: Any) -> None:
        """A line through *points*."""
        chosen = {"color": self.theme.faint, "lw": 1.2, "solid_joinstyle": "round", "zorder": 1, **look}
        self.axes.plot(*zip(*points, strict=True), **chosen)
