"""The search for one layer on one accelerator: a complete one where the map space is small, annealing elsewhere."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator import kernel as engine_kernel
from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.batch import MappingBatch
from archgym.simulators.accelerator.check import worded
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.costs import Costs
from archgym.simulators.accelerator.engine import kernel_table
from archgym.simulators.accelerator.layer import DIMS, Layer
from archgym.simulators.accelerator.mapper import kernel
from archgym.simulators.accelerator.mapper.annealing import annealing
from archgym.simulators.accelerator.mapper.bound import lower_bound
from archgym.simulators.accelerator.mapper.enumeration import enumeration
from archgym.simulators.accelerator.mapper.options import OBJECTIVES, MapperOptions, score
from archgym.simulators.accelerator.mapper.space import Space, space_of


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the kernel found, as numbers; `best` has one row, or none if no mapping is valid."""

    best: MappingBatch | None
    cycles: int
    energy_pj: float
    lower_bound: float
    evaluations: int
    invalid: int
    optimal: bool
    reason: str | None


def search_pair(architecture: Architecture, layer: Layer, constraints: MapConstraints, options: MapperOptions) -> Found:
    """The best mapping of *layer* on *architecture* that *constraints* allow: the same whatever else is searched."""
    space = space_of(architecture, layer, constraints)
    bound = lower_bound(architecture, layer, constraints)
    least = score(options.objective, *bound)
    if space.stuck is not None:
        size = layer.one_group.sizes[DIMS.index(space.stuck)]
        stuck = f"layer {layer.name!r}: {space.stuck} is {size}, but the constraints let no level have a factor of it"
        return Found(None, 0, math.nan, least, 0, 0, True, stuck)
    arrays = _Arrays(architecture, layer, space, options)
    arrays.problem.least_cycles, arrays.problem.least_pj = bound
    arrays.search(space, options)
    count = arrays.count
    if count.priced == 0:
        reason = worded(architecture, layer, int(count.miss_status), count.miss_detail.tolist())
        return Found(None, 0, math.nan, least, 0, int(count.invalid), bool(count.finished), reason)
    row = slice(kernel.BEST, kernel.BEST + 1)
    return Found(
        MappingBatch(arrays.factors[row].copy(), arrays.orders[row].copy(), arrays.keep[row].copy()),
        int(arrays.cycles[kernel.BEST]),
        float(arrays.energy[kernel.BEST]),
        least,
        int(count.priced),
        int(count.invalid),
        bool(count.finished),
        None,
    )


class _Arrays:
    """What one search reads and writes."""

    def __init__(self, architecture: Architecture, layer: Layer, space: Space, options: MapperOptions) -> None:
        levels = len(architecture.levels)
        fans = [architecture.fan_out(i) for i in range(levels)]
        self.table = kernel_table(architecture, layer)
        self.problem = space.problem.copy()
        self.problem.objective = OBJECTIVES.index(options.objective)
        self.problem.groups = layer.groups
        self.problem.mesh[: 2 * levels] = [x for x, _ in fans] + [y for _, y in fans]
        self.costs = Costs.of(architecture).table
        self.template = space.template
        self.random = np.array([_state(layer, options.seed)], np.uint64)
        self.factors = np.ones((kernel.ROWS, 3, levels, 7), np.int32)
        self.orders = np.zeros((kernel.ROWS, 3, levels, 7), np.uint8)
        self.keep = np.zeros((kernel.ROWS, levels), np.uint8)
        self.cycles = np.zeros(kernel.ROWS, np.int64)
        self.energy = np.zeros(kernel.ROWS)
        self.count: Any = np.zeros(1, kernel.COUNT_DTYPE)[0]
        self.count.first = self.count.second = math.inf
        self._fan = max(x * y for x, y in fans)

    def search(self, space: Space, options: MapperOptions) -> None:
        """Fills the best row and the counts."""
        levels = self.keep.shape[1]
        slots = 1 << (4 * options.evaluations - 1).bit_length()
        seen, heights = np.zeros(slots, np.uint64), np.zeros(slots)
        results = (
            np.zeros(1, engine_kernel.SCRATCH_DTYPE)[0], np.zeros(self._fan, engine_kernel.CHILD_DTYPE),
            np.zeros(4 * self._fan, np.int64), np.zeros(kernel.ROWS, np.int64), np.zeros((kernel.ROWS, 7), np.int64),
            self.cycles, self.energy, np.zeros((kernel.ROWS, levels + 1)), _NO_ACTIVITY, _NO_COUNTS, _NO_CYCLES,
        )  # fmt: skip
        common = (
            self.table, self.problem, self.costs, self.factors, self.orders, self.keep, results,
            self.factors.reshape(kernel.ROWS, -1), self.orders.reshape(kernel.ROWS, -1), self.template, self.count,
        )  # fmt: skip
        complete = space.size <= options.exhaustive_limit
        budget, starts, chains = (80, 24, 1) if complete else (options.evaluations, int(0.15 * options.evaluations), 3)
        annealing()(*common, self.random, seen, heights, budget, max(starts, 2 * chains), chains, 0.3, 0.01)
        if complete:
            enumeration()(*common, space.tree.copy(), space.divisors)


_NO_ACTIVITY: NDArray[np.int64] = np.zeros((0, 0, 0), np.int64)
_NO_COUNTS: NDArray[np.int64] = np.zeros((0, 0, 0, 0), np.int64)
_NO_CYCLES: NDArray[np.int64] = np.zeros((0, 0), np.int64)


def _state(layer: Layer, seed: int) -> int:
    """A random state, not 0. Architectures share it: neighbours are searched alike, so that they compare well."""
    digest = hashlib.sha256(f"{layer.key} {seed}".encode()).digest()
    return int.from_bytes(digest[:8], "little") | 1
