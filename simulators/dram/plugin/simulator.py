"""The DRAM simulator as archgym sees it: designs in, metrics out, one engine for each part and address mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import ConfigError
from archgym.simulator import Evaluations, Metric, Status, Workload
from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.controller import ENCODED_KNOBS, ENUMS, RefreshPolicy
from archgym.simulators.dram.energy import Energy, EnergyModel
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping import check_addresses
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.plugin.encoding import GROUPS, HASH, ORDER, PART, SYSTEM, Encoder
from archgym.simulators.dram.plugin.metrics import METRICS
from archgym.simulators.dram.prepare import PreparedTrace
from archgym.simulators.dram.results import BatchResult
from archgym.simulators.dram.trace import Trace
from archgym.space import DesignBatch, DesignSpace

NAME = "dram"
VERSION = "1"
"""Part of every sample. Raise it whenever any result changes."""

_REFRESH = ENCODED_KNOBS.index("refresh_policy")
_NO_REFRESH = list(ENUMS["refresh_policy"]).index(RefreshPolicy.NO_REFRESH)


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """One part behind one address mapping, with the trace decoded for it."""

    engine: Engine
    prepared: PreparedTrace
    energy: EnergyModel


@dataclass(frozen=True, slots=True, eq=False)
class DramSimulator:
    """Simulates memory controllers on one trace. *threads* never changes a result."""

    workload: Workload
    space: DesignSpace
    trace: Trace
    encoder: Encoder
    part: str
    mapping: str
    strict_jedec: bool = False
    threads: int = 1
    name: str = NAME
    version: str = VERSION
    metrics: tuple[Metric, ...] = METRICS
    _systems: dict[tuple[str, str], System] = field(default_factory=dict, repr=False)

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Simulate every design; rows that share part and mapping run together. Those whose part is too small for
        the trace are infeasible."""
        matrix = self.encoder.encode(designs)
        values = np.full((len(designs), len(METRICS)), np.nan)
        status = np.zeros(len(designs), np.uint8)
        messages: dict[int, str] = {}
        for (part, mapping), rows in self._groups(designs):
            try:
                system = self.system(part, mapping)
            except ConfigError as reason:
                status[rows] = Status.INFEASIBLE
                messages |= dict.fromkeys(rows.tolist(), str(reason))
                continue
            knobs = matrix[rows]
            result = system.engine.simulate_batch(system.prepared, knobs, threads=self.threads, power=True)
            values[rows] = metric_values(result, system.energy, knobs)
        return Evaluations(values, status, messages)

    def default_system(self) -> System:
        """The default design's; `ConfigError` when its part and mapping do not exist or do not fit the trace."""
        [(names, _)] = self._groups(self.space.from_designs([self.space.default]))
        return self.system(*names)

    def system(self, part: str, mapping: str) -> System:
        """The engine for a part and a mapping by name; built once. `ConfigError` when they do not fit the trace."""
        key = (part, mapping)
        if key not in self._systems:
            try:
                loaded = load_part(part)
                engine = Engine(loaded, load_mapping(mapping, loaded), strict_jedec=self.strict_jedec)
                check_addresses(engine.mapping, self.trace.address)
                self._systems[key] = System(engine, engine.prepare(self.trace), EnergyModel.of(loaded))
            except ValueError as error:
                reason = " ".join(str(error).split())  # a YAML error has several lines
                raise ConfigError(f"simulator 'dram' on {self.trace.name!r}: {reason}") from None
        return self._systems[key]

    def _groups(self, designs: DesignBatch) -> list[tuple[tuple[str, str], NDArray[np.intp]]]:
        """Part and mapping of each group of rows, and the rows."""
        searched = [name for name in SYSTEM if name in self.space.names]
        if not searched:
            return [((self.part, self.mapping), np.arange(len(designs)))]
        columns = [self.space.names.index(name) for name in searched]
        keys, group_of = np.unique(designs.codes[:, columns], axis=0, return_inverse=True)
        groups = []
        for i, key in enumerate(keys):
            chosen = {
                name: self.space.parameters[column].values[int(code)]
                for name, column, code in zip(searched, columns, key, strict=True)
            }
            groups.append((_system_names(chosen, self.part), np.flatnonzero(group_of.ravel() == i)))
        return groups

    def __getstate__(self) -> dict[str, Any]:
        """Engines are built again where the simulator is unpickled."""
        names = ("workload", "space", "trace", "encoder", "part", "mapping", "strict_jedec", "threads")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        fresh = DramSimulator(**state)
        for name in self.__slots__:
            object.__setattr__(self, name, getattr(fresh, name))


def _system_names(chosen: Mapping[str, Any], part: str) -> tuple[str, str]:
    low_group = ":low-group" if chosen.get(GROUPS) == "on" else ""
    hashed = ":xor" if chosen.get(HASH) == "xor" else ""
    return chosen.get(PART, part), chosen[ORDER] + low_group + hashed


def metric_values(result: BatchResult, model: EnergyModel, knobs: NDArray[np.int64]) -> NDArray[np.float64]:
    """``(n, len(METRICS))`` in the order of `METRICS`."""
    if result.power is None:
        raise RuntimeError("the engine was asked for power counters and returned none")
    columns = {**_times(result), **_energies(model.energy(result.power))}
    columns |= {f"commands_{command.name.lower()}": result[f"n_{command.name}"] for command in Command}
    columns["retains_data"] = knobs[:, _REFRESH] != _NO_REFRESH
    return np.column_stack([columns[metric.name] for metric in METRICS]).astype(np.float64, copy=False)


def _times(result: BatchResult) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {
        "time_total": result["total_time_ps"] / 1000,
        "service_latency_avg": result["avg_latency_ns"],
        "bandwidth": result["avg_bandwidth_gb_s"],
        "utilization": result["utilization"],
        "utilization_busy": result["utilization_noidle"],
    }
    for prefix, kind in (("", ""), ("read_", "read_"), ("write_", "write_")):
        found[f"{prefix}latency_avg"] = result[f"avg_{kind}latency_from_arrival_ns"]
        for quantile in ("p50", "p99", "max"):
            picoseconds = result[f"{quantile}_{kind}latency_from_arrival_ps"]
            found[f"{prefix}latency_{quantile}"] = np.where(picoseconds < 0, np.nan, picoseconds / 1000)
    return found


def _energies(energy: Energy) -> dict[str, NDArray[Any]]:
    valid = np.asarray(energy.valid, bool)
    return {
        "energy_total": np.where(valid, energy.total, np.nan),
        "power_avg": np.where(valid, energy.average_power, np.nan),
        "energy_act": energy.act,
        "energy_pre": energy.pre,
        "energy_read": energy.read,
        "energy_write": energy.write,
        "energy_refresh": energy.refresh,
        "energy_background_active": energy.background_active_bank + energy.background_active_shared,
        "energy_background_precharged": np.where(valid, energy.background_precharged, np.nan),
        "energy_power_down": energy.active_power_down + energy.precharge_power_down,
        "energy_self_refresh": energy.self_refresh,
        "energy_interface": energy.interface,
        "energy_valid": valid,
    }
