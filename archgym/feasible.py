"""The valid designs of a finite space as decision diagrams: counted, sampled, ranked and walked without search.

Parameters that share constraints form a component. A component is compiled into layers, one per parameter: a state of
a layer stands for all prefixes with the same future (Andersen et al., "A Constraint Store Based on Multivalued
Decision Diagrams", 2007), dead ends are pruned, and every state knows exactly how many completions it has. Parameters
without constraints need no diagram.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.automata import Automaton
from archgym.errors import SpaceError

LARGEST_LAYER = 2_000_000
"""States in one layer at most."""

SINK = -1
"""The state without completions. It indexes the last row of every table, which leads nowhere but back to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One parameter of a component."""

    position: int
    """Of the parameter in the space."""
    following: NDArray[np.int32]
    """``(states + 1, size)`` the next layer's state after each value; `SINK` where no completion is left."""
    count: NDArray[Any]
    """``(states + 1,)`` completions of each state; int64, or Python integers where those are too small."""
    before: NDArray[Any]
    """``(states + 1, size)`` completions that start with a lower value."""
    after: NDArray[Any]
    """`count` of the next layer, ``[1, 0]`` after the last one."""


@dataclass(frozen=True, slots=True, eq=False)
class Diagram:
    """All valid combinations of one component's parameters, which stand in the order of the space."""

    layers: tuple[Layer, ...]
    total: int

    def accepts(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """``(n,)`` for complete designs of the space, ``(n, d)``."""
        if len(codes) == 1:  # plain integers are ten times faster than arrays of one
            state = 0
            row = codes[0]
            for layer in self.layers:
                state = layer.following.item(state, int(row[layer.position]))
            return np.array([state >= 0])
        states = np.zeros(len(codes), np.int32)
        for layer in self.layers:
            states = layer.following[states, codes[:, layer.position].astype(np.intp)]
        return np.asarray(states >= 0)

    def unrank(self, ranks: NDArray[Any]) -> list[NDArray[np.int32]]:
        """The value indices, parameter by parameter, of the combinations at *ranks* in lexicographic order."""
        if len(ranks) == 1:
            return [np.array([code], np.int32) for code in self._unrank_one(int(ranks[0]))]
        states = np.zeros(len(ranks), np.int32)
        columns = []
        for layer in self.layers:
            code, below = locate(layer, states, ranks)
            ranks = ranks - below
            states = layer.following[states, code]
            columns.append(code.astype(np.int32))
        return columns

    def _unrank_one(self, rank: int) -> Iterator[int]:
        state = 0
        for layer in self.layers:
            before = layer.before[state].tolist()
            code = bisect_right(before, rank) - 1
            rank -= before[code]
            state = layer.following.item(state, code)
            yield code

    def draw(self, n: int, rng: np.random.Generator) -> list[NDArray[np.int32]]:
        """Combinations drawn uniformly with replacement, parameter by parameter."""
        if self.total < 2**63:
            return self.unrank(rng.integers(0, self.total, n))
        states = np.zeros(n, np.int32)
        columns = []
        for layer in self.layers:
            share = (layer.before[:, 1:] / np.maximum(layer.count, 1)[:, None]).astype(np.float64)
            share[layer.before[:, 1:] == layer.count[:, None]] = np.inf  # no completion is left beyond: never passed
            code = (share[states] <= rng.random(n)[:, None]).sum(axis=1)
            states = layer.following[states, code]
            columns.append(code.astype(np.int32))
        return columns


def locate(layer: Layer, states: NDArray[np.int32], ranks: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """``(n,)`` value index whose completions contain the one at *ranks*, and how many completions precede it."""
    size = layer.before.shape[1]
    before = layer.before.reshape(-1)
    row = states.astype(np.int64) * size
    code = np.zeros(len(states), np.int64)  # binary search: the last value with before <= rank
    step = 1 << max(size - 1, 0).bit_length() >> 1
    while step:
        ahead = code + step
        reached = (ahead < size) & (before[row + np.minimum(ahead, size - 1)] <= ranks)
        code = np.where(reached, ahead, code)
        step >>= 1
    return code, before[row + code]


class Feasible:
    """The valid designs of a finite space (of the finite part of a mixed one)."""

    def __init__(self, names: Sequence[str], sizes: Sequence[int | None], automata: Sequence[Automaton]) -> None:
        self.sizes = tuple(sizes)
        components = _components(names, automata)
        self.diagrams = tuple(_compile(positions, sizes, names, found) for positions, found in components)
        self.home: list[tuple[int, Layer] | None] = [None] * len(sizes)
        """Per parameter: the number of its diagram and its layer, None where it is free."""
        for number, diagram in enumerate(self.diagrams):
            for layer in diagram.layers:
                self.home[layer.position] = number, layer
        self.free = tuple(k for k, size in enumerate(sizes) if size is not None and self.home[k] is None)
        self.count = math.prod(sizes[k] or 1 for k in self.free) * math.prod(d.total for d in self.diagrams)

    def accepts(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """``(n,)`` which complete designs are valid."""
        if len(self.diagrams) == 1:
            return self.diagrams[0].accepts(codes)
        verdict = np.ones(len(codes), bool)
        for diagram in self.diagrams:
            verdict &= diagram.accepts(codes)
        return verdict

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


def _compile(
    positions: list[int], sizes: Sequence[int | None], names: Sequence[str], automata: list[Automaton]
) -> Diagram:
    widths = [sizes[position] or 0 for position in positions]
    tables = _reduce(_expand([names[position] for position in positions], widths, automata))
    dtype: Any = np.int64 if math.prod(widths) < 2**63 else object
    layers: list[Layer] = []
    count: NDArray[Any] = np.array([1, 0], dtype)  # the last entry belongs to the sink
    for position, table in zip(reversed(positions), reversed(tables), strict=True):
        table = np.vstack([table, np.full((1, table.shape[1]), SINK, np.int32)])
        each = count[table]
        sums = np.cumsum(each, axis=1, dtype=dtype)
        after, count = count, sums[:, -1]
        layers.append(Layer(position, table, count, sums - each, after))
    total = int(count[0]) if len(count) > 1 else 0
    return Diagram(tuple(reversed(layers)), total)


def _expand(names: list[str], widths: list[int], automata: list[Automaton]) -> list[NDArray[np.int32]]:
    """Forward pass: per layer ``(states, size)`` the state after each value, equal automata states merged."""
    steps = [{name: k for k, name in enumerate(automaton.scope)} for automaton in automata]
    open_now: list[int] = []
    states = np.zeros((1, 0), np.int64)
    tables = []
    for name, width in zip(names, widths, strict=True):
        starting = [a for a, step in enumerate(steps) if step.get(name) == 0]
        starts = np.array([automata[a].start for a in starting], np.int64)
        states = np.hstack([states, np.broadcast_to(starts, (len(states), len(starts)))])
        open_now += starting
        if len(states) * width > 8 * LARGEST_LAYER:
            raise _too_large(name, len(states) * width, open_now, states, automata)
        table = np.full(len(states) * width, SINK, np.int32)
        rows, code = np.repeat(states, width, axis=0), np.tile(np.arange(width), len(states))
        kept = np.arange(len(rows))
        for column, a in enumerate(open_now):
            if name in steps[a]:
                new, alive = automata[a].step(steps[a][name], rows[:, column], code)
                rows[:, column] = new
                rows, code, kept = rows[alive], code[alive], kept[alive]
        still = [column for column, a in enumerate(open_now) if steps[a].get(name) != len(steps[a]) - 1]
        open_now = [open_now[column] for column in still]
        states, table[kept] = _merge(rows[:, still])
        if len(states) > LARGEST_LAYER:
            raise _too_large(name, len(states), open_now, states, automata)
        tables.append(table.reshape(-1, width))
    return tables


def _reduce(tables: list[NDArray[np.int32]]) -> list[NDArray[np.int32]]:
    """Backward pass: prune states without completions, merge states whose futures are equal."""
    renamed = np.array([0], np.int32)
    reduced = []
    for table in reversed(tables):
        table = np.append(renamed, SINK)[table]
        live = (table >= 0).any(axis=1)
        rows, inverse = _merge(table[live])
        renamed = np.full(len(table), SINK, np.int32)
        renamed[live] = inverse
        reduced.append(rows.astype(np.int32))
    return reduced[::-1]


def _merge(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The distinct rows, and for every row the number of its distinct one."""
    if not len(rows):
        return rows, np.zeros(0, np.int32)
    key = np.zeros(len(rows), np.int64)
    radix = 1
    for column in rows.T.astype(np.int64):
        least, span = int(column.min()), int(column.max()) - int(column.min()) + 1
        if radix * span >= 2**62:
            key = np.unique(key, return_inverse=True)[1].reshape(-1)
            column = np.unique(column, return_inverse=True)[1].reshape(-1)
            radix, least, span = int(key.max()) + 1, 0, int(column.max()) + 1
        key = key * span + (column - least)
        radix *= span
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return rows[first], inverse.reshape(-1).astype(np.int32)


def _too_large(
    name: str, found: int, open_now: list[int], states: NDArray[np.int64], automata: list[Automaton]
) -> SpaceError:
    variety = [len(np.unique(states[:, column])) for column in range(len(open_now))]
    worst = automata[open_now[int(np.argmax(variety))]].name if variety else automata[0].name
    return SpaceError(
        f"constraint {worst!r}: {found} partial designs at parameter {name!r} are too many to keep apart "
        f"(at most {LARGEST_LAYER}); put the parameters of its scope next to each other, "
        "shorten the scope or use a closed form"
    )
