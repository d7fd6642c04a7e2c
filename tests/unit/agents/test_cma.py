"""CMA-ES proposes new designs of its distribution, learns from ranks, and starts again where it has converged."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.cma import CmaAgent, Grid
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError, MissingExtra
from archgym.space import Categorical, DesignSpace, Integer, Ordinal, Real
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import Trial, bowl, layer, toy


class TestCmaOnMappings(AgentContract):
    agent = CmaAgent
    pose = staticmethod(layer)


def slope(codes: NDArray[Any]) -> NDArray[np.float64]:
    return codes.sum(axis=1).astype(np.float64)


def test_the_grid_has_a_step_for_each_value_and_none_for_a_single_one() -> None:
    space = DesignSpace(
        (Integer("a", 0, 3), Ordinal("b", (5,)), Real("c", 0.1, 10.0, log=True), Categorical("d", ("x", "y")))
    )
    view = Grid(space)
    assert view.steps.tolist() == [0.25, 0.0, 0.5]
    assert view.bounds.tolist() == [[0.125, 0.875], [0.0, 1.0], [0.25, 0.75]]
    assert view.codes(np.array([[0.875, 0.5, 0.25]]))[0] == pytest.approx([3, 0, 1.0, 0])
    assert view.point(np.array([[3, 0, 1.0, 0]])) == pytest.approx([0.875, 0.5, 0.25])


def test_a_space_of_one_parameter_is_searched_too() -> None:
    trial = landscape(grid(50), lambda codes: np.abs(codes[:, 0] - 30.0))
    proposed = converse(CmaAgent(trial.problem, seed=1), trial, 1000, 8)
    assert sorted(row[0] for row in proposed) == list(range(50))


def test_the_default_is_proposed_first() -> None:
    trial = toy()
    first = CmaAgent(trial.problem, seed=1).ask(1).codes
    assert np.array_equal(first, trial.problem.space.from_designs([trial.problem.space.default]).codes)


def test_nothing_is_repeated_until_the_space_ends() -> None:
    rough = np.random.default_rng(7).random((4, 5, 6))
    trial = landscape(grid(4, 5, 6), lambda codes: rough[tuple(codes.T)])
    agent = CmaAgent(trial.problem, seed=7)
    proposed = converse(agent, trial, 1000, 8)
    assert len(proposed) == len({tuple(row) for row in proposed}) == 120
    assert len(agent.ask(8)) == 0


def test_scales_do_not_matter_only_ranks_do() -> None:
    plain = landscape(grid(*[9] * 5), lambda codes: ((codes - 4.0) ** 2).sum(axis=1))
    steep = landscape(grid(*[9] * 5), lambda codes: np.exp(((codes - 4.0) ** 2).sum(axis=1)))
    first, second = (converse(CmaAgent(trial.problem, seed=5), trial, 200, 8) for trial in (plain, steep))
    assert first == second


def test_a_converged_run_is_followed_by_a_larger_one() -> None:
    trial = landscape(grid(*[12] * 3), slope)
    agent = CmaAgent(trial.problem, seed=2, population=6)
    sizes = []
    for _ in range(40):
        designs = agent.ask(1000)
        sizes.append(agent._size)
        agent.tell(told(trial, designs))
    assert sizes == sorted(sizes)
    assert next(size for size in sizes if size > 6) == 12


def test_after_a_warm_start_it_begins_at_the_best_design() -> None:
    trial = landscape(grid(*[100] * 6), lambda codes: ((codes - 80.0) ** 2).sum(axis=1))
    agent = CmaAgent(trial.problem, seed=3, sigma=0.02)
    agent.tell(told(trial, trial.problem.space.batch(np.array([[80] * 6, [10] * 6], np.int32))))
    assert np.abs(agent.ask(8).codes - 80).max() <= 12  # six standard deviations


def test_real_parameters_are_searched() -> None:
    trial = bowl()
    rows = converse(CmaAgent(trial.problem, seed=9), trial, 400, 8)
    assert trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics.min() < 0.01


def rotated(seed: int) -> Trial:
    """A bowl along axes that are none of the parameters'."""
    rng = np.random.default_rng([seed, 14])
    axes = np.linalg.qr(rng.normal(size=(8, 8)))[0] * np.linspace(0.2, 2.0, 8)[:, None]
    bottom = rng.random(8)
    return landscape(grid(*[12] * 8), lambda codes: (((codes / 11.0 - bottom) @ axes.T) ** 2).sum(axis=1))


def test_beats_random_without_replacement_in_at_least_9_of_10_seeds() -> None:
    wins = 0
    for seed in range(10):
        trial = rotated(seed)
        lowest = []
        for agent in (CmaAgent(trial.problem, seed=seed), RandomAgent(trial.problem, seed=seed, replace=False)):
            rows = np.array(converse(agent, trial, 300, 20), np.int32)
            lowest.append(trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics.min())
        wins += lowest[0] < lowest[1]
    assert wins >= 9


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"population": -1}, "population: expected an integer of at least 0, got -1"),
        ({"sigma": 2.0}, r"sigma: expected a number in \[0.001, 1\], got 2.0"),
        ({"start": "best"}, "start: expected one of 'middle', 'default', got 'best'"),
    ],
)
def test_wrong_hyperparameter_is_refused_in_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^agent 'cma': {message}$"):
        CmaAgent(toy().problem, seed=0, **wrong)


def test_a_space_without_any_order_is_refused_with_what_to_do() -> None:
    space = DesignSpace((Categorical("a", tuple("xyz")), Categorical("b", tuple("uvw"))))
    with pytest.raises(ConfigError) as error:
        CmaAgent(landscape(space, slope).problem, seed=0)
    assert str(error.value) == (
        "agent 'cma': expected a parameter with an order (Real, Integer, Ordinal, or of two values), "
        "got 2 without; use agent 'genetic', 'ant_colony' or 'local_search'"
    )


def test_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(MissingExtra) as error:
        CmaAgent(toy().problem, seed=0)
    assert str(error.value) == "agent 'cma' needs cmaes: pip install \"archgym[bo]\""


def test_several_objectives_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"expected one objective, got 2 .* use agent"):
        CmaAgent(toy(metrics=("latency", "energy")).problem, seed=0)
