"""Neighbours are the designs that differ in one parameter, valid, distinct and in random order."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.design_keys import design_keys
from archgym.neighbours import LONG, REAL_STEPS, Neighbourhood
from archgym.space import Categorical, DesignSpace, Integer, OnlyWhen, Ordinal, ProductEquals, Real

FREE = DesignSpace((Categorical("a", ("x", "y", "z")), Ordinal("b", (1, 2, 4, 8, 16)), Integer("c", 0, 3)))


def around(space: DesignSpace, point: list[float], *, adjacent: bool = False, seed: int = 0) -> np.ndarray:
    neighbourhood = Neighbourhood(space, adjacent=adjacent, sigma=0.1)
    dtype = np.int32 if space.finite else np.float64
    here = np.array(point, dtype)
    valid, invalid = neighbourhood.around(here, np.random.default_rng(seed))
    assert space.valid(valid).all()
    assert not space.valid(invalid).any()
    return np.concatenate([valid, neighbourhood.repaired(invalid, here)])


@pytest.mark.parametrize("point", [[0, 0, 0], [1, 2, 3], [2, 4, 1]])
def test_all_designs_that_differ_in_one_value_are_neighbours(point: list[float]) -> None:
    everything = np.concatenate([batch.codes for batch in FREE.enumerate()])
    expected = everything[(everything != point).sum(axis=1) == 1]
    rows = around(FREE, point)
    assert set(design_keys(rows)) == set(design_keys(expected))
    assert len(rows) == len(expected) == 2 + 4 + 3


@pytest.mark.parametrize(("point", "count"), [([0, 0, 0], 2 + 1 + 1), ([0, 2, 1], 2 + 2 + 2), ([0, 4, 3], 2 + 1 + 1)])
def test_adjacent_step_moves_ordered_parameters_by_one_and_categorical_ones_anywhere(
    point: list[float], count: int
) -> None:
    rows = around(FREE, point, adjacent=True)
    assert len(rows) == len(set(design_keys(rows))) == count
    assert np.abs(rows[:, 1:] - point[1:]).max() == 1


def test_the_order_is_random_and_seeded() -> None:
    first, again, other = (around(FREE, [0, 0, 0], seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert sorted(first.tolist()) == sorted(other.tolist())


def test_long_parameters_are_changed_by_powers_of_two() -> None:
    space = DesignSpace((Integer("n", 0, LONG),))
    assert sorted(around(space, [10])[:, 0]) == [2, 6, 8, 9, 11, 12, 14, 18, 26, 42]


def test_single_valued_parameters_have_no_neighbours() -> None:
    assert len(around(DesignSpace((Ordinal("only", (5,)), Categorical("one", ("x",)))), [0, 0])) == 0


def test_a_product_stays_constant_because_later_parameters_follow() -> None:
    factors = (1, 2, 4, 8)
    space = DesignSpace((Ordinal("a", factors), Ordinal("b", factors, default=8)), (ProductEquals("p", ("a", "b"), 8),))
    assert sorted(around(space, [1, 2]).tolist()) == [[0, 3], [2, 1], [3, 0]]


def test_a_switch_turns_its_dependent_parameter_off() -> None:
    space = DesignSpace(
        (Categorical("cache", ("no", "yes")), Ordinal("ways", (1, 2, 4))),
        (OnlyWhen("ways", when={"cache": ["yes"]}, otherwise=1),),
    )
    assert sorted(around(space, [1, 2]).tolist()) == [[0, 0], [1, 0], [1, 1]]


def test_real_parameters_take_steps_inside_their_range() -> None:
    space = DesignSpace((Categorical("a", ("x", "y")), Real("r", 0.01, 10.0, log=True)))
    rows = around(space, [0.0, 0.01])
    assert len(rows) == 1 + REAL_STEPS
    assert space.valid(rows).all()
    assert ((rows != [0.0, 0.01]).sum(axis=1) == 1).all()
