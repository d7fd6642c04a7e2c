"""Soft actor-critic on the relaxed box: a Gaussian over designs that a learnt model of the rewards pulls uphill.

T. Haarnoja et al., ICML 2018, arXiv 1801.01290, with automatic temperature (arXiv 1812.05905). It is here because it is
the continuous-control agent that design-space studies compare with, and because it takes Real parameters. An episode is
one step: there is no discount and no target network, the twin critics regress the reward, and the actor is a Gaussian
that climbs the lower of the two as far as its entropy allows.

Points are those of `archgym.views.box`: each coordinate is divided evenly among the values that are still possible, so
every point is a valid design. Of a design the critics see its own point (the middle of its values' shares), so a result
that nobody asked for teaches as much as any other. Between categories nearness means nothing, and a box makes it up:
mixed spaces work, purely categorical ones are refused. How rounds, repeats, failures and warm starts are handled:
`archgym.agents.rl.off_policy`. One objective only; the Gaussian has one peak and so has a round.

Four seeds of four find the best known design of ``toy/latency-v1`` within a thousand designs; a run takes
seconds, almost all of them gradient steps (`updates` a round).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.rl.off_policy import OffPolicyAgent
from archgym.design_keys import Codes
from archgym.errors import ConfigError
from archgym.reward import HYPERPARAMETERS, RewardKind, RewardShape
from archgym.seeding import generator
from archgym.space import DesignBatch
from archgym.views.box import BoxView

WIDER = 1.5
"""The Gaussian is wider by this with each further attempt to draw new designs."""


class SacAgent(OffPolicyAgent):
    """Soft actor-critic on the relaxed space; takes Real parameters."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "batch": Hyperparameter("designs drawn between two rounds of learning", low=1),
            "start": Hyperparameter("designs known before the actor draws; until then they are random", low=0),
            "updates": Hyperparameter("gradient steps a round, of critics, actor and temperature", low=1),
            "minibatch": Hyperparameter("designs of the replay, and points of the actor, in a gradient step", low=1),
            "learning_rate": Hyperparameter("Adam's step size for the critics", low=1e-6, high=1.0),
            "actor_rate": Hyperparameter("Adam's step size for actor and temperature", low=1e-6, high=1.0),
            "entropy": Hyperparameter("what the temperature aims at, nats per parameter", low=-4.0, high=0.6),
            "hidden": Hyperparameter("width of the critics' two hidden layers", low=1, high=4096),
            **HYPERPARAMETERS,
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        batch: int = 16,
        start: int = 64,
        updates: int = 32,
        minibatch: int = 64,
        learning_rate: float = 0.003,
        actor_rate: float = 0.01,
        entropy: float = -1.0,
        hidden: int = 64,
        reward: RewardKind = "log_ratio",
        target: float | None = None,
    ) -> None:
        given: dict[str, object] = {"batch": batch, "start": start, "updates": updates, "minibatch": minibatch}
        given |= {"learning_rate": learning_rate, "actor_rate": actor_rate, "entropy": entropy, "hidden": hidden}
        given |= {"reward": reward, "target": target}
        check_hyperparameters("sac", type(self), given)
        require_one_objective("sac", problem)
        if not any(parameter.ordered for parameter in problem.space.parameters):
            raise ConfigError(
                "agent 'sac': expected an ordered or Real parameter, got a purely categorical space, where nearness "
                "means nothing; use agent 'ppo' or 'dqn'"
            )
        super().__init__("sac", problem, seed=seed, batch=batch, shape=RewardShape(reward, target=target))
        from archgym.agents.rl.sac_engine import SoftActorCritic

        self._box = BoxView(problem.space)
        self._engine = SoftActorCritic(
            problem.space.d,
            hidden=hidden,
            learning_rate=learning_rate,
            actor_rate=actor_rate,
            target_entropy=entropy * problem.space.d,
            rng=generator(seed, "agent", "sac", "weights"),
        )
        self._start, self._updates, self._minibatch = start, updates, minibatch

    def _draw(self, n: int, attempt: int) -> Codes:
        if len(self._replay) < self._start:
            return self._space.sample(n, self._rng).codes
        points = self._engine.points(self._rng.standard_normal((n, self._space.d)), WIDER**attempt)
        codes: Codes = self._box.decode(points).codes
        return codes

    def _improve(self) -> None:
        if len(self._replay) < self._start:
            return
        points = self._box.encode(DesignBatch(self._space, self._replay.codes)).astype(np.float64)
        rewards = self._replay.scaled()
        for _ in range(self._updates):
            rows = self._rng.integers(0, len(rewards), self._minibatch)
            self._engine.fit_critics(points[rows], rewards[rows])
            self._engine.improve_actor(self._minibatch)
