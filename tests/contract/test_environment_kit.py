"""Each check of the environment kit fires: for every one there is an environment broken in just that way."""

from __future__ import annotations

import os
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from archgym.gym_env import DesignEnv
from archgym.testing import EnvironmentContract

TOY = "toy/latency-v1"


class Shifting(DesignEnv):
    """Makes its action space anew at every access."""

    @property  # type: ignore[override]
    def action_space(self) -> Any:
        return gymnasium.spaces.MultiDiscrete(self.session.space.cardinalities)

    @action_space.setter
    def action_space(self, space: Any) -> None:
        pass


class Unbounded(DesignEnv):
    def step(self, action: Any) -> Any:
        observation, *rest = super().step(action)
        return (observation * 100, *rest)


class Leaking(DesignEnv):
    def step(self, action: Any) -> Any:
        *rest, info = super().step(action)
        info["metrics"]["power"] = float("nan")
        return (*rest, info)


class Endless(DesignEnv):
    """Rewards with infinity."""

    def step(self, action: Any) -> Any:
        observation, _, *rest = super().step(action)
        return (observation, float("-inf"), *rest)


class Noisy(DesignEnv):
    def step(self, action: Any) -> Any:
        observation, reward, *rest = super().step(action)
        return (observation, reward + float(os.urandom(1)[0]), *rest)


class HashedReward(DesignEnv):
    def step(self, action: Any) -> Any:
        observation, reward, *rest = super().step(action)
        return (observation, reward + hash("reward") % 1000, *rest)


class Remembering(DesignEnv):
    """Pays less for a design that it has seen."""

    def step(self, action: Any) -> Any:
        observation, reward, *rest = super().step(action)
        return (observation, reward - self.duplicates, *rest)


class Restless(DesignEnv):
    """Goes on after the end."""

    def step(self, action: Any) -> Any:
        try:
            return super().step(action)
        except ResetNeeded:
            self.reset()
            return super().step(action)


class Spendthrift(DesignEnv):
    """Prices the default design at each reset."""

    def reset(self, **arguments: Any) -> Any:
        space, evaluator = self.session.space, self.session.evaluator
        if evaluator.remaining:
            evaluator.evaluate(space.from_designs([space.default]))
        return super().reset(**arguments)


class Generous(DesignEnv):
    """Lets searches go on for ever."""

    def __init__(self, task: str, **arguments: Any) -> None:
        super().__init__(task, **{**arguments, "budget": 10_000})


class Unannounced(DesignEnv):
    """Does not truncate at the end of the budget."""

    def step(self, action: Any) -> Any:
        observation, reward, terminated, _, info = super().step(action)
        return observation, reward, terminated, False, info


class Unlimited(DesignEnv):
    """Has an unbounded observation space, which Gymnasium's checker warns of."""

    def __init__(self, task: str, **arguments: Any) -> None:
        super().__init__(task, **arguments)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, self.observation_space.shape, np.float32)


ENVIRONMENT_FAULTS: list[tuple[str, Any, str]] = [
    ("test_passes_the_gymnasium_checker_without_a_warning", Unlimited, "infinity"),
    ("test_spec_survives_json", DesignEnv, "spec: expected one, got None"),
    ("test_spaces_are_the_same_objects_at_every_access", Shifting, "action_space"),
    ("test_observations_stay_in_the_space_and_nan_stays_out", Unbounded, "expected Box"),
    ("test_observations_stay_in_the_space_and_nan_stays_out", Leaking, r"info\['metrics'\]\['power'\]"),
    ("test_observations_stay_in_the_space_and_nan_stays_out", Endless, "finite"),
    ("test_same_seed_and_actions_same_episode", Noisy, "equal seeds"),
    ("test_same_episode_in_another_process", HashedReward, "another hash seed"),
    ("test_episode_does_not_depend_on_earlier_ones", Remembering, "second round"),
    ("test_a_finished_episode_wants_a_reset", Restless, "ResetNeeded"),
    ("test_reset_evaluates_nothing", Spendthrift, "three resets"),
    ("test_budget_ends_the_search", Generous, "budget 3"),
    ("test_last_evaluation_is_rewarded_and_truncates", Unannounced, "budget_spent"),
]


class EnrolledEnvironment(EnvironmentContract):
    """The environment kit over a fault; not through a registered id."""

    fault: Any = None

    def make(self, **more: Any) -> Any:
        return self.fault(TOY, **more)


class EnrolledHashedReward(EnrolledEnvironment):
    """Importable, as another process needs it."""

    fault = HashedReward


@pytest.mark.parametrize(("check", "fault", "message"), ENVIRONMENT_FAULTS)
def test_it_catches(check: str, fault: Any, message: str) -> None:
    kit = EnrolledHashedReward if fault is HashedReward else type("Enrolled", (EnrolledEnvironment,), {"fault": fault})
    with pytest.raises(AssertionError, match=message):
        getattr(kit(), check)()


def test_there_is_a_fault_for_every_check() -> None:
    checks = {name for name in dir(EnvironmentContract) if name.startswith("test_")}
    assert {check for check, *_ in ENVIRONMENT_FAULTS} == checks


def test_without_an_environment_it_says_what_to_set() -> None:
    with pytest.raises(AssertionError, match="set 'environment'"):
        EnvironmentContract().test_spec_survives_json()
