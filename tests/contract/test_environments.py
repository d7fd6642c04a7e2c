"""Every registered environment keeps the environment contract: each view of the toy tasks, each task once."""

from __future__ import annotations

from typing import Any

from archgym.env_actions import WHOLE
from archgym.task_files import environment_id, task_names
from archgym.testing import EnvironmentContract


def _contract(label: str, environment: str, arguments: dict[str, Any]) -> None:
    members = {"environment": environment, "arguments": arguments, "__module__": __name__}
    globals()[label] = type(label, (EnvironmentContract,), members)


for _task in task_names():
    _name = _task.replace("/", "_").replace("-", "_")
    _contract(f"Test_{_name}", environment_id(_task), {})

for _view in (*WHOLE, "steps"):
    _contract(f"Test_toy_latency_{_view}", "archgym/toy-latency-v1", {"view": _view})
    _contract(f"Test_toy_pareto_{_view}_of_three", "archgym/toy-pareto-v1", {"view": _view, "horizon": 3})
