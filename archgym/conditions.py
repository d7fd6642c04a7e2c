"""Constraints that hold under a condition: what one parameter must be where others have certain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archgym.automata import Automaton, Clause
from archgym.constraints import with_doc
from archgym.errors import SpaceError, did_you_mean
from archgym.parameters import Parameter, Value

When: TypeAlias = Mapping[str, Sequence[Value]]
"""``{parameter: [values]}``: true where every named parameter has one of its listed values."""


@dataclass(frozen=True, slots=True)
class Requires:
    """Where *when* is true, *parameter* must have one of *values*."""

    name: str
    parameter: str
    values: tuple[Value, ...]
    when: When
    doc: str = ""

    @property
    def scope(self) -> tuple[str, ...]:
        return (self.parameter, *self.when)

    @property
    def text(self) -> str:
        return with_doc(f"{_membership(self.parameter, self.values)} if {_condition(self.when)}", self.doc)

    def canonical(self) -> Any:
        return {"requires": [self.parameter, _plain(self.values)], "when": _plain_when(self.when)}

    def check(self, parameters: Mapping[str, Parameter], /) -> None:
        _check_values(self.name, parameters, {**self.when, self.parameter: self.values})

    def automata(self, parameters: Sequence[Parameter], /) -> list[Automaton]:
        good = {name: ~_members(parameters, name, values) for name, values in self.when.items()}
        good[self.parameter] = _members(parameters, self.parameter, self.values)
        return [_clause(self.name, parameters, good)]


@dataclass(frozen=True, slots=True)
class OnlyWhen:
    """*parameter* matters only where *when* is true; elsewhere it holds *otherwise*, so no two designs are the same."""

    parameter: str
    when: When
    otherwise: Value
    doc: str = ""

    @property
    def name(self) -> str:
        return f"{self.parameter} only when {_condition(self.when)}"

    @property
    def scope(self) -> tuple[str, ...]:
        return (self.parameter, *self.when)

    @property
    def text(self) -> str:
        return with_doc(f"{self.parameter} == {self.otherwise!r} unless {_condition(self.when)}", self.doc)

    def canonical(self) -> Any:
        return {"only_when": _plain_when(self.when), "otherwise": [self.parameter, *_plain((self.otherwise,))]}

    def check(self, parameters: Mapping[str, Parameter], /) -> None:
        _check_values(self.name, parameters, {**self.when, self.parameter: (self.otherwise,)})

    def automata(self, parameters: Sequence[Parameter], /) -> list[Automaton]:
        canonical = _members(parameters, self.parameter, (self.otherwise,))
        return [
            _clause(
                self.name,
                parameters,
                {self.parameter: canonical, name: _members(parameters, name, values)},
            )
            for name, values in self.when.items()
        ]


def _membership(name: str, values: Sequence[Value]) -> str:
    return f"{name} == {values[0]!r}" if len(values) == 1 else f"{name} in {list(values)!r}"


def _condition(when: When) -> str:
    return " and ".join(_membership(name, values) for name, values in when.items())


def _plain(values: Sequence[Any]) -> list[Any]:
    return [value.item() if isinstance(value, np.generic) else value for value in values]


def _plain_when(when: When) -> list[list[Any]]:
    return sorted([name, _plain(values)] for name, values in when.items())


def _check_values(constraint: str, parameters: Mapping[str, Parameter], wanted: When) -> None:
    if len(wanted) < 2:
        raise SpaceError(f"constraint {constraint!r}: 'when' must name at least one other parameter")
    for name, values in wanted.items():
        if isinstance(values, str) or not len(values):
            raise SpaceError(f"constraint {constraint!r}: expected a list of values of {name!r}, got {values!r}")
        for value in values:
            if value not in parameters[name].values:
                known = did_you_mean(str(value), map(str, parameters[name].values))
                raise SpaceError(f"constraint {constraint!r}: {name!r} has no value {value!r}: {known}")


def _members(parameters: Sequence[Parameter], name: str, values: Sequence[Value]) -> NDArray[np.bool_]:
    held = next(parameter for parameter in parameters if parameter.name == name).values
    return np.array([value in values for value in held], np.bool_)


def _clause(name: str, parameters: Sequence[Parameter], good: Mapping[str, NDArray[np.bool_]]) -> Clause:
    scope = tuple(parameter.name for parameter in parameters if parameter.name in good)
    return Clause(name, scope, tuple(good[name] for name in scope))
