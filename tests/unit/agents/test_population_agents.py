"""Agents that move a population or a distribution: they search, and refuse spaces that mean nothing to them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archgym.agents.ant_colony import AntColonyAgent
from archgym.agents.cma import CmaAgent
from archgym.agents.differential import DifferentialAgent
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError
from archgym.space import Categorical, DesignSpace, Ordinal
from archgym.testing.exchange import told
from archgym.testing.landscape import landscape
from archgym.testing.problems import bowl

GRID = DesignSpace([Ordinal(f"p{k}", tuple(range(8))) for k in range(8)], name="grid")
TARGET = np.array([1, 6, 3, 5, 0, 7, 2, 4])
NAMES = DesignSpace([Categorical(f"p{k}", tuple("abcd")) for k in range(5)], name="names")


def best_after(factory: Any, evaluations: int, seed: int, **hyperparameters: Any) -> float:
    """The lowest squared distance from the target that a search finds."""
    trial = landscape(GRID, lambda codes: ((codes - TARGET) ** 2).sum(axis=1))
    agent = factory(trial.problem, seed=seed, **hyperparameters)
    lowest, asked = np.inf, 0
    while asked < evaluations:
        results = told(trial, agent.ask(min(16, evaluations - asked)))
        lowest, asked = min(lowest, float(results.scores.min())), asked + len(results)
        agent.tell(results)
    return lowest


@pytest.mark.parametrize("factory", [AntColonyAgent, CmaAgent, DifferentialAgent])
def test_better_than_random_designs_with_the_same_budget(factory: Any) -> None:
    found = [best_after(factory, 400, seed) for seed in range(3)]
    drawn = [best_after(RandomAgent, 400, seed, replace=False) for seed in range(3)]
    assert max(found) < min(drawn)


@pytest.mark.parametrize(("factory", "name"), [(CmaAgent, "cma"), (DifferentialAgent, "differential")])
def test_a_space_without_any_order_is_refused(factory: Any, name: str) -> None:
    trial = landscape(NAMES, lambda codes: codes.sum(axis=1))
    with pytest.raises(ConfigError, match=f"agent '{name}'"):
        factory(trial.problem, seed=0)


def test_ants_choose_among_values_not_reals() -> None:
    with pytest.raises(ConfigError, match="agent 'ant_colony'"):
        AntColonyAgent(bowl().problem, seed=0)
