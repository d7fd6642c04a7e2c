"""Counts what the energy of a run depends on, from its command stream, in integers.

A second, separate state machine beside the controller (as in DRAMPower 6): it follows the commands, keeps the
intervals in which banks and rank are active, powered down or in self-refresh, and counts the rising edges on the
command bus. It is resumable: `consume` takes the stream stretch by stretch, `finish` closes the window. `energy`
turns the counters into joules.

Some effects happen later than their command ("events": an auto-precharge, the end of a refresh, a power-down entry
that waits for a precharge). They wait in a small queue. A bank has at most a few automatic precharges under way (it
must be activated anew in between), a rank at most one refresh, one self-refresh entry and two power-down changes,
so the queue of 64 cannot fill with legal commands; were it to, `overflow` is set and the energy is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import config, njit
from numpy.typing import NDArray

from archgym.simulators.dram.command_bus import MAX_BANKS, BusTable, bus_table
from archgym.simulators.dram.commands import N_COMMANDS, Command
from archgym.simulators.dram.part import Part
from archgym.simulators.dram.timing import timing_table

QUEUE = 64
_I8, _U8 = np.int64, np.uint64

POWER_STATE = np.dtype(
    (
        np.record,
        [
            # The part, in cycles.
            ("lpddr4", _I8),
            ("banks", _I8),
            ("delay", _I8),  # PhyDelayFw: shifts every command
            ("t_rcd", _I8),
            ("t_rp", _I8),
            ("t_ras", _I8),
            ("t_rfc", _I8),
            ("t_rfcpb", _I8),
            ("rda_precharge", _I8),  # from the read to its automatic precharge, at least
            ("wra_precharge", _I8),
            ("wra_waits_for_ras", _I8),
            ("ddr3", _I8),
            ("tail", _I8, N_COMMANDS),  # from the last command to the end of the window (DDR3)
            # The command bus.
            ("lines", _I8),
            ("idle", _U8),
            ("auto_precharge", _U8),
            ("word_count", _I8, N_COMMANDS),
            ("words", _U8, N_COMMANDS),
            ("precharge_words", _U8, MAX_BANKS),
            ("refresh_words", _U8, MAX_BANKS),
            # Banks.
            ("active", _U8),  # bit per bank: its flag
            ("open", _U8),  # the bank's interval has a start and no end
            ("activated", _U8),  # it ever had an ACT
            ("start", _I8, MAX_BANKS),
            ("end", _I8, MAX_BANKS),
            # Over all banks; times never decrease, so the latest is the largest.
            ("latest_start", _I8),  # of an interval of a bank that ever had an ACT
            ("latest_precharge", _I8),
            ("latest_refresh_end", _I8),
            # The rank's intervals: active, active power-down, precharge power-down, self-refresh.
            ("interval_open", _I8, 4),
            ("interval_start", _I8, 4),
            ("interval_sum", _I8, 4),
            ("rank_refresh_end", _I8),
            # Delayed events, a ring in order of time.
            ("event", _I8, QUEUE),  # time, then kind, then bank: see _packed
            ("event_head", _U8),
            ("event_count", _U8),
            ("overflow", _I8),
            # Counters.
            ("count", _I8, N_COMMANDS),
            ("n_precharge", _I8),  # banks closed, automatic precharges included
            ("bank_active", _I8),  # active cycles, summed over the banks
            ("last_cycle", _I8),
            ("last_command", _I8),
            ("last_column", _I8, 2),  # cycle of the last read and of the last write
            ("last_auto_precharge", _I8),
            ("window", _I8),  # set by finish
            ("bus_last", _U8),  # the last word sent
            ("bus_start", _I8),  # its command's cycle
            ("bus_end", _I8),  # the cycle after it
            ("bus_edges", _I8),  # 0 to 1
            ("bus_high", _I8),  # bits high in the commands' words
            ("bus_words", _I8),
            ("bus_last_edges", _I8),  # the last command's share of the three above
            ("bus_last_high", _I8),
            ("bus_last_words", _I8),
        ],
    ),
    align=True,
)

# Numbers of a fixed width: Numba compiles a function anew for every Python integer that it is called with.
ACTIVE, PDNA, PDNP, SREF = _U8(0), _U8(1), _U8(2), _U8(3)
"""Indices of the rank's intervals."""

_NEVER, _FOREVER = -(1 << 52), 1 << 52
_BANK_MASK, _KIND_SHIFT, _KIND_MASK, _TIME_SHIFT = 31, 5, 7, 8
_PRECHARGE, _REFRESH_END, _REFRESH_BANK_END, _ENTER_PDNA = _I8(0), _I8(1), _I8(2), _I8(3)
_LEAVE_PDNA, _ENTER_PDNP, _LEAVE_PDNP, _ENTER_SREF = _I8(4), _I8(5), _I8(6), _I8(7)

_ACT, _PREPB, _PREAB, _RD, _RDA = (int(c) for c in (Command.ACT, Command.PREPB, Command.PREAB, Command.RD, Command.RDA))
_WR, _WRA, _REFAB, _REFPB = (int(c) for c in (Command.WR, Command.WRA, Command.REFAB, Command.REFPB))
_PDEA, _PDEP, _PDXA, _PDXP = (int(c) for c in (Command.PDEA, Command.PDEP, Command.PDXA, Command.PDXP))
_SREFEN, _SREFEX = int(Command.SREFEN), int(Command.SREFEX)

_M1, _M2, _M4 = _U8(0x5555555555555555), _U8(0x3333333333333333), _U8(0x0F0F0F0F0F0F0F0F)
_H1, _TWO, _FOUR, _TOP = _U8(0x0101010101010101), _U8(2), _U8(4), _U8(56)
_ZERO, _ONE, _SIZE = _U8(0), _U8(1), _U8(QUEUE)


# What is called from Python, and what only from here; wrappers that no one calls take time to compile, and so do
# rewrites, which only `consume` needs (it reads records by name).
_njit: Any = njit  # its type does not tell of these options
_entry: Any = _njit(cache=True, nogil=True, no_cfunc_wrapper=True)
_inner: Any = _njit(cache=True, nogil=True, no_cfunc_wrapper=True, no_cpython_wrapper=True, no_rewrites=True)


def power_state(part: Part, phy_delay: int = 0) -> NDArray[Any]:
    """``(1,)`` of `POWER_STATE`: a fresh counter for *part*; *phy_delay* is PhyDelayFw in cycles.

    Made once per part; a run starts from a copy, in which ``delay`` may be set anew.
    """
    state = np.zeros(1, POWER_STATE)
    s = state[0]
    values = timing_table(part).values
    s.lpddr4 = part.standard == "LPDDR4"
    s.banks = part.banks
    s.delay = phy_delay
    s.t_rcd, s.t_ras, s.t_rfc = values["RCD"], values["RAS"], values["RFC"]
    s.t_rp = values["RPpb"] if s.lpddr4 else values["RP"]
    s.t_rfcpb = values.get("RFCpb", 0)
    s.rda_precharge = values["RTP"] + (0 if s.lpddr4 else values["AL"])
    s.wra_precharge = values["WL"] + values["BURST"] + values["WR"] + int(s.lpddr4)
    s.wra_waits_for_ras = not s.lpddr4
    if part.standard == "DDR3":
        s.ddr3 = 1
        for command, cycles in _ddr3_tail(values).items():
            s.tail[command] = cycles
    _set_bus(s, bus_table(part))
    s.latest_start = s.latest_precharge = s.latest_refresh_end = s.rank_refresh_end = _NEVER
    s.last_column[:] = _NEVER
    s.last_auto_precharge = _NEVER
    s.last_command = -1
    return state


def _ddr3_tail(t: Mapping[str, int]) -> dict[Command, int]:
    """Cycles from a command's start to its end, as DRAMPower 4 closes its window (reads and writes as observed)."""
    return {
        Command.ACT: t["RCD"] - 1,
        Command.RD: t["RL"] + t["BURST"],
        Command.WR: t["WL"] + t["BURST"] + t["WR"] - 1,
        Command.PREPB: t["RP"] - 1,
        Command.PREAB: t["RP"] - 1,
        Command.REFAB: t["RFC"] - 1,
    }


def _set_bus(s: Any, bus: BusTable) -> None:
    s.lines, s.idle, s.auto_precharge = bus.lines, bus.idle, bus.auto_precharge
    s.word_count[:] = bus.word_count
    s.words[:] = bus.words[:, 0]
    s.precharge_words[:] = bus.words[Command.PREPB]
    s.refresh_words[:] = bus.words[Command.REFPB]
    s.bus_last = bus.idle
    s.bus_start = -1


@_entry
def consume(state: Any, stream: Any, n: int, request_words: Any) -> None:
    """Account for the first *n* commands of *stream* (`STREAM_DTYPE`, without responses).

    *request_words* is what `command_bus.request_words` gives for the trace.
    """
    s = state[0]
    # The bus counters live in registers here: the state may alias the stream for all the compiler knows.
    has_bus, lines, idle, auto = s.lines > 0, np.uint64(s.lines), s.idle, s.auto_precharge
    last, start, end = s.bus_last, s.bus_start, s.bus_end
    edges, high, sent = s.bus_edges, s.bus_high, s.bus_words
    new_edges, new_high, words = s.bus_last_edges, s.bus_last_high, s.bus_last_words
    t, delay = s.last_cycle, s.delay
    next_event = _next_event(s)
    for i in range(np.uint64(n)):
        record = stream[i]
        command = np.uint64(record["command"])
        bank = np.uint64(record["bank"])
        t = record["cycle"] + delay
        if next_event <= t:
            _run_events(s, t)
            next_event = _next_event(s)
        s.count[command] += 1
        x = np.uint64(0)
        if command in (_RD, _WR):
            if has_bus:
                x = np.uint64(request_words[np.uint64(record["request"]), 1])
            s.last_column[np.uint64(command == _WR)] = t
        elif command == _ACT:
            if has_bus:
                x = np.uint64(request_words[np.uint64(record["request"]), 0])
            _activate(s, bank, t)
        elif command == _PREPB:
            x = s.precharge_words[bank]
            _precharge(s, bank, t)
        elif command in (_RDA, _WRA):
            if has_bus:
                x = np.uint64(request_words[np.uint64(record["request"]), 1]) | auto
            e = _auto_precharge_at(s, command, bank, t)
            s.last_auto_precharge = max(s.last_auto_precharge, e)
            _push(s, e, _PRECHARGE, bank)
            next_event = _next_event(s)
        else:
            x = s.refresh_words[bank] if command == _REFPB else s.words[command]
            _rank_command(s, command, bank, t)
            next_event = _next_event(s)
        if has_bus and s.word_count[command] > 0:
            # No branch: whether the bus was idle in between is hard to predict.
            idled = np.int64(t > end)
            edges += idled * _ones(~last & idle)
            before = last ^ ((last ^ idle) & np.uint64(-idled))
            words = s.word_count[command]
            bits = np.uint64(words) * lines
            mask = (_ONE << bits) - _ONE
            new_edges, new_high = _ones(~((x << lines) | before) & x & mask), _ones(x & mask)
            edges += new_edges
            high += new_high
            sent += words
            last, start, end = x >> (bits - lines), t, t + words
    s.bus_last, s.bus_start, s.bus_end = last, start, end
    s.bus_edges, s.bus_high, s.bus_words = edges, high, sent
    s.bus_last_edges, s.bus_last_high, s.bus_last_words = new_edges, new_high, words
    s.last_cycle = t
    if n > 0:
        s.last_command = stream[n - 1]["command"]


@_inner
def _auto_precharge_at(s: Any, command: Any, bank: Any, t: Any) -> Any:
    earliest = s.start[bank] + s.t_ras
    if command == _RDA:
        s.last_column[0] = t
        return max(earliest, t + s.rda_precharge)
    s.last_column[1] = t
    precharge = t + s.wra_precharge
    return max(earliest, precharge) if s.wra_waits_for_ras else precharge


@_entry
def finish(state: Any) -> None:
    """Carry out the events up to the window's end, close the intervals there, and settle the command bus.

    The window ends at the last command; for DDR3 (DRAMPower 4) at the end of the last command, an automatic
    precharge being a command of its own. Call it once.
    """
    s = state[0]
    window = s.last_cycle
    if s.last_command >= 0:
        window += s.tail[s.last_command]
    if s.ddr3 and s.last_auto_precharge >= s.last_cycle:
        window = s.last_auto_precharge + s.t_rp - 1
    s.window = window
    _run_events(s, window)
    for bank in range(_U8(s.banks)):
        if s.open & _bit(bank) and window > s.start[bank]:
            s.bank_active += window - s.start[bank]
    for k in range(4):
        if s.interval_open[k] and window > s.interval_start[k]:
            s.interval_sum[k] += window - s.interval_start[k]
    if s.lines:
        if s.bus_start == window:  # the last command does not count
            s.bus_edges -= s.bus_last_edges
            s.bus_high -= s.bus_last_high
            s.bus_words -= s.bus_last_words
        elif s.bus_end < window:
            s.bus_edges += _ones(~s.bus_last & s.idle)
        s.bus_high += _ones(s.idle) * (window - s.bus_words)


if config.DISABLE_JIT:  # type: ignore[attr-defined]

    def _ones(x: Any) -> Any:
        """The number of set bits of a uint64."""
        return np.int64(int(x).bit_count())

else:

    @_inner
    def _ones(x: Any) -> Any:
        """The number of set bits of a uint64; LLVM makes it one instruction. The product is meant to overflow."""
        x = x - ((x >> _ONE) & _M1)
        x = (x & _M2) + ((x >> _TWO) & _M2)
        x = (x + (x >> _FOUR)) & _M4
        return np.int64((x * _H1) >> _TOP)


@_inner
def _bit(bank: Any) -> Any:
    return _ONE << np.uint64(bank)


@_inner
def _rank_active(s: Any, t: Any) -> Any:
    return s.active != _ZERO or t < s.rank_refresh_end


@_inner
def _activate(s: Any, bank: Any, t: Any) -> None:
    if s.lpddr4:
        if not _rank_active(s, t):
            _open(s, ACTIVE, t)
    elif not s.interval_open[ACTIVE]:
        _open(s, ACTIVE, t)
    s.active |= _bit(bank)
    s.activated |= _bit(bank)
    _start_bank(s, bank, t)


@_inner
def _precharge(s: Any, bank: Any, t: Any) -> None:
    if s.active & _bit(bank):
        s.n_precharge += 1
        s.active &= ~_bit(bank)
        _close_bank(s, bank, t)
        s.latest_precharge = t
        if not _rank_active(s, t):
            _close(s, ACTIVE, t)


@_inner
def _close(s: Any, k: Any, t: Any) -> None:
    if s.interval_open[k]:
        s.interval_open[k] = 0
        s.interval_sum[k] += t - s.interval_start[k]


@_inner
def _open(s: Any, k: Any, t: Any) -> None:
    s.interval_open[k] = 1
    s.interval_start[k] = t


@_inner
def _start_bank(s: Any, bank: Any, t: Any) -> None:
    """Start the bank's interval; one that is open is restarted and what has elapsed of it is lost."""
    s.open |= _bit(bank)
    s.start[bank] = t
    if s.activated & _bit(bank):
        s.latest_start = t


@_inner
def _close_bank(s: Any, bank: Any, t: Any) -> None:
    if s.open & _bit(bank):
        s.open &= ~_bit(bank)
        s.end[bank] = t
        s.bank_active += t - s.start[bank]


@_inner
def _rank_command(s: Any, command: Any, bank: Any, t: Any) -> None:
    if command == _PREAB:
        for b in range(_U8(s.banks)):
            _precharge(s, b, t)
        return
    if command == _SREFEX:
        _close(s, SREF, t)
        return
    at, of = t, _ZERO
    if command in (_REFAB, _SREFEN):
        _refresh_all(s, t)
        at += s.t_rfc
        kind = _REFRESH_END
    elif command == _REFPB:
        at += s.t_rfcpb
        _refresh_bank(s, bank, t, at)
        kind, of = _REFRESH_BANK_END, bank
    else:
        at = max(t, _quiet_from(s))
        if command == _PDEA:
            kind = _ENTER_PDNA
        elif command == _PDXA:
            kind = _LEAVE_PDNA
        elif command == _PDEP:
            kind = _ENTER_PDNP
        else:
            kind = _LEAVE_PDNP
    _push(s, at, kind, of)
    if command == _SREFEN:
        _push(s, at, _ENTER_SREF, _ZERO)


@_inner
def _quiet_from(s: Any) -> Any:
    """The cycle from which no bank is in an activation, precharge or refresh already begun."""
    return max(s.latest_start + s.t_rcd, s.latest_precharge + s.t_rp, s.latest_refresh_end)


@_inner
def _refresh_all(s: Any, t: Any) -> None:
    end = t + s.t_rfc
    if not s.lpddr4:
        s.rank_refresh_end = end
        if not s.interval_open[ACTIVE]:
            _open(s, ACTIVE, t)
    for b in range(_U8(s.banks)):
        _refresh_bank(s, b, t, end)
    s.rank_refresh_end = end


@_inner
def _refresh_bank(s: Any, bank: Any, t: Any, end: Any) -> None:
    if s.lpddr4 and not _rank_active(s, t):
        _open(s, ACTIVE, t)
    s.active |= _bit(bank)
    s.latest_refresh_end = max(s.latest_refresh_end, end)
    if not s.open & _bit(bank):
        _start_bank(s, bank, t)


@_inner
def _end_refresh(s: Any, bank: Any, e: Any) -> None:
    s.active &= ~_bit(bank)
    _close_bank(s, bank, e)
    if not _rank_active(s, e):
        _close(s, ACTIVE, e)


@_inner
def _push(s: Any, e: Any, kind: Any, bank: Any) -> None:
    """Queue an event at *e*, behind those of the same time."""
    place = s.event_count
    if place == _SIZE:
        s.overflow = 1
        return
    while place > _ZERO:
        earlier = s.event[(s.event_head + place - _ONE) % _SIZE]
        if earlier >> _TIME_SHIFT <= e:
            break
        s.event[(s.event_head + place) % _SIZE] = earlier
        place -= _ONE
    s.event[(s.event_head + place) % _SIZE] = e << _TIME_SHIFT | kind << _KIND_SHIFT | np.int64(bank)
    s.event_count += _ONE


@_inner
def _next_event(s: Any) -> Any:
    """The cycle of the first event."""
    return s.event[s.event_head] >> _TIME_SHIFT if s.event_count > _ZERO else np.int64(_FOREVER)


@_inner
def _run_events(s: Any, t: Any) -> None:
    """Carry out, in order, the events up to and including cycle *t*."""
    while _next_event(s) <= t:
        event = s.event[s.event_head]
        e, kind = event >> _TIME_SHIFT, event >> _KIND_SHIFT & _KIND_MASK
        bank = np.uint64(event & _BANK_MASK)
        s.event_head = (s.event_head + _ONE) % _SIZE
        s.event_count -= _ONE
        if kind == _PRECHARGE:
            _precharge(s, bank, e)
        elif kind == _REFRESH_BANK_END:
            _end_refresh(s, bank, e)
        elif kind == _REFRESH_END:
            for b in range(_U8(s.banks)):
                _end_refresh(s, b, e)
        else:
            _change_power_down(s, kind, e)


@_inner
def _change_power_down(s: Any, kind: Any, e: Any) -> None:
    if kind == _ENTER_SREF:
        _open(s, SREF, e)
    elif kind == _ENTER_PDNA:
        _open(s, PDNA, e)
        _close(s, ACTIVE, e)
        _close_banks(s, e)
    elif kind == _ENTER_PDNP:
        if not s.lpddr4:
            _close_banks(s, e)
            _close(s, ACTIVE, e)
        _open(s, PDNP, e)
    elif kind == _LEAVE_PDNP:
        _close(s, PDNP, e)
        if not s.lpddr4:
            _reopen_flagged(s, e)
    else:
        _close(s, PDNA, e)
        if s.lpddr4:
            _reopen_interrupted(s, e)
        else:
            _reopen_flagged(s, e)
            if _rank_active(s, e):
                _open(s, ACTIVE, e)


@_inner
def _close_banks(s: Any, e: Any) -> None:
    if s.open != _ZERO:
        for b in range(_U8(s.banks)):
            _close_bank(s, b, e)


@_inner
def _reopen_flagged(s: Any, e: Any) -> None:
    if s.active != _ZERO:
        for b in range(_U8(s.banks)):
            if s.active & _bit(b):
                _start_bank(s, b, e)


@_inner
def _reopen_interrupted(s: Any, e: Any) -> None:
    """LPDDR4: the banks whose interval the power-down ended go on."""
    found = False
    for b in range(_U8(s.banks)):
        if s.activated & ~s.open & _bit(b) and s.end[b] == s.interval_start[PDNA]:
            _start_bank(s, b, e)
            found = True
    if found:
        _open(s, ACTIVE, e)
