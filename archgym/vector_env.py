"""Many environments of one task as one: a step prices all their designs in a single call of the simulator.

It answers as `gymnasium.vector.SyncVectorEnv` over as many `DesignEnv` would, except that the sub-environments share
one evaluator, so one budget, one memory and one log. ``gymnasium.make_vec`` picks it for every registered task.

Autoreset (https://farama.org/Vector-Autoreset-Mode)
    ``NEXT_STEP``, the default and what RLlib expects: the step after an episode's end ignores that row's action,
    resets the row and evaluates nothing for it. ``SAME_STEP``: a finished row is reset in the step that ends it, and
    ``info["final_obs"]`` and ``info["final_info"]`` hold what it ended with; no step is lost, which suits one-design
    episodes. ``DISABLED``: reset finished rows with ``options={"reset_mask": …}``.

When the budget runs out within a step, the designs that it still allows are rewarded as always; the rows left over
get reward 0, and no ``design`` in their info. Every row that stepped is truncated, with ``budget_spent``. The next
step that would evaluate anything raises `BudgetSpent`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box
from gymnasium.utils.seeding import np_random
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from archgym.env_actions import View, whole_view
from archgym.env_session import Session
from archgym.errors import BudgetSpent, ConfigError, UnknownName
from archgym.evaluator import Evaluator
from archgym.gym_env import Observation
from archgym.reward import RewardKind, RewardShape, weighted
from archgym.task import Task
from archgym.vector_info import VectorInfo

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
StepResult = tuple[Observation, Floats, Flags, Flags, dict[str, Any]]


class DesignVectorEnv(VectorEnv[Observation, Any, Any]):
    """*num_envs* `DesignEnv`s with a view in which an action is a whole design."""

    def __init__(
        self,
        task: str | Task,
        *,
        num_envs: int = 1,
        view: View = "multi_discrete",
        horizon: int = 1,
        budget: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        reward: RewardKind = "log_ratio",
        target: float | None = None,
        failure_penalty: float = 10.0,
        limit_penalty: float = 10.0,
        weights: Sequence[float] | None = None,
        evaluator: Evaluator | None = None,
        **overrides: Any,
    ) -> None:
        """As `DesignEnv`, for all rows together: *budget* is what they share. `ConfigError` for what is wrong."""
        if num_envs < 1 or horizon < 1:
            raise ConfigError(f"expected at least 1 for num_envs and horizon, got {num_envs} and {horizon}")
        if view == "steps":
            raise ConfigError('view "steps" is not vectorised: expected vectorization_mode="sync" in make_vec')
        shape = RewardShape(reward, failure_penalty, limit_penalty, None if weights is None else tuple(weights), target)
        self.session = Session(task, budget=budget, shape=shape, evaluator=evaluator, overrides=overrides)
        self.num_envs, self.horizon, self._mode = num_envs, horizon, _mode(autoreset_mode)
        self.metadata = {"render_modes": [], "autoreset_mode": self._mode}
        self._view = whole_view(view, self.session.space)
        self.single_action_space = self._view.gym_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._width = len(self.session.metrics) + 1
        self.single_observation_space = Box(-1.0, 1.0, (self._width,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._designs = np.full(num_envs, horizon)
        self._over = np.ones(num_envs, np.bool_)
        self._begun = False
        self._random: list[np.random.Generator | None] = [None] * num_envs
        self._seeds: list[int | None] = [None] * num_envs

    @property
    def remaining(self) -> int:
        """Unique evaluations left to all rows together."""
        return self.session.evaluator.remaining

    @property
    def spent(self) -> int:
        """Unique evaluations of all rows so far."""
        return self.session.evaluator.spent

    @property
    def duplicates(self) -> int:
        """Designs of all rows answered from memory so far."""
        return self.session.evaluator.duplicates

    @property
    def np_random_seed(self) -> tuple[int | None, ...]:  # type: ignore[override]
        """The seed of each row; None for one that was never seeded."""
        return tuple(self._seeds)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start episodes: in all rows, or in those of ``options["reset_mask"]`` (the others' observations are zeros).

        Row *i* is seeded with ``seed + i``. Evaluates nothing.
        """
        mask = _reset_mask(options, self.num_envs)
        for row, number in enumerate(_seeds(seed, self.num_envs)):
            if mask[row] and number is not None:
                self._random[row], self._seeds[row] = np_random(number)
        self._designs[mask] = 0
        self._over[mask] = False
        self._begun = True
        info = VectorInfo(self.num_envs)
        info.add_same(self.session.account(), np.flatnonzero(mask))
        return self._nothing(), info.data

    def step(self, actions: Any) -> StepResult:
        """Price one design per running row. `BudgetSpent` when no evaluation is left for them."""
        restarted = self._over & (self._mode is AutoresetMode.NEXT_STEP)
        if not self._begun or (self._over & ~restarted).any():
            raise ResetNeeded("an episode is over, or none was begun: call reset() before step()")
        running = np.flatnonzero(~restarted)
        self._designs[restarted] = 0
        self._over[restarted] = False
        if not len(running):
            info = VectorInfo(self.num_envs)
            info.add_same(self.session.account(), np.arange(self.num_envs))
            return self._nothing(), self._zeros(), self._never(), self._never(), info.data
        if self.remaining <= 0:
            raise BudgetSpent(f"the budget of {self.spent} unique evaluations is spent: the search is over")
        return self._priced(_rows(actions, running), running, np.flatnonzero(restarted))

    def _priced(self, actions: Any, running: NDArray[np.intp], restarted: NDArray[np.intp]) -> StepResult:
        """The step of the rows *running*; *restarted* were reset in it."""
        told = self.session.evaluator.evaluate(self._view.decode(actions))
        rows = running[: len(told)]  # what the budget allowed
        vectors = self.session.reward_vectors(told)
        observation, reward = self._nothing(), self._zeros()
        observation[rows] = self.session.reference.observe(told)
        reward[rows] = weighted(self.session.weights, vectors)
        self._designs[rows] += 1
        terminated, truncated = self._never(), self._never()
        terminated[rows] = self._designs[rows] >= self.horizon
        spent = self.remaining <= 0
        truncated[running] = spent
        self._over = terminated | truncated
        info = VectorInfo(self.num_envs)
        info.add_same({"budget_spent": spent}, running)
        info.add_told(self.session, told, vectors, rows)
        if self._mode is AutoresetMode.SAME_STEP and self._over.any():
            info = info.ended(self._over, observation)
            restarted = np.flatnonzero(self._over)
            observation[restarted] = 0.0
            self._designs[restarted] = 0
            self._over = self._never()
        if len(restarted):
            info.add_same(self.session.account(), restarted)
        return observation, reward, terminated, truncated, info.data

    def close_extras(self, **kwargs: Any) -> None:
        """Free what the evaluator holds."""
        if "session" in self.__dict__:  # Gymnasium closes what was refused, too
            self.session.close()

    def _nothing(self) -> Observation:
        return np.zeros((self.num_envs, self._width), np.float32)

    def _zeros(self) -> Floats:
        return np.zeros(self.num_envs)

    def _never(self) -> Flags:
        return np.zeros(self.num_envs, np.bool_)


def _mode(mode: AutoresetMode | str) -> AutoresetMode:
    if isinstance(mode, AutoresetMode):
        return mode
    named = {member.value: member for member in AutoresetMode} | dict(AutoresetMode.__members__)
    if mode not in named:
        raise UnknownName("autoreset_mode", mode, named)
    return named[mode]


def _seeds(seed: int | Sequence[int | None] | None, n: int) -> list[int | None]:
    if seed is None or isinstance(seed, int):
        return [None if seed is None else seed + row for row in range(n)]
    if len(seed) != n:
        raise ConfigError(f"seed: expected one for each of {n} environments, got {len(seed)}")
    return list(seed)


def _reset_mask(options: Mapping[str, Any] | None, n: int) -> Flags:
    mask = np.asarray((options or {}).get("reset_mask", np.ones(n, np.bool_)))
    if mask.shape != (n,) or mask.dtype != np.bool_ or not mask.any():
        raise ConfigError(f"reset_mask: expected {n} booleans, at least one of them true, got {mask!r}")
    return mask


def _rows(actions: Any, rows: NDArray[np.intp]) -> Any:
    """Some rows of a batch of actions."""
    if isinstance(actions, Mapping):
        return {name: np.asarray(column)[rows] for name, column in actions.items()}
    return np.asarray(actions)[rows]
