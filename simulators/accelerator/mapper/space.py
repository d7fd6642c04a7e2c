"""The space of mappings of a layer under constraints: which slots may have factors of which dimension, and how many
mappings that makes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.batch import PARTS, TEMPORAL
from archgym.simulators.accelerator.constraints import MapConstraints, SlotConstraint
from archgym.simulators.accelerator.layer import DIMS, TENSORS, Layer
from archgym.simulators.accelerator.mapper import kernel

_TABLES: Final = 4096
"""Spaces kept: those of all layers of a network, for all combinations of meshes that are 1 wide."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """A map space, in the kernel's layout. Not to be changed: many searches share one."""

    problem: Any
    """A `kernel.PROBLEM_DTYPE` record without what depends on sizes and costs of levels."""
    template: NDArray[np.uint8]
    """``(3 x L x 7,)`` orders of loops, where the constraints give some."""
    size: int
    """Mappings: factorisations x permutations x choices of what to keep, whether they fit or not."""
    tree: Any
    """A `kernel.TREE_DTYPE` record before its first leaf."""
    divisors: NDArray[np.int64]
    """``(7, most)`` divisors of each dimension, ascending."""
    stuck: str | None
    """A dimension that has no slot, so that there is no mapping."""


def map_space_size(architecture: Architecture, layer: Layer, constraints: MapConstraints) -> int:
    """How many mappings *constraints* allow, whether they fit or not: the product of the ways to split each dimension
    over its slots, of the orders of each slot's dimensions (those larger than 1), and of the tensors to keep or not.

    Spatial slots without a fan-out count for nothing. Raises `DataError` if the constraints are of other levels.
    """
    constraints.check_fits(architecture)
    return space_of(architecture, layer, constraints).size


def space_of(architecture: Architecture, layer: Layer, constraints: MapConstraints) -> Space:
    """The space, made once for all architectures with the same fan-outs above 1 and the same tensors to keep."""
    fans = [architecture.fan_out(i) for i in range(len(architecture.levels))]
    wide = tuple((x > 1, y > 1) for x, y in fans)
    keeps = tuple(level.keeps for level in architecture.levels)
    return _space(_unnamed(layer), constraints, wide, keeps)


@lru_cache(maxsize=_TABLES)
def _unnamed(layer: Layer) -> Layer:
    return replace(layer.one_group, name="", count=1)


@lru_cache(maxsize=_TABLES)
def _space(
    layer: Layer,
    constraints: MapConstraints,
    wide: tuple[tuple[bool, bool], ...],
    keeps: tuple[frozenset[str], ...],
) -> Space:
    levels = len(wide)
    problem = np.zeros(1, kernel.PROBLEM_DTYPE)[0]
    template = np.empty((3, levels, 7), np.uint8)
    problem.levels, problem.macs = levels, layer.macs
    problem.bound[:7] = layer.sizes
    problem.words[:] = [used_words(layer, tensor) for tensor in TENSORS]
    size = 1
    for i, level in enumerate(constraints.levels):
        for part, name in enumerate(PARTS):
            slot: SlotConstraint = getattr(level, name)
            open_ = part == TEMPORAL or wide[i][part]
            dims = [d for d, dim in enumerate(DIMS) if dim in slot.dims and layer.sizes[d] > 1 and open_]
            problem.allowed[part * levels + i] = sum(1 << d for d in dims)
            problem.order_free[part * levels + i] = slot.order is None
            size *= math.factorial(len(dims)) if slot.order is None else 1
            listed = [DIMS.index(dim) for dim in slot.order or ()]
            template[part, i] = [d for d in range(7) if d not in listed] + listed
        fixed = level.keep if i > 0 else frozenset(TENSORS)
        problem.keep[i] = _bits(fixed or frozenset())
        problem.keep_free[i] = _bits(keeps[i]) if fixed is None else 0
        size *= 1 << int(problem.keep_free[i]).bit_count()
    stuck = None
    for d, dim in enumerate(DIMS):
        primes = prime_factors(layer.sizes[d])
        problem.prime_count[d] = len(primes)
        problem.prime[d * kernel.MAX_PRIMES :][: len(primes)] = list(primes)
        problem.stays[d] = _bits(frozenset(t for t in TENSORS if not _moves(layer, t, dim)))
        slots = [s for i in range(levels) for s in _outer_first(i, levels) if problem.allowed[s] >> d & 1]
        problem.slot_count[d] = len(slots)
        problem.slot[d * kernel.MAX_SLOTS :][: len(slots)] = slots
        problem.home[d] = slots[0] if slots else 0
        size *= factorisations(primes, len(slots))
        if layer.sizes[d] > 1 and not slots:
            stuck = dim
    tree, divisors = _tree(layer, problem)
    return Space(problem, template.reshape(-1), size, tree, divisors, stuck)


def _tree(layer: Layer, problem: Any) -> tuple[Any, NDArray[np.int64]]:
    """The knots: every slot of every dimension but its home, meshes first, then levels from the inner to the outer."""
    tree = np.zeros(1, kernel.TREE_DTYPE)[0]
    levels = int(problem.levels)
    knots = [
        (d, int(slot))
        for d in range(7)
        if layer.sizes[d] > 1
        for slot in problem.slot[d * kernel.MAX_SLOTS :][: problem.slot_count[d]]
        if slot != problem.home[d]
    ]
    knots.sort(key=lambda knot: (knot[1] >= TEMPORAL * levels, -(knot[1] % levels), knot[0]))
    tree.length, tree.spatial = len(knots), sum(slot < TEMPORAL * levels for _, slot in knots)
    tree.dim[: len(knots)] = [d for d, _ in knots]
    tree.slot[: len(knots)] = [slot for _, slot in knots]
    tree.place[:] = -1
    tree.last[:] = tree.last_of[:] = -1
    for number, (d, slot) in enumerate(knots):
        tree.last[slot] = tree.last_of[d] = number
    tree.keep_fixed = not problem.keep_free.any()
    tree.plain = any(problem.slot_count[d] > 1 and problem.home[d] < TEMPORAL * levels for d in range(7))
    lists = [divisors_of(size) for size in layer.sizes]
    tree.divisor_count[:7] = [len(found) for found in lists]
    divisors = np.zeros((7, max(map(len, lists))), np.int64)
    for d, found in enumerate(lists):
        divisors[d, : len(found)] = found
    return tree, divisors


def _outer_first(level: int, levels: int) -> tuple[int, int, int]:
    """The slots of a level, the temporal one first: there a factor always has room."""
    return TEMPORAL * levels + level, level, levels + level


def _moves(layer: Layer, tensor: str, dim: str) -> bool:
    return any(name == dim for axis in layer.axes[tensor] for name, _ in axis)


def _bits(tensors: frozenset[str]) -> int:
    return sum(1 << TENSORS.index(tensor) for tensor in tensors)


def factorisations(primes: dict[int, int], slots: int) -> int:
    """In how many ways a number with these prime factors (and exponents) is a product over *slots* in order."""
    if slots == 0:
        return 0 if primes else 1
    return math.prod(math.comb(exponent + slots - 1, slots - 1) for exponent in primes.values())


def prime_factors(number: int) -> dict[int, int]:
    """Its prime factors, ascending, each with its exponent."""
    found: dict[int, int] = {}
    p = 2
    while p * p <= number:
        while number % p == 0:
            found[p] = found.get(p, 0) + 1
            number //= p
        p += 1
    if number > 1:
        found[number] = found.get(number, 0) + 1
    return found


def divisors_of(number: int) -> list[int]:
    """Its divisors, ascending."""
    found = [1]
    for prime, exponent in prime_factors(number).items():
        found = [f * prime**e for f in found for e in range(exponent + 1)]
    return sorted(found)


def used_words(layer: Layer, tensor: str) -> int:
    """Words of *tensor* that are used at all, of one group: inputs that a stride skips are not."""
    size = dict(zip(DIMS, layer.one_group.sizes, strict=True))
    total = 1
    for axis in layer.axes[tensor]:
        if len(axis) == 1:
            total *= size[axis[0][0]]
        else:
            (f, a), (g, b) = ((size[dim], coefficient) for dim, coefficient in axis)
            total *= _different(f, a, g, b)
    return total


def _different(f: int, a: int, g: int, b: int) -> int:
    """How many values i a + j b takes, 0 <= i < f, 0 <= j < g: one occurs again b / gcd on in i, a / gcd back in j."""
    common = math.gcd(a, b)
    return f * g - max(0, f - b // common) * max(0, g - a // common)
