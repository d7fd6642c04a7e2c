"""REINFORCE: the plain policy gradient, with one categorical distribution per parameter.

R. Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", Machine
Learning 8, 1992: each design's log-likelihood rises by its reward less a baseline (eq. 11), once per batch. The
baseline is a moving average of the batches' mean rewards, or none. It is here as what `ppo` must be better than: no
ratio, no clipping, one step a batch; Adam takes the step, where Williams has plain ascent. Rewards are as they come
(`normalise=True` centres and scales them within a batch). Designs drawn at raised temperatures are learnt from as if
they were the policy's: there is no ratio that could weigh them. Constraints, repeats, failures:
`archgym.agents.rl.policy_gradient`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters
from archgym.agents.rl.policy_gradient import BATCH_HYPERPARAMETERS, Learning, PolicyGradientAgent
from archgym.reward import RewardKind


class ReinforceAgent(PolicyGradientAgent):
    """REINFORCE: the plain policy gradient with a moving-average baseline."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            **BATCH_HYPERPARAMETERS,
            "baseline": Hyperparameter("what is subtracted from rewards: moving_average or none"),
            "normalise": Hyperparameter("centre and scale advantages within a batch", choices=(True, False)),
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        batch: int = 16,
        learning_rate: float = 0.03,
        entropy: float = 0.01,
        hidden: int = 32,
        baseline: Literal["moving_average", "none"] = "moving_average",
        normalise: bool = False,
        reward: RewardKind = "log_ratio",
        target: float | None = None,
    ) -> None:
        given: dict[str, object] = {"batch": batch, "learning_rate": learning_rate, "entropy": entropy}
        given |= {"hidden": hidden, "baseline": baseline, "normalise": normalise, "reward": reward, "target": target}
        check_hyperparameters("reinforce", type(self), given)
        learning = Learning(
            batch,
            learning_rate,
            entropy,
            hidden,
            reward,
            target,
            baseline=baseline == "moving_average",
            normalised=normalise,
        )
        super().__init__("reinforce", problem, seed=seed, learning=learning, groups=(tuple(range(problem.space.d)),))
