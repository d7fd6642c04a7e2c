"""What a searcher is: it proposes designs, and is told how good they were.

The runner evaluates between the two calls, so an agent never sees a simulator, a log or a budget. Libraries that
drive an environment themselves (RLlib and its like) are `Trainer`s instead and go through the same evaluator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from archgym.architecture import Architecture
from archgym.objective import Objective, merit
from archgym.simulator import Metric
from archgym.space import DesignBatch, DesignSpace


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Evaluated designs, row by row. The arrays are read-only: agents share them with the log."""

    designs: DesignBatch
    scores: NDArray[np.float64]
    """``(n, k)`` lower is better, ``+inf`` where there is no result."""
    violation: NDArray[np.float64]
    """``(n,)`` 0 where every limit holds."""
    status: NDArray[np.uint8]
    """``(n,)`` of `Status`."""
    metrics: NDArray[np.float64]
    """``(n, m)`` in the order of `Problem.metrics`."""
    duplicate: NDArray[np.bool_]
    """``(n,)`` answered from memory: not charged."""

    def __len__(self) -> int:
        return len(self.designs)

    def merit(self) -> NDArray[np.float64]:
        """``(n,)`` the number to minimise with one objective: limits and failures are folded in (`objective.merit`)."""
        return merit(self.scores[:, 0], self.violation)


class Door(Protocol):
    """The evaluator, as a `Trainer` sees it."""

    @property
    def remaining(self) -> int:
        """Unique evaluations left."""
        ...

    def evaluate(self, designs: DesignBatch, /) -> Told:
        """Evaluate the longest prefix of *designs* that the budget allows; `BudgetSpent` when it allows nothing."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What an agent is built for."""

    name: str
    space: DesignSpace
    objective: Objective
    metrics: tuple[Metric, ...]
    budget: int
    """Unique evaluations in the whole run."""
    door: Door | None = None
    """Given to trainers; agents leave it alone."""
    architecture: Architecture | None = None
    """For architecture-aware searchers, where the simulator offers it; it explains evaluated designs only."""


@runtime_checkable
class Agent(Protocol):
    """Proposes; the runner evaluates. Built by ``factory(problem, *, seed, **hyperparameters)``."""

    def ask(self, n: int, /) -> DesignBatch:
        """At most *n* valid designs; an empty batch: nothing more to propose."""
        ...

    def tell(self, results: Told, /) -> None:
        """Any subset of what was asked, in any order, also designs never asked for; failures included."""
        ...


@runtime_checkable
class Trainer(Protocol):
    """Drives the evaluation itself, until the budget is spent."""

    def train(self, problem: Problem, /) -> None: ...


class AgentFactory(Protocol):
    """What an entry point of the group ``archgym.agents`` names: usually the agent's class.

    Hyperparameters are keyword-only arguments with annotated types and defaults; the registry reads them from
    the signature. An optional class attribute ``hyperparameters: Mapping[str, Hyperparameter]`` adds ranges.
    """

    def __call__(self, problem: Problem, /, *, seed: int, **hyperparameters: Any) -> Agent | Trainer: ...


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """Documents and bounds one hyperparameter of an agent."""

    doc: str
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] | None = None
