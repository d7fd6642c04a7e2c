"""Every valid design once, in a seeded random order, without holding the space in memory.

A keyed permutation of the ranks 0 … count-1 is walked by a counter and each rank is turned into its design. The
permutation is a Feistel network on the smallest even number of bits that holds the ranks, with cycle walking for
those that fall outside (J. Black and P. Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002, section 4).
Small spaces get a uniform permutation outright. Where ranks do not fit 63 bits, or a parameter is Real, designs
are drawn uniformly and repetitions are dropped; such a space is never exhausted in practice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archgym.design_keys import Codes, design_keys
from archgym.space import DesignSpace

BLOCK = 256
"""Designs made at a time; part of the definition of the sequence in spaces that are sampled."""
TABLE_LIMIT = 1 << 16
"""Spaces up to this many designs are permuted by a table."""
ROUNDS = 8
"""Feistel rounds; four suffice for a pseudorandom permutation in theory, narrow halves like a few more."""
TRIES = 64
"""Blocks without a new design after which a sampled space counts as exhausted."""


class ShuffledDesigns:
    """A stream of the valid designs of *space*, each at most once. How it is read does not change it."""

    def __init__(self, space: DesignSpace, rng: np.random.Generator) -> None:
        self._space = space
        self._rng = rng
        self._count = space.count() if space.finite else 1 << 63
        self._ranked = self._count < 1 << 63
        self._next = 0
        self._seen: set[bytes] = set()
        self._ready: Codes = space.sample(0, rng).codes
        if self._ranked:
            self._permutation = RankPermutation(self._count, rng)

    def take(self, n: int) -> Codes:
        """``(<= n, d)`` the next designs' codes; fewer than *n* only when every design has been given."""
        parts = [self._ready]
        have = len(self._ready)
        while have < n:
            block = self._ranked_block() if self._ranked else self._sampled_block()
            if not len(block):
                break
            parts.append(block)
            have += len(block)
        rows = np.concatenate(parts) if len(parts) > 1 else self._ready
        self._ready = rows[n:]
        return rows[:n]

    def _ranked_block(self) -> Codes:
        stop = min(self._next + BLOCK, self._count)
        ranks = self._permutation(np.arange(self._next, stop, dtype=np.uint64))
        self._next = stop
        return self._space.unrank(ranks.astype(np.int64)).codes

    def _sampled_block(self) -> Codes:
        for _ in range(TRIES):
            rows = self._space.sample(BLOCK, self._rng).codes
            fresh = []
            for at, key in enumerate(design_keys(rows)):
                if key not in self._seen:
                    self._seen.add(key)
                    fresh.append(at)
            if fresh:
                return rows[fresh]
        return self._ready[:0]


class RankPermutation:
    """A seeded bijection of 0 … size-1 (``size < 2**63``), evaluated pointwise."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self._size = np.uint64(size)
        self._table = rng.permutation(size).astype(np.uint64) if size <= TABLE_LIMIT else None
        self._half = np.uint64((max(size - 1, 1).bit_length() + 1) // 2)
        self._mask = np.uint64((1 << int(self._half)) - 1)
        self._keys = rng.integers(0, 1 << 64, ROUNDS, np.uint64)

    def __call__(self, index: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The images of *index*, each below *size*."""
        if self._table is not None:
            return self._table[index]
        image = self._encrypt(index)
        outside = np.flatnonzero(image >= self._size)
        while len(outside):  # cycle walking: the walk leaves the outside after fewer than four steps on average
            image[outside] = self._encrypt(image[outside])
            outside = outside[image[outside] >= self._size]
        return image

    def _encrypt(self, value: NDArray[np.uint64]) -> NDArray[np.uint64]:
        left, right = value >> self._half, value & self._mask
        for key in self._keys:
            left, right = right, left ^ (_mixed(right ^ key) & self._mask)
        return (left << self._half) | right


def _mixed(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), element by element."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
