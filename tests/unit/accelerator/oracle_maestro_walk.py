"""Walks through every step of a small mapping with sets of elements: what the corrected physics must come to.

Loops are given as they are meant, in outputs: ``Loop("Y", 2)`` is two output rows at a time. Nothing here knows of
states, edges or tables. A unit holds the tile of its previous step; it keeps the common part when one loop advances
and no loop of the tensor further in begins again, otherwise the tile is brought anew. What several units lack is sent
once. Outputs leave when their tile moves, and come back when it returns with the reduction unfinished.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod

from archgym.simulators.accelerator.maestro.dataflow import Dataflow, Map
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer

WINDOW = {"Y": "R", "X": "S"}
Element = tuple[int, ...]


@dataclass(frozen=True)
class Loop:
    dim: str
    tile: int
    """Outputs, for Y and X."""
    spatial: bool = False


@dataclass
class Walked:
    cycles: int = 0
    macs: int = 0
    reads: dict[str, int] = field(default_factory=lambda: {"I": 0, "W": 0, "O": 0})
    """From the level above; O: partial sums that come back."""
    taken: dict[str, int] = field(default_factory=lambda: {"I": 0, "W": 0})
    """Into units, shared elements once for each."""
    writes: int = 0
    peak: int = 0


def as_dataflow(layer: MaestroLayer, levels: list[list[Loop]], clusters: tuple[int, ...]) -> Dataflow:
    return Dataflow(tuple(tuple(_as_map(layer, loop) for loop in level) for level in levels), clusters)


def _as_map(layer: MaestroLayer, loop: Loop) -> Map:
    if loop.dim not in WINDOW or layer.kind is Kind.GEMM:
        return Map(loop.dim, loop.tile, loop.tile, loop.spatial)
    stride, kernel = layer.stride(loop.dim), layer.extents[WINDOW[loop.dim]]
    return Map(loop.dim, (loop.tile - 1) * stride + kernel, loop.tile * stride, loop.spatial)


def walk(
    layer: MaestroLayer, levels: list[list[Loop]], units: tuple[int, ...], hardware: Hardware, top: bool = True
) -> Walked:
    """*units* per level, outermost first."""
    loops, n = levels[0], units[0]
    extents = {loop.dim: _outputs(layer, loop.dim) for loop in loops}
    steps = {loop.dim: -(-extents[loop.dim] // (loop.tile * (n if loop.spatial else 1))) for loop in loops}
    total, before, held = Walked(), None, {}
    for index in itertools.product(*(range(steps[loop.dim]) for loop in loops)):
        spans = [_span(loops, index, unit, n, extents) for unit in range(n)]
        working = [unit for unit in range(n) if all(len(span) for span in spans[unit].values())]
        moved = _advanced(index, before)
        sent, now = 0, {}
        for tensor in ("I", "W"):
            lacking: set[Element] = set()
            for unit in working:
                needed = set(_elements(layer, tensor, spans[unit]))
                now[tensor, unit] = needed
                kept = _kept(layer, tensor, loops, steps, moved)
                lacks = needed - (held.get((tensor, unit), set()) if kept != "nothing" else set())
                if kept == "all":
                    lacks = set()
                total.taken[tensor] += len(lacks)
                lacking |= lacks
            total.reads[tensor] += len(lacking)
            sent += len(lacking)
        out = 0
        if _kept(layer, "O", loops, steps, moved) != "all":
            out = len({e for unit in working for e in _elements(layer, "O", spans[unit])})
            unfinished = any(i for i, loop in zip(index, loops, strict=True) if loop.dim in layer.reduced)
            total.writes += out
            total.reads["O"] += out if unfinished else 0
            sent += out if unfinished else 0
        compute = max(_busy(layer, levels, units, hardware, spans[unit], total) for unit in working)
        held.update(now)
        total.cycles += _delay(hardware, compute, sent, out, first=before is None, top=top)
        total.peak = max(total.peak, max(sent, out) // compute)
        before = index
    return total


def _busy(layer, levels, units, hardware, spans, total) -> int:
    """Cycles of one unit; its MACs are added."""
    macs = prod(len(spans[dim]) for dim in (*layer.dims("O"), *layer.reduced))
    total.macs += macs
    if len(levels) == 1:
        return -(-macs // hardware.simd_lanes)
    sizes = {dim: len(span) for dim, span in spans.items()}
    return _below(layer, tuple(map(tuple, levels[1:])), units[1:], hardware, tuple(sorted(sizes.items())))


_KNOWN: dict = {}


def _below(layer, levels, units, hardware, sizes) -> int:
    key = (layer, levels, units, hardware, sizes)
    if key not in _KNOWN:
        extents = dict(sizes)
        for dim, kernel in WINDOW.items():
            if dim in extents and layer.kind is not Kind.GEMM:
                extents[dim] = (extents[dim] - 1) * layer.stride(dim) + layer.extents[kernel]
        smaller = [[replace(lp, tile=min(lp.tile, dict(sizes)[lp.dim])) for lp in level] for level in levels]
        _KNOWN[key] = walk(replace(layer, **extents), smaller, units, hardware, top=False).cycles
    return _KNOWN[key]


def _outputs(layer: MaestroLayer, dim: str) -> int:
    return layer.outputs(dim)


def _span(loops, index, unit, n, extents) -> dict[str, range]:
    spans = {}
    for i, loop in zip(index, loops, strict=True):
        start = (i * n + unit if loop.spatial else i) * loop.tile
        spans[loop.dim] = range(start, min(start + loop.tile, extents[loop.dim]))
    return spans


def _elements(layer: MaestroLayer, tensor: str, spans: dict[str, range]) -> Iterator[Element]:
    axes = []
    for dim in layer.dims(tensor):
        if tensor == "I" and dim in layer.slides:
            window = spans[layer.slides[dim]]
            axes.append(sorted({y * layer.stride(dim) + r for y in spans[dim] for r in window}))
        else:
            axes.append(list(spans[dim]))
    return itertools.product(*axes)


def _advanced(index, before) -> int | None:
    """The innermost loop that is not at its start; None in the first step."""
    if before is None:
        return None
    return max(j for j, i in enumerate(index) if i)


def _kept(layer, tensor, loops, steps, moved) -> str:
    """Of the tile of the step before: all, the overlap, or nothing."""
    if moved is None:
        return "nothing"
    dims = layer.dims(tensor)
    if any(loop.dim in dims and steps[loop.dim] > 1 for loop in loops[moved + 1 :]):
        return "nothing"
    return "overlap" if loops[moved].dim in dims else "all"


def _delay(hardware: Hardware, compute: int, sent: int, out: int, *, first: bool, top: bool) -> int:
    def transfer(amount: int) -> int:
        noc = hardware.noc_latency + -(-amount // hardware.noc_bandwidth) - 1
        return max(noc, -(-amount // hardware.offchip_bandwidth)) if top else noc

    return compute + transfer(sent) if first else max(compute, transfer(sent), transfer(out))
