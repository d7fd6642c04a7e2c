"""Random search: uniform with replacement, exhaustive without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archgym.agents.random import RandomAgent
from archgym.design_keys import design_keys
from archgym.errors import ConfigError
from archgym.space import Categorical, DesignSpace, Ordinal, ProductEquals, Real
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import bowl, toy


def test_with_replacement_every_valid_design_is_equally_likely() -> None:
    factors = (1, 2, 4, 8)
    space = DesignSpace(
        (Ordinal("a", factors), Ordinal("b", factors, default=8), Categorical("c", ("x", "y", "z"))),
        (ProductEquals("tiles", ("a", "b"), 8),),
    )
    trial = landscape(space, lambda codes: codes.sum(axis=1))
    keys = design_keys(RandomAgent(trial.problem, seed=1).ask(12_000).codes)
    counts = np.array([keys.count(key) for key in set(keys)])
    assert len(counts) == space.count() == 12
    assert float(((counts - 1000.0) ** 2 / 1000.0).sum()) < 39  # chi-square, 11 degrees of freedom: 1e-4


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_without_replacement_the_space_is_enumerated_exactly_once_and_ends(size: int) -> None:
    trial = landscape(grid(5, 6, 7), lambda codes: codes.sum(axis=1))
    agent = RandomAgent(trial.problem, seed=2, replace=False)
    proposed = converse(agent, trial, 1000, size)
    assert len(proposed) == 210
    assert len({tuple(row) for row in proposed}) == 210
    assert len(agent.ask(8)) == 0


def test_without_replacement_the_toy_space_is_enumerated() -> None:
    trial = toy()
    agent = RandomAgent(trial.problem, seed=3, replace=False)
    count = trial.problem.space.count()
    rows = agent.ask(count + 100).codes
    assert len(rows) == len(set(design_keys(rows))) == count
    assert trial.problem.space.valid(rows).all()


def test_real_parameters_are_searched_both_ways() -> None:
    for replace in (True, False):
        trial = bowl()
        rows = RandomAgent(trial.problem, seed=4, replace=replace).ask(300)
        assert len(set(design_keys(rows.codes))) == 300
        assert isinstance(trial.problem.space.parameters[-1], Real)


def test_what_it_is_told_changes_nothing() -> None:
    trial = toy()
    deaf, listening = (RandomAgent(trial.problem, seed=5, replace=False) for _ in range(2))
    for _ in range(5):
        listening_rows = listening.ask(9)
        listening.tell(told(trial, listening_rows, "failed"))
        assert np.array_equal(deaf.ask(9).codes, listening_rows.codes)


@pytest.mark.parametrize("wrong", [1, "yes", None])
def test_wrong_hyperparameter_is_refused_in_one_line(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"^agent 'random': replace: expected one of True, False, got .*$"):
        RandomAgent(toy().problem, seed=0, replace=wrong)
