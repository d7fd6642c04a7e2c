"""The files that the shipped recordings' programs read: made from a seed, the same everywhere."""

from __future__ import annotations

import numpy as np

_SEED = 2024
_SYLLABLES = ("ba", "co", "de", "fi", "gu", "ha", "jo", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo")
_VOCABULARY = 20_000
_WORDS_PER_LINE = 12


def text(size_bytes: int) -> bytes:
    """Lines of twelve made-up words of Zipf popularity, *size_bytes* long."""
    rng = np.random.Generator(np.random.PCG64(_SEED))
    words = [_word(number) for number in rng.permutation(_VOCABULARY).tolist()]
    reach = np.cumsum(1 / np.arange(1, _VOCABULARY + 1))
    count = size_bytes // 4
    ranks = np.searchsorted(reach, rng.random(count) * reach[-1]).tolist()
    lines = [
        " ".join(words[rank] for rank in ranks[begin : begin + _WORDS_PER_LINE])
        for begin in range(0, count, _WORDS_PER_LINE)
    ]
    return ("\n".join(lines)[: size_bytes - 1] + "\n").encode("ascii")


def keys(count: int) -> bytes:
    """*count* lines of 16 random hexadecimal digits."""
    rng = np.random.Generator(np.random.PCG64(_SEED))
    return b"".join(b"%016x\n" % key for key in rng.integers(0, 2**63, size=count, dtype=np.int64).tolist())


def _word(number: int) -> str:
    syllables = len(_SYLLABLES)
    return "".join(_SYLLABLES[number // syllables**place % syllables] for place in range(1 + number % 4))
