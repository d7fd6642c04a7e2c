"""Metrics are what one gets from the engine and the energy model by hand, in units, whatever the batch."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.registry import make_simulator
from archgym.simulator import Simulator, Status
from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.controller import MODELS, ControllerConfig, RefreshPolicy
from archgym.simulators.dram.energy import EnergyModel
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.plugin.encoding import SYSTEM
from archgym.simulators.dram.plugin.metrics import METRICS
from archgym.simulators.dram.workloads.registry import load_workload
from archgym.space import DesignBatch

WORKLOAD = "random:n=250,interval_ns=6"
"""Reads and writes, at a rate that fills the buffers."""
SETTINGS: list[dict[str, Any]] = [
    {"space": "archgym", "part": "ddr4_2400", "mapping": "brc"},
    {"space": "archgym-fine", "part": "ddr4_3200", "mapping": "rbcx", "strict_jedec": True},
    {"space": "archgym-coarse", "part": "lpddr4_3200", "mapping": "row-column-bank:xor"},
    {"space": "archgym", "part": "ddr3_1600", "mapping": "archgym", "controller": "dramsys-4.0"},
    {"space": "platform"},
]


def label(setting: Mapping[str, Any]) -> str:
    return "-".join(str(value) for value in setting.values())


def directly(simulator: Simulator, design: Mapping[str, Any], setting: Mapping[str, Any]) -> dict[str, float]:
    """The metrics of one design, from the engine's counted picoseconds and the energy model's joules."""
    part = load_part(design.get("Part", setting.get("part")))
    mapping = setting.get("mapping", "")
    if "AddressOrder" in design:
        low_group = ":low-group" if design["GroupInterleave"] == "on" else ""
        mapping = design["AddressOrder"] + low_group + (":xor" if design["BankHash"] == "xor" else "")
    knobs = {name: value for name, value in design.items() if name not in SYSTEM}
    for name in ("RequestBufferSizeRead", "RequestBufferSizeWrite"):
        knobs.setdefault(name, design["RequestBufferSize"])
    model = next(model for model in MODELS if model == setting.get("controller", "dramsys-5.5"))
    config = ControllerConfig.from_dramsys(knobs, model)
    engine = Engine(part, load_mapping(mapping, part), strict_jedec=setting.get("strict_jedec", False))
    run = engine.simulate(engine.prepare(load_workload(WORKLOAD)), config, power=True)
    assert run.batch.power is not None
    energy = EnergyModel.of(part).energy(run.batch.power)
    total_ps, requests, peak_bytes = run["total_time_ps"], run["requests"], part.bytes_per_burst
    burst_ps = part.burst_length / part.data_rate * part.tCK_ps
    expected = {
        "time_total": total_ps / 1000,
        "service_latency_avg": run["latency_sum_ps"] / requests / 1000,
        "bandwidth": requests * peak_bytes / (total_ps * 1e-12) / 1e9,
        "utilization": requests * burst_ps / total_ps,
        "utilization_busy": requests * burst_ps / (total_ps - run["idle_time_ps"]),
        "energy_total": energy.total[0] if energy.valid[0] else np.nan,
        "power_avg": energy.total[0] / energy.window_seconds[0] if energy.valid[0] else np.nan,
        "energy_act": energy.act[0],
        "energy_pre": energy.pre[0],
        "energy_read": energy.read[0],
        "energy_write": energy.write[0],
        "energy_refresh": energy.refresh[0],
        "energy_background_active": energy.background_active_bank[0] + energy.background_active_shared[0],
        "energy_background_precharged": energy.background_precharged[0] if energy.valid[0] else np.nan,
        "energy_power_down": energy.active_power_down[0] + energy.precharge_power_down[0],
        "energy_self_refresh": energy.self_refresh[0],
        "energy_interface": energy.interface[0],
        "energy_valid": float(energy.valid[0]),
        "retains_data": float(config.refresh_policy is not RefreshPolicy.NO_REFRESH),
    }
    for kind, of in (("", "requests"), ("read_", "reads"), ("write_", "writes")):
        expected[f"{kind}latency_avg"] = run[f"{kind}latency_from_arrival_sum_ps"] / run[of] / 1000
        for figure in ("p50", "p99", "max"):
            expected[f"{kind}latency_{figure}"] = run[f"{figure}_{kind}latency_from_arrival_ps"] / 1000
    return expected | {f"commands_{command.name.lower()}": run[f"n_{command.name}"] for command in Command}


def batch_of(simulator: Simulator, n: int) -> DesignBatch:
    return simulator.space.sample(n, np.random.default_rng(3))


@pytest.mark.parametrize("setting", SETTINGS, ids=label)
def test_every_metric_is_what_engine_and_energy_model_give(setting: dict[str, Any]) -> None:
    simulator = make_simulator("dram", workload=WORKLOAD, **setting)
    batch = batch_of(simulator, 12)
    results = simulator.evaluate(batch)
    assert (results.status == Status.OK).all()
    for design, row in zip(batch.designs(), results.metrics, strict=True):
        expected = directly(simulator, design, setting)
        assert set(expected) == {metric.name for metric in METRICS}
        for metric, value in zip(simulator.metrics, row.tolist(), strict=True):
            assert value == pytest.approx(expected[metric.name], rel=1e-12, abs=0, nan_ok=True), (metric.name, design)


@pytest.mark.parametrize("setting", SETTINGS, ids=label)
def test_neither_order_nor_threads_nor_pickling_change_a_bit(setting: dict[str, Any]) -> None:
    simulator = make_simulator("dram", workload=WORKLOAD, **setting)
    batch = batch_of(simulator, 40)
    whole = simulator.evaluate(batch).metrics
    assert len(np.unique(whole, axis=0)) > 20
    order = np.random.default_rng(0).permutation(len(batch))
    assert np.array_equal(simulator.evaluate(batch[order]).metrics, whole[order], equal_nan=True)
    two = make_simulator("dram", workload=WORKLOAD, threads=2, **setting)
    assert np.array_equal(two.evaluate(batch).metrics, whole, equal_nan=True)
    copy = pickle.loads(pickle.dumps(simulator))
    assert np.array_equal(copy.evaluate(batch).metrics, whole, equal_nan=True)
    assert (copy.name, copy.version, copy.workload) == (simulator.name, simulator.version, simulator.workload)
    assert copy.space == simulator.space


def columns(simulator: Simulator, batch: DesignBatch) -> dict[str, NDArray[np.float64]]:
    """``{metric: (n,) values}``."""
    values = simulator.evaluate(batch).metrics
    return {metric.name: values[:, i] for i, metric in enumerate(simulator.metrics)}


@pytest.mark.parametrize("setting", SETTINGS, ids=label)
def test_latencies_fit_together(setting: dict[str, Any]) -> None:
    simulator = make_simulator("dram", workload=WORKLOAD, **setting)
    found = columns(simulator, batch_of(simulator, 40))
    writes = int(load_workload(WORKLOAD).is_write.sum())
    reads = 250 - writes
    assert min(reads, writes) > 25
    weighted = (reads * found["read_latency_avg"] + writes * found["write_latency_avg"]) / 250
    assert weighted == pytest.approx(found["latency_avg"], rel=1e-12)
    assert (found["latency_avg"] >= found["service_latency_avg"]).all()
    assert (found["latency_avg"] > found["service_latency_avg"] + 1).any(), "no design lets requests wait"
    for kind in ("", "read_", "write_"):
        assert (found[f"{kind}latency_p50"] <= found[f"{kind}latency_p99"]).all()
        assert (found[f"{kind}latency_p99"] <= found[f"{kind}latency_max"]).all()
        assert (found[f"{kind}latency_avg"] <= found[f"{kind}latency_max"]).all()
    larger = np.maximum(found["read_latency_max"], found["write_latency_max"])
    assert found["latency_max"].tolist() == larger.tolist()
    assert (found["latency_max"] <= found["time_total"]).all()


@pytest.mark.parametrize("setting", SETTINGS, ids=label)
def test_energy_is_the_sum_of_its_parts(setting: dict[str, Any]) -> None:
    simulator = make_simulator("dram", workload=WORKLOAD, **setting)
    found = columns(simulator, batch_of(simulator, 40))
    parts = [name for name in found if name.startswith("energy_") and name not in ("energy_total", "energy_valid")]
    assert len(parts) == 10
    valid = found["energy_valid"] == 1
    assert valid.sum() > 10
    total = np.sum([found[name][valid] for name in parts], axis=0)
    assert total == pytest.approx(found["energy_total"][valid], rel=1e-12, abs=0)
    # The window ends with the last command (DDR3: with its end), so it is nearly the time to the last response.
    seconds = found["energy_total"][valid] / found["power_avg"][valid]
    assert seconds * 1e9 == pytest.approx(found["time_total"][valid], rel=0.05)


def test_units_are_those_of_a_small_memory() -> None:
    """250 reads and writes of 64 bytes, one in 6 ns, take 1.5 us; DDR4 draws a few hundred milliwatts a device."""
    simulator = make_simulator("dram", workload=WORKLOAD, space="archgym", mapping="rbc")
    found = columns(simulator, simulator.space.from_designs([simulator.space.default]))
    assert 1_400 < found["time_total"][0] < 6_000
    assert found["bandwidth"][0] == pytest.approx(250 * 64 / found["time_total"][0], rel=1e-12)
    assert found["utilization"][0] == pytest.approx(found["bandwidth"][0] / 19.2, rel=2e-3)  # 8 bytes x 2.4 GT/s
    assert 0.5 < found["power_avg"][0] < 20
    assert found["commands_rd"][0] + found["commands_wr"][0] == 250


def test_without_writes_their_latency_has_no_value() -> None:
    simulator = make_simulator("dram", workload="archgym_random:n=200", space="archgym")
    found = columns(simulator, batch_of(simulator, 6))
    for name in ("write_latency_avg", "write_latency_p50", "write_latency_p99", "write_latency_max"):
        assert np.isnan(found[name]).all()
    for figure in ("avg", "p50", "p99", "max"):
        assert found[f"read_latency_{figure}"].tolist() == found[f"latency_{figure}"].tolist()
    other = [name for name in found if not name.startswith("write_latency")]
    assert not np.isnan([found[name] for name in other]).any()


def test_only_a_design_without_refresh_loses_data() -> None:
    simulator = make_simulator("dram", workload=WORKLOAD, space="archgym")
    batch = batch_of(simulator, 60)
    found = columns(simulator, batch)
    refreshes = [design["RefreshPolicy"] != "NoRefresh" for design in batch.designs()]
    assert 10 < sum(refreshes) < 50
    assert found["retains_data"].tolist() == [float(kept) for kept in refreshes]
    assert found["commands_refab"][~np.array(refreshes)].sum() == 0


def test_metrics_are_documented_and_the_headline_comes_first() -> None:
    names = [metric.name for metric in METRICS]
    assert names[:6] == ["latency_avg", "latency_p99", "time_total", "bandwidth", "energy_total", "power_avg"]
    units = {"latency": "ns", "time": "ns", "energy": "J", "power": "W", "commands": "count"}
    for metric in METRICS:
        assert metric.doc.endswith(".")
        for word, unit in units.items():
            if metric.name.startswith(word) and metric.name != "energy_valid":
                assert metric.unit == unit
