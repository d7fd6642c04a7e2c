# mypy: disallow-untyped-decorators=False
"""Prices rows of genes, compiled: what `model.evaluate` says of `genes.mapping_from_genes`, to the same integers.

A level has up to three states per loop, hence hundreds of cases. They need not be walked one by one: what a case
moves is a product of one factor per loop, and for the loops outside of the innermost advancing one (*g*) only
whether they stand at an edge matters. So for each g the cases are grouped by the edges of the outer loops, with
their occurrences added up; at most 2^5 groups. The inner level's answer depends on those edges alone and is
kept in `memo`.

Factors of a loop: one value for each of its states; those of the parallel loop are sums over the units. Everything is
int64 but the average of active PEs. The kernel allocates nothing and raises nothing.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Arguments in the functions below must not be literals: Numba would compile a copy of a function for each of them.
_INT = tuple(np.int64(i) for i in range(6))
K, C, R, S, Y, X = _INT
_OUTER, _INNER = _INT[:2]
_FIRST_UNIT, _OTHER_UNITS, _LAST_UNIT = _INT[:3]
_AT_START, _OUTSIDE, _INSIDE, _ADVANCING = _INT[:4]
_NONE, _TWO, _FOUR = _INT[0], _INT[2], _INT[4]
_NO, _YES = np.False_, np.True_

# Result columns, all int64.
STATUS, LEVEL, DIM, EXCESS, CYCLES, MACS, OUTPUT_MACS, IN_I, IN_W, EGRESS, REFILL, TAKEN_I, TAKEN_W, L1, L2 = range(15)
RESULTS: Final = 15

# Status codes; `batch` turns them into messages.
OK, BAD_ORDER, BAD_TILE, BAD_KERNEL, BAD_PARALLEL, BAD_CLUSTER, NOTHING_NEW, NO_OUTPUT, ASK_MODEL = range(9)

# Constants of a layer on a piece of hardware, int64.
DEPTHWISE, PES, NOC, LATENCY, OFFCHIP, LANES, STRIDE_Y, STRIDE_X, KERNEL_R, KERNEL_S, E1D8EFD = range(11)
EXTENT: Final = 11  # six: static extents of level 0
LIMIT: Final = 17  # six: largest tiles
DEFECT: Final = 22  # and D1 .. D13: DEFECT + i is 1 where Di is on
CONSTANTS: Final = 36

# Columns of a loop's factors. N: not at an edge, E: at its edge, I: at its start, further in than g.
CN, CE, FN, FE, STEADY, EDGE, ZN, ZE, ZI, EN, EE, EI, MN, ME, MI, UNROLLED, AT_EDGE, NEW, ACTIVE, PARTIAL = range(20)
FETCH: Final = 20  # per tensor: N, E, I, first step, then at g: steady and edge, sliding and anew
FACTORS: Final = FETCH + 4 * 8

# Columns of a dimension's table: of the inputs, then of the outputs.
T, U, TE, UE, OT, OU, OTE, OUE = range(8)

ROWS: Final = 30  # of tables and factors: d for the outer level, then four for each d of the inner one
B_MASK: Final = 7  # of `common`: which loops with a single step have an edge's tile

STATE_DTYPE: Final = np.dtype(
    (
        np.record,
        [
            ("tab", np.int64, (ROWS, 8)),
            ("fac", np.int64, (ROWS, FACTORS)),
            ("built", np.int64, (ROWS,)),  # whether a row of the inner level is filled in
            # Per level. Loops with a single step are left out of `loops` and `rows`: they are the same in every case.
            ("order", np.int64, (2, 6)),
            ("loops", np.int64, (2, 6)),  # their dimensions
            ("rows", np.int64, (2, 6)),  # their factors
            ("common", np.int64, (2, 8)),  # products over the others: z, e, m, tensors
            ("suf", np.int64, (2, 7, 8)),  # products over the loops from j on at their start, the same columns
            ("inside", np.int64, (2, 7)),  # dimensions of the loops from j on, as bits
            ("sizes", np.int64, (2, 6)),
            ("offsets", np.int64, (2, 6)),
            ("extent", np.int64, (2, 6)),  # static
            # Per group of outer edges: occurrences, those with every reduction at its start, products of factors.
            ("count", np.int64, (2, 64)),
            ("fresh", np.int64, (2, 64)),
            ("z", np.int64, (2, 64)),
            ("e", np.int64, (2, 64)),
            ("m", np.int64, (64,)),
            ("edges", np.int64, (2, 64)),
            ("fetch", np.int64, (2, 4, 64)),
            # Per set of edges of the outer level, as bits of dimensions: the inner level's answer, and a case's.
            ("memo", np.int64, (64,)),
            ("memo_pes", np.float64, (64,)),
            ("comp", np.int64, (64,)),
            ("comp_pes", np.float64, (64,)),
            ("member", np.int64, (3,)),  # dimensions of I, W, O, as bits
            ("loop_count", np.int64),  # 5 of a depthwise layer, otherwise 6
            ("parallel", np.int64, (2,)),
            ("units", np.int64, (2,)),
            ("active", np.int64, (2,)),  # by the static extents
        ],
    )
)
UNKNOWN: Final = -(2**62)

_njit: Any = njit
_entry: Any = _njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, no_rewrites=True)
_inner: Any = _njit(
    cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, no_cpython_wrapper=True, no_rewrites=True
)


@_inner
def _quotient(a, b):  # type: ignore[no-untyped-def]
    """Truncated toward zero."""
    size = abs(a) // abs(b)
    return size if (a < 0) == (b < 0) else -size


@_inner
def _flits(v, b):  # type: ignore[no-untyped-def]
    if v < 0:
        return _quotient(v, b) + (1 if (-v) % b != 0 else 0)
    if v <= b:
        return 1 if v > 0 else 0
    return (v + b - 1) // b


@_inner
def _up(a, b):  # type: ignore[no-untyped-def]
    """a / b rounded up."""
    return -((-a) // b)


@_inner
def _active(extent, size, offset, units, count_partial):  # type: ignore[no-untyped-def]
    """`tables.active_units`."""
    if extent <= size:
        return 1
    rest = extent
    count = True
    if extent > offset * (units - 1) + size:
        rounds = ((extent - size) // offset + 1) // units - 1
        rest = extent - (rounds + 1) * offset * units
        count = count_partial
    if rest < size:
        return 1
    active = (rest - size) // offset + 1
    if count and (active - 1) * offset + size < rest:
        active += 1
    return active


@_inner
def _tabulate(s, row, kernel_row, level, d, extent, c):  # type: ignore[no-untyped-def]
    """`tables.make_table` for one dimension; *kernel_row* is that of R or S, for Y and X."""
    size = s.sizes[level, d]
    offset = s.offsets[level, d]
    steps = (extent - size) // offset if extent > size else 0
    partial = steps * offset + size < extent or size > extent
    rest = extent - (steps + 1) * offset
    tile = size
    if c[DEFECT + 6] == 0:
        tile = min(size, extent)
        if size > extent:
            rest = extent
    if rest < 0:
        rest = extent
    new = min(tile, offset)
    edge = rest if partial else tile
    s.tab[row, T] = tile
    s.tab[row, U] = 0 if d != s.parallel[level] and extent <= size else new
    s.tab[row, TE] = edge
    s.tab[row, UE] = new if not partial and c[DEFECT + 4] == 0 else max(offset - (size - rest), 0)
    if d < Y:
        for i in range(4):
            s.tab[row, OT + i] = s.tab[row, i]
        return
    stride = c[STRIDE_Y] if d == Y else c[STRIDE_X]
    kernel = c[KERNEL_R] if d == Y else c[KERNEL_S]
    if c[DEFECT + 3] != 0 or stride == 1:
        s.tab[row, OT] = tile - s.tab[kernel_row, T] + 1
        s.tab[row, OU] = min(tile, offset)
        s.tab[row, OTE] = edge - s.tab[kernel_row, TE] + 1
        s.tab[row, OUE] = min(offset, s.tab[row, OTE])
    elif kernel < stride:
        s.tab[row, OT] = tile // kernel
        s.tab[row, OU] = s.tab[row, U] // kernel
        s.tab[row, OTE] = edge // kernel
        s.tab[row, OUE] = min(offset // kernel, s.tab[row, OTE])
    else:
        step = max(offset // stride, 1)
        # // rounds down: a tile smaller than the kernel has no output.
        s.tab[row, OT] = (tile - s.tab[kernel_row, T]) // stride + 1
        s.tab[row, OU] = step
        s.tab[row, OTE] = (edge - s.tab[kernel_row, TE]) // stride + 1
        s.tab[row, OUE] = min(step, s.tab[row, OTE])


@_inner
def _fetch_in_space(s, row, c, units, offset, active, kind, edge, partial, slides, whole):  # type: ignore[no-untyped-def]
    """Sum over the units of what they fetch along the parallel dimension (`Case._fetched_in_space`).

    *kind*: at the very first step, outside of the advancing loop, inside of it, or advancing itself.
    """
    tile = s.tab[row, T]
    new = s.tab[row, U]
    edge_tile = s.tab[row, TE]
    alone = edge and active == 1
    # D2 for a last round of one unit: it has the smaller tile.
    first = edge_tile if alone and (kind == _AT_START or c[DEFECT + 2] == 0) else tile
    if c[DEFECT + 13] == 0:
        kept = max(tile - units * offset, 0) if slides else 0
        if alone:
            return max((edge_tile if partial else first) - kept, 0)
        other = max(tile - kept, 0) if whole else new
        last = max(edge_tile - kept, 0) if whole else max(edge_tile - (tile - new), 0)
        first = max(first - kept, 0)
    else:
        if alone:
            return edge_tile if partial else first
        if whole or kind <= _OUTSIDE or (kind == _ADVANCING and not slides):
            other = tile
            last = edge_tile
        else:
            other = new
            last = s.tab[row, UE]
    if not edge:
        return first + (units - 1) * other
    return first + max(active - partial - 1, 0) * other + partial * last


@_inner
def _made_in_space(s, row, d, c, active, start, edge, partial, role, is_output, keep):  # type: ignore[no-untyped-def]
    """`Case._made_in_space`; for the first unit, others or the last one."""
    base = OT if is_output else T
    if edge and not start and active == 1:
        swapped = d >= Y and is_output and c[DEFECT + 7] != 0
        return s.tab[row, TE] if swapped else s.tab[row, base + TE]
    if role == _FIRST_UNIT or (role == _LAST_UNIT and active == 1 and not edge):
        return s.tab[row, base]
    if role == _OTHER_UNITS or not edge:
        return s.tab[row, base + U] if s.tab[row, base + U] != 0 else 1
    if not start:
        return s.tab[row, base + UE]
    if active == 1 or not is_output or keep:
        return s.tab[row, base + TE]
    return s.tab[row, base + UE]


@_inner
def _write_up_in_space(s, row, d, c, units, active, start, edge, partial):  # type: ignore[no-untyped-def]
    """Sum over the units of the outputs along the parallel dimension."""
    if not edge:
        first = _made_in_space(s, row, d, c, active, start, edge, partial, _FIRST_UNIT, _YES, _NO)
        return first + (units - 1) * _made_in_space(s, row, d, c, active, start, edge, partial, _OTHER_UNITS, _YES, _NO)
    if active == 1:
        return _made_in_space(
            s, row, d, c, active, start, edge, partial, _LAST_UNIT if partial else _FIRST_UNIT, _YES, _NO
        )
    total = _made_in_space(s, row, d, c, active, start, edge, partial, _FIRST_UNIT, _YES, _NO)
    others = max(active - partial - 1, 0)
    total += others * _made_in_space(s, row, d, c, active, start, edge, partial, _OTHER_UNITS, _YES, _NO)
    return total + partial * _made_in_space(s, row, d, c, active, start, edge, partial, _LAST_UNIT, _YES, _NO)


@_inner
def _macs_in_space(s, row, d, c, units, active, start, edge, partial, is_output):  # type: ignore[no-untyped-def]
    """Sum over the units of the multiply-accumulates along the parallel dimension."""
    first = _made_in_space(s, row, d, c, active, start, edge, partial, _FIRST_UNIT, is_output, _NO)
    if not edge:
        return units * first
    if active == 1:
        return _made_in_space(
            s, row, d, c, active, start, edge, partial, _LAST_UNIT if partial else _FIRST_UNIT, is_output, _NO
        )
    last = _made_in_space(s, row, d, c, active, start, edge, partial, _LAST_UNIT, is_output, _YES)
    return (1 + max(active - partial - 1, 0)) * first + partial * last


@_inner
def _factor_in_time(s, row, level, d, extent, c, tensors):  # type: ignore[no-untyped-def]
    """What a loop over time contributes to the amounts of a case, in each of its states."""
    f = s.fac[row]
    size = s.sizes[level, d]
    offset = s.offsets[level, d]
    bit = 1 << d
    is_output = s.member[2] & bit != 0
    out = OT if is_output else T
    tile = s.tab[row, T]
    edge_tile = s.tab[row, TE]
    init_edge = extent < size
    steady = (extent - size) // offset if extent > size else 0
    last = size <= extent and steady * offset + size < extent
    f[ZN] = s.tab[row, out]
    f[ZE] = s.tab[row, out + TE]
    f[EN] = f[ZN] if is_output else 1
    f[EE] = f[ZE] if is_output else 1
    f[MN] = f[ZN]
    f[ME] = f[ZE]
    at_edge = edge_tile if c[DEFECT + 2] == 0 else tile
    for t in range(tensors):
        b = FETCH + 8 * t
        if s.member[t & 1] & bit:
            f[b] = tile
            f[b + 1] = edge_tile if init_edge else at_edge
            f[b + 2] = edge_tile if init_edge else tile
            f[b + 3] = f[b + 2]
            f[b + 4] = s.tab[row, U]
            f[b + 5] = s.tab[row, UE] if c[DEFECT + 2] == 0 else s.tab[row, U]
            f[b + 6] = tile
            f[b + 7] = at_edge
        else:
            for i in range(8):
                f[b + i] = 1
    f[PARTIAL] = 0
    f[UNROLLED] = 1 if extent <= size else 0
    _states(f, is_output, init_edge, steady, last)
    f[NEW] = s.tab[row, U]


@_inner
def _states(f, is_output, init_edge, steady, last):  # type: ignore[no-untyped-def]
    """Columns that follow from the states of a loop."""
    f[ZI] = f[ZE] if init_edge else f[ZN]
    f[EI] = f[EE] if init_edge else f[EN]
    f[MI] = f[ME] if init_edge else f[MN]
    f[CN] = (0 if init_edge else 1) + steady
    f[CE] = 1 if last or init_edge else 0
    f[FN] = f[CN] if is_output else (0 if init_edge else 1)
    f[FE] = f[CE] if is_output else (1 if init_edge else 0)
    f[STEADY] = steady
    f[EDGE] = 1 if last else 0
    f[AT_EDGE] = 1 if init_edge else 0


@_inner
def _factor_in_space(s, row, level, d, extent, active, c, tensors):  # type: ignore[no-untyped-def]
    """The same for the parallel loop: sums over the units."""
    f = s.fac[row]
    size = s.sizes[level, d]
    offset = s.offsets[level, d]
    units = s.units[level]
    bit = 1 << d
    is_output = s.member[2] & bit != 0
    out = OT if is_output else T
    reach = offset * (units - 1) + size
    unrolled = extent <= reach
    init_edge = extent < reach
    steady = 0
    last = False
    partial = 0
    if init_edge:
        partial = 1
        if c[DEFECT + 4] == 0 and extent >= size and (extent - size) % offset == 0:
            partial = 0
    elif not unrolled:
        steady = ((extent - size) // offset + 1) // units - 1
        rest = extent - (steady + 1) * offset * units
        last = rest < reach and extent - steady * offset * units != reach
        if last:
            whole_units = 1 if rest < size else (rest - size) // offset + 1
            partial = 1 if (whole_units - 1) * offset + size < rest else 0
    role = _LAST_UNIT if is_output and active == 1 and partial else _FIRST_UNIT
    f[ZN] = s.tab[row, out]
    f[ZE] = _made_in_space(s, row, d, c, active, unrolled, _YES, partial, role, is_output, _NO)
    f[EN] = 1
    f[EE] = 1
    if is_output:
        f[EN] = _write_up_in_space(s, row, d, c, units, active, _YES, _NO, _NONE)
        f[EE] = _write_up_in_space(s, row, d, c, units, active, unrolled, _YES, partial)
    if level == 0:
        f[MN] = _macs_in_space(s, row, d, c, units, active, _YES, _NO, _NONE, is_output)
        f[ME] = _macs_in_space(s, row, d, c, units, active, unrolled, _YES, partial, is_output)
    first_partial = partial if init_edge else 0
    for t in range(tensors):
        b = FETCH + 8 * t
        whole = t >= 2
        if s.member[t & 1] & bit:
            f[b] = _fetch_in_space(s, row, c, units, offset, active, _OUTSIDE, _NO, _NONE, _NO, whole)
            f[b + 1] = _fetch_in_space(s, row, c, units, offset, active, _OUTSIDE, _YES, partial, _NO, whole)
            f[b + 2] = _fetch_in_space(s, row, c, units, offset, active, _INSIDE, init_edge, first_partial, _NO, whole)
            f[b + 3] = _fetch_in_space(
                s, row, c, units, offset, active, _AT_START, init_edge, first_partial, _NO, whole
            )
            for slides in range(2):
                at = b + 6 - 2 * slides
                f[at] = _fetch_in_space(s, row, c, units, offset, active, _ADVANCING, _NO, _NONE, slides == 1, whole)
                f[at + 1] = _fetch_in_space(
                    s, row, c, units, offset, active, _ADVANCING, _YES, partial, slides == 1, whole
                )
        else:  # multicast: sent once, and taken in by each unit that has work
            for i in range(8):
                f[b + i] = units if whole else 1
            if whole:
                f[b + 1] = active
                f[b + 5] = active
                f[b + 7] = active
                if init_edge:
                    f[b + 2] = active
                    f[b + 3] = active
    f[PARTIAL] = partial
    f[UNROLLED] = 1 if unrolled else 0
    _states(f, is_output, init_edge, steady, last)
    f[NEW] = 1
    f[ACTIVE] = active


@_inner
def _row(s, level, d, mask, c, tensors):  # type: ignore[no-untyped-def]
    """The row of a dimension's table and factors, filled where it is not.

    The inner level has two per dimension: for the tile of the outer level, and for the tile at its edge. Y and X have
    two more: their outputs depend on which of the two the kernel has.
    """
    row = d
    kernel_row = R if d == Y else S
    extent = s.extent[0, d]
    static = extent
    active = s.active[level]
    if level:
        at_edge = mask >> d & 1
        row = 6 + 4 * d + at_edge
        if d >= Y:
            kernel_edge = mask >> kernel_row & 1
            row += 2 * kernel_edge
            kernel_row = 6 + 4 * kernel_row + kernel_edge
        if s.built[row]:
            return row
        s.built[row] = 1
        extent = s.tab[d, TE] if at_edge else s.tab[d, T]
        static = s.extent[1, d]
        if c[DEFECT + 6] == 0:
            static = extent
            if d == s.parallel[1]:
                active = _active(extent, s.sizes[1, d], s.offsets[1, d], s.units[1], c[DEFECT + 5] == 0)
    _tabulate(s, row, kernel_row, level, d, static, c)
    if d == s.parallel[level]:
        _factor_in_space(s, row, level, d, extent, active, c, tensors)
    else:
        _factor_in_time(s, row, level, d, extent, c, tensors)
    return row


@_inner
def _collect(s, level, mask, c, tensors):  # type: ignore[no-untyped-def]
    """Gathers the loops of a level that take several steps, and products over the rest; (loops, parallel one's place).

    *mask* is the edges of the outer level, for the inner one.
    """
    kept = 0
    place = 0
    for q in range(3 + tensors):
        s.common[level, q] = 1
    s.common[level, B_MASK] = 0
    for i in range(-2, s.loop_count):
        # Tables of the kernel come before those of Y and X.
        d = s.order[level, i] if i >= 0 else (R if i == -2 else S)
        row = _row(s, level, d, mask, c, tensors)
        if i < 0:
            continue
        f = s.fac[row]
        if d == s.parallel[level]:
            place = kept
        elif f[UNROLLED]:
            s.common[level, 0] *= f[ZI]
            s.common[level, 1] *= f[EI]
            s.common[level, 2] *= f[MI]
            for t in range(tensors):
                s.common[level, 3 + t] *= f[FETCH + 8 * t + 2]
            s.common[level, B_MASK] |= f[AT_EDGE] << d
            continue
        s.loops[level, kept] = d
        s.rows[level, kept] = row
        kept += 1
    for q in range(3 + tensors):
        s.suf[level, kept, q] = s.common[level, q]
    s.inside[level, kept] = 0
    for j in range(kept - 1, -1, -1):
        f = s.fac[s.rows[level, j]]
        s.suf[level, j, 0] = s.suf[level, j + 1, 0] * f[ZI]
        s.suf[level, j, 1] = s.suf[level, j + 1, 1] * f[EI]
        s.suf[level, j, 2] = s.suf[level, j + 1, 2] * f[MI]
        for t in range(tensors):
            s.suf[level, j, 3 + t] = s.suf[level, j + 1, 3 + t] * f[FETCH + 8 * t + 2]
        s.inside[level, j] = s.inside[level, j + 1] | (0 if f[UNROLLED] else 1 << s.loops[level, j])
    return kept, place


@_inner
def _first_arrival(s, level, dims, tensor):  # type: ignore[no-untyped-def]
    """Elements of a tensor that the very first step brings."""
    total = s.common[level, 3 + tensor]
    for j in range(dims):
        total *= s.fac[s.rows[level, j], FETCH + 8 * tensor + 3]
    return total


@_inner
def _start(s, level, tensors, mask):  # type: ignore[no-untyped-def]
    """One group: no outer loops."""
    s.count[level, 0] = 1
    s.fresh[level, 0] = 1
    s.z[level, 0] = 1
    s.e[level, 0] = 1
    if level == 0:
        s.m[0] = 1
    s.edges[level, 0] = mask
    for t in range(tensors):
        s.fetch[level, t, 0] = 1
    return _INT[1]  # no literal


@_inner
def _extend(s, level, j, groups, bit, tensors):  # type: ignore[no-untyped-def]
    """Takes loop j among the outer ones: groups that have it at its edge and groups that have not."""
    f = s.fac[s.rows[level, j]]
    both = f[CN] > 0 and f[CE] > 0
    base = groups if both else 0
    if f[CE] > 0:
        for k in range(groups):
            s.count[level, base + k] = s.count[level, k] * f[CE]
            s.fresh[level, base + k] = s.fresh[level, k] * f[FE]
            s.z[level, base + k] = s.z[level, k] * f[ZE]
            s.e[level, base + k] = s.e[level, k] * f[EE]
            s.edges[level, base + k] = s.edges[level, k] | bit
            for t in range(tensors):
                s.fetch[level, t, base + k] = s.fetch[level, t, k] * f[FETCH + 8 * t + 1]
            if level == 0:
                s.m[base + k] = s.m[k] * f[ME]
    if f[CN] > 0:
        for k in range(groups):
            s.count[level, k] *= f[CN]
            s.fresh[level, k] *= f[FN]
            s.z[level, k] *= f[ZN]
            s.e[level, k] *= f[EN]
            for t in range(tensors):
                s.fetch[level, t, k] *= f[FETCH + 8 * t]
            if level == 0:
                s.m[k] *= f[MN]
    return groups + base


@_inner
def _mode(member, inside, bit, anew):  # type: ignore[no-untyped-def]
    """When a loop advances: 0 the tensor stays, 1 its tile slides, 2 it is brought anew."""
    restarts = member & inside != 0
    if member & bit:
        return 2 if restarts else 1
    return anew if restarts else 0


@_inner
def _inner_level(s, dims, place, c):  # type: ignore[no-untyped-def]
    """(cycles, average active PEs, status, the first case counts) of the PEs of a unit, after `_collect`."""
    noc = c[NOC]
    latency = c[LATENCY] - 1
    lanes = c[LANES]
    all_count = c[E1D8EFD] != 0
    d8 = c[DEFECT + 8] != 0
    anew = _NONE if c[DEFECT + 1] != 0 else _TWO
    units = s.units[1]
    active = s.fac[s.rows[1, place], ACTIVE]
    place_at_edge = s.fac[s.rows[1, place], AT_EDGE]
    cycles = 0
    occurrences = 0
    pes = 0
    first_counts = all_count or s.suf[1, 0, 0] > 0
    if first_counts:
        arriving = _first_arrival(s, _INNER, dims, _INT[0]) + _first_arrival(s, _INNER, dims, _INT[1])
        cycles = _up(s.suf[1, 0, 0], lanes) + latency + _flits(arriving, noc)
        occurrences = 1
        pes = active if place_at_edge else units
    groups = _start(s, _INNER, _TWO, _NONE)
    for g in range(dims):
        f = s.fac[s.rows[1, g]]
        d = s.loops[1, g]
        bit = 1 << d
        if f[STEADY] > 0 or f[EDGE] > 0:
            inside = s.inside[1, g + 1]
            mode_i = _mode(s.member[0], inside, bit, anew)
            mode_w = _mode(s.member[1], inside, bit, anew)
            moves = d8 or s.member[2] & (inside | bit) != 0
            reduces = s.member[2] & bit == 0
            for last in range(2):
                times = f[EDGE] if last else f[STEADY]
                if times <= 0:
                    continue
                stuck = f[NEW] == 0 and (mode_i == 1 or mode_w == 1) and not (last and c[DEFECT + 2] == 0)
                fz = (f[ZE] if last else f[ZN]) * s.suf[1, g + 1, 0]
                fe = (f[EE] if last else f[EN]) * s.suf[1, g + 1, 1] if moves else 0
                fi = f[FETCH + 6 - 2 * (mode_i & 1) + last] * s.suf[1, g + 1, 3] if mode_i != 0 else 0
                fw = f[FETCH + 14 - 2 * (mode_w & 1) + last] * s.suf[1, g + 1, 4] if mode_w != 0 else 0
                for k in range(groups):
                    z = s.z[1, k] * fz
                    if z <= 0 and not all_count:
                        continue
                    if stuck:
                        return 0, 0.0, NOTHING_NEW, first_counts
                    compute = z if lanes == 1 else _up(z, lanes)
                    egress = s.e[1, k] * fe
                    sent = s.fetch[1, 0, k] * fi + s.fetch[1, 1, k] * fw
                    count = s.count[1, k] * times
                    departure = latency + _flits(egress, noc)
                    step = max(compute, latency + _flits(sent, noc), departure)
                    if d8:
                        cycles += count * step
                    else:
                        fresh = 0 if reduces else s.fresh[1, k] * times
                        again = max(compute, latency + _flits(sent + egress, noc), departure)
                        cycles += fresh * step + (count - fresh) * again
                    occurrences += count
                    at_edge = last if place == g else (s.edges[1, k] if place < g else place_at_edge)
                    pes += count * (active if at_edge else units)
        if g < dims - 1:
            groups = _extend(s, _INNER, g, groups, bit if g == place else _NONE, _TWO)
    return cycles, pes / occurrences if occurrences > 0 else 0.0, OK, first_counts


@_inner
def _compute(s, mask, c):  # type: ignore[no-untyped-def]
    """Fills ``comp[mask]``: bit d of *mask* says that dimension d is at its edge in a case of level 0.

    Returns a status, and whether the first case of the first analysis of the inner level counts.
    """
    bit = 1 << s.parallel[0]
    edge = mask & bit != 0
    active = s.active[0] if edge else s.units[0]
    partial = edge and s.fac[s.parallel[0], PARTIAL] != 0
    slowest = 0
    pes = 0.0
    first_counts = True
    for part in range(2):  # the last unit, then the others
        weight = 1 if part == 0 else active - 1
        # A unit has the edge's tile if it is the last one and that is partial, or if it is the only one.
        below = mask
        if not partial:
            weight = 0 if part == 0 else active
        if part == 1 and edge and active > 1:
            below = mask & ~bit
        if weight == 0:
            continue
        if s.memo[below] == UNKNOWN:
            dims, place = _collect(s, _INNER, below, c, _TWO)
            cycles, average, status, counts = _inner_level(s, dims, place, c)
            if part == 0 or not partial:
                first_counts = counts
            if status != OK:
                return status, first_counts
            s.memo[below] = cycles
            s.memo_pes[below] = average
        slowest = max(slowest, s.memo[below])
        pes += weight * s.memo_pes[below]
    s.comp[mask] = slowest
    s.comp_pes[mask] = pes if pes != 0.0 else active
    return OK, first_counts


@_inner
def _outer_level(s, row, c, tensors):  # type: ignore[no-untyped-def]
    """Fills *row* of the results; status and the average of active PEs."""
    noc = c[NOC]
    latency = c[LATENCY] - 1
    offchip = c[OFFCHIP]
    all_count = c[E1D8EFD] != 0
    d8 = c[DEFECT + 8] != 0
    d9 = c[DEFECT + 9] != 0
    anew = _NONE if c[DEFECT + 1] != 0 else _TWO
    dims, _ = _collect(s, _OUTER, _NONE, c, tensors)
    for m in range(64):
        s.memo[m] = UNKNOWN
        s.comp[m] = UNKNOWN
    for m in range(ROWS):
        s.built[m] = 0
    mask = s.common[0, B_MASK]
    for j in range(dims):
        mask |= s.fac[s.rows[0, j], AT_EDGE] << s.loops[0, j]
    if s.suf[0, 0, 0] <= 0 and not all_count:
        return ASK_MODEL, 0.0
    status, first_counts = _compute(s, mask, c)
    if status != OK:
        return status, 0.0
    if not first_counts:
        return ASK_MODEL, 0.0
    if s.comp[mask] == 0:
        return NO_OUTPUT, 0.0
    egress = s.suf[0, 0, 1]
    macs = s.suf[0, 0, 2]
    total_i = _first_arrival(s, _OUTER, dims, _INT[0])
    total_w = _first_arrival(s, _OUTER, dims, _INT[1])
    taken_i = _first_arrival(s, _OUTER, dims, _INT[2]) if tensors == 4 else 0
    taken_w = _first_arrival(s, _OUTER, dims, _INT[3]) if tensors == 4 else 0
    sent = total_i + total_w
    floor = max(_quotient(_quotient(2 * sent, offchip), _TWO), _quotient(_quotient(2 * egress, offchip), _TWO))
    arrival = latency + _flits(sent, noc)
    cycles = s.comp[mask]
    cycles = max(cycles + arrival, floor) if d9 else cycles + max(arrival, _up(sent, offchip))
    row[L2] = 2 * (sent + egress)
    total_e = egress
    output_macs = macs
    refill = 0
    occurrences = 1
    pes = s.comp_pes[mask]
    groups = _start(s, _OUTER, tensors, s.common[0, B_MASK])
    for g in range(dims):
        f = s.fac[s.rows[0, g]]
        d = s.loops[0, g]
        bit = 1 << d
        if f[STEADY] > 0 or f[EDGE] > 0:
            inside = s.inside[0, g + 1]
            mode_i = _mode(s.member[0], inside, bit, anew)
            mode_w = _mode(s.member[1], inside, bit, anew)
            moves = d8 or s.member[2] & (inside | bit) != 0
            reduces = s.member[2] & bit == 0
            inner_edges = 0
            for j in range(g + 1, dims):
                inner_edges |= s.fac[s.rows[0, j], AT_EDGE] << s.loops[0, j]
            for last in range(2):
                times = f[EDGE] if last else f[STEADY]
                if times <= 0:
                    continue
                stuck = f[NEW] == 0 and (mode_i == 1 or mode_w == 1) and not (last and c[DEFECT + 2] == 0)
                fz = (f[ZE] if last else f[ZN]) * s.suf[0, g + 1, 0]
                fe = (f[EE] if last else f[EN]) * s.suf[0, g + 1, 1] if moves else 0
                fm = (f[ME] if last else f[MN]) * s.suf[0, g + 1, 2]
                at_i = FETCH + 6 - 2 * (mode_i & 1) + last
                at_w = FETCH + 14 - 2 * (mode_w & 1) + last
                fi = f[at_i] * s.suf[0, g + 1, 3] if mode_i != 0 else 0
                fw = f[at_w] * s.suf[0, g + 1, 4] if mode_w != 0 else 0
                edges = inner_edges | (last << d)
                for k in range(groups):
                    count = s.count[0, k] * times
                    egress = s.e[0, k] * fe
                    macs_here = s.m[k] * fm
                    total_e += count * egress
                    output_macs += count * macs_here
                    if s.z[0, k] * fz <= 0 and not all_count:
                        continue
                    if stuck:
                        return NOTHING_NEW, 0.0
                    mask = s.edges[0, k] | edges
                    if s.comp[mask] == UNKNOWN:
                        status, _ = _compute(s, mask, c)
                        if status != OK:
                            return status, 0.0
                    compute = s.comp[mask]
                    if compute == 0:
                        return NO_OUTPUT, 0.0
                    in_i = s.fetch[0, 0, k] * fi
                    in_w = s.fetch[0, 1, k] * fw
                    sent = in_i + in_w
                    departure = latency + _flits(egress, noc)
                    arrival = latency + _flits(sent, noc)
                    if d9:
                        compute = max(compute, floor)
                    else:
                        departure = max(departure, _up(egress, offchip))
                        arrival = max(arrival, _up(sent, offchip))
                    step = max(compute, arrival, departure)
                    if d8:
                        cycles += count * step
                    else:
                        fresh = 0 if reduces else s.fresh[0, k] * times
                        arrival = latency + _flits(sent + egress, noc)
                        if not d9:
                            arrival = max(arrival, _up(sent + egress, offchip))
                        cycles += fresh * step + (count - fresh) * max(compute, arrival, departure)
                        refill += (count - fresh) * egress
                    total_i += count * in_i
                    total_w += count * in_w
                    macs += count * macs_here
                    if tensors == 4:
                        if mode_i != 0:
                            taken_i += count * s.fetch[0, 2, k] * f[at_i + 16] * s.suf[0, g + 1, 5]
                        if mode_w != 0:
                            taken_w += count * s.fetch[0, 3, k] * f[at_w + 16] * s.suf[0, g + 1, 6]
                    occurrences += count
                    pes += count * s.comp_pes[mask]
        if g < dims - 1:
            groups = _extend(s, _OUTER, g, groups, bit, tensors)
    row[CYCLES] = cycles
    row[MACS] = macs
    row[OUTPUT_MACS] = output_macs
    row[IN_I] = total_i
    row[IN_W] = total_w
    row[EGRESS] = total_e
    row[REFILL] = refill
    row[TAKEN_I] = taken_i
    row[TAKEN_W] = taken_w
    return OK, pes / occurrences


@_inner
def _decode_order(s, genes, first, level, depthwise):  # type: ignore[no-untyped-def]
    """Whether the six genes from *first* on are a permutation."""
    seen = 0
    kept = 0
    for i in range(6):
        d = genes[first + i]
        if d < 0 or d > 5:
            return False
        seen |= 1 << d
        if d != K or not depthwise:
            s.order[level, min(kept, 5)] = d
            kept += 1
    return seen == 63


@_inner
def _decode(s, genes, row, c):  # type: ignore[no-untyped-def]
    """`genes.mapping_from_genes`, checked; a status, with the level, dimension and excess in *row*."""
    depthwise = c[DEPTHWISE] != 0
    for level in range(2):
        first = 14 * level
        row[LEVEL] = level
        if not _decode_order(s, genes, first, level, depthwise):
            return BAD_ORDER
        place = genes[first + 12]
        row[DIM] = place
        if place < 0 or place > 3 or (depthwise and place == 0):
            return BAD_PARALLEL
        s.parallel[level] = place if place < 2 else place + 2  # PARALLEL -> DIMS
        for d in range(6):
            tile = genes[first + 6 + d]
            most = genes[6 + d] if level else c[LIMIT + d]
            row[DIM] = d
            if tile < 1 or tile > most:
                row[EXCESS] = tile - most if tile > most else tile - 1
                return BAD_TILE
            if R <= d <= S and tile != c[LIMIT + d] and c[E1D8EFD] == 0:
                row[EXCESS] = tile - c[LIMIT + d]
                return BAD_KERNEL
    row[LEVEL] = 0
    row[DIM] = 0
    cluster = genes[13]
    if cluster < 1 or cluster > c[PES]:
        row[EXCESS] = cluster - c[PES] if cluster > c[PES] else cluster - 1
        return BAD_CLUSTER
    row[EXCESS] = 0
    s.units[0] = c[PES] // cluster
    s.units[1] = cluster
    return OK


@_inner
def _set_maps(s, genes, c):  # type: ignore[no-untyped-def]
    """`levels.complete`: sizes, offsets and static extents of both levels."""
    for level in range(2):
        first = 14 * level + 6
        for d in range(6):
            tile = genes[first + d]
            size = tile
            offset = tile
            if d >= Y:
                stride = c[STRIDE_Y] if d == Y else c[STRIDE_X]
                kernel = c[KERNEL_R] if d == Y else c[KERNEL_S]
                size = (tile - 1) * stride + genes[first + (R if d == Y else S)]
                offset = tile * stride
                if stride != 1 and size >= kernel:
                    outputs = (size + stride - kernel) // stride
                    packed = kernel < stride and (level > 0 or c[DEFECT + 3] == 0)
                    size = outputs * min(stride, kernel) + max(kernel - stride, 0)
                    offset = outputs * (kernel if packed else stride)
            s.sizes[level, d] = size
            s.offsets[level, d] = offset
            s.extent[level, d] = min(s.sizes[0, d], c[EXTENT + d]) if level else c[EXTENT + d]
        d = s.parallel[level]
        s.active[level] = _active(
            s.extent[level, d], s.sizes[level, d], s.offsets[level, d], s.units[level], c[DEFECT + 5] == 0
        )


@_inner
def _l1_bytes(s, c):  # type: ignore[no-untyped-def]
    """Two tiles of each tensor, by the static extents."""
    for d in range(6):
        _tabulate(s, d, R if d == Y else S, _INNER, d, s.extent[1, d], c)
    out = T if c[DEFECT + 10] != 0 else OT
    total = 0
    for tensor in range(3):
        tile = 1
        for d in range(6):
            if s.member[tensor] >> d & 1:
                tile *= s.tab[d, out if tensor == 2 else T]
        total += tile
    return 2 * total


@_inner
def _receivers(s, c):  # type: ignore[no-untyped-def]
    """PEs of a unit that have work in its first step."""
    d = s.parallel[1]
    reach = min(s.extent[1, d], s.offsets[1, d] * (s.units[1] - 1) + s.sizes[1, d])
    return _active(reach, s.sizes[1, d], s.offsets[1, d], s.units[1], c[DEFECT + 5] == 0)


@_entry
def price_batch(genes, results, pes, state, c):  # type: ignore[no-untyped-def]
    """Rows of *genes* ``(n, 27)`` into *results* ``(n, RESULTS)`` and *pes* ``(n,)``; *state* is a `workspace`."""
    s = state[0]
    depthwise = c[DEPTHWISE] != 0
    s.loop_count = 5 if depthwise else 6
    s.member[0] = 1 << C | 1 << Y | 1 << X
    s.member[1] = 1 << C | 1 << R | 1 << S | (0 if depthwise else 1 << K)
    s.member[2] = 1 << Y | 1 << X | (1 << C if depthwise else 1 << K)
    tensors = _FOUR if c[DEFECT + 11] == 0 else _TWO
    for i in range(genes.shape[0]):
        row = results[i]
        pes[i] = 0.0
        status = _decode(s, genes[i], row, c)
        if status == OK:
            _set_maps(s, genes[i], c)
            row[L1] = _l1_bytes(s, c)
            status, pes[i] = _outer_level(s, row, c, tensors)
        if status == OK and tensors == _FOUR:
            receivers = _receivers(s, c)
            if s.member[0] >> s.parallel[1] & 1 == 0:
                row[TAKEN_I] *= receivers
            if s.member[1] >> s.parallel[1] & 1 == 0:
                row[TAKEN_W] *= receivers
        row[STATUS] = status


def workspace() -> NDArray[Any]:
    """The mutable state of one running kernel; one per thread."""
    return np.zeros(1, STATE_DTYPE)
