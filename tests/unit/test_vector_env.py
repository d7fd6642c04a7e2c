"""The vector environment: the scalar one's answers, in one call a step, with evaluations counted to the last one."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import archgym  # noqa: F401 - registers the ids
from archgym.errors import BudgetSpent, ConfigError
from archgym.evaluator import Evaluator
from archgym.gym_env import DesignEnv
from archgym.simulator import Evaluations
from archgym.space import DesignBatch
from archgym.task import load_task
from archgym.vector_env import DesignVectorEnv

LATENCY, PARETO = "toy/latency-v1", "toy/pareto-v1"
ACCOUNT = ("remaining", "spent", "duplicates")
"""What sub-environments share here and have each of their own in `SyncVectorEnv`."""


class Counting:
    """A simulator that notes how many designs each call brought."""

    def __init__(self, task: str) -> None:
        self._inner = load_task(task).make_simulator()
        self.name, self.version, self.workload = self._inner.name, self._inner.version, self._inner.workload
        self.space, self.metrics = self._inner.space, self._inner.metrics
        self.calls: list[int] = []

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        self.calls.append(len(designs))
        return self._inner.evaluate(designs)


def counted(task: str = LATENCY, budget: int = 10_000, **arguments: Any) -> tuple[DesignVectorEnv, Counting]:
    """An environment, and the counter behind it (the reference is priced already)."""
    simulator = Counting(task)
    evaluator = Evaluator(simulator, load_task(task).objective, budget=budget)
    env = DesignVectorEnv(load_task(task), evaluator=evaluator, **arguments)
    assert env.session.reference is not None
    simulator.calls.clear()
    return env, simulator


def distinct(env: DesignVectorEnv, steps: int) -> list[np.ndarray]:
    """*steps* batches of actions, no two actions alike and each a valid design."""
    space = env.session.space
    ranks = np.random.default_rng(0).choice(space.count(), steps * env.num_envs, replace=False)
    return list(space.unrank(ranks).codes.astype(np.int64).reshape(steps, env.num_envs, space.d))


def test_next_step_evaluates_on_every_other_step_only() -> None:
    env, simulator = counted(num_envs=4)
    env.reset(seed=0)
    ends = [env.step(actions)[2].tolist() for actions in distinct(env, 6)]
    assert ends == [[True] * 4, [False] * 4] * 3
    assert simulator.calls == [4, 4, 4]
    assert env.spent == 12


def test_same_step_evaluates_on_every_step() -> None:
    env, simulator = counted(num_envs=4, autoreset_mode="SameStep")
    env.reset(seed=0)
    ends = [env.step(actions)[2].tolist() for actions in distinct(env, 6)]
    assert ends == [[True] * 4] * 6
    assert simulator.calls == [4] * 6
    assert env.spent == 24


def test_disabled_wants_a_reset_of_what_is_over() -> None:
    env, simulator = counted(num_envs=3, autoreset_mode="DISABLED", horizon=2)
    batches = distinct(env, 5)
    env.reset(seed=0)
    env.step(batches[0])
    env.reset(options={"reset_mask": np.array([True, False, False])})
    assert env.step(batches[1])[2].tolist() == [False, True, True]
    with pytest.raises(ResetNeeded):
        env.step(batches[2])
    _, info = env.reset(options={"reset_mask": np.array([False, True, True])})
    assert info["_spent"].tolist() == [False, True, True]
    assert env.step(batches[3])[2].tolist() == [True, False, False]
    assert simulator.calls == [3, 3, 3]


def test_duplicates_within_a_step_are_evaluated_once() -> None:
    env, simulator = counted(num_envs=5, autoreset_mode="SameStep")
    env.reset()
    one = distinct(env, 1)[0][:1]
    rewards = env.step(np.repeat(one, 5, axis=0))[1]
    assert (simulator.calls, env.spent, env.duplicates) == ([1], 1, 4)
    assert len(set(rewards.tolist())) == 1


def test_next_step_ignores_actions_of_rows_that_restart() -> None:
    env, simulator = counted(num_envs=2)
    env.reset()
    actions = distinct(env, 1)[0]
    env.step(actions)
    _, reward, terminated, truncated, info = env.step(np.full_like(actions, 10**6))
    assert (reward.tolist(), terminated.any(), truncated.any()) == ([0.0, 0.0], False, False)
    assert simulator.calls == [2]
    assert info["spent"].tolist() == [2, 2]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("view", ["multi_discrete", "box", "dict"])
@pytest.mark.parametrize(("task", "horizon"), [(LATENCY, 1), (PARETO, 3)])
def test_answers_as_scalar_environments_do(mode: AutoresetMode, view: Any, task: str, horizon: int) -> None:
    ours = DesignVectorEnv(task, num_envs=5, view=view, horizon=horizon, autoreset_mode=mode)
    theirs = SyncVectorEnv([lambda: DesignEnv(task, view=view, horizon=horizon)] * 5, autoreset_mode=mode)
    assert ours.action_space == theirs.action_space
    assert ours.observation_space == theirs.observation_space
    ours.action_space.seed(1)
    assert_equal(ours.reset(seed=3), theirs.reset(seed=3))
    for _ in range(12):
        actions = ours.action_space.sample()
        assert_equal(ours.step(actions), theirs.step(actions))


def assert_equal(got: Any, expected: Any, path: str = "") -> None:
    """Equal structure, types, dtypes and values; the shared account apart."""
    if isinstance(expected, dict):
        names = [name for name in expected if name.removeprefix("_") not in ACCOUNT]
        assert sorted(n for n in got if n.removeprefix("_") not in ACCOUNT) == sorted(names), path
        for name in names:
            assert_equal(got[name], expected[name], f"{path}/{name}")
    elif isinstance(expected, tuple | list) or (isinstance(expected, np.ndarray) and expected.dtype == object):
        assert len(got) == len(expected), path
        for at, pair in enumerate(zip(got, expected, strict=True)):
            assert_equal(*pair, f"{path}[{at}]")
    elif isinstance(expected, np.ndarray):
        assert got.dtype == expected.dtype, path
        assert np.array_equal(got, expected), path
    else:
        assert got == expected, path


def test_final_observation_and_info_are_those_of_the_episode_that_ended() -> None:
    same, other = (counted(num_envs=3, autoreset_mode=mode)[0] for mode in ("SameStep", "NextStep"))
    same.reset()
    other.reset()
    actions = distinct(same, 1)[0]
    observation, reward, *_, info = same.step(actions)
    expected, expected_reward, *_, expected_info = other.step(actions)
    assert not observation.any()
    assert reward.tolist() == expected_reward.tolist()
    assert np.array_equal(np.stack(info["final_obs"]), expected)
    assert info["final_info"]["scores"]["latency"].tolist() == expected_info["scores"]["latency"].tolist()
    assert "scores" not in info


def test_what_is_returned_is_not_written_to_again() -> None:
    env, _ = counted(num_envs=3, autoreset_mode="SameStep")
    env.reset()
    first, second = distinct(env, 2)
    observation, reward, *_, info = env.step(first)
    kept = (observation.copy(), reward.copy(), info["final_info"]["metrics"]["latency"].copy())
    env.step(second)
    assert np.array_equal(observation, kept[0])
    assert np.array_equal(reward, kept[1])
    assert np.array_equal(info["final_info"]["metrics"]["latency"], kept[2])


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_budget_spent_within_a_step_rewards_what_it_allowed(mode: AutoresetMode) -> None:
    env, simulator = counted(num_envs=4, budget=6, horizon=3, autoreset_mode=mode)
    env.reset()
    first, second, third = distinct(env, 3)
    assert not env.step(first)[3].any()
    _, reward, terminated, truncated, info = env.step(second)
    assert (truncated.tolist(), terminated.any()) == ([True] * 4, False)
    assert (reward[2:].tolist(), (reward[:2] != 0).all()) == ([0.0, 0.0], True)
    final = info["final_info"] if mode is AutoresetMode.SAME_STEP else info
    assert final["_design"].tolist() == [True, True, False, False]
    assert final["budget_spent"].all()
    assert simulator.calls == [4, 2]
    if mode is AutoresetMode.NEXT_STEP:
        env.step(third)
    elif mode is AutoresetMode.DISABLED:
        env.reset()
    with pytest.raises(BudgetSpent):
        env.step(third)
    assert simulator.calls == [4, 2]


def test_rows_are_seeded_one_after_another() -> None:
    env, _ = counted(num_envs=3)
    env.reset(seed=40)
    assert env.np_random_seed == (40, 41, 42)
    env.reset(seed=[1, None, 7])
    assert env.np_random_seed == (1, 41, 7)


def test_make_vec_picks_this_environment_and_its_spec_is_json() -> None:
    env = gymnasium.make_vec("archgym/toy-latency-v1", num_envs=6, autoreset_mode="SameStep", budget=50)
    assert isinstance(env, DesignVectorEnv)
    assert (env.num_envs, env.remaining, env.metadata["autoreset_mode"]) == (6, 50, AutoresetMode.SAME_STEP)
    assert env.spec is not None
    assert '"SameStep"' in env.spec.to_json()
    default = gymnasium.make_vec("archgym/toy-latency-v1", num_envs=2)
    assert default.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_make_vec_sync_takes_the_steps_view() -> None:
    env = gymnasium.make_vec("archgym/toy-latency-v1", num_envs=2, vectorization_mode="sync", view="steps")
    assert env.reset()[1]["action_mask"].shape == (2, 9)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"view": "steps"}, "not vectorised"),
        ({"num_envs": 0}, "num_envs"),
        ({"autoreset_mode": "same_step"}, "did you mean"),
        ({"work_load": "stream"}, "did you mean 'workload'"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        DesignVectorEnv(LATENCY, **arguments)


def test_a_wrong_reset_mask_or_seed_is_refused() -> None:
    env, _ = counted(num_envs=2)
    with pytest.raises(ConfigError, match="reset_mask"):
        env.reset(options={"reset_mask": np.array([False, False])})
    with pytest.raises(ConfigError, match="seed"):
        env.reset(seed=[1, 2, 3])


def test_a_step_before_the_first_reset_is_refused() -> None:
    env, _ = counted(num_envs=2)
    with pytest.raises(ResetNeeded):
        env.step(distinct(env, 1)[0])
