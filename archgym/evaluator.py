"""The one door to a simulator: validate, look up duplicates, execute, score, log, count the budget.

The runner, the Gymnasium environments, sweeps and notebooks all evaluate through here, so one piece of code
decides what is charged, what is logged and what "best so far" means.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Told
from archgym.best import Best, BestSoFar, Front
from archgym.design_keys import design_keys
from archgym.errors import BudgetSpent, ConfigError, DesignError, LogError
from archgym.executor import Executor, SerialExecutor, ValidatingExecutor
from archgym.memory import Memory
from archgym.objective import Objective
from archgym.scorer import Scorer
from archgym.simulator import Simulator
from archgym.space import DesignBatch, DesignSpace

UNLIMITED = sys.maxsize
"""`Evaluator.remaining` without a budget."""


class Log(Protocol):
    """Where an evaluator writes its rows (`archgym.journal.Journal`)."""

    def append(self, index: int, keys: list[bytes], told: Told, messages: Mapping[int, str], wall_s: float, /) -> None:
        """Write one row per row of *told*, numbered from *index*; *wall_s* is the time of one fresh row. `LogError`."""
        ...


class Evaluator:
    """Evaluates designs of one simulator for one run.

    *budget* is in unique evaluations (None: unlimited). An equal design is answered from memory, flagged as
    duplicate and not charged; an invalid one becomes INFEASIBLE with the reason and is charged like any other.
    After a `LogError`, and after an interrupt in the moment of logging, it evaluates no more: the log may have a part
    of the batch. An interrupt of the simulator leaves it as it was.
    """

    def __init__(
        self,
        simulator: Simulator,
        objective: Objective,
        *,
        budget: int | None = None,
        journal: Log | None = None,
        executor: Executor | None = None,
    ) -> None:
        if budget is not None and budget <= 0:
            raise ConfigError(f"budget: expected a positive number of evaluations, got {budget}")
        objective.check(simulator.metrics)
        self.simulator, self.objective, self.budget = simulator, objective, budget
        self.space: DesignSpace = simulator.space
        self.asked = 0
        """Designs answered so far, duplicates included: the index of the next row."""
        self.simulator_s = 0.0
        """Wall time spent in the executor, s."""
        self.log_s = 0.0
        """Wall time spent in the log, s."""
        self._journal = journal
        self._whole = True
        inner = SerialExecutor(simulator) if executor is None else executor
        self._executor: Executor = ValidatingExecutor(self.space, len(simulator.metrics), inner)
        self._scorer = Scorer(objective, simulator.metrics)
        self._memory = Memory(self.space, len(simulator.metrics), objective.k)
        self._best = BestSoFar()
        self._front = Front(objective.k) if objective.k > 1 else None

    @property
    def remaining(self) -> int:
        """Unique evaluations left (`UNLIMITED` without a budget)."""
        return UNLIMITED if self.budget is None else self.budget - self._memory.size

    @property
    def spent(self) -> int:
        """Unique evaluations so far."""
        return self._memory.size

    @property
    def duplicates(self) -> int:
        """Designs answered from memory so far."""
        return self.asked - self._memory.size

    @property
    def best(self) -> Best | None:
        """The design of lowest merit (with several objectives: in the first); None before any that has metrics."""
        return None if self._best.row is None else self._by_value(self._best.row)

    @property
    def front(self) -> tuple[Best, ...]:
        """The designs that keep every limit and that no other dominates, in the order they were found."""
        if self._front is not None:
            return tuple(self._by_value(int(row)) for row in self._front.rows)
        best = self.best
        return () if best is None or best.violation > 0 else (best,)

    def evaluate(self, designs: DesignBatch, /) -> Told:
        """Results of the longest prefix of *designs* that the budget allows, row by row; arrays are read-only.

        `BudgetSpent` when the budget allows nothing, `DesignError` for designs of another space, `LogError` when the
        rows cannot be written.
        """
        if designs.space is not self.space and designs.space != self.space:
            raise DesignError(f"expected designs of {self.space!r}, got designs of {designs.space!r}")
        if not self._whole:
            raise LogError("an evaluation was cut off while it was being logged: start the run again to go on")
        remaining = self.remaining
        if remaining <= 0:
            raise BudgetSpent(f"the budget of {self.budget} unique evaluations is spent")
        keys = design_keys(designs.codes)
        if len(keys) == 1:
            return self._evaluate_one(keys, designs)
        rows, duplicate, fresh = self._look_up(keys, remaining)
        n = len(rows)
        if n < len(keys):
            designs, keys = designs[:n], keys[:n]
        if not fresh:
            return self._commit_known(keys, rows, designs, duplicate)
        new = designs[np.array(fresh)] if len(fresh) < n else designs
        return self._commit([keys[i] for i in fresh], new, keys, rows, designs, duplicate)

    def message(self, design: DesignBatch) -> str:
        """Why a design that was evaluated has no result; empty where it has one. *design* is a batch of one."""
        row = self._memory.row_of.get(design_keys(design.codes)[0])
        return "" if row is None else self._memory.messages.get(row, "")

    def evaluated(self, design: Mapping[str, Any]) -> bool:
        """Whether the complete design ``{parameter: value}`` was evaluated; `DesignError` for one not of the space."""
        return design_keys(self.space.from_designs([design]).codes)[0] in self._memory.row_of

    def close(self) -> None:
        """Free the executor. The journal belongs to whoever made it."""
        self._executor.close()

    def __enter__(self) -> Evaluator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _look_up(self, keys: list[bytes], remaining: int) -> tuple[list[int], NDArray[np.bool_], list[int]]:
        """Of the affordable prefix: memory rows, duplicate flags, and the positions of the designs to execute."""
        known, size = self._memory.row_of, self._memory.size
        rows: list[int] = []
        fresh: list[int] = []
        pending: dict[bytes, int] = {}
        for i, key in enumerate(keys):
            row = known.get(key)
            if row is None:
                row = pending.get(key)
            if row is None:
                if len(fresh) == remaining:
                    break
                row = pending[key] = size + len(fresh)
                fresh.append(i)
            rows.append(row)
        duplicate = np.ones(len(rows), np.bool_)
        duplicate[fresh] = False
        return rows, duplicate, fresh

    def _evaluate_one(self, keys: list[bytes], designs: DesignBatch) -> Told:
        row = self._memory.row_of.get(keys[0])
        if row is None:
            size = self._memory.size
            return self._commit(keys, designs, keys, slice(size, size + 1), designs, _FRESH)
        return self._commit_known(keys, slice(row, row + 1), designs, _KNOWN)

    def _commit(
        self,
        new_keys: list[bytes],
        new: DesignBatch,
        keys: list[bytes],
        rows: list[int] | slice,
        designs: DesignBatch,
        duplicate: NDArray[np.bool_],
    ) -> Told:
        """Execute *new*, then remember, log and count *designs*, of which *new* are the fresh ones."""
        began_ns = time.perf_counter_ns()
        results = self._executor.execute(new)
        wall_s = (time.perf_counter_ns() - began_ns) / 1e9  # whole nanoseconds: a short text in the log
        scores = self._scorer.score(results)
        start = self._memory.size
        self._whole = False
        self.simulator_s += wall_s
        self._memory.add(new_keys, new, results, scores)
        if len(new_keys) == len(keys):
            for part in (scores.values, scores.violation, duplicate):
                part.setflags(write=False)
            told = Told(designs, scores.values, scores.violation, results.status, results.metrics, duplicate)
        else:
            told = self._memory.table(rows, designs, duplicate)
        self._log(keys, rows, told, wall_s / len(new_keys))
        self._best.add(start, scores)
        if self._front is not None:
            self._front.add(start, scores)
        self._whole = True
        return told

    def _commit_known(
        self, keys: list[bytes], rows: list[int] | slice, designs: DesignBatch, duplicate: NDArray[np.bool_]
    ) -> Told:
        """Log and count *designs*, all of which are *rows* of the memory."""
        told = self._memory.table(rows, designs, duplicate)
        self._whole = False
        self._log(keys, rows, told, 0.0)
        self._whole = True
        return told

    def _log(self, keys: list[bytes], rows: list[int] | slice, told: Told, wall_s: float) -> None:
        if self._journal is not None:
            began = time.perf_counter()
            self._journal.append(self.asked, keys, told, self._messages(rows), wall_s)
            self.log_s += time.perf_counter() - began
        self.asked += len(keys)

    def _messages(self, rows: list[int] | slice) -> dict[int, str]:
        known = self._memory.messages
        if not known:
            return {}
        listed = range(rows.start, rows.stop) if isinstance(rows, slice) else rows
        return {i: known[row] for i, row in enumerate(listed) if row in known}

    def _by_value(self, row: int) -> Best:
        designs = self._memory.designs([row])
        told = self._memory.table([row], designs, np.zeros(1, np.bool_))
        names = [metric.name for metric in self.simulator.metrics]
        return Best(
            row=row,
            design=designs.designs()[0],
            metrics=dict(zip(names, told.metrics[0].tolist(), strict=True)),
            scores=dict(zip(self.objective.labels, told.scores[0].tolist(), strict=True)),
            violation=float(told.violation[0]),
        )


_FRESH = np.zeros(1, np.bool_)
_KNOWN = np.ones(1, np.bool_)
_FRESH.flags.writeable = _KNOWN.flags.writeable = False
