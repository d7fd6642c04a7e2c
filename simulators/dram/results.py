"""What a run is reported as: counted columns (integers, exact) and the ones derived from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.part import Part

COMMAND_COLUMNS: Final = tuple(f"n_{command.name}" for command in Command)


def _latency_columns(suffix: str) -> tuple[str, ...]:
    """Sum, percentiles and largest; each for all requests, the reads and the writes."""
    return tuple(
        f"{kind}latency{suffix}_sum_ps" if figure == "sum" else f"{figure}_{kind}latency{suffix}_ps"
        for figure in ("sum", "p50", "p99", "max")
        for kind in ("", "read_", "write_")
    )


COUNTED: Final = (
    "requests",
    "reads",
    "writes",
    "total_time_ps",  # end of the simulation: the last answer, or the controller idle
    "last_response_ps",  # last BEGIN_RESP at the player
    "idle_time_ps",  # no request in the controller
    "controller_latency_sum_ps",  # request reaches the controller -> response leaves it
    "power_window_cycles",  # cycle of the last command, PhyDelayFw included
    "refused_requests",  # found the scheduler buffer full
    # High-water marks. If refused_requests is 0, every buffer of at least this size gives the same run.
    "buffer_high_water",  # Bankwise (of one bank) and Shared: requests, the entering one included
    "read_buffer_high_water",  # ReadWrite
    "write_buffer_high_water",
    "active_high_water",  # Fifo and Reorder arbiter; if below max_active_transactions, any limit from it on is the same
    "postponed_high_water",  # refreshes owed at a decision; any larger limit gives the same run
    "pulledin_high_water",  # refreshes done in advance; any larger limit gives the same run
    *COMMAND_COLUMNS,
    # Percentiles are the elements floor(p n) of the n sorted latencies; -1 where there is no request.
    *_latency_columns(""),  # request leaves the player -> response reaches it
    *_latency_columns("_from_arrival"),  # time stamp -> response reaches the player
)
"""Integer columns in the order in which the kernel writes them."""

DERIVED: Final = (
    "avg_latency_ns",
    "avg_read_latency_ns",
    "avg_write_latency_ns",
    "avg_latency_from_arrival_ns",
    "avg_read_latency_from_arrival_ns",
    "avg_write_latency_from_arrival_ns",
    "controller_avg_latency_ns",
    "avg_bandwidth_gb_s",
    "max_bandwidth_gb_s",
    "utilization",
    "utilization_noidle",
)
"""Float columns; averages over no request are NaN."""


@dataclass(frozen=True, slots=True, eq=False)
class BatchResult:
    """Columns of equal length, one row per design, in the order of the designs."""

    counted: NDArray[np.int64]
    """``(n, len(COUNTED))``."""
    derived: NDArray[np.float64]
    """``(n, len(DERIVED))``."""
    power: NDArray[Any] | None = None
    """``(n,)`` finished `power.POWER_STATE` counters for `energy.EnergyModel`, when they were asked for."""

    def __len__(self) -> int:
        return int(self.counted.shape[0])

    def __getitem__(self, column: str) -> NDArray[np.int64] | NDArray[np.float64]:
        """``(n,)`` one column by name."""
        if column in COUNTED:
            return self.counted[:, COUNTED.index(column)]
        if column in DERIVED:
            return self.derived[:, DERIVED.index(column)]
        raise KeyError(f"column {column!r}: known: {', '.join(COUNTED + DERIVED)}")


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """One run: a batch of one, and its command log when it was asked for."""

    batch: BatchResult
    log: NDArray[np.void] | None
    """``(m,)`` `STREAM_DTYPE`, commands and RESPONSE events in order of time."""

    def __getitem__(self, column: str) -> int | float:
        value: int | float = self.batch[column][0].item()
        return value


def derive(counted: NDArray[np.int64], part: Part) -> NDArray[np.float64]:
    """``(n, len(DERIVED))`` the float columns of counted rows."""

    def column(name: str) -> NDArray[np.float64]:
        return counted[:, COUNTED.index(name)].astype(np.float64)

    requests, total = column("requests"), column("total_time_ps")
    peak = part.data_rate / part.tCK_ps * part.bytes_per_column * 1000.0  # GB/s
    busy = requests * (part.burst_length / part.data_rate * part.tCK_ps)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = (
            *(
                column(f"{kind}latency{suffix}_sum_ps") / column(of) / 1000.0
                for suffix in ("", "_from_arrival")
                for kind, of in (("", "requests"), ("read_", "reads"), ("write_", "writes"))
            ),
            column("controller_latency_sum_ps") / requests / 1000.0,
            busy / total * peak,
            np.full(requests.shape, peak),
            busy / total,
            busy / (total - column("idle_time_ps")),
        )
    return np.stack(columns, axis=1)
