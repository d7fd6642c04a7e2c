"""The tree-structured Parzen estimator, and what it shares with the other agents on Optuna's samplers."""

from __future__ import annotations

import logging
import sys
import warnings

import numpy as np
import optuna
import pytest

from archgym.agents.optuna_study import BROKEN, penalised
from archgym.agents.random import RandomAgent
from archgym.agents.tpe import TpeAgent
from archgym.errors import ConfigError, MissingExtra
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import Trial, bowl, toy


class TestTpeInRoundsContract(AgentContract):
    agent = TpeAgent
    hyperparameters = {"batch": 5, "multivariate": False}  # noqa: RUF012
    evaluations = 30


def valley() -> Trial:
    """1,000 designs; the lowest is (7, 2, 5), of height 0."""
    return landscape(grid(10, 10, 10), lambda codes: (np.abs(codes - np.array([7, 2, 5])).sum(axis=1)).astype(float))


def best(trial: Trial, rows: list[list[float]]) -> float:
    space = trial.problem.space
    return float(told(trial, space.batch(np.array(rows))).scores.min())


def test_finds_lower_points_than_random_search_at_an_equal_budget() -> None:
    trial = valley()
    own = [best(trial, converse(TpeAgent(trial.problem, seed=seed), trial, 80, 8)) for seed in range(5)]
    other = [
        best(trial, converse(RandomAgent(trial.problem, seed=seed, replace=False), trial, 80, 8)) for seed in range(5)
    ]
    assert sum(own) < sum(other)


def test_proposes_no_design_twice_and_ends_with_the_space() -> None:
    trial = landscape(grid(3, 4), lambda codes: codes.sum(axis=1).astype(float))
    rows = converse(TpeAgent(trial.problem, seed=1), trial, 100, 5)
    assert sorted(map(tuple, rows)) == [(a, b) for a in range(3) for b in range(4)]


def test_the_default_design_comes_first_unless_unwanted() -> None:
    trial = toy()
    default = trial.problem.space.from_designs([trial.problem.space.default]).codes
    assert np.array_equal(TpeAgent(trial.problem, seed=1).ask(1).codes, default)
    assert not np.array_equal(TpeAgent(trial.problem, seed=1, start_default=False).ask(1).codes, default)


def test_learns_from_designs_that_it_did_not_ask_for() -> None:
    trial = valley()
    agent = TpeAgent(trial.problem, seed=3, n_startup=10)
    known = trial.problem.space.sample(200, np.random.default_rng(0))
    agent.tell(told(trial, known))
    rows = converse(agent, trial, 20, 1)
    assert not {tuple(row) for row in rows} & {tuple(row) for row in known.codes.tolist()}
    assert best(trial, rows) <= 1.0


def test_real_parameters_are_searched() -> None:
    trial = bowl()
    rows = np.array(converse(TpeAgent(trial.problem, seed=2), trial, 100, 4))
    assert len(np.unique(rows[:, 3])) > 50
    own = best(trial, rows.tolist())
    assert own < best(trial, converse(RandomAgent(trial.problem, seed=2, replace=False), trial, 100, 4))


def test_penalties_order_designs_by_debs_rule() -> None:
    inf, nan = np.inf, np.nan
    scores = np.array([[5.0, -2.0], [1.0, 1.0], [0.0, 0.0], [inf, inf], [nan, 1.0], [-inf, 0.0]])
    violation = np.array([0.0, 1.0, 3.0, inf, 0.0, 0.0])
    values = penalised(scores, violation)
    expected = [
        [5.0, -2.0],
        [1.5 * BROKEN] * 2,  # v / (1 + v) = 1/2
        [1.75 * BROKEN] * 2,  # 3/4
        [2 * BROKEN] * 2,
        [2 * BROKEN] * 2,
        [-BROKEN / 10, 0.0],
    ]
    assert values.tolist() == expected


def test_optuna_is_quiet_and_its_settings_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    optuna.logging.enable_propagation()
    try:
        with warnings.catch_warnings(), caplog.at_level(logging.DEBUG):
            warnings.simplefilter("error")
            trial = toy()
            converse(TpeAgent(trial.problem, seed=1, batch=3), trial, 30, 3)
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
        assert not [record for record in caplog.records if record.name.startswith("optuna")]
    finally:
        optuna.logging.disable_propagation()
        optuna.logging.set_verbosity(level)


def test_says_what_it_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"agent 'tpe': expected one objective, got 2 \(latency, energy\)"):
        TpeAgent(toy(metrics=("latency", "energy")).problem, seed=1)
    with pytest.raises(ConfigError, match="agent 'tpe': batch: expected an integer of at least 1, got 0"):
        TpeAgent(toy().problem, seed=1, batch=0)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra) as caught:
        TpeAgent(toy().problem, seed=1)
    assert str(caught.value) == "agent 'tpe' needs optuna: pip install \"archgym[bo]\""
