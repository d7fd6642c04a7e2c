"""Names to plug-ins: simulators, agents and proxy models are found through entry points, the built-in ones too.

Looking up a name imports only that plug-in. Two plug-ins of one name are an error, never a silent choice.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from archgym import agent_checks
from archgym.agent import Agent, AgentFactory, Hyperparameter, Problem, Trainer
from archgym.errors import ConfigError, UnknownName, UnknownPlugin
from archgym.simulator import Simulator, SimulatorPlugin

SIMULATORS = "archgym.simulators"
AGENTS = "archgym.agents"
PROXY_MODELS = "archgym.proxy_models"


@cache
def _points(group: str) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        if point.name in found and found[point.name].value != point.value:
            raise ConfigError(
                f"{group}: the name {point.name!r} is taken by {found[point.name].value} and {point.value}; "
                "uninstall one of the two packages"
            )
        found[point.name] = point
    return dict(sorted(found.items()))


def _load(group: str, kind: str, name: str) -> Any:
    points = _points(group)
    if name not in points:
        raise UnknownPlugin(kind, name, points)
    return points[name].load()


def simulator_names() -> list[str]:
    """Installed simulators, sorted."""
    return list(_points(SIMULATORS))


def simulator_plugin(name: str) -> SimulatorPlugin:
    """The plug-in of a simulator; `UnknownPlugin` with the nearest name when there is none."""
    plugin = _load(SIMULATORS, "simulator", name)
    if not isinstance(plugin, SimulatorPlugin):
        raise ConfigError(f"simulator {name!r}: its entry point names a {type(plugin).__name__}, not a SimulatorPlugin")
    return plugin


def make_simulator(name: str, *, workload: str | None = None, space: str | None = None, **options: Any) -> Simulator:
    """A simulator by name. *workload* and *space* default to the plug-in's first ones."""
    plugin = simulator_plugin(name)
    if space is not None and space not in plugin.spaces:
        raise UnknownName(f"simulator {name!r}: space", space, plugin.spaces)
    for option in options:
        if option not in plugin.options:
            raise UnknownName(f"simulator {name!r}: option", option, plugin.options)
    return plugin.make(
        workload=next(iter(plugin.workloads)) if workload is None else workload,
        space=next(iter(plugin.spaces)) if space is None else space,
        **options,
    )


def agent_names() -> list[str]:
    """Installed agents, sorted."""
    return list(_points(AGENTS))


def agent_factory(name: str) -> AgentFactory:
    """The factory of an agent; `UnknownPlugin` with the nearest name when there is none."""
    factory: AgentFactory = _load(AGENTS, "agent", name)
    return factory


@dataclass(frozen=True, slots=True)
class HyperparameterInfo:
    """One hyperparameter as the factory's signature and its documentation state it."""

    name: str
    type: str
    default: Any
    doc: str
    low: float | None
    high: float | None
    choices: tuple[Any, ...] | None


def agent_hyperparameters(name: str) -> dict[str, HyperparameterInfo]:
    """The hyperparameters of an agent, in the order of its signature."""
    factory = agent_factory(name)
    documented: Mapping[str, Hyperparameter] = getattr(factory, "hyperparameters", {})
    hints = agent_checks.type_hints(factory)
    found: dict[str, HyperparameterInfo] = {}
    for parameter in inspect.signature(factory).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY or parameter.name == "seed":
            continue
        more = documented.get(parameter.name, Hyperparameter(""))
        default = None if parameter.default is parameter.empty else parameter.default
        found[parameter.name] = HyperparameterInfo(
            parameter.name,
            _type_name(hints.get(parameter.name, Any)),
            default,
            more.doc,
            more.low,
            more.high,
            more.choices,
        )
    return found


def make_agent(name: str, problem: Problem, *, seed: int, **hyperparameters: Any) -> Agent | Trainer:
    """An agent by name; `ConfigError` for a hyperparameter that is misspelt, of the wrong type or out of range."""
    check_hyperparameters(name, hyperparameters)
    return agent_factory(name)(problem, seed=seed, **hyperparameters)


def check_hyperparameters(name: str, hyperparameters: Mapping[str, Any]) -> None:
    """Raise `ConfigError` for the first hyperparameter that the agent does not take."""
    known = agent_hyperparameters(name)
    for key in hyperparameters:
        if key not in known:
            raise UnknownName(f"agent {name!r}: hyperparameter", key, known)
    agent_checks.check_hyperparameters(name, agent_factory(name), hyperparameters)


def _type_name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
