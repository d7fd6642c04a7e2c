"""The DRAM engine: a part and an address mapping, ready to simulate many controllers on prepared traces.

A run is a pure function of part, mapping, trace and design: batches may be split over threads and reordered
without changing a bit of any result.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram import kernel
from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.controller import ENCODED_KNOBS, ControllerConfig, check_encoded, encode
from archgym.simulators.dram.mapping import AddressMapping
from archgym.simulators.dram.part import Part
from archgym.simulators.dram.power import consume, finish, power_state
from archgym.simulators.dram.prepare import PreparedTrace, prepare_trace
from archgym.simulators.dram.results import COUNTED, BatchResult, RunResult, derive
from archgym.simulators.dram.stream import RESPONSE, STREAM_CAPACITY, STREAM_DTYPE
from archgym.simulators.dram.timing import TimingTable, timing_table
from archgym.simulators.dram.trace import Trace

CHUNK: Final = 16
"""Designs a thread takes at a time."""


class Workspace:
    """The mutable arrays of one running simulation; one per thread, reused from run to run."""

    def __init__(self, prepared: PreparedTrace) -> None:
        n = len(prepared)
        self.state = aligned_zeros(1, kernel.STATE_DTYPE)
        self.slots = np.zeros(n, kernel.SLOT_DTYPE)
        self.order = np.zeros(n, np.uint32)
        self.answers = np.zeros(n, np.int64)
        self.chain_head = np.zeros(prepared.first_of_chain.shape[0], np.uint32)
        self.waiting_in_row = np.zeros(prepared.first_of_chain.shape[0] // 2, np.int32)
        self.values = np.zeros(n, np.int64)
        self.subset = np.zeros(n + 1, np.int64)
        self.bins = np.zeros(2 * kernel.BINS, np.int32)
        self.answer_of = np.zeros(n, np.int64)
        self.due = np.zeros(n, np.int64)
        self.stream = np.zeros(STREAM_CAPACITY, STREAM_DTYPE)


class Engine:
    """Simulates one rank of *part* behind *mapping*; ValueError when the two do not fit."""

    def __init__(self, part: Part, mapping: AddressMapping, *, strict_jedec: bool = False) -> None:
        self.part = part
        self.mapping = mapping
        self.timing = timing_table(part, strict_jedec)
        self._table = kernel_table(part, self.timing)
        self._power = power_state(part)
        self._lock = Lock()
        self._spaces_of: PreparedTrace | None = None
        self._spaces: list[Workspace] = []

    def prepare(self, trace: Trace) -> PreparedTrace:
        """Decode *trace* once for all designs."""
        return prepare_trace(trace, self.mapping, self.part)

    def simulate(
        self, prepared: PreparedTrace, config: ControllerConfig, *, log: bool = False, power: bool = False
    ) -> RunResult:
        """Run one design; with *log*, keep every command and response; with *power*, count what energy depends on."""
        row = config.encoded()[np.newaxis]
        self._check(row)
        counted = np.empty((1, len(COUNTED)), np.int64)
        events: list[NDArray[np.void]] = []
        counters = self._power_counters(row) if power else None
        space = self._borrow(prepared)
        self._run(prepared, as_records(row), space, counted[0], events if log else None, counters)
        self._give_back(prepared, space)
        batch = BatchResult(counted, derive(counted, self.part), counters)
        return RunResult(batch, np.concatenate(events) if log else None)

    def simulate_batch(
        self,
        prepared: PreparedTrace,
        configs: Sequence[ControllerConfig] | NDArray[np.int64],
        *,
        threads: int = 1,
        power: bool = False,
    ) -> BatchResult:
        """Run many designs: a sequence of them, or an encoded matrix ``(n, len(ENCODED_KNOBS))``.

        Rows are in the order of *configs* and do not depend on *threads*. With *power*, the result has the counters
        that `energy.EnergyModel` turns into energy.
        """
        if threads < 1:
            raise ValueError(f"threads: expected at least 1, got {threads}")
        matrix = configs if isinstance(configs, np.ndarray) else encode(configs)
        self._check(matrix)
        records = as_records(matrix)
        counted = np.empty((matrix.shape[0], len(COUNTED)), np.int64)
        counters = self._power_counters(matrix) if power else None
        # Neighbours that share knobs keep the branch predictor warm.
        order = np.lexsort(matrix[:, _SORT_COLUMNS].T)

        def work(chunk: NDArray[np.int64]) -> None:
            space = self._borrow(prepared)
            for i in chunk:
                counter = None if counters is None else counters[i : i + 1]
                self._run(prepared, records[i : i + 1], space, counted[i], None, counter)
            self._give_back(prepared, space)

        chunks = [order[at : at + CHUNK] for at in range(0, order.shape[0], CHUNK)]
        if threads == 1:
            for chunk in chunks:
                work(chunk)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(work, chunks))
        return BatchResult(counted, derive(counted, self.part), counters)

    def _power_counters(self, matrix: NDArray[np.int64]) -> NDArray[Any]:
        """``(n,)`` fresh counters, one per design."""
        counters = np.repeat(self._power, matrix.shape[0])
        counters["delay"] = matrix[:, ENCODED_KNOBS.index("phy_delay_fw")]
        return counters

    def _borrow(self, prepared: PreparedTrace) -> Workspace:
        """A workspace for *prepared*: one that an earlier run left, or a new one (1 MB of fresh pages is not free)."""
        with self._lock:
            if self._spaces_of is prepared and self._spaces:
                return self._spaces.pop()
        return Workspace(prepared)

    def _give_back(self, prepared: PreparedTrace, space: Workspace) -> None:
        """Keep *space* for the next run on *prepared*; those of another trace are dropped."""
        with self._lock:
            if self._spaces_of is not prepared:
                self._spaces_of, self._spaces = prepared, []
            self._spaces.append(space)

    def _check(self, matrix: NDArray[np.int64]) -> None:
        check_encoded(matrix)
        per_bank = matrix[:, ENCODED_KNOBS.index("refresh_policy")] == kernel.PER_BANK
        if self.timing.refresh_interval_per_bank == 0 and per_bank.any():
            raise ValueError(
                f"refresh_policy PerBank: {self.part.standard} has no per-bank refresh; use AllBank or NoRefresh"
            )

    def _run(
        self,
        prepared: PreparedTrace,
        config: NDArray[Any],
        w: Workspace,
        row: NDArray[np.int64],
        events: list[NDArray[np.void]] | None,
        power: NDArray[Any] | None,
    ) -> None:
        """One run; the results go to *row*, the stream to *events* and to the counter *power* if given."""
        p = prepared
        relative, log = p.trace.relative, events is not None
        kernel.start(self._table, config, w.state, p.first_of_bank, p.first_of_chain, w.chain_head, w.waiting_in_row)
        status = kernel.STREAM_FULL
        while status == kernel.STREAM_FULL:
            status, n = kernel.run(
                self._table, config, w.state, p.requests, p.links, w.slots, w.order, w.answers, w.answer_of, w.due,
                w.chain_head, w.waiting_in_row, relative, w.stream, log,
            )  # fmt: skip
            if events is not None:
                events.append(w.stream[:n].copy())
            if power is not None:
                commands = w.stream[:n]
                if log:
                    commands = commands[commands["command"] != RESPONSE]
                consume(power, commands, commands.shape[0], p.bus_words)
        if status == kernel.STUCK:
            raise RuntimeError(f"the controller has nothing left to wait for, with requests unanswered: {config[0]}")
        kernel.collect(
            self._table, config, w.state, p.requests, w.slots, w.answer_of, w.due, p.trace.is_write, p.n_writes,
            relative, w.values, w.subset, w.bins, row,
        )  # fmt: skip
        if power is not None:
            finish(power)


def aligned_zeros(n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """``(n,)`` zeros that start on a cache line, so that no vector of the kernel straddles two."""
    raw = np.zeros(n * dtype.itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n * dtype.itemsize].view(dtype)


def as_records(matrix: NDArray[np.int64]) -> NDArray[Any]:
    """``(n,)`` `kernel.CONFIG_DTYPE`: the same memory as an encoded matrix ``(n, n_knobs)``, when contiguous."""
    return np.ascontiguousarray(matrix, np.int64).view(kernel.CONFIG_DTYPE)[:, 0]


_SORT_COLUMNS: Final = [
    ENCODED_KNOBS.index(name)
    for name in (
        "request_buffer_size",
        "max_active_transactions",
        "refresh_policy",
        "resp_queue",
        "arbiter",
        "scheduler_buffer",
        "page_policy",
        "scheduler",
    )
]


def kernel_table(part: Part, timing: TimingTable) -> NDArray[Any]:
    """``(1,)`` `kernel.TABLE_DTYPE`: the timing rules in the kernel's layout."""
    if part.ranks != 1:
        raise ValueError(f"part {part.name!r}: the engine simulates one rank, got {part.ranks}")
    if part.banks > kernel.MAX_BANKS or part.bank_groups > kernel.MAX_GROUPS:
        raise ValueError(
            f"part {part.name!r}: at most {kernel.MAX_BANKS} banks in {kernel.MAX_GROUPS} groups, "
            f"got {part.banks} in {part.bank_groups}"
        )
    tables = aligned_zeros(1, kernel.TABLE_DTYPE)
    t = tables[0]
    t.tck_ps, t.banks, t.faw = part.tCK_ps, part.banks, timing.faw
    t.read_end, t.write_end = timing.read_strobe_end, timing.write_strobe_end
    t.refresh_interval, t.refresh_interval_per_bank = timing.refresh_interval, timing.refresh_interval_per_bank
    t.has_groups = part.bank_groups > 1
    t.one_length = timing.command_length[0] if np.ptp(timing.command_length) == 0 else 0
    t.group_of[: part.banks] = np.arange(part.banks) // part.banks_per_group
    lanes = [lane for lane, name in enumerate(kernel.LANE_NAMES) if name]
    codes = [Command[kernel.LANE_NAMES[lane]] for lane in lanes]
    t.code[lanes] = codes
    t.length[lanes] = timing.command_length[codes]
    t.counts_for_faw[lanes] = timing.faw_commands[codes]
    for field, rules in ((t.bank, timing.bank), (t.group, timing.bank_group), (t.rank, timing.rank)):
        table = field.reshape(kernel.WIDTH, -1)  # a view
        for lane, code in zip(lanes, codes, strict=True):
            for to_lane, to_code in zip(lanes, codes, strict=True):
                if to_lane < table.shape[1]:
                    table[lane, to_lane] = rules[code, to_code]
    return tables
