"""The figures of a page: drawn once, shown inline and saved as files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from archgym.errors import ConfigError
from archgym.plots import save_figure
from archgym.report.markup import Html, element, joined, scrolling
from archgym.report.svg import both_schemes, check_formats, draw, house_look, inline

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One figure, for light pages and for dark ones."""

    name: str
    """Stem of its file; unique on the page; letters, digits and dashes."""
    alt: str
    """What it shows, for those who cannot see it."""
    caption: str
    light: Figure
    dark: Figure | None = None
    house: bool = False
    """Drawn by `archgym.plots`: the inks of the light one follow the page's scheme."""

    def html(self) -> Html:
        """The figure with its caption."""
        return element(
            "figure", scrolling(self.alt, self._drawn()), element("figcaption", self.caption), class_="figure"
        )

    def _drawn(self) -> Html:
        light = draw(self.light, self.name, house=self.house)
        if self.dark is None:
            return inline(light, self.name, self.alt)
        both = both_schemes(light, draw(self.dark, self.name), self.name)
        if both is not None:
            return inline(both, self.name, self.alt)
        names = ((self.light, f"{self.name}-light", "light"), (self.dark, f"{self.name}-dark", "dark"))
        sides = (element("div", inline(draw(f, n), n, self.alt), class_=side) for f, n, side in names)
        return joined(sides)


def fitted(pictures: Sequence[Picture], room: int) -> list[Html]:
    """Each picture, or a word about it where it and those before it take more than *room* characters."""
    shown = []
    for picture in pictures:
        drawn = picture.html()
        if len(drawn) > room:
            why = f"{picture.caption} Left out, to keep the page small: archgym report --figures writes it as a file."
            shown.append(element("p", why, class_="faint"))
        else:
            room -= len(drawn)
            shown.append(drawn)
    return shown


def save_pictures(pictures: Sequence[Picture], folder: Path, formats: Sequence[str]) -> list[Path]:
    """Write the light variant of each picture in each format; the files written.

    `ConfigError` before anything is written when one of the files exists.
    """
    check_formats(formats)
    paths = [(picture, folder / f"{picture.name}.{kind}") for picture in pictures for kind in dict.fromkeys(formats)]
    for _, path in paths:
        if path.exists():
            raise ConfigError(f"{path} exists; choose another folder or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    for picture, path in paths:
        with house_look() if picture.house else nullcontext():
            save_figure(picture.light, path)
    return [path for _, path in paths]
