"""Many mappings of one layer on one accelerator, priced: validity, accesses, cycles and energy in one pass each.

Timeloop walks a nest loop by loop and compares, step by step, what a buffer gets with what it had. Three facts replace
the walk. They follow from its rules: iterations 0 and 1 stand for all, and a change of direction reloads.

1. *One movement per loop.* When loop k goes on, every loop inside it goes back from iteration 1 to 0. So its movement
   is T_k = s_k - (s_j + … of all loops j inside it), wherever the outer loops are; s is a loop's own step. It occurs
   (b_k - 1) x (the bounds of all loops outside k) times.
2. *Who slides.* Let z be the innermost loop that moves a tensor. After each of its movements the recorded direction is
   T_z: loop z always slides, and a loop k outside it slides if T_k = T_z and reloads otherwise. Hence, with v for the
   volume of the tile and o for its overlap with itself moved by T_z,
   words = v x (1 + occurrences of all k with T_k != 0) - o x (occurrences of all k with T_k = T_z).
   A tile of weights or outputs never overlaps, nor does one of inputs that N or C has moved, and none comes back to its
   place. So only loops of one axis of the inputs, from z outwards up to the first loop off that axis, need a look.
3. *Who can forward.* Neighbours differ in place by less than a temporal step, in each dimension. So a link can serve
   inputs only, where P and R (or Q and S) mix in one axis; and only if the innermost loop of all moves them, because
   before any other loop's movement comes one of the innermost.

`evaluate` makes one pass inwards to outwards over the factors (sizes and tiles, rejecting what does not fit), one
outwards to inwards over the loops (occurrences), and one over the levels. Counts are int64 throughout; energies are
float64, from counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

MAX_LEVELS: Final = 8
MAX_LOOPS: Final = 7 * MAX_LEVELS
UNLIMITED: Final = 1 << 62

# Status of a mapping; `check` words them.
VALID: Final = 0
FACTOR: Final = 1
MESH_X: Final = 2
MESH_Y: Final = 3
KEEP: Final = 4
ORDER: Final = 5
CAPACITY: Final = 6
PRODUCT: Final = 7

# Parts of a level, in the order of the arrays of factors: what is cheap to reject by comes first.
X, Y, TEMPORAL = 0, 1, 2
# Dimensions, in the order of `layer.DIMS`.
N, C, M, P, Q, R, S = 0, 1, 2, 3, 4, 5, 6
# What a loop moves: these bits, and for inputs the axis: none (0), x, y, or one that only N or C moves along.
MOVES_W: Final = 4
MOVES_O: Final = 8
AXIS: Final = 3
AXIS_X: Final = 1
AXIS_Y: Final = 2
AXIS_OTHER: Final = 3


def _record(fields: list[tuple[Any, ...]]) -> np.dtype[Any]:
    return np.dtype((np.record, np.dtype(fields, align=True)))


_L = MAX_LEVELS + 1

TABLE_DTYPE: Final = _record(
    [
        ("levels", np.int64),
        ("groups", np.int64),
        ("macs", np.int64),  # of one group
        ("depthwise", np.int64),
        ("bound", np.int64, (8,)),  # of each dimension
        ("moves", np.int64, (8,)),  # what a loop of each dimension moves
        ("coefficient", np.int64, (8,)),  # of each dimension in its axis of the inputs
        ("keeps", np.int64, (_L,)),  # bits of the tensors a level may hold
        ("capacity", np.int64, (_L,)),  # words, or UNLIMITED
        ("block", np.int64, (_L,)),
        ("block_bits", np.int64, (_L,)),  # log2 of the block, or -1
        ("mesh_x", np.int64, (_L,)),  # children per instance
        ("mesh_y", np.int64, (_L,)),
        ("read_bandwidth", np.float64, (_L,)),  # inf where unlimited
        ("write_bandwidth", np.float64, (_L,)),
    ]
)
"""A layer and the shape of an architecture. No costs: they are an argument of their own."""

SCRATCH_DTYPE: Final = _record(
    [
        ("ext", np.int64, (8,)),
        ("inner", np.int64, (8 * _L,)),  # by level, what one child's loops span; only under levels that fan out
        ("moves", np.int64, (MAX_LOOPS + 8,)),  # of each temporal loop, the innermost first
        ("bound", np.int64, (MAX_LOOPS + 8,)),
        ("step", np.int64, (MAX_LOOPS + 8,)),  # along its axis of the inputs
        ("reach", np.int64, (MAX_LOOPS + 8,)),  # product of the bounds of the loop and those outside it
        # The same for the innermost loop that moves the tensor, from this one outwards; and which one that is.
        ("reach_w", np.int64, (MAX_LOOPS + 8,)),
        ("reach_o", np.int64, (MAX_LOOPS + 8,)),
        ("outputs", np.int64, (MAX_LOOPS + 8,)),  # product of the bounds of those that move outputs
        ("z", np.int64, (MAX_LOOPS + 8,)),  # of inputs; -1 for none
        ("first", np.int64, (_L,)),  # the number of a level's innermost loop, in all loops
        ("fan", np.int64, (_L,)),
        ("spreads", np.int64, (_L,)),  # not 0 if a spatial factor is not 1, even where their product wraps around
        ("used", np.int64, (_L,)),
        # One tile by level; the multiplier's is the last.
        ("tile_w", np.int64, (_L,)),
        ("tile_i", np.int64, (_L,)),
        ("tile_o", np.int64, (_L,)),
        ("side_x", np.int64, (_L,)),
        ("side_y", np.int64, (_L,)),
        ("across_x", np.int64, (_L,)),  # words of inputs of one x: the other sides
        ("across_y", np.int64, (_L,)),
        # Children that get different tiles, by parent level.
        ("groups_w", np.int64, (_L,)),
        ("groups_i", np.int64, (_L,)),
        ("groups_o", np.int64, (_L,)),
        ("span_x", np.int64, (_L,)),  # how far children's inputs are apart
        ("span_y", np.int64, (_L,)),
        # Words that one child gets from its parent level.
        ("words_w", np.int64, (_L,)),
        ("words_i", np.int64, (_L,)),
        ("words_o", np.int64, (_L,)),
        ("part", np.int64, (_L,)),  # of the outputs, that one instance is responsible for
        # Inputs where links are used: read by the parent, got from the parent by all children, and from neighbours.
        ("linked", np.int64, (_L,)),
        ("link_reads", np.int64, (_L,)),
        ("link_got", np.int64, (_L,)),
        ("link_words", np.int64, (_L,)),
        ("level_cycles", np.int64, (_L,)),
        ("counts", np.int64, (_L * 9,)),  # by level and tensor: reads, fills, updates
    ]
)

CHILD_DTYPE: Final = _record([("x", np.int64), ("y", np.int64), ("other", np.int64), ("served", np.int64)])
"""Where the inputs of one child lie, and whether a neighbour serves it."""


def _jit(function: F) -> F:
    """Compiled on its first call, for good. Divisions do not raise: the kernel never divides by zero."""
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))


@_jit
def evaluate(
    table: Any,
    costs: Any,
    factors: Any,
    orders: Any,
    keep: Any,
    begin: Any,
    end: Any,
    s: Any,
    children: Any,
    slots: Any,
    status: Any,
    detail: Any,
    cycles: Any,
    energy: Any,
    component: Any,
    activity: Any,
    counts: Any,
    level_cycles: Any,
) -> None:
    """Rows *begin* to *end* of the batch into the same rows of the results; of an invalid mapping only its status and
    detail (the level, what of it, what it needs, what there is, and words of W, I and O).

    *factors* and *orders* are ``(n, 3, levels, 7)``, *keep* is ``(n, levels)``; *costs* is ``(levels + 1, 4)``: pJ per
    block read, written and updated, and per instance and cycle; the last row begins with pJ per multiplication. *s*,
    *children* and *slots* are this thread's own. *activity*, *counts* and *level_cycles* may have no rows: then they
    are not reported.
    """
    levels = table.levels
    groups = table.groups
    report_activity = activity.shape[0] > 0
    report_counts = counts.shape[0] > 0
    found = s.counts
    for row in range(begin, end):
        code = _fits(table, factors, orders, keep, row, s, detail)
        status[row] = code
        if code != VALID:
            continue
        steps = _fetch(table, s)
        for i in range(levels - 1):
            if s.fan[i] > 1 and s.span_x[i] + s.span_y[i] > 0:
                _forward(table, factors, orders, row, i, s, children, slots)
        _count(table, keep, row, steps, s)
        longest = steps
        for i in range(levels):
            cy = _level_cycles(table, i, steps, s)
            s.level_cycles[i] = cy
            longest = max(longest, cy)
        total = 0.0
        for i in range(levels):
            b, bits = table.block[i], table.block_bits[i]
            at, used = i * 9, s.used[i] * groups
            reads = _blocks(found[at], b, bits) + _blocks(found[at + 3], b, bits) + _blocks(found[at + 6], b, bits)
            writes = _blocks(found[at + 1], b, bits) + _blocks(found[at + 4], b, bits) + _blocks(found[at + 7], b, bits)
            updates = _blocks(found[at + 8], b, bits)
            reads *= used
            writes *= used
            updates *= used
            leaking = s.used[i] if keep[row, i] != 0 else np.int64(0)  # what holds nothing is not in use
            pj = reads * costs[i, 0] + writes * costs[i, 1] + updates * costs[i, 2]
            pj += float(leaking) * float(longest * groups) * costs[i, 3]
            component[row, i] = pj
            total += pj
            if report_activity:
                activity[row, i, 0] = reads
                activity[row, i, 1] = writes
                activity[row, i, 2] = updates
                activity[row, i, 3] = leaking
        pj = table.macs * groups * costs[levels, 0]
        component[row, levels] = pj
        energy[row] = total + pj
        cycles[row] = longest * groups
        if report_counts:
            _report(table, keep, row, s, counts, level_cycles)


@_jit
def _blocks(words: Any, block: Any, bits: Any) -> Any:
    if bits >= 0:
        return (words + block - 1) >> bits
    return (words + block - 1) // block


@_jit
def _reject(detail: Any, row: Any, code: Any, level: Any, what: Any, needed: Any, available: Any) -> Any:
    detail[row, 0] = level
    detail[row, 1] = what
    detail[row, 2] = needed
    detail[row, 3] = available
    return code


@_jit
def _fits(table: Any, factors: Any, orders: Any, keep: Any, row: Any, s: Any, detail: Any) -> Any:
    """Whether the mapping is valid; what is cheap to see comes first. Fills loops, tiles, fans and groups of *s*.

    Products by dimension cannot wrap around unseen: factors and bounds fit 31 bits, and each step is compared. So a
    product that does (of a mesh, say) belongs to a mapping that is rejected further down.
    """
    levels = table.levels
    for i in range(levels):
        px = np.int64(1)
        py = np.int64(1)
        low = np.int64(0)
        for d in range(7):
            fx = np.int64(factors[row, X, i, d])
            fy = np.int64(factors[row, Y, i, d])
            px *= fx
            py *= fy
            low |= (fx - 1) | (fy - 1)
        if px > table.mesh_x[i]:
            return _reject(detail, row, MESH_X, i, 0, px, table.mesh_x[i])
        if py > table.mesh_y[i]:
            return _reject(detail, row, MESH_Y, i, 0, py, table.mesh_y[i])
        if low < 0:
            return _reject(detail, row, FACTOR, i, 0, 0, 1)
        s.fan[i] = px * py
        s.spreads[i] = low
    for i in range(levels):
        held = np.int64(keep[row, i])
        if (held & ~table.keeps[i]) != 0 or (i == 0 and held != 7):
            return _reject(detail, row, KEEP, i, 0, held, table.keeps[i])
    ext = s.ext
    for d in range(7):
        ext[d] = 1
    s.tile_w[levels] = 1
    s.tile_i[levels] = 1
    s.tile_o[levels] = 1
    s.side_x[levels] = 1
    s.side_y[levels] = 1
    s.across_x[levels] = 1
    s.across_y[levels] = 1
    cp, cq, cr, cs = table.coefficient[P], table.coefficient[Q], table.coefficient[R], table.coefficient[S]
    n = np.int64(0)
    for i in range(levels - 1, -1, -1):
        s.first[i + 1] = n
        s.groups_w[i] = 1
        s.groups_i[i] = 1
        s.groups_o[i] = 1
        s.span_x[i] = 0
        s.span_y[i] = 0
        if s.spreads[i] != 0:
            for d in range(7):
                s.inner[i * 8 + d] = ext[d]
            step_p, step_q, step_r, step_s = ext[P] * cp, ext[Q] * cq, ext[R] * cr, ext[S] * cs
            over = False
            for d in range(7):
                e = ext[d] * np.int64(factors[row, X, i, d])
                over |= e > table.bound[d]
                e *= np.int64(factors[row, Y, i, d])
                over |= e > table.bound[d]
                ext[d] = e
            if over:
                return _product(table, factors, row, i, detail)
            fn = np.int64(factors[row, X, i, N]) * np.int64(factors[row, Y, i, N])
            fc = np.int64(factors[row, X, i, C]) * np.int64(factors[row, Y, i, C])
            fm = np.int64(factors[row, X, i, M]) * np.int64(factors[row, Y, i, M])
            fp = np.int64(factors[row, X, i, P]) * np.int64(factors[row, Y, i, P])
            fq = np.int64(factors[row, X, i, Q]) * np.int64(factors[row, Y, i, Q])
            fr = np.int64(factors[row, X, i, R]) * np.int64(factors[row, Y, i, R])
            fs = np.int64(factors[row, X, i, S]) * np.int64(factors[row, Y, i, S])
            s.groups_w[i] = fc * fm * fr * fs
            s.groups_i[i] = fn * fc * _different(fp, step_p, fr, step_r) * _different(fq, step_q, fs, step_s)
            s.groups_o[i] = fn * fp * fq * (fc if table.depthwise != 0 else fm)
            s.span_x[i] = (fp - 1) * step_p + (fr - 1) * step_r
            s.span_y[i] = (fq - 1) * step_q + (fs - 1) * step_s
        # No branch by loop: which of them have bound 1 is as good as random. Those are written, and overwritten.
        seen = np.int64(0)
        low = np.int64(0)
        over = False
        for j in range(6, -1, -1):
            dim: Any = np.int64(orders[row, TEMPORAL, i, j])
            seen |= np.int64(1) << min(dim, 7)
            dim = min(dim, 6)
            b = np.int64(factors[row, TEMPORAL, i, dim])
            low |= b - 1
            e = ext[dim]
            s.moves[n] = table.moves[dim]
            s.bound[n] = b
            s.step[n] = e * table.coefficient[dim]
            n += b != 1
            e *= b
            over |= e > table.bound[dim]
            ext[dim] = e
        if seen != 127:
            return _reject(detail, row, ORDER, i, TEMPORAL, 0, 0)
        if low < 0:
            return _reject(detail, row, FACTOR, i, 0, 0, 1)
        if over:
            return _product(table, factors, row, i, detail)
        side_x = 1 + (ext[P] - 1) * cp + (ext[R] - 1) * cr
        side_y = 1 + (ext[Q] - 1) * cq + (ext[S] - 1) * cs
        w = ext[C] * ext[M] * ext[R] * ext[S]
        across_x = ext[N] * ext[C] * side_y
        x = across_x * side_x
        o = ext[N] * ext[P] * ext[Q] * (ext[C] if table.depthwise != 0 else ext[M])
        s.side_x[i] = side_x
        s.side_y[i] = side_y
        s.across_x[i] = across_x
        s.across_y[i] = ext[N] * ext[C] * side_x
        s.tile_w[i] = w
        s.tile_i[i] = x
        s.tile_o[i] = o
        held = np.int64(keep[row, i])
        words = np.int64(0)
        if held & 1:
            words += w
        if held & 2:
            words += x
        if held & 4:
            words += o
        if words > table.capacity[i]:
            detail[row, 4] = w
            detail[row, 5] = x
            detail[row, 6] = o
            return _reject(detail, row, CAPACITY, i, held, words, table.capacity[i])
    s.first[0] = n
    for d in range(7):
        if ext[d] != table.bound[d]:
            return _reject(detail, row, PRODUCT, 0, d, ext[d], table.bound[d])
    for i in range(levels):
        if s.fan[i] > 1:
            for part in range(2):
                seen = np.int64(0)
                for j in range(7):
                    seen |= np.int64(1) << (np.int64(orders[row, part, i, j]) & 63)
                if seen != 127:
                    return _reject(detail, row, ORDER, i, part, 0, 0)
    return VALID


@_jit
def _product(table: Any, factors: Any, row: Any, level: Any, detail: Any) -> Any:
    """Why a running product came to exceed its bound, seen at *level*: the first dimension whose factors do (their
    product is cut off there), or a factor below 1, or an order of temporal loops that names one twice."""
    for d in range(7):
        product = np.int64(1)
        for i in range(table.levels):
            for part in range(3):
                f = np.int64(factors[row, part, i, d])
                if f < 1:
                    return _reject(detail, row, FACTOR, i, 0, f, 1)
                if product <= table.bound[d]:
                    product *= f
        if product > table.bound[d]:
            return _reject(detail, row, PRODUCT, 0, d, product, table.bound[d])
    return _reject(detail, row, ORDER, level, TEMPORAL, 0, 0)


@_jit
def _different(f: Any, a: Any, g: Any, b: Any) -> Any:
    """How many different values i a + j b takes, 0 <= i < f, 0 <= j < g."""
    if f == 1 or g == 1:
        return f * g
    x, y = a, b
    while y != 0:
        x, y = y, x % y
    # A value occurs again b/x places on in i and a/x places back in j.
    return f * g - max(np.int64(0), f - b // x) * max(np.int64(0), g - a // x)


@_jit
def _fetch(table: Any, s: Any) -> Any:
    """What one child of each level gets over the whole run, without links; returns the number of steps."""
    reach = np.int64(1)
    reach_w = np.int64(1)
    reach_o = np.int64(1)
    outputs = np.int64(1)  # temporal loops that move them
    z: Any = np.int64(-1)
    n = s.first[0]
    s.reach[n] = s.reach_w[n] = s.reach_o[n] = s.outputs[n] = 1
    s.z[n] = -1
    for k in range(n - 1, -1, -1):
        b = s.bound[k]
        moves = s.moves[k]
        reach *= b
        reach_w = reach if moves & MOVES_W else reach_w
        reach_o = reach if moves & MOVES_O else reach_o
        outputs *= b if moves & MOVES_O else np.int64(1)
        z = k if moves & AXIS else z
        s.reach[k] = reach
        s.reach_w[k] = reach_w
        s.reach_o[k] = reach_o
        s.outputs[k] = outputs
        s.z[k] = z
    used = np.int64(1)
    levels = table.levels
    for i in range(levels):
        s.used[i] = used
        used *= s.fan[i]
        s.part[i] = s.tile_o[i] * s.outputs[s.first[i]]
        k = s.first[i + 1]
        s.linked[i] = 0
        s.words_w[i] = s.tile_w[i + 1] * s.reach_w[k]
        s.words_o[i] = s.tile_o[i + 1] * s.reach_o[k]
        z = s.z[k]
        s.words_i[i] = s.tile_i[i + 1] if z < 0 else _inputs(s, i, z)
    s.used[levels] = used
    return reach


@_jit
def _inputs(s: Any, i: Any, z: Any) -> Any:
    """Words of inputs that one child of level *i* gets, where loop *z* is the innermost to move them (fact 2)."""
    tile = s.tile_i[i + 1]
    axis = s.moves[z] & AXIS
    moved = s.reach[z]
    if axis == AXIS_OTHER:
        return tile * moved
    step = s.step[z]
    overlap = _overlap(s, i, axis, step)
    slid = s.reach[z] - s.reach[z + 1]
    inside = step
    for k in range(z + 1, s.first[0]):
        other = s.moves[k] & AXIS
        if other == axis:
            movement = s.step[k] - inside
            if movement == 0:
                moved -= s.reach[k] - s.reach[k + 1]
            elif movement == step:
                slid += s.reach[k] - s.reach[k + 1]
            inside += s.step[k]
        elif other != 0:
            break
    return tile * moved - overlap * slid


@_jit
def _overlap(s: Any, i: Any, axis: Any, step: Any) -> Any:
    """Words that the tile of a child of level *i* shares with itself, *step* further along *axis*."""
    if axis == AXIS_X:
        return max(s.side_x[i + 1] - step, np.int64(0)) * s.across_x[i + 1]
    return max(s.side_y[i + 1] - step, np.int64(0)) * s.across_y[i + 1]


@_jit
def _forward(table: Any, factors: Any, orders: Any, row: Any, i: Any, s: Any, children: Any, slots: Any) -> None:
    """Inputs under level *i* with links between its children: used where the level then reads less (fact 3)."""
    z = s.first[i + 1]
    n = s.first[0]
    if z == n:
        return
    axis = s.moves[z] & AXIS
    if axis == 0 or axis == AXIS_OTHER:
        return
    step = s.step[z]
    overlap = _overlap(s, i, axis, step)
    step_x = step if axis == AXIS_X else np.int64(0)
    step_y = step - step_x
    span_x, span_y = s.span_x[i], s.span_y[i]
    possible = step_x <= span_x and step_y <= span_y
    if not possible:
        if overlap > 0:
            return
        inside_x, inside_y = step_x, step_y
        for k in range(z + 1, n):
            other = s.moves[k] & AXIS
            if other == AXIS_OTHER:
                break
            own_x = s.step[k] if other == AXIS_X else np.int64(0)
            own_y = s.step[k] if other == AXIS_Y else np.int64(0)
            possible |= abs(own_x - inside_x) <= span_x and abs(own_y - inside_y) <= span_y
            inside_x += own_x
            inside_y += own_y
        if not possible:
            return
    fan = s.fan[i]
    _place(table, factors, orders, row, i, s, children)
    columns = np.int64(1)
    for d in range(7):
        columns *= np.int64(factors[row, X, i, d])
    width = max(table.mesh_x[i], columns)
    tile = s.tile_i[i + 1]
    groups = s.groups_i[i]
    strip = tile - overlap
    again = s.bound[z] - 1
    reads = tile * groups  # the first step: nobody has anything to forward
    got = tile * fan
    handed = np.int64(0)
    # Loop z's movements, by whether the step before made a delta of the same shape: those after the first step,
    # and below those after each movement of another loop.
    alike = again if overlap == 0 else np.int64(0)
    unlike = again - alike
    inside_x, inside_y = step_x, step_y
    off_axes = False
    for k in range(z + 1, n):
        times = s.reach[k] - s.reach[k + 1]
        other = s.moves[k] & AXIS
        off_axes |= other == AXIS_OTHER
        own_x = s.step[k] if other == AXIS_X else np.int64(0)
        own_y = s.step[k] if other == AXIS_Y else np.int64(0)
        move_x, move_y = own_x - inside_x, own_y - inside_y
        moved = off_axes or move_x != 0 or move_y != 0
        slides = not off_axes and move_x == step_x and move_y == step_y
        if moved:
            words = times * (strip if slides else tile)
            distinct, served = groups, np.int64(0)
            if not off_axes and (overlap == 0 or slides) and abs(move_x) <= span_x and abs(move_y) <= span_y:
                distinct, served = _serve(children, slots, fan, width, move_x, move_y)
                if served == 0:
                    distinct = groups
            reads += words * distinct
            got += words * (fan - served)
            handed += words * served
        if slides or (overlap == 0 and moved):
            alike += times * again
        else:
            unlike += times * again
        inside_x += own_x
        inside_y += own_y
    distinct, served = groups, np.int64(0)
    if alike > 0 and step_x <= span_x and step_y <= span_y:
        distinct, served = _serve(children, slots, fan, width, step_x, step_y)
        if served == 0:
            distinct = groups
    reads += strip * (alike * distinct + unlike * groups)
    got += strip * (alike * (fan - served) + unlike * fan)
    handed += strip * alike * served
    if reads < s.words_i[i] * groups:
        s.linked[i] = 1
        s.link_reads[i] = reads
        s.link_got[i] = got
        s.link_words[i] = handed


@_jit
def _place(table: Any, factors: Any, orders: Any, row: Any, i: Any, s: Any, children: Any) -> None:
    """Where the inputs of each child of level *i* lie. Child v X + h is at (h, v): Y loops are outside X loops."""
    at = i * 8
    children[0].x = children[0].y = children[0].other = 0
    placed = np.int64(1)
    others = np.int64(1)
    for part in range(2):  # X, then Y
        for j in range(6, -1, -1):
            d = np.int64(orders[row, part, i, j])
            b = np.int64(factors[row, part, i, d])
            if b == 1:
                continue
            axis = table.moves[d] & AXIS
            step = s.inner[at + d] * table.coefficient[d]
            if part == Y:
                step *= np.int64(factors[row, X, i, d])
            x = step if axis == AXIS_X else np.int64(0)
            y = step if axis == AXIS_Y else np.int64(0)
            other = others if axis == AXIS_OTHER else np.int64(0)
            if other != 0:
                others *= b
            for copy in range(1, b):
                for k in range(placed):
                    to = copy * placed + k
                    children[to].x = children[k].x + copy * x
                    children[to].y = children[k].y + copy * y
                    children[to].other = children[k].other + copy * other
            placed *= b


@_jit
def _serve(children: Any, slots: Any, fan: Any, width: Any, move_x: Any, move_y: Any) -> Any:
    """How many different tiles the children still get from their parent, and how many children a neighbour serves.

    A neighbour serves a child if it lies (*move_x*, *move_y*) further on: there the child is going to be. Neighbours
    are looked up on a grid of the physical *width*, while the children are numbered by the columns in use: Timeloop's
    quirk.
    """
    served = np.int64(0)
    for k in range(fan):
        h = k % width
        serves = False
        for turn in range(4):
            if turn == 0:
                j = k - 1 if h > 0 else np.int64(-1)
            elif turn == 1:
                j = k + 1 if h + 1 < width else np.int64(-1)
            elif turn == 2:
                j = k - width
            else:
                j = k + width
            if j < 0 or j >= fan:
                continue
            move = (children[j].x - children[k].x, children[j].y - children[k].y, children[j].other - children[k].other)
            serves |= move == (move_x, move_y, 0)
        children[k].served = serves
        served += serves
    if served == 0:
        return 0, 0
    size = np.int64(1)
    while size < 2 * fan:
        size *= 2
    for j in range(size):
        slots[j] = -1
    distinct = np.int64(0)
    for k in range(fan):
        if children[k].served:
            continue
        x, y, other = children[k].x, children[k].y, children[k].other
        j = (x * 2654435761 + y * 40503 + other * 97) & (size - 1)
        while True:
            at = slots[j]
            if at < 0:
                slots[j] = k
                distinct += 1
                break
            if children[at].x == x and children[at].y == y and children[at].other == other:
                break
            j = (j + 1) & (size - 1)
    return distinct, served


@_jit
def _count(table: Any, keep: Any, row: Any, steps: Any, s: Any) -> None:
    """Reads, fills and updates per instance of each level (words), zero where it does not hold a tensor."""
    found = s.counts
    cw = np.int64(0)
    co = np.int64(0)
    ci = np.int64(0)
    part_of = np.int64(1)  # inputs: the count is ci / part_of
    inner = np.int64(7)
    levels = table.levels
    for i in range(levels - 1, -1, -1):
        held = np.int64(keep[row, i])
        if i == levels - 1:
            # A multiplier keeps nothing: every operation fetches its three words.
            cw = steps * s.groups_w[i]
            ci = steps * s.groups_i[i]
            co = steps * s.groups_o[i]
        else:
            # A level that is passed by asks for what its children ask for.
            cw = (s.words_w[i] if inner & 1 else cw) * s.groups_w[i]
            co = (s.words_o[i] if inner & 4 else co) * s.groups_o[i]
            if inner & 2:
                part_of = np.int64(1)
                ci = s.link_reads[i] if s.linked[i] else s.words_i[i] * s.groups_i[i]
            elif s.linked[i]:
                ci, part_of = _scaled(ci, part_of, s.fan[i], s.link_reads[i], s.link_got[i])
            else:
                ci *= s.groups_i[i]
        inner = held
        at = i * 9
        for j in range(9):
            found[at + j] = 0
        if held & 1:
            found[at] = cw
            if i > 0:
                found[at + 1] = s.words_w[i - 1]
        if held & 2:
            reads = ci if part_of == 1 else ci // part_of
            if i > 0:
                found[at + 4] = s.words_i[i - 1]
                if s.linked[i - 1]:
                    fan = s.fan[i - 1]
                    if keep[row, i - 1] & 2:
                        handed = s.link_words[i - 1]
                        reads += handed // fan
                        if float(ci % part_of) / part_of + float(handed % fan) / fan >= 1.0:
                            reads += 1
                    else:
                        found[at + 4] = s.link_got[i - 1] // fan
            found[at + 3] = reads
        if held & 4:
            found[at + 6] = co - s.part[i]
            found[at + 8] = co
            if i > 0:
                found[at + 7] = s.words_o[i - 1] - s.part[i]


@_jit
def _scaled(number: Any, part_of: Any, fan: Any, reads: Any, got: Any) -> Any:
    """number / part_of x fan x reads / got in lowest terms; cut to a whole number where 63 bits do not do."""
    a, p = _lowest(number, got)
    fan, p = _lowest(fan, p)
    reads, p = _lowest(reads, p)
    fan, part_of = _lowest(fan, part_of)
    reads, part_of = _lowest(reads, part_of)
    if float(a) * fan * reads > 4e18 or float(p) * part_of > 4e18:
        return np.int64(float(a) / part_of * fan * reads / p), np.int64(1)
    return a * fan * reads, p * part_of


@_jit
def _lowest(a: Any, b: Any) -> Any:
    x, y = a, b
    while y != 0:
        x, y = y, x % y
    return a // x, b // x


@_jit
def _level_cycles(table: Any, i: Any, steps: Any, s: Any) -> Any:
    """Cycles that the ports of level *i* need. Demands are rounded tensor by tensor, as in Timeloop."""
    found, at = s.counts, i * 9
    reads = found[at] + found[at + 3] + found[at + 6]
    writes = found[at + 1] + found[at + 4] + found[at + 7] + found[at + 8]
    t = float(steps)
    read_bandwidth, write_bandwidth = table.read_bandwidth[i], table.write_bandwidth[i]
    if reads < read_bandwidth * t * 0.999999 and writes < write_bandwidth * t * 0.999999:
        return steps
    r = found[at] / t + found[at + 3] / t + found[at + 6] / t
    w = found[at + 1] / t + found[at + 4] / t + (found[at + 7] + found[at + 8]) / t
    slowdown = 1.0
    if r > read_bandwidth:
        slowdown = min(slowdown, read_bandwidth / r)
    if w > write_bandwidth:
        slowdown = min(slowdown, write_bandwidth / w)
    return np.int64(np.ceil(t / slowdown))


@_jit
def _report(table: Any, keep: Any, row: Any, s: Any, counts: Any, level_cycles: Any) -> None:
    """Tile, reads, fills and updates of each level and tensor, per instance, and the cycles of each level."""
    for i in range(table.levels):
        level_cycles[row, i] = s.level_cycles[i] * table.groups
        tiles = (s.tile_w[i], s.tile_i[i], s.tile_o[i])
        for t in range(3):
            held = (np.int64(keep[row, i]) >> t) & 1
            counts[row, i, t, 0] = tiles[t] * held
            for j in range(3):
                counts[row, i, t, 1 + j] = s.counts[i * 9 + t * 3 + j] * table.groups
