"""What an agent checks before it starts: its hyperparameters and the number of objectives.

The registry calls them for what a configuration file says; agents call them, so that they also hold for one that is
built by hand.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from archgym.agent import Hyperparameter, Problem
from archgym.errors import ConfigError


def check_hyperparameters(name: str, factory: Callable[..., Any], values: Mapping[str, Any]) -> None:
    """Raise a one-line `ConfigError` for the first value that *factory*'s signature and ranges do not allow.

    The type comes from the annotation (bool, int, float, str, a Literal, a union of them; anything else is let
    through), the range and the choices from the attribute ``hyperparameters``, where there is one.
    """
    declared: Mapping[str, Hyperparameter] = getattr(factory, "hyperparameters", {})
    hints = type_hints(factory)
    for key, value in values.items():
        hint, limits = hints.get(key, Any), declared.get(key, Hyperparameter(""))
        if not _allowed(value, hint, limits):
            raise ConfigError(f"agent {name!r}: {key}: expected {_expected(hint, limits)}, got {value!r}")


def type_hints(factory: Callable[..., Any]) -> dict[str, Any]:
    """The resolved annotations of what *factory* takes."""
    return typing.get_type_hints(getattr(factory, "__init__") if isinstance(factory, type) else factory)  # noqa: B009


def require_one_objective(name: str, problem: Problem) -> None:
    """Raise `ConfigError` when *problem* has several objectives and the agent *name* can follow one only."""
    labels = problem.objective.labels
    if len(labels) != 1:
        raise ConfigError(
            f"agent {name!r}: expected one objective, got {len(labels)} ({', '.join(labels)}); "
            "combine them (weighted_sum, product) or use agent 'nsga2', 'motpe' or 'random'"
        )


def _allowed(value: Any, hint: Any, limits: Hyperparameter) -> bool:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(_allowed(value, part, limits) for part in typing.get_args(hint))
    if typing.get_origin(hint) is typing.Literal:
        return isinstance(value, str) and value in typing.get_args(hint)
    if hint is None or hint is type(None):
        return value is None
    if hint in (bool, str):
        return isinstance(value, hint) and (limits.choices is None or value in limits.choices)
    if hint not in (int, float):
        return limits.choices is None or value in limits.choices
    if isinstance(value, bool) or not isinstance(value, int if hint is int else int | float):
        return False
    low = -float("inf") if limits.low is None else limits.low
    high = float("inf") if limits.high is None else limits.high
    return bool(low <= value <= high) and (limits.choices is None or value in limits.choices)


def _expected(hint: Any, declared: Hyperparameter) -> str:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(_expected(part, declared) for part in typing.get_args(hint))
    if hint is None or hint is type(None):
        return "none"
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
