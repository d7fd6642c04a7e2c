"""``archgym describe``: a simulator's, task's or agent's knobs, units, metrics and size."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import typer

from archgym.cli.options import parse_assignments
from archgym.cli.screen import console, number, print_json, print_table
from archgym.errors import UnknownName
from archgym.simulator import Simulator


def describe(
    name: str = typer.Argument(..., help="A simulator (dram), one of its spaces (dram/platform), a task or an agent."),
    workload: str | None = typer.Option(None, "--workload", help="The simulator's workload."),
    option: list[str] = typer.Option([], "--option", help="A simulator option, KEY=VALUE; repeatable."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON; for a simulator or task with the JSON schema."),
) -> None:
    """Describe a simulator, a task or an agent."""
    from archgym.registry import agent_names, make_simulator, simulator_names, simulator_plugin
    from archgym.task import load_task, task_names

    if name in agent_names():
        _describe_agent(name, as_json)
    elif name in task_names() or name.endswith((".yaml", ".yml")):
        task = load_task(name)
        data = {"task": name, "summary": task.summary, "budget": task.budget, "tags": list(task.tags)}
        data |= {
            "objectives": list(task.objective.labels),
            "limits": [dataclasses.asdict(x) for x in task.objective.limits],
        }
        _describe_simulator(task.make_simulator(), data, as_json)
    else:
        simulator, _, space = name.partition("/")
        if simulator not in simulator_names():
            spaces = [f"{s}/{v}" for s in simulator_names() for v in simulator_plugin(s).spaces]
            raise UnknownName("describe", name, [*simulator_names(), *spaces, *task_names(), *agent_names()])
        plugin = simulator_plugin(simulator)
        made = make_simulator(simulator, workload=workload, space=space or None, **parse_assignments(option))
        data = {"simulator": simulator, "version": plugin.version, "summary": plugin.summary}
        data |= {"spaces": dict(plugin.spaces), "options": dict(plugin.options)}
        _describe_simulator(made, data, as_json)


def _describe_simulator(simulator: Simulator, data: dict[str, Any], as_json: bool) -> None:
    space = simulator.space
    size = {"points": space.size, "valid_designs": space.count() if space.finite else None}
    if as_json:
        from archgym.views.json_schema import json_schema

        metrics = [dataclasses.asdict(metric) for metric in simulator.metrics]
        workload = dataclasses.asdict(simulator.workload)
        print_json({**data, "workload": workload, "size": size, "metrics": metrics, "schema": json_schema(space)})
        return
    screen = console()
    screen.print(f"[bold]{next(iter(data.values()))}[/]  {data['summary']}")
    for key, value in list(data.items())[1:]:
        if key == "summary":
            continue
        if isinstance(value, dict):
            for name, line in value.items():
                screen.print(f"  {key.removesuffix('s')} {name}: {line}", markup=False)
        elif value not in ([], ()):
            screen.print(f"  {key}: {_words(value)}", markup=False)
    screen.print(f"  workload: {simulator.workload.name} ({simulator.workload.content_hash})", markup=False)
    all_points, valid_ones = size["points"], size["valid_designs"]
    points = "infinite" if all_points is None else _count(all_points)
    valid = "" if valid_ones in (None, all_points) else f", {_count(valid_ones)} of them valid"
    screen.print(f"  size: {points} points{valid}; fingerprint {space.fingerprint}\n", markup=False)
    print_table(
        "parameters",
        ["name", "values", "unit", "default", "meaning"],
        [
            [p.name, _values(p), "" if p.unit == "1" else p.unit, str(space.default[p.name]), p.doc]
            for p in space.parameters
        ],
    )
    if space.groups:
        print_table("groups", ["name", "parameters"], [[name, " ".join(own)] for name, own in space.groups.items()])
    if space.constraints:
        print_table("constraints", ["name", "meaning"], [[c.name, c.text] for c in space.constraints])
    print_table(
        "metrics",
        ["name", "unit", "better", "meaning"],
        [[m.name, m.unit, m.better, m.doc] for m in simulator.metrics],
    )


def _count(number_of: int) -> str:
    """Every digit of what can be read, the order of magnitude of what cannot."""
    return f"{number_of:,}" if number_of < 10**15 else f"{Decimal(number_of):.3e}".replace("e+", "e")


def _words(value: Any) -> str:
    """Lists joined, limits as they are read."""
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    if isinstance(value, dict):  # a limit
        low = "" if value["at_least"] is None else f"{number(value['at_least'])} <= "
        return low + str(value["metric"]) + ("" if value["at_most"] is None else f" <= {number(value['at_most'])}")
    return str(value)


def _values(parameter: Any) -> str:
    if not parameter.values:
        return f"{number(parameter.low)} … {number(parameter.high)}"
    values = [str(value) for value in parameter.values]
    return " ".join(values) if len(values) <= 12 else f"{values[0]} {values[1]} … {values[-1]} ({len(values)} values)"


def _describe_agent(name: str, as_json: bool) -> None:
    import sys

    from archgym.registry import agent_factory, agent_hyperparameters

    factory = agent_factory(name)
    known = agent_hyperparameters(name)
    text = (sys.modules[factory.__module__].__doc__ or factory.__doc__ or "").strip()
    if as_json:
        parameters = [dataclasses.asdict(info) for info in known.values()]
        print_json({"agent": name, "summary": text.split("\n")[0], "doc": text, "hyperparameters": parameters})
        return
    console().print(f"[bold]{name}[/]")
    console().print(text + "\n", markup=False)
    print_table(
        "hyperparameters",
        ["name", "type", "default", "range", "meaning"],
        [[h.name, h.type, str(h.default), _range(h), h.doc] for h in known.values()],
    )


def _range(info: Any) -> str:
    if info.choices:
        return " ".join(map(str, info.choices))
    if info.low is None and info.high is None:
        return ""
    return f"{'…' if info.low is None else number(info.low)} to {'…' if info.high is None else number(info.high)}"
