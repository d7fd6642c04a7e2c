"""What every design shares about a trace: decoded addresses, arrival cycles, and links between its requests.

The controller asks, for every request it serves, which request of the same row or bank comes next. Those answers
depend on the trace only, so they are worked out once here and the kernel just follows links.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.command_bus import request_words
from archgym.simulators.dram.kernel import LINK_DTYPE, NO_REQUEST, REQUEST_DTYPE
from archgym.simulators.dram.mapping import AddressMapping
from archgym.simulators.dram.part import Part
from archgym.simulators.dram.trace import Trace


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTrace:
    """A trace decoded for one address mapping and clock. The arrays are read-only."""

    trace: Trace
    requests: NDArray[np.void]
    """``(n,)`` `REQUEST_DTYPE`: what the kernel reads for every request."""
    links: NDArray[np.void]
    """``(n,)`` `LINK_DTYPE`: what it reads besides with schedulers that tell reads from writes."""
    first_of_bank: NDArray[np.uint32]
    """``(3, banks)`` first request of each bank: any, read, write."""
    first_of_chain: NDArray[np.uint32]
    """``(2 * n_rows_touched,)`` first read and first write of each (bank, row) that the trace touches."""
    bank: NDArray[np.int32]
    """``(n,)`` unique bank number, and below: bank group, row, column."""
    bank_group: NDArray[np.int32]
    row: NDArray[np.int32]
    column: NDArray[np.int32]
    n_writes: int
    bus_words: NDArray[np.uint32]
    """``(n, 2)`` what each request puts on the command bus; see `command_bus.request_words`."""

    def __len__(self) -> int:
        return int(self.requests.shape[0])


def prepare_trace(trace: Trace, mapping: AddressMapping, part: Part) -> PreparedTrace:
    """Decode *trace* for *part*. Raises ValueError for an empty trace and for stamps that are negative or go back."""
    _check_stamps(trace)
    tCK_ps, banks = part.tCK_ps, part.banks
    bank, group, row, column = mapping.decode(trace.address)
    write = trace.is_write.astype(np.int64)
    _, row_class = np.unique(bank.astype(np.int64) << 32 | row, return_inverse=True)
    chain = row_class * 2 + write
    requests = np.zeros(len(trace), REQUEST_DTYPE)
    arrival = -(-trace.time_ps // tCK_ps)
    requests["arrival"] = arrival
    requests["lead"] = arrival * tCK_ps - trace.time_ps
    requests["next_in_bank"] = _next_equal(bank)
    requests["next_in_row"] = _next_equal(row_class)
    requests["row_class"] = row_class
    requests["bank"] = bank
    requests["write"] = write
    links = np.zeros(len(trace), LINK_DTYPE)
    links["next_in_chain"] = _next_equal(chain)
    links["next_in_bank_direction"] = _next_equal(bank * 2 + write)
    links["previous_same_address"] = _previous_equal(trace.address)
    first_of_bank = np.full((3, banks), NO_REQUEST, np.uint32)
    first_of_bank[0] = _first_of(bank, banks)
    first_of_bank[1:] = _first_of(bank * 2 + write, 2 * banks).reshape(banks, 2).T
    prepared = PreparedTrace(
        trace=trace,
        requests=requests,
        links=links,
        first_of_bank=first_of_bank,
        first_of_chain=_first_of(chain, 2 * (int(row_class.max()) + 1)),
        bank=bank,
        bank_group=group,
        row=row,
        column=column,
        n_writes=int(write.sum()),
        bus_words=request_words(part, bank, row, column, trace.is_write),
    )
    for array in (requests, links, first_of_bank, prepared.first_of_chain, bank, group, row, column):
        array.setflags(write=False)
    return prepared


def _check_stamps(trace: Trace) -> None:
    if len(trace) == 0:
        raise ValueError(f"trace {trace.name!r} has no requests: there is nothing to simulate")
    steps = trace.time_ps if trace.relative else np.diff(trace.time_ps, prepend=0)
    if int(steps.min()) < 0:
        at = int(np.argmin(steps))
        raise ValueError(
            f"trace {trace.name!r}: time stamps must not be negative or go back, request {at + 1} has "
            f"{int(trace.time_ps[at])} ps"
        )


def _next_equal(key: NDArray[np.int32] | NDArray[np.int64] | NDArray[np.uint64]) -> NDArray[np.uint32]:
    """``(n,)`` index of the next element with an equal key, or NO_REQUEST."""
    order = np.argsort(key, kind="stable")
    follows = key[order[1:]] == key[order[:-1]]
    result = np.full(key.shape[0], NO_REQUEST, np.uint32)
    result[order[:-1][follows]] = order[1:][follows]
    return result


def _previous_equal(key: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """``(n,)`` index of the last earlier element with an equal key, or NO_REQUEST."""
    following = _next_equal(key)
    result = np.full(key.shape[0], NO_REQUEST, np.uint32)
    has_next = following != NO_REQUEST
    result[following[has_next]] = np.flatnonzero(has_next)
    return result


def _first_of(key: NDArray[np.int32] | NDArray[np.int64], size: int) -> NDArray[np.uint32]:
    """``(size,)`` index of the first element with each key, or NO_REQUEST."""
    result = np.full(size, NO_REQUEST, np.uint32)
    values, first = np.unique(key, return_index=True)
    result[values] = first
    return result
