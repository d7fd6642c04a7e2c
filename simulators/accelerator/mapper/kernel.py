"""The compiled part of the mapper: candidates that fit by construction, annealing from the best, complete enumeration.

A candidate is one row of arrays as in `archgym.simulators.accelerator.batch`; the engine's kernel prices it in place.
A factor lives in a slot, part x levels + level; a problem (`PROBLEM_DTYPE`) lists those that each dimension may use.

*Annealing* (Kirkpatrick, Gelatt, Vecchi, Science 1983; Jung et al., SALSA, AICAS 2023, for loop orders) of log(score).
Candidates to start from fill the meshes first (Dave et al., dMazeRunner, TECS 2019: idle multipliers cost most) and
then buffers from the innermost outwards (Mei et al., ZigZag, IEEE TC 2021). A step moves a divisor of one dimension
from slot to slot, exchanges two, refills a mesh, reorders loops or toggles what a level keeps. Of the orders of a level
those count that differ in which tensor is stationary, and for inputs in what slides: a step brings one loop innermost
and next to it the loops that leave the same tensors in place.

*Enumeration* visits every factorisation that fits, order and choice of what to keep. A branch ends where a mesh or a
buffer is too small for the factors so far (tiles only grow with those to come), or where not even a bound on the score
is below the best (`_hopeless`): both are sound, so what is best at the end is optimal.

Everything random comes from one 64-bit state (xorshift64*, Vigna, ACM TOMS 2016), so that results depend on nothing
but the arguments.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit

from archgym.simulators.accelerator import kernel as engine_kernel
from archgym.simulators.accelerator.kernel import evaluate

F = TypeVar("F", bound=Callable[..., Any])

X, Y, TEMPORAL = 0, 1, 2
MAX_LEVELS: Final = engine_kernel.MAX_LEVELS
_L = MAX_LEVELS + 1
MAX_SLOTS: Final = 3 * MAX_LEVELS
MAX_PRIMES: Final = 10
"""Different prime factors of a number of 31 bits, at most."""

EDP, ENERGY, DELAY, ED2P = 0, 1, 2, 3

# Rows of the arrays of candidates: the one being tried, the best, and where each chain is.
TRIED, BEST, CHAIN = 0, 1, 2
CHAINS: Final = 4
ROWS: Final = CHAIN + CHAINS


def _record(fields: list[tuple[Any, ...]]) -> np.dtype[Any]:
    return np.dtype((np.record, np.dtype(fields, align=True)))


PROBLEM_DTYPE: Final = _record(
    [
        ("levels", np.int64),
        ("objective", np.int64),
        ("groups", np.int64),
        ("macs", np.int64),  # of one group
        ("bound", np.int64, (8,)),  # of each dimension
        ("slot_count", np.int64, (8,)),  # slots that may have a factor of each dimension
        ("slot", np.int64, (8 * MAX_SLOTS,)),
        ("home", np.int64, (8,)),  # the outermost of them
        ("prime_count", np.int64, (8,)),
        ("prime", np.int64, (8 * MAX_PRIMES,)),
        ("allowed", np.int64, (MAX_SLOTS,)),  # bits of the dimensions that may have a factor, by slot
        ("order_free", np.int64, (MAX_SLOTS,)),
        ("mesh", np.int64, (MAX_SLOTS,)),  # room of a spatial slot
        ("stays", np.int64, (8,)),  # bits of the tensors that a loop of each dimension leaves in place
        ("keep", np.int64, (_L,)),  # bits of the tensors that each level has to keep
        ("keep_free", np.int64, (_L,)),  # and of those it may keep
        ("least_cycles", np.float64),
        ("least_pj", np.float64),
    ]
)
"""What may be where, for one layer on one architecture."""

MAX_KNOTS: Final = 7 * MAX_SLOTS

TREE_DTYPE: Final = _record(
    [
        ("length", np.int64),  # knots on the way to a leaf
        ("spatial", np.int64),  # of which so many come first and are on meshes
        ("at", np.int64),
        ("dim", np.int64, (MAX_KNOTS + 1,)),
        ("slot", np.int64, (MAX_KNOTS + 1,)),
        ("place", np.int64, (MAX_KNOTS + 1,)),  # the divisor that a knot is at, or -1
        ("divisor_count", np.int64, (8,)),
        ("ext", np.int64, (8,)),
    ]
)
"""The tree of all factorisations, and where in it the enumeration is."""

COUNT_DTYPE: Final = _record(
    [
        ("priced", np.int64),
        ("invalid", np.int64),
        ("pruned", np.int64),  # by the bound
        ("known", np.int64),  # priced before
        ("first", np.float64),  # score of the best: what is compared first, and among equals
        ("second", np.float64),
        ("miss", np.float64),  # how much too large the nearest invalid candidate is
        ("miss_status", np.int64),
        ("miss_detail", np.int64, (7,)),
        ("finished", np.int64),
    ]
)


def _jit(function: F) -> F:
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))


@_jit
def _next(random: Any) -> Any:
    """Another 64 bits."""
    x = random[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    random[0] = x
    return x * np.uint64(2685821657736338717)


@_jit
def _below(random: Any, n: Any) -> Any:
    """A whole number from 0 to n - 1."""
    return np.int64(_next(random) >> np.uint64(33)) % n


@_jit
def _chance(random: Any, percent: Any) -> Any:
    return _below(random, 100) < percent


@_jit
def _unit(random: Any) -> Any:
    """Above 0, at most 1."""
    return (float(np.int64(_next(random) >> np.uint64(11))) + 1.0) / 9007199254740992.0


@_jit
def _copy(factors: Any, orders: Any, keep: Any, source: Any, to: Any) -> None:
    levels = keep.shape[1]
    for i in range(levels):
        keep[to, i] = keep[source, i]
        for part in range(3):
            for d in range(7):
                factors[to, part, i, d] = factors[source, part, i, d]
                orders[to, part, i, d] = orders[source, part, i, d]


@_jit
def _holds(table: Any, factors: Any, keep: Any, row: Any, ext: Any) -> Any:
    """Whether each level has room for the tiles that it keeps."""
    for d in range(7):
        ext[d] = 1
    for i in range(table.levels - 1, -1, -1):
        for d in range(7):
            ext[d] *= (
                np.int64(factors[row, X, i, d])
                * np.int64(factors[row, Y, i, d])
                * np.int64(factors[row, TEMPORAL, i, d])
            )
        held = np.int64(keep[row, i])
        words = np.int64(0)
        if held & 1:
            words += ext[1] * ext[2] * ext[5] * ext[6]
        if held & 2:
            side_x = 1 + (ext[3] - 1) * table.coefficient[3] + (ext[5] - 1) * table.coefficient[5]
            side_y = 1 + (ext[4] - 1) * table.coefficient[4] + (ext[6] - 1) * table.coefficient[6]
            words += ext[0] * ext[1] * side_x * side_y
        if held & 4:
            words += ext[0] * ext[3] * ext[4] * (ext[1] if table.depthwise != 0 else ext[2])
        if words > table.capacity[i]:
            return False
    return True


@_jit
def _largest_divisor(number: Any, most: Any) -> Any:
    f = min(number, most)
    while number % f != 0:
        f -= 1
    return f


@_jit
def _divisor(problem: Any, random: Any, d: Any, factor: Any) -> Any:
    """A divisor above 1 of *factor*, which is above 1: a prime, or less often a product of some."""
    chunk = np.int64(1)
    rest = factor
    while True:
        n = np.int64(0)
        for k in range(problem.prime_count[d]):
            n += rest % problem.prime[d * MAX_PRIMES + k] == 0
        pick = _below(random, n)
        for k in range(problem.prime_count[d]):
            p = problem.prime[d * MAX_PRIMES + k]
            if rest % p == 0:
                if pick == 0:
                    chunk *= p
                    rest //= p
                    break
                pick -= 1
        if rest == 1 or not _chance(random, 35):
            return chunk


@_jit
def _move(problem: Any, factors: Any, row: Any, d: Any, source: Any, to: Any, chunk: Any) -> None:
    levels = problem.levels
    factors[row, source // levels, source % levels, d] //= chunk
    factors[row, to // levels, to % levels, d] *= chunk


@_jit
def _factor(problem: Any, factors: Any, row: Any, slot: Any, d: Any) -> Any:
    return np.int64(factors[row, slot // problem.levels, slot % problem.levels, d])


@_jit
def _room(problem: Any, factors: Any, row: Any, slot: Any) -> Any:
    """How far the mesh of a spatial *slot* is from full: a factor up to this still fits."""
    used = np.int64(1)
    for d in range(7):
        used *= _factor(problem, factors, row, slot, d)
    return problem.mesh[slot] // used


@_jit
def _fill_mesh(problem: Any, random: Any, factors: Any, row: Any, slot: Any, tries: Any) -> None:
    """Fills a spatial slot with large divisors of some dimensions, from where these have most."""
    for _ in range(tries):
        room = _room(problem, factors, row, slot)
        if room <= 1:
            return
        d = _below(random, 7)
        if problem.allowed[slot] >> d & 1 == 0:
            continue
        source = np.int64(-1)
        most = np.int64(1)
        for k in range(problem.slot_count[d]):
            s = problem.slot[d * MAX_SLOTS + k]
            f = _factor(problem, factors, row, s, d)
            if s >= TEMPORAL * problem.levels and f > most:
                most, source = f, s
        if source < 0:
            continue
        chunk = _largest_divisor(most, room)
        if chunk > 1 and _chance(random, 15):
            chunk = _divisor(problem, random, d, chunk)
        if chunk > 1:
            _move(problem, factors, row, d, source, slot, chunk)


@_jit
def _innermost(problem: Any, orders: Any, row: Any, part: Any, level: Any, d: Any) -> None:
    """Brings *d* innermost and next to it the loops that leave the same tensors in place."""
    stays = problem.stays[d]
    to = 6
    order = orders[row, part, level]
    for turn in range(2):
        # From the inner end, each loop of the turn sinks to its place; the others keep their order.
        for _ in range(7):
            found = -1
            for j in range(to, -1, -1):
                e = np.int64(order[j])
                if e == d if turn == 0 else problem.stays[e] == stays:
                    found = j
                    break
            if found < 0:
                break
            e = order[found]
            for j in range(found, to):
                order[j] = order[j + 1]
            order[to] = e
            to -= 1


@_jit
def _active(factors: Any, row: Any, part: Any, level: Any) -> Any:
    """How many loops have a bound above 1."""
    n = np.int64(0)
    for d in range(7):
        n += factors[row, part, level, d] > 1
    return n


@_jit
def _pick_active(random: Any, factors: Any, row: Any, part: Any, level: Any, n: Any) -> Any:
    """One of the *n* dimensions with a bound above 1."""
    pick = _below(random, n)
    for d in range(7):
        if factors[row, part, level, d] > 1:
            if pick == 0:
                return np.int64(d)
            pick -= 1
    return np.int64(0)


@_jit
def _reorder(problem: Any, random: Any, factors: Any, orders: Any, row: Any, slot: Any) -> Any:
    """Another order of the loops of *slot*; false where there is none."""
    part, level = slot // problem.levels, slot % problem.levels
    n = _active(factors, row, part, level)
    if problem.order_free[slot] == 0 or n < 2:
        return False
    d = _pick_active(random, factors, row, part, level, n)
    if part == TEMPORAL and _chance(random, 75):
        _innermost(problem, orders, row, part, level, d)
        return True
    # Exchange it with the next loop further out that counts.
    order = orders[row, part, level]
    at = np.int64(6)
    while np.int64(order[at]) != d:
        at -= 1
    j = at - 1
    while j >= 0 and factors[row, part, level, order[j]] == 1:
        j -= 1
    if j < 0:
        return False
    e = order[j]
    order[j] = order[at]
    order[at] = e
    return True


@_jit
def _reset(problem: Any, factors: Any, orders: Any, keep: Any, template: Any, row: Any) -> None:
    """Everything as far out as it may be, and nothing kept that need not be."""
    levels = problem.levels
    for i in range(levels):
        keep[row, i] = problem.keep[i]
        for part in range(3):
            for d in range(7):
                factors[row, part, i, d] = 1
                orders[row, part, i, d] = template[part, i, d]
    for d in range(7):
        if problem.bound[d] > 1:
            home = problem.home[d]
            factors[row, home // levels, home % levels, d] = problem.bound[d]


@_jit
def _start(
    table: Any, problem: Any, random: Any, factors: Any, orders: Any, keep: Any, template: Any, row: Any, ext: Any
) -> None:
    """A candidate that fills meshes and buffers; it fits if any does (see `_reset`)."""
    levels = problem.levels
    _reset(problem, factors, orders, keep, template, row)
    generous = _chance(random, 50)
    for i in range(1, levels):
        own = np.int64(7) if generous else _below(random, 8)
        keep[row, i] |= problem.keep_free[i] & own
    if not _holds(table, factors, keep, row, ext):
        for i in range(levels):
            keep[row, i] = problem.keep[i]
    turn = _below(random, 2)
    for side in range(2):
        for i in range(levels):
            slot = (side ^ turn) * levels + i
            if problem.mesh[slot] > 1 and problem.allowed[slot] != 0:
                _fill_mesh(problem, random, factors, row, slot, 8)
    if not _holds(table, factors, keep, row, ext):
        _reset(problem, factors, orders, keep, template, row)
    for i in range(levels - 1, 0, -1):
        slot = TEMPORAL * levels + i
        failed = np.int64(0)
        while problem.allowed[slot] != 0 and failed < 8 and not _chance(random, 3):
            d = _below(random, 7)
            home = problem.home[d]
            f = _factor(problem, factors, row, home, d)
            if problem.allowed[slot] >> d & 1 == 0 or home == slot or f == 1 or problem.bound[d] == 1:
                failed += 1
                continue
            chunk = _divisor(problem, random, d, f)
            _move(problem, factors, row, d, home, slot, chunk)
            if not _holds(table, factors, keep, row, ext):
                _move(problem, factors, row, d, slot, home, chunk)
                failed += 1
    for i in range(levels):
        n = _active(factors, row, TEMPORAL, i)
        if n > 1 and problem.order_free[TEMPORAL * levels + i] != 0:
            d = _pick_active(random, factors, row, TEMPORAL, i, n)
            _innermost(problem, orders, row, TEMPORAL, i, d)


@_jit
def _transfer(problem: Any, random: Any, factors: Any, row: Any, exchange: Any) -> Any:
    """Moves a divisor of a dimension to another slot, and one of another dimension back; false if that was nothing."""
    d = _below(random, 7)
    n = problem.slot_count[d]
    if problem.bound[d] == 1 or n < 2:
        return False
    source = problem.slot[d * MAX_SLOTS + _below(random, n)]
    to = problem.slot[d * MAX_SLOTS + _below(random, n)]
    f = _factor(problem, factors, row, source, d)
    if source == to or f == 1:
        return False
    _move(problem, factors, row, d, source, to, _divisor(problem, random, d, f))
    if exchange:
        e = _below(random, 7)
        f = _factor(problem, factors, row, to, e)
        if e == d or f == 1 or problem.allowed[source] >> e & 1 == 0:
            return False
        _move(problem, factors, row, e, to, source, _divisor(problem, random, e, f))
    return True


@_jit
def _refill(problem: Any, random: Any, factors: Any, row: Any) -> Any:
    """Takes a dimension off a mesh and fills the room with others; false if there is nothing to take."""
    slot = _below(random, TEMPORAL * problem.levels)
    if problem.mesh[slot] <= 1 or problem.allowed[slot] == 0:
        return False
    part, level = slot // problem.levels, slot % problem.levels
    n = _active(factors, row, part, level)
    if n > 0:
        d = _pick_active(random, factors, row, part, level, n)
        to = problem.slot[d * MAX_SLOTS + _below(random, problem.slot_count[d])]
        if to == slot:
            return False
        _move(problem, factors, row, d, slot, to, _factor(problem, factors, row, slot, d))
    _fill_mesh(problem, random, factors, row, slot, 6)
    return True


@_jit
def _step(problem: Any, random: Any, factors: Any, orders: Any, keep: Any, row: Any) -> Any:
    """Changes the candidate a little; false if nothing came of it."""
    levels = problem.levels
    kind = _below(random, 100)
    changed = False
    if kind < 40:
        changed = _transfer(problem, random, factors, row, False)
    elif kind < 65:
        changed = _transfer(problem, random, factors, row, True)
    elif kind < 73:
        changed = _refill(problem, random, factors, row)
    elif kind < 92:
        changed = _reorder(problem, random, factors, orders, row, TEMPORAL * levels + _below(random, levels))
    elif kind < 94:
        changed = _reorder(problem, random, factors, orders, row, _below(random, TEMPORAL * levels))
    else:
        i = _below(random, levels)
        bit = np.int64(1) << _below(random, 3)
        if problem.keep_free[i] & bit:
            keep[row, i] ^= bit
            changed = True
    if kind < 73 and changed and _chance(random, 30):
        _reorder(problem, random, factors, orders, row, TEMPORAL * levels + _below(random, levels))
    return changed


@_jit
def _mixed(number: Any) -> Any:
    """A good hash of a whole number (the finaliser of splitmix64)."""
    z = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@_jit
def _digest(problem: Any, factors: Any, orders: Any, keep: Any, row: Any) -> Any:
    """64 bits of the candidate; where loops of bound 1 stand is no matter."""
    total = np.uint64(1)
    for i in range(problem.levels):
        total ^= _mixed(np.int64(1000) + np.int64(i) * 8 + np.int64(keep[row, i]))
        for part in range(3):
            place = np.int64(0)
            for j in range(7):
                d = np.int64(orders[row, part, i, j])
                f = np.int64(factors[row, part, i, d])
                if f != 1:
                    where = ((part * MAX_LEVELS + i) * 7 + d) * 8 + place
                    total ^= _mixed((np.int64(where) + 1) * 4294967296 + f)
                    place += 1
    return total


@_jit
def _steps(problem: Any, factors: Any, row: Any) -> Any:
    steps = np.int64(1)
    for i in range(problem.levels):
        for d in range(7):
            steps *= np.int64(factors[row, TEMPORAL, i, d])
    return steps


@_jit
def _first(objective: Any, cycles: Any, energy: Any) -> Any:
    """What is compared first."""
    if objective == EDP:
        return energy * cycles
    if objective == ENERGY:
        return energy
    if objective == DELAY:
        return cycles
    return energy * cycles * cycles


@_jit
def _second(objective: Any, cycles: Any, energy: Any) -> Any:
    """What is compared among equals."""
    return energy if objective == DELAY else cycles


@_jit
def _height(objective: Any, cycles: Any, energy: Any) -> Any:
    """What annealing walks on: the logarithm of the score, with a slope where that has plateaus."""
    if objective == DELAY:
        return np.log(cycles) + 0.02 * np.log(energy)
    if objective == ENERGY:
        return np.log(energy) + 0.002 * np.log(cycles)
    if objective == EDP:
        return np.log(energy) + np.log(cycles)
    return np.log(energy) + 2.0 * np.log(cycles)


@_jit
def _note_miss(count: Any, code: Any, detail: Any, row: Any) -> None:
    """Remembers the invalid candidate that was nearest to fit."""
    if detail[row, 3] <= 0:
        return
    miss = float(detail[row, 2]) / float(detail[row, 3])
    if count.miss == 0.0 or miss < count.miss:
        count.miss = miss
        count.miss_status = code
        for j in range(7):
            count.miss_detail[j] = detail[row, j]


@_jit
def _take(
    problem: Any, factors: Any, orders: Any, keep: Any, status: Any, detail: Any, cycles: Any, energy: Any, count: Any
) -> Any:
    """Keeps the candidate that was just priced if it is the best so far; false if it is invalid."""
    if status[TRIED] != 0:
        count.invalid += 1
        _note_miss(count, status[TRIED], detail, TRIED)
        return False
    count.priced += 1
    c, e = float(cycles[TRIED]), energy[TRIED]
    first, second = _first(problem.objective, c, e), _second(problem.objective, c, e)
    if first < count.first or (first == count.first and second < count.second):
        count.first = first
        count.second = second
        _copy(factors, orders, keep, TRIED, BEST)
        cycles[BEST] = cycles[TRIED]
        energy[BEST] = energy[TRIED]
    return True


@_jit
def _hopeless(problem: Any, count: Any, steps: Any) -> Any:
    """Whether no mapping of that many steps can be better than the best."""
    cycles = max(steps * problem.groups, problem.least_cycles)
    first = _first(problem.objective, cycles, problem.least_pj)
    second = _second(problem.objective, cycles, problem.least_pj)
    return first > count.first or (first == count.first and second >= count.second)


@_jit
def _gather_active(factors: Any, orders: Any, row: Any, part: Any, level: Any) -> Any:
    """Sorts an order: loops of bound 1, then the others ascending; returns how many others."""
    to = np.int64(0)
    for active in range(2):
        for d in range(7):
            if (factors[row, part, level, d] > 1) == (active == 1):
                orders[row, part, level, to] = d
                to += 1
    return _active(factors, row, part, level)


@_jit
def _next_order(order: Any, n: Any) -> Any:
    """The next permutation of the last *n* entries in lexicographic order; false (and the first one) after the last."""
    i = np.int64(5)
    while i >= 7 - n and order[i] >= order[i + 1]:
        i -= 1
    low, high = i + 1, np.int64(6)
    if i >= 7 - n:
        j = np.int64(6)
        while order[j] <= order[i]:
            j -= 1
        e = order[i]
        order[i] = order[j]
        order[j] = e
    while low < high:
        e = order[low]
        order[low] = order[high]
        order[high] = e
        low += 1
        high -= 1
    return i >= 7 - n


@_jit
def _next_orders(problem: Any, factors: Any, orders: Any, row: Any) -> Any:
    """The next combination of orders of all slots that have a choice; false after the last."""
    for slot in range(3 * problem.levels):
        part, level = slot // problem.levels, slot % problem.levels
        if problem.order_free[slot] != 0:
            n = _active(factors, row, part, level)
            if n > 1 and _next_order(orders[row, part, level], n):
                return True
    return False


@_jit
def _next_keep(problem: Any, keep: Any, row: Any) -> Any:
    """The next choice of what the levels keep; false (and the first one) after the last."""
    for i in range(problem.levels):
        free = problem.keep_free[i]
        own = ((np.int64(keep[row, i]) | ~free) + 1) & free  # counts in the bits of *free*
        keep[row, i] = problem.keep[i] | own
        if own != 0:
            return True
    return False


@_jit
def _descend(table: Any, problem: Any, factors: Any, keep: Any, row: Any, tree: Any, divisors: Any, count: Any) -> Any:
    """Goes on to the next leaf of the tree of factorisations: each of its knots gives a slot a factor of what is left
    of a dimension. False after the last leaf. Until then *keep* has to be what has to be kept."""
    n, spatial = tree.length, tree.spatial
    v = tree.at
    while v >= 0:
        if v == n:
            v -= 1
        d, slot, home = tree.dim[v], tree.slot[v], problem.home[tree.dim[v]]
        if tree.place[v] >= 0:
            _move(problem, factors, row, d, slot, home, divisors[d, tree.place[v]])
        rest = _factor(problem, factors, row, home, d)
        most = min(rest, problem.mesh[slot] // _used(problem, factors, row, slot)) if v < spatial else rest
        place = tree.place[v] + 1
        while place < tree.divisor_count[d] and divisors[d, place] <= most and rest % divisors[d, place] != 0:
            place += 1
        over = place == tree.divisor_count[d] or divisors[d, place] > most
        if not over:
            _move(problem, factors, row, d, home, slot, divisors[d, place])
            if place > 0 and not _holds(table, factors, keep, row, tree.ext):
                _move(problem, factors, row, d, slot, home, divisors[d, place])
                over = True  # and so would larger ones be
        if over:
            tree.place[v] = -1
            v -= 1
            continue
        tree.place[v] = place
        if v == spatial - 1 and _hopeless(problem, count, float(_steps(problem, factors, row))):
            count.pruned += 1
            continue
        v += 1
        if v == n:
            tree.at = v
            return True
        tree.place[v] = -1
    tree.at = v
    return False


@_jit
def _used(problem: Any, factors: Any, row: Any, slot: Any) -> Any:
    used = np.int64(1)
    for d in range(7):
        used *= _factor(problem, factors, row, slot, d)
    return used


@cache
def annealing() -> Any:
    """`anneal`, compiled with the engine's kernel inside: which is why the cache of its machine code has to depend on
    that kernel's text, and does, because Numba hashes the variables that a function closes over."""
    text = hashlib.sha256(inspect.getsource(engine_kernel).encode()).hexdigest()

    def anneal(
        table: Any, problem: Any, costs: Any, random: Any, factors: Any, orders: Any, keep: Any, template: Any,
        s: Any, children: Any, slots: Any, status: Any, detail: Any, cycles: Any, energy: Any, component: Any,
        no3: Any, no4: Any, no2: Any, seen: Any, heights: Any, budget: Any, knobs: Any, count: Any,
    ) -> None:  # fmt: skip
        count.finished = len(text) == 0
        ext = s.ext
        objective = problem.objective
        chains = np.int64(knobs[0])
        height = np.full(CHAINS, np.inf)
        starts = max(np.int64(budget * knobs[1]), 2 * chains)
        mask = np.uint64(len(seen) - 1)
        # Starts: the best few begin chains.
        for _ in range(4 * starts):
            if count.priced >= min(starts, budget):
                break
            _start(table, problem, random, factors, orders, keep, template, TRIED, ext)
            evaluate(
                table, costs, factors, orders, keep, TRIED, TRIED + 1, s, children, slots, status, detail, cycles,
                energy, component, no3, no4, no2,
            )  # fmt: skip
            if not _take(problem, factors, orders, keep, status, detail, cycles, energy, count):
                continue
            h = _height(objective, float(cycles[TRIED]), energy[TRIED])
            worst = 0
            double = False
            for k in range(chains):
                if height[k] > height[worst]:
                    worst = k
                double |= height[k] == h
            if h < height[worst] and not double:
                height[worst] = h
                _copy(factors, orders, keep, TRIED, CHAIN + worst)
        if count.priced == 0:
            return
        left = budget - count.priced
        for turn in range(chains):
            chain = turn
            if height[chain] == np.inf:
                continue
            begin = count.priced
            share = left // chains if turn < chains - 1 else budget - begin
            row = CHAIN + chain
            tries = np.int64(0)
            while count.priced - begin < share and tries < 20 * share:
                tries += 1
                progress = float(count.priced - begin) / share
                temperature = knobs[2] * (knobs[3] / knobs[2]) ** progress
                _copy(factors, orders, keep, row, TRIED)
                if not _step(problem, random, factors, orders, keep, TRIED):
                    continue
                allowed = height[chain] - temperature * np.log(_unit(random))
                steps = float(_steps(problem, factors, TRIED)) * problem.groups
                if _height(objective, max(steps, problem.least_cycles), problem.least_pj) > allowed:
                    count.pruned += 1
                    continue
                digest = _digest(problem, factors, orders, keep, TRIED)
                at = np.int64(digest & mask)
                while seen[at] != 0 and seen[at] != digest:
                    at = np.int64(np.uint64(at + 1) & mask)
                if seen[at] == digest:
                    count.known += 1
                    h = heights[at]
                else:
                    evaluate(
                        table, costs, factors, orders, keep, TRIED, TRIED + 1, s, children, slots, status, detail,
                        cycles, energy, component, no3, no4, no2,
                    )  # fmt: skip
                    if not _take(problem, factors, orders, keep, status, detail, cycles, energy, count):
                        continue
                    h = _height(objective, float(cycles[TRIED]), energy[TRIED])
                    seen[at] = digest
                    heights[at] = h
                if h <= allowed:
                    height[chain] = h
                    _copy(factors, orders, keep, TRIED, row)

    return _jit(anneal)


@cache
def enumeration() -> Any:
    """`enumerate_all`, compiled with the engine's kernel inside: see `annealing`."""
    text = hashlib.sha256(inspect.getsource(engine_kernel).encode()).hexdigest()

    def enumerate_all(
        table: Any, problem: Any, costs: Any, random: Any, factors: Any, orders: Any, keep: Any, template: Any,
        s: Any, children: Any, slots: Any, status: Any, detail: Any, cycles: Any, energy: Any, component: Any,
        no3: Any, no4: Any, no2: Any, tree: Any, divisors: Any, count: Any,
    ) -> None:  # fmt: skip
        """Every mapping that may be better than the best so far."""
        count.finished = len(text) > 0
        _reset(problem, factors, orders, keep, template, TRIED)
        more = True
        if tree.length > 0:
            more = _descend(table, problem, factors, keep, TRIED, tree, divisors, count)
        while more:
            if not _hopeless(problem, count, float(_steps(problem, factors, TRIED))):
                other_keep = True
                while other_keep:
                    if _holds(table, factors, keep, TRIED, s.ext):
                        for slot in range(3 * problem.levels):
                            if problem.order_free[slot] != 0:
                                _gather_active(factors, orders, TRIED, slot // problem.levels, slot % problem.levels)
                        other_order = True
                        while other_order:
                            evaluate(
                                table, costs, factors, orders, keep, TRIED, TRIED + 1, s, children, slots, status,
                                detail, cycles, energy, component, no3, no4, no2,
                            )  # fmt: skip
                            _take(problem, factors, orders, keep, status, detail, cycles, energy, count)
                            other_order = _next_orders(problem, factors, orders, TRIED)
                    other_keep = _next_keep(problem, keep, TRIED)
            else:
                count.pruned += 1
            more = tree.length > 0 and _descend(table, problem, factors, keep, TRIED, tree, divisors, count)

    return _jit(enumerate_all)
