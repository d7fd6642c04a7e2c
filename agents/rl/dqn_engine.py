"""Action values of half-built designs, and their update. Needs torch.

A state is what was chosen so far. As a one-hot prefix it enters the first layer as a sum of one column per choice: the
states of a whole design are the partial sums of its columns: all its transitions cost one pass. The last layer has its
own weights per position, since actions of different parameters have nothing in common.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from archgym.agents.rl.policy import one_thread
from archgym.design_keys import Codes


class PrefixValues(nn.Module):
    """Two hidden layers from a prefix and its position to the values of the next parameter."""

    def __init__(self, sizes: Sequence[int], hidden: int, rng: np.random.Generator) -> None:
        super().__init__()
        d, total, width = len(sizes), sum(sizes), max(sizes)
        self.choice = _weights(rng, (total, hidden), d)
        self.position = _weights(rng, (d, hidden), 1)
        self.middle = _weights(rng, (hidden, hidden), hidden)
        self.middle_bias = nn.Parameter(torch.zeros(hidden))
        self.head = nn.Parameter(torch.zeros((d, hidden, width)))  # every value starts at 0, the median reward
        self.head_bias = nn.Parameter(torch.zeros((d, width)))
        self._first = torch.tensor(np.cumsum([0, *sizes[:-1]]))

    def forward(self, codes: Tensor) -> Tensor:
        """``(n, d, K)`` values of all actions in the states that ``(n, d)`` designs pass through."""
        chosen = self.choice[codes + self._first]
        return self._values(chosen.cumsum(dim=1) - chosen, slice(None))

    def at(self, prefix: Tensor) -> Tensor:
        """``(n, K)`` values of all actions after ``(n, k)`` choices."""
        k = prefix.shape[1]
        return self._values(self.choice[prefix + self._first[:k]].sum(dim=1, keepdim=True), slice(k, k + 1))[:, 0]

    def _values(self, state: Tensor, positions: slice) -> Tensor:
        first = torch.relu(state + self.position[positions])
        second = torch.relu(first @ self.middle + self.middle_bias)
        # (n, d, H) and (d, H, K): one product per position
        return (second.transpose(0, 1) @ self.head[positions]).transpose(0, 1) + self.head_bias[positions]


class QLearner:
    """Owns the network, its target and its optimiser."""

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        hidden: int,
        learning_rate: float,
        target_period: int,
        tighten: bool,
        rng: np.random.Generator,
    ) -> None:
        self.online = PrefixValues(sizes, hidden, rng)
        self.target = copy.deepcopy(self.online)
        self._optimiser = torch.optim.Adam(self.online.parameters(), lr=learning_rate)
        self._period, self._tighten, self._steps = target_period, tighten, 0

    def values(self, prefix: Codes) -> NDArray[np.float64]:
        """``(n, K)`` of the actions after ``(n, k)`` choices."""
        with torch.no_grad(), one_thread():
            found: NDArray[np.float64] = self.online.at(torch.tensor(prefix, dtype=torch.int64)).numpy()
        return found.astype(np.float64)

    def learn(self, codes: Codes, rewards: NDArray[np.float64], masks: NDArray[np.bool_]) -> None:
        """One gradient step on all transitions of ``(n, d)`` designs; *masks* ``(n, d, K)`` or ``(d, K)``."""
        with one_thread():
            actions, earned = torch.tensor(codes, dtype=torch.int64), torch.tensor(rewards, dtype=torch.float32)
            values = self.online(actions)
            with torch.no_grad():
                wanted = targets(values, self.target(actions), earned, torch.tensor(masks), self._tighten)
            taken = values.gather(2, actions[:, :, None])[:, :, 0]
            self._optimiser.zero_grad()
            # the clipped error term of Mnih et al. 2015
            nn.functional.smooth_l1_loss(taken, wanted).backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            self._steps += 1
            if self._steps % self._period == 0:
                self.target.load_state_dict(self.online.state_dict())


def targets(online: Tensor, target: Tensor, rewards: Tensor, masks: Tensor, tighten: bool) -> Tensor:
    """``(n, d)`` what the action of each step is worth, from ``(n, d, K)`` values of both networks.

    The last step is worth the reward, one before what the next state is worth (the discount is 1).
    """
    best = torch.where(masks, online, -torch.inf).argmax(dim=-1, keepdim=True)
    worth = target.gather(2, best)[:, 1:, 0]  # van Hasselt et al. 2016, eq. 4: chosen by one, valued by the other
    if tighten:  # He et al. 2017, eq. 5: a value is no less than a return that was reached from it
        worth = torch.maximum(worth, rewards[:, None])
    return torch.cat([worth, rewards[:, None]], dim=1)


def _weights(rng: np.random.Generator, shape: tuple[int, ...], inputs: int) -> nn.Parameter:
    """He et al. 2015: standard deviation sqrt(2 / inputs)."""
    return nn.Parameter(torch.tensor(rng.normal(0.0, (2.0 / inputs) ** 0.5, shape), dtype=torch.float32))
