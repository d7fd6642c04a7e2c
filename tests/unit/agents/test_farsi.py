"""The architecture-aware search goes for what costs most, honestly, and brings systems on chip within their budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from archgym.agents.farsi import FarsiAgent
from archgym.agents.farsi_choice import TRANSFORMATIONS, Choice, suited
from archgym.agents.farsi_goal import Aim, Goal
from archgym.architecture import Explanation, Move
from archgym.errors import ConfigError, DesignError
from archgym.objective import BudgetDistance, Limit, Objective, Optimize, Product
from archgym.registry import make_simulator
from archgym.simulator import Metric
from archgym.space import DesignSpace
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import PaidOnly, Trial, chip, toy

METRICS = (Metric("latency", "s"), Metric("power", "W"), Metric("area", "mm2"), Metric("speed", "1", "higher"))
DEADLINES = {"audio_decoder": 0.021, "edge_detection": 0.034, "hpvm_cava": 0.034}


def goal(objective: Objective) -> Goal:
    return Goal(objective, METRICS)


def values(latency: float, power: float, area: float) -> dict[str, float]:
    return {"latency": latency, "power": power, "area": area, "speed": 1.0}


def aims(objective: Objective, latency: float, power: float, area: float, seed: int = 0) -> list[Aim]:
    return goal(objective).aims(values(latency, power, area), np.random.default_rng(seed))


BUDGETS = Objective((BudgetDistance({"latency": 1.0, "power": 2.0, "area": 4.0}, tolerance=0.001),))


# ---- the goal


def test_the_metric_farthest_from_its_budget_comes_first() -> None:
    # Excess 1, 2 and below the tolerance.
    assert aims(BUDGETS, 2.0, 6.0, 4.002) == [Aim("power", True), Aim("latency", True)]
    weighted = Objective((BudgetDistance({"latency": 1.0, "power": 2.0}, weights={"latency": 3.0}),))
    assert aims(weighted, 2.0, 6.0, 0.0) == [Aim("latency", True), Aim("power", True)]


def test_with_all_budgets_kept_what_is_used_most_should_fall_and_the_rest_may_rise() -> None:
    assert set(aims(BUDGETS, 0.9, 0.2, 0.4)) == {Aim("latency", True), Aim("power", False), Aim("area", False)}
    better, worse = values(0.5, 0.2, 0.4), values(0.9, 0.2, 0.4)
    assert goal(BUDGETS).rank(0.0, better) < goal(BUDGETS).rank(0.0, worse) < goal(BUDGETS).rank(0.1, better)


def test_without_budgets_every_metric_that_is_read_is_too_high() -> None:
    product = Objective((Product({"area": 1, "latency": 2}),))
    assert set(aims(product, 1e-3, 5.0, 7.0)) == {Aim("latency", True), Aim("area", True)}
    assert {aims(product, 1e-3, 5.0, 7.0, seed)[0].metric for seed in range(20)} == {"latency", "area"}
    assert aims(Objective((Optimize("area"),)), 1.0, 1.0, 1.0) == [Aim("area", True)]
    assert aims(Objective((Optimize("speed"),)), 1.0, 1.0, 1.0) == []


def test_broken_limits_come_before_the_objective() -> None:
    limited = Objective((Optimize("latency"),), (Limit("area", at_most=2.0), Limit("power", at_least=9.0)))
    assert aims(limited, 1.0, 1.0, 3.0) == [Aim("area", True)]
    assert aims(limited, 1.0, 1.0, 1.0) == [Aim("latency", True)]


def test_annealing_counts_what_budgets_leave_over_a_tenth() -> None:
    # Latency is over by 1.0, which is the merit; power and area leave 1/2 and 3/4 of their budgets.
    assert goal(BUDGETS).energy(1.0, values(2.0, 1.0, 1.0)) == pytest.approx(1.0 - 0.1 * (0.5 + 0.75))


# ---- the choice


def explanation() -> Explanation:
    """Two parallel tasks on a core, a third on an accelerator."""
    uses = np.array([[1, 0, 1], [1, 0, 1], [0, 1, 1]], np.bool_)
    latency = np.array([[1.0, 0.0, 2.0], [0.5, 0.0, 0.0], [0.0, 9.0, 0.0]])
    parallel = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], np.bool_)
    return Explanation(
        ("a", "b", "c"),
        ("core", "ip", "mem"),
        ("processor", "accelerator", "memory"),
        {"latency": latency},
        uses,
        parallel,
    )


def directed(tired: set[tuple[str, str]] | None = None, aim: Aim | None = None) -> list[Move]:
    choice = Choice(METRICS, np.random.default_rng(0))
    return list(choice.directed([aim or Aim("latency", True)], explanation(), tired or set()))


def places(moves: Sequence[Move]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((move.task, move.block) for move in moves))


def test_the_costliest_task_on_its_costliest_block_comes_first() -> None:
    assert places(directed()) == [("c", "ip"), ("a", "mem"), ("a", "core"), ("b", "core")]
    assert {move.metric for move in directed()} == {"latency"}


def test_tired_tasks_come_last() -> None:
    assert places(directed({("c", "latency")}))[-1] == ("c", "ip")
    assert places(directed({("c", "power")}))[0] == ("c", "ip")


def test_suited_transformations_come_before_others() -> None:
    on_ip, shared = ([move.transformation for move in directed() if move.block == b] for b in ("ip", "core"))
    assert set(on_ip[:2]) == {"swap", "split_swap"}
    assert set(shared[:3]) == {"migrate", "split", "split_swap"}
    assert sorted(on_ip) == sorted(TRANSFORMATIONS)


def test_metrics_that_nothing_explains_lead_nowhere() -> None:
    assert directed(aim=Aim("area", True)) == []


@pytest.mark.parametrize(
    ("unit", "kind", "reduce", "shared", "expected"),
    [
        ("s", "memory", True, True, {"migrate", "split", "split_swap"}),
        ("s", "bus", True, True, {"split", "swap", "split_swap"}),
        ("cycles", "processor", True, False, {"swap", "split_swap"}),
        ("s", "processor", False, True, {"swap", "migrate"}),
        ("W", "processor", True, True, {"swap", "split_swap"}),
        ("J", "memory", True, False, {"swap", "split_swap", "migrate"}),
        ("mm2", "accelerator", True, False, {"swap", "split_swap", "migrate"}),
    ],
)
def test_the_rules_of_parallelism(unit: str, kind: Any, reduce: bool, shared: bool, expected: set[str]) -> None:
    assert set(suited(unit, kind, reduce=reduce, shared=shared)) == expected


def test_anything_is_every_transformation_of_every_task_on_every_block_it_uses() -> None:
    moves = list(Choice(METRICS, np.random.default_rng(1)).anything(explanation()))
    assert len(moves) == 6 * len(TRANSFORMATIONS)
    assert set(places(moves)) == {("a", "core"), ("a", "mem"), ("b", "core"), ("b", "mem"), ("c", "ip"), ("c", "mem")}


# ---- the agent, on a plain landscape whose one transformation is a step to either side


class Line:
    """The architecture of a grid: one task on one block, which is swapped for the next lower or higher values."""

    def __init__(self, space: DesignSpace) -> None:
        self._space = space
        self.explained: list[Mapping[str, Any]] = []

    def explain(self, design: Mapping[str, Any], /) -> Explanation:
        self.explained.append(design)
        one = np.ones((1, 1), np.bool_)
        return Explanation(("t",), ("b",), ("bus",), {"height": np.ones((1, 1))}, one, ~one)

    def moves(self, design: Mapping[str, Any], explanation: Explanation, move: Move, /) -> list[dict[str, Any]]:
        around = [{**design, name: design[name] + step} for name in design for step in (-1, 1)]
        return around if move.transformation == "swap" else []


def line(height: Any, size: int = 50) -> tuple[Trial, Line]:
    trial = landscape(grid(size), lambda codes: height(codes[:, 0].astype(np.float64)))
    architecture = Line(trial.problem.space)
    return replace(trial, problem=replace(trial.problem, architecture=architecture)), architecture


def walked(trial: Trial, n: int, **hyperparameters: Any) -> list[int]:
    agent = FarsiAgent(trial.problem, seed=0, **hyperparameters)
    return [int(row[0]) for row in converse(agent, trial, n, 8)]


def hill(x: Any) -> Any:
    return np.abs(x - 10.0)


def test_it_starts_from_the_default_design_and_walks_on() -> None:
    trial, _ = line(hill)
    assert walked(trial, 11) == list(range(11))


def test_every_chain_starts_from_the_best_design() -> None:
    # Beyond the best one at 10 the chain of 13 goes on to 13; the next chain starts from 10, has nothing new there,
    # and so goes on from the next best design that has.
    trial, _ = line(hill)
    assert walked(trial, 15, depth=13) == list(range(15))


def plain(size: int) -> Trial:
    """The best design of this plane is the default, and every step leads away from it."""
    trial = landscape(grid(size, size), lambda codes: codes.sum(axis=1).astype(float))
    return replace(trial, problem=replace(trial.problem, architecture=Line(trial.problem.space)))


def farthest(trial: Trial, **hyperparameters: Any) -> int:
    """The worst of the first 20 designs, in chains of one step."""
    agent = FarsiAgent(trial.problem, seed=0, depth=1, **hyperparameters)
    return max(int(sum(row)) for row in converse(agent, trial, 20, 1))


def test_annealing_walks_on_from_worse_designs_while_it_is_hot() -> None:
    # 21 designs are within five steps of the corner. Whoever goes on from every design is 19 steps away in the end.
    trial = plain(30)
    assert farthest(trial) <= 5
    assert farthest(trial, acceptance="annealing", temperature=1e9, cooling=0.0) == 19
    assert farthest(trial, acceptance="annealing", temperature=0.0) <= 5
    assert farthest(trial, acceptance="annealing", temperature=1e9, cooling=1e9) <= 6


def test_breadth_proposes_several_designs_at_a_time_and_follows_the_best() -> None:
    trial = plain(9)
    agent = FarsiAgent(trial.problem, seed=0, breadth=2)
    agent.tell(told(trial, agent.ask(8)))
    first, second = agent.ask(1), agent.ask(8)
    assert {tuple(row) for batch in (first, second) for row in batch.codes.tolist()} == {(1, 0), (0, 1)}
    agent.tell(told(trial, second))  # the other result never comes
    assert np.abs(agent.ask(1).codes[0] - second.codes[0]).sum() == 1


def test_only_evaluated_designs_are_explained() -> None:
    trial, architecture = line(hill)
    agent = FarsiAgent(trial.problem, seed=0)
    evaluated: list[Mapping[str, Any]] = []
    for _ in range(30):
        batch = agent.ask(4)
        assert all(design in evaluated for design in architecture.explained)
        agent.tell(told(trial, batch))
        evaluated += batch.designs()
    assert len(architecture.explained) > 10


def test_designs_that_cannot_be_explained_are_passed_over() -> None:
    class Silent(Line):
        def explain(self, design: Mapping[str, Any], /) -> Explanation:
            raise DesignError("only a design that was evaluated can be explained: evaluate it first, it counts")

    trial, _ = line(hill)
    trial = replace(trial, problem=replace(trial.problem, architecture=Silent(trial.problem.space)))
    assert sorted(walked(trial, 100)) == list(range(50))


def test_it_ends_when_the_space_does() -> None:
    trial, _ = line(hill, size=20)
    agent = FarsiAgent(trial.problem, seed=0)
    assert sorted(int(row[0]) for row in converse(agent, trial, 100, 8)) == list(range(20))
    assert len(agent.ask(8)) == len(agent.ask(8)) == 0


# ---- the agent, on systems on chip


def soc(workload: str, objective: Objective | None = None) -> Trial:
    """Within FARSI's budgets, unless another objective is given."""
    simulator = PaidOnly(make_simulator("soc", workload=workload))
    budgets = {"latency": DEADLINES[workload], "power": 0.008737, "area_logic": 17.475, "area_stacked": 17.475}
    objective = objective or Objective((BudgetDistance(budgets, tolerance=0.001),))
    return Trial(
        replace(
            chip("small").problem,
            space=simulator.space,
            objective=objective,
            metrics=simulator.metrics,
            architecture=simulator.architecture,
        ),
        simulator,
    )


def scores(trial: Trial, n: int, seed: int, **hyperparameters: Any) -> list[float]:
    """The score of every design proposed."""
    agent = FarsiAgent(trial.problem, seed=seed, **hyperparameters)
    rows = converse(agent, trial, n, 1)
    assert len({tuple(row) for row in rows}) == len(rows) == n
    results = trial.simulator.evaluate(trial.problem.space.batch(np.array(rows, np.int32)))
    found: list[float] = trial.problem.objective.score(results, trial.problem.metrics).values[:, 0].tolist()
    return found


@pytest.mark.parametrize(("workload", "least"), [("audio_decoder", 66), ("edge_detection", 92), ("hpvm_cava", 109)])
def test_budgets_are_met_with_no_more_designs_than_farsi_needs(workload: str, least: int) -> None:
    # FARSI's own search, depth 10, from the same start: 44 to 66, 92 and 109 designs.
    trial = soc(workload)
    needed = [found.index(0.0) + 1 if 0.0 in (found := scores(trial, least, seed)) else least + 1 for seed in range(5)]
    assert np.median(needed) <= least


def test_with_all_budgets_met_it_goes_on_saving() -> None:
    trial = soc("hpvm_cava")
    agent = FarsiAgent(trial.problem, seed=1)
    fills = []
    for _ in range(110):
        results = told(trial, agent.ask(1))
        agent.tell(results)
        term = trial.problem.objective.terms[0]
        assert isinstance(term, BudgetDistance)
        names = [metric.name for metric in trial.problem.metrics]
        if results.scores[0, 0] == 0.0:
            fills.append(sum(results.metrics[0, names.index(name)] / limit for name, limit in term.budgets.items()))
    assert len(fills) > 30
    assert min(fills) < 0.95 * fills[0]


def test_naive_annealing_is_much_slower() -> None:
    trial = soc("hpvm_cava")
    naive = scores(trial, 60, 0, selection="random", acceptance="annealing")
    assert min(naive) > 1.0
    assert min(scores(trial, 60, 0)) == 0.0


def test_objectives_without_budgets_are_searched_too() -> None:
    trial = soc("edge_detection", Objective((Product({"area": 1, "latency": 1}),)))
    found = scores(trial, 80, 3)
    assert min(found) < 0.02 * found[0]


# ---- refusals


def test_a_simulator_without_an_architecture_is_refused_in_one_line() -> None:
    with pytest.raises(
        ConfigError, match=r"^agent 'farsi': expected a simulator that explains its designs .*'toy"
    ) as e:
        FarsiAgent(toy().problem, seed=0)
    assert "\n" not in str(e.value)


def test_several_objectives_are_refused() -> None:
    trial = soc("hpvm_cava", Objective((Optimize("latency"), Optimize("area"))))
    with pytest.raises(ConfigError, match=r"expected one objective, got 2 .* use agent 'nsga2', 'motpe' or 'random'"):
        FarsiAgent(trial.problem, seed=0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 0}, "depth: expected an integer of at least 1, got 0"),
        ({"acceptance": "always"}, "acceptance: expected one of 'greedy', 'annealing', got 'always'"),
        ({"temperature": -1.0}, "temperature: expected a number of at least 0, got -1.0"),
    ],
)
def test_wrong_hyperparameters_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^agent 'farsi': {message}$"):
        FarsiAgent(chip("small").problem, seed=0, **wrong)
