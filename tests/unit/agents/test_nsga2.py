"""NSGA-II breeds generations of new designs from the best fronts; the fronts it finds: `test_fronts`."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from archgym.agents.nsga2 import Nsga2Agent
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError, MissingExtra
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import toy


class TestNsga2Contract(AgentContract):
    agent = Nsga2Agent
    hyperparameters = {"population": 8}  # noqa: RUF012


def test_a_generation_is_a_round_of_new_designs() -> None:
    trial = toy()
    agent = Nsga2Agent(trial.problem, seed=2, population=10)
    rows = []
    for _ in range(5):
        designs = agent.ask(1000)
        assert len(designs) == 10
        agent.tell(told(trial, designs))
        rows += designs.codes.tolist()
    assert len({tuple(row) for row in rows}) == 50


def test_children_of_the_best_front_have_their_parents_values() -> None:
    # Without mutation every value of a child is a survivor's; the survivors are the best of two generations.
    trial = landscape(grid(50, 50, 50), lambda codes: codes.sum(axis=1).astype(float))
    agent = Nsga2Agent(trial.problem, seed=3, population=10, mutation_rate=0.0)
    first = agent.ask(10)
    agent.tell(told(trial, first))
    second = agent.ask(10)
    agent.tell(told(trial, second))
    third = agent.ask(10)
    pool = np.concatenate([first.codes, second.codes])
    survivors = pool[np.argsort(pool.sum(axis=1), kind="stable")[:10]]
    bred = [all(row[k] in survivors[:, k] for k in range(3)) for row in third.codes]
    assert sum(bred) >= 8  # the others: random designs in the place of repeated children


def test_a_warm_start_breeds_from_the_best_of_what_was_told() -> None:
    trial = landscape(grid(50, 50, 50), lambda codes: codes.sum(axis=1).astype(float))
    agent = Nsga2Agent(trial.problem, seed=4, population=10, mutation_rate=0.0, start_default=False)
    known = trial.problem.space.sample(200, np.random.default_rng(1))
    agent.tell(told(trial, known))
    parents = known.codes[np.argsort(known.codes.sum(axis=1), kind="stable")[:10]]
    bred = [all(row[k] in parents[:, k] for k in range(3)) for row in agent.ask(10).codes]
    assert sum(bred) >= 8  # the others: random designs in the place of repeated children


def test_finds_lower_points_than_random_search_at_an_equal_budget() -> None:
    target = np.array([7, 2, 5, 1])
    trial = landscape(grid(10, 10, 10, 10), lambda codes: np.abs(codes - target).sum(axis=1).astype(float))
    for seed in range(5):
        own = np.array(converse(Nsga2Agent(trial.problem, seed=seed, population=16), trial, 250, 16))
        other = np.array(converse(RandomAgent(trial.problem, seed=seed, replace=False), trial, 250, 16))
        assert np.abs(own - target).sum(axis=1).min() < np.abs(other - target).sum(axis=1).min()


def test_says_what_it_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="agent 'nsga2': population: expected an integer of at least 2, got 1"):
        Nsga2Agent(toy().problem, seed=1, population=1)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra) as caught:
        Nsga2Agent(toy().problem, seed=1)
    assert str(caught.value) == "agent 'nsga2' needs optuna: pip install \"archgym[bo]\""
