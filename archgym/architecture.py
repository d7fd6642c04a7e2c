"""What a simulator of mapped hardware tells beyond its metrics: where they come from, and how to transform a design.

An architect does not turn knobs at random: he looks for the task that costs most, for the block that holds it up, and
changes that. A simulator that offers an `Architecture` lets a searcher do the same. It must be used honestly: only
designs that were evaluated, and so paid for, may be explained (`EvaluatedOnly` sees to it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from archgym.errors import DesignError

BlockKind: TypeAlias = Literal["processor", "accelerator", "memory", "bus"]
Transformation: TypeAlias = Literal["swap", "split", "split_swap", "migrate", "transfer"]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Where the metrics of one design come from: T tasks, B blocks that they use."""

    tasks: tuple[str, ...]
    blocks: tuple[str, ...]
    kinds: tuple[BlockKind, ...]
    """``(B,)``"""
    shares: Mapping[str, NDArray[np.float64]]
    """Metric to ``(T, B)`` what a task costs on a block, in the metric's unit. Metrics without an entry cannot be
    attributed. A row of zeros: the task does not count for the metric."""
    uses: NDArray[np.bool_]
    """``(T, B)`` the task runs on the block, or its data passes through it or lies in it."""
    parallel: NDArray[np.bool_]
    """``(T, T)`` two tasks of which neither needs a result of the other, directly or not; false on the diagonal."""


@dataclass(frozen=True, slots=True)
class Move:
    """One way to change a design for the sake of one task on one block."""

    transformation: Transformation
    """Put another type in the block's place (swap); give some of its tasks a block of their own of the same type
    (split) or of a better one (split_swap); move the task to another block that exists (migrate); move the block to
    another bus (transfer)."""
    task: str
    block: str
    metric: str
    """The metric that the move is made for."""
    reduce: bool
    """Lower the metric; false: give slack back, for the sake of the others."""


@runtime_checkable
class Architecture(Protocol):
    """Offered by a simulator as its attribute ``architecture``. Designs are complete ``{parameter: value}``."""

    def explain(self, design: Mapping[str, Any], /) -> Explanation:
        """The shares of an evaluated design that has metrics; the same in any process. `DesignError` for another."""
        ...

    def moves(self, design: Mapping[str, Any], explanation: Explanation, move: Move, /) -> Sequence[Mapping[str, Any]]:
        """The designs that the move may lead to, the one to prefer first; none where it is impossible.

        They obey the constraints of the simulator's own space, not those of a task that restricts it.
        """
        ...


class EvaluatedOnly:
    """An `Architecture` that explains nothing that was not evaluated."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture
        self._evaluated: Callable[[Mapping[str, Any]], bool] | None = None

    def open(self, evaluated: Callable[[Mapping[str, Any]], bool]) -> None:
        """From now on *evaluated* says which designs were paid for."""
        self._evaluated = evaluated

    def explain(self, design: Mapping[str, Any], /) -> Explanation:
        """As the simulator's; `DesignError` for a design that was not evaluated."""
        if self._evaluated is None or not self._evaluated(design):
            raise DesignError("only a design that was evaluated can be explained: evaluate it first, it counts")
        return self._architecture.explain(design)

    def moves(self, design: Mapping[str, Any], explanation: Explanation, move: Move, /) -> Sequence[Mapping[str, Any]]:
        """As the simulator's: a transformation reveals nothing about the design it leads to."""
        return self._architecture.moves(design, explanation, move)
