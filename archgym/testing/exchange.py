"""Plays the runner for an agent under test: asks, judges, tells; also badly, as a broken simulator would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Agent, Problem, Told, Trainer
from archgym.registry import make_agent
from archgym.simulator import Evaluations, Status
from archgym.space import DesignBatch
from archgym.testing.problems import Trial

T = TypeVar("T", bound=np.generic)
Fault = Literal["none", "failed", "infeasible", "nan"]
STATUS_OF = {"failed": Status.FAILED, "infeasible": Status.INFEASIBLE, "nan": Status.OK}
Recipe = Callable[..., "Agent | Trainer"]
"""``recipe(problem, seed=…)``; picklable."""


def agent_recipe(agent: str | Callable[..., Any], hyperparameters: Mapping[str, Any]) -> Recipe:
    """How any process builds the agent: by registered name, or by its factory."""
    return partial(_build, agent, dict(hyperparameters))


def _build(
    agent: str | Callable[..., Any], hyperparameters: Mapping[str, Any], problem: Problem, *, seed: int
) -> Agent | Trainer:
    if isinstance(agent, str):
        return make_agent(agent, problem, seed=seed, **hyperparameters)
    made: Agent | Trainer = agent(problem, seed=seed, **hyperparameters)
    return made


def told(trial: Trial, designs: DesignBatch, fault: Fault = "none") -> Told:
    """What an evaluator would say of *designs*; with a *fault*, what it would say of a broken simulator."""
    results = trial.simulator.evaluate(designs)
    if fault != "none":
        n, m = results.metrics.shape
        results = Evaluations(np.full((n, m), np.nan), np.full(n, STATUS_OF[fault], np.uint8))
    scores = trial.problem.objective.score(results, trial.problem.metrics)
    duplicate = np.zeros(len(designs), np.bool_)
    return part(Told(designs, scores.values, scores.violation, results.status, results.metrics, duplicate), slice(None))


def part(results: Told, rows: Any) -> Told:
    """Some rows of *results*, in the order of *rows*."""
    return Told(
        results.designs[rows],
        read_only(results.scores[rows]),
        read_only(results.violation[rows]),
        read_only(results.status[rows]),
        read_only(results.metrics[rows]),
        read_only(results.duplicate[rows]),
    )


def read_only(array: NDArray[T]) -> NDArray[T]:
    """*array* itself, locked."""
    array.setflags(write=False)
    return array


def converse(agent: Agent, trial: Trial, total: int, size: int, fault: Fault = "none") -> list[list[float]]:
    """The first *total* proposals (value indices), asked for *size* at a time, each batch told before the next ask.

    Shorter when the agent has nothing more to propose.
    """
    proposed: list[list[float]] = []
    while len(proposed) < total:
        designs = agent.ask(size)
        if len(designs) == 0:
            break
        proposed += designs.codes.tolist()
        agent.tell(told(trial, designs, fault))
    return proposed[:total]


def proposals(
    recipe: Recipe, pose: Callable[[], Trial], seed: int, total: int, size: int, fault: Fault = "none"
) -> list[list[float]]:
    """`converse` with a new agent, from picklable arguments: for another process."""
    trial = pose()
    agent = recipe(trial.problem, seed=seed)
    if not isinstance(agent, Agent):
        raise AssertionError(f"expected an Agent with ask and tell, got {type(agent).__name__}")
    return converse(agent, trial, total, size, fault)
