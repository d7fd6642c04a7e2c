"""Proximal policy optimisation with one categorical distribution per parameter.

J. Schulman et al., "Proximal Policy Optimization Algorithms", 2017, arXiv 1707.06347: an update may not gain from
moving a design's probability by more than a share (eq. 7). It is here as the single agent: one network decides all
parameters and the ratio is that of the whole design, where `marl_ppo` clips each agent's own. An episode is one design,
so there is no discount and no value network: the value of the only state is a number, the mean reward of the batch on
which advantages are centred. Constraints, repeats, failures: `archgym.agents.rl.policy_gradient`.

The defaults were chosen for few evaluations, on the toy, NK landscapes (K = 2, 8 values) and products of pairwise
interactions, 10 parameters each, 5 seeds: of batches of 8, 16 and 32 and rates from 0.01 to 0.06, batches of 16 with
0.01 to 0.03 did best at 1,000 evaluations. With larger batches an update costs less for each design and learns less.
On one busy core a design costs 0.3 ms of ask and tell in batches of 16, 0.09 ms in batches of 64, 0.03 ms in
batches of 256: an update costs the same for each of them, so simulators that are fast call for larger batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters
from archgym.agents.rl.policy_gradient import CLIPPED_HYPERPARAMETERS, Learning, PolicyGradientAgent
from archgym.reward import RewardKind


class PPOAgent(PolicyGradientAgent):
    """Proximal policy optimisation: one policy over all parameters, clipped updates."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = CLIPPED_HYPERPARAMETERS

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        batch: int = 16,
        epochs: int = 4,
        minibatches: int = 1,
        learning_rate: float = 0.02,
        clip: float = 0.2,
        entropy: float = 0.01,
        hidden: int = 32,
        reward: RewardKind = "log_ratio",
        target: float | None = None,
    ) -> None:
        given: dict[str, object] = {"batch": batch, "epochs": epochs, "minibatches": minibatches, "clip": clip}
        given |= {"learning_rate": learning_rate, "entropy": entropy, "hidden": hidden}
        given |= {"reward": reward, "target": target}
        check_hyperparameters("ppo", type(self), given)
        learning = Learning(
            batch,
            learning_rate,
            entropy,
            hidden,
            reward,
            target,
            epochs=epochs,
            minibatches=minibatches,
            clip=clip,
        )
        super().__init__("ppo", problem, seed=seed, learning=learning, groups=(tuple(range(problem.space.d)),))
