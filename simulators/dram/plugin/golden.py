"""Read files of reference results: which runs a row stands for, and which of its columns we must reproduce.

Four layouts are told apart by their header: rows of DRAMSys 5.5 (``dev.csv``), rows of the DRAMSys 4.0 that the
original ArchGym ships (``archgym_ddr3.csv``), both on the same runs (``v5_vs_v4.csv``), and logs of every command
(``command_logs.csv`` with the cases in the ``.json`` beside it). A file may be compressed (``.csv.gz``).
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archgym.conformance import Printed
from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.controller import DRAMSYS_NAMES, ControllerConfig, Model

Event = tuple[int, str, str, int]
"""Time in ps, command or ``RESP``, bank (``0`` for the rank, empty for RESP), request from 1 (0: none)."""

_EXACT, _CLOSE = 0.0, 1e-6
_TIMES = ("total_time_ns", "last_response_ns")
_LATENCIES = (
    "avg_latency_ns",
    "avg_latency_from_arrival_ns",
    "avg_read_latency_ns",
    "avg_write_latency_ns",
    "p50_latency_ns",
    "p99_latency_ns",
    "max_latency_ns",
    "ctrl_avg_latency_ns",
)
_ENERGIES = ("energy_total_J", "energy_core_J", "energy_interface_J")
_BACKGROUND = ("E_bg_act_bank_J", "E_bg_act_shared_J", "E_bg_pre_J", "E_pdna_J", "E_pdnp_J", "E_sref_J")
_COMPONENTS = ("E_act_J", "E_pre_J", "E_rd_J", "E_wr_J", "E_ref_J", *_BACKGROUND)
_DRAMSYS5 = (
    *(Printed(name, "ns", 8, _EXACT) for name in _TIMES),
    *(Printed(name, "ns", 8, _CLOSE) for name in _LATENCIES),
    Printed("avg_bandwidth_GBs", "GB/s", 8, _CLOSE),
    Printed("utilization", "1", 8, _CLOSE),
    Printed("utilization_noidle", "1", 8, _CLOSE),
    *(Printed(name, "J", 8, _CLOSE) for name in (*_ENERGIES, *_COMPONENTS)),
    Printed("avg_power_W", "W", 8, _CLOSE),
    Printed("power_window_cycles", "tCK", 0, _EXACT, fixed=True),
    Printed("energy_valid", "1", 0, _EXACT, fixed=True),
    *(Printed(f"n_{command.name}", "commands", 0, _EXACT, fixed=True) for command in Command),
)
_DRAMSYS4 = (
    Printed("latency_ns", "ns", 2, _EXACT, fixed=True),
    Printed("energy_pJ", "pJ", 2, _CLOSE, fixed=True),
    Printed("power_mW", "mW", 2, _EXACT, fixed=True),
)
_LOGS = (
    Printed("events", "events", 0, _EXACT, fixed=True),
    Printed("total_time_ns", "ns", 12, _EXACT),
    Printed("avg_latency_ns", "ns", 12, _CLOSE),
    Printed("energy_core_J", "J", 11, _CLOSE),
)
_ARCHGYM_PART, _ARCHGYM_MAPPING = "ddr3_1600", "archgym"
_ARCHGYM_KNOBS = (
    "PagePolicy",
    "Scheduler",
    "SchedulerBuffer",
    "RequestBufferSize",
    "RespQueue",
    "RefreshPolicy",
    "RefreshMaxPostponed",
    "RefreshMaxPulledin",
    "Arbiter",
    "MaxActiveTransactions",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One simulation that a row asks for."""

    row: str
    part: str
    mapping: str
    trace: str
    """The trace file's name in the folder of traces."""
    first: int | None
    """Only so many requests of the trace, if given."""
    config: ControllerConfig
    expected: Mapping[str, str]
    """What the reference printed, by the name of *our* quantity."""
    columns: Mapping[str, Printed]
    """How each of `expected` is reported and judged."""
    events: Sequence[Event] | None = None
    """The expected command log, if there is one."""


@dataclass(frozen=True, slots=True)
class Golden:
    """A file of reference results."""

    path: Path
    columns: tuple[Printed, ...]
    """In the order of the report."""
    traces: str
    """The folder of traces beside the file."""
    runs: tuple[Run, ...]
    inputs: Mapping[str, Mapping[str, str]]
    """By row: its columns that are not results."""
    notes: tuple[str, ...]

    @property
    def rows(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(run.row for run in self.runs))


def read_golden(path: str | Path, rows: Sequence[str] | None = None) -> Golden:
    """The file *path*, or only its *rows*; ValueError for an unknown layout, column, row or knob value."""
    path = Path(path)
    header, table = _read_csv(path)
    for signature, reader in (
        ({"memspec", "addr_map", "total_time_ns"}, _read_dramsys5),
        ({"design_id", "energy_pJ"}, _read_dramsys4),
        ({"head_td1_ns"}, _read_versions),
        ({"case", "event"}, _read_logs),
    ):
        if signature <= header:
            golden = reader(path, header, table)
            _check_numbers(golden)
            return golden if rows is None else _select(golden, rows)
    raise ValueError(f"{path}: no known layout of reference results; columns: {', '.join(sorted(header))}")


def _read_csv(path: Path) -> tuple[set[str], list[dict[str, str]]]:
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            table = list(reader)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read ({error})") from None
    if not table:
        raise ValueError(f"{path}: no rows")
    for line, row in enumerate(table, 2):
        if None in row or None in row.values():
            raise ValueError(f"{path}: line {line}: expected {len(reader.fieldnames or ())} columns")
    return set(reader.fieldnames or ()), table


def _need(path: Path, header: set[str], names: Sequence[str]) -> None:
    missing = [name for name in names if name not in header]
    if missing:
        raise ValueError(f"{path}: missing columns: {', '.join(missing)}")


def _check_numbers(golden: Golden) -> None:
    for run in golden.runs:
        for name, printed in run.expected.items():
            try:
                float(printed)
            except ValueError:
                column = run.columns[name].name
                raise ValueError(
                    f"{golden.path}: row {run.row}: {column}: expected a number, got {printed!r}"
                ) from None


def _select(golden: Golden, rows: Sequence[str]) -> Golden:
    unknown = [row for row in rows if row not in set(golden.rows)]
    if unknown:
        raise ValueError(
            f"{golden.path}: no row {unknown[0]!r}; rows are named {golden.rows[0]!r} to {golden.rows[-1]!r}"
        )
    runs = tuple(run for run in golden.runs if run.row in set(rows))
    return Golden(golden.path, golden.columns, golden.traces, runs, golden.inputs, ())


def _config(path: Path, row: str, knobs: Mapping[str, str], model: Model) -> ControllerConfig:
    try:
        return ControllerConfig.from_dramsys(knobs, model)
    except ValueError as error:
        raise ValueError(f"{path}: row {row}: {error}") from None


def _read_dramsys5(path: Path, header: set[str], table: list[dict[str, str]]) -> Golden:
    results = {column.name: column for column in _DRAMSYS5}
    _need(path, header, ["row", "trace", *DRAMSYS_NAMES, *results])
    runs = []
    for row in table:
        config = _config(path, row["row"], {name: row[name] for name in DRAMSYS_NAMES}, "dramsys-5.5")
        expected = {name: row[name] for name in results if row[name] != ""}
        trace = f"{row['trace']}.csv"
        runs.append(Run(row["row"], row["memspec"], row["addr_map"], trace, None, config, expected, results))
    invalid = [row["row"] for row in table if row["energy_valid"] == "0"]
    notes = []
    if invalid:
        notes.append(
            f"{len(invalid)} rows have energy_valid = 0: DRAMPower 6.0.1 underflows there (power-down), and the "
            f"reference leaves standby, core and total energy and power blank: {', '.join(invalid)}"
        )
    hanging = [row["row"] for row in table if row.get("head_hangs") == "1"]
    if hanging:
        notes.append(
            f"{len(hanging)} rows have head_hangs = 1: DRAMSys 5.5 as released never ends there (a refresh due just "
            f"after power-down entry); they come from a build with that corrected: {', '.join(hanging)}"
        )
    inputs = {row["row"]: {k: v for k, v in row.items() if k not in results} for row in table}
    return Golden(path, _DRAMSYS5, "traces", tuple(runs), inputs, tuple(notes))


def _archgym_run(row: str, trace: str, config: ControllerConfig, columns: dict[str, tuple[str, Printed]]) -> Run:
    expected = {ours: printed for ours, (printed, _) in columns.items()}
    how = {ours: column for ours, (_, column) in columns.items()}
    return Run(row, _ARCHGYM_PART, _ARCHGYM_MAPPING, trace, None, config, expected, how)


def _read_dramsys4(path: Path, header: set[str], table: list[dict[str, str]]) -> Golden:
    _need(path, header, ["trace", *_ARCHGYM_KNOBS, *(column.name for column in _DRAMSYS4)])
    ours = dict(zip(("total_time_ns", "energy_total_pJ", "avg_power_mW"), _DRAMSYS4, strict=True))
    runs, inputs = [], {}
    for row in table:
        name = f"{row['trace']}:{row['design_id']}"
        config = _config(path, name, {knob: row[knob] for knob in _ARCHGYM_KNOBS}, "dramsys-4.0")
        columns = {key: (row[column.name], column) for key, column in ours.items()}
        runs.append(_archgym_run(name, row["trace"], config, columns))
        inputs[name] = {knob: row[knob] for knob in ("trace", "design_id", *_ARCHGYM_KNOBS)}
    return Golden(path, _DRAMSYS4, "archgym_traces", tuple(runs), inputs, ())


def _read_versions(path: Path, header: set[str], table: list[dict[str, str]]) -> Golden:
    """Three runs a row: DRAMSys 4.0, and 5.5 with ThinkDelayFw 1 and 0."""
    old, td1, td0 = (Printed(n, "ns", 2, _EXACT, fixed=True) for n in ("v4_ns", "head_td1_ns", "head_td0_ns"))
    latency = Printed("head_avg_latency_ns", "ns", 10, _CLOSE)
    columns = (old, td1, td0, latency)
    _need(path, header, ["trace", "design_id", *_ARCHGYM_KNOBS, *(column.name for column in columns)])
    runs, inputs = [], {}
    for row in table:
        name = f"{row['trace']}:{row['design_id']}"
        knobs = {knob: row[knob] for knob in _ARCHGYM_KNOBS}
        config = _config(path, name, knobs, "dramsys-4.0")
        runs.append(_archgym_run(name, row["trace"], config, {"total_time_ns": (row["v4_ns"], old)}))
        # These runs set both counters of a ReadWrite buffer to RequestBufferSize, as 4.0 does by itself.
        size = row["RequestBufferSize"]
        knobs |= {"RequestBufferSizeRead": size, "RequestBufferSizeWrite": size}
        config = _config(path, name, knobs | {"ThinkDelayFw": "1"}, "dramsys-5.5")
        both = {
            "total_time_ns": (row["head_td1_ns"], td1),
            "avg_latency_ns": (row["head_avg_latency_ns"], latency),
        }
        runs.append(_archgym_run(name, row["trace"], config, both))
        config = _config(path, name, knobs | {"ThinkDelayFw": "0"}, "dramsys-5.5")
        runs.append(_archgym_run(name, row["trace"], config, {"total_time_ns": (row["head_td0_ns"], td0)}))
        inputs[name] = {knob: row[knob] for knob in ("trace", "design_id", *_ARCHGYM_KNOBS)}
    return Golden(path, columns, "archgym_traces", tuple(runs), inputs, ())


def _read_logs(path: Path, header: set[str], table: list[dict[str, str]]) -> Golden:
    _need(path, header, ["case", "time_ps", "event", "bank", "request"])
    plain = path.with_suffix("") if path.suffix == ".gz" else path
    cases = _read_cases(plain.with_suffix(".json"))
    events: dict[str, list[Event]] = {}
    for row in table:
        event = (int(row["time_ps"]), row["event"], row["bank"], int(row["request"]))
        events.setdefault(row["case"], []).append(event)
    columns = {column.name: column for column in _LOGS}
    runs, inputs = [], {}
    for case in cases:
        name = case["case"]
        if name not in events:
            raise ValueError(f"{path}: no events of case {name!r}, which the .json beside it names")
        config = _config(path, name, case["config"], "dramsys-5.5")
        expected = {key: repr(case[key]) for key in columns}
        run = Run(
            name, case["memspec"], case["addr_map"], f"{case['trace']}.csv", case["first_n_requests"],
            config, expected, columns, events[name],
        )  # fmt: skip
        runs.append(run)
        first = str(case["first_n_requests"])
        setup = {"trace": case["trace"], "first_n_requests": first, "memspec": case["memspec"]}
        inputs[name] = setup | {key: str(value) for key, value in case["config"].items()}
    return Golden(path, _LOGS, "traces", tuple(runs), inputs, ())


def _read_cases(path: Path) -> list[dict[str, Any]]:
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); it describes the cases") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not a JSON file: {error}") from None
    needed = {"case", "trace", "first_n_requests", "memspec", "addr_map", "config"}
    for case in cases:
        missing = (needed | {column.name for column in _LOGS}) - case.keys()
        if missing:
            raise ValueError(f"{path}: case {case.get('case')!r}: missing {', '.join(sorted(missing))}")
    return list(cases)
