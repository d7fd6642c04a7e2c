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
is below the best (`hopeless`): both are sound, so what is best at the end is optimal.

Everything random comes from one 64-bit state (xorshift64*, Vigna, ACM TOMS 2016), so that results depend on nothing
but the arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit

from archgym.simulators.accelerator import kernel as engine_kernel

F = TypeVar("F", bound=Callable[..., Any])

X, Y, TEMPORAL = 0, 1, 2
MAX_LEVELS: Final = engine_kernel.MAX_LEVELS
_L = MAX_LEVELS + 1
MAX_SLOTS: Final = 3 * MAX_LEVELS
MAX_PRIMES: Final = 10
"""Different prime factors of a number of 31 bits, at most."""

EDP, ENERGY, DELAY, ED2P = 0, 1, 2, 3

ATTEMPTS: Final = 200
"""Random changes tried for one step: most come to nothing where constraints leave little freedom."""

# Rows of the arrays of candidates: the one being tried, the best, and where each chain is.
TRIED, BEST, CHAIN = 0, 1, 2
CHAINS: Final = 8
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
        ("words", np.float64, (3,)),  # of each tensor that are used at all, of one group
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
        ("last", np.int64, (MAX_SLOTS,)),  # the last knot of each slot, -1 if it has none
        ("last_of", np.int64, (8,)),  # and of each dimension
        ("divisor_count", np.int64, (8,)),
        ("keep_fixed", np.int64),
        ("plain", np.int64),  # no branch can be judged before its leaf
        ("visited", np.int64),
        ("instances", np.int64, (_L,)),
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
def unit(random: Any) -> Any:
    """Above 0, at most 1."""
    return (float(np.int64(_next(random) >> np.uint64(11))) + 1.0) / 9007199254740992.0


@_jit
def copy(factors: Any, orders: Any, keep: Any, source: Any, to: Any) -> None:
    """One row of the arrays of candidates to another one."""
    f, g, o, p = factors[source], factors[to], orders[source], orders[to]
    for j in range(len(f)):
        g[j] = f[j]
        p[j] = o[j]
    for i in range(keep.shape[1]):
        keep[to, i] = keep[source, i]


@_jit
def holds(table: Any, f: Any, keep: Any, ext: Any) -> Any:
    """Whether each level has room for the tiles that it keeps."""
    levels = table.levels
    for d in range(7):
        ext[d] = 1
    for i in range(levels - 1, -1, -1):
        x, y, t = i * 7, (levels + i) * 7, (2 * levels + i) * 7
        for d in range(7):
            ext[d] *= np.int64(f[x + d]) * np.int64(f[y + d]) * np.int64(f[t + d])
        held = np.int64(keep[i])
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
def _move(f: Any, d: Any, source: Any, to: Any, chunk: Any) -> None:
    f[source * 7 + d] //= chunk
    f[to * 7 + d] *= chunk


@_jit
def _used(f: Any, slot: Any) -> Any:
    """The product of the factors in *slot*."""
    used = np.int64(1)
    for d in range(7):
        used *= np.int64(f[slot * 7 + d])
    return used


@_jit
def _fill_mesh(problem: Any, random: Any, f: Any, slot: Any, tries: Any) -> None:
    """Fills a spatial slot with large divisors of some dimensions, from the temporal slots where these have most."""
    for _ in range(tries):
        room = problem.mesh[slot] // _used(f, slot)
        if room <= 1:
            return
        d = _below(random, 7)
        if problem.allowed[slot] >> d & 1 == 0:
            continue
        source = np.int64(-1)
        most = np.int64(1)
        for k in range(problem.slot_count[d]):
            s = problem.slot[d * MAX_SLOTS + k]
            factor = np.int64(f[s * 7 + d])
            if s >= TEMPORAL * problem.levels and factor > most:
                most, source = factor, s
        if source < 0:
            continue
        chunk = _largest_divisor(most, room)
        if chunk > 1 and _chance(random, 15):
            chunk = _divisor(problem, random, d, chunk)
        if chunk > 1:
            _move(f, d, source, slot, chunk)


@_jit
def _innermost(problem: Any, order: Any, d: Any) -> None:
    """Brings *d* innermost and next to it the loops that leave the same tensors in place."""
    stays = problem.stays[d]
    to = 6
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
def active(f: Any, slot: Any) -> Any:
    """How many loops of *slot* have a bound above 1."""
    n = np.int64(0)
    for d in range(7):
        n += f[slot * 7 + d] > 1
    return n


@_jit
def _pick_active(random: Any, f: Any, slot: Any, n: Any) -> Any:
    """One of the *n* dimensions with a bound above 1."""
    pick = _below(random, n)
    for d in range(7):
        if f[slot * 7 + d] > 1:
            if pick == 0:
                return np.int64(d)
            pick -= 1
    return np.int64(0)


@_jit
def _reorder(problem: Any, random: Any, f: Any, orders: Any, slot: Any) -> Any:
    """Another order of the loops of *slot*; false where there is none."""
    n = active(f, slot)
    if problem.order_free[slot] == 0 or n < 2:
        return False
    order = orders[slot * 7 : slot * 7 + 7]
    d = _pick_active(random, f, slot, n)
    if slot >= TEMPORAL * problem.levels and _chance(random, 75):
        _innermost(problem, order, d)
        return True
    # Exchange it with the next loop further out that counts.
    at = np.int64(6)
    while np.int64(order[at]) != d:
        at -= 1
    j = at - 1
    while j >= 0 and f[slot * 7 + np.int64(order[j])] == 1:
        j -= 1
    if j < 0:
        return False
    e = order[j]
    order[j] = order[at]
    order[at] = e
    return True


@_jit
def reset(problem: Any, f: Any, orders: Any, keep: Any, template: Any) -> None:
    """Everything as far out as it may be, and nothing kept that need not be."""
    for i in range(problem.levels):
        keep[i] = problem.keep[i]
    for j in range(len(f)):
        f[j] = 1
        orders[j] = template[j]
    for d in range(7):
        if problem.bound[d] > 1:
            f[problem.home[d] * 7 + d] = problem.bound[d]


@_jit
def _ease(problem: Any, f: Any) -> None:
    """Moves what is too much for a mesh, where a dimension has only meshes to be on, to its other ones."""
    for d in range(7):
        home = problem.home[d]
        if problem.bound[d] == 1 or home >= TEMPORAL * problem.levels:
            continue
        for k in range(1, problem.slot_count[d]):
            slot = problem.slot[d * MAX_SLOTS + k]
            if _used(f, home) > problem.mesh[home]:
                room = max(np.int64(1), problem.mesh[slot] // _used(f, slot))
                _move(f, d, home, slot, _largest_divisor(np.int64(f[home * 7 + d]), room))


@_jit
def start(table: Any, problem: Any, random: Any, f: Any, orders: Any, keep: Any, template: Any, ext: Any) -> None:
    """A candidate that fills meshes, and buffers from the inside; it fits if any does (see `reset`)."""
    levels = problem.levels
    reset(problem, f, orders, keep, template)
    _ease(problem, f)
    generous = _chance(random, 50)
    for i in range(1, levels):
        own = np.int64(7) if generous else _below(random, 8)
        keep[i] |= problem.keep_free[i] & own
    if not holds(table, f, keep, ext):
        for i in range(levels):
            keep[i] = problem.keep[i]
    turn = _below(random, 2)
    for side in range(2):
        for i in range(levels):
            slot = (side ^ turn) * levels + i
            if problem.mesh[slot] > 1 and problem.allowed[slot] != 0:
                _fill_mesh(problem, random, f, slot, 8)
    if not holds(table, f, keep, ext):
        reset(problem, f, orders, keep, template)
        _ease(problem, f)
    for i in range(levels - 1, 0, -1):
        slot = TEMPORAL * levels + i
        failed = np.int64(0)
        while problem.allowed[slot] != 0 and failed < 8 and not _chance(random, 3):
            d = _below(random, 7)
            home = problem.home[d]
            factor = np.int64(f[home * 7 + d])
            if problem.allowed[slot] >> d & 1 == 0 or home == slot or factor == 1 or problem.bound[d] == 1:
                failed += 1
                continue
            chunk = _divisor(problem, random, d, factor)
            _move(f, d, home, slot, chunk)
            if not holds(table, f, keep, ext):
                _move(f, d, slot, home, chunk)
                failed += 1
    for i in range(levels):
        slot = TEMPORAL * levels + i
        n = active(f, slot)
        if n > 1 and problem.order_free[slot] != 0:
            _innermost(problem, orders[slot * 7 : slot * 7 + 7], _pick_active(random, f, slot, n))


@_jit
def _transfer(problem: Any, random: Any, f: Any, exchange: Any) -> Any:
    """Moves a divisor of a dimension to another slot, and one of another dimension back; false if there is none."""
    d = _below(random, 7)
    n = problem.slot_count[d]
    if n < 2:
        return False
    source = problem.slot[d * MAX_SLOTS + _below(random, n)]
    to = problem.slot[d * MAX_SLOTS + _below(random, n)]
    factor = np.int64(f[source * 7 + d])
    if source == to or factor == 1:
        return False
    if exchange:
        e = _below(random, 7)
        other = np.int64(f[to * 7 + e])
        if e == d or other == 1 or problem.allowed[source] >> e & 1 == 0:
            return False
        _move(f, e, to, source, _divisor(problem, random, e, other))
    _move(f, d, source, to, _divisor(problem, random, d, factor))
    return True


@_jit
def _refill(problem: Any, random: Any, f: Any) -> Any:
    """Takes a dimension off a mesh and fills the room with others; false if there is nothing to take."""
    slot = _below(random, TEMPORAL * problem.levels)
    if problem.mesh[slot] <= 1 or problem.allowed[slot] == 0:
        return False
    n = active(f, slot)
    if n > 0:
        d = _pick_active(random, f, slot, n)
        to = problem.slot[d * MAX_SLOTS + _below(random, problem.slot_count[d])]
        if to == slot:
            return False
        _move(f, d, slot, to, np.int64(f[slot * 7 + d]))
    _fill_mesh(problem, random, f, slot, 6)
    return True


@_jit
def _attempt(problem: Any, random: Any, f: Any, orders: Any, keep: Any) -> Any:
    """One random change; false if nothing came of it."""
    levels = problem.levels
    kind = _below(random, 100)
    if kind < 73:
        changed = _transfer(problem, random, f, kind >= 40) if kind < 65 else _refill(problem, random, f)
        if changed and _chance(random, 30):
            _reorder(problem, random, f, orders, TEMPORAL * levels + _below(random, levels))
        return changed
    if kind < 92:
        return _reorder(problem, random, f, orders, TEMPORAL * levels + _below(random, levels))
    if kind < 94:
        return _reorder(problem, random, f, orders, _below(random, TEMPORAL * levels))
    i = _below(random, levels)
    bit = np.int64(1) << _below(random, 3)
    if problem.keep_free[i] & bit == 0:
        return False
    keep[i] ^= bit
    return True


@_jit
def step(problem: Any, random: Any, f: Any, orders: Any, keep: Any) -> Any:
    """Changes the candidate a little; false if there seems to be nothing to change."""
    attempts = 0
    while attempts < ATTEMPTS and not _attempt(problem, random, f, orders, keep):
        attempts += 1
    return attempts < ATTEMPTS


@_jit
def _mixed(number: Any) -> Any:
    """A good hash of a whole number (the finaliser of splitmix64)."""
    z = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@_jit
def digest(problem: Any, f: Any, orders: Any, keep: Any) -> Any:
    """64 bits of the candidate, not 0 but by bad luck; where loops of bound 1 stand is no matter."""
    total = np.uint64(1)
    for i in range(problem.levels):
        total ^= _mixed(np.int64(1000) + np.int64(i) * 8 + np.int64(keep[i]))
    for slot in range(3 * problem.levels):
        place = np.int64(0)
        for j in range(7):
            d = np.int64(orders[slot * 7 + j])
            factor = np.int64(f[slot * 7 + d])
            if factor != 1:
                where = np.int64(slot * 7 + d) * 8 + place
                total ^= _mixed((where + 1) * 4294967296 + factor)
                place += 1
    return total


@_jit
def steps_of(problem: Any, f: Any) -> Any:
    """The product of all temporal loops, over all groups."""
    steps = problem.groups
    for j in range(TEMPORAL * problem.levels * 7, len(f)):
        steps *= np.int64(f[j])
    return steps


@_jit
def first_of(objective: Any, cycles: Any, energy: Any) -> Any:
    """What is compared first."""
    if objective == EDP:
        return energy * cycles
    if objective == ENERGY:
        return energy
    if objective == DELAY:
        return cycles
    return energy * cycles * cycles


@_jit
def second_of(objective: Any, cycles: Any, energy: Any) -> Any:
    """What is compared among equals."""
    return energy if objective == DELAY else cycles


@_jit
def height_of(objective: Any, cycles: Any, energy: Any) -> Any:
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
def take(problem: Any, factors: Any, orders: Any, keep: Any, results: Any, count: Any) -> Any:
    """Keeps the candidate that was just priced if it is the best so far; false if it is invalid. *results* are the last
    arguments of the engine's kernel, from its scratch memory on."""
    status, detail, cycles, energy, component = results[3], results[4], results[5], results[6], results[7]
    if status[TRIED] != 0:
        count.invalid += 1
        _note_miss(count, status[TRIED], detail, TRIED)
        return False
    count.priced += 1
    c, e = float(cycles[TRIED]), energy[TRIED]
    first, second = first_of(problem.objective, c, e), second_of(problem.objective, c, e)
    if first < count.first or (first == count.first and second < count.second):
        count.first = first
        count.second = second
        copy(factors, orders, keep, TRIED, BEST)
        cycles[BEST] = cycles[TRIED]
        energy[BEST] = energy[TRIED]
        for i in range(component.shape[1]):
            component[BEST, i] = component[TRIED, i]
    return True


@_jit
def hopeless(problem: Any, count: Any, steps: Any, pj: Any) -> Any:
    """Whether no mapping of that many steps and that much energy, or more, can be better than the best."""
    cycles = max(float(steps), problem.least_cycles)
    first = first_of(problem.objective, cycles, pj)
    second = second_of(problem.objective, cycles, pj)
    return first > count.first or (first == count.first and second >= count.second)


@_jit
def sort_order(f: Any, orders: Any, slot: Any) -> None:
    """The first of the orders that `next_orders` goes through: loops of bound 1, then the others ascending."""
    to = np.int64(0)
    for turn in range(2):
        for d in range(7):
            if (f[slot * 7 + d] > 1) == (turn == 1):
                orders[slot * 7 + to] = d
                to += 1


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
def next_orders(problem: Any, f: Any, orders: Any) -> Any:
    """The next combination of orders of all slots that have a choice; false after the last."""
    for slot in range(3 * problem.levels):
        if problem.order_free[slot] != 0:
            n = active(f, slot)
            if n > 1 and _next_order(orders[slot * 7 : slot * 7 + 7], n):
                return True
    return False


@_jit
def next_keep(problem: Any, keep: Any) -> Any:
    """The next choice of what the levels keep; false (and the first one) after the last."""
    for i in range(problem.levels):
        free = problem.keep_free[i]
        own = ((np.int64(keep[i]) | ~free) + 1) & free  # counts in the bits of *free*
        keep[i] = problem.keep[i] | own
        if own != 0:
            return True
    return False


@_jit
def descend(
    table: Any, problem: Any, costs: Any, f: Any, orders: Any, keep: Any, tree: Any, divisors: Any, count: Any
) -> Any:
    """Goes on to the next leaf of the tree of factorisations: each of its knots gives a slot a factor of what is left
    of a dimension. False after the last leaf. *keep* has to be what has to be kept.

    What is not given yet is at home, further out than any other slot: so tiles, and the use of meshes, only grow on the
    way to a leaf. Where a dimension is at home on a mesh (and may leave it), that is not so, and the tree is plain.
    """
    n, spatial = tree.length, tree.spatial
    v = tree.at
    while v >= 0:
        if v == n:
            v -= 1
        d, slot = tree.dim[v], tree.slot[v]
        home = problem.home[d]
        if tree.place[v] >= 0:
            _move(f, d, slot, home, divisors[d, tree.place[v]])
        rest = np.int64(f[home * 7 + d])
        most = rest
        if v < spatial and tree.plain == 0:
            most = min(rest, problem.mesh[slot] // _used(f, slot))
        place = tree.place[v] + 1
        while place < tree.divisor_count[d] and divisors[d, place] <= most and rest % divisors[d, place] != 0:
            place += 1
        over = place == tree.divisor_count[d] or divisors[d, place] > most
        if not over and place > 0:
            _move(f, d, home, slot, divisors[d, place])
            if tree.plain == 0 and not holds(table, f, keep, tree.ext):
                _move(f, d, slot, home, divisors[d, place])
                over = True  # and so would larger ones be
        if over:
            tree.place[v] = -1
            v -= 1
            continue
        tree.place[v] = place
        tree.visited += 1
        if tree.plain != 0:
            pass
        elif v >= spatial - 1:
            # A knot of factor 1 leaves the bound as it is.
            if (place > 0 or v == spatial - 1) and _beaten(table, problem, costs, f, orders, tree, v, count):
                count.pruned += 1
                continue
        elif hopeless(problem, count, _fewest_steps(problem, f, tree, v), problem.least_pj):
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
def _beaten(table: Any, problem: Any, costs: Any, f: Any, orders: Any, tree: Any, v: Any, count: Any) -> Any:
    """Whether nothing below knot *v*, where all meshes are settled, can be better than the best."""
    steps = steps_of(problem, f)
    if hopeless(problem, count, steps, problem.least_pj):
        return True
    if tree.keep_fixed == 0:
        return False
    return hopeless(problem, count, steps, max(problem.least_pj, _least_pj(table, problem, costs, f, orders, tree, v)))


@_jit
def _fewest_steps(problem: Any, f: Any, tree: Any, v: Any) -> Any:
    """Steps if the meshes that knots after *v* may still fill were full."""
    usable = np.int64(1)
    for slot in range(TEMPORAL * problem.levels):
        if problem.mesh[slot] > 1:
            usable *= problem.mesh[slot] if tree.last[slot] > v else _used(f, slot)
    return float(problem.macs) * problem.groups / usable


@_jit
def _least_pj(table: Any, problem: Any, costs: Any, f: Any, orders: Any, tree: Any, v: Any) -> Any:
    """Energy that everything below knot *v* takes at least: meshes are settled, and so are temporal factors but those
    at home, some of which may move further in.

    A level that keeps a tensor is filled with the words that exist, times their copies (spatial loops further out that
    leave the tensor in place), times rounds (temporal loops further out that do so, outside of one that moves it); the
    next keeper further out is read as often but for copies that are made below it. Loops not yet settled count as 1.
    Inputs may come from neighbours and their windows overlap: there copies, and rounds across such a mesh, count as 1.
    """
    levels = problem.levels
    steps = float(steps_of(problem, f)) / problem.groups
    macs = float(problem.macs)
    total = macs * costs[levels, 0]
    instances = np.int64(1)
    for i in range(levels):
        tree.instances[i] = instances
        if problem.keep[i] != 0:
            total += instances * steps * costs[i, 3]
        instances *= _used(f, i) * _used(f, levels + i)
    for t in range(3):
        inner_rounds = 0.0  # of the keeper next further in; 0 as long as there is none
        windows = False  # a mesh with windows between here and there
        shared = 1.0
        for i in range(levels - 1, -1, -1):
            shared *= _shared(problem, f, t, i)
            windows |= t == 1 and _has_windows(problem, f, i)
            if problem.keep[i] >> t & 1 == 0:
                continue
            rounds = _rounds(problem, f, orders, tree, v, t, i)
            words = problem.words[t] * (1.0 if t == 1 else _copies(problem, f, t, i))
            accesses = words if windows else words * inner_rounds
            if inner_rounds == 0.0:
                accesses = macs / shared
            pj = 0.0
            if t == 2:
                pj += accesses * costs[i, 2] + max(0.0, accesses - words) * costs[i, 0]
                if i > 0:
                    pj += words * (rounds - 1.0) * costs[i, 1]
            else:
                # An instance may round its words down by one where neighbours serve a level that is passed by.
                spare = tree.instances[i] if t == 1 else 0.0
                pj += max(0.0, accesses - spare) * costs[i, 0]
                if i > 0:
                    again = 1.0 if t == 1 and _has_windows(problem, f, i - 1) else rounds
                    pj += max(0.0, words * again - spare) * costs[i, 1]
            total += pj / table.block[i]
            inner_rounds = rounds
            windows = False
    return total * problem.groups * (1.0 - 1e-9)


@_jit
def _copies(problem: Any, f: Any, t: Any, level: Any) -> Any:
    """The product of all spatial loops outside *level* that leave tensor *t* in place."""
    copies = 1.0
    for i in range(level):
        for part in range(2):
            slot = part * problem.levels + i
            if problem.allowed[slot] != 0:
                for d in range(7):
                    if problem.stays[d] >> t & 1:
                        copies *= f[slot * 7 + d]
    return copies


@_jit
def _has_windows(problem: Any, f: Any, level: Any) -> Any:
    """Whether children of *level* may get overlapping inputs, or inputs from neighbours: P, Q, R or S on its mesh."""
    for part in range(2):
        slot = part * problem.levels + level
        if problem.allowed[slot] != 0:
            for d in range(3, 7):
                if f[slot * 7 + d] > 1:
                    return True
    return False


@_jit
def _shared(problem: Any, f: Any, t: Any, level: Any) -> Any:
    """How many children of *level* one access to tensor *t* serves, at most."""
    shared = 1.0
    fan = 1.0
    for part in range(2):
        slot = part * problem.levels + level
        if problem.allowed[slot] != 0:
            for d in range(7):
                fan *= f[slot * 7 + d]
                if problem.stays[d] >> t & 1:
                    shared *= f[slot * 7 + d]
    return fan if t == 1 and _has_windows(problem, f, level) else shared


@_jit
def _rounds(problem: Any, f: Any, orders: Any, tree: Any, v: Any, t: Any, level: Any) -> Any:
    """The product of settled temporal loops outside *level* that leave tensor *t* in place, outside of one that moves
    it. Where the order is free, loops of one slot are taken to stand as well as can be."""
    rounds = 1.0
    moved = False
    for i in range(level - 1, -1, -1):
        slot = TEMPORAL * problem.levels + i
        if problem.allowed[slot] == 0:
            continue
        moves_here = moved
        for j in range(6, -1, -1):
            d = np.int64(orders[slot * 7 + j])
            factor = np.int64(f[slot * 7 + d])
            if factor == 1 or (problem.home[d] == slot and tree.last_of[d] > v):
                continue
            if problem.stays[d] >> t & 1 == 0:
                moves_here = True
                if problem.order_free[slot] == 0:
                    moved = True
            elif moved:
                rounds *= factor
        moved = moves_here
    return rounds
