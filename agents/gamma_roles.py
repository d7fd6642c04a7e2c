"""What the parameters of a mapping space stand for, read from the space alone: orders, dimensions, tiles, a cluster.

An order is a `Categorical` whose values are permutations of the same letters; the letters are the dimensions. A tile is
an ordered parameter whose name is a level, ``_`` and such a letter. A parallel dimension is a `Categorical` of such
letters. The cluster is an ordered parameter named ``cluster`` that may be 1. So no simulator has to be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from archgym.errors import ConfigError
from archgym.space import Categorical, DesignSpace, Parameter, ProductEquals

CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Order:
    """The loops of one level."""

    column: int
    swaps: tuple[tuple[int, ...], ...]
    """Per value, those that differ from it by the exchange of two loops."""


@dataclass(frozen=True, slots=True)
class Product:
    """Tiles of one dimension that multiply to its size."""

    columns: tuple[int, ...]
    values: tuple[Mapping[int, int], ...]
    """Per column, value -> code."""


@dataclass(frozen=True, slots=True)
class Roles:
    """Columns of a design's codes by what they stand for."""

    orders: tuple[Order, ...]
    parallels: tuple[int, ...]
    free_tiles: tuple[int, ...]
    """Tiles that no product ties to others."""
    products: tuple[Product, ...]
    cluster: int | None
    """None: there is none that could grow from 1 and age to 1."""
    whole: int
    """The code of a cluster of 1."""
    others: tuple[int, ...]
    """What is none of these."""
    dimensions: tuple[tuple[int, ...], ...]
    """Per dimension its tiles on all levels."""


def roles_of(space: DesignSpace) -> Roles:
    """The roles of *space*'s parameters; `ConfigError` where it has no orders of loops with tiles."""
    named = [(at, _permuted(parameter)) for at, parameter in enumerate(space.parameters)]
    found = {at: letters for at, letters in named if letters}
    tiles = _tiles(space, frozenset().union(*found.values()))
    orders = [at for at, letters in found.items() if letters & set(tiles.values())]
    if not orders:
        raise ConfigError(
            f"agent 'gamma': expected loop orders (choices among permutations of the same letters) and their tiles "
            f"(ordered, named level_LETTER), got none in space {space.name!r}; use agent 'genetic' there"
        )
    letters = frozenset().union(*(found[at] for at in orders))
    parallels = [at for at, p in enumerate(space.parameters) if isinstance(p, Categorical) and set(p.values) <= letters]
    cluster, whole = _cluster(space)
    products = tuple(_products(space, tiles))
    tied = {at for product in products for at in product.columns}
    known = {*orders, *parallels, *tiles, cluster}
    return Roles(
        orders=tuple(Order(at, _swaps(_words(space.values[at]))) for at in orders),
        parallels=tuple(parallels),
        free_tiles=tuple(at for at in tiles if at not in tied),
        products=products,
        cluster=cluster,
        whole=whole,
        others=tuple(at for at in range(space.d) if at not in known),
        dimensions=tuple(_grouped(tiles)),
    )


def _permuted(parameter: Parameter) -> frozenset[str]:
    """The letters that all values are permutations of; none where they are not."""
    values = _words(parameter.values) if isinstance(parameter, Categorical) else ()
    letters = frozenset(values[0]) if values else frozenset()
    whole = len(letters) > 1 and all(len(value) == len(letters) and letters == set(value) for value in values)
    return letters if whole else frozenset()


def _words(values: Sequence[object]) -> tuple[str, ...]:
    """*values*, or none where they are not all strings."""
    words = tuple(value for value in values if isinstance(value, str))
    return words if len(words) == len(values) else ()


def _tiles(space: DesignSpace, letters: frozenset[str]) -> dict[int, str]:
    """Column -> letter."""
    ends = {at: name.rpartition("_")[2] for at, name in enumerate(space.names) if "_" in name}
    return {at: end for at, end in ends.items() if end in letters and _is_ordered(space.parameters[at])}


def _is_ordered(parameter: Parameter) -> bool:
    return parameter.size is not None and parameter.ordered


def _cluster(space: DesignSpace) -> tuple[int | None, int]:
    """Column and the code of 1."""
    for at, name in enumerate(space.names):
        if name == CLUSTER and _is_ordered(space.parameters[at]) and 1 in space.values[at]:
            return at, space.values[at].index(1)
    return None, 0


def _products(space: DesignSpace, tiles: Mapping[int, str]) -> Iterator[Product]:
    for constraint in space.constraints:
        columns = tuple(space.names.index(name) for name in constraint.scope)
        if isinstance(constraint, ProductEquals) and all(at in tiles for at in columns):
            values = tuple({int(value): code for code, value in enumerate(space.values[at])} for at in columns)
            yield Product(columns, values)


def _grouped(labels: Mapping[int, str]) -> list[tuple[int, ...]]:
    """Columns of the same label together."""
    names = dict.fromkeys(labels.values())
    return [tuple(at for at, label in labels.items() if label == name) for name in names]


def _swaps(values: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Per value the codes of those in which two blocks are exchanged; letters that always go together are one block."""
    follows = {pair for pair in pairwise(values[0]) if all("".join(pair) in v for v in values)}
    codes = {value: code for code, value in enumerate(values)}
    return tuple(tuple(sorted(_exchanged(_blocks(value, follows), codes))) for value in values)


def _blocks(value: str, follows: set[tuple[str, str]]) -> list[str]:
    blocks = [value[0]]
    for before, letter in pairwise(value):
        if (before, letter) in follows:
            blocks[-1] += letter
        else:
            blocks.append(letter)
    return blocks


def _exchanged(blocks: list[str], codes: Mapping[str, int]) -> Iterator[int]:
    for first, second in combinations(range(len(blocks)), 2):
        other = list(blocks)
        other[first], other[second] = blocks[second], blocks[first]
        if "".join(other) in codes:
            yield codes["".join(other)]
