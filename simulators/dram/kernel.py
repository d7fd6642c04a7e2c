"""The controller as one event loop over integer clock cycles.

`start` sets a state up, `run` advances it until the simulation ends or the command stream is full, `finish` turns
it into numbers. The state is one structured record, so a run can be interrupted and resumed; nothing is allocated
and nothing raised in here. The loop visits only the instants at which the controller has a reason to look:

1. a response may leave, 2. a request may enter, 3. refresh and power-down managers reconsider, 4. the command mux
chooses among the candidates, 5. its choice is issued if it is legal now, 6. everything that this changed
is reconsidered and the next instant is planned.

Two things make it fast. Each bank keeps the command it would issue (its candidate) until something that this bank
depends on changes; and the mux' choice is kept until a candidate changes. Sums are integers throughout.

The hot loop is one function on purpose: its variables live in registers. Index variables are unsigned, because a
signed index costs a test for negative values; masks of banks are uint64 and never meet int64 (Numba would make
float64 of the two).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import config
from numba.extending import intrinsic

MAX_BANKS: Final = 64
MAX_GROUPS: Final = 16
WIDTH: Final = 16  # lanes: commands, padded to a power of two
BANK_WIDTH: Final = 8  # lanes of a bank or bank group: the commands that name a bank

NEVER: Final = 1 << 60
NO_REQUEST: Final = np.uint32(0xFFFFFFFF)
NO_ROW: Final = np.uint32(0xFFFFFFFF)

# Status of a run.
FINISHED: Final = 0
STREAM_FULL: Final = 1
STUCK: Final = 2

# Lanes: the kernel's own command codes, bank commands first. Literals, because Numba compiles an IntEnum member far
# slower.
ACT, PREPB, RD, RDA, WR, WRA, REFPB = 0, 1, 2, 3, 4, 5, 6
PREAB, REFAB, PDEA, PDEP, PDXA, PDXP, SREFEN, SREFEX = 8, 9, 10, 11, 12, 13, 14, 15
NO_COMMAND: Final = 16
LANE_NAMES: Final = (
    "ACT", "PREPB", "RD", "RDA", "WR", "WRA", "REFPB", "",
    "PREAB", "REFAB", "PDEA", "PDEP", "PDXA", "PDXP", "SREFEN", "SREFEX",
)  # fmt: skip
"""Name of each lane's command; lane 7 is empty."""
RESPONSE: Final = 15  # as in `stream`, not a lane

# Codes of the knobs; the order of the members in `controller`.
OPEN, CLOSED, OPEN_ADAPTIVE, CLOSED_ADAPTIVE = 0, 1, 2, 3
FIFO, FR_FCFS, FR_FCFS_GRP, GRP_FR_FCFS, GRP_FR_FCFS_WM = 0, 1, 2, 3, 4
BANKWISE, READ_WRITE, SHARED = 0, 1, 2
NO_REFRESH, ALL_BANK, PER_BANK = 0, 1, 2
SIMPLE, ARBITER_FIFO, ARBITER_REORDER = 0, 1, 2

# States of the refresh manager and of the power-down manager.
REGULAR, PULLED_IN = 0, 1
IDLE, ACTIVE_POWER_DOWN, PRECHARGE_POWER_DOWN, SELF_REFRESH, EXTRA_REFRESH = 0, 1, 2, 3, 4

# Causes of a wake-up.
TIMED, ANSWERED, ARRIVED = 0, 1, 2

# Short for the casts that keep an index unsigned; a name costs the compiler less than an attribute of numpy.
_u4, _u8, _i8, _i4, _i2 = np.uint32, np.uint64, np.int64, np.int32, np.int16
_0 = np.uint64(0)
_1 = np.uint64(1)
BINS: Final = 2048  # of the histogram that narrows the search for a percentile


def _record(fields: list[tuple[Any, ...]]) -> np.dtype[Any]:
    return np.dtype((np.record, np.dtype(fields, align=True)))


CONFIG_FIELDS: Final = (
    "page_policy",
    "scheduler",
    "scheduler_buffer",
    "request_buffer_size",
    "request_buffer_size_read",
    "request_buffer_size_write",
    "low_watermark",
    "high_watermark",
    "cmd_mux",
    "resp_queue",
    "refresh_policy",
    "refresh_max_postponed",
    "refresh_max_pulledin",
    "power_down_policy",
    "arbiter",
    "max_active_transactions",
    "arbitration_delay_fw",
    "arbitration_delay_bw",
    "think_delay_fw",
    "think_delay_bw",
    "phy_delay_fw",
    "phy_delay_bw",
    "model",
)
CONFIG_DTYPE: Final = _record([(name, np.int64) for name in CONFIG_FIELDS])

TABLE_DTYPE: Final = _record(
    [
        ("bank", np.int64, (WIDTH * BANK_WIDTH,)),  # [from x BANK_WIDTH + to] least distance
        ("group", np.int64, (WIDTH * BANK_WIDTH,)),
        ("rank", np.int64, (WIDTH * WIDTH,)),
        ("tck_ps", np.int64),
        ("banks", np.int64),
        ("faw", np.int64),
        ("read_end", np.int64),
        ("write_end", np.int64),
        ("refresh_interval", np.int64),
        ("refresh_interval_per_bank", np.int64),
        ("length", np.int64, (WIDTH,)),
        ("counts_for_faw", np.int64, (WIDTH,)),
        ("has_groups", np.int64),
        ("one_length", np.int64),  # of all commands in cycles, or 0
        ("code", np.uint8, (WIDTH,)),  # `Command` of a lane
        ("group_of", np.uint32, (MAX_BANKS,)),
    ]
)

REQUEST_DTYPE: Final = _record(
    [
        ("arrival", np.int64),  # time stamp in cycles, rounded up
        ("lead", np.int32),  # what the rounding added, ps
        ("next_in_bank", np.uint32),
        ("next_in_row", np.uint32),
        ("row_class", np.uint32),  # number of its (bank, row)
        ("bank", np.uint32),
        ("write", np.uint32),
    ]
)

LINK_DTYPE: Final = _record(
    [
        ("next_in_chain", np.uint32),  # next of the same row and direction
        ("next_in_bank_direction", np.uint32),
        ("previous_same_address", np.uint32),
        ("reserved", np.uint32),
    ]
)

SLOT_DTYPE: Final = _record(
    [
        ("sent", np.int64),  # cycle in which the player sent it, rounded up
        ("ready", np.int64),  # cycle in which its data is there
        ("queued", np.int64),  # cycle in which its response entered the Reorder arbiter
        ("lead", np.int32),  # ps by which `sent` was rounded up
        ("served", np.int32),
    ]
)

STATE_DTYPE: Final = _record(
    [
        # earliest cycle of each lane's command; first, so that they start on cache lines
        ("rank_gate", np.int64, (BANK_WIDTH,)),
        ("group_gate", np.int64, (MAX_GROUPS * BANK_WIDTH,)),
        ("bank_gate", np.int64, (MAX_BANKS * BANK_WIDTH,)),
        # instants, NEVER when not planned
        ("timer", np.int64),
        ("data_at", np.int64),
        ("arrival_at", np.int64),
        ("arrival_wake", np.int64),
        ("answer_at", np.int64),
        ("stop_at", np.int64),
        ("last_cycle", np.int64),
        # the request that is next to enter
        ("arrived", np.int64),
        ("next_sent", np.int64),
        ("next_lead", np.int64),
        ("next_begin", np.int64),
        ("next_admitted", np.int64),
        ("waits_for_slot", np.int64),
        ("controller_free", np.int64),
        # buffer
        ("accepted", np.int64),
        ("waiting", np.int64),
        ("waiting_reads", np.int64),
        ("waiting_writes", np.int64),
        ("has_space", np.int64),
        ("last_bank", np.uint32),
        ("last_release", np.int64),  # END_RESP of the last response
        ("idle", np.int64),
        ("write_mode", np.int64),
        ("last_direction", np.int64),
        ("strict_next", np.int64),
        # banks
        ("nonempty", np.uint64),
        ("candidates", np.uint64),
        ("busy", np.uint64),
        ("open", np.uint64),
        ("keep", np.uint64),
        ("blocked", np.uint64),
        ("dirty", np.uint64),
        ("asleep", np.int64),
        # the mux' choice
        ("choice_dirty", np.int64),
        ("next_time", np.int64),
        ("choice_time", np.int64),
        ("choice_end", np.int64),
        ("choice_id", np.int64),
        ("choice_command", np.int64),
        ("choice_bank", np.uint32),
        ("choice_is_refresh", np.int64),
        ("bus_free", np.int64),
        # response queue and arbiter
        ("issued_columns", np.int64),
        ("responses", np.int64),
        ("head_ready", np.int64),
        ("answered", np.int64),
        ("ended", np.int64),
        ("last_answer", np.int64),
        ("next_in_order", np.int64),
        # refresh manager
        ("interval", np.int64),
        ("trigger", np.int64),
        ("flex", np.int64),
        ("max_postponed", np.int64),
        ("max_pulledin", np.int64),
        ("refresh_state", np.int64),
        ("refresh_command", np.int64),
        ("refresh_bank", np.uint32),
        ("refresh_frozen", np.int64),
        ("to_refresh", np.uint64),
        ("all_banks", np.uint64),
        # power-down manager
        ("staggered", np.int64),
        ("power_state", np.int64),
        ("rank_idle", np.int64),
        ("entry", np.int64),
        ("exit", np.int64),
        ("self_refresh", np.int64),
        ("power_command", np.int64),
        # four-activate window
        ("activations", np.int64),
        ("activation_end", np.int64, (4,)),
        # sums
        ("sum_controller", np.int64),
        ("buffer_high_water", np.int64),
        ("read_high_water", np.int64),
        ("write_high_water", np.int64),
        ("refused", np.int64),
        ("active_high_water", np.int64),
        ("flex_high_water", np.int64),
        ("flex_low_water", np.int64),
        ("last_command", np.int64),
        ("counts", np.int64, (WIDTH,)),
        ("last_at", np.int64, (WIDTH,)),  # cycle of the last command of a lane
        # per bank
        ("count", np.int64, (MAX_BANKS,)),
        ("count_by_direction", np.int64, (2 * MAX_BANKS,)),
        ("row", np.uint32, (MAX_BANKS,)),  # class of the open row
        ("current", np.uint32, (MAX_BANKS,)),
        ("hit", np.uint32, (MAX_BANKS,)),  # next request of the open row
        ("candidate", np.uint32, (MAX_BANKS,)),
        ("tag", np.int64, (MAX_BANKS,)),  # (ID of the request, bank) of the candidate
        ("oldest", np.uint32, (3 * MAX_BANKS,)),  # any, read, write
    ]
)


# What is called from Python, and what only from here; wrappers that no one calls take time to compile, and so do
# rewrites, of which there are none to make.
_njit: Any = njit  # its type does not tell of these options
_entry: Any = _njit(cache=True, nogil=True, no_cfunc_wrapper=True, no_rewrites=True)
_inner: Any = _njit(cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True, no_rewrites=True)


# Two instructions that Numba does not reach from Python, and the same in Python for NUMBA_DISABLE_JIT=1.


def _lowest_python(mask: Any) -> Any:
    return np.uint32((int(mask) & -int(mask)).bit_length() - 1)


def _lowest_native(typing: Any, mask: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.trunc(builder.cttz(args[0], ir.Constant(ir.IntType(1), 1)), ir.IntType(32))

    return types.uint32(types.uint64), code


def _raise_python(gates: Any, at: Any, distances: Any, start: Any, now: Any) -> None:
    raised = gates[int(at) : int(at) + BANK_WIDTH]
    np.maximum(raised, distances[int(start) : int(start) + BANK_WIDTH] + now, out=raised)


def _raise_native(typing: Any, gates: Any, at: Any, distances: Any, start: Any, now: Any) -> Any:
    vector = ir.VectorType(ir.IntType(64), BANK_WIDTH)

    def pointer(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
        data = context.make_array(kind)(context, builder, array).data
        return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        target = pointer(context, builder, gates, args[0], args[1])
        old = builder.load(target, align=8)
        distance = builder.load(pointer(context, builder, distances, args[2], args[3]), align=8)
        time = ir.Constant(vector, ir.Undefined)
        for lane in range(BANK_WIDTH):
            time = builder.insert_element(time, args[4], ir.Constant(ir.IntType(32), lane))
        # old + max(distance + now - old, 0): a plain maximum would become a masked store, very slow on some processors.
        step = builder.sub(builder.add(distance, time), old)
        zero = ir.Constant(vector, [0] * BANK_WIDTH)
        step = builder.select(builder.icmp_signed(">", step, zero), step, zero)
        builder.store(builder.add(old, step), target, align=8)
        return context.get_dummy_value()

    return types.void(gates, types.uint64, distances, types.uint64, types.int64), code


_COMPILED: Final = not getattr(config, "DISABLE_JIT", 0)
_lowest: Any = intrinsic(_lowest_native) if _COMPILED else _lowest_python
"""Number of the lowest set bit of a non-zero uint64."""
_raise: Any = intrinsic(_raise_native) if _COMPILED else _raise_python
"""Raise the eight *gates* from *at* on to *now* plus the eight *distances* from *start* on, where that is later."""


@_inner
def _earliest(t, s, b, c):  # type: ignore[no-untyped-def]
    """The first cycle in which every rule allows command *c* on bank *b*; the bus is not asked."""
    at = max(s.rank_gate[c], s.bank_gate[_u4(b * BANK_WIDTH + c)])
    if t.has_groups != 0:
        at = max(at, s.group_gate[_u4(t.group_of[b] * BANK_WIDTH + c)])
    return at


@_inner
def _earliest_of_rank(t, s, command):  # type: ignore[no-untyped-def]
    """The first cycle in which every rule allows a command to the whole rank. Rare, so no gate is kept for it."""
    at = 0
    for before in range(WIDTH):
        at = max(at, s.last_at[before] + t.rank[before * WIDTH + command])
    return at


@_entry
def start(  # type: ignore[no-untyped-def]
    tables, configs, states, first_of_bank, first_of_chain, chain_head, waiting_in_row
):
    """Set ``states[0]`` and the work arrays up for a run of ``configs[0]``."""
    t = tables[0]
    k = configs[0]
    s = states[0]
    s.timer = 0  # every controller looks once at t = 0
    s.data_at = NEVER
    s.answer_at = NEVER
    s.stop_at = NEVER
    s.last_cycle = 0
    # The first request leaves the player at t = 0 whatever its time stamp.
    s.arrived = 0
    s.next_sent = 0
    s.next_lead = 0
    s.next_admitted = 0
    s.next_begin = k.arbitration_delay_fw
    s.arrival_at = s.next_begin + k.think_delay_fw
    s.arrival_wake = s.arrival_at
    s.waits_for_slot = 0
    s.controller_free = 0
    s.accepted = 0
    s.waiting = 0
    s.waiting_reads = 0
    s.waiting_writes = 0
    s.has_space = 1
    s.last_bank = 0
    s.last_release = 0
    s.idle = 0
    s.write_mode = 0
    s.last_direction = 0
    s.strict_next = 1
    s.nonempty = _0
    s.candidates = _0
    s.busy = _0
    s.open = _0
    s.keep = _0
    s.blocked = _0
    s.dirty = _0
    s.asleep = 0
    s.choice_dirty = 1
    s.next_time = NEVER
    s.choice_time = NEVER
    s.choice_end = NEVER
    s.choice_id = 0
    s.choice_command = NO_COMMAND
    s.choice_bank = 0
    s.choice_is_refresh = 0
    s.bus_free = 0
    s.issued_columns = 0
    s.responses = 0
    s.head_ready = NEVER
    s.answered = 0
    s.ended = 0
    s.last_answer = -2
    s.next_in_order = 0
    s.all_banks = ~_0 if t.banks == 64 else (_1 << _u8(t.banks)) - _1
    s.interval = t.refresh_interval
    s.max_postponed = k.refresh_max_postponed
    s.max_pulledin = k.refresh_max_pulledin
    if k.refresh_policy == PER_BANK:
        s.interval = t.refresh_interval_per_bank
        s.max_postponed *= t.banks
        s.max_pulledin *= t.banks
    s.trigger = NEVER if k.refresh_policy == NO_REFRESH else s.interval
    s.flex = 0
    s.refresh_state = REGULAR
    s.refresh_command = NO_COMMAND
    s.refresh_bank = 0
    s.refresh_frozen = 0
    s.to_refresh = s.all_banks
    s.staggered = k.power_down_policy
    s.power_state = IDLE
    s.rank_idle = 1
    s.entry = k.power_down_policy
    s.exit = 0
    s.self_refresh = 0
    s.power_command = NO_COMMAND
    s.activations = 0
    s.sum_controller = 0
    s.buffer_high_water = 0
    s.read_high_water = 0
    s.write_high_water = 0
    s.refused = 0
    s.active_high_water = 0
    s.flex_high_water = 0
    s.flex_low_water = 0
    s.last_command = 0
    for i in range(WIDTH):
        s.counts[i] = 0
        s.last_at[i] = -NEVER
    for i in range(BANK_WIDTH):
        s.rank_gate[i] = 0
    for i in range(MAX_GROUPS * BANK_WIDTH):
        s.group_gate[i] = 0
    for i in range(t.banks * BANK_WIDTH):
        s.bank_gate[i] = 0
    for b in range(t.banks):
        s.count[b] = 0
        s.count_by_direction[2 * b] = 0
        s.count_by_direction[2 * b + 1] = 0
        s.row[b] = NO_ROW
        s.current[b] = NO_REQUEST
        s.hit[b] = NO_REQUEST
        s.candidate[b] = NO_COMMAND
        for i in range(3):
            s.oldest[i * MAX_BANKS + b] = first_of_bank[i, b]
    if k.scheduler >= FR_FCFS_GRP:
        for i in range(first_of_chain.shape[0]):
            chain_head[i] = first_of_chain[i]
    if k.scheduler == FR_FCFS_GRP:
        for i in range(first_of_chain.shape[0] // 2):
            waiting_in_row[i] = 0


@_inner
def _refresh(s, policy, now, busy, is_open):  # type: ignore[no-untyped-def]
    """Reconsider the refresh manager at its trigger or later (spec c.6)."""
    s.refresh_command = NO_COMMAND
    # Interrupt power-down; nothing more can be done while the rank sleeps.
    s.entry = 0
    if s.power_state != IDLE:
        s.exit = 1
    if s.asleep != 0:
        return
    if now >= s.trigger + s.interval:
        s.trigger += s.interval
        s.refresh_state = REGULAR
    if policy == ALL_BANK:
        if s.refresh_state == REGULAR:
            s.flex_high_water = max(s.flex_high_water, s.flex)
            if s.flex == s.max_postponed:
                s.blocked = s.all_banks
            elif busy != _0:
                s.flex += 1
                s.trigger += s.interval
                return
            s.refresh_command = PREAB if is_open != _0 else REFAB
        elif busy != _0:
            s.refresh_state = REGULAR
            s.trigger += s.interval
        else:
            s.refresh_command = REFAB
        return
    idle = s.to_refresh & ~busy
    if s.refresh_state == REGULAR:
        s.flex_high_water = max(s.flex_high_water, s.flex)
        forced = s.flex == s.max_postponed
        if s.refresh_frozen == 0:
            if idle != _0:
                s.refresh_bank = _lowest(idle)
            elif forced:
                s.refresh_bank = _lowest(s.to_refresh)
            else:
                s.flex += 1
                s.trigger += s.interval
                return
        bit = _1 << _u8(s.refresh_bank)
        if is_open & bit != _0:
            s.refresh_command = PREPB
        else:
            s.refresh_command = REFPB
            if forced:
                s.blocked |= bit
                s.refresh_frozen = 1
    elif idle == _0:
        s.refresh_state = REGULAR
        s.trigger += s.interval
    else:
        s.refresh_bank = _lowest(idle)
        s.refresh_command = PREPB if is_open & (_1 << _u8(s.refresh_bank)) != _0 else REFPB


@_inner
def _refreshed(s, now):  # type: ignore[no-untyped-def]
    """A REFAB or REFPB of the refresh manager, or the REFAB that ends a self-refresh, has been issued."""
    s.refresh_command = NO_COMMAND
    if s.power_state == EXTRA_REFRESH:
        s.refresh_state = REGULAR
        s.trigger = now + s.interval
        s.to_refresh = s.all_banks
        s.refresh_frozen = 0
        return
    if s.refresh_state == REGULAR:
        s.refresh_state = PULLED_IN
    else:
        s.flex -= 1
    s.flex_low_water = min(s.flex_low_water, s.flex)
    if s.flex == -s.max_pulledin:
        s.refresh_state = REGULAR
        s.trigger += s.interval


@_inner
def _propose_power_down(s, is_open):  # type: ignore[no-untyped-def]
    """The power-down manager's command, or NO_COMMAND (spec c.7)."""
    if s.exit != 0:
        if s.power_state == ACTIVE_POWER_DOWN:
            return PDXA
        if s.power_state == PRECHARGE_POWER_DOWN:
            return PDXP
        if s.power_state == SELF_REFRESH:
            return SREFEX
        return REFAB
    if s.entry != 0:
        return PDEA if is_open != _0 else PDEP
    if s.self_refresh != 0:
        return SREFEN
    return NO_COMMAND


@_inner
def _power_state_after(s, command):  # type: ignore[no-untyped-def]
    """Follow a command that has been issued on the rank."""
    if command == PDEA:
        s.power_state = ACTIVE_POWER_DOWN
        s.entry = 0
    elif command == PDEP:
        s.power_state = PRECHARGE_POWER_DOWN
        s.entry = 0
    elif command == SREFEN:
        s.power_state = SELF_REFRESH
        s.entry = 0
        s.self_refresh = 0
    elif command == PDXA:
        s.power_state = IDLE
        s.exit = 0
    elif command == PDXP:
        s.power_state = IDLE
        s.exit = 0
        if s.rank_idle != 0:
            s.self_refresh = 1
    elif command == SREFEX:
        s.power_state = EXTRA_REFRESH
    elif command == REFAB and s.power_state == EXTRA_REFRESH:
        s.power_state = IDLE
        s.exit = 0
    elif command in (REFAB, REFPB) and s.rank_idle != 0:
        s.entry = 1


@_inner
def _mode_after(k, s, write_mode):  # type: ignore[no-untyped-def]
    """GrpFrFcfsWm's mode (1: writes) after a request has entered or left."""
    if write_mode != 0:
        return 0 if s.waiting_writes <= k.low_watermark and s.waiting_reads != 0 else 1
    return 1 if s.waiting_writes > k.high_watermark or s.waiting_reads == 0 else 0


@_inner
def _read_write_space(k, s):  # type: ignore[no-untyped-def]
    """Whether a ReadWrite buffer admits a request: both counters are asked, whatever the request is."""
    reads = k.request_buffer_size_read
    writes = k.request_buffer_size_write
    if k.model != 0:
        reads = writes = k.request_buffer_size
    return 1 if s.waiting_reads < reads and s.waiting_writes < writes else 0


@_entry
def run(  # type: ignore[no-untyped-def]
    tables, configs, states, requests, links, slots, order, answers, answer_of, due, chain_head, waiting_in_row,
    relative, stream, log,
):  # fmt: skip
    """Advance ``states[0]``. Returns the status and the number of records written to *stream*.

    *order* (``(n,)`` uint32) and *answers* (``(n,)`` int64) are work arrays: the requests in the order of their
    column commands, and the cycles in which the player received its responses.
    """
    t = tables[0]
    k = configs[0]
    s = states[0]
    n = requests.shape[0]
    room = stream.shape[0] - 2
    n_out = 0
    status = FINISHED

    page_policy = k.page_policy
    scheduler = k.scheduler
    buffer = k.scheduler_buffer
    arbiter = k.arbiter
    reorder = k.resp_queue != 0
    strict = k.cmd_mux != 0
    legacy = k.model
    player_delay = 1 - legacy  # BEGIN_RESP to END_RESP
    plain = not strict and t.one_length == 1
    count_rows = scheduler == FR_FCFS_GRP and page_policy >= OPEN_ADAPTIVE
    think = k.think_delay_fw
    eager = not log and plain and scheduler != GRP_FR_FCFS_WM and k.refresh_policy != PER_BANK
    arrives_timed = think > 0 or (arbiter == SIMPLE and k.arbitration_delay_fw > 0)

    late_arrival = 0 if arrives_timed else 1

    timer = s.timer
    data_at = s.data_at
    arrival_at = s.arrival_at
    arrival_wake = s.arrival_wake
    answer_at = s.answer_at
    stop_at = s.stop_at
    arrived = s.arrived
    accepted = s.accepted
    has_space = s.has_space
    nonempty = s.nonempty
    candidates = s.candidates
    busy = s.busy
    is_open = s.open
    keep = s.keep
    dirty = s.dirty
    choice_dirty = s.choice_dirty
    next_time = s.next_time
    choice_time = s.choice_time
    choice_end = s.choice_end
    choice_id = s.choice_id
    choice_command = s.choice_command
    choice_bank = s.choice_bank
    choice_is_refresh = s.choice_is_refresh
    bus_free = s.bus_free
    head_ready = s.head_ready
    trigger = s.trigger
    direction = s.last_direction
    write_mode = s.write_mode
    waiting = s.waiting

    while True:
        if n_out > room:
            status = STREAM_FULL
            break

        # The next instant. Timed causes of one instant make one wake-up; an END_RESP or a request that comes
        # about within the instant makes a further one after it.
        now = min(timer, arrival_wake) if arrives_timed else timer
        cause = TIMED
        if not eager:
            now = min(now, data_at)
            if answer_at < now:
                now = answer_at
                cause = ANSWERED
        if arrival_wake < now:
            now = arrival_wake
            cause = ARRIVED
        if now > stop_at:
            break
        if now >= NEVER:
            status = STUCK
            break

        timer_fired = False
        if cause != ANSWERED:
            if arrival_wake == now and (arrives_timed or cause == ARRIVED):
                arrival_wake = NEVER
                arrival_at = NEVER
                arrived = 1
                s.refused += 1 - has_space
            if timer == now and cause == TIMED:
                timer = NEVER
                timer_fired = True
            if data_at == now and cause == TIMED:
                data_at = NEVER
        else:
            answer_at = NEVER
            if s.responses == n and arbiter == SIMPLE:
                stop_at = -1  # the simulation ends with this wake-up

        # Many wake-ups end here: nothing to accept, to reconsider or to issue.
        quiet = (
            dirty == _0 and choice_dirty == 0 and next_time > now < trigger and not (arrived != 0 and has_space != 0)
        )
        if quiet:
            if timer_fired:
                timer = min(next_time, trigger)
            if eager:
                continue

        issued = False
        column = False
        blocked = False
        reconsidered = False
        after = False  # False: steps 2 to 6; True: what they changed is reconsidered
        evaluate = _0
        while not quiet:
            if column and arrival_wake == NEVER and arrival_at <= now - late_arrival:
                # It found the buffer full, which was no cause to wake up.
                arrival_at = NEVER
                arrived = 1
                s.refused += 1
            # 2. A request enters, once per wake-up or again where a column command has made room.
            if arrived != 0 and has_space != 0 and (not after or column):
                j = _u4(accepted)
                b = requests[j].bank
                w = requests[j].write
                bit = _1 << _u8(b)
                slots[j].sent = s.next_sent
                slots[j].lead = s.next_lead
                slots[j].served = 0
                slots[j].ready = NEVER
                slots[j].queued = NEVER
                s.sum_controller -= s.next_begin
                if s.responses == accepted and s.last_release <= now:
                    s.idle += now - s.last_release
                if waiting == 0 and s.staggered != 0:
                    s.rank_idle = 0
                    s.self_refresh = 0
                    s.entry = 0
                    if s.power_state != IDLE:
                        s.exit = 1
                if buffer == BANKWISE:
                    s.buffer_high_water = max(s.buffer_high_water, s.count[s.last_bank] + 1)
                elif buffer == SHARED:
                    s.buffer_high_water = max(s.buffer_high_water, waiting + 1)
                else:
                    s.read_high_water = max(s.read_high_water, s.waiting_reads + 1)
                    s.write_high_water = max(s.write_high_water, s.waiting_writes + 1)
                accepted += 1
                waiting += 1
                s.count[b] += 1
                if scheduler >= GRP_FR_FCFS:
                    s.count_by_direction[_u4(b * 2 + w)] += 1
                s.last_bank = b
                nonempty |= bit
                if w != 0:
                    s.waiting_writes += 1
                else:
                    s.waiting_reads += 1
                if count_rows:
                    waiting_in_row[requests[j].row_class] += 1
                elif scheduler == GRP_FR_FCFS_WM:
                    mode = _mode_after(k, s, write_mode)
                    if mode != write_mode:
                        write_mode = mode
                        dirty |= nonempty
                if buffer == BANKWISE:
                    has_space = 1 if s.count[b] < k.request_buffer_size else 0
                elif buffer == SHARED:
                    has_space = 1 if waiting < k.request_buffer_size else 0
                else:
                    has_space = _read_write_space(k, s)
                if after:
                    dirty |= bit
                else:
                    evaluate = bit
                arrived = 0
                if arbiter != SIMPLE:
                    while s.ended < s.answered and answers[_u4(s.ended)] + player_delay <= s.next_admitted:
                        s.ended += 1
                    s.active_high_water = max(s.active_high_water, accepted - s.ended)
                if accepted < n:
                    # When the next request reaches the controller.
                    end_request = now + think if after else now
                    base = end_request if arbiter == SIMPLE else s.next_admitted
                    base += legacy
                    j = _u4(accepted)
                    sent = requests[j].arrival
                    lead = _i8(requests[j].lead)
                    if relative:
                        sent += s.next_sent
                        lead += s.next_lead
                        if lead >= t.tck_ps:
                            lead -= t.tck_ps
                            sent -= 1
                        due[j] = sent * t.tck_ps - lead
                    if sent <= base:
                        sent = base
                        lead = _i8(0)
                    s.next_sent = sent
                    s.next_lead = lead
                    s.controller_free = end_request
                    if arbiter == SIMPLE:
                        s.next_begin = sent + k.arbitration_delay_fw
                        arrival_at = s.next_begin + think
                    else:
                        older = accepted - k.max_active_transactions
                        if older >= 0 and s.answered <= older:
                            s.waits_for_slot = 1
                        else:
                            if older >= 0:
                                sent = max(sent, answers[_u4(older)] + player_delay)
                            s.next_admitted = sent
                            s.next_begin = max(sent + k.arbitration_delay_fw, end_request + 1)
                            arrival_at = s.next_begin + think

            if after:
                # 7. A rank without requests may go to sleep after a command.
                if issued and waiting == 0 and s.staggered != 0:
                    s.rank_idle = 1
                    if s.power_state == IDLE:
                        s.entry = 1
                evaluate = dirty
                dirty = _0

            # Bank machines: which request, and which command for it (spec c.4, c.5).
            while evaluate != _0:
                b = _lowest(evaluate)
                bit = evaluate & (~evaluate + _1)
                evaluate ^= bit
                command = NO_COMMAND
                before = s.current[b]
                r = NO_REQUEST
                if nonempty & bit != _0 and s.asleep == 0 and s.blocked & bit == _0:
                    row = s.row[b]
                    if scheduler <= FR_FCFS:
                        r = s.hit[b]
                        if scheduler == FIFO or is_open & bit == _0 or r >= accepted:
                            r = s.oldest[b]
                            while slots[r].served != 0:
                                r = requests[r].next_in_bank
                            s.oldest[b] = r
                    elif scheduler == FR_FCFS_GRP:
                        hit = NO_REQUEST
                        if is_open & bit != _0:
                            # Oldest hit of the last direction without an older request to its address.
                            chain = _u4(row * 2 + direction)
                            hit = chain_head[chain]
                            while hit < accepted and slots[hit].served != 0:
                                hit = links[hit].next_in_chain
                            chain_head[chain] = hit
                            r = hit
                            while r < accepted:
                                older = links[r].previous_same_address
                                if slots[r].served == 0 and (older == NO_REQUEST or slots[older].served != 0):
                                    break
                                r = links[r].next_in_chain
                            if r >= accepted:
                                chain = _u4(row * 2 + 1 - direction)
                                r = chain_head[chain]
                                while r < accepted and slots[r].served != 0:
                                    r = links[r].next_in_chain
                                chain_head[chain] = r
                                r = min(r, hit)
                        if r >= accepted:
                            r = s.oldest[b]
                            while slots[r].served != 0:
                                r = requests[r].next_in_bank
                            s.oldest[b] = r
                    else:
                        d = direction if scheduler == GRP_FR_FCFS else write_mode
                        if scheduler == GRP_FR_FCFS and s.count_by_direction[_u4(b * 2 + d)] == 0:
                            d = 1 - d
                        if s.count_by_direction[_u4(b * 2 + d)] != 0:
                            if is_open & bit != _0:
                                r = chain_head[_u4(row * 2 + d)]
                            if r >= accepted:
                                o = _u4((1 + d) * MAX_BANKS + b)
                                r = s.oldest[o]
                                while slots[r].served != 0:
                                    r = links[r].next_in_bank_direction
                                s.oldest[o] = r
                    if r < accepted:
                        if keep & bit == _0 or requests[r].row_class == row:
                            s.current[b] = r
                            busy |= bit
                        else:
                            r = s.current[b]
                        if is_open & bit == _0:
                            command = ACT
                        elif page_policy == CLOSED or requests[r].row_class == row:
                            command = WR if requests[r].write != 0 else RD
                            if page_policy == CLOSED:
                                command += 1
                            elif page_policy != OPEN:
                                # Is there a further request for the bank, and for the row (spec c.4)?
                                more = s.count[b] > 1
                                if scheduler <= FR_FCFS:
                                    # FrFcfs: r is the oldest hit.
                                    second = requests[r].next_in_bank if scheduler == FIFO else requests[r].next_in_row
                                    more_hits = second < accepted
                                    if scheduler == FIFO and more_hits:
                                        more_hits = requests[second].row_class == row
                                elif scheduler == FR_FCFS_GRP:
                                    more_hits = waiting_in_row[row] > 1
                                else:
                                    d = write_mode
                                    if scheduler == GRP_FR_FCFS:
                                        d = _i8(requests[r].write)
                                    more = s.count_by_direction[_u4(b * 2 + d)] > 1
                                    hit = chain_head[_u4(row * 2 + d)]
                                    more_hits = hit < accepted
                                    if more_hits:
                                        more_hits = links[hit].next_in_chain < accepted
                                if not more_hits and (more or page_policy == CLOSED_ADAPTIVE):
                                    command += 1
                        else:
                            command = PREPB
                if command == NO_COMMAND:
                    if candidates & bit != _0:
                        candidates ^= bit
                        choice_dirty = 1
                elif candidates & bit == _0:
                    candidates |= bit
                    s.candidate[b] = command
                    s.tag[b] = ((_i8(r) + 1) << 6) + b
                    if choice_dirty == 0 and s.power_command == NO_COMMAND and not strict and not blocked:
                        # A further candidate: it only has to be compared with the choice.
                        c = _u4(command)
                        at = max(max(now, bus_free), _earliest(t, s, b, c))
                        end = at + t.length[c]
                        next_time = min(next_time, at)
                        if end < choice_end or (end == choice_end and _i8(r) + 1 < choice_id):
                            choice_bank = b
                            choice_id = _i8(r) + 1
                            choice_end = end
                            choice_time = at
                            choice_command = command
                            choice_is_refresh = 0
                    else:
                        choice_dirty = 1
                elif s.candidate[b] != command or before != r:
                    s.candidate[b] = command
                    s.tag[b] = ((_i8(r) + 1) << 6) + b
                    choice_dirty = 1

            # 3. Refresh manager, then power-down manager.
            if now >= trigger:
                reconsidered = True
                old = s.refresh_command
                _refresh(s, k.refresh_policy, now, busy, is_open)
                trigger = s.trigger
                if s.refresh_command != old or old != NO_COMMAND:
                    choice_dirty = 1
                withdrawn = candidates & s.blocked
                if withdrawn != _0:
                    if legacy != 0:
                        dirty |= withdrawn
                    else:
                        candidates &= ~withdrawn
                        choice_dirty = 1
            if s.staggered != 0:
                old = s.power_command
                s.power_command = _propose_power_down(s, is_open)
                if s.power_command != old:
                    choice_dirty = 1

            # 4. The mux: smallest end on the bus, then smallest ID; refresh has ID 0, request i has i + 1. One
            # number holds (end, ID, bank), so that the search has no branches.
            if choice_dirty != 0 or next_time < now:
                floor = max(now, bus_free)
                left_out = now if blocked else -1
                choice_dirty = 1 if blocked else 0
                next_time = NEVER
                choice_time = NEVER
                choice_end = NEVER
                choice_is_refresh = 0
                if s.power_command != NO_COMMAND:
                    choice_command = s.power_command
                    choice_time = max(floor, _earliest_of_rank(t, s, choice_command))
                    next_time = NEVER if choice_time == left_out else choice_time
                else:
                    best = NEVER
                    if s.refresh_command != NO_COMMAND:
                        c = _u4(s.refresh_command)
                        if c < BANK_WIDTH:
                            at = max(floor, _earliest(t, s, s.refresh_bank, c))
                        else:
                            at = max(floor, _earliest_of_rank(t, s, s.refresh_command))
                        best = ((at - now + t.length[c]) << 38) + s.refresh_bank
                        next_time = NEVER if at == left_out else at
                    left = candidates
                    if plain and not blocked:
                        # Every command takes one cycle on the bus: the one that is legal first ends first.
                        while left != _0:
                            b = _lowest(left)
                            left &= left - _1
                            at = max(floor, _earliest(t, s, b, s.candidate[b]))
                            best = min(best, ((at - now + 1) << 38) + s.tag[b])
                        next_time = NEVER if best == NEVER else (best >> 38) + now - 1
                    while left != _0:
                        b = _lowest(left)
                        left &= left - _1
                        c = s.candidate[b]
                        at = max(floor, _earliest(t, s, b, c))
                        if strict and RD <= c <= WRA and _i8(s.current[b]) + 1 != s.strict_next:
                            next_time = min(next_time, NEVER if at == left_out else at)
                            continue
                        best = min(best, ((at - now + t.length[c]) << 38) + s.tag[b])
                        next_time = min(next_time, NEVER if at == left_out else at)
                    if best != NEVER:
                        choice_bank = _u4(best & 63)
                        choice_id = (best >> 6) & 0xFFFFFFFF
                        choice_end = (best >> 38) + now
                        choice_command = _i8(s.candidate[choice_bank])
                        if choice_id == 0:
                            choice_is_refresh = 1
                            choice_command = s.refresh_command
                        choice_time = choice_end - 1 if plain else choice_end - t.length[_u4(choice_command)]

            if after or choice_time != now:
                # 8. Plan the next wake-up.
                if not after and (dirty != _0 or next_time == now or reconsidered):
                    blocked = next_time != NEVER
                    if next_time == now:
                        choice_dirty = 1  # what is legal now but not chosen is left out of the plan
                    after = True
                    continue
                plan = next_time
                if s.refresh_command == NO_COMMAND and now < trigger < plan:
                    plan = trigger
                if plan < timer:
                    timer = plan
                break

            # 5. and 6. Issue the choice.
            issued = True
            after = True
            choice_dirty = 1
            command = choice_command
            c = _u4(command)
            b = choice_bank
            bit = _1 << _u8(b)
            s.counts[c] += 1
            s.last_command = now
            length = t.length[c]
            bus_free = now + length
            r = NO_REQUEST
            whole_rank = command >= BANK_WIDTH
            if not whole_rank and choice_is_refresh == 0:
                r = s.current[b]
            stream[n_out].cycle = now
            stream[n_out].request = _i4(r)
            stream[n_out].bank = -1 if whole_rank else _i2(b)
            stream[n_out].command = t.code[c]
            n_out += 1

            # Every later command has to keep its distance.
            start_at = _u8(command * WIDTH)
            _raise(s.rank_gate, _0, t.rank, start_at, now)
            s.last_at[c] = now
            if not whole_rank:
                start_at = _u8(command * BANK_WIDTH)
                _raise(s.bank_gate, _u8(b * BANK_WIDTH), t.bank, start_at, now)
                if t.has_groups != 0:
                    _raise(s.group_gate, _u8(t.group_of[b] * BANK_WIDTH), t.group, start_at, now)
                if t.counts_for_faw[c] != 0:
                    s.activation_end[_u4(s.activations & 3)] = now + length
                    s.activations += 1
                    if s.activations >= 4:
                        at = s.activation_end[_u4(s.activations & 3)] - length + t.faw
                        s.rank_gate[_u4(ACT)] = max(s.rank_gate[_u4(ACT)], at)
                        if t.counts_for_faw[_u4(REFPB)] != 0:
                            s.rank_gate[_u4(REFPB)] = max(s.rank_gate[_u4(REFPB)], at)

            if RD <= command <= WRA:
                column = True
                w = requests[r].write
                s.current[b] = NO_REQUEST
                busy &= ~bit
                keep &= ~bit
                if command in (RDA, WRA):
                    s.row[b] = NO_ROW
                    is_open &= ~bit
                slots[r].served = 1
                s.count[b] -= 1
                if scheduler >= GRP_FR_FCFS:
                    s.count_by_direction[_u4(b * 2 + w)] -= 1
                waiting -= 1
                if s.count[b] == 0:
                    nonempty &= ~bit
                if w != 0:
                    s.waiting_writes -= 1
                else:
                    s.waiting_reads -= 1
                if scheduler <= FR_FCFS:
                    s.hit[b] = requests[r].next_in_row
                else:
                    chain = _u4(requests[r].row_class * 2 + w)
                    if chain_head[chain] == r:
                        chain_head[chain] = links[r].next_in_chain
                    if count_rows:
                        waiting_in_row[requests[r].row_class] -= 1
                    if scheduler == GRP_FR_FCFS_WM:
                        mode = _mode_after(k, s, write_mode)
                        if mode != write_mode:
                            write_mode = mode
                            dirty |= nonempty
                    elif direction != _i8(w):
                        dirty |= nonempty
                direction = _i8(w)
                if buffer == BANKWISE:
                    has_space = 1 if s.count[s.last_bank] < k.request_buffer_size else 0
                elif buffer == SHARED:
                    has_space = 1 if waiting < k.request_buffer_size else 0
                else:
                    has_space = _read_write_space(k, s)
                s.strict_next = _i8(r) + 2
                ready = now + k.phy_delay_fw + k.think_delay_bw
                ready += t.write_end if w != 0 else t.read_end + k.phy_delay_bw
                slots[r].ready = ready
                if reorder:
                    if _i8(r) == s.responses:
                        head_ready = ready
                else:
                    order[_u4(s.issued_columns)] = r
                    if s.issued_columns == s.responses:
                        head_ready = ready
                s.issued_columns += 1
                dirty |= bit
            elif command == ACT:
                s.row[b] = requests[r].row_class
                s.hit[b] = r
                is_open |= bit
                keep |= bit
                dirty |= bit
            elif command == PREPB:
                s.row[b] = NO_ROW
                is_open &= ~bit
                keep &= ~bit
                dirty |= bit
                if choice_is_refresh != 0:
                    s.refresh_command = NO_COMMAND
            elif command == PREAB:
                is_open = _0
                keep = _0
                for i in range(t.banks):
                    s.row[_u4(i)] = NO_ROW
                dirty |= nonempty
                s.refresh_command = NO_COMMAND
            elif command == REFPB:
                _refreshed(s, now)
                trigger = s.trigger
                s.to_refresh &= ~bit
                if s.to_refresh == _0:
                    s.to_refresh = s.all_banks
                s.refresh_frozen = 0
                s.blocked &= ~bit
                dirty |= bit
            else:
                if command == REFAB:
                    _refreshed(s, now)
                    s.blocked = _0
                    s.asleep = 0
                elif command in (PDXA, PDXP):
                    s.asleep = 0
                elif command != SREFEX:
                    s.asleep = 1
                    if command == SREFEN:
                        s.trigger = NEVER
                        s.refresh_command = NO_COMMAND
                trigger = s.trigger
                dirty |= nonempty | candidates
            if s.staggered != 0:
                _power_state_after(s, command)

        # 1. Responses. They are the first step of a wake-up, but touch nothing that the others look at. One leaves
        # when its data is there and END_RESP of the one before has come; both are known when the column command is
        # issued, so in most cases nothing has to wake up for them (*eager*).
        while head_ready != NEVER:
            leaves = head_ready
            if head_ready <= s.last_release:
                leaves = s.last_release + legacy
            if not eager:
                if answer_at != NEVER or head_ready > now:
                    break
                leaves = now if cause != ANSWERED else now + legacy
            j = _u4(s.responses) if reorder else order[_u4(s.responses)]
            s.responses += 1
            if log:
                stream[n_out].cycle = leaves
                stream[n_out].request = j
                stream[n_out].bank = -1
                stream[n_out].command = RESPONSE
                n_out += 1
            s.sum_controller += leaves
            q = leaves + k.arbitration_delay_bw
            s.last_release = leaves if arbiter != SIMPLE else q + player_delay
            if not eager:
                answer_at = s.last_release
            # At the player: at most one answer per END_RESP; Reorder also keeps the order of the requests.
            m = j
            deliver = True
            if arbiter == ARBITER_REORDER:
                slots[j].queued = q
                m = _u4(s.next_in_order)
                deliver = m == j
            while deliver:
                deliver = False
                if arbiter == ARBITER_REORDER:
                    q = slots[m].queued
                at = q
                if arbiter != SIMPLE:
                    at = max(q, s.last_answer + 1 + player_delay)
                    answers[_u4(s.answered)] = at
                s.last_answer = at
                s.answered += 1
                answer_of[m] = at
                if arbiter == ARBITER_REORDER:
                    s.next_in_order += 1
                    m = _u4(s.next_in_order)
                    deliver = m < accepted and slots[m].queued != NEVER
            if s.waits_for_slot != 0 and s.answered > accepted - k.max_active_transactions:
                # The END_RESP of an older request admits the one that the arbiter has parked.
                s.waits_for_slot = 0
                freed = answers[_u4(accepted - k.max_active_transactions)] + player_delay
                s.next_admitted = max(s.next_sent, freed)
                s.next_begin = max(s.next_admitted + k.arbitration_delay_fw, s.controller_free + 1)
                arrival_at = s.next_begin + think
            # The next one to deliver.
            head_ready = NEVER
            if reorder:
                if s.responses < accepted:
                    head_ready = slots[_u4(s.responses)].ready
            elif s.responses < s.issued_columns:
                head_ready = slots[order[_u4(s.responses)]].ready
            if s.responses == n:
                stop_at = s.last_release if arbiter == SIMPLE else max(s.last_answer, leaves)
                s.last_cycle = stop_at
        if not eager and head_ready > now:
            data_at = min(data_at, head_ready)

        # A request that will find the buffer full is no cause to wake up, unless something else waits for one.
        arrival_wake = arrival_at
        if eager and has_space == 0 and choice_dirty == 0 and arrival_at < trigger:
            arrival_wake = NEVER

    if status == FINISHED and s.responses == accepted and s.last_release <= s.last_cycle:
        s.idle += s.last_cycle - s.last_release
    s.timer = timer
    s.data_at = data_at
    s.arrival_at = arrival_at
    s.arrival_wake = arrival_wake
    s.answer_at = answer_at
    s.stop_at = stop_at
    s.arrived = arrived
    s.accepted = accepted
    s.has_space = has_space
    s.nonempty = nonempty
    s.candidates = candidates
    s.busy = busy
    s.open = is_open
    s.keep = keep
    s.dirty = dirty
    s.choice_dirty = choice_dirty
    s.next_time = next_time
    s.choice_time = choice_time
    s.choice_end = choice_end
    s.choice_id = choice_id
    s.choice_command = choice_command
    s.choice_bank = choice_bank
    s.choice_is_refresh = choice_is_refresh
    s.bus_free = bus_free
    s.head_ready = head_ready
    s.last_direction = direction
    s.write_mode = write_mode
    s.waiting = waiting
    return status, n_out


@_inner
def _select(values, n, rank):  # type: ignore[no-untyped-def]
    """The element number *rank* of the *n* first values in ascending order; *values* is reordered."""
    low = 0
    high = n - 1
    smallest = largest = values[0]
    for i in range(n):
        smallest = min(smallest, values[i])
        largest = max(largest, values[i])
    if smallest == largest:  # common: times are on a grid that is wider than the bin
        return smallest
    while low < high:
        pivot = values[(low + high) >> 1]
        i = low
        j = high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return values[rank]


@_inner
def _summarise(values, is_write, n_writes, bins, subset, row, at):  # type: ignore[no-untyped-def]
    """Sum, elements floor(0.5 n) and floor(0.99 n) of the sorted *values*, and largest, to ``row[at:]`` onwards.

    Four triples: for all requests, reads and writes; without a request 0 for the sum and -1 else. A histogram finds
    the bin of each percentile, and only the bin's members are looked at.
    """
    n = values.shape[0]
    total = 0
    smallest = values[0]  # negative where the first request left before its time stamp
    largest = values[0]
    for i in range(n):
        total += values[i]
        smallest = min(smallest, values[i])
        largest = max(largest, values[i])
    shift = 0
    while (largest - smallest) >> shift >= BINS:
        shift += 1
    for i in range(2 * BINS):
        bins[i] = 0
    for q in range(0, 12, 3):
        row[at + q + 1] = 0 if q == 0 else -1
        row[at + q + 2] = 0 if q == 0 else -1
    row[at] = total
    row[at + 9] = largest
    if 0 < n_writes < n:
        written = 0
        most_read = smallest
        most_written = smallest
        for i in range(n):
            w = _i8(is_write[i])
            written += values[i] * w
            most_written = max(most_written, smallest + (values[i] - smallest) * w)
            most_read = max(most_read, smallest + (values[i] - smallest) * (1 - w))
            bins[_u8(((values[i] - smallest) >> shift) + BINS * w)] += 1
        row[at + 1] = total - written
        row[at + 2] = written
        row[at + 10] = most_read
        row[at + 11] = most_written
        groups = 3
    else:
        # Odd ones in the other half: two counts of one bin in a row would wait for each other.
        for i in range(n >> 1):
            bins[_u8((values[2 * i] - smallest) >> shift)] += 1
            bins[_u8(BINS + ((values[2 * i + 1] - smallest) >> shift))] += 1
        if n & 1 != 0:
            bins[_u8((values[n - 1] - smallest) >> shift)] += 1
        groups = 1
    for group in range(groups):
        size = n if group == 0 else n_writes if group == 2 else n - n_writes
        below = 0
        b = 0
        for q in range(3, 9, 3):
            rank = size // 2 if q == 3 else size * 99 // 100
            while True:
                members = 0
                if group != 2:
                    members += bins[b]
                if group != 1:
                    members += bins[BINS + b]
                if below + members > rank:
                    break
                below += members
                b += 1
            if shift == 0:
                row[at + q + group] = smallest + b
                continue
            # Written always, counted where it fits: the test would be hard to predict.
            lowest = smallest + (b << shift)
            span = _u8(1 << shift)
            found = _0
            if group == 0:
                for i in range(n):
                    subset[found] = values[i]
                    found += _1 if _u8(values[i] - lowest) < span else _0
            else:
                wanted = np.uint8(group - 1)
                for i in range(n):
                    subset[found] = values[i]
                    found += _1 if _u8(values[i] - lowest) < span and np.uint8(is_write[i]) == wanted else _0
            row[at + q + group] = _select(subset, _i8(found), rank - below)
    if groups == 1:
        only = 1 if n_writes == 0 else 2
        for q in range(0, 12, 3):
            row[at + q + only] = row[at + q]


@_entry
def collect(  # type: ignore[no-untyped-def]
    tables, configs, states, requests, slots, answer_of, due, is_write, n_writes, relative, values, subset, bins, row
):
    """Write the results of a finished run to *row*, ``(n_columns,)`` int64 in the order of `results.COUNTED`."""
    t = tables[0]
    k = configs[0]
    s = states[0]
    n = requests.shape[0]
    tck = t.tck_ps
    row[0] = n
    row[1] = n - n_writes
    row[2] = n_writes
    row[3] = s.last_cycle * tck
    row[4] = s.last_answer * tck
    row[5] = s.idle * tck
    row[6] = s.sum_controller * tck
    row[7] = s.last_command + k.phy_delay_fw
    row[8] = s.refused
    row[9] = s.buffer_high_water
    row[10] = s.read_high_water
    row[11] = s.write_high_water
    row[12] = s.active_high_water
    row[13] = s.flex_high_water
    row[14] = -s.flex_low_water
    for c in range(WIDTH):
        if c != BANK_WIDTH - 1:  # the empty lane
            row[15 + t.code[c]] = s.counts[c]
    for part in range(2):
        if part == 0:
            for i in range(n):
                values[i] = (answer_of[i] - slots[i].sent) * tck + slots[i].lead
        elif relative:
            # Due at 0, or a gap after the previous request was sent.
            for i in range(n):
                values[i] = answer_of[i] * tck - due[i]
        else:
            for i in range(n):
                values[i] = (answer_of[i] - requests[i].arrival) * tck + requests[i].lead
        _summarise(values, is_write, n_writes, bins, subset, row, 30 + 12 * part)
