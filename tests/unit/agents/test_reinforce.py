"""REINFORCE follows Williams's gradient and searches better than chance."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.random import RandomAgent
from archgym.agents.rl.reinforce import ReinforceAgent
from archgym.errors import ConfigError, MissingExtra
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import bowl, toy

torch = pytest.importorskip("torch")


def valley(codes: NDArray[Any]) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = 1.0 + np.abs(codes - 3.0).sum(axis=1)
    return distance


def test_gradient_is_reward_less_baseline_times_that_of_the_log_probability() -> None:
    # d ln softmax / d logits = one-hot - probabilities; with p = 1/2 each, and (r - b) = 3: 3 * (1/2, -1/2).
    from archgym.agents.rl.policy import FactoredPolicy
    from archgym.agents.rl.policy_learner import PolicyLearner

    groups = ((0,),)
    policy = FactoredPolicy([2], groups, hidden=3, shared=True, rng=np.random.default_rng(1))
    it = PolicyLearner(policy, None, groups, learning_rate=0.01, clip=None)
    logits = torch.zeros(1, 2, requires_grad=True)
    logp = torch.log_softmax(logits, dim=-1)[:, :1]
    it._surrogate(logp, logp.detach() - 5.0, torch.tensor([[3.0]])).sum().backward()
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([1.5, -1.5])


def test_baseline_is_a_moving_average_of_the_batches_means() -> None:
    # Heights are e times the default's: rewards are -1 everywhere (log_ratio), and the first mean is the start.
    trial = landscape(grid(6, 6, 6), lambda codes: np.where((codes == 0).all(axis=1), 1.0, np.e))
    agent = ReinforceAgent(trial.problem, seed=1, batch=8)
    for _ in range(4):
        agent.tell(told(trial, agent.ask(8)))
    agent.ask(1)
    assert agent._baseline == pytest.approx(-1.0, abs=0.2)  # the default itself, worth 0, may be drawn again


def test_finds_lower_designs_than_random_search_without_replacement() -> None:
    trial = landscape(grid(*[8] * 6), valley)
    for seed in range(3):
        lowest = []
        for agent in (ReinforceAgent(trial.problem, seed=seed), RandomAgent(trial.problem, seed=seed, replace=False)):
            rows = np.array(converse(agent, trial, 600, 16))
            lowest.append(valley(rows).min())
        assert lowest[0] < lowest[1]


@pytest.mark.parametrize("baseline", ["moving_average", "none"])
def test_later_batches_are_better_than_the_first(baseline: Any) -> None:
    trial = landscape(grid(*[8] * 6), valley)
    rows = np.array(converse(ReinforceAgent(trial.problem, seed=3, baseline=baseline), trial, 600, 16))
    best_fifty = min(valley(rows[at : at + 50]).mean() for at in range(50, 550, 50))  # good designs run out in the end
    assert best_fifty < 0.7 * valley(rows[:50]).mean()


def test_missing_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"agent 'reinforce' needs torch: pip install \"archgym\[rl\]\""):
        ReinforceAgent(toy().problem, seed=1)


def test_refuses_what_it_cannot_do_in_one_line() -> None:
    with pytest.raises(ConfigError, match="agent 'reinforce': expected finite parameters, got 'Real', which is Real"):
        ReinforceAgent(bowl().problem, seed=1)
    with pytest.raises(ConfigError, match="agent 'reinforce': baseline: expected one of 'moving_average', 'none'"):
        ReinforceAgent(toy().problem, seed=1, baseline="mean")  # type: ignore[arg-type]
