"""A task as a Gymnasium environment: an action is a design, the reward says how good it is.

An episode is one design (a bandit), or *horizon* designs, and then terminates. With the view ``steps`` an action is
one parameter's value, and the design is priced when the last parameter is set. Every evaluation goes through an
`Evaluator`, so it is budgeted, remembered and logged as any other agent's.

What an info holds
    Of ``step``, a function of the design alone: ``design``, ``status``, ``message``, ``metrics`` (empty without a
    result), ``units``, ``scores``, ``reward_vector`` (one per objective), ``violation`` and ``budget_spent``.
    Of ``reset``, what depends on the search so far: ``remaining``, ``spent`` and ``duplicates``; they are also
    attributes at any time. So an episode can be repeated, as Gymnasium asks for, and the count is never far.

When the budget is spent
    The step that uses its last evaluation returns that design's reward as always, with ``truncated=True`` and
    ``info["budget_spent"]``. ``reset`` costs nothing and always works, so that libraries which reset in the same
    breath lose no transition; the next ``step`` raises `BudgetSpent`, which ends any training loop. There is no
    reward for a design that nobody priced. A duplicate is free, so a policy that repeats itself is limited by its
    own number of steps only.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from archgym.env_actions import Actions, Unusable, View, actions_of
from archgym.env_session import Session
from archgym.errors import BudgetSpent, ConfigError
from archgym.evaluator import Evaluator
from archgym.reward import RewardKind, RewardShape, weighted_one
from archgym.simulator import Status
from archgym.task import Task

Observation = NDArray[np.float32]


class DesignEnv(gymnasium.Env[Observation, Any]):
    """Designs for one task.

    The observation is the last design's metrics relative to the default design's, in [-1, 1], and whether it had a
    result (`Reference.observe`); zeros at reset. The view ``steps`` appends the parameters chosen so far, as
    ``(index + 1) / size``, 0 where still open.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["ansi"], "render_fps": 1}  # type: ignore[misc]

    def __init__(
        self,
        task: str | Task,
        *,
        view: View = "multi_discrete",
        horizon: int = 1,
        budget: int | None = None,
        render_mode: str | None = None,
        reward: RewardKind = "log_ratio",
        target: float | None = None,
        failure_penalty: float = 10.0,
        limit_penalty: float = 10.0,
        weights: Sequence[float] | None = None,
        evaluator: Evaluator | None = None,
        **overrides: Any,
    ) -> None:
        """*horizon*: designs per episode. *budget*: unique evaluations of this instance (default: the task's);
        each copy in a `SyncVectorEnv` has its own, the rows of a `DesignVectorEnv` share one.

        *reward*, *target* and the penalties: `RewardShape`.
        *evaluator* evaluates in place of a new one (a shared budget, a log). *overrides* replace keys of the task's
        file: ``workload="stream"``. `ConfigError` for what is wrong in any of them.
        """
        if horizon < 1:
            raise ConfigError(f"horizon: expected at least 1 design per episode, got {horizon}")
        if render_mode not in (None, "ansi"):
            raise ConfigError(f"render_mode: expected 'ansi' or none, got {render_mode!r}")
        shape = RewardShape(reward, failure_penalty, limit_penalty, None if weights is None else tuple(weights), target)
        self.session = Session(task, budget=budget, shape=shape, evaluator=evaluator, overrides=overrides)
        self.horizon, self.render_mode = horizon, render_mode
        self._actions: Actions = actions_of(view, self.session.space)
        self.action_space = self._actions.space
        self._zeros = [0.0] * (len(self.session.metrics) + 1)
        size = len(self._zeros) + len(self._actions.observation())
        self.observation_space = gymnasium.spaces.Box(-1.0, 1.0, (size,), np.float32)
        self._observed = self._zeros
        self._designs = horizon
        self._last: dict[str, Any] | None = None

    @property
    def remaining(self) -> int:
        """Unique evaluations left."""
        return self.session.evaluator.remaining

    @property
    def spent(self) -> int:
        """Unique evaluations so far."""
        return self.session.evaluator.spent

    @property
    def duplicates(self) -> int:
        """Designs answered from memory so far."""
        return self.session.evaluator.duplicates

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode; evaluates nothing."""
        super().reset(seed=seed, options=options)
        self._designs, self._observed, self._last = 0, self._zeros, None
        self._actions.begin()
        return self._observation(), self.session.account() | self._actions.info()

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Price the design that *action* completes. `BudgetSpent` when no evaluation is left.

        In the view ``steps`` an action that the mask forbids ends the design with the reward of a failed one;
        nothing is evaluated. An action outside the action space is a `DesignError`.
        """
        if self._designs >= self.horizon:
            raise ResetNeeded("the episode is over, or none was begun: call reset() before step()")
        session, evaluator = self.session, self.session.evaluator
        if evaluator.remaining <= 0:
            raise BudgetSpent(f"the budget of {self.spent} unique evaluations is spent: the search is over")
        try:
            designs = self._actions.take(action)
        except Unusable as reason:
            return self._refused(str(reason))
        if designs is None:
            return self._observation(), 0.0, False, False, self._actions.info()
        told = evaluator.evaluate(designs)
        info = session.describe(told)
        vector = session.reward_vector(told.scores.tolist()[0], info["violation"])
        self._observed = session.reference.observe_one(told.metrics.tolist()[0], info["status"] == "OK")
        if self.render_mode:
            self._last = session.describe(told)
        return self._design_done(vector, info)

    def _refused(self, reason: str) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """The outcome of a design that the agent itself made impossible."""
        self._observed = [*self._zeros[:-1], -1.0]
        vector = self.session.reward_vector([inf] * len(self.session.labels), inf)
        return self._design_done(vector, {"status": Status.INFEASIBLE.name, "message": reason})

    def _design_done(
        self, vector: list[float], info: dict[str, Any]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        self._designs += 1
        self._actions.begin()
        terminated, spent = self._designs >= self.horizon, self.session.evaluator.remaining <= 0
        if spent:
            self._designs = self.horizon
        info["reward_vector"] = np.array(vector)
        info["budget_spent"] = spent
        info.update(self._actions.info())
        return self._observation(), weighted_one(self.session.weights, vector), terminated, spent, info

    def _observation(self) -> Observation:
        """A new array: what is handed out may be kept."""
        return np.array(self._observed + self._actions.observation(), np.float32)

    def render(self) -> Any:  # not `str | None`: text is no RenderFrame in every version of Gymnasium
        """The last design and its metrics as text; None without ``render_mode="ansi"``."""
        if self.render_mode != "ansi":
            return None
        return self.session.text(self._last)

    def close(self) -> None:
        """Free what the evaluator holds; a second call does nothing."""
        self.session.close()
