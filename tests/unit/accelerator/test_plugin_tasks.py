"""The tasks of both plug-ins: each can be made, scores its own default design, and says how it is meant."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from archgym.config import read_yaml
from archgym.simulator import SimulatorPlugin, Status
from archgym.simulators.accelerator.plugin import PLUGIN
from archgym.simulators.accelerator.plugin.mapping import PLUGIN as MAPPING
from archgym.task import Task, task_from_mapping

PLUGINS: dict[str, SimulatorPlugin] = {plugin.name: plugin for plugin in (PLUGIN, MAPPING)}
FOLDER = files("archgym.configs") / "tasks"
TASKS = {
    f"{name}/{path.name.removesuffix('.yaml')}": path for name in PLUGINS for path in sorted((FOLDER / name).iterdir())
}


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> Task:
    return task_from_mapping(request.param, read_yaml(TASKS[request.param]))


def simulator(task: Task) -> Any:
    return PLUGINS[task.simulator].make(workload=task.workload, space=task.space, **task.options)


def test_a_task_can_be_made_and_reads_known_metrics(task: Task) -> None:
    made = simulator(task)
    task.objective.check(made.metrics)
    assert made.space.why_invalid(made.space.default) == []
    assert task.name.startswith(f"{task.simulator}/")
    assert task.name.endswith("-v1")


def test_tags_say_what_a_task_is_for(task: Task) -> None:
    [tag] = task.tags
    assert (tag == "legacy") == ("legacy" in task.name)
    assert (tag == "small") == ("-small-" in task.name)
    if tag == "small":
        assert simulator(task).space.count() <= 2_000_000


@pytest.mark.parametrize("name", [name for name in TASKS if name.startswith("mapping/")])
def test_mappings_are_worth_searching(name: str) -> None:
    """A random mapping is mostly far from the best of a thousand."""
    task = task_from_mapping(name, read_yaml(TASKS[name]))
    made = simulator(task)
    results = made.evaluate(made.space.sample(1000, np.random.default_rng(0)))
    scores = task.objective.score(results, made.metrics).values[:, 0]
    scores = scores[results.status == Status.OK]
    assert len(scores) > 100
    assert np.median(scores) > 2 * scores.min()
