"""Sampling designs from one categorical distribution per parameter, under exact masks where constraints couple them.

The probability of a design is the product over its parameters, each conditional on the values that still have a valid
completion after those before it. So every draw is valid, and its probability is exact: nothing is rejected or repaired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.design_keys import Codes
from archgym.space import DesignSpace

NEVER = -1e9
"""The logit of a value that cannot be taken; finite, so that its zero probability times it is zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Designs and how likely each of their values was."""

    codes: Codes
    logp: NDArray[np.float64]
    """``(n, d)`` log-probability of each value, given those before it."""
    masks: NDArray[np.bool_] | None
    """``(n, d, K)`` values that were possible; None in a space without constraints."""

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: Any) -> Draws:
        return Draws(self.codes[rows], self.logp[rows], None if self.masks is None else self.masks[rows])


def together(parts: list[Draws]) -> Draws:
    """*parts* (at least one, of one space) as one."""
    masks = [part.masks for part in parts if part.masks is not None]
    return Draws(
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.logp for part in parts]),
        np.concatenate(masks) if masks else None,
    )


class FactoredSampler:
    """Draws designs of one finite space from a ``(d, K)`` table of logits, K the widest parameter's size."""

    def __init__(self, space: DesignSpace) -> None:
        self._space = space
        self._width = int(space.cardinalities.max())
        self._absent = np.arange(self._width) >= space.cardinalities[:, None]

    def draw(self, table: NDArray[np.float64], n: int, rng: np.random.Generator) -> Draws:
        """*n* designs."""
        chance = rng.random((n, self._space.d))
        if not self._space.constraints:
            logp = self._unmasked_logp(table)
            sums = np.cumsum(np.exp(logp), axis=1)
            codes = (chance[:, :, None] * sums[:, -1:] >= sums).sum(axis=2)
            codes = np.minimum(codes, self._space.cardinalities - 1)
            return self._unmasked(codes, logp)
        return self._walked(table, n, chance=chance)

    def draws_of(self, table: NDArray[np.float64], codes: Codes) -> Draws:
        """Given valid designs as if they had been drawn."""
        if not self._space.constraints:
            return self._unmasked(codes, self._unmasked_logp(table))
        return self._walked(table, len(codes), codes=codes)

    def _unmasked_logp(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        return _log_softmax(np.where(self._absent, NEVER, table))

    def _unmasked(self, codes: NDArray[Any], logp: NDArray[np.float64]) -> Draws:
        return Draws(codes.astype(np.int32), logp[np.arange(self._space.d), codes], None)

    def _walked(
        self,
        table: NDArray[np.float64],
        n: int,
        *,
        chance: NDArray[np.float64] | None = None,
        codes: Codes | None = None,
    ) -> Draws:
        """Designs chosen by *chance* ``(n, d)``, or else *codes* themselves."""
        d = self._space.d
        found, logp = np.empty((n, d), np.int32), np.empty((n, d))
        masks = np.zeros((n, d, self._width), np.bool_)
        walk, rows = self._space.walk(n), np.arange(n)
        for k, size in enumerate(self._space.cardinalities.tolist()):
            allowed = walk.allowed()
            masks[:, k, :size] = allowed
            local = _log_softmax(np.where(allowed, table[k, :size], NEVER))
            if codes is not None:
                chosen = codes[:, k].astype(np.intp)
            elif chance is not None:
                chosen = _inverted(local, allowed, chance[:, k])
            walk.choose(chosen)
            found[:, k], logp[:, k] = chosen, local[rows, chosen]
        return Draws(found, logp, masks)


def _inverted(logp: NDArray[np.float64], allowed: NDArray[np.bool_], chance: NDArray[np.float64]) -> NDArray[np.intp]:
    """``(n,)`` values at the fractions *chance* of the distributions ``(n, size)``; always an allowed one."""
    sums = np.cumsum(np.where(allowed, np.exp(logp), 0.0), axis=1)
    chosen = (chance[:, None] * sums[:, -1:] >= sums).sum(axis=1)
    last = allowed.shape[1] - 1 - np.argmax(allowed[:, ::-1], axis=1)  # rounding only
    values: NDArray[np.intp] = np.minimum(chosen, last).astype(np.intp)
    return values


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result
