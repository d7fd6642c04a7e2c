"""Differential evolution steps along differences, keeps what is no worse, and repeats nothing."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.differential import DifferentialAgent, reflected
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError
from archgym.space import Categorical, DesignSpace, Ordinal
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import Trial, bowl, layer, toy


class TestDifferentialAsPublished(AgentContract):
    agent = DifferentialAgent
    hyperparameters: ClassVar = {"strategy": "rand_1", "population": 10, "scale": 0.5, "crossover_rate": 0.9}


class TestDifferentialOnMappings(AgentContract):
    agent = DifferentialAgent
    pose = staticmethod(layer)


def generation(agent: DifferentialAgent, trial: Trial) -> NDArray[Any]:
    """The next generation's codes, told."""
    designs = agent.ask(10_000)
    agent.tell(told(trial, designs))
    return designs.codes


def slope(codes: NDArray[Any]) -> NDArray[np.float64]:
    return codes.sum(axis=1).astype(np.float64)


def test_the_first_generation_is_the_default_and_distinct_random_designs() -> None:
    trial = toy()
    rows = DifferentialAgent(trial.problem, seed=1, population=12).ask(100).codes
    assert np.array_equal(rows[0], trial.problem.space.from_designs([trial.problem.space.default]).codes[0])
    assert len({tuple(row) for row in rows}) == 12


@pytest.mark.parametrize("strategy", ["rand_1", "best_1", "current_to_best_1"])
def test_mutants_are_the_sums_that_their_strategy_says(strategy: Any) -> None:
    # Powers of two tell which individuals went in: in one dimension every mutant is one sum of three.
    agent = DifferentialAgent(
        landscape(grid(1000), slope).problem, seed=2, population=5, strategy=strategy, scale=0.5, crossover_rate=1.0
    )
    x = np.array([0.5, 0.51, 0.52, 0.54, 0.58])
    agent._points, agent._merits = x[:, None], np.array([4.0, 3.0, 0.0, 2.0, 1.0])  # the third is the best
    for target in range(5):
        others = [k for k in range(5) if k != target]
        pairs = [(b, c) for b in others for c in others if b != c]
        if strategy == "rand_1":
            sums = {x[a] + 0.5 * (x[b] - x[c]) for b, c in pairs for a in others if a not in (b, c)}
        elif strategy == "best_1":
            sums = {x[2] + 0.5 * (x[b] - x[c]) for b, c in pairs}
        else:
            sums = {x[target] + 0.5 * (x[2] - x[target]) + 0.5 * (x[b] - x[c]) for b, c in pairs}
        tried = agent._tried(np.full(300, target))[:, 0]
        assert {round(value, 9) for value in tried.tolist()} == {round(float(value), 9) for value in sums}


def test_coordinates_cross_at_the_rate_given_and_at_least_one_does() -> None:
    agent = DifferentialAgent(landscape(grid(*[9] * 10), slope).problem, seed=3, population=8, crossover_rate=0.3)
    agent._points = np.random.default_rng(0).random((8, 10))
    agent._merits = np.arange(8.0)
    changed = (agent._tried(np.full(4000, 5)) != agent._points[5]).sum(axis=1)
    assert changed.min() == 1
    assert changed.mean() == pytest.approx(1 + 9 * 0.3, abs=0.1)  # four standard errors


def test_a_trial_replaces_its_target_when_it_is_no_worse() -> None:
    trial = landscape(grid(*[30] * 4), slope)
    agent = DifferentialAgent(trial.problem, seed=4, population=10)
    first = slope(generation(agent, trial))
    tried = slope(generation(agent, trial))
    targets = agent._targets.copy()
    expected = first.copy()
    expected[targets] = np.minimum(first[targets], tried)
    agent.ask(1)
    assert agent._merits.tolist() == expected.tolist()


def test_coordinates_that_leave_the_cube_are_reflected() -> None:
    got = reflected(np.array([[-0.25, 0.0, 0.4, 1.0, 1.25, 2.5, -1.5]]))
    assert got[0] == pytest.approx([0.25, 0.0, 0.4, 1.0, 0.75, 0.5, 0.5])


def test_nothing_is_repeated_until_the_space_ends() -> None:
    rough = np.random.default_rng(7).random((4, 5, 6))
    trial = landscape(grid(4, 5, 6), lambda codes: rough[tuple(codes.T)])
    agent = DifferentialAgent(trial.problem, seed=7)
    proposed = converse(agent, trial, 1000, 8)
    assert len(proposed) == len({tuple(row) for row in proposed}) == 120
    assert len(agent.ask(8)) == 0


def test_real_parameters_are_searched() -> None:
    trial = bowl()
    rows = converse(DifferentialAgent(trial.problem, seed=9), trial, 400, 8)
    assert trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics.min() < 0.01


def test_a_design_told_without_being_asked_joins_the_population() -> None:
    trial = landscape(grid(*[30] * 6), lambda codes: ((codes - 20) ** 2).sum(axis=1).astype(float))
    agent = DifferentialAgent(trial.problem, seed=10)
    generation(agent, trial)
    agent.tell(told(trial, trial.problem.space.batch(np.full((1, 6), 20, np.int32))))
    agent.ask(1)
    assert agent._merits.min() == 0.0


def bottleneck(seed: int) -> Trial:
    """Additive effects and pairwise interactions, nothing deceptive."""
    rng = np.random.default_rng([seed, 12])
    sizes = (4, 3, 8, 2, 5, 16, 4, 4, 3, 10)
    best = [int(rng.integers(size)) for size in sizes]
    weight = rng.uniform(0.3, 1.5, len(sizes))

    def height(codes: NDArray[Any]) -> NDArray[np.float64]:
        apart = np.abs(codes - best) / np.array(sizes) * weight
        return apart.sum(axis=1) + (apart[:, :5] * apart[:, 5:]).sum(axis=1)

    return landscape(grid(*sizes), height)


def test_beats_random_without_replacement_in_at_least_18_of_20_seeds() -> None:
    wins = 0
    for seed in range(20):
        trial = bottleneck(seed)
        lowest = []
        agents = (DifferentialAgent(trial.problem, seed=seed), RandomAgent(trial.problem, seed=seed, replace=False))
        for agent in agents:
            rows = np.array(converse(agent, trial, 300, 20), np.int32)
            lowest.append(trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics.min())
        wins += lowest[0] < lowest[1]
    assert wins >= 18


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"population": 3}, "population: expected an integer of at least 4, got 3"),
        ({"scale": 2.5}, r"scale: expected a number in \[0, 2\], got 2.5"),
        ({"strategy": "rand"}, "strategy: expected one of 'rand_1', 'current_to_best_1', 'best_1', got 'rand'"),
    ],
)
def test_wrong_hyperparameter_is_refused_in_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^agent 'differential': {message}$"):
        DifferentialAgent(toy().problem, seed=0, **wrong)


def test_a_space_without_any_order_is_refused_with_what_to_do() -> None:
    space = DesignSpace((Categorical("a", tuple("xyz")), Categorical("b", tuple("uvw")), Ordinal("c", (1,))))
    with pytest.raises(ConfigError) as error:
        DifferentialAgent(landscape(space, slope).problem, seed=0)
    assert str(error.value) == (
        "agent 'differential': expected a parameter with an order (Real, Integer, Ordinal, or of two values), "
        "got 3 without; use agent 'genetic', 'ant_colony' or 'local_search'"
    )


def test_several_objectives_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"expected one objective, got 2 .* use agent"):
        DifferentialAgent(toy(metrics=("latency", "energy")).problem, seed=0)
