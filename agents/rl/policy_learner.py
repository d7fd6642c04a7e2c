"""The updates of a factored policy: clipped surrogate, likelihood ratio, self-imitation. Needs torch.

PPO: J. Schulman et al., "Proximal Policy Optimization Algorithms", 2017, arXiv 1707.06347. REINFORCE: R. Williams,
Machine Learning 8, 1992. Self-imitation: J. Oh et al., ICML 2018, arXiv 1806.05635.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from archgym.agents.rl.factored import NEVER, Draws
from archgym.agents.rl.policy import FactoredPolicy, OthersCritic, one_thread

CRITIC_RATE = 1e-2
CRITIC_STEPS = 4
"""Adam's steps of the critic on each batch, after its advice was taken."""


class PolicyLearner:
    """Owns the networks and their optimisers."""

    def __init__(
        self,
        policy: FactoredPolicy,
        critic: OthersCritic | None,
        groups: Sequence[Sequence[int]],
        *,
        learning_rate: float,
        clip: float | None,
    ) -> None:
        """*clip*: None for the plain likelihood ratio (REINFORCE)."""
        self.policy, self.critic, self._clip = policy, critic, clip
        self._optimiser = torch.optim.Adam(policy.parameters(), lr=learning_rate)
        self._critics = torch.optim.Adam(critic.parameters(), lr=CRITIC_RATE) if critic else None
        member = np.zeros((sum(map(len, groups)), len(groups)), np.float32)
        for agent, parameters in enumerate(groups):
            member[list(parameters), agent] = 1.0
        self._member = torch.tensor(member)

    def table(self) -> NDArray[np.float64]:
        """``(d, K)`` logits of the policy as it is."""
        with torch.no_grad(), one_thread():
            logits: NDArray[np.float64] = self.policy().numpy().astype(np.float64)
        return logits

    def expected(self, draws: Draws) -> NDArray[np.float64] | float:
        """``(n, agents)`` the critic's expectations; 0 without one."""
        if self.critic is None:
            return 0.0
        with torch.no_grad(), one_thread():
            found: NDArray[np.float64] = self.critic(torch.tensor(draws.codes, dtype=torch.int64)).numpy()
        return found.astype(np.float64)

    def learn(
        self,
        draws: Draws,
        advantages: NDArray[np.float64],
        *,
        entropy: float,
        epochs: int,
        minibatches: int,
        rng: np.random.Generator,
    ) -> None:
        """Climb the objective for ``(n, agents)`` *advantages*, *epochs* times over the draws in random minibatches."""
        with one_thread():
            codes, masks = torch.tensor(draws.codes, dtype=torch.int64), _tensor(draws.masks)
            old = torch.tensor(draws.logp, dtype=torch.float32) @ self._member
            gain = torch.tensor(advantages, dtype=torch.float32)
            for _ in range(epochs):
                for rows in self._split(len(codes), minibatches, rng):
                    logp, spread = self._evaluated(codes[rows], None if masks is None else masks[rows])
                    surrogate = self._surrogate(logp @ self._member, old[rows], gain[rows])
                    self._step(-(surrogate.sum(dim=1).mean() + entropy * spread))

    def imitate(self, draws: Draws, weights: NDArray[np.float64], *, steps: int) -> None:
        """Raise the likelihood of *draws*, each by its ``(n,)`` weight (self-imitation, eq. 2, one-step episodes)."""
        with one_thread():
            codes, masks = torch.tensor(draws.codes, dtype=torch.int64), _tensor(draws.masks)
            share = torch.tensor(weights, dtype=torch.float32)
            for _ in range(steps):
                logp, _spread = self._evaluated(codes, masks)
                self._step(-(logp.sum(dim=1) * share).mean())

    def fit_critic(self, draws: Draws, rewards: NDArray[np.float64]) -> None:
        """Fit the critic to ``(n, agents)`` *rewards*."""
        if self.critic is None or self._critics is None:
            return
        with one_thread():
            codes, wanted = torch.tensor(draws.codes, dtype=torch.int64), torch.tensor(rewards, dtype=torch.float32)
            for _ in range(CRITIC_STEPS):
                self._critics.zero_grad()
                nn.functional.mse_loss(self.critic(codes), wanted).backward()  # type: ignore[no-untyped-call]
                self._critics.step()

    def _surrogate(self, logp: Tensor, old: Tensor, gain: Tensor) -> Tensor:
        """``(n, agents)``"""
        if self._clip is None:
            return logp * gain  # Williams 1992, eq. 11: its gradient is (r - b) d ln g
        ratio = torch.exp(torch.clamp(logp - old, max=20.0))
        clipped = torch.clamp(ratio, 1.0 - self._clip, 1.0 + self._clip)
        return torch.minimum(ratio * gain, clipped * gain)  # Schulman et al. 2017, eq. 7

    def _evaluated(self, codes: Tensor, masks: Tensor | None) -> tuple[Tensor, Tensor]:
        """``(n, d)`` log-probabilities, and the mean entropy of a design, summed over its parameters."""
        logits = self.policy()
        if masks is None:
            logp = torch.log_softmax(logits, dim=-1)
            return logp[torch.arange(len(logits)), codes], -(logp.exp() * logp).sum()
        logp = torch.log_softmax(torch.where(masks, logits, NEVER), dim=-1)
        spread = -(logp.exp() * logp).sum() / len(codes)
        return logp.gather(2, codes[:, :, None])[:, :, 0], spread

    def _step(self, loss: Tensor) -> None:
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()

    def _split(self, n: int, minibatches: int, rng: np.random.Generator) -> list[Tensor | slice]:
        if minibatches == 1:
            return [slice(None)]
        parts = np.array_split(rng.permutation(n), min(minibatches, n))
        return [torch.tensor(part) for part in parts]


def _tensor(masks: NDArray[np.bool_] | None) -> Tensor | None:
    return None if masks is None else torch.tensor(masks)
