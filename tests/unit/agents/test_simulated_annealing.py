"""Simulated annealing takes worse designs by Metropolis' rule, under a temperature that falls with the budget."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.random import RandomAgent
from archgym.agents.simulated_annealing import SimulatedAnnealingAgent
from archgym.errors import ConfigError
from archgym.space import Categorical, DesignSpace, OnlyWhen, Ordinal
from archgym.testing import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import bowl, toy


class TestOneChain(AgentContract):
    agent = SimulatedAnnealingAgent
    hyperparameters: ClassVar[dict[str, Any]] = {"chains": 1, "patience": 0, "start": "random"}


def taken(rises: float, seeds: int, **hyperparameters: Any) -> float:
    """The share of *seeds* in which a chain at height 1 takes a neighbour whose log-score is *rises* units higher.

    Both designs are known beforehand, so no move of a chain has counted as a rise and the unit is still 1.
    """
    trial = landscape(grid(2), lambda codes: np.where(codes[:, 0] == 0, 1.0, math.exp(rises)))
    count = 0
    for seed in range(seeds):
        agent = SimulatedAnnealingAgent(trial.problem, seed=seed, chains=1, **hyperparameters)
        agent.tell(told(trial, trial.problem.space.batch([[0], [1]])))
        assert len(agent.ask(1)) == 0  # everything is known
        walker = agent._walkers[0]
        agent._heat = agent.temperature
        walker.place(np.array([0], np.int32), 1.0)
        count += agent._step(walker, np.array([1], np.int32), math.exp(rises), agent._rng.standard_exponential())
    return count / seeds


@pytest.mark.parametrize(("rise", "temperature"), [(0.5, 1.0), (1.0, 1.0), (1.0, 0.5), (2.0, 1.0)])
def test_a_rise_is_taken_with_metropolis_probability(rise: float, temperature: float) -> None:
    expected, n = math.exp(-rise / temperature), 1500
    assert abs(taken(rise, n, hot=temperature, cold=temperature) - expected) < 4 * math.sqrt(expected / n)


def test_the_temperature_falls_geometrically_over_the_budget_and_stays() -> None:
    trial = landscape(grid(9, 9, 9), lambda codes: codes.sum(axis=1) + 1.0, budget=100)
    agent = SimulatedAnnealingAgent(trial.problem, seed=1, hot=1.0, cold=0.01, chains=5)
    seen = {}
    for asked in range(0, 150, 5):
        seen[asked] = agent.temperature
        agent.tell(told(trial, agent.ask(5)))
    assert seen[0] == 1.0
    assert seen[50] == pytest.approx(0.1)  # half of the budget: the geometric mean
    assert seen[100] == seen[145] == pytest.approx(0.01)


def heights(codes: NDArray[Any]) -> NDArray[np.float64]:
    return np.abs(codes - 4).sum(axis=1) + 1.0


@pytest.mark.parametrize("power", [1, 3])
def test_neither_a_factor_nor_a_power_changes_the_search(power: int) -> None:
    # Where scores stay far above a thousandth of the first one the energy is a logarithm: a factor adds a constant to
    # it and a power multiplies it, and so it does the mean rise in which differences are counted.
    runs = []
    for factor, exponent in ((1.0, 1), (1e6, power)):
        trial = landscape(grid(9, 9, 9), lambda c, f=factor, e=exponent: f * (100.0 + heights(c)) ** e)
        runs.append(converse(SimulatedAnnealingAgent(trial.problem, seed=3), trial, 200, 8))
    assert runs[0] == runs[1]


def test_no_design_is_proposed_twice_and_the_whole_space_is() -> None:
    rough = np.random.default_rng(3).random((4, 5, 6))
    trial = landscape(grid(4, 5, 6), lambda codes: rough[tuple(codes.T)])
    agent = SimulatedAnnealingAgent(trial.problem, seed=2)
    proposed = converse(agent, trial, 1000, 8)
    assert len(proposed) == len({tuple(row) for row in proposed}) == 120
    assert len(agent.ask(8)) == 0


def test_a_space_of_one_design_ends_after_it() -> None:
    trial = landscape(DesignSpace((Ordinal("only", (1,)),)), lambda codes: codes.sum(axis=1) + 1.0)
    assert converse(SimulatedAnnealingAgent(trial.problem, seed=1), trial, 10, 8) == [[0]]


def test_starts_at_the_default_or_at_random_or_at_the_best_design_told() -> None:
    trial = toy()
    default = trial.problem.space.from_designs([trial.problem.space.default]).codes
    assert np.array_equal(SimulatedAnnealingAgent(trial.problem, seed=6).ask(1).codes, default)
    starts = {tuple(SimulatedAnnealingAgent(trial.problem, seed=s, start="random").ask(1).codes[0]) for s in range(10)}
    assert len(starts) > 5
    trial = landscape(grid(50, 50), lambda codes: codes.sum(axis=1) + 1.0)
    agent = SimulatedAnnealingAgent(trial.problem, seed=6, chains=1)
    agent.tell(told(trial, trial.problem.space.batch([[40, 40], [20, 30]])))
    first = agent.ask(1).codes[0]
    assert sum(first == [20, 30]) == 1  # one parameter away


def test_a_chain_without_improvement_restarts_from_the_best_design() -> None:
    trial = landscape(grid(50, 50), lambda codes: codes.sum(axis=1) + 1.0)  # the default is the lowest point
    agent = SimulatedAnnealingAgent(trial.problem, seed=1, chains=3, hot=1e6, cold=1e6, patience=1)
    agent.tell(told(trial, agent.ask(3)))
    for _ in range(5):
        agent.tell(told(trial, rows := agent.ask(3)))
        assert len(rows) == 3
    agent.ask(3)
    assert min(walker.lowest for walker in agent._walkers) == 1.0
    assert sum(walker.merit == 1.0 for walker in agent._walkers) >= 1


def test_a_feasible_design_is_never_left_for_a_failed_one() -> None:
    trial = landscape(grid(9, 9), lambda codes: np.where(codes[:, 0] > 0, np.inf, codes[:, 1] + 1.0))
    agent = SimulatedAnnealingAgent(trial.problem, seed=1, chains=1, hot=100.0, cold=100.0, patience=0)
    for _ in range(60):
        agent.tell(told(trial, agent.ask(1)))
        if agent._walkers[0].merit < np.inf:
            assert agent._walkers[0].point[0] == 0


def test_scores_may_be_zero_or_negative() -> None:
    trial = landscape(grid(9, 9, 9), lambda codes: heights(codes) - 5.0)
    lowest = min(trial.simulator.evaluate(trial.problem.space.batch(_run(trial, 150))).metrics[:, 0])
    assert lowest == -4.0


def test_a_switch_with_dependent_parameters_is_repaired() -> None:
    space = DesignSpace(
        (Categorical("cache", ("no", "yes")), Ordinal("ways", (1, 2, 4, 8))),
        (OnlyWhen("ways", when={"cache": ["yes"]}, otherwise=1),),
    )
    trial = landscape(space, lambda codes: np.where(codes[:, 0] == 0, 5.0, 10.0 - 3 * codes[:, 1]))
    assert sorted(_run(trial, 10).tolist()) == [[0, 0], [1, 0], [1, 1], [1, 2], [1, 3]]


def test_real_parameters_are_searched() -> None:
    trial = bowl()
    scores = {}
    for make in (SimulatedAnnealingAgent, RandomAgent):
        rows = np.array(converse(make(trial.problem, seed=1), trial, 300, 8))
        scores[make] = min(trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics[:, 0])
    assert scores[SimulatedAnnealingAgent] < scores[RandomAgent]


def _run(trial: Any, total: int) -> NDArray[Any]:
    return np.array(converse(SimulatedAnnealingAgent(trial.problem, seed=1), trial, total, 8), np.int32)


@pytest.mark.parametrize("seed", range(3))
def test_beats_random_without_replacement_on_a_smooth_landscape(seed: int) -> None:
    bottom = np.random.default_rng(seed).integers(0, 12, 8)
    trial = landscape(grid(*[12] * 8), lambda codes: ((codes - bottom) ** 2).sum(axis=1) + 1.0, budget=400)
    lowest = []
    for agent in (
        SimulatedAnnealingAgent(trial.problem, seed=seed),
        RandomAgent(trial.problem, seed=seed, replace=False),
    ):
        rows = np.array(converse(agent, trial, 400, 8), np.int32)
        lowest.append(min(trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics[:, 0]))
    assert lowest[0] < lowest[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"chains": 0}, "chains: expected an integer of at least 1, got 0"),
        ({"hot": 0.0}, r"hot: expected a number in \[1e-09, 1e\+06\], got 0.0"),
        ({"cold": 2.0}, r"cold: expected at most hot \(0.3\), got 2"),
        ({"patience": -1}, "patience: expected an integer of at least 0, got -1"),
        ({"start": "best"}, "start: expected one of 'default', 'random', got 'best'"),
        ({"sigma": float("nan")}, r"sigma: expected a number in \[1e-06, 1\], got nan"),
    ],
)
def test_wrong_hyperparameter_is_refused_in_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^agent 'simulated_annealing': {message}$"):
        SimulatedAnnealingAgent(toy().problem, seed=0, **wrong)


def test_several_objectives_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"expected one objective, got 2 \(latency, energy\); combine them"):
        SimulatedAnnealingAgent(toy(metrics=("latency", "energy")).problem, seed=0)
