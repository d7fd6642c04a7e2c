"""The plug-in: options, budgets, hashes, and that every design of the platform works."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.errors import ArchgymError
from archgym.objective import BudgetDistance
from archgym.registry import make_simulator
from archgym.simulator import Simulator, Status
from archgym.simulators.soc.plugin.simulator import SocSimulator
from archgym.task import load_task, task_names

WORKLOADS = ("audio_decoder", "edge_detection", "hpvm_cava", "all", "layered:seed=5,layers=3,width=3")


def made(**options: Any) -> SocSimulator:
    simulator = make_simulator("soc", **options)
    assert isinstance(simulator, SocSimulator)
    return simulator


def column(simulator: Simulator, values: np.ndarray, name: str) -> np.ndarray:
    found: np.ndarray = values[:, [metric.name for metric in simulator.metrics].index(name)]
    return found


@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_design_of_the_platform_works(workload: str) -> None:
    simulator = made(workload=workload)
    designs = simulator.space.sample(500, np.random.default_rng(11))
    results = simulator.evaluate(designs)
    assert (results.status == Status.OK).all(), results.messages
    assert np.isfinite(results.metrics).all()


@pytest.mark.parametrize("workload", WORKLOADS)
def test_arrays_and_names_describe_the_same_system(workload: str) -> None:
    simulator = made(workload=workload)
    designs = simulator.space.sample(20, np.random.default_rng(7))
    values = simulator.evaluate(designs).metrics
    for row, design in enumerate(designs.designs()):
        found = simulator.simulate(design)
        assert max(found.latency_s.values()) == values[row, 0]
        assert found.energy_j == column(simulator, values, "energy")[row]
        assert found.area_m2 * 1e6 == column(simulator, values, "area")[row]
        assert found.distance == column(simulator, values, "budget_distance")[row]


def test_areas_add_up() -> None:
    simulator = made(workload="all")
    values = simulator.evaluate(simulator.space.sample(200, np.random.default_rng(2))).metrics
    logic, stacked, area = (column(simulator, values, name) for name in ("area_logic", "area_stacked", "area"))
    np.testing.assert_allclose(logic + stacked, area, rtol=1e-12)
    assert (column(simulator, values, "area_processors") <= logic).all()


@pytest.mark.parametrize("task", [name for name in task_names() if name.startswith("soc/") and "-budget" in name])
def test_a_task_s_distance_is_farsi_s(task: str) -> None:
    loaded = load_task(task)
    [term] = loaded.objective.terms
    assert isinstance(term, BudgetDistance)
    if "own-budget" in task:
        return
    simulator = loaded.make_simulator()
    results = simulator.evaluate(simulator.space.sample(300, np.random.default_rng(4)))
    works = results.status == Status.OK
    distance = column(simulator, results.metrics, "budget_distance")[works]
    scores = loaded.objective.score(results, simulator.metrics).values[works, 0]
    np.testing.assert_allclose(scores, distance, rtol=1e-9, atol=1e-8)  # FARSI adds 1e-9 for each budget that holds


def test_budgets_are_options() -> None:
    loose = made(workload="hpvm_cava", budgets={"power_w": 1e3, "area_mm2": 1e4, "deadline_s": {"hpvm_cava": 1e3}})
    results = loose.evaluate(loose.space.from_designs([loose.space.default]))
    assert column(loose, results.metrics, "meets_budgets")[0] == 1
    assert column(loose, results.metrics, "budget_distance")[0] == pytest.approx(4e-9)


def test_whatever_decides_results_is_in_the_hash(tmp_path: Path) -> None:
    library = tmp_path / "mine.yaml"
    library.write_text("extends: default\nbuses: {noc: {widths_bytes: [16], clocks_mhz: [1000]}}\n")
    options: list[dict[str, Any]] = [
        {},
        {"burst_bytes": 256},
        {"budgets": {"power_w": 0.01}},
        {"budgets": {"deadline_s": {"audio_decoder": 0.5}}},
        {"library": str(library)},
        {"workload": "edge_detection"},
        {"workload": "audio_decoder+edge_detection"},
        {"workload": "edge_detection+audio_decoder"},
    ]
    hashes = [made(**option).workload.content_hash for option in options]
    assert len(set(hashes)) == len(hashes)
    assert made(threads=2).workload == made().workload
    assert made(cores=2).workload == made().workload, "the space says so already"


def test_it_survives_pickling() -> None:
    simulator = made(workload="edge_detection", threads=2)
    again: SocSimulator = pickle.loads(pickle.dumps(simulator))
    designs = simulator.space.sample(50, np.random.default_rng(0))
    np.testing.assert_array_equal(again.evaluate(designs).metrics, simulator.evaluate(designs).metrics)
    assert again.workload == simulator.workload


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workload": "audiodecoder"}, "did you mean 'audio_decoder'"),
        ({"workload": "/nowhere/graph.yaml"}, "/nowhere/graph.yaml"),
        ({"library": "defualt"}, "did you mean 'default'"),
        ({"cores": 0}, "cores: expected a whole number from 1 to 16"),
        ({"threads": 0}, "threads: expected a positive whole number"),
        ({"burst_bytes": 1.5}, "burst_bytes: expected a positive whole number"),
        ({"budgets": 3}, "budgets: expected a mapping"),
        ({"budgets": {"power": 3}}, "did you mean 'power_w'"),
        ({"budgets": {"power_w": -1}}, "budgets.power_w: expected a positive number, got -1"),
        ({"budgets": {"power_w": True}}, "budgets.power_w: expected a positive number, got True"),
        ({"budgets": {"deadline_s": {"cava": 1}}}, "workload 'cava'"),
        ({"workload": "layered", "workload_options": {"layer": 3}}, "did you mean 'layers'"),
        ({"workload_options": {"seed": 3}}, "seed"),
    ],
)
def test_bad_options_are_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ArchgymError, match=message) as caught:
        make_simulator("soc", **options)
    assert "\n" not in str(caught.value)
