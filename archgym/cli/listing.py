"""``archgym list``: what is installed, plug-ins included."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import typer

from archgym.cli.screen import print_json, print_table


class What(StrEnum):
    """What can be listed."""

    SIMULATORS = "simulators"
    AGENTS = "agents"
    TASKS = "tasks"
    WORKLOADS = "workloads"


def list_(
    what: What | None = typer.Argument(None, help="Only one kind; all by default."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List the installed simulators, agents, tasks and workloads."""
    kinds = [what] if what else list(What)
    tables = {kind: _ROWS[kind]() for kind in kinds}
    if as_json:
        print_json({kind.value: rows for kind, rows in tables.items()})
        return
    for kind, rows in tables.items():
        keys = [key for key in (rows[0] if rows else {"name": ""}) if key not in _JSON_ONLY]
        headers = [key.replace("_", " ") for key in keys]
        print_table(kind.value, headers, [[str(row[key]) for key in keys] for row in rows])


def _simulators() -> list[dict[str, Any]]:
    from archgym.registry import simulator_names, simulator_plugin

    plugins = [simulator_plugin(name) for name in simulator_names()]
    return [
        {"name": plugin.name, "version": plugin.version, "spaces": ", ".join(plugin.spaces), "summary": plugin.summary}
        for plugin in plugins
    ]


def _agents() -> list[dict[str, Any]]:
    from archgym.registry import agent_factory, agent_hyperparameters, agent_names

    return [
        {
            "name": name,
            "hyperparameters": ", ".join(f"{h.name}={h.default}" for h in agent_hyperparameters(name).values()),
            "summary": (agent_factory(name).__doc__ or "").strip().split("\n")[0],
        }
        for name in agent_names()
    ]


def _tasks() -> list[dict[str, Any]]:
    from archgym.task import load_task, task_names

    tasks = [load_task(name) for name in task_names()]
    return [
        {
            "name": task.name,
            "objective": ", ".join(task.objective.labels),
            "budget": task.budget,
            "tags": ", ".join(task.tags),
            "summary": task.summary,
        }
        for task in tasks
    ]


def _workloads() -> list[dict[str, Any]]:
    from archgym.registry import simulator_names, simulator_plugin

    return [
        {"simulator": name, "workload": workload, "summary": summary}
        for name in simulator_names()
        for workload, summary in simulator_plugin(name).workloads.items()
    ]


_ROWS = {
    What.SIMULATORS: _simulators,
    What.AGENTS: _agents,
    What.TASKS: _tasks,
    What.WORKLOADS: _workloads,
}
_JSON_ONLY = ("hyperparameters",)
"""Too wide for a table: ``archgym describe AGENT`` has them, with their meaning."""
