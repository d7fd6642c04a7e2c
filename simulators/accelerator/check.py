"""Why a mapping cannot run: the kernel's status and numbers, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archgym.simulators.accelerator import kernel
from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.batch import PARTS
from archgym.simulators.accelerator.layer import DIMS, TENSORS, Layer

STATUS: Final = ("valid", "factor", "mesh_x", "mesh_y", "keep", "order", "capacity", "product")
"""What each status of a batch means, by its number: the first rule that is broken, checked in the order

mesh_x, mesh_y and factors of fan-outs below 1, level by level from the outermost; keep; then, level by level from the
innermost, order, factor, product exceeded and capacity; last, product not reached and the order of spatial loops."""


def worded(architecture: Architecture, layer: Layer, status: int, detail: Sequence[int]) -> str | None:
    """One line on what is wrong, where and by how much; None for a valid mapping."""
    at, what, needed, available, *words = detail
    where = f"level {architecture.levels[at].name!r}"
    if status == kernel.VALID:
        return None
    if status in (kernel.MESH_X, kernel.MESH_Y):
        side = "X" if status == kernel.MESH_X else "Y"
        return f"{where}: fans out to {needed} in {side}, there are {available} per instance"
    if status == kernel.FACTOR:
        return f"{where}: a loop bound is below 1"
    if status == kernel.KEEP and at == 0:
        return f"{where}: holds {_tensors(needed)}, but the outermost level has to hold W, I and O"
    if status == kernel.KEEP:
        return f"{where}: holds {_tensors(needed)}, but may hold {_tensors(available)}"
    if status == kernel.ORDER:
        return f"{where}: the order of {PARTS[what]} loops does not name each dimension once"
    if status == kernel.CAPACITY:
        tiles = ", ".join(f"{t} {words[bit]}" for bit, t in enumerate(TENSORS) if what >> bit & 1)
        return f"{where}: needs {needed} words ({tiles}), has {available}"
    return f"layer {layer.name!r}: the factors of {DIMS[what]} multiply to {needed}, expected {available}"


def _tensors(bits: int) -> str:
    return ", ".join(tensor for bit, tensor in enumerate(TENSORS) if bits >> bit & 1) or "nothing"
