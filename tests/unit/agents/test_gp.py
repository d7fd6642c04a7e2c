"""The Gaussian process sees well-scaled values of what is worth knowing, and finds the bottom in few designs."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from archgym.agents.gp import GpAgent, model_values, remembered
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError, MissingExtra
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import toy


class TestGpContract(AgentContract):
    agent = GpAgent
    hyperparameters = {"n_startup": 8, "memory": 24, "batch": 2}  # noqa: RUF012
    evaluations = 16


def test_scores_enter_as_logarithms_and_failures_as_the_worst_of_them() -> None:
    scores, violation = np.array([1.0, np.e**2, np.inf, 0.5]), np.array([0.0, 0.0, np.inf, 1.0])
    # Range 2 from 0 to 2; a violation of 1 is a share of 1/2: half of half of the range behind the worst.
    assert model_values(scores, violation) == pytest.approx([0.0, 2.0, 2.0, 2.5])


def test_scores_that_may_be_negative_enter_as_they_are() -> None:
    assert model_values(np.array([-1.0, 3.0]), np.zeros(2)).tolist() == [-1.0, 3.0]


def test_where_no_design_keeps_the_limits_violations_are_what_is_seen() -> None:
    values = model_values(np.array([1.0, 2.0, np.inf]), np.array([1.0, 3.0, np.inf]))
    assert values.tolist() == [0.5, 0.75, 1.0]


def test_the_best_and_the_last_are_remembered() -> None:
    values = np.array([0.0, 5.0, 4.0, 3.0, 1.0, 9.0, 8.0])
    assert remembered(values, 4).tolist() == [0, 4, 5, 6]
    assert remembered(values, 5).tolist() == [0, 3, 4, 5, 6]
    assert remembered(values, 7).tolist() == list(range(7))


def test_finds_lower_points_than_random_search_at_an_equal_budget() -> None:
    target = np.array([7, 2, 5])
    trial = landscape(grid(10, 10, 10), lambda codes: ((codes - target) ** 2).sum(axis=1) + 1.0)
    own, other = [], []
    for seed in range(2):
        found = np.array(converse(GpAgent(trial.problem, seed=seed), trial, 30, 1))
        chance = np.array(converse(RandomAgent(trial.problem, seed=seed, replace=False), trial, 30, 1))
        own.append(((found - target) ** 2).sum(axis=1).min())
        other.append(((chance - target) ** 2).sum(axis=1).min())
    assert max(own) <= 1
    assert sum(own) < sum(other)


def test_says_what_it_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"agent 'gp': expected one objective, got 2 \(latency, energy\)"):
        GpAgent(toy(metrics=("latency", "energy")).problem, seed=1)
    with pytest.raises(ConfigError, match="agent 'gp': memory: expected an integer of at least 2, got 1"):
        GpAgent(toy().problem, seed=1, memory=1)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra) as caught:
        GpAgent(toy().problem, seed=1)
    assert str(caught.value) == "agent 'gp' needs torch: pip install \"archgym[rl]\""
