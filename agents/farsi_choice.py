"""Which task, which block and which transformation come next: the order in which an architect tries moves.

The rules of parallelism are FARSI's (arXiv 2201.05232): tasks that could run at the same time but share a block are
given separate ones; a task that has its block to itself needs a better block. One is wider here: out of a shared
processor, a task may also go straight to an accelerator of its own (``split_swap``), else systems with several
workloads first spread over all their processors.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from archgym.agents.farsi_goal import Aim
from archgym.architecture import BlockKind, Explanation, Move, Transformation
from archgym.simulator import Metric

T = TypeVar("T")
TRANSFORMATIONS: tuple[Transformation, ...] = ("swap", "split", "split_swap", "migrate", "transfer")
TIME = ("s", "ms", "us", "ns", "ps", "cycles")
ENERGY = ("J", "mJ", "uJ", "nJ", "pJ", "W", "mW", "uW")


def suited(unit: str, kind: BlockKind, *, reduce: bool, shared: bool) -> tuple[Transformation, ...]:
    """The transformations for a metric of this *unit* on a block of this *kind*.

    *shared*: tasks that could run at the same time use the block too.
    """
    if unit in TIME and not reduce:
        return "swap", "migrate"
    if unit in TIME and shared:
        return ("split", "swap", "split_swap") if kind == "bus" else ("migrate", "split", "split_swap")
    if unit in TIME or (unit in ENERGY and shared):
        return "swap", "split_swap"
    # Putting tasks one after the other lowers power, and sharing a block lowers area.
    return "swap", "split_swap", "migrate"


@dataclass(frozen=True, slots=True)
class Choice:
    """Orders the moves for one design. Ties and equals are decided at random."""

    metrics: tuple[Metric, ...]
    rng: np.random.Generator

    def directed(
        self, aims: Sequence[Aim], explanation: Explanation, tired: Collection[tuple[str, str]]
    ) -> Iterator[Move]:
        """Aim by aim, the costliest task on its costliest block first, then on.

        *tired*: pairs of task and metric that wait until all others have been tried.
        """
        for late in (False, True):
            for aim in aims:
                shares = explanation.shares.get(aim.metric)
                if shares is None:
                    continue
                for t in np.argsort(-shares.sum(axis=1), kind="stable").tolist():
                    if ((explanation.tasks[t], aim.metric) in tired) == late:
                        yield from self._on_task(aim, explanation, t)

    def _on_task(self, aim: Aim, explanation: Explanation, t: int) -> Iterator[Move]:
        unit = next(metric.unit for metric in self.metrics if metric.name == aim.metric)
        shares = explanation.shares[aim.metric][t]
        for b in np.argsort(-shares, kind="stable").tolist():
            if shares[b] <= 0.0:
                return
            shared = bool((explanation.parallel[t] & explanation.uses[:, b]).any())
            first = suited(unit, explanation.kinds[b], reduce=aim.reduce, shared=shared)
            others = [name for name in TRANSFORMATIONS if name not in first]
            for transformation in (*self._mixed(first), *self._mixed(others)):
                yield Move(transformation, explanation.tasks[t], explanation.blocks[b], aim.metric, aim.reduce)

    def anything(self, explanation: Explanation) -> Iterator[Move]:
        """Every transformation of every task on every block that it uses, in random order, for a random metric."""
        metrics = list(explanation.shares)
        pairs = np.argwhere(explanation.uses).tolist()
        for t, b, transformation in self._mixed([(t, b, name) for t, b in pairs for name in TRANSFORMATIONS]):
            metric, reduce = metrics[self.rng.integers(len(metrics))], bool(self.rng.integers(2))
            yield Move(transformation, explanation.tasks[t], explanation.blocks[b], metric, reduce)

    def _mixed(self, items: Sequence[T]) -> list[T]:
        return [items[k] for k in self.rng.permutation(len(items))]
