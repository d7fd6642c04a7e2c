"""From constraints to a decision diagram: follow all prefixes at once, merge those with the same future.

The forward pass merges prefixes that leave every automaton in the same state; the backward pass prunes dead ends and
merges states whose futures turn out equal. What comes out is the smallest diagram in this order of the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.automata import Automaton
from archgym.diagram import SINK, Diagram, Layer
from archgym.errors import SpaceError

LARGEST_LAYER = 2**21
"""States in one layer at most, before the backward pass."""

LARGEST_TABLE = 2**26
"""States times values in one layer at most: bounds time and memory."""

BLOCK = 2**20
"""Rows expanded at a time: bounds the memory."""


def compile_diagram(
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
    reading: list[int] = []
    states = np.zeros((1, 0), np.int64)
    tables = []
    for name, width in zip(names, widths, strict=True):
        starting = [a for a, step in enumerate(steps) if step.get(name) == 0]
        starts = np.array([automata[a].start for a in starting], np.int64)
        states = np.hstack([states, np.broadcast_to(starts, (len(states), len(starts)))])
        reading += starting
        moves = [(column, automata[a], steps[a][name]) for column, a in enumerate(reading) if name in steps[a]]
        going_on = [column for column, a in enumerate(reading) if steps[a].get(name) != len(steps[a]) - 1]
        if len(states) * width > LARGEST_TABLE:
            raise _too_large(name, len(states) * width, LARGEST_TABLE, [automata[a].name for a in reading], states)
        table = np.full(len(states) * width, SINK, np.int32)
        rows, kept = _follow(states, width, moves, going_on)
        before = states
        states, table[kept] = _merge(rows)
        if len(states) > LARGEST_LAYER:
            raise _too_large(name, len(states), LARGEST_LAYER, [automata[a].name for a in reading], before)
        reading = [reading[column] for column in going_on]
        tables.append(table.reshape(-1, width))
    return tables


def _follow(
    states: NDArray[np.int64], width: int, moves: list[tuple[int, Automaton, int]], going_on: list[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every state after every value: the columns *going_on* of those still alive, and which (state, value) they are."""
    found, places = [], []
    block = max(BLOCK // width, 1)
    for first in range(0, len(states), block):
        part = states[first : first + block]
        rows, code = np.repeat(part, width, axis=0), np.tile(np.arange(width), len(part))
        kept = np.arange(first * width, first * width + len(rows))
        for column, automaton, k in moves:
            rows[:, column], alive = automaton.step(k, rows[:, column], code)
            rows, code, kept = rows[alive], code[alive], kept[alive]
        found.append(rows[:, going_on])
        places.append(kept)
    if not found:
        return np.zeros((0, len(going_on)), np.int64), np.zeros(0, np.int64)
    return np.concatenate(found), np.concatenate(places)


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
    if not rows.size:  # no rows, or all of them alike
        return rows[:1], np.zeros(len(rows), np.int32)
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


def _too_large(name: str, found: int, most: int, reading: list[str], states: NDArray[np.int64]) -> SpaceError:
    variety = [len(np.unique(column)) for column in states.T]
    return SpaceError(
        f"constraint {reading[int(np.argmax(variety))]!r}: {found} partial designs at parameter {name!r} are too many "
        f"to keep apart (at most {most}); put the parameters of its scope next to each other, "
        "shorten the scope or use a closed form"
    )
