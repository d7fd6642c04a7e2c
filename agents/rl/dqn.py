"""Deep Q-learning of one parameter a step, under exact masks.

V. Mnih et al., "Human-level control through deep reinforcement learning", Nature 518, 2015 (replay, target network,
clipped errors), with double Q-learning (H. van Hasselt, A. Guez, D. Silver, AAAI 2016). A design is an episode: the
state is what was chosen so far and the action the value of the next parameter, masked to those that have a valid
completion. Only the last step is rewarded and nothing is discounted, so the value of a prefix is the best reward behind
it. Since the outcome is certain, it is no less than what any known design with that prefix was rewarded with: `tighten`
keeps the targets above that (F. He et al., "Learning to Play in a Day", ICLR 2017), which spares the reward the way
back through one target network per step.

Designs of a round are built side by side, epsilon-greedily; epsilon falls linearly over the first `decay` of the
budget, and among equal values the first wins. How rounds, repeats, failures and warm starts are handled:
`archgym.agents.rl.off_policy`. Real parameters are refused; one objective only.

Four seeds of four find the best known design of ``toy/latency-v1`` within a thousand designs; a run takes
seconds, almost all of them gradient steps (`updates` a round).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.rl.off_policy import OffPolicyAgent
from archgym.design_keys import Codes
from archgym.errors import ConfigError
from archgym.reward import HYPERPARAMETERS, RewardKind, RewardShape
from archgym.seeding import generator

FREER = 0.15
"""Epsilon is more by this with each further attempt to draw new designs."""


class DqnAgent(OffPolicyAgent):
    """Double deep Q-learning: decides one parameter a step, under exact masks."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "batch": Hyperparameter("designs built between two rounds of learning", low=1),
            "updates": Hyperparameter("gradient steps a round", low=1),
            "minibatch": Hyperparameter("designs of the replay in a gradient step, all their steps at once", low=1),
            "learning_rate": Hyperparameter("Adam's step size", low=1e-6, high=1.0),
            "epsilon_start": Hyperparameter("probability of a random action at first", low=0.0, high=1.0),
            "epsilon_end": Hyperparameter("probability of a random action in the end", low=0.0, high=1.0),
            "decay": Hyperparameter("share of the budget over which epsilon falls", low=0.0, high=1.0),
            "target_period": Hyperparameter("gradient steps between two copies to the target network", low=1),
            "tighten": Hyperparameter("targets are no less than what the design was rewarded with"),
            "hidden": Hyperparameter("width of the two hidden layers", low=1, high=4096),
            **HYPERPARAMETERS,
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        batch: int = 16,
        updates: int = 32,
        minibatch: int = 64,
        learning_rate: float = 0.003,
        epsilon_start: float = 1.0,
        epsilon_end: float = 0.05,
        decay: float = 0.4,
        target_period: int = 16,
        tighten: bool = True,
        hidden: int = 64,
        reward: RewardKind = "log_ratio",
        target: float | None = None,
    ) -> None:
        given: dict[str, object] = {"batch": batch, "updates": updates, "minibatch": minibatch, "hidden": hidden}
        given |= {"learning_rate": learning_rate, "epsilon_start": epsilon_start, "epsilon_end": epsilon_end}
        given |= {"decay": decay, "target_period": target_period, "tighten": tighten}
        given |= {"reward": reward, "target": target}
        check_hyperparameters("dqn", type(self), given)
        require_one_objective("dqn", problem)
        for parameter in problem.space.parameters:
            if parameter.size is None:
                raise ConfigError(
                    f"agent 'dqn': expected finite parameters, got {parameter.name!r}, which is Real; "
                    "use agent 'sac', or restrict it to a list of values"
                )
        super().__init__("dqn", problem, seed=seed, batch=batch, shape=RewardShape(reward, target=target))
        from archgym.agents.rl.dqn_engine import QLearner

        self._sizes: list[int] = problem.space.cardinalities.tolist()
        self._learner = QLearner(
            self._sizes,
            hidden=hidden,
            learning_rate=learning_rate,
            target_period=target_period,
            tighten=tighten,
            rng=generator(seed, "agent", "dqn", "weights"),
        )
        self._updates, self._minibatch = updates, minibatch
        self._epsilon = (epsilon_start, epsilon_end)
        self._until = decay * problem.budget
        self._exists = np.arange(max(self._sizes)) < np.array(self._sizes)[:, None]

    def _draw(self, n: int, attempt: int) -> Codes:
        epsilon = min(self._exploration() + FREER * attempt, 1.0)
        codes = np.zeros((n, self._space.d), np.int32)
        walk = self._space.walk(n)
        for k, size in enumerate(self._sizes):
            allowed = walk.allowed()
            greedy = np.where(allowed, self._learner.values(codes[:, :k])[:, :size], -np.inf).argmax(axis=1)
            chance = np.where(allowed, self._rng.random((n, size)), -1.0).argmax(axis=1)
            codes[:, k] = np.where(self._rng.random(n) < epsilon, chance, greedy)
            walk.choose(codes[:, k])
        return codes

    def _exploration(self) -> float:
        """Epsilon now: it falls with the number of designs that are known."""
        start, end = self._epsilon
        done = min(len(self._novelty) / self._until, 1.0) if self._until > 0 else 1.0
        return start + (end - start) * done

    def _improve(self) -> None:
        codes, rewards = self._replay.codes, self._replay.scaled()
        for _ in range(self._updates):
            rows = self._rng.integers(0, len(codes), self._minibatch)
            self._learner.learn(codes[rows], rewards[rows], self._masks(codes[rows]))

    def _masks(self, codes: Codes) -> NDArray[np.bool_]:
        """``(n, d, K)`` actions that were possible on the way to each design; ``(d, K)`` where all always are."""
        if not self._space.constraints:
            return self._exists
        masks = np.zeros((len(codes), *self._exists.shape), np.bool_)
        walk = self._space.walk(len(codes))
        for k, size in enumerate(self._sizes):
            masks[:, k, :size] = walk.allowed()
            walk.choose(codes[:, k])
        return masks
