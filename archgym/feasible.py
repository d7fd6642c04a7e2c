"""The valid designs of a space: counted, sampled, ranked and enumerated without search.

Parameters that share constraints form a component, and each component is one decision diagram (`archgym.diagram`).
Parameters without constraints are free: they need none, and only multiply.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.automata import Automaton
from archgym.compilation import compile_diagram
from archgym.diagram import Layer, locate


class Feasible:
    """The valid designs of a finite space (of the finite part of a mixed one)."""

    def __init__(self, names: Sequence[str], sizes: Sequence[int | None], automata: Sequence[Automaton]) -> None:
        self.sizes = tuple(sizes)
        components = _components(names, automata)
        self.diagrams = tuple(compile_diagram(positions, sizes, names, found) for positions, found in components)
        self.home: list[tuple[int, Layer] | None] = [None] * len(sizes)
        """Per parameter: the number of its diagram and its layer, None where it is free."""
        for number, diagram in enumerate(self.diagrams):
            for layer in diagram.layers:
                self.home[layer.position] = number, layer
        self.free = tuple(k for k, size in enumerate(sizes) if size is not None and self.home[k] is None)
        self.count = math.prod(sizes[k] or 1 for k in self.free) * math.prod(d.total for d in self.diagrams)

    def accepts(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """``(n,)`` which complete designs are valid."""
        if len(codes) == 1:
            return np.array([self.accepts_one(codes.tolist()[0])])
        if len(self.diagrams) == 1:
            return self.diagrams[0].accepts(codes)
        verdict = np.ones(len(codes), bool)
        for diagram in self.diagrams:
            verdict &= diagram.accepts(codes)
        return verdict

    def accepts_one(self, codes: Sequence[float]) -> bool:
        """Whether the complete design of these ``d`` codes is valid."""
        return all([diagram.accepts_one(codes) for diagram in self.diagrams])  # noqa: C419 - faster than a generator

    def unrank(self, ranks: NDArray[Any]) -> NDArray[np.int32]:
        """``(n, d)`` designs at *ranks* in lexicographic order: int64 below `count`, Python integers from 2^63 on."""
        codes = np.empty((len(ranks), len(self.sizes)), np.int32)
        states = [np.zeros(len(ranks), np.int32) for _ in self.diagrams]
        remaining: Any = self.count
        for k, home in enumerate(self.home):
            if home is None:
                remaining = remaining // self.sizes[k]
                code = ranks // remaining
                ranks = ranks - code * remaining
            else:
                number, layer = home
                others = remaining // self._wide(layer.count[states[number]])
                code, below = locate(layer, states[number], ranks // others)
                ranks = ranks - self._wide(below) * others
                states[number] = layer.following[states[number], code]
                remaining = others * self._wide(layer.after[states[number]])
            codes[:, k] = code
        return codes

    def rank(self, codes: NDArray[Any]) -> NDArray[Any]:
        """``(n,)`` positions of valid designs in lexicographic order, of the type that `unrank` takes."""
        ranks = self._wide(np.zeros(len(codes), np.int64))
        states = [np.zeros(len(codes), np.int32) for _ in self.diagrams]
        remaining: Any = self.count
        for k, home in enumerate(self.home):
            if home is None:
                remaining = remaining // self.sizes[k]
                ranks = ranks + self._wide(codes[:, k].astype(np.int64)) * remaining
            else:
                number, layer = home
                others = remaining // self._wide(layer.count[states[number]])
                ranks = ranks + self._wide(layer.before[states[number], codes[:, k]]) * others
                states[number] = layer.following[states[number], codes[:, k]]
                remaining = others * self._wide(layer.after[states[number]])
        return ranks

    def _wide(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Python integers where the count of designs does not fit int64."""
        return numbers.astype(object) if self.count >= 2**63 else numbers


def _components(names: Sequence[str], automata: Sequence[Automaton]) -> list[tuple[list[int], list[Automaton]]]:
    """Positions that constraints connect, with those constraints' automata; in the order of their first parameter."""
    leader = {name: name for automaton in automata for name in automaton.scope}
    for automaton in automata:
        merged = {leader[name] for name in automaton.scope}
        leader = {name: automaton.scope[0] if old in merged else old for name, old in leader.items()}
    groups: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        if name in leader:
            groups.setdefault(leader[name], []).append(position)
    return [
        (positions, [automaton for automaton in automata if leader[automaton.scope[0]] == head])
        for head, positions in groups.items()
    ]
