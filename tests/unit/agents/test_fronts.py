"""The agents for several objectives find better fronts than random search, and keep to limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.motpe import MotpeAgent
from archgym.agents.nsga2 import Nsga2Agent
from archgym.agents.random import RandomAgent
from archgym.objective import Limit
from archgym.testing.exchange import converse, told
from archgym.testing.problems import Trial, toy

AGENTS = pytest.mark.parametrize("agent", [MotpeAgent, Nsga2Agent])


def area(points: NDArray[np.float64], corner: NDArray[np.float64]) -> float:
    """What *points* ``(n, 2)`` dominate below *corner*: the strips of a staircase, from left to right."""
    total, lowest = 0.0, corner[1]
    for x, y in points[np.lexsort((points[:, 1], points[:, 0]))]:
        if x < corner[0] and y < lowest:
            total, lowest = total + (corner[0] - x) * (lowest - y), y
    return float(total)


def found(agent: Any, trial: Trial, seed: int, budget: int, **hyperparameters: Any) -> Any:
    rows = converse(agent(trial.problem, seed=seed, **hyperparameters), trial, budget, 16)
    return told(trial, trial.problem.space.batch(np.array(rows)))


def test_the_area_below_a_corner_is_that_of_the_staircase() -> None:
    points = np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [9.0, 0.0]])
    assert area(points, np.array([3.0, 3.0])) == 2 * 1 + 1 * 1


@AGENTS
def test_finds_larger_fronts_than_random_search_at_an_equal_budget(agent: Any) -> None:
    trial = toy(metrics=("latency", "energy"))
    sample = told(trial, trial.problem.space.sample(500, np.random.default_rng(0))).scores
    corner = np.median(sample[np.isfinite(sample).all(axis=1)], axis=0)
    own = [area(found(agent, trial, seed, 150).scores, corner) for seed in range(3)]
    other = [area(found(RandomAgent, trial, seed, 150, replace=False).scores, corner) for seed in range(3)]
    assert sum(own) > sum(other)


@AGENTS
def test_goes_where_limits_hold(agent: Any) -> None:
    trial = toy(metrics=("latency", "energy"))
    energy = told(trial, trial.problem.space.sample(500, np.random.default_rng(0))).scores[:, 1]
    limit = Limit("energy", at_most=float(np.quantile(energy[np.isfinite(energy)], 0.1)))
    objective = replace(trial.problem.objective, limits=(limit,))
    limited = Trial(replace(trial.problem, objective=objective), trial.simulator)
    late = found(agent, limited, 1, 160).violation[80:]
    assert np.mean(late == 0) > 0.3  # of random designs: a tenth
