"""Exhaustive search: every valid design once, in the order of the space.

It tells the truth about a small space: what its best design is, how many are as good, how many fail. Designs come in
lexicographic order of their value indices (rank order, the last parameter changes fastest), so within a budget smaller
than the space it sees one corner only and is no baseline: use random search without replacement (`replace=False`) for
that. ArchGym (ISCA 2023) has no such searcher.

Designs are made while they are asked for; nothing is remembered, skipped or learnt, and the seed changes nothing.
Constraints: no invalid design is visited. A space with Real parameters is refused. Any number of objectives.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from archgym.agent import Hyperparameter, Problem, Told
from archgym.design_keys import Codes
from archgym.errors import ConfigError
from archgym.space import DesignBatch, DesignSpace

CHUNK = 1024
"""Designs made at a time."""


class ExhaustiveAgent:
    """Every valid design once, in rank order."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({})

    def __init__(self, problem: Problem, *, seed: int) -> None:
        """*seed* is taken, as by every agent, and not used. `ConfigError` for a space with Real parameters."""
        _require_finite(problem.space)
        self._space = problem.space
        self._chunks = problem.space.enumerate(CHUNK)
        self._ready: Codes = np.zeros((0, problem.space.d), np.int32)

    def ask(self, n: int, /) -> DesignBatch:
        """The next *n* designs; fewer only when they are the last."""
        parts, have = [self._ready], len(self._ready)
        while have < n and (chunk := next(self._chunks, None)) is not None:
            parts.append(chunk.codes)
            have += len(chunk)
        rows = np.concatenate(parts) if len(parts) > 1 else self._ready
        self._ready = rows[n:]
        return DesignBatch(self._space, rows[:n])

    def tell(self, results: Told, /) -> None:
        """Learns nothing."""


def _require_finite(space: DesignSpace) -> None:
    if not space.finite:
        real = next(p.name for p in space.parameters if p.size is None)
        raise ConfigError(
            f"agent 'exhaustive': expected a space of finitely many designs, got the Real parameter {real!r}; "
            "restrict it to one value, or use agent 'random' or 'quasirandom'"
        )
