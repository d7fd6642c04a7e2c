"""GAMMA's operators: what is done to one mapping, or to two, to make another.

Crossover, reordering, growing and ageing are those of Kao and Krishna (ICCAD 2020, see `archgym.agents.gamma`), with
mutations of tiles and parallel dimensions. All of them work on value indices and know the parameters by their roles
only. They may break a constraint of the space; whoever calls them repairs that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.agents.gamma_roles import Product, Roles
from archgym.space import DesignSpace, Real

Row = list[Any]
"""``d`` codes of one design; changed in place."""
STRONGER = 0.5
"""By how much all rates rise with every attempt that led to a known design."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each operator is applied to a child; `tile` is a mean number of times, the others are probabilities."""

    reorder: float
    tile: float
    parallel: float
    grow: float
    age: float
    other: float


class Operators:
    """Crossover and mutations of the mappings of one space, drawn from *rng*.

    *step_share*: tile changes that are small steps.
    """

    def __init__(
        self, space: DesignSpace, roles: Roles, rates: Rates, step_share: float, rng: np.random.Generator
    ) -> None:
        self._space, self._roles, self._rates, self._step_share, self._rng = space, roles, rates, step_share, rng
        self._divisors = {at: _divisors(space.values[at]) for at in (*roles.free_tiles, *_known(roles.cluster))}
        self._blocks = [*roles.dimensions, *((order.column,) for order in roles.orders)]
        self._blocks += [(at,) for at in (*roles.parallels, *roles.others, *_known(roles.cluster))]

    def cross(self, row: Row, other: Sequence[Any]) -> None:
        """Give *row* about half of *other*: dimensions with all their tiles, orders, parallel dimensions, the rest.

        A dimension comes whole, so that its tiles still nest in, or multiply to, what they did.
        """
        for block, drawn in zip(self._blocks, self._rng.random(len(self._blocks)), strict=True):
            if drawn < 0.5:
                for at in block:
                    row[at] = other[at]

    def mutate(self, row: Row, attempt: int) -> None:
        """Apply each operator as often as its rate says, and more often with every earlier *attempt*."""
        rates, strength = self._rates, 1.0 + STRONGER * attempt
        reorder, parallel, cluster, other = self._rng.random(4) / strength
        for _ in range(self._rng.poisson(rates.tile * strength)):
            self.retile(row)
        if reorder < rates.reorder:
            self.reorder(row)
        if parallel < rates.parallel:
            self.reparallel(row)
        if self._roles.cluster is not None:
            whole = row[self._roles.cluster] == self._roles.whole
            if whole and cluster < rates.grow:
                self.grow(row)
            elif not whole and cluster < rates.age:
                self.age(row)
        if other < rates.other:
            self.redraw_other(row)

    # ---- one mutation each

    def reorder(self, row: Row) -> None:
        """Exchange two loops in the order of one level."""
        order = self._roles.orders[self._below(len(self._roles.orders))]
        if swaps := order.swaps[int(row[order.column])]:
            row[order.column] = swaps[self._below(len(swaps))]

    def reparallel(self, row: Row) -> None:
        """Spread another dimension over the elements of one level."""
        if self._roles.parallels:
            self._redraw(row, self._roles.parallels[self._below(len(self._roles.parallels))])

    def retile(self, row: Row) -> None:
        """Change one tile, or the size of a cluster: a step, or to any divisor; in a product, another tile takes it."""
        cluster = self._roles.cluster
        free = list(self._roles.free_tiles)
        if cluster is not None and row[cluster] != self._roles.whole:
            free.append(cluster)
        at = self._below(len(free) + sum(len(product.columns) for product in self._roles.products))
        if at < len(free):
            self._resize(row, free[at])
            return
        at -= len(free)
        for product in self._roles.products:
            if at < len(product.columns):
                self._move_factor(row, product)
                return
            at -= len(product.columns)

    def grow(self, row: Row) -> None:
        """Give the array one more level: clusters, and another dimension to spread over their elements."""
        cluster, parallels = self._roles.cluster, self._roles.parallels
        if cluster is None:
            return
        self._redraw(row, cluster)
        if len(parallels) > 1 and self._value(row, parallels[0]) == self._value(row, parallels[-1]):
            self._redraw(row, parallels[-1])

    def age(self, row: Row) -> None:
        """Take the level away again."""
        if self._roles.cluster is not None:
            row[self._roles.cluster] = self._roles.whole

    def redraw_other(self, row: Row) -> None:
        """Any other value for one parameter of no role, such as what a level keeps."""
        if self._roles.others:
            self._redraw(row, self._roles.others[self._below(len(self._roles.others))])

    # ---- values

    def _resize(self, row: Row, at: int) -> None:
        size, code = len(self._space.values[at]), int(row[at])
        if self._rng.random() < self._step_share:
            step = int(self._rng.geometric(0.5)) * (1 if self._rng.random() < 0.5 else -1)
            moved = code + step if 0 <= code + step < size else code - step
            row[at] = min(max(moved, 0), size - 1)
        elif self._rng.random() < 0.5:
            row[at] = self._divisors[at][self._below(len(self._divisors[at]))]
        else:
            self._redraw(row, at)
        if at == self._roles.cluster and row[at] == self._roles.whole:  # that is for ageing to do
            row[at] = code

    def _move_factor(self, row: Row, product: Product) -> None:
        """From one tile of a dimension to another: the smallest factor that can go, or any."""
        tiles = [self._value(row, at) for at in product.columns]
        givers = [k for k, tile in enumerate(tiles) if tile > 1]
        if not givers or len(tiles) < 2:
            return
        giver, taker = givers[self._below(len(givers))], self._below(len(tiles) - 1)
        taker += taker >= giver
        gives, takes = product.values[giver], product.values[taker]
        factors = [
            factor
            for factor in range(2, tiles[giver] + 1)
            if tiles[giver] % factor == 0 and tiles[giver] // factor in gives and tiles[taker] * factor in takes
        ]
        if factors:
            factor = factors[0 if self._rng.random() < self._step_share else self._below(len(factors))]
            row[product.columns[giver]] = gives[tiles[giver] // factor]
            row[product.columns[taker]] = takes[tiles[taker] * factor]

    def _redraw(self, row: Row, at: int) -> None:
        """Any other value."""
        parameter = self._space.parameters[at]
        if isinstance(parameter, Real):
            row[at] = float(parameter.from_unit(np.array([self._rng.random()]))[0])
        elif (size := len(self._space.values[at])) > 1:
            row[at] = (int(row[at]) + 1 + self._below(size - 1)) % size

    def _value(self, row: Row, at: int) -> Any:
        return self._space.values[at][int(row[at])]

    def _below(self, n: int) -> int:
        return int(self._rng.integers(n))


def _known(column: int | None) -> tuple[int, ...]:
    return () if column is None else (column,)


def _divisors(values: Sequence[Any]) -> list[int]:
    """Codes of the tiles that divide the largest one, which is the whole dimension; of all tiles where none does."""
    largest = values[-1]
    return [code for code, value in enumerate(values) if value and largest % value == 0] or list(range(len(values)))
