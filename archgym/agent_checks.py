"""What an agent checks before it starts: its hyperparameters and the number of objectives.

The registry checks what a configuration file says; these checks also hold for an agent that is built by hand.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any

from archgym.agent import Hyperparameter, Problem
from archgym.errors import ConfigError


def check_hyperparameters(name: str, agent: type[Any], values: Mapping[str, Any]) -> None:
    """Raise a one-line `ConfigError` for the first value that *agent*'s signature and ranges do not allow.

    The type comes from the annotation in ``agent.__init__`` (bool, int, float, str, a Literal), the range and the
    choices from the class attribute ``hyperparameters``.
    """
    declared: Mapping[str, Hyperparameter] = agent.hyperparameters
    hints = typing.get_type_hints(agent.__init__)
    for key, value in values.items():
        expected = _expected(hints[key], declared[key])
        if not _allowed(value, hints[key], declared[key]):
            raise ConfigError(f"agent {name!r}: {key}: expected {expected}, got {value!r}")


def require_one_objective(name: str, problem: Problem) -> None:
    """Raise `ConfigError` when *problem* has several objectives and the agent *name* can follow one only."""
    labels = problem.objective.labels
    if len(labels) != 1:
        raise ConfigError(
            f"agent {name!r}: expected one objective, got {len(labels)} ({', '.join(labels)}); "
            "combine them (weighted_sum, product) or use agent 'random'"
        )


def _allowed(value: Any, hint: Any, declared: Hyperparameter) -> bool:
    if typing.get_origin(hint) is typing.Literal:
        return isinstance(value, str) and value in typing.get_args(hint)
    if hint in (bool, str):
        return isinstance(value, hint) and (declared.choices is None or value in declared.choices)
    if isinstance(value, bool) or not isinstance(value, int if hint is int else int | float):
        return False
    low = -float("inf") if declared.low is None else declared.low
    high = float("inf") if declared.high is None else declared.high
    return bool(low <= value <= high) and (declared.choices is None or value in declared.choices)


def _expected(hint: Any, declared: Hyperparameter) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return f"one of {', '.join(map(repr, typing.get_args(hint)))}"
    if declared.choices is not None:
        return f"one of {', '.join(map(repr, declared.choices))}"
    if hint is bool:
        return "true or false"
    kind = "an integer" if hint is int else "a number" if hint is float else "a string"
    if declared.low is not None and declared.high is not None:
        return f"{kind} in [{declared.low:g}, {declared.high:g}]"
    return kind if declared.low is None else f"{kind} of at least {declared.low:g}"
