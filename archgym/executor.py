"""Where a simulator is called: the one edge at which its exceptions become statuses.

An executor prices a batch of valid designs. `SerialExecutor` calls the simulator in this process;
`archgym.process_pool.ProcessExecutor` in worker processes with a timeout, surviving the death of a worker.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from archgym.simulator import Evaluations, Simulator, Status
from archgym.space import DesignBatch, DesignSpace


class Executor(Protocol):
    """Prices batches; never raises for a bad design or a broken simulator."""

    def execute(self, designs: DesignBatch, /) -> Evaluations:
        """Same length, same order as *designs*."""
        ...

    def close(self) -> None:
        """Free what it holds; a second call does nothing."""
        ...


class SerialExecutor:
    """Calls the simulator in this process."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def execute(self, designs: DesignBatch, /) -> Evaluations:
        """Price *designs* in one call of the simulator; row by row when that call raises."""
        return call(self._simulator, designs)

    def close(self) -> None:
        """Nothing to free."""


class ValidatingExecutor:
    """Lets only valid designs through to *inner*; the others are INFEASIBLE, with the broken constraints as reason."""

    def __init__(self, space: DesignSpace, metrics: int, inner: Executor) -> None:
        self._space, self._metrics, self._inner = space, metrics, inner

    def execute(self, designs: DesignBatch, /) -> Evaluations:
        """Price the valid ones of *designs* in one call of *inner*."""
        if not self._space.constraints:
            return self._inner.execute(designs)
        if len(designs.codes) == 1 and self._space.feasible.accepts_one(designs.codes.tolist()[0]):
            return self._inner.execute(designs)
        valid = self._space.valid(designs)
        if valid.all():
            return self._inner.execute(designs)
        metrics = np.full((len(designs), self._metrics), np.nan)
        status = np.full(len(designs), Status.INFEASIBLE, np.uint8)
        invalid = np.flatnonzero(~valid)
        reasons = [self._space.why_invalid(design) for design in designs[invalid].designs()]
        messages = {int(row): "; ".join(reason) for row, reason in zip(invalid, reasons, strict=True)}
        if valid.any():
            results = self._inner.execute(designs[valid])
            metrics[valid], status[valid] = results.metrics, results.status
            rows = np.flatnonzero(valid)
            messages.update({int(rows[row]): text for row, text in results.messages.items()})
        return Evaluations(metrics, status, messages)

    def close(self) -> None:
        """Close *inner*."""
        self._inner.close()


def call(simulator: Simulator, designs: DesignBatch) -> Evaluations:
    """The simulator's answer; a design on which it raises is FAILED with the last line of the traceback.

    When a batch raises, each of its designs is tried alone, so that one bad design does not fail the others.
    """
    n, m = len(designs.codes), len(simulator.metrics)
    try:
        results = simulator.evaluate(designs)
    except Exception as error:
        if n != 1:
            return join([call(simulator, designs[row : row + 1]) for row in range(n)], m)
        return unpriced(1, m, Status.FAILED, traceback.format_exception_only(error)[-1].strip())
    if results.metrics.shape != (n, m):
        reason = f"the simulator returned metrics of shape {results.metrics.shape}, expected ({n}, {m})"
        return unpriced(n, m, Status.FAILED, reason)
    return results


def unpriced(n: int, m: int, status: Status, message: str) -> Evaluations:
    """*n* rows without metrics, all of one *status* and for one reason."""
    return Evaluations(np.full((n, m), np.nan), np.full(n, status, np.uint8), dict.fromkeys(range(n), message))


def join(parts: list[Evaluations], m: int) -> Evaluations:
    """*parts* one after the other; *m* metrics also when there are no parts."""
    messages: dict[int, str] = {}
    offset = 0
    for part in parts:
        messages.update(shifted(part.messages, offset))
        offset += len(part)
    metrics = np.concatenate([part.metrics for part in parts]) if parts else np.empty((0, m))
    status = np.concatenate([part.status for part in parts]) if parts else np.empty(0, np.uint8)
    return Evaluations(metrics, status, messages)


def shifted(messages: Mapping[int, str], offset: int) -> dict[int, str]:
    """*messages* with *offset* added to the row numbers."""
    return {row + offset: text for row, text in messages.items()}
