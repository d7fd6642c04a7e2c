"""Constraints as small automata that read a design one value index at a time.

An automaton reads its parameters in the order of the space and says after each one whether the design can still be
valid as far as it can tell. States are int64 numbers, and rows whose state is equal have the same future: that is what
lets the decision diagram (`archgym.compilation`) merge them. Every ``step`` works on ``(n,)`` rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from archgym.errors import SpaceError

States = NDArray[np.int64]
Codes = NDArray[np.int64]
Alive = NDArray[np.bool_]


class Automaton(Protocol):
    """Reads the parameters named in `scope`, which stand in the order of the space."""

    @property
    def name(self) -> str:
        """Of the constraint it belongs to."""
        ...

    @property
    def scope(self) -> tuple[str, ...]: ...
    @property
    def start(self) -> int: ...
    def step(self, k: int, state: States, code: Codes, /) -> tuple[States, Alive]:
        """State after reading *code* of parameter ``scope[k]``, and where the design can still be valid.

        After the last parameter ``alive`` is the verdict. Rows that are already dead may hold any state.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """At least one parameter must take one of its good values."""

    name: str
    scope: tuple[str, ...]
    good: tuple[NDArray[np.bool_], ...]
    """Per parameter ``(size,)``."""
    start: int = 0

    def step(self, k: int, state: States, code: Codes, /) -> tuple[States, Alive]:
        satisfied = (state > 0) | self.good[k][code]
        last = k == len(self.scope) - 1
        return satisfied.astype(np.int64), satisfied if last else np.ones_like(satisfied)


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """The sum of one integer weight per parameter must not exceed the limit; the state is the sum so far."""

    name: str
    scope: tuple[str, ...]
    weights: tuple[NDArray[np.int64], ...]
    """Per parameter ``(size,)``."""
    limit: int
    start: int = 0

    def step(self, k: int, state: States, code: Codes, /) -> tuple[States, Alive]:
        least = sum(int(weights.min()) for weights in self.weights[k + 1 :])
        most = sum(int(weights.max()) for weights in self.weights[k + 1 :])
        total = state + self.weights[k][code]
        # A sum that can no longer exceed the limit is as good as the largest such sum: one state for all of them.
        return np.maximum(total, self.limit - most), total + least <= self.limit


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """The product of one positive integer per parameter must equal the target; the state is what is left to make."""

    name: str
    scope: tuple[str, ...]
    factors: tuple[NDArray[np.int64], ...]
    """Per parameter ``(size,)``, all >= 1."""
    start: int

    def step(self, k: int, state: States, code: Codes, /) -> tuple[States, Alive]:
        left, remainder = np.divmod(state, self.factors[k][code])
        last = k == len(self.scope) - 1
        return left, (remainder == 0) & (left == 1) if last else (remainder == 0)


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """A test on complete value combinations; the state is the combination so far in mixed radix."""

    name: str
    scope: tuple[str, ...]
    values: tuple[NDArray[Any], ...]
    test: Callable[[Mapping[str, NDArray[Any]]], NDArray[np.bool_]]
    start: int = 0

    def step(self, k: int, state: States, code: Codes, /) -> tuple[States, Alive]:
        state = state * self.values[k].size + code
        if k < len(self.scope) - 1:
            return state, np.ones(state.shape, bool)
        return np.zeros_like(state), self._verdict(state)

    def _verdict(self, state: States) -> Alive:
        columns: dict[str, NDArray[Any]] = {}
        for name, values in zip(reversed(self.scope), reversed(self.values), strict=True):
            state, code = np.divmod(state, values.size)
            columns[name] = values[code]
        columns = {name: columns[name] for name in self.scope}
        verdict = np.asarray(self.test(columns))
        if verdict.dtype != np.bool_ or verdict.shape != state.shape:
            raise SpaceError(
                f"constraint {self.name!r}: its test must return a bool array of shape {state.shape}, "
                f"got {verdict.dtype} of shape {verdict.shape}"
            )
        return verdict


def holds(automaton: Automaton, codes: Sequence[Codes]) -> Alive:
    """``(n,)`` whether complete designs satisfy it; *codes* has one ``(n,)`` array per parameter of its scope."""
    state = np.full(codes[0].shape, automaton.start, np.int64)
    alive = np.ones(codes[0].shape, bool)
    for k, code in enumerate(codes):
        rows = np.flatnonzero(alive)
        state[rows], alive[rows] = automaton.step(k, state[rows], code[rows])
    return alive
