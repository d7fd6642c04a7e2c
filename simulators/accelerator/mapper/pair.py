"""The search for one layer on one accelerator: a complete one where the map space is small, annealing elsewhere."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator import kernel as engine_kernel
from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.batch import MappingBatch
from archgym.simulators.accelerator.check import worded
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.costs import Costs
from archgym.simulators.accelerator.engine import kernel_table
from archgym.simulators.accelerator.layer import DIMS, TENSORS, Layer
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
    component_pj: tuple[float, ...]
    bound: tuple[float, float]
    lower_bound: float
    evaluations: int
    invalid: int
    optimal: bool
    reason: str | None


class Target:
    """An accelerator with its constraints: what the searches of all layers on it share."""

    def __init__(self, architecture: Architecture, constraints: MapConstraints) -> None:
        constraints.check_fits(architecture)
        self.architecture = architecture
        self.constraints = constraints
        self.costs = Costs.of(architecture).table
        self.fans = [architecture.fan_out(i) for i in range(len(architecture.levels))]
        self.table = kernel_table(architecture, _NO_LAYER)

    def table_of(self, layer: Layer) -> Any:
        """The engine's record of the layer on the accelerator."""
        table, own = self.table.copy(), _layer_table(layer)
        for name in _LAYER_FIELDS:
            table[name] = own[name]
        return table


def search_pair(target: Target, layer: Layer, options: MapperOptions) -> Found:
    """The best mapping of *layer* on *target*: the same whatever else is searched."""
    architecture = target.architecture
    space = space_of(architecture, layer, target.constraints)
    bound = lower_bound(architecture, layer, target.constraints)
    least = score(options.objective, *bound)
    if space.stuck is not None:
        size = layer.one_group.sizes[DIMS.index(space.stuck)]
        stuck = f"layer {layer.name!r}: {space.stuck} is {size}, but the constraints let no level have a factor of it"
        return Found(None, 0, math.nan, (), bound, least, 0, 0, True, stuck)
    arrays = _Arrays(target, layer, space, options)
    arrays.problem["least_cycles"], arrays.problem["least_pj"] = bound
    arrays.search(space, options)
    count = arrays.count
    priced, invalid, finished = int(count["priced"]), int(count["invalid"]), bool(count["finished"])
    if priced == 0:
        reason = worded(architecture, layer, int(count["miss_status"]), count["miss_detail"].tolist())
        return Found(None, 0, math.nan, (), bound, least, 0, invalid, finished, reason)
    row = slice(kernel.BEST, kernel.BEST + 1)
    best = MappingBatch(arrays.factors[row].copy(), arrays.orders[row].copy(), arrays.keep[row].copy())
    cycles, energy_pj = int(arrays.cycles[kernel.BEST]), float(arrays.energy[kernel.BEST])
    component_pj = tuple(arrays.component[kernel.BEST].tolist())
    return Found(best, cycles, energy_pj, component_pj, bound, least, priced, invalid, finished, None)


class _Arrays:
    """What one search reads and writes."""

    def __init__(self, target: Target, layer: Layer, space: Space, options: MapperOptions) -> None:
        levels = len(target.fans)
        self.table, self.costs, self.template = target.table_of(layer), target.costs, space.template
        self.problem = space.problem.copy()
        self.problem["objective"], self.problem["groups"] = OBJECTIVES.index(options.objective), layer.groups
        self.problem["mesh"][: 2 * levels] = [x for x, _ in target.fans] + [y for _, y in target.fans]
        self.random = np.array([_state(layer, options.seed)], np.uint64)
        self.factors = np.ones((kernel.ROWS, 3, levels, 7), np.int32)
        self.orders = np.zeros((kernel.ROWS, 3, levels, 7), np.uint8)
        self.keep = np.zeros((kernel.ROWS, levels), np.uint8)
        self.cycles = np.zeros(kernel.ROWS, np.int64)
        self.energy = np.zeros(kernel.ROWS)
        self.component = np.zeros((kernel.ROWS, levels + 1))
        self.count: Any = np.zeros(1, kernel.COUNT_DTYPE)[0]
        self.count["first"] = self.count["second"] = math.inf
        self._fan = max(x * y for x, y in target.fans)

    def search(self, space: Space, options: MapperOptions) -> None:
        """Fills the best row and the counts."""
        results = (
            np.zeros(1, engine_kernel.SCRATCH_DTYPE)[0], np.zeros(self._fan, engine_kernel.CHILD_DTYPE),
            np.zeros(4 * self._fan, np.int64), np.zeros(kernel.ROWS, np.int64), np.zeros((kernel.ROWS, 7), np.int64),
            self.cycles, self.energy, self.component, _NO_ACTIVITY, _NO_COUNTS, _NO_CYCLES,
        )  # fmt: skip
        common = (
            self.table, self.problem, self.costs, self.factors, self.orders, self.keep, results,
            self.factors.reshape(kernel.ROWS, -1), self.orders.reshape(kernel.ROWS, -1), self.template, self.count,
        )  # fmt: skip
        complete = space.size <= options.exhaustive_limit
        plan = GLANCE if complete else SEARCH
        budget = min(plan.most_evaluations, options.evaluations)
        room = 1 << (4 * budget - 1).bit_length()
        seen, heights = np.zeros(room, np.uint64), np.zeros(room)
        chains = min(max(plan.chains, budget // EVALUATIONS_OF_A_CHAIN), kernel.CHAINS)
        starts = max(int(plan.starts * budget), 2 * chains)
        annealing()(*common, self.random, seen, heights, budget, starts, chains, plan.hot, plan.cold)
        if complete:
            enumeration()(*common, space.tree.copy(), space.divisors)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How annealing spends its evaluations."""

    most_evaluations: int
    starts: float
    """The part of them for candidates to start from."""
    chains: int
    """At least; with many evaluations there are more."""
    hot: float
    """Temperature, in logarithms of the score: of a score e^T times as high, 1 in e is accepted at first."""
    cold: float
    """And at the end."""


EVALUATIONS_OF_A_CHAIN: Final = 2500
"""Beyond which another chain is worth more than a longer one."""
SEARCH: Final = _Plan(2**31 - 1, 0.3, 3, 0.05, 0.005)
GLANCE: Final = _Plan(80, 0.3, 1, 0.05, 0.005)
"""A good mapping to begin an enumeration with: the better the best so far, the more branches are hopeless."""

_NO_LAYER: Final = Layer("none", 1, 1, 1, 1, 1, 1, 1)
_LAYER_FIELDS: Final = ("groups", "macs", "depthwise", "bound", "moves", "coefficient")
"""Of the engine's table: those that do not depend on the architecture."""
_NO_ACTIVITY: NDArray[np.int64] = np.zeros((0, 0, 0), np.int64)
_NO_COUNTS: NDArray[np.int64] = np.zeros((0, 0, 0, 0), np.int64)
_NO_CYCLES: NDArray[np.int64] = np.zeros((0, 0), np.int64)


@lru_cache(maxsize=4096)
def _layer_table(layer: Layer) -> Any:
    level = Level("none", "none", None, 1, 1, 1, None, None, frozenset(TENSORS), 0.0, 0.0, 0.0)
    return kernel_table(Architecture("none", (level,), Mac(1, 1, 0.0)), layer)


@lru_cache(maxsize=4096)
def _state(layer: Layer, seed: int) -> int:
    """A random state, not 0. Architectures share it: neighbours are searched alike, so that they compare well."""
    digest = hashlib.sha256(f"{layer.key} {seed}".encode()).digest()
    return int.from_bytes(digest[:8], "little") | 1
