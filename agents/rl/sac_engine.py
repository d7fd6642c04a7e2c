"""A squashed Gaussian over a box, twin critics of its points, and their updates. Needs torch.

T. Haarnoja et al., "Soft Actor-Critic: Off-Policy Maximum Entropy Deep Reinforcement Learning with a Stochastic Actor",
ICML 2018, arXiv 1801.01290; the temperature: "Soft Actor-Critic Algorithms and Applications", 2018, arXiv 1812.05905.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from archgym.agents.rl.policy import one_thread

NARROWEST, WIDEST = -4.0, 1.0
"""Bounds of the logarithm of the Gaussian's standard deviation."""
FARTHEST = 3.0
"""Bound of the Gaussian's mean, whose hyperbolic tangent is then 0.995."""


class SquashedGaussian(nn.Module):
    """``tanh`` of independent Gaussians. There is one state only: their parameters are no function of anything."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(d))
        self.log_std = nn.Parameter(torch.zeros(d))

    def points(self, noise: Tensor, wider: float = 1.0) -> Tensor:
        """``(n, d)`` of standard normal *noise*."""
        return torch.tanh(self.mean + wider * self.log_std.exp() * noise)

    def log_density(self, noise: Tensor) -> Tensor:
        """``(n,)`` of `points` of *noise*; Haarnoja et al. 2018, eq. 21."""
        raw = self.mean + self.log_std.exp() * noise
        gaussian = -0.5 * noise**2 - self.log_std - 0.5 * math.log(2.0 * math.pi)
        # log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2u)), which does not underflow
        stretched = 2.0 * (math.log(2.0) - raw - nn.functional.softplus(-2.0 * raw))
        return (gaussian - stretched).sum(dim=-1)

    def keep_within_bounds(self) -> None:
        """Nothing is gained farther out, and gradients vanish there."""
        with torch.no_grad():
            self.log_std.clamp_(NARROWEST, WIDEST)
            self.mean.clamp_(-FARTHEST, FARTHEST)


class TwinCritics(nn.Module):
    """Two networks of two hidden layers, evaluated side by side."""

    def __init__(self, d: int, hidden: int, rng: np.random.Generator) -> None:
        super().__init__()
        sizes = (d, hidden, hidden, 1)
        self.weights = nn.ParameterList(_weights(rng, (2, a, b), a) for a, b in pairwise(sizes))
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros((2, 1, size))) for size in sizes[1:])

    def forward(self, points: Tensor) -> Tensor:
        """``(2, n)`` values of ``(n, d)`` points."""
        x = points.expand(2, *points.shape)
        for at, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, torch.relu(x) if at else x, weight)
        return x[:, :, 0]


class SoftActorCritic:
    """Owns actor, critics, temperature and their optimisers."""

    def __init__(
        self,
        d: int,
        *,
        hidden: int,
        learning_rate: float,
        actor_rate: float,
        target_entropy: float,
        rng: np.random.Generator,
    ) -> None:
        """*target_entropy* in nats, of the whole point."""
        self._d, self._wanted = d, target_entropy
        self.actor, self.critics = SquashedGaussian(d), TwinCritics(d, hidden, rng)
        self.log_alpha = nn.Parameter(torch.zeros(()))
        self._critic_steps = torch.optim.Adam(self.critics.parameters(), lr=learning_rate)
        self._actor_steps = torch.optim.Adam([*self.actor.parameters(), self.log_alpha], lr=actor_rate)
        self._noise = torch.Generator().manual_seed(int(rng.integers(1 << 62)))

    def points(self, noise: NDArray[np.float64], wider: float) -> NDArray[np.float64]:
        """``(n, d)`` in [-1, 1], of standard normal *noise*; *wider* multiplies the standard deviations."""
        with torch.no_grad(), one_thread():
            found: NDArray[np.float64] = self.actor.points(torch.tensor(noise, dtype=torch.float32), wider).numpy()
        return found.astype(np.float64)

    def fit_critics(self, points: NDArray[np.float64], rewards: NDArray[np.float64]) -> None:
        """One step towards ``(n,)`` *rewards*: with one-step episodes they are the soft values."""
        with one_thread():
            wanted = torch.tensor(rewards, dtype=torch.float32)
            values = self.critics(torch.tensor(points, dtype=torch.float32))
            _step(self._critic_steps, ((values - wanted) ** 2).mean(dim=1).sum())

    def improve_actor(self, n: int) -> None:
        """One step of the actor and of the temperature on *n* points of the actor."""
        with one_thread():
            noise = torch.randn((n, self._d), generator=self._noise)
            density = self.actor.log_density(noise)
            value = self.critics(self.actor.points(noise)).min(dim=0).values
            alpha = self.log_alpha.exp()
            actor = (alpha.detach() * density - value).mean()  # 1801.01290, eq. 12
            temperature = -(alpha * (density.detach().mean() + self._wanted))  # 1812.05905, eq. 18
            _step(self._actor_steps, actor + temperature)
            self.actor.keep_within_bounds()


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def _weights(rng: np.random.Generator, shape: Sequence[int], inputs: int) -> nn.Parameter:
    """He et al. 2015: standard deviation sqrt(2 / inputs)."""
    return nn.Parameter(torch.tensor(rng.normal(0.0, (2.0 / inputs) ** 0.5, tuple(shape)), dtype=torch.float32))
