"""What every environment must keep: Gymnasium's own rules, and a count that nothing can slip past."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

from archgym.errors import BudgetSpent
from archgym.testing.fresh_process import call_in_fresh_process
from archgym.testing.refusal import error_of


class EnvironmentContract:
    """Subclass it, name the Gymnasium id, and pytest runs every check."""

    environment: ClassVar[str | None] = None
    """``archgym/toy-latency-v1``"""
    arguments: ClassVar[Mapping[str, Any]] = {}
    """Keyword arguments of `gymnasium.make`, JSON-able."""
    steps: ClassVar[int] = 40
    """Random actions that the checks take."""
    seed: ClassVar[int] = 5

    def make(self, **more: Any) -> gymnasium.Env[Any, Any]:
        """A new environment, as a user gets it."""
        assert self.environment is not None, f"{type(self).__name__}: set 'environment', or override 'make'"
        return gymnasium.make(self.environment, **{**self.arguments, **more})

    def test_passes_the_gymnasium_checker_without_a_warning(self) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            check_env(self.make().unwrapped)
        assert not caught, f"check_env: expected no warning, got {[str(warning.message) for warning in caught]}"

    def test_spec_survives_json(self) -> None:
        env = self.make()
        assert env.spec is not None, "spec: expected one, got None: make it through gymnasium.make"
        text = env.spec.to_json()
        again = gymnasium.make(EnvSpec.from_json(text))
        assert again.spec is not None, "spec: expected one after the round trip, got None"
        assert json.loads(again.spec.to_json()) == json.loads(text), "spec: expected an equal one after JSON"
        assert again.action_space == env.action_space, "action_space: expected an equal one after JSON"
        assert again.observation_space == env.observation_space, "observation_space: expected an equal one after JSON"

    def test_spaces_are_the_same_objects_at_every_access(self) -> None:
        env = self.make().unwrapped
        assert env.action_space is env.action_space, "action_space: expected one object, got a new one per access"
        assert env.observation_space is env.observation_space, "observation_space: expected one object, got new ones"

    def test_observations_stay_in_the_space_and_nan_stays_out(self) -> None:
        env = self.make()
        for observation, reward, info in _walk(env, self.seed, self.steps):
            assert observation in env.observation_space, f"expected {env.observation_space}, got {observation!r}"
            assert np.isfinite(reward), f"reward: expected a finite number, got {reward} for {info.get('design')}"
            path = _nan_path(info)
            assert path is None, f"info: expected no NaN, got one at {path}"

    def test_same_seed_and_actions_same_episode(self) -> None:
        first, second = (signals(self.make(), self.seed, self.steps) for _ in range(2))
        assert first == second, "expected equal observations and rewards for equal seeds and actions"

    def test_same_episode_in_another_process(self) -> None:
        here = signals(self.make(), self.seed, self.steps)
        there = call_in_fresh_process(signals_of, type(self), self.seed, self.steps)
        assert here == there, "expected equal observations and rewards in a process with another hash seed"

    def test_episode_does_not_depend_on_earlier_ones(self) -> None:
        env = self.make()
        first = signals(env, self.seed, self.steps)
        assert signals(env, self.seed, self.steps) == first, (
            "expected a second round of equal actions to answer equally"
        )

    def test_a_finished_episode_wants_a_reset(self) -> None:
        env = self.make().unwrapped
        error = error_of(lambda: env.step(env.action_space.sample()))
        assert isinstance(error, ResetNeeded), f"step before the first reset: expected ResetNeeded, got {error!r}"
        env.reset(seed=self.seed)
        _finish(env, self.seed)
        error = error_of(lambda: env.step(env.action_space.sample()))
        assert isinstance(error, ResetNeeded), f"step after the end: expected ResetNeeded, got {error!r}"

    def test_reset_evaluates_nothing(self) -> None:
        env = self.make()
        counts = [env.reset(seed=self.seed + i)[1]["spent"] for i in range(3)]
        assert counts == [0, 0, 0], f"spent after each of three resets: expected [0, 0, 0], got {counts}"

    def test_budget_ends_the_search(self) -> None:
        budget = 3
        env = self.make(budget=budget)
        spent_at_end = [spent for spent, _ in _spend(env, self.seed)]
        assert spent_at_end[-1] == budget, (
            f"budget {budget}: expected it to be used up, got {spent_at_end[-1]} evaluations"
        )
        _, info = env.reset()
        assert info["remaining"] == 0, f"remaining: expected 0 after the budget, got {info['remaining']}"
        error = error_of(lambda: env.step(_action(env, info)))
        assert isinstance(error, BudgetSpent), f"step after the budget: expected BudgetSpent, got {error!r}"

    def test_last_evaluation_is_rewarded_and_truncates(self) -> None:
        for _, (truncated, info) in _spend(self.make(budget=3), self.seed):
            assert truncated == info.get("budget_spent", False), (
                f"expected truncated with budget_spent, got {truncated} with {info.get('budget_spent')}"
            )
        assert truncated, "the evaluation that uses up the budget: expected truncated=True, got False"
        assert info["design"], "the evaluation that uses up the budget: expected its design in info, got none"


def signals_of(contract: type[EnvironmentContract], seed: int, steps: int) -> list[list[float]]:
    """`signals` of a contract's environment, from picklable arguments: for another process."""
    return signals(contract().make(), seed, steps)


def signals(env: gymnasium.Env[Any, Any], seed: int, steps: int) -> list[list[float]]:
    """Reward and observation of each step of a seeded random walk."""
    return [[float(reward), *np.ravel(seen).tolist()] for seen, reward, _ in _walk(env, seed, steps)]


def _walk(env: gymnasium.Env[Any, Any], seed: int, steps: int) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """Random actions, masked where the environment has a mask, over as many episodes as it takes."""
    env.action_space.seed(seed)
    _, info = env.reset(seed=seed)
    for _ in range(steps):
        observation, reward, terminated, truncated, info = env.step(_action(env, info))
        yield observation, reward, info
        if terminated or truncated:
            _, info = env.reset()


def _spend(env: gymnasium.Env[Any, Any], seed: int) -> Iterator[tuple[int, tuple[bool, dict[str, Any]]]]:
    """Evaluations used and the outcome of each step, until an episode is truncated (at most 1000 steps)."""
    env.action_space.seed(seed)
    _, info = env.reset(seed=seed)
    truncated, steps = False, 0
    while not truncated and steps < 1000:
        _, _, terminated, truncated, info = env.step(_action(env, info))
        steps += 1
        yield env.get_wrapper_attr("spent"), (truncated, info)
        if terminated and not truncated:
            _, info = env.reset()


def _finish(env: gymnasium.Env[Any, Any], seed: int) -> None:
    env.action_space.seed(seed)
    info: dict[str, Any] = env.reset(seed=seed)[1]
    for _ in range(1000):
        _, _, terminated, truncated, info = env.step(_action(env, info))
        if terminated or truncated:
            return
    raise AssertionError("expected an episode of fewer than 1000 steps, got no end")


def _action(env: gymnasium.Env[Any, Any], info: Mapping[str, Any]) -> Any:
    mask = info.get("action_mask")
    return env.action_space.sample() if mask is None else env.action_space.sample(mask=mask)


def _nan_path(value: Any, path: str = "info") -> str | None:
    if isinstance(value, Mapping):
        found = (_nan_path(item, f"{path}[{key!r}]") for key, item in value.items())
        return next((where for where in found if where), None)
    if isinstance(value, float | np.floating):
        return path if np.isnan(value) else None
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return path if np.isnan(value).any() else None
    return None
