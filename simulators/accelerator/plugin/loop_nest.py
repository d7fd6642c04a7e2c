"""A mapping as a loop nest, from the outer to the inner loop, as people write it."""

from __future__ import annotations

from archgym.simulator import DetailTable
from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.mapping import Mapping

_INDENT = "  "
_NO_BREAK = "\u00a0"
"""Spaces that no table takes away at the left."""


def nest_lines(architecture: Architecture, mapping: Mapping) -> list[tuple[str, str, str]]:
    """``(level, loop, what the level holds)``, a line for each loop; a level's name and tensors stand in its first."""
    lines: list[tuple[str, str, str]] = []
    depth = 0
    for level, mapped in zip(architecture.levels, mapping.levels, strict=True):
        held = "".join(tensor for tensor in "WIO" if tensor in mapped.keep)
        loops = [f"for {dim} in {bound}" for dim, bound in mapped.temporal]
        loops += [f"for {dim} in {bound} across X" for dim, bound in mapped.spatial_x]
        loops += [f"for {dim} in {bound} down Y" for dim, bound in mapped.spatial_y]
        for at, loop in enumerate(loops or [""]):
            name, holds = (level.name, held or "-") if at == 0 else ("", "")
            lines.append((name, _INDENT * depth + loop if loop else "", holds))
            depth += bool(loop)
    return [*lines, ("multiplier", _INDENT * depth + "O += I * W", "")]


def nest_table(title: str, architecture: Architecture, mapping: Mapping) -> DetailTable:
    """`nest_lines` as a table."""
    rows = tuple((name, loop.replace(" ", _NO_BREAK), held) for name, loop, held in nest_lines(architecture, mapping))
    return DetailTable(title, ("level", "loops, from the outer to the inner one", "holds"), rows)
