"""A space with some of its values left out, and a default design that still exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.errors import DesignError, did_you_mean
from archgym.feasible import Feasible
from archgym.parameters import Categorical, Ordinal, Parameter, Real, unknown_value
from archgym.walk import project

if TYPE_CHECKING:
    from archgym.space import DesignSpace


def restricted_parameters(space: DesignSpace, values: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The parameters with the named ones cut down to the given values, and defaults that make a valid design."""
    for name in values:
        if name not in space.names:
            raise DesignError(f"parameter {name!r}: {did_you_mean(name, space.names)}")
    kept = tuple(_restrict(p, values[p.name]) if p.name in values else p for p in space.parameters)
    automata = [
        automaton
        for constraint in space.constraints
        for automaton in constraint.automata([p for p in kept if p.name in constraint.scope])
    ]
    feasible = Feasible(space.names, [p.size for p in kept], automata)
    if feasible.count == 0:
        asked = ", ".join(f"{name}={value!r}" for name, value in values.items())
        raise DesignError(f"space {space.name!r} has no valid design with {asked}")
    wanted = [p.values.index(p.default) if p.size is not None else p.default for p in kept]
    codes = np.array([wanted], np.int32 if all(p.size is not None for p in kept) else np.float64)
    found = project(feasible, codes, tuple(p.ordered for p in kept))[0]
    return tuple(_with_default(p, code) for p, code in zip(kept, found, strict=True))


def _with_default(parameter: Any, code: Any) -> Parameter:
    changed: Parameter = (
        parameter if parameter.size is None else replace(parameter, default=parameter.values[int(code)])
    )
    return changed


def _restrict(parameter: Parameter, asked: Any) -> Parameter:
    chosen = [asked] if isinstance(asked, str) or not hasattr(asked, "__iter__") else list(asked)
    if not chosen:
        raise DesignError(f"parameter {parameter.name!r}: expected at least one value to keep, got none")
    chosen = [value.item() if isinstance(value, np.generic) else value for value in chosen]
    if isinstance(parameter, Real):
        return _restrict_real(parameter, chosen)
    for value in chosen:
        if value not in parameter.values or isinstance(value, bool) != (parameter.kind == "bool"):
            raise DesignError(unknown_value(parameter, value))
    values: tuple[Any, ...] = tuple(value for value in parameter.values if value in chosen)
    default = _nearest(parameter, values)
    if isinstance(parameter, Categorical):
        return replace(parameter, values=values, default=default)
    if values == parameter.values:
        return parameter
    return Ordinal(parameter.name, values, parameter.unit, parameter.doc, default, group=parameter.group)


def _restrict_real(parameter: Real, chosen: list[Any]) -> Ordinal:
    for value in chosen:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not parameter.low <= value <= parameter.high:
            allowed = f"numbers from {parameter.low!r} to {parameter.high!r}"
            raise DesignError(f"parameter {parameter.name!r}: expected {allowed}, got {value!r}")
    values = tuple(sorted({float(value) for value in chosen}))
    wanted = parameter.low if parameter.default is None else parameter.default
    default = min(values, key=lambda value: abs(value - wanted))
    return Ordinal(parameter.name, values, parameter.unit, parameter.doc, default, group=parameter.group)


def _nearest(parameter: Parameter, values: tuple[Any, ...]) -> Any:
    """The default if it is left, else the nearest one left (ordered) or the next one, cyclically (categorical)."""
    index = [parameter.values.index(value) for value in values]
    wanted = parameter.values.index(parameter.default)
    if parameter.ordered:
        return values[min(range(len(values)), key=lambda i: abs(index[i] - wanted))]
    return values[min(range(len(values)), key=lambda i: (index[i] - wanted) % len(parameter.values))]
