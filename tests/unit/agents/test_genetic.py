"""The genetic algorithm keeps its best, mixes parents, mutates as told, and searches better than chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.genetic import GeneticAgent
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError
from archgym.space import Categorical, DesignSpace, Ordinal, ProductEquals
from archgym.testing.exchange import converse, part, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import Trial, bowl, toy


def flat(codes: NDArray[Any]) -> NDArray[np.float64]:
    return np.zeros(len(codes))


def generation(agent: GeneticAgent, trial: Trial) -> NDArray[Any]:
    """The next generation's codes, told."""
    designs = agent.ask(10_000)
    agent.tell(told(trial, designs))
    return designs.codes


def test_first_generation_is_the_default_and_distinct_random_designs() -> None:
    trial = toy()
    rows = GeneticAgent(trial.problem, seed=1, population=30).ask(1000).codes
    default = trial.problem.space.from_designs([trial.problem.space.default]).codes[0]
    assert len({tuple(row) for row in rows}) == 30
    assert np.array_equal(rows[0], default)
    others = GeneticAgent(trial.problem, seed=1, population=30, start_default=False).ask(1000).codes
    assert not (others == default).all(axis=1).any()


def test_a_generation_is_served_in_any_pieces_and_bred_when_all_of_it_was_told() -> None:
    trial = toy()
    agent = GeneticAgent(trial.problem, seed=2, population=10, offspring=6)
    assert [len(agent.ask(n)) for n in (4, 4, 4)] == [4, 4, 2]
    assert [len(agent.ask(n)) for n in (4, 4, 4)] == [4, 2, 4]


def test_elite_parents_are_never_lost() -> None:
    # Without mutation and crossover, and with strict selection, children are copies of the best there ever was.
    trial = landscape(grid(10, 10, 10), lambda codes: codes.sum(axis=1).astype(float))
    agent = GeneticAgent(
        trial.problem,
        seed=3,
        population=20,
        offspring=20,
        elite=0.05,
        tournament=200,
        crossover_rate=0.0,
        mutation_rate=0.0,
        unique=False,
    )
    best = min(generation(agent, trial).sum(axis=1))
    for _ in range(5):
        assert generation(agent, trial).sum(axis=1).tolist() == [best] * 20


def test_best_parent_survives_generations_of_worse_children() -> None:
    trial = landscape(grid(*[50] * 4), lambda codes: np.where((codes == 0).all(axis=1), 0.0, 9.0))  # default is best
    agent = GeneticAgent(
        trial.problem,
        seed=4,
        population=20,
        offspring=20,
        elite=0.05,
        tournament=200,
        crossover_rate=0.0,
        mutation_rate=1 / 16,
        unique=False,
    )
    generation(agent, trial)
    for _ in range(20):
        changed = (generation(agent, trial) != 0).sum(axis=1)
        assert changed.mean() < 1.5  # a child of the default has a quarter of a gene changed on average, never all four


@pytest.mark.parametrize("crossover", ["uniform", "one_point", "two_point"])
def test_children_have_each_gene_from_one_of_two_parents(crossover: Any) -> None:
    # The population is two complementary parents: each child is a mixture, in the pattern of its operator.
    trial = landscape(grid(*[2] * 12), flat)
    agent = GeneticAgent(
        trial.problem,
        seed=5,
        population=2,
        offspring=400,
        crossover=crossover,
        crossover_rate=1.0,
        mutation_rate=0.0,
        tournament=1,
        unique=False,
    )
    agent.ask(2)
    parents = trial.problem.space.batch(np.repeat([[0], [1]], 12, axis=1).astype(np.int32))
    agent.tell(told(landscape(trial.problem.space, lambda codes: codes[:, 0] - 9.0), parents))
    rows = agent.ask(400).codes
    switches = np.abs(np.diff(rows, axis=1)).sum(axis=1)
    most = {"uniform": 11, "one_point": 1, "two_point": 2}[crossover]
    assert switches.max() <= most
    mixed = rows[switches > 0]
    assert len(mixed) > 100
    assert mixed.mean() == pytest.approx(0.5, abs=0.1)


def mutants(step_share: float, rate: float = 0.25) -> NDArray[Any]:
    """4,000 mutants of the design (10, 10, 0), of which the last parameter is categorical."""
    space = DesignSpace(
        (
            Ordinal("a", tuple(range(21)), default=10),
            Ordinal("b", tuple(range(21)), default=10),
            Categorical("c", tuple("wxyz")),
        )
    )
    agent = GeneticAgent(
        landscape(space, flat).problem,
        seed=6,
        population=2,
        offspring=4000,
        tournament=200,
        crossover_rate=0.0,
        mutation_rate=rate,
        step_share=step_share,
        unique=False,
    )
    trial = landscape(space, lambda codes: (codes != [10, 10, 0]).any(axis=1).astype(float))
    generation(agent, trial)
    return agent.ask(4000).codes


def test_genes_mutate_at_the_rate_given() -> None:
    changed = (mutants(0.5) != [10, 10, 0]).mean(axis=0)
    assert changed == pytest.approx([0.25] * 3, abs=0.03)  # four standard errors


def test_ordered_genes_step_to_adjacent_values_or_draw_any_other() -> None:
    stepped, drawn = mutants(1.0), mutants(0.0)
    assert set(np.unique(stepped[:, :2])) == {9, 10, 11}
    assert set(np.unique(drawn[:, 0])) == set(range(21))
    assert set(np.unique(stepped[:, 2])) == set(np.unique(drawn[:, 2])) == {0, 1, 2, 3}


def test_unique_children_repeat_nothing_until_the_space_ends() -> None:
    rough = np.random.default_rng(7).random((4, 5, 6))
    trial = landscape(grid(4, 5, 6), lambda codes: rough[tuple(codes.T)])
    agent = GeneticAgent(trial.problem, seed=7)
    proposed = converse(agent, trial, 1000, 8)
    assert len(proposed) == len({tuple(row) for row in proposed}) == 120
    assert len(agent.ask(8)) == 0


def test_children_are_repaired_to_valid_designs() -> None:
    factors = (1, 2, 3, 4, 6, 8, 12, 16, 24, 48)
    names = ("x", "y", "z")
    space = DesignSpace(
        tuple(Ordinal(name, factors, default=48 if name == "z" else 1) for name in names),
        (ProductEquals("tiles", names, 48),),
    )
    trial = landscape(space, lambda codes: codes[:, 0] - codes[:, 1].astype(float))
    proposed = np.array(converse(GeneticAgent(trial.problem, seed=8), trial, space.count(), 8), np.int32)
    assert space.valid(proposed).all()
    assert len(proposed) == space.count() == 45


def test_real_parameters_are_searched_too() -> None:
    trial = bowl()
    rows = converse(GeneticAgent(trial.problem, seed=9), trial, 400, 8)
    heights = trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics[:, 0]
    assert heights.min() < 0.01


def test_a_design_told_without_being_asked_joins_the_parents() -> None:
    trial = landscape(grid(*[30] * 6), lambda codes: ((codes - 20) ** 2).sum(axis=1).astype(float))
    agent = GeneticAgent(trial.problem, seed=10, tournament=200, crossover_rate=0.0, mutation_rate=0.05)
    gift = trial.problem.space.batch(np.full((1, 6), 20, np.int32))
    agent.tell(told(trial, gift))
    generation(agent, trial)
    assert ((generation(agent, trial) != 20).sum(axis=1) <= 3).all()


def test_order_and_parts_of_the_results_do_not_matter() -> None:
    trial = toy()
    whole, parts = (GeneticAgent(trial.problem, seed=11) for _ in range(2))
    for _ in range(6):
        results = told(trial, whole.ask(20))
        assert np.array_equal(parts.ask(20).codes, results.designs.codes)
        whole.tell(results)
        for rows in np.array_split(np.random.default_rng(1).permutation(len(results)), 3):
            parts.tell(part(results, rows))


def bottleneck(seed: int) -> Trial:
    """Ordered and unordered knobs, additive effects and pairwise interactions, nothing deceptive."""
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
        for agent in (GeneticAgent(trial.problem, seed=seed), RandomAgent(trial.problem, seed=seed, replace=False)):
            rows = np.array(converse(agent, trial, 300, 20), np.int32)
            lowest.append(trial.simulator.evaluate(trial.problem.space.batch(rows)).metrics.min())
        wins += lowest[0] < lowest[1]
    assert wins >= 18


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"population": 1}, "population: expected an integer of at least 2, got 1"),
        ({"mutation_rate": 1.5}, r"mutation_rate: expected a number in \[0, 1\], got 1.5"),
        ({"elite": "all"}, r"elite: expected a number in \[0, 1\], got 'all'"),
        (
            {"crossover": "three_point"},
            "crossover: expected one of 'uniform', 'one_point', 'two_point', got 'three_point'",
        ),
        ({"unique": 1}, "unique: expected one of True, False, got 1"),
    ],
)
def test_wrong_hyperparameter_is_refused_in_one_line(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^agent 'genetic': {message}$"):
        GeneticAgent(toy().problem, seed=0, **wrong)


def test_several_objectives_are_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"expected one objective, got 2 .* use agent 'nsga2', 'motpe' or 'random'"):
        GeneticAgent(toy(metrics=("latency", "energy")).problem, seed=0)
