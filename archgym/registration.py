"""Gymnasium ids for every installed task, registered on ``import archgym``.

Gymnasium 1.x loads no plug-in entry points: an id exists where archgym was imported, or through the prefix form
``gymnasium.make("archgym:archgym/dram-random-latency-v1")``, which imports it (configuration files, worker processes).
"""

from __future__ import annotations

import gymnasium

from archgym.task_files import environment_id, task_names


def register_tasks() -> None:
    """Register ``archgym/<task with dashes>`` for each task that is not registered yet.

    Everything in a spec is JSON-able, and the entry points are strings: nothing is imported before an environment
    is made.
    """
    for task in task_names():
        name = environment_id(task)
        if name not in gymnasium.registry:
            gymnasium.register(
                name,
                entry_point="archgym.gym_env:DesignEnv",
                vector_entry_point="archgym.vector_env:DesignVectorEnv",
                kwargs={"task": task},
            )
