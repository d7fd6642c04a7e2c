"""The shipped DRAM tasks: defaults keep their data, and legacy ones are ArchGym's own problem."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.simulator import Status
from archgym.simulators.dram.plugin.metrics import METRICS
from archgym.task import Task, load_task, task_names

NAMES = [name for name in task_names() if name.startswith("dram/")]
TASKS = {name: load_task(name) for name in NAMES}
DEFAULT = [name for name, task in TASKS.items() if "default" in task.tags]
LEGACY = [name for name, task in TASKS.items() if "legacy" in task.tags]


def test_there_are_default_and_legacy_tasks_and_none_is_both() -> None:
    assert len(DEFAULT) > 5
    # Four traces of ArchGym, three objectives.
    assert len(LEGACY) == 12
    assert not set(DEFAULT) & set(LEGACY)


@pytest.mark.parametrize("name", DEFAULT)
def test_a_default_task_never_loses_data(name: str) -> None:
    space = TASKS[name].make_simulator().space
    refresh = space.parameters[space.names.index("RefreshPolicy")]
    assert refresh.values
    assert "NoRefresh" not in refresh.values


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LEGACY])
def test_no_task_but_legacy_ones_pays_for_losing_data(name: str) -> None:
    space = TASKS[name].make_simulator().space
    assert "NoRefresh" not in space.parameters[space.names.index("RefreshPolicy")].values


@pytest.mark.parametrize("name", LEGACY)
def test_a_legacy_task_is_archgyms_problem(name: str) -> None:
    task = TASKS[name]
    assert task.simulator == "dram"
    assert task.space == "archgym"
    assert task.restrict == {}
    assert task.options == {"part": "ddr3_1600", "mapping": "archgym", "controller": "dramsys-4.0"}
    assert str(task.workload).startswith("archgym_")
    assert task.make_simulator().space.count() == 1_769_472


def test_legacy_tasks_are_named_after_trace_and_objective() -> None:
    reads = {"latency": "time_total", "energy": "energy_total", "power": "power_avg"}  # what ArchGym calls latency
    for name in LEGACY:
        trace, _, goal = name.removeprefix("dram/legacy-").removesuffix("-v1").rpartition("-")
        assert TASKS[name].workload == f"archgym_{trace.replace('-', '_')}"
        assert TASKS[name].objective.labels == (reads[goal],)


@pytest.mark.parametrize("name", NAMES)
def test_every_task_scores_its_default_design(name: str) -> None:
    task: Task = TASKS[name]
    simulator = task.make_simulator()
    results = simulator.evaluate(simulator.space.from_designs([simulator.space.default]))
    assert results.status.tolist() == [Status.OK]
    scores = task.objective.score(results, simulator.metrics)
    assert np.isfinite(scores.values).all()
    assert simulator.metrics == METRICS


def test_no_two_tasks_are_the_same_problem() -> None:
    assert len({task.fingerprint for task in TASKS.values()}) == len(TASKS)
