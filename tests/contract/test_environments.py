"""Environments keep the environment contract: each view of the toy tasks, and one task of each space of each simulator.

The other tasks differ from these in workload and objective only: they are made, reset and stepped.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from archgym.env_actions import WHOLE
from archgym.task import load_task
from archgym.task_files import environment_id, task_names
from archgym.testing import EnvironmentContract


def _contract(label: str, environment: str, arguments: dict[str, Any]) -> None:
    members = {"environment": environment, "arguments": arguments, "__module__": __name__}
    globals()[label] = type(label, (EnvironmentContract,), members)


_one_of_each = {(task.simulator, task.space, task.objective.k): task.name for task in map(load_task, task_names())}
for _task in _one_of_each.values():
    _name = _task.replace("/", "_").replace("-", "_")
    _contract(f"Test_{_name}", environment_id(_task), {})

for _view in (*WHOLE, "steps"):
    _contract(f"Test_toy_latency_{_view}", "archgym/toy-latency-v1", {"view": _view})
    _contract(f"Test_toy_pareto_{_view}_of_three", "archgym/toy-pareto-v1", {"view": _view, "horizon": 3})


@pytest.mark.parametrize("task", task_names())
def test_every_task_is_an_environment(task: str) -> None:
    with gymnasium.make(f"archgym:{environment_id(task)}") as env:
        env.action_space.seed(0)
        env.reset(seed=0)
        observation, reward, *_ = env.step(env.action_space.sample())
        assert np.isfinite(np.asarray(reward, dtype=float)).all()
        assert observation in env.observation_space
