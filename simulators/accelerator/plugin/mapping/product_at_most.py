"""A constraint of map spaces: loops that fan out may not ask for more instances than there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.automata import Automaton
from archgym.errors import SpaceError
from archgym.parameters import Parameter, value_array


@dataclass(frozen=True, slots=True)
class ProductAtMost:
    """The product of positive integer parameters does not exceed *limit*."""

    name: str
    scope: tuple[str, ...]
    limit: int

    @property
    def text(self) -> str:
        return f"{' * '.join(self.scope)} <= {self.limit}"

    def canonical(self) -> Any:
        return {"product_at_most": int(self.limit)}

    def check(self, parameters: Mapping[str, Parameter], /) -> None:
        for name in self.scope:
            if parameters[name].kind != "int64" or min(int(value) for value in parameters[name].values) < 1:
                raise SpaceError(f"constraint {self.name!r}: parameter {name!r} must hold integers >= 1 only")

    def automata(self, parameters: Sequence[Parameter], /) -> list[Automaton]:
        factors = tuple(value_array(parameter).astype(np.int64) for parameter in parameters)
        return [_AtMost(self.name, tuple(parameter.name for parameter in parameters), factors, self.limit)]


@dataclass(frozen=True, slots=True, eq=False)
class _AtMost:
    """The state is the largest product that the parameters to come may have."""

    name: str
    scope: tuple[str, ...]
    factors: tuple[NDArray[np.int64], ...]
    start: int

    def step(
        self, k: int, state: NDArray[np.int64], code: NDArray[np.int64], /
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        left = state // self.factors[k][code]
        return left, left >= 1
