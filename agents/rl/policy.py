"""Networks of the policy-gradient agents. Needs torch: imported when such an agent is built.

An episode is one design and every episode starts in the same state, so a policy sees nothing but which agent it is:
its first layer's answer to that one-hot is a row of weights per agent. The initial weights come from a generator that
is given, never from torch's own.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from archgym.agents.rl.factored import NEVER

FIRST_LOGITS = 0.01
"""Size of the heads' first weights: the first policy is nearly uniform."""


class FactoredPolicy(nn.Module):
    """One categorical distribution per parameter; *groups* says which agent decides which parameters."""

    def __init__(
        self,
        sizes: Sequence[int],
        groups: Sequence[Sequence[int]],
        *,
        hidden: int,
        shared: bool,
        rng: np.random.Generator,
    ) -> None:
        """*sizes*: values per parameter. *shared*: all agents have one network, and its input tells them apart."""
        super().__init__()
        width, agents, slots = max(sizes), len(groups), max(map(len, groups))
        copies = 1 if shared else agents
        self.trunk = _weights(rng, 1.0, agents, hidden)
        self.trunk_bias = _weights(rng, 0.0, copies, hidden)
        self.heads = _weights(rng, FIRST_LOGITS, copies, hidden, slots * width)
        self.heads_bias = _weights(rng, 0.0, copies, slots * width)
        place = [0] * len(sizes)
        for agent, members in enumerate(groups):
            for slot, parameter in enumerate(members):
                place[parameter] = agent * slots + slot
        self._place = torch.tensor(place)
        self._shape = (agents * slots, width)
        self._absent = torch.arange(width)[None, :] >= torch.tensor(sizes)[:, None]

    def forward(self) -> Tensor:
        """``(d, K)`` logits; `NEVER` beyond a parameter's size."""
        seen = torch.tanh(self.trunk + self.trunk_bias)
        if len(self.heads) == 1:
            flat = seen @ self.heads[0] + self.heads_bias
        else:
            flat = torch.einsum("ah,aho->ao", seen, self.heads) + self.heads_bias
        return flat.reshape(self._shape)[self._place].masked_fill(self._absent, NEVER)


class OthersCritic(nn.Module):
    """What an agent may expect to earn, given what the others do: a baseline that its own action does not touch."""

    def __init__(
        self, sizes: Sequence[int], visible: NDArray[np.bool_], *, hidden: int, rng: np.random.Generator
    ) -> None:
        """*visible*: ``(agents, d)`` parameters that an agent's baseline may see."""
        super().__init__()
        agents, inputs = len(visible), int(sum(sizes))
        self.first = _weights(rng, 1.0 / np.sqrt(len(sizes)), inputs, hidden)
        self.identity = _weights(rng, 1.0, agents, hidden)
        self.last = _weights(rng, 0.0, hidden)
        self._starts = torch.tensor(np.concatenate([[0], np.cumsum(sizes)[:-1]]))
        self._visible = torch.tensor(visible, dtype=torch.float32)

    def forward(self, codes: Tensor) -> Tensor:
        """``(n, agents)`` expectations for ``(n, d)`` value indices."""
        embedded = self.first[codes + self._starts]  # (n, d, hidden): the layer's answer to each one-hot
        seen = torch.einsum("ad,ndh->nah", self._visible, embedded) + self.identity
        return torch.tanh(seen) @ self.last


@contextmanager
def one_thread() -> Generator[None]:
    """Torch on one thread: for networks so small, more threads only wait for each other."""
    before = torch.get_num_threads()
    if before != 1:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if before != 1:
            torch.set_num_threads(before)


def _weights(rng: np.random.Generator, size: float, *shape: int) -> nn.Parameter:
    return nn.Parameter(torch.tensor(size * rng.standard_normal(shape), dtype=torch.float32))
