"""Hard constraints on a design: which combinations of values exist at all.

The closed forms stay cheap on spaces of any size; a `Predicate` may say anything, at the price of trying every
combination of the parameters in its scope. Parameters in a scope must be finite (not `Real`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from archgym.automata import Automaton, Product, Sum, Tested
from archgym.errors import SpaceError
from archgym.parameters import Parameter, value_array


class Constraint(Protocol):
    """A named condition that every valid design satisfies."""

    @property
    def name(self) -> str: ...
    @property
    def scope(self) -> tuple[str, ...]:
        """Names of the parameters it reads."""
        ...

    @property
    def text(self) -> str:
        """What it demands, in one line for people."""
        ...

    def canonical(self) -> Any:
        """JSON data that changes exactly when its meaning does; part of the space's fingerprint."""
        ...

    def check(self, parameters: Mapping[str, Parameter], /) -> None:
        """Raise `SpaceError` where it cannot apply to these parameters or names a value they do not have."""
        ...

    def automata(self, parameters: Sequence[Parameter], /) -> list[Automaton]:
        """Automata that together accept what it accepts. *parameters* are those of its scope, in space order;
        a restricted parameter may lack values that the constraint names."""
        ...


@dataclass(frozen=True, slots=True)
class Predicate:
    """Any vectorised test. The meaning of *test* cannot be read from its code, so the author states it in words."""

    name: str
    scope: tuple[str, ...]
    test: Callable[[Mapping[str, NDArray[Any]]], Any]
    """Takes ``{name: (n,) values}``, returns ``(n,)`` bool. A module-level function, if the space must be pickled."""
    doc: str
    """What it demands."""
    definition: str = ""
    """Stands for the test in the fingerprint (default: *doc*). Change it whenever the meaning of *test* changes, and
    only then: logs made under the old and the new meaning must not mix."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", tuple(self.scope))
        if not self.doc.strip():
            raise SpaceError(f"constraint {self.name!r}: say in 'doc' what it demands; it is part of the fingerprint")

    @property
    def text(self) -> str:
        return self.doc

    def canonical(self) -> Any:
        return {"predicate": self.definition or self.doc}

    def check(self, parameters: Mapping[str, Parameter], /) -> None:
        combinations = math.prod(parameters[name].size or 1 for name in self.scope)
        if combinations >= 2**62:
            raise SpaceError(
                f"constraint {self.name!r}: {combinations:.1e} combinations cannot be tried; narrow its scope"
            )

    def automata(self, parameters: Sequence[Parameter], /) -> list[Automaton]:
        values = tuple(value_array(parameter) for parameter in parameters)
        return [Tested(self.name, tuple(parameter.name for parameter in parameters), values, self.test)]


@dataclass(frozen=True, slots=True)
class ProductEquals:
    """The product of positive integer parameters equals *product*."""

    name: str
    scope: tuple[str, ...]
    product: int
    doc: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", tuple(self.scope))

    @property
    def text(self) -> str:
        return with_doc(" * ".join(self.scope) + f" == {self.product}", self.doc)

    def canonical(self) -> Any:
        return {"product_equals": int(self.product)}

    def check(self, parameters: Mapping[str, Parameter], /) -> None:
        if not 1 <= self.product < 2**63:
            raise SpaceError(f"constraint {self.name!r}: expected a product from 1 to 2^63 - 1, got {self.product}")
        for name in self.scope:
            if parameters[name].kind != "int64" or any(int(value) < 1 for value in parameters[name].values):
                raise SpaceError(f"constraint {self.name!r}: parameter {name!r} must hold integers >= 1 only")

    def automata(self, parameters: Sequence[Parameter], /) -> list[Automaton]:
        factors = tuple(value_array(parameter) for parameter in parameters)
        return [Product(self.name, tuple(parameter.name for parameter in parameters), factors, int(self.product))]


@dataclass(frozen=True, slots=True)
class SumAtMost:
    """The sum of numeric parameters does not exceed *limit*; decimals are added exactly, as they are written."""

    name: str
    scope: tuple[str, ...]
    limit: int | float
    doc: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "scope", tuple(self.scope))

    @property
    def text(self) -> str:
        return with_doc(" + ".join(self.scope) + f" <= {self.limit}", self.doc)

    def canonical(self) -> Any:
        return {"sum_at_most": str(_exact(self.limit))}

    def check(self, parameters: Mapping[str, Parameter], /) -> None:
        for name in self.scope:
            if parameters[name].kind not in ("int64", "float64"):
                raise SpaceError(f"constraint {self.name!r}: parameter {name!r} must hold numbers only")
        self.automata([parameters[name] for name in self.scope])

    def automata(self, parameters: Sequence[Parameter], /) -> list[Automaton]:
        exact = [[_exact(value) for value in parameter.values] for parameter in parameters]
        limit = _exact(self.limit)
        scale = math.lcm(limit.denominator, *(value.denominator for column in exact for value in column))
        largest = sum(max(abs(value) for value in column) for column in exact) + abs(limit)
        if largest * scale >= 2**62:
            raise SpaceError(f"constraint {self.name!r}: its values have too many digits to be added exactly")
        weights = tuple(np.array([int(value * scale) for value in column], np.int64) for column in exact)
        return [Sum(self.name, tuple(parameter.name for parameter in parameters), weights, int(limit * scale))]


def with_doc(statement: str, doc: str) -> str:
    """A constraint's text: the statement, and the author's words behind it."""
    return f"{statement} ({doc})" if doc else statement


def _exact(value: Any) -> Fraction:
    """The number as it is written: 0.1 is 1/10 here, not the binary fraction next to it."""
    return Fraction(str(value))
