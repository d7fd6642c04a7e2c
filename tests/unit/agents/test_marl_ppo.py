"""Multi-agent PPO: who decides what, whose ratio is clipped, what a baseline may see, and who gets the credit."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.random import RandomAgent
from archgym.agents.rl.marl_ppo import MultiAgentPPOAgent, per_parameter, per_subsystem
from archgym.errors import ConfigError, MissingExtra
from archgym.space import DesignSpace, Integer, SumAtMost
from archgym.testing import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import bowl, toy

torch = pytest.importorskip("torch")


class TestSharedCentralDifference(AgentContract):
    agent = MultiAgentPPOAgent
    hyperparameters = {"weights": "shared", "critic": "central", "credit": "difference"}  # noqa: RUF012


def grouped() -> DesignSpace:
    names = ("queue", "timing", "queue", "", "timing")
    return DesignSpace(tuple(Integer(f"p{k}", 0, 7, group=group) for k, group in enumerate(names)), name="grouped")


def valley(codes: NDArray[Any]) -> NDArray[np.float64]:
    distance: NDArray[np.float64] = 1.0 + np.abs(codes - 3.0).sum(axis=1)
    return distance


def test_agents_decide_one_parameter_or_one_subsystem() -> None:
    assert per_parameter(grouped()) == ((0,), (1,), (2,), (3,), (4,))
    assert per_subsystem(grouped()) == ((0, 2), (1, 4), (3,))


def test_space_without_subsystems_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError) as error:
        MultiAgentPPOAgent(landscape(grid(3, 3), valley).problem, seed=1, groups="subsystem")
    assert str(error.value) == (
        "agent 'marl_ppo': groups: space 'grid' does not say which parameters form a subsystem; use groups 'parameter'"
    )


def test_each_agents_own_ratio_is_clipped() -> None:
    # Agent ratios 1.5 and 1 / 1.5: the joint ratio is 1, which ppo would not clip; each agent's own is.
    from archgym.agents.rl.policy import FactoredPolicy
    from archgym.agents.rl.policy_learner import PolicyLearner

    groups = ((0,), (1,))
    policy = FactoredPolicy([2, 2], groups, hidden=3, shared=False, rng=np.random.default_rng(1))
    it = PolicyLearner(policy, None, groups, learning_rate=0.01, clip=0.2)
    logp = torch.log(torch.tensor([[1.5, 1 / 1.5]]))
    found = it._surrogate(logp, torch.zeros(1, 2), torch.tensor([[1.0, -1.0]]))
    assert found[0].tolist() == pytest.approx([1.2, -0.8])
    assert (logp @ it._member)[0].tolist() == pytest.approx(logp[0].tolist())


def test_central_baseline_of_an_agent_does_not_depend_on_its_own_action() -> None:
    from archgym.agents.rl.policy import OthersCritic

    seen = ~np.eye(3, dtype=bool)
    critic = OthersCritic([4, 4, 4], seen, hidden=8, rng=np.random.default_rng(2))
    with torch.no_grad():
        critic.last.fill_(1.0)
        here, there = critic(torch.tensor([[0, 1, 2], [3, 1, 2]]))
    assert here[0] == there[0]
    assert here[1] != there[1]
    assert here[2] != there[2]


def test_central_baseline_sees_no_later_parameter_that_a_constraint_couples() -> None:
    space = DesignSpace(tuple(Integer(n, 0, 2) for n in "abcd"), (SumAtMost("small", ("a", "c"), 2),), name="s")
    agent = MultiAgentPPOAgent(landscape(space, valley).problem, seed=1, critic="central")
    assert agent._visible().tolist() == [
        [False, True, False, True],  # c's mask came from a
        [True, False, True, True],
        [True, True, False, True],  # a came first: c does not change it
        [True, True, True, False],
    ]


def test_difference_rewards_are_what_each_part_adds_and_are_paid_for() -> None:
    # The height is exp(-(a + 2 b)): rewards are a + 2 b, so each agent earns its own term whatever the other does.
    trial = landscape(grid(5, 5), lambda codes: np.exp(-(codes[:, 0] + 2.0 * codes[:, 1]) / 4.0))
    agent = MultiAgentPPOAgent(trial.problem, seed=1, credit="difference", batch=4)
    agent.tell(told(trial, agent.ask(1)))
    designs = agent.ask(100)
    proposed = {tuple(row) for row in designs.codes.tolist()} | {(0, 0)}
    draws = agent._draws
    assert draws is not None
    for a, b in draws.codes.tolist():
        assert {(a, b), (a, 0), (0, b)} <= proposed
    agent._rewards.update(zip([row.tobytes() for row in designs.codes], [0.0] * len(designs), strict=True))
    agent._learn(told(trial, designs), told(trial, designs[:0]))
    earned = agent._earned(draws.codes)
    assert earned == pytest.approx(draws.codes * np.array([0.25, 0.5]), abs=1e-9)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"groups": "subsystem"},
        {"weights": "shared"},
        {"groups": "subsystem", "weights": "shared", "critic": "central"},
        {"critic": "central"},
        {"credit": "difference", "batch": 8},
    ],
    ids=lambda options: " ".join(f"{key}={value}" for key, value in options.items()) or "default",
)
def test_every_form_finds_lower_designs_than_random_search(options: dict[str, Any]) -> None:
    trial = landscape(grouped(), valley)
    for seed in range(2):
        agent = MultiAgentPPOAgent(trial.problem, seed=seed, **options)
        chance = RandomAgent(trial.problem, seed=seed, replace=False)
        mine, theirs = (valley(np.array(converse(one, trial, 600, 16))).min() for one in (agent, chance))
        assert mine <= theirs
        assert mine == 1.0


def test_missing_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"agent 'marl_ppo' needs torch: pip install \"archgym\[rl\]\""):
        MultiAgentPPOAgent(toy().problem, seed=1)


def test_refuses_what_it_cannot_do_in_one_line() -> None:
    with pytest.raises(ConfigError, match="agent 'marl_ppo': expected finite parameters, got 'Real', which is Real"):
        MultiAgentPPOAgent(bowl().problem, seed=1)
    with pytest.raises(ConfigError, match="agent 'marl_ppo': weights: expected one of 'independent', 'shared'"):
        MultiAgentPPOAgent(toy().problem, seed=1, weights="none")  # type: ignore[arg-type]
