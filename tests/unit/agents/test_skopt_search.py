"""scikit-optimize's surrogates: what they are fitted to, what they refuse, and that they find more than chance."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import pytest

from archgym.agents.bo_extra_trees import ExtraTreesAgent
from archgym.agents.bo_forest import ForestAgent
from archgym.agents.bo_gp import GaussianProcessAgent
from archgym.agents.random import RandomAgent
from archgym.agents.skopt_search import fitted, normal_scores, softmax
from archgym.errors import ConfigError, MissingExtra
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import toy

pytest.importorskip("skopt")
pytestmark = pytest.mark.filterwarnings("ignore:agent 'bo_gp'")
AGENTS: list[Any] = [ForestAgent, ExtraTreesAgent, GaussianProcessAgent]


class TestForest(AgentContract):
    agent = ForestAgent
    evaluations = 16
    hyperparameters: ClassVar[dict[str, Any]] = {"initial": 8, "candidates": 50}


class TestExtraTrees(AgentContract):
    agent = ExtraTreesAgent
    evaluations = 16
    hyperparameters: ClassVar[dict[str, Any]] = {"initial": 8, "candidates": 50, "acquisition": "gp_hedge"}


class TestGaussianProcess(AgentContract):
    agent = GaussianProcessAgent
    evaluations = 16
    hyperparameters: ClassVar[dict[str, Any]] = {"initial": 8, "candidates": 50}


def test_normal_scores_are_quantiles_of_ranks_and_equal_values_share_theirs() -> None:
    # Ranks 1, 2.5, 2.5, 4 of n = 4: quantiles at 1/5, 1/2, 1/2, 4/5; the normal quantile of 4/5 is 0.841621.
    scores = normal_scores(np.array([3.0, 7.0, 7.0, np.inf]))
    np.testing.assert_allclose(scores, [-0.8416212, 0.0, 0.0, 0.8416212], atol=1e-6)


def test_the_best_half_and_the_most_recent_others_are_fitted_best_first() -> None:
    kept, values = fitted(np.array([0.0, 5.0, 1.0, 9.0, 8.0, np.inf]), 4)
    assert kept.tolist() == [0, 2, 4, 5]
    assert (np.diff(values) > 0).all()


def test_softmax_of_gains() -> None:
    np.testing.assert_allclose(softmax(np.log([1.0, 2.0, 5.0])), [0.125, 0.25, 0.625])


@pytest.mark.parametrize("agent", AGENTS)
def test_finds_more_than_chance(agent: Any) -> None:
    bottom = np.array([7, 2, 5, 1])
    trial = landscape(grid(9, 9, 9, 9), lambda codes: np.abs(codes - bottom).sum(axis=1).astype(np.float64), budget=48)

    def best(searcher: Any) -> int:
        return int(np.abs(np.array(converse(searcher, trial, 48, 8)) - bottom).sum(axis=1).min())

    found = [best(agent(trial.problem, seed=seed, candidates=300)) for seed in (1, 2)]
    chance = [best(RandomAgent(trial.problem, seed=seed, replace=False)) for seed in (1, 2)]
    assert sum(found) < sum(chance)


@pytest.mark.parametrize("agent", AGENTS)
def test_proposes_every_design_once_and_ends(agent: Any) -> None:
    trial = landscape(grid(3, 4, 2), lambda codes: codes.sum(axis=1).astype(np.float64), budget=24)
    searcher = agent(trial.problem, seed=1, initial=4)
    proposed = converse(searcher, trial, 100, 8)
    assert len(proposed) == len({tuple(row) for row in proposed}) == 24
    assert len(searcher.ask(8)) == 0


def test_gradient_boosting_is_refused_with_its_reason() -> None:
    with pytest.raises(ConfigError, match=r"lacks the estimator tags .* use 'random_forest'"):
        ForestAgent(toy().problem, seed=1, surrogate="gradient_boosting")


@pytest.mark.filterwarnings("default:agent 'bo_gp'")
def test_the_process_warns_once_beyond_a_hundred_evaluations() -> None:
    with pytest.warns(UserWarning, match="101 evaluations are many") as caught:
        GaussianProcessAgent(toy(budget=101).problem, seed=1)
    assert len(caught) == 1


@pytest.mark.filterwarnings("error")
def test_the_process_does_not_warn_at_a_hundred_evaluations() -> None:
    GaussianProcessAgent(toy(budget=100).problem, seed=1)


@pytest.mark.parametrize(("agent", "name"), list(zip(AGENTS, ["bo_forest", "bo_extra_trees", "bo_gp"], strict=True)))
def test_missing_extra(agent: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(module: str) -> Any:
        if module.startswith("skopt"):
            raise ImportError(module)
        return import_module(module)

    monkeypatch.setattr("archgym.views.skopt.import_module", without)
    with pytest.raises(MissingExtra, match=rf"agent '{name}' needs scikit-optimize: pip install \"archgym\[bo\]\""):
        agent(toy(budget=50).problem, seed=1)
