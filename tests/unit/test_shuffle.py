"""Shuffled designs are all designs once, whatever the size of the space and of the reads."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.design_keys import design_keys
from archgym.shuffle import TABLE_LIMIT, RankPermutation, ShuffledDesigns
from archgym.space import Categorical, DesignSpace, Integer, Ordinal, ProductEquals, Real


def space_of(*sizes: int) -> DesignSpace:
    return DesignSpace(tuple(Integer(f"p{at}", 0, size - 1) for at, size in enumerate(sizes)))


@pytest.mark.parametrize("size", [1, 2, 3, 1000, TABLE_LIMIT, TABLE_LIMIT + 1, 100_003])
def test_permutation_is_a_bijection(size: int) -> None:
    permutation = RankPermutation(size, np.random.default_rng(1))
    images = permutation(np.arange(size, dtype=np.uint64))
    assert np.array_equal(np.sort(images), np.arange(size, dtype=np.uint64))


@pytest.mark.parametrize("size", [TABLE_LIMIT + 1, 10**9, 2**40 + 1, 2**62, 2**63 - 1])
def test_permutation_of_a_huge_range_stays_inside_and_looks_uniform(size: int) -> None:
    images = RankPermutation(size, np.random.default_rng(2))(np.arange(20_000, dtype=np.uint64))
    assert len(np.unique(images)) == 20_000
    assert int(images.max()) < size
    counts = np.bincount((images.astype(np.float64) / size * 16).astype(int), minlength=16)
    chi_square = float(((counts - 1250.0) ** 2 / 1250.0).sum())
    assert chi_square < 45  # 15 degrees of freedom: exceeded with probability 1e-4


def test_permutation_depends_on_the_generator_only() -> None:
    index = np.arange(50, dtype=np.uint64)
    first, again, other = (RankPermutation(10**6, np.random.default_rng(seed))(index) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("sizes", [(3, 4, 5), (42, 40, 40)])
def test_every_design_comes_exactly_once(sizes: tuple[int, ...]) -> None:
    space = space_of(*sizes)
    shuffled = ShuffledDesigns(space, np.random.default_rng(5))
    keys = design_keys(np.concatenate([shuffled.take(997) for _ in range(space.count() // 997 + 1)]))
    assert len(keys) == len(set(keys)) == space.count()
    assert len(shuffled.take(1)) == 0


def test_only_valid_designs_come_from_a_constrained_space() -> None:
    factors = (1, 2, 3, 4, 6, 8, 12, 24)
    space = DesignSpace(
        (Ordinal("a", factors), Ordinal("b", factors, default=24), Categorical("c", ("x", "y"))),
        (ProductEquals("tiles", ("a", "b"), 24),),
    )
    rows = ShuffledDesigns(space, np.random.default_rng(6)).take(100)
    assert len(rows) == space.count() == 16
    assert space.valid(rows).all()


@pytest.mark.parametrize("space", [space_of(7, 8, 9), space_of(*[100] * 12), DesignSpace((Real("x", 0.0, 1.0),))])
def test_how_it_is_read_does_not_change_it(space: DesignSpace) -> None:
    whole = ShuffledDesigns(space, np.random.default_rng(7)).take(400)
    parts = ShuffledDesigns(space, np.random.default_rng(7))
    assert np.array_equal(whole, np.concatenate([parts.take(n) for n in (1, 0, 3, 255, 141)]))


def test_space_beyond_63_bits_repeats_nothing() -> None:
    space = space_of(*[100] * 12)
    rows = ShuffledDesigns(space, np.random.default_rng(8)).take(5000)
    assert len(set(design_keys(rows))) == 5000
    assert space.valid(rows).all()
