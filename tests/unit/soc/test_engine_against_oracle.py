"""The compiled engine answers as the plain description of the model does, on designs of every shape."""

from __future__ import annotations

import importlib.util
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import SocBatch
from archgym.simulators.soc.budgets import Budgets
from archgym.simulators.soc.engine import Engine
from archgym.simulators.soc.library_file import load_library
from archgym.simulators.soc.registry import load_application
from archgym.simulators.soc.results import SocResult
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.tables import Tables


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


oracle, random_soc = _beside("oracle"), _beside("random_soc")

CLOSE = {"rel": 1e-11, "abs": 0.0}
LIBRARY = load_library("default")
WORKLOADS = (
    "audio_decoder",
    "edge_detection",
    "hpvm_cava",
    "all",
    "hpvm_cava+edge_detection+audio_decoder",
    "layered:seed=1,layers=5,width=5,density=0.5",
    "layered:seed=2,layers=3,width=8,density=1.0,work_min=1,work_max=1e5,bytes_min=1,bytes_max=1e5",
    "layered:seed=3,layers=8,width=2+audio_decoder",
)


def assert_equal(result: SocResult, expected: dict[str, Any], application: Application) -> None:
    assert [result.latency_s[name] for name in application.names] == pytest.approx(expected["latency"], **CLOSE)
    for ours, theirs in (
        (result.energy_j, "energy"),
        (result.power_w, "power"),
        (result.area_m2, "area"),
        (result.development_cost, "development_cost"),
        (result.distance, "distance"),
        (result.distance_simple, "distance_simple"),
    ):
        assert ours == pytest.approx(expected[theirs], **CLOSE), theirs
    assert result.meets_budgets == expected["meets_budgets"]
    assert list(result.area_m2_by_kind.values()) == pytest.approx(expected["area_by_kind"], **CLOSE)
    assert list(result.scan_order) == expected["scan_order"]
    assert list(result.links) == expected["links"]
    assert_tasks_equal(result, expected)
    assert_phases_equal(result, expected)
    assert_blocks_equal(result, expected)


def assert_tasks_equal(result: SocResult, expected: dict[str, Any]) -> None:
    for name, task in result.tasks.items():
        assert task.ready_s == pytest.approx(expected["ready"][name], **CLOSE)
        assert task.start_s == pytest.approx(expected["start"][name], **CLOSE)
        assert task.finish_s == pytest.approx(expected["finish"][name], **CLOSE)
        assert dict(task.energy_j_by_block) == pytest.approx(expected["task_energy"][name], **CLOSE)
        bottleneck = {block: seconds for block, seconds in expected["bottleneck"][name].items() if seconds > 0.0}
        assert dict(task.bottleneck_s) == pytest.approx(bottleneck, **CLOSE)


def assert_phases_equal(result: SocResult, expected: dict[str, Any]) -> None:
    assert [phase.duration_s for phase in result.phases] == pytest.approx(expected["durations"], **CLOSE)
    assert [phase.energy_j for phase in result.phases] == pytest.approx(expected["phase_energy"], **CLOSE)
    assert [list(phase.running) for phase in result.phases] == expected["running"]
    limits = [dict(zip(phase.running, phase.bottlenecks, strict=True)) for phase in result.phases]
    assert limits == expected["phase_bottlenecks"]


def assert_blocks_equal(result: SocResult, expected: dict[str, Any]) -> None:
    assert {block.name for block in result.blocks} == expected["used"]
    for block in result.blocks:
        assert block.area_m2 == pytest.approx(expected["area_of"].get(block.name, 0.0), **CLOSE)
        assert block.peak_bytes == pytest.approx(expected["peak"].get(block.name, 0.0), **CLOSE)
        assert block.capacity_bytes == expected["capacity"].get(block.name, 0)
        energy = sum(by_block.get(block.name, 0.0) for by_block in expected["task_energy"].values())
        assert block.energy_j == pytest.approx(energy, **CLOSE)


@pytest.mark.parametrize("slow", [False, True], ids=["as shipped", "slow memories and buses"])
@pytest.mark.parametrize("workload", WORKLOADS)
def test_random_designs(workload: str, slow: bool) -> None:
    rng = np.random.default_rng([WORKLOADS.index(workload), slow])
    application = load_application(workload)
    tables = Tables.of(application, LIBRARY)
    if slow:
        tables = random_soc.slowed(rng, tables)
    burst = 256 if slow else 1024
    budgets = Budgets(power_w=0.02, area_m2=3e-6)
    engine = Engine(application, tables, budgets, burst_bytes=burst)
    for _ in range(10):
        soc = random_soc.random_soc(rng, application, tables)
        expected = oracle.simulate(soc, application, tables, (budgets.power_w, budgets.area_m2), burst)
        assert_equal(engine.simulate(soc), expected, application)


def test_more_tasks_and_buses_than_bits_in_a_word() -> None:
    """90 tasks, an element for each, on a chain of 70 buses with a memory each."""
    rng = np.random.default_rng(11)
    application = load_application("layered:seed=5,layers=11,width=8,density=0.05")
    tables = Tables.of(application, LIBRARY)
    assert len(application.tasks) > 64
    buses = [f"bus{k}" for k in range(70)]
    names = [task.name for task in application.tasks]
    soc = Soc(
        processing=tuple(Block(f"cpu_{name}", "A53", str(rng.choice(buses))) for name in names),
        memories=tuple(Block(f"mem{k}", "sram-4B-100MHz", bus) for k, bus in enumerate(buses)),
        buses=tuple(BusBlock(bus, "bus-4B-100MHz") for bus in buses),
        links=tuple(pairwise(buses)),
        task_on={name: f"cpu_{name}" for name in names},
        data_in={(edge.producer, edge.consumer): f"mem{rng.integers(70)}" for edge in application.edges},
    )
    expected = oracle.simulate(soc, application, tables, (0.008737, 1.7475e-5))
    assert_equal(Engine(application, tables).simulate(soc), expected, application)


def test_a_batch_says_what_each_design_says_alone_to_the_bit() -> None:
    rng = np.random.default_rng(21)
    application = load_application("all")
    tables = Tables.of(application, LIBRARY)
    engine = Engine(application, tables)
    socs = [random_soc.random_soc(rng, application, tables) for _ in range(20)]
    batch = engine.simulate_batch(SocBatch.of(socs, application, tables))
    for i, soc in enumerate(socs):
        alone = engine.simulate(soc)
        assert list(alone.latency_s.values()) == batch.latency[i].tolist()
        assert list(alone.area_m2_by_kind.values()) == batch.area_by_kind[i].tolist()
        assert (alone.energy_j, alone.power_w, alone.area_m2) == (batch.energy[i], batch.power[i], batch.area[i])
        assert (alone.distance, alone.distance_simple) == (batch.distance[i], batch.distance_simple[i])
        assert (alone.development_cost, alone.meets_budgets) == (batch.development_cost[i], batch.meets_budgets[i])
        assert sum(block.peak_bytes for block in alone.blocks) == batch.peak_bytes[i]
