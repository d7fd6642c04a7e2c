"""A task as a PettingZoo ``ParallelEnv``: each agent sets its own parameters of the one joint design.

One step is one design, and an episode *horizon* of them. Every evaluation goes through an `Evaluator`, as in
`gym_env`: the step that spends the last one returns its rewards with all agents truncated; the next raises
`BudgetSpent`. At the end of an episode ``agents`` is empty, as PettingZoo has it.

Credit
    ``shared``: every agent gets the design's reward. ``difference`` (Wolpert & Tumer, 2001; "difference rewards"): an
    agent gets it less the reward of the design in which its own parameters have their default values, so what the
    others did cancels out. These further designs are evaluated, remembered and charged as any other: at most one an
    agent and step. Where the budget ends before all of them are priced, the agents left over get the shared reward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils.seeding import np_random
from numpy.typing import NDArray

from archgym.env_session import Session
from archgym.errors import BudgetSpent, ConfigError, MissingExtra, UnknownName
from archgym.evaluator import Evaluator
from archgym.reward import RewardKind, RewardShape, weighted
from archgym.space import DesignBatch, DesignSpace
from archgym.task import Task
from archgym.views.split import SplitView

try:
    ParallelEnv: Any = import_module("pettingzoo").ParallelEnv
except ImportError:
    raise MissingExtra("pettingzoo", "rl", "the multi-agent environment") from None

Observation = NDArray[np.float32]
Groups = Literal["parameter", "subsystem"]
Credit = Literal["shared", "difference"]


class MultiAgentDesignEnv(ParallelEnv):  # type: ignore[misc]
    """Designs for one task, by one agent a parameter, a subsystem, or a group of your own.

    Every agent observes the last joint design's metrics as in `DesignEnv`; zeros at reset. A joint action that breaks
    a constraint stands for the nearest valid design (`SplitView`).
    """

    metadata: ClassVar[dict[str, Any]] = {"name": "archgym_v1", "render_modes": ["ansi"], "is_parallelizable": True}

    def __init__(
        self,
        task: str | Task,
        *,
        groups: Groups | Mapping[str, Sequence[str]] = "parameter",
        credit: Credit = "shared",
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
        """*groups*: ``parameter``, ``subsystem`` (`DesignSpace.groups`), or the parameters of each agent by its name.

        The rest as of `DesignEnv`. `ConfigError` for what is wrong in any of them, `SpaceError` for a space with
        `Real` parameters or groups that are no partition of it.
        """
        if horizon < 1:
            raise ConfigError(f"horizon: expected at least 1 design per episode, got {horizon}")
        if render_mode not in (None, "ansi"):
            raise ConfigError(f"render_mode: expected 'ansi' or none, got {render_mode!r}")
        if credit not in get_args(Credit):
            raise UnknownName("credit", credit, get_args(Credit))
        shape = RewardShape(reward, failure_penalty, limit_penalty, None if weights is None else tuple(weights), target)
        self.session = Session(task, budget=budget, shape=shape, evaluator=evaluator, overrides=overrides)
        self.horizon, self.credit, self.render_mode = horizon, credit, render_mode
        space = self.session.space
        self.view = SplitView(space, _groups(groups, space))
        self.possible_agents = list(self.view.groups)
        self.agents: list[str] = []
        self.action_spaces = dict(self.view.gym_spaces)
        self._width = len(self.session.metrics) + 1
        self.observation_spaces = {
            agent: spaces.Box(-1.0, 1.0, (self._width,), np.float32) for agent in self.possible_agents
        }
        self._default = self.view.encode(space.from_designs([space.default]))
        self._observed = np.zeros(self._width, np.float32)
        self._designs = 0
        self._last: dict[str, Any] | None = None
        self.np_random, _ = np_random(None)

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

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """The same object at each call."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """``Discrete`` for one parameter, ``MultiDiscrete`` for more; the same object at each call."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Start an episode; evaluates nothing. Nothing in it is random: *seed* changes `np_random` only."""
        if seed is not None:
            self.np_random, _ = np_random(seed)
        self.agents = list(self.possible_agents)
        self._observed = np.zeros(self._width, np.float32)
        self._designs, self._last = 0, None
        return self._observations(), {agent: dict(self.session.account()) for agent in self.agents}

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Observation], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Price the joint design. `BudgetSpent` when no evaluation is left, `DesignError` for wrong actions."""
        if not self.agents:
            raise ResetNeeded("the episode is over, or none was begun: call reset() before step()")
        if self.remaining <= 0:
            raise BudgetSpent(f"the budget of {self.spent} unique evaluations is spent: the search is over")
        session, agents = self.session, self.agents
        designs = self._decoded(actions)
        told = session.evaluator.evaluate(designs[:1])
        vectors = session.reward_vectors(told)
        shared = float(weighted(session.weights, vectors)[0])
        rewards = dict.fromkeys(agents, shared)
        if self.credit == "difference" and self.remaining > 0:
            without = session.evaluator.evaluate(designs[1:])  # as many as the budget allows
            others = weighted(session.weights, session.reward_vectors(without))
            rewards |= {agent: shared - float(other) for agent, other in zip(agents, others, strict=False)}
        self._observed = session.reference.observe(told)[0]
        if self.render_mode:
            self._last = session.describe(told)
        self._designs += 1
        terminated, spent = self._designs >= self.horizon, self.remaining <= 0
        infos = {
            agent: session.describe(told) | {"reward_vector": vectors[0].copy(), "budget_spent": spent}
            for agent in agents
        }
        self.agents = [] if terminated or spent else list(agents)
        ends, cuts = dict.fromkeys(agents, terminated), dict.fromkeys(agents, spent)
        return self._observations(agents), rewards, ends, cuts, infos

    def _decoded(self, actions: Mapping[str, Any]) -> DesignBatch:
        """The joint design; with difference rewards also, for each agent, the one with its parameters at default."""
        rows = len(self.possible_agents) + 1 if self.credit == "difference" else 1
        points = {agent: np.stack([np.asarray(action)] * rows) for agent, action in actions.items()}
        if rows > 1:
            for row, agent in enumerate(self.possible_agents, start=1):
                if agent in points and points[agent].shape[1:] == self._default[agent].shape[1:]:
                    points[agent][row] = self._default[agent][0]
        return self.view.decode(points)

    def _observations(self, agents: Sequence[str] | None = None) -> dict[str, Observation]:
        """New arrays: what is handed out may be kept."""
        return {agent: self._observed.copy() for agent in (self.agents if agents is None else agents)}

    def state(self) -> Observation:
        """What a central critic sees: the last joint design's metrics, as observed."""
        return self._observed.copy()

    def render(self) -> Any:
        """The last design and its metrics as text; None without ``render_mode="ansi"``."""
        return self.session.text(self._last) if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Free what the evaluator holds; a second call does nothing."""
        self.session.close()


def _groups(groups: Groups | Mapping[str, Sequence[str]], space: DesignSpace) -> Mapping[str, Sequence[str]] | None:
    """What `SplitView` takes."""
    if not isinstance(groups, str):
        return groups
    if groups == "parameter":
        return None
    if groups != "subsystem":
        raise UnknownName("groups", groups, get_args(Groups))
    if not space.groups:
        raise ConfigError(f"groups: space {space.name!r} names no subsystems: use 'parameter' or your own")
    return space.groups
