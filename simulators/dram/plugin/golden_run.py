"""Simulate the runs that reference rows ask for, and pair each printed value with ours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.conformance import Pair
from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.energy import Energy, EnergyModel
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping import check_addresses
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.plugin.golden import Event, Run
from archgym.simulators.dram.prepare import PreparedTrace
from archgym.simulators.dram.results import BatchResult
from archgym.simulators.dram.stream import RESPONSE
from archgym.simulators.dram.trace import Trace
from archgym.simulators.dram.workloads.readers import read_trace

ARCHGYM_CLOCK_MHZ = 800
"""The clock of ArchGym's ``.stl`` traces."""

_SAME_NAME = {
    "avg_latency_ns": "avg_latency_ns",
    "avg_latency_from_arrival_ns": "avg_latency_from_arrival_ns",
    "avg_read_latency_ns": "avg_read_latency_ns",
    "avg_write_latency_ns": "avg_write_latency_ns",
    "ctrl_avg_latency_ns": "controller_avg_latency_ns",
    "avg_bandwidth_GBs": "avg_bandwidth_gb_s",
    "utilization": "utilization",
    "utilization_noidle": "utilization_noidle",
}
_PICOSECONDS = {
    "total_time_ns": "total_time_ps",
    "last_response_ns": "last_response_ps",
    "p50_latency_ns": "p50_latency_ps",
    "p99_latency_ns": "p99_latency_ps",
    "max_latency_ns": "max_latency_ps",
}
_ENERGIES = {
    "energy_total_J": "total",
    "energy_core_J": "core",
    "energy_interface_J": "interface",
    "E_act_J": "act",
    "E_pre_J": "pre",
    "E_bg_act_bank_J": "background_active_bank",
    "E_bg_act_shared_J": "background_active_shared",
    "E_bg_pre_J": "background_precharged",
    "E_rd_J": "read",
    "E_wr_J": "write",
    "E_ref_J": "refresh",
    "E_pdna_J": "active_power_down",
    "E_pdnp_J": "precharge_power_down",
    "E_sref_J": "self_refresh",
    "avg_power_W": "average_power",
    "power_window_cycles": "window_cycles",
    "energy_valid": "valid",
}


def compare_runs(golden: Path, folder: Path, runs: Sequence[Run]) -> list[tuple[str, Pair]]:
    """The compared values of runs that share part, mapping and trace, by reported name.

    *golden* names the file in errors, *folder* holds the traces.
    """
    first = runs[0]
    try:
        part = load_part(first.part)
        engine = Engine(part, load_mapping(first.mapping, part))
        trace = _trace(folder / first.trace, first.first, part.bytes_per_burst)
        check_addresses(engine.mapping, trace.address)
    except ValueError as error:
        raise ValueError(f"{golden}: row {first.row}: {error}") from None
    prepared = engine.prepare(trace)
    try:
        batch = engine.simulate_batch(prepared, [run.config for run in runs], power=True)
    except ValueError as error:
        raise ValueError(f"{golden}: one of rows {', '.join(run.row for run in runs)}: {error}") from None
    if batch.power is None:
        raise RuntimeError("the engine was asked for power counters and returned none")
    ours = _outcome(batch, EnergyModel.of(part).energy(batch.power))
    found = []
    for at, run in enumerate(runs):
        for name, printed in run.expected.items():
            value = float(ours[name][at]) if name != "events" else _equal_events(engine, prepared, run)
            found.append((run.columns[name].name, Pair(run.row, printed, value)))
    return found


def _outcome(batch: BatchResult, energy: Energy) -> dict[str, NDArray[Any]]:
    """Our values, ``(n,)`` each, by the names that the files use."""
    ours: dict[str, NDArray[Any]] = {name: batch[column] for name, column in _SAME_NAME.items()}
    ours |= {name: batch[column] / 1000 for name, column in _PICOSECONDS.items()}
    ours |= {name: getattr(energy, field) for name, field in _ENERGIES.items()}
    ours |= {f"n_{command.name}": batch[f"n_{command.name}"] for command in Command}
    ours["energy_total_pJ"] = energy.total * 1e12
    ours["avg_power_mW"] = energy.average_power * 1e3
    return ours


def _equal_events(engine: Engine, prepared: PreparedTrace, run: Run) -> int:
    """How many events, from the first on, are the expected ones; one too many when ours go on after the last.

    Order within an instant does not count: an answer and a command of the same time are independent.
    """
    log = engine.simulate(prepared, run.config, log=True).log
    if log is None:
        raise RuntimeError("the engine was asked for a log and returned none")
    ours = sorted(_event(record, engine.part.tCK_ps) for record in log)
    theirs = sorted(run.events or ())
    equal = next((i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), None)
    if equal is not None:
        return equal
    return len(ours) if len(ours) <= len(theirs) else len(theirs) + 1


def _event(record: Any, clock_ps: int) -> Event:
    response = int(record["command"]) == RESPONSE
    name = "RESP" if response else Command(int(record["command"])).name
    bank = "" if response else str(max(int(record["bank"]), 0))  # the file gives commands of the rank bank 0
    return int(record["cycle"]) * clock_ps, name, bank, int(record["request"]) + 1


@lru_cache(maxsize=32)
def _trace(path: Path, first: int | None, burst_bytes: int) -> Trace:
    """The requests of 64 bytes as bursts of *burst_bytes*: a smaller burst halves the address (LPDDR4: 32)."""
    clock_mhz = ARCHGYM_CLOCK_MHZ if path.suffix == ".stl" else None
    packed = path.with_name(path.name + ".gz")
    file = next((candidate for candidate in (path, packed) if candidate.is_file()), None)
    if file is None:
        raise ValueError(f"trace {path.name!r}: no such file in {path.parent}")
    trace = read_trace(file, clock_mhz=clock_mhz)
    scale = np.uint64(64 // burst_bytes)
    n = len(trace) if first is None else first
    return Trace(trace.name, trace.time_ps[:n], trace.is_write[:n], trace.address[:n] // scale, trace.relative)
