"""Local search walks downhill over single changes, remembers everything and ends when there is nothing left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.local_search import LocalSearchAgent
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError
from archgym.space import Categorical, DesignSpace, OnlyWhen, Ordinal
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import toy

SIZES = (9, 9, 9)
BOTTOM = np.array([7, 2, 5])


def distance(codes: NDArray[Any]) -> NDArray[np.float64]:
    return np.abs(codes - BOTTOM).sum(axis=1).astype(np.float64)


def cost_of_bottom(size: int = 8, height: Any = distance, **hyperparameters: Any) -> int:
    """Designs proposed until the bottom of a convex landscape."""
    trial = landscape(grid(*SIZES), height)
    proposed = converse(LocalSearchAgent(trial.problem, seed=1, **hyperparameters), trial, 729, size)
    return proposed.index(BOTTOM.tolist()) + 1


def test_best_improvement_with_adjacent_steps_needs_one_neighbourhood_a_unit_of_distance() -> None:
    # From (0, 0, 0) the bottom is 14 units away; a neighbourhood has at most 6 designs, one of which is where it came
    # from. The start, then at most 6 for each move.
    assert cost_of_bottom(improvement="best", step="adjacent") <= 1 + 14 * 6


def test_best_improvement_over_all_values_needs_one_move_a_parameter() -> None:
    # Each neighbourhood has 3 * 8 designs and settles one parameter: the third one finds the bottom.
    assert cost_of_bottom(improvement="best", step="all") <= 1 + 3 * 24


def test_first_improvement_settles_a_convex_landscape_without_a_restart() -> None:
    assert cost_of_bottom(improvement="first", group=1, step="adjacent") <= 1 + 14 * 6


def test_moves_to_the_first_better_group() -> None:
    trial = landscape(grid(50), lambda codes: -codes[:, 0].astype(float))
    agent = LocalSearchAgent(trial.problem, seed=1, group=4)
    agent.tell(told(trial, start := agent.ask(100)))
    assert start.codes.tolist() == [[0]]
    agent.tell(told(trial, group := agent.ask(100)))
    assert len(group) == 4  # a group, although more was asked for
    following = agent.ask(100).codes[:, 0]  # each is better than 0, so it moved to the best of them
    ahead = int(group.codes.max())
    steps = np.abs(following - ahead)
    assert (steps > 0).all()


@pytest.mark.parametrize("restart", ["random", "kick"])
@pytest.mark.parametrize("improvement", ["first", "best"])
def test_no_design_is_proposed_twice_and_the_whole_space_is(restart: Any, improvement: Any) -> None:
    rough = np.random.default_rng(3).random((4, 5, 6))
    trial = landscape(grid(4, 5, 6), lambda codes: rough[tuple(codes.T)])
    agent = LocalSearchAgent(trial.problem, seed=2, restart=restart, improvement=improvement)
    proposed = converse(agent, trial, 1000, 8)
    assert len(proposed) == len({tuple(row) for row in proposed}) == 120
    assert len(agent.ask(8)) == 0


def test_designs_told_by_others_are_used_and_not_proposed() -> None:
    trial = landscape(grid(*SIZES), distance)
    agent = LocalSearchAgent(trial.problem, seed=4, step="adjacent")
    foreign = trial.problem.space.batch(np.argwhere(np.ones(SIZES, bool)).astype(np.int32)[:400])
    agent.tell(told(trial, foreign))
    proposed = converse(agent, trial, 1000, 8)
    assert len(proposed) == 729 - 400
    assert not {tuple(row) for row in foreign.codes.tolist()} & {tuple(row) for row in proposed}
    assert proposed.index(BOTTOM.tolist()) < 40  # the told designs led most of the way for nothing


def shelf(codes: NDArray[Any]) -> NDArray[np.float64]:
    """Flat along the first parameter until its last value."""
    return np.where(codes[:, 0] == 8, 0.0, 1.0)


def test_sideways_moves_cross_a_plateau_that_a_strict_climber_restarts_on() -> None:
    trial = landscape(grid(9), shelf)
    found = {}
    for sideways in (0, 20):
        agent = LocalSearchAgent(trial.problem, seed=5, sideways=sideways, step="adjacent", restart="random")
        found[sideways] = [row[0] for row in converse(agent, trial, 9, 1)]
    assert found[20] == list(range(9))
    assert found[0] != list(range(9))


def test_starts_at_the_default_or_at_random() -> None:
    trial = toy()
    default = trial.problem.space.from_designs([trial.problem.space.default]).codes
    assert np.array_equal(LocalSearchAgent(trial.problem, seed=6).ask(1).codes, default)
    starts = {tuple(LocalSearchAgent(trial.problem, seed=s, start="random").ask(1).codes[0]) for s in range(10)}
    assert len(starts) > 5


def test_a_switch_with_dependent_parameters_does_not_wall_it_in() -> None:
    space = DesignSpace(
        (Categorical("cache", ("no", "yes")), Ordinal("ways", (1, 2, 4, 8))),
        (OnlyWhen("ways", when={"cache": ["yes"]}, otherwise=1),),
    )
    trial = landscape(space, lambda codes: np.where(codes[:, 0] == 0, 5.0, 9.0 - 3 * codes[:, 1]))
    proposed = converse(LocalSearchAgent(trial.problem, seed=7), trial, 5, 8)
    assert sorted(proposed) == [[0, 0], [1, 0], [1, 1], [1, 2], [1, 3]]


@pytest.mark.parametrize("seed", range(3))
def test_beats_random_without_replacement_on_a_smooth_landscape(seed: int) -> None:
    bottom = np.random.default_rng(seed).integers(0, 12, 8)
    trial = landscape(grid(*[12] * 8), lambda codes: ((codes - bottom) ** 2).sum(axis=1))
    lowest = {
        make: min(trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics[:, 0])
        for make in (LocalSearchAgent, RandomAgent)
        if (rows := np.array(converse(make(trial.problem, seed=seed), trial, 300, 8), np.int32)).size
    }
    assert lowest[LocalSearchAgent] == 0 < lowest[RandomAgent]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"improvement": "last"}, "improvement: expected one of 'first', 'best', got 'last'"),
        ({"kick": 0}, "kick: expected an integer of at least 1, got 0"),
        ({"group": 2.5}, "group: expected an integer of at least 1, got 2.5"),
        ({"sideways": True}, "sideways: expected an integer of at least 0, got True"),
        ({"sigma": float("nan")}, r"sigma: expected a number in \[1e-06, 1\], got nan"),
    ],
)
def test_wrong_hyperparameter_is_refused_in_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^agent 'local_search': {message}$"):
        LocalSearchAgent(toy().problem, seed=0, **wrong)


def test_several_objectives_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"expected one objective, got 2 \(latency, energy\); combine them"):
        LocalSearchAgent(toy(metrics=("latency", "energy")).problem, seed=0)
