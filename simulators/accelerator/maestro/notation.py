"""MAESTRO's notation of dataflows: ``SpatialMap(1,1) K``, ``TemporalMap(3,1) Y'``, ``Cluster(64,P)``, one a line.

Sizes may be sums such as ``8+Sz(R)-1`` when the layer is known; ``Sz(R)`` is the layer's extent. ``;`` ends a
directive, ``//`` starts a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.maestro.dataflow import DIMENSIONS, Dataflow, Map

_MAP = re.compile(r"(SpatialMap|TemporalMap)\s*\((.*),(.*)\)\s*([A-Z]'?)")
_CLUSTER = re.compile(r"Cluster\s*\((.*?)(?:,\s*P\s*)?\)")
_TERM = re.compile(r"([+-]?)\s*(?:(\d+)|Sz\s*\(\s*([A-Z])\s*\))\s*")


def read_dataflow(text: str | Iterable[str], extents: Mapping[str, int] | None = None) -> Dataflow:
    """The dataflow in *text*, a string or its lines; *extents* are the layer's, for ``Sz(...)``.

    Raises DataError that names the directive and what was expected there.
    """
    levels: list[list[Map]] = [[]]
    clusters: list[int] = []
    for line in _directives(text):
        if match := _MAP.fullmatch(line):
            kind, size, offset, dim = match.groups()
            if dim not in DIMENSIONS:
                raise DataError(f"{line!r}: unknown dimension {dim}; known: {', '.join(DIMENSIONS)}")
            spatial = kind == "SpatialMap"
            levels[-1].append(Map(dim, _sum(size, line, extents), _sum(offset, line, extents), spatial))
        elif match := _CLUSTER.fullmatch(line):
            clusters.append(_sum(match[1], line, extents))
            levels.append([])
        else:
            raise DataError(f"{line!r}: expected SpatialMap(m,o) D, TemporalMap(m,o) D or Cluster(n,P)")
    return Dataflow(tuple(map(tuple, levels)), tuple(clusters))


def write_dataflow(dataflow: Dataflow) -> tuple[str, ...]:
    """The directives, one a line, as `read_dataflow` takes them."""
    lines: list[str] = []
    for i, level in enumerate(dataflow.levels):
        if i:
            lines.append(f"Cluster({dataflow.clusters[i - 1]},P)")
        lines += [f"{'Spatial' if m.spatial else 'Temporal'}Map({m.size},{m.offset}) {m.dim}" for m in level]
    return tuple(lines)


def _directives(text: str | Iterable[str]) -> Iterable[str]:
    for line in text.splitlines() if isinstance(text, str) else text:
        for directive in line.split("//")[0].split(";"):
            if directive.strip():
                yield directive.strip()


def _sum(text: str, line: str, extents: Mapping[str, int] | None) -> int:
    """The value of a sum of integers and ``Sz(D)``."""
    total, at = 0, 0
    text = text.strip()
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None or (at and not match[1]):
            raise DataError(f"{line!r}: {text!r}: expected a sum of integers and Sz(dimension)")
        sign, number, dim = match.groups()
        if dim and dim not in (extents or {}):
            raise DataError(f"{line!r}: Sz({dim}) needs the layer's extent of {dim}; pass the extents of the layer")
        value = int(number) if number else (extents or {})[dim]
        total += -value if sign == "-" else value
        at = match.end()
    if not text:
        raise DataError(f"{line!r}: a size is missing")
    return total
