"""The multi-agent environment: PettingZoo's rules, who sets what, who is rewarded with what, and the budget."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

from archgym.errors import BudgetSpent, ConfigError, DesignError, MissingExtra, SpaceError
from archgym.gym_env import DesignEnv

pytest.importorskip("pettingzoo")
from gymnasium.error import ResetNeeded
from pettingzoo.test import parallel_api_test, parallel_seed_test

from archgym.multi_agent_env import MultiAgentDesignEnv

LATENCY = "toy/latency-v1"
OWN = {"caches": ["L1Size", "L1Ways", "L2Size", "LineSize"], "rest": ["Frequency", "Replacement", "Prefetcher"]}


def actions_of(env: MultiAgentDesignEnv, **changes: Any) -> dict[str, Any]:
    """The joint action of the default design with some parameters changed."""
    space = env.session.space
    points = env.view.encode(space.from_designs([{**space.default, **changes}]))
    return {agent: column[0] for agent, column in points.items()}


def one_step(env: MultiAgentDesignEnv, **changes: Any) -> tuple[Any, ...]:
    env.reset(seed=0)
    return env.step(actions_of(env, **changes))


def reward_of(**changes: Any) -> float:
    """What the single-agent environment says."""
    env = DesignEnv(LATENCY)
    env.reset()
    space = env.session.space
    return env.step(space.from_designs([{**space.default, **changes}]).codes[0].astype(np.int64))[1]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"groups": "subsystem"}, {"groups": OWN, "horizon": 3}, {"credit": "difference", "horizon": 2}],
)
def test_keeps_the_rules_of_pettingzoo(arguments: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(MultiAgentDesignEnv(LATENCY, **arguments), num_cycles=20)
        parallel_seed_test(lambda: MultiAgentDesignEnv(LATENCY, **arguments), num_cycles=20)
    assert "Passed" in capsys.readouterr().out


def test_agents_are_parameters_subsystems_or_groups_of_ones_own() -> None:
    each = MultiAgentDesignEnv(LATENCY)
    assert each.possible_agents == list(each.session.space.names)
    assert each.action_space("L2Size").n == 6
    subsystems = MultiAgentDesignEnv(LATENCY, groups="subsystem")
    assert subsystems.possible_agents == ["caches", "policies", "clock"]
    assert subsystems.action_space("caches").nvec.tolist() == [4, 5, 6, 3]
    assert subsystems.action_space("clock").n == 9
    assert MultiAgentDesignEnv(LATENCY, groups=OWN).possible_agents == ["caches", "rest"]


def test_all_agents_share_the_reward_of_the_single_agent_environment() -> None:
    env = MultiAgentDesignEnv(LATENCY, groups="subsystem")
    observations, rewards, ends, cuts, infos = one_step(env, L2Size=2048, Prefetcher="Stride")
    assert rewards == dict.fromkeys(env.possible_agents, reward_of(L2Size=2048, Prefetcher="Stride"))
    assert set(ends.values()) == {True}
    assert set(cuts.values()) == {False}
    assert env.agents == []
    assert infos["clock"]["design"] == {**env.session.space.default, "L2Size": 2048, "Prefetcher": "Stride"}
    assert all(seen in env.observation_space(agent) for agent, seen in observations.items())
    assert (env.state() == observations["clock"]).all()
    assert env.spent == 1


def test_difference_rewards_compare_with_the_agents_own_defaults() -> None:
    env = MultiAgentDesignEnv(LATENCY, groups="subsystem", credit="difference")
    rewards = one_step(env, L2Size=2048, Prefetcher="Stride")[1]
    joint = reward_of(L2Size=2048, Prefetcher="Stride")
    assert rewards["caches"] == joint - reward_of(Prefetcher="Stride")
    assert rewards["policies"] == joint - reward_of(L2Size=2048)
    assert rewards["clock"] == 0.0
    assert (env.spent, env.duplicates) == (3, 1)


def test_difference_rewards_fall_back_on_the_shared_one_where_the_budget_ends() -> None:
    env = MultiAgentDesignEnv(LATENCY, groups="subsystem", credit="difference", budget=2)
    _, rewards, _, cuts, infos = one_step(env, L2Size=2048, Prefetcher="Stride")
    joint = reward_of(L2Size=2048, Prefetcher="Stride")
    assert rewards["caches"] == joint - reward_of(Prefetcher="Stride")
    assert rewards["policies"] == joint
    assert set(cuts.values()) == {True}
    assert infos["clock"]["budget_spent"]
    assert env.spent == 2


def test_the_last_evaluation_is_rewarded_and_the_next_step_raises() -> None:
    env = MultiAgentDesignEnv(LATENCY, budget=1, horizon=5, limits=[])
    _, rewards, ends, cuts, _ = one_step(env)
    assert set(rewards.values()) == {0.0}
    assert (set(ends.values()), set(cuts.values())) == ({False}, {True})
    assert env.agents == []
    assert env.reset()[1]["L1Size"] == {"remaining": 0, "spent": 1, "duplicates": 0}
    with pytest.raises(BudgetSpent, match="budget of 1"):
        env.step(actions_of(env))


def test_an_episode_has_as_many_designs_as_its_horizon() -> None:
    env = MultiAgentDesignEnv(LATENCY, horizon=2)
    with pytest.raises(ResetNeeded):
        env.step(actions_of(env))
    env.reset()
    assert not any(env.step(actions_of(env, L2Size=64))[2].values())
    assert all(env.step(actions_of(env, L2Size=128))[2].values())
    with pytest.raises(ResetNeeded):
        env.step(actions_of(env))


def test_every_agent_must_act() -> None:
    env = MultiAgentDesignEnv(LATENCY)
    env.reset()
    actions = actions_of(env)
    del actions["L2Size"]
    with pytest.raises(DesignError, match="missing: L2Size"):
        env.step(actions)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"groups": "subsystems"}, "did you mean 'subsystem'"),
        ({"groups": {"all": ["L1Size"]}}, "no agent sets"),
        ({"credit": "difrence"}, "did you mean 'difference'"),
        ({"horizon": 0}, "horizon"),
        ({"render_mode": "human"}, "render_mode"),
        ({"reward": "rati"}, "did you mean 'ratio'"),
        ({"work_load": "stream"}, "did you mean 'workload'"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises((ConfigError, SpaceError), match=expected) as refusal:
        MultiAgentDesignEnv(LATENCY, **arguments)
    assert "\n" not in str(refusal.value)


def test_render_shows_the_last_design() -> None:
    env = MultiAgentDesignEnv(LATENCY, render_mode="ansi")
    env.reset()
    assert env.render() == "toy/latency-v1: no design yet"
    one_step(env)
    assert "L2Size = 512 KiB" in env.render()


def test_a_missing_pettingzoo_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    monkeypatch.delitem(sys.modules, "archgym.multi_agent_env")
    with pytest.raises(MissingExtra, match=r'multi-agent environment needs pettingzoo: pip install "archgym\[rl\]"'):
        importlib.import_module("archgym.multi_agent_env")


def test_importing_archgym_does_not_import_pettingzoo() -> None:
    code = "import archgym, archgym.gym_env, sys; print('pettingzoo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
