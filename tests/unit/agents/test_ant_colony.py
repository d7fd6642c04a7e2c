"""Ants follow the trails, the best designs lay them, and no trail fades altogether."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.ant_colony import AntColonyAgent, drawn, least_pheromone
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError
from archgym.space import DesignSpace, Ordinal, ProductEquals
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import Trial, bowl, layer, toy


class TestAntColonyAsArchGymHadIt(AgentContract):
    agent = AntColonyAgent
    hyperparameters: ClassVar = {"ants": 16, "evaporation": 0.1, "greediness": 0.5, "depth": 4}


class TestAntColonyOnMappings(AgentContract):
    agent = AntColonyAgent
    pose = staticmethod(layer)


def colony(agent: AntColonyAgent, trial: Trial) -> NDArray[Any]:
    """The next colony's codes, told."""
    designs = agent.ask(10_000)
    agent.tell(told(trial, designs))
    return designs.codes


def test_the_first_colony_is_the_default_and_distinct_random_designs() -> None:
    trial = toy()
    rows = AntColonyAgent(trial.problem, seed=1, ants=12).ask(100).codes
    assert np.array_equal(rows[0], trial.problem.space.from_designs([trial.problem.space.default]).codes[0])
    assert len({tuple(row) for row in rows}) == 12


def test_trails_follow_the_update_rule() -> None:
    # Two parameters of 2 and 4 values; the two best of (0, 0), (1, 3), (1, 2) deposit with weights 2/3 and 1/3.
    trial = landscape(grid(2, 4), lambda codes: -codes.sum(axis=1).astype(float))
    agent = AntColonyAgent(trial.problem, seed=0, evaporation=0.3, depositors=2, p_best=0.999)
    agent.tell(told(trial, trial.problem.space.batch(np.array([[0, 0], [1, 3], [1, 2]], np.int32))))
    agent.ask(1)
    least = 1 / np.sqrt(0.999) - 1  # of the first parameter; a third of it for each value of the second
    expected = [0.7 / 2, 0.7 / 2 + 0.3, 0.7 / 4, 0.7 / 4, 0.7 / 4 + 0.3 / 3, 0.7 / 4 + 0.3 * 2 / 3]
    assert least < min(expected)
    assert agent._tau == pytest.approx(expected)


def test_converged_trails_repeat_the_best_design_with_the_probability_given() -> None:
    sizes = np.array([2, 5, 9])
    share = 1 / (1 + (sizes - 1) * least_pheromone(sizes, 0.3))  # the best value's trail is 1
    assert share.prod() == pytest.approx(0.3)


def test_values_are_drawn_in_proportion_to_their_trails() -> None:
    trail = np.array([[1.0, 0.0, 3.0]] * 4)
    chance = np.array([0.0, 0.2499, 0.25, np.nextafter(1.0, 0.0)])
    assert drawn(trail, chance).tolist() == [0, 0, 2, 2]


def test_free_parameters_are_drawn_in_proportion_to_their_trails() -> None:
    agent = AntColonyAgent(landscape(grid(2, 3), lambda codes: codes[:, 0] * 1.0).problem, seed=0)
    agent._tau = np.array([1.0, 3.0, 1.0, 1.0, 2.0])
    chance = np.array([[0.0, 0.0], [0.2499, 0.2499], [0.2501, 0.2501], [0.9999, 0.5001]])
    assert agent._drawn(chance).tolist() == [[0, 0], [0, 0], [1, 1], [1, 2]]


def test_greedy_ants_take_the_best_value_that_is_possible() -> None:
    # The trails favour 4 for both parameters, but the product must be 4: the second takes what is left.
    space = DesignSpace(
        (Ordinal("x", (1, 2, 4)), Ordinal("y", (1, 2, 4), default=4)), (ProductEquals("tiles", ("x", "y"), 4),)
    )
    agent = AntColonyAgent(landscape(space, lambda codes: codes[:, 0] * 1.0).problem, seed=0, greediness=1.0)
    agent._tau = np.array([0.1, 0.1, 1.0] * 2)
    assert agent._constructed().tolist() == [[2, 0]] * 8


def test_trails_are_laid_anew_after_the_depth_given() -> None:
    trial = landscape(grid(*[9] * 6), lambda codes: codes.sum(axis=1).astype(float))
    agent = AntColonyAgent(trial.problem, seed=3, depth=3)
    spread = []
    for _ in range(8):
        colony(agent, trial)
        spread.append(float(np.ptp(agent._tau)))
    assert [value == 0.0 for value in spread] == [True, False, False, True, False, False, True, False]


def test_failed_designs_lay_no_trail() -> None:
    trial = landscape(grid(6, 6, 6), lambda codes: np.full(len(codes), np.inf))
    agent = AntColonyAgent(trial.problem, seed=4)
    for _ in range(5):
        colony(agent, trial)
    assert np.ptp(agent._tau) == 0.0


def test_nothing_is_repeated_until_the_space_ends() -> None:
    rough = np.random.default_rng(7).random((4, 5, 6))
    trial = landscape(grid(4, 5, 6), lambda codes: rough[tuple(codes.T)])
    agent = AntColonyAgent(trial.problem, seed=7)
    proposed = converse(agent, trial, 1000, 8)
    assert len(proposed) == len({tuple(row) for row in proposed}) == 120
    assert len(agent.ask(8)) == 0


def test_a_design_told_without_being_asked_lays_a_trail() -> None:
    trial = landscape(grid(*[30] * 6), lambda codes: ((codes - 20) ** 2).sum(axis=1).astype(float))
    agent = AntColonyAgent(trial.problem, seed=10, depositors=1, evaporation=1.0, greediness=1.0)
    agent.tell(told(trial, trial.problem.space.batch(np.full((1, 6), 20, np.int32))))
    assert ((agent.ask(8).codes != 20).sum(axis=1) <= 3).all()


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
        for agent in (AntColonyAgent(trial.problem, seed=seed), RandomAgent(trial.problem, seed=seed, replace=False)):
            rows = np.array(converse(agent, trial, 300, 20), np.int32)
            lowest.append(trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics.min())
        wins += lowest[0] < lowest[1]
    assert wins >= 18


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ants": 0}, "ants: expected an integer of at least 1, got 0"),
        ({"evaporation": 1.5}, r"evaporation: expected a number in \[0, 1\], got 1.5"),
        ({"greediness": "all"}, r"greediness: expected a number in \[0, 1\], got 'all'"),
        ({"depth": -1}, "depth: expected an integer of at least 0, got -1"),
    ],
)
def test_wrong_hyperparameter_is_refused_in_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^agent 'ant_colony': {message}$"):
        AntColonyAgent(toy().problem, seed=0, **wrong)


def test_real_parameters_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError) as error:
        AntColonyAgent(bowl().problem, seed=0)
    assert str(error.value) == (
        "agent 'ant_colony': expected parameters with listed values, got Real 'Real'; "
        "use agent 'differential' or 'genetic'"
    )


def test_several_objectives_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"expected one objective, got 2 .* use agent"):
        AntColonyAgent(toy(metrics=("latency", "energy")).problem, seed=0)
