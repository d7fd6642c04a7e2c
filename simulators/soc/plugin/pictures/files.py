"""Save a picture: PNG, PDF or SVG, the same bytes for the same picture, and never over another file unasked."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from archgym.errors import ConfigError
from archgym.plots import DPI, FORMATS
from archgym.simulators.soc.plugin.pictures.theme import drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def save(figure: Figure, path: Path, overwrite: bool = False) -> None:
    """Write *figure* in the format of *path*'s suffix. Raises `ConfigError` for another format or an existing file."""
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise ConfigError(f"{path}: expected a picture ending in {', '.join(FORMATS)}, got {kind or 'no suffix'}")
    metadata = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}.get(kind)
    drawn = BytesIO()
    with drawing():
        figure.savefig(drawn, format=kind[1:], dpi=DPI, metadata=metadata)
    try:
        with path.open("wb" if overwrite else "xb") as file:
            file.write(drawn.getvalue())
    except FileExistsError:
        raise ConfigError(f"{path}: the file exists; choose another name or ask to overwrite it") from None
