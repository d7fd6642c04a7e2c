"""The one door: what is charged, what is remembered, what is best."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.agent import Told
from archgym.errors import BudgetSpent, ConfigError, DesignError, LogError
from archgym.evaluator import UNLIMITED, Evaluator
from archgym.executor import SerialExecutor
from archgym.objective import Limit, Objective, Optimize
from archgym.process_pool import ProcessExecutor
from archgym.simulator import Evaluations, Status
from archgym.space import Categorical, DesignBatch, DesignSpace, Integer, Real

sys.path.insert(0, str(Path(__file__).parent))  # so that worker processes find it, too
from bowl import Bowl, Explosive, unbuildable

COST = Objective((Optimize("cost"),))


@pytest.fixture
def bowl() -> Bowl:
    return Bowl()


def batch(simulator: Bowl, *codes: tuple[int, int, int]) -> DesignBatch:
    return simulator.space.batch(np.array(codes).reshape(-1, 3))


def test_rows_come_back_in_order_with_scores(bowl: Bowl) -> None:
    told = Evaluator(bowl, COST).evaluate(batch(bowl, (5, 1, 0), (3, 0, 1), (0, 2, 0)))
    assert told.metrics.tolist() == [[5, 6], [0, 3], [11, 2]]
    assert told.scores[:, 0].tolist() == [5, 0, 11]
    assert told.status.tolist() == [Status.OK] * 3
    assert bowl.calls == 1


def test_a_duplicate_is_answered_from_memory_and_not_charged(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, COST, budget=10)
    first = evaluator.evaluate(batch(bowl, (5, 1, 0)))
    second = evaluator.evaluate(batch(bowl, (5, 1, 0)))
    assert (first.duplicate.tolist(), second.duplicate.tolist()) == ([False], [True])
    assert second.metrics.tolist() == first.metrics.tolist()
    assert (evaluator.spent, evaluator.asked, evaluator.duplicates, evaluator.remaining) == (1, 2, 1, 9)
    assert bowl.priced == 1


def test_equal_designs_within_a_batch_count_once(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, COST, budget=10)
    told = evaluator.evaluate(batch(bowl, (5, 1, 0), (1, 1, 0), (5, 1, 0), (5, 1, 1)))
    assert told.duplicate.tolist() == [False, False, True, False]
    assert told.scores[:, 0].tolist() == [5, 5, 5, 5]
    assert (evaluator.spent, bowl.priced) == (3, 3)


def test_the_longest_affordable_prefix_is_evaluated(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, COST, budget=2)
    told = evaluator.evaluate(batch(bowl, (0, 0, 0), (0, 0, 0), (1, 0, 0), (0, 0, 0), (2, 0, 0), (0, 0, 0)))
    assert told.duplicate.tolist() == [False, True, False, True]
    assert evaluator.remaining == 0
    with pytest.raises(BudgetSpent, match="budget of 2"):
        evaluator.evaluate(batch(bowl, (0, 0, 0)))
    assert evaluator.asked == 4


def test_without_a_budget_nothing_runs_out(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, COST)
    evaluator.evaluate(batch(bowl, (0, 0, 0)))
    assert evaluator.remaining == UNLIMITED


def test_an_empty_batch_gives_an_empty_table(bowl: Bowl) -> None:
    told = Evaluator(bowl, COST).evaluate(batch(bowl))
    assert (len(told), told.metrics.shape, told.scores.shape) == (0, (0, 2), (0, 1))


def test_a_budget_must_be_positive(bowl: Bowl) -> None:
    with pytest.raises(ConfigError, match="budget"):
        Evaluator(bowl, COST, budget=0)


def test_an_invalid_design_is_infeasible_with_the_constraint_and_charged(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, COST, budget=5)
    told = evaluator.evaluate(batch(bowl, (8, 8, 0), (1, 0, 0), (8, 8, 0)))
    assert told.status.tolist() == [Status.INFEASIBLE, Status.OK, Status.INFEASIBLE]
    assert "below_diagonal" in evaluator.message(batch(bowl, (8, 8, 0)))
    assert np.isnan(told.metrics[0]).all()
    assert told.scores[0, 0] == np.inf
    assert evaluator.spent == 2
    assert bowl.priced == 1


def test_a_simulators_verdicts_keep_their_reasons(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, COST)
    told = evaluator.evaluate(batch(bowl, (1, 1, 0), (9, 0, 0), (0, 9, 0)))
    assert told.status.tolist() == [Status.OK, Status.INFEASIBLE, Status.FAILED]
    assert evaluator.message(batch(bowl, (9, 0, 0))) == "x = 9 does not exist"
    assert evaluator.message(batch(bowl, (0, 9, 0))) == "ZeroDivisionError: no such y"
    assert evaluator.message(batch(bowl, (1, 1, 0))) == ""


@pytest.mark.parametrize("n", [1, 4])
def test_told_arrays_are_read_only(bowl: Bowl, n: int) -> None:
    evaluator = Evaluator(bowl, COST)
    designs = batch(bowl, *[(i, 0, 0) for i in range(n)])
    for told in (evaluator.evaluate(designs), evaluator.evaluate(designs)):
        for array in (told.scores, told.violation, told.status, told.metrics, told.duplicate, told.designs.codes):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0


def test_designs_of_another_space_are_refused(bowl: Bowl) -> None:
    other = DesignSpace([Integer("x", 0, 9), Integer("y", 0, 9), Categorical("kind", ("b", "a"))])
    with pytest.raises(DesignError, match="expected designs of"):
        Evaluator(bowl, COST).evaluate(other.batch([[0, 0, 0]]))


def test_signs_of_zero_do_not_make_another_design() -> None:
    class Line(Bowl):
        space = DesignSpace([Real("x", -1.0, 1.0), Integer("y", 0, 9)])

    line = Line()
    evaluator = Evaluator(line, COST)
    told = evaluator.evaluate(line.space.batch(np.array([[0.0, 1], [-0.0, 1]])))
    assert told.duplicate.tolist() == [False, True]


# ---- best so far


def test_best_is_the_first_of_the_lowest(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, COST)
    assert evaluator.best is None
    evaluator.evaluate(batch(bowl, (0, 9, 0), (9, 0, 0)))
    assert evaluator.best is None
    evaluator.evaluate(batch(bowl, (6, 0, 0), (4, 0, 0), (2, 0, 0)))
    evaluator.evaluate(batch(bowl, (2, 0, 1)))
    best = evaluator.best
    assert best is not None
    assert best.design == {"x": 4, "y": 0, "kind": "a"}
    assert best.metrics == {"cost": 1.0, "size": 4.0}
    assert best.scores == {"cost": 1.0}
    assert (best.row, best.violation) == (3, 0.0)


def test_best_follows_the_limits_first(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, Objective((Optimize("cost"),), (Limit("size", at_most=2),)))
    evaluator.evaluate(batch(bowl, (3, 0, 0)))
    assert evaluator.best is not None
    assert evaluator.best.violation == 0.5
    assert evaluator.front == ()
    evaluator.evaluate(batch(bowl, (0, 0, 0)))
    assert evaluator.best.design["x"] == 0


def test_best_one_by_one_equals_best_of_the_batch(bowl: Bowl) -> None:
    objective = Objective((Optimize("cost"),), (Limit("size", at_most=5),))
    designs = bowl.space.sample(200, np.random.default_rng(3))
    at_once, single = Evaluator(bowl, objective), Evaluator(bowl, objective)
    at_once.evaluate(designs)
    for row in range(len(designs)):
        single.evaluate(designs[row])
    assert at_once.best == single.best


def test_the_front_holds_exactly_the_non_dominated_designs(bowl: Bowl) -> None:
    objective = Objective((Optimize("cost"), Optimize("size")))
    evaluator = Evaluator(bowl, objective)
    told = evaluator.evaluate(bowl.space.sample(300, np.random.default_rng(5)))
    evaluator.evaluate(bowl.space.sample(300, np.random.default_rng(6)))
    told = evaluator.evaluate(next(bowl.space.enumerate()))
    usable = {tuple(row) for row in told.scores.tolist() if np.isfinite(row).all()}
    expected = {
        a for a in usable if not any(b != a and b[0] <= a[0] and b[1] <= a[1] for b in usable)
    }  # the definition
    front = [tuple(best.scores.values()) for best in evaluator.front]
    assert set(front) == expected
    assert len(front) == len(set(front))


# ---- a log that fails


class BrokenLog:
    def append(self, *_: Any) -> None:
        raise LogError("disk full")


def test_after_a_log_error_nothing_more_is_evaluated(bowl: Bowl) -> None:
    evaluator = Evaluator(bowl, COST, journal=BrokenLog())
    with pytest.raises(LogError, match="disk full"):
        evaluator.evaluate(batch(bowl, (1, 1, 1)))
    with pytest.raises(LogError, match="start the run again"):
        evaluator.evaluate(batch(bowl, (1, 1, 0)))
    assert bowl.calls == 1


def test_an_interrupted_simulator_leaves_the_evaluator_as_it_was(bowl: Bowl) -> None:
    class Interrupted(Bowl):
        def simulate(self, design: Mapping[str, Any], /) -> Mapping[str, float]:
            if self.calls == 1:
                raise KeyboardInterrupt
            return super().simulate(design)

    evaluator = Evaluator(Interrupted(), COST)
    with pytest.raises(KeyboardInterrupt):
        evaluator.evaluate(batch(bowl, (1, 1, 1), (1, 1, 0)))
    assert (evaluator.asked, evaluator.spent) == (0, 0)
    assert not evaluator.evaluate(batch(bowl, (1, 1, 1))).duplicate.any()


# ---- executors


def test_a_raising_batch_fails_only_the_design_to_blame() -> None:
    simulator = Explosive()
    results = SerialExecutor(simulator).execute(batch(simulator, (1, 0, 0), (7, 0, 0), (2, 0, 0)))
    assert results.status.tolist() == [Status.OK, Status.FAILED, Status.OK]
    assert results.messages == {1: "MemoryError: x = 7 is too big"}
    assert results.metrics[2].tolist() == [1, 2]


def test_a_result_of_the_wrong_shape_is_a_failure() -> None:
    class Short(Bowl):
        def evaluate(self, designs: DesignBatch, /) -> Evaluations:
            return super().evaluate(designs[:1])

    simulator = Short()
    results = SerialExecutor(simulator).execute(batch(simulator, (1, 0, 0), (2, 0, 0)))
    assert results.status.tolist() == [Status.FAILED] * 2
    assert "shape" in results.messages[0]


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessExecutor]:
    with ProcessExecutor(Explosive, 2, workers=2, timeout_s=1.0) as executor:
        yield executor


def assert_equal_results(pooled: Evaluations, serial: Evaluations) -> None:
    assert pooled.metrics.tobytes() == serial.metrics.tobytes()
    assert pooled.status.tolist() == serial.status.tolist()
    assert pooled.messages == serial.messages


def test_the_pool_gives_what_the_serial_executor_gives(pool: ProcessExecutor) -> None:
    simulator = Explosive()
    codes = [(x, y, 0) for x in (0, 3, 4, 7, 9) for y in (0, 4, 9)]
    designs = batch(simulator, *codes)
    assert_equal_results(pool.execute(designs), SerialExecutor(simulator).execute(designs))


def test_a_killed_worker_and_a_hanging_one_harm_no_other_design(pool: ProcessExecutor) -> None:
    simulator = Explosive()
    results = pool.execute(batch(simulator, (0, 0, 0), (6, 0, 0), (1, 0, 0), (5, 0, 0), (2, 0, 0), (3, 0, 0)))
    expected = [Status.OK, Status.FAILED, Status.OK, Status.TIMEOUT, Status.OK, Status.OK]
    assert results.status.tolist() == expected
    assert "died" in results.messages[1]
    assert results.messages[3] == "over the time limit of 1 s"
    assert pool.execute(batch(simulator, (4, 0, 0))).metrics.tolist() == [[1, 4]]


def test_chunks_of_a_killed_worker_are_retried_one_by_one() -> None:
    simulator = Explosive()
    codes = [(x, y, 0) for y in range(4) for x in (0, 1, 2, 3)] + [(6, 0, 0)]
    with ProcessExecutor(Explosive, 2, workers=1) as executor:
        results = executor.execute(batch(simulator, *codes))
    assert results.status.tolist() == [Status.OK] * 16 + [Status.FAILED]


def test_a_simulator_that_cannot_be_built_in_a_worker_is_an_error() -> None:
    simulator = Bowl()
    with ProcessExecutor(unbuildable, 2, workers=1) as executor, pytest.raises(ConfigError, match="no licence"):
        executor.execute(batch(simulator, (0, 0, 0)))


@pytest.mark.parametrize(("workers", "timeout_s"), [(0, None), (1, 0.0), (1, -1.0)])
def test_impossible_pools_are_refused(workers: int, timeout_s: float | None) -> None:
    with pytest.raises(ConfigError, match=r"workers|timeout_s"):
        ProcessExecutor(Bowl, 2, workers=workers, timeout_s=timeout_s)


def test_told_is_what_agents_expect(bowl: Bowl) -> None:
    told = Evaluator(bowl, COST).evaluate(batch(bowl, (1, 1, 1), (0, 9, 0)))
    assert isinstance(told, Told)
    assert told.merit().tolist() == [5.0, np.inf]
