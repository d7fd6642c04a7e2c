"""The multi-objective Parzen estimator keeps the contract, with one objective too; its fronts: `test_fronts`."""

from __future__ import annotations

import sys

import pytest

from archgym.agents.motpe import MotpeAgent
from archgym.agents.tpe import TpeAgent
from archgym.errors import ConfigError, MissingExtra
from archgym.testing.exchange import converse
from archgym.testing.problems import toy


def test_with_one_objective_it_is_a_tree_structured_parzen_estimator() -> None:
    # Told the same, samplers of one seed propose the same; the agents' own seeds differ by their names.
    trial = toy()
    agents = MotpeAgent(trial.problem, seed=1), TpeAgent(trial.problem, seed=1, n_startup=20)
    for agent in agents:
        agent._study = agent._new_study(agent._sampler(5))
        agent._novelty_seed = (1, "one")
    assert converse(agents[0], trial, 40, 8) == converse(agents[1], trial, 40, 8)


def test_says_what_it_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="agent 'motpe': n_startup: expected an integer of at least 1, got 0"):
        MotpeAgent(toy().problem, seed=1, n_startup=0)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtra) as caught:
        MotpeAgent(toy().problem, seed=1)
    assert str(caught.value) == "agent 'motpe' needs optuna: pip install \"archgym[bo]\""
