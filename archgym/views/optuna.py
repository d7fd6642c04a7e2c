"""The space as Optuna distributions, so that Optuna's samplers search it under its own names.

Ordered parameters become integers: `Integer` by value, `Ordinal` by index, since its values need no even spacing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from archgym.errors import DesignError, MissingExtra
from archgym.space import Categorical, DesignBatch, DesignSpace, Integer, Parameter


class OptunaView:
    """Points are Optuna parameter mappings; one that is not valid stands for its projection."""

    def __init__(self, space: DesignSpace) -> None:
        """`MissingExtra` where Optuna is not installed."""
        try:
            distributions = import_module("optuna").distributions
        except ImportError:
            raise MissingExtra("optuna", "bo", "the Optuna view of a space") from None
        self.space = space
        self.distributions: dict[str, Any] = {}
        """Per parameter, in order, its Optuna distribution: for ``study.ask(view.distributions)``."""
        for p in space.parameters:
            if p.size is None:
                self.distributions[p.name] = distributions.FloatDistribution(p.low, p.high, log=p.log)
            elif isinstance(p, Categorical):
                self.distributions[p.name] = distributions.CategoricalDistribution(p.values)
            elif isinstance(p, Integer):
                self.distributions[p.name] = distributions.IntDistribution(p.low, p.high, step=p.step)
            else:
                self.distributions[p.name] = distributions.IntDistribution(0, p.size - 1)

    def encode(self, batch: DesignBatch) -> list[dict[str, Any]]:
        return [
            {p.name: _to_optuna(p, code) for p, code in zip(self.space.parameters, row, strict=True)}
            for row in batch.codes.tolist()
        ]

    def decode(self, points: Sequence[Mapping[str, Any]]) -> DesignBatch:
        """Of ``trial.params``; `DesignError` for a missing name or an unknown value."""
        held = dict(zip(self.space.names, self.space.parameters, strict=True))
        designs = [
            {name: _from_optuna(held[name], value) if name in held else value for name, value in point.items()}
            for point in points
        ]
        return DesignBatch(self.space, self.space.project(self.space.from_designs(designs)))


def _to_optuna(parameter: Parameter, code: float) -> Any:
    if parameter.size is None:
        return code
    if isinstance(parameter, Categorical | Integer):
        return parameter.values[int(code)]
    return int(code)


def _from_optuna(parameter: Parameter, value: Any) -> Any:
    if parameter.size is None or isinstance(parameter, Categorical | Integer):
        return value
    if not isinstance(value, int | np.integer) or not 0 <= value < parameter.size:
        raise DesignError(
            f"parameter {parameter.name!r}: expected an index from 0 to {parameter.size - 1}, got {value!r}"
        )
    return parameter.values[int(value)]
