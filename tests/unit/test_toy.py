"""The toy simulator: its formulas behave as hardware does, and its tasks have an optimum worth searching for."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.errors import ConfigError, UnknownName
from archgym.registry import make_simulator
from archgym.simulator import Simulator, Status
from archgym.simulators.toy import engine
from archgym.space import DesignBatch
from archgym.task import load_task

TASKS = ("toy/latency-v1", "toy/energy-delay-v1", "toy/pareto-v1")


def whole(simulator: Simulator) -> DesignBatch:
    return DesignBatch.concat(simulator.space.enumerate())


def metrics(simulator: Simulator, **changes: object) -> dict[str, float]:
    """The default design's metrics with some parameters changed."""
    batch = simulator.space.from_designs([{**simulator.space.default, **changes}])
    results = simulator.evaluate(batch)
    return dict(zip([m.name for m in simulator.metrics], results.metrics[0].tolist(), strict=True))


def test_the_spaces_have_the_sizes_that_their_descriptions_state() -> None:
    assert make_simulator("toy").space.count() == 14580
    assert make_simulator("toy", space="small").space.count() == 24


def test_a_larger_second_level_hits_more_and_costs_area() -> None:
    simulator = make_simulator("toy")
    small, large = metrics(simulator, L2Size=128), metrics(simulator, L2Size=2048)
    assert large["hit_rate"] > small["hit_rate"]
    assert large["area"] > small["area"]


def test_capacity_misses_follow_the_square_root_rule() -> None:
    program = engine.Program(0.0, 8.0, 0.04, 64.0, sequential=0.0, predictable=0.0, overlap=1.0)
    design = {
        "L1Size": np.array([8, 32]),
        "L1Ways": np.array([8, 8]),
        "L2Size": np.array([512, 2048]),
        "LineSize": np.array([64, 64]),
        "Replacement": np.array(["LRU", "LRU"]),
        "Prefetcher": np.array(["None", "None"]),
        "Frequency": np.array([1000, 1000]),
    }
    misses = 1.0 - engine.price(design, program).hit_rate
    assert misses[1] == pytest.approx(misses[0] / 2)


def test_prefetching_pays_for_the_program_that_walks() -> None:
    gain = {}
    for workload in ("pointer_chase", "stream"):
        simulator = make_simulator("toy", workload=workload)
        gain[workload] = metrics(simulator)["latency"] / metrics(simulator, Prefetcher="Stride")["latency"]
    assert gain["stream"] > gain["pointer_chase"] > 1.0


def test_long_lines_help_walking_and_hurt_pointer_chasing() -> None:
    chase, stream = make_simulator("toy", workload="pointer_chase"), make_simulator("toy", workload="stream")
    assert metrics(chase, LineSize=128)["latency"] > metrics(chase, LineSize=32)["latency"]
    assert metrics(stream, LineSize=128)["latency"] < metrics(stream, LineSize=32)["latency"]


def test_a_first_level_too_slow_for_its_clock_is_infeasible_and_says_so() -> None:
    simulator = make_simulator("toy")
    design = {**simulator.space.default, "L1Size": 64, "L1Ways": 16, "Frequency": 3000}
    results = simulator.evaluate(simulator.space.from_designs([design]))
    assert results.status[0] == Status.INFEASIBLE
    assert "4 cycles at 3000 MHz" in results.messages[0]
    assert np.isnan(results.metrics).all()


def test_a_few_percent_of_the_space_are_infeasible() -> None:
    simulator = make_simulator("toy")
    share = (simulator.evaluate(whole(simulator)).status == Status.INFEASIBLE).mean()
    assert 0.01 < share < 0.2


def test_a_slower_memory_is_another_question() -> None:
    near, far = make_simulator("toy"), make_simulator("toy", memory_ns=120.0)
    assert far.workload.content_hash != near.workload.content_hash
    assert metrics(far)["latency"] > metrics(near)["latency"]


@pytest.mark.parametrize("memory_ns", [0, -1.0, float("nan"), float("inf"), "fast", True])
def test_a_memory_latency_that_is_none_is_refused(memory_ns: object) -> None:
    with pytest.raises(ConfigError, match="memory_ns"):
        make_simulator("toy", memory_ns=memory_ns)


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'stream'"):
        make_simulator("toy", workload="steam")


@pytest.mark.parametrize("name", TASKS[:2])
def test_the_tasks_optimum_is_unique_and_hidden(name: str) -> None:
    """One design is best, it is not the default, and changing knobs one by one from the default misses it."""
    task = load_task(name)
    simulator = task.make_simulator()
    batch = whole(simulator)
    merit = task.objective.score(simulator.evaluate(batch), simulator.metrics).merit()
    best = int(merit.argmin())
    assert (merit == merit[best]).sum() == 1
    assert batch[best].designs()[0] != simulator.space.default
    assert merit[_coordinate_descent(batch, merit, simulator)] > merit[best]


def _coordinate_descent(batch: DesignBatch, merit: np.ndarray, simulator: Simulator) -> int:
    """The row where one sweep over the parameters, each set to its best value in turn, ends."""
    row_of = {code: row for row, code in enumerate(map(tuple, batch.codes.tolist()))}
    at = row_of[tuple(simulator.space.from_designs([simulator.space.default]).codes[0].tolist())]
    for k, parameter in enumerate(simulator.space.parameters):
        here = batch.codes[at].tolist()
        options = [row_of.get((*here[:k], value, *here[k + 1 :])) for value in range(len(parameter.values))]
        at = min((row for row in options if row is not None), key=lambda row: float(merit[row]))
    return at


def test_the_limit_of_each_task_binds() -> None:
    """Without the limit the optimum is another one: the constraint is part of the problem."""
    for name in TASKS[:2]:
        task = load_task(name)
        simulator = task.make_simulator()
        results = simulator.evaluate(whole(simulator))
        scores = task.objective.score(results, simulator.metrics)
        assert scores.merit().argmin() != scores.values[:, 0].argmin()


def test_the_pareto_task_has_a_front_and_not_a_point() -> None:
    task = load_task(TASKS[2])
    simulator = task.make_simulator()
    scores = task.objective.score(simulator.evaluate(whole(simulator)), simulator.metrics).values
    by_latency = scores[np.lexsort((scores[:, 1], scores[:, 0]))]
    lowest_before = np.concatenate([[np.inf], np.minimum.accumulate(by_latency[:, 1])[:-1]])
    front = by_latency[by_latency[:, 1] < lowest_before]
    assert len(front) > 40
