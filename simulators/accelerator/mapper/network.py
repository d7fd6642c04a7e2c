"""All layers of a network on many accelerators: each different layer is searched once per accelerator."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.data_error import DataError, check_whole
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapper.options import MapperOptions
from archgym.simulators.accelerator.mapper.pair import Found, Target, search_pair


@dataclass(frozen=True, slots=True, eq=False)
class NetworkResult:
    """Rows are architectures, columns layers; numbers are of one occurrence of a layer (all its groups)."""

    cycles: NDArray[np.int64]
    """``(n, layers)``; 0 where no mapping is valid."""
    energy_pj: NDArray[np.float64]
    """``(n, layers)``; NaN where no mapping is valid."""
    valid: NDArray[np.bool_]
    """``(n, layers)``"""
    optimal: NDArray[np.bool_]
    """``(n, layers)`` whether that is proven."""
    lower_bound: NDArray[np.float64]
    """``(n, layers)`` scores that no mapping can beat."""
    evaluations: NDArray[np.int64]
    """``(n, layers)`` mappings priced; equal layers share theirs."""
    reasons: tuple[tuple[str | None, ...], ...]
    """Why no mapping is valid; None where one is."""


def map_network(
    architectures: Sequence[Architecture],
    layers: Sequence[Layer],
    constraints: MapConstraints | Sequence[MapConstraints],
    options: MapperOptions | None = None,
    threads: int = 1,
) -> NetworkResult:
    """The best mapping found of every layer on every architecture, under constraints of all or of each of them.

    The result of a layer on an architecture depends on these two, the constraints and the options only: not on threads,
    nor on what else is mapped. Raises `DataError` for constraints that do not fit an architecture.
    """
    chosen = options or MapperOptions()
    check_whole("map_network: threads", threads)
    each = [constraints] * len(architectures) if isinstance(constraints, MapConstraints) else list(constraints)
    if len(each) != len(architectures):
        raise DataError(f"map_network: expected one or {len(architectures)} constraints, got {len(each)}")
    first = {layer.key: i for i, layer in reversed(list(enumerate(layers)))}
    different = sorted(first.values())
    targets = [Target(a, c) for a, c in zip(architectures, each, strict=True)]
    jobs = [(target, layers[i]) for target in targets for i in different]

    def search(job: tuple[Target, Layer]) -> Found:
        return search_pair(*job, chosen)

    if threads == 1:
        found = [search(job) for job in jobs]
    else:
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(search, jobs))
    place = [different.index(first[layer.key]) for layer in layers]
    rows = [found[k : k + len(different)] for k in range(0, len(found), len(different) or 1)]
    return _gathered([[row[i] for i in place] for row in rows], len(layers))


def _gathered(rows: list[list[Found]], layers: int) -> NetworkResult:
    shape = (len(rows), layers)

    def column(name: str, dtype: type) -> NDArray[Any]:
        return np.array([[getattr(found, name) for found in row] for row in rows], dtype).reshape(shape)

    reasons = tuple(tuple(found.reason for found in row) for row in rows)
    return NetworkResult(
        cycles=column("cycles", np.int64),
        energy_pj=column("energy_pj", np.float64),
        valid=np.array([[reason is None for reason in row] for row in reasons], np.bool_).reshape(shape),
        optimal=column("optimal", np.bool_),
        lower_bound=column("lower_bound", np.float64),
        evaluations=column("evaluations", np.int64),
        reasons=reasons,
    )
