"""Lower is better, everywhere; limits, failures and several objectives included."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.errors import ConfigError, UnknownName
from archgym.objective import (
    VIOLATION_BASE,
    BudgetDistance,
    LegacyTarget,
    Limit,
    Objective,
    Optimize,
    Product,
    WeightedSum,
    merit,
    term_from_mapping,
)
from archgym.simulator import Evaluations, Metric, Status

METRICS = (
    Metric("latency", "ns", "lower"),
    Metric("energy", "J", "lower"),
    Metric("bandwidth", "GB/s", "higher"),
)


def results(*rows: tuple[float, float, float], status: list[Status] | None = None) -> Evaluations:
    return Evaluations(np.array(rows, float), np.array(status or [Status.OK] * len(rows), np.uint8))


def scores(objective: Objective, *rows: tuple[float, float, float]) -> list[list[float]]:
    return objective.score(results(*rows), METRICS).values.tolist()


def test_optimize_minimises_a_lower_metric_and_negates_a_higher_one() -> None:
    assert scores(Objective((Optimize("latency"), Optimize("bandwidth"))), (10, 1, 5)) == [[10, -5]]


def test_product_is_the_energy_delay_product_and_divides_by_what_should_be_high() -> None:
    assert scores(Objective((Product({"energy": 1, "latency": 2}),)), (3, 2, 5)) == [[18]]
    assert scores(Objective((Product({"latency": 1, "bandwidth": 1}),)), (10, 2, 5)) == [[2]]


def test_weighted_sum_divides_by_the_scales() -> None:
    term = WeightedSum({"latency": 1, "energy": 3}, {"latency": 10})
    assert scores(Objective((term,)), (20, 2, 5)) == [[2 + 6]]


def test_budget_distance_counts_only_what_is_over_budget() -> None:
    term = BudgetDistance({"latency": 10, "energy": 4}, {"latency": 2})
    assert scores(Objective((term,)), (15, 1, 0)) == [[1.0]]
    assert scores(Objective((term,)), (10, 4, 0)) == [[0.0]]


def test_budget_distance_forgives_less_than_the_tolerance() -> None:
    term = BudgetDistance({"latency": 1000, "energy": 4}, tolerance=0.001)
    assert scores(Objective((term,)), (1000.9, 4, 0)) == [[0.0]]
    assert scores(Objective((term,)), (1002, 4, 0)) == [[pytest.approx(0.002)]]


def test_legacy_target_prefers_near_to_good() -> None:
    objective = Objective((LegacyTarget({"latency": 10}),))
    near_but_slow, fast = objective.score(results((10.5, 0, 0), (2, 0, 0)), METRICS).values[:, 0]
    assert near_but_slow < fast, "that is the defect it is kept for"


def test_a_failed_row_has_no_score_and_never_wins() -> None:
    objective = Objective((Optimize("latency"),))
    scored = objective.score(results((np.nan,) * 3, (5, 1, 1), status=[Status.FAILED, Status.OK]), METRICS)
    assert scored.values[:, 0].tolist() == [np.inf, 5]
    assert int(np.argmin(scored.merit())) == 1


def test_a_metric_that_is_nan_in_an_ok_row_counts_as_no_score() -> None:
    assert scores(Objective((Optimize("latency"),)), (np.nan, 1, 1)) == [[np.inf]]


def test_limits_order_designs_by_debs_rule() -> None:
    objective = Objective((Optimize("latency"),), (Limit("energy", at_most=2.0), Limit("bandwidth", at_least=4.0)))
    scored = objective.score(results((9, 2, 4), (1, 3, 4), (1, 2, 3), (2, 4, 2)), METRICS)
    assert scored.violation.tolist() == [0, 0.5, 0.25, 1.5]
    assert np.argsort(scored.merit()).tolist() == [0, 2, 1, 3]


def test_merit_keeps_every_violation_behind_every_score() -> None:
    values = merit(np.array([1e30, 0.0, 0.0]), np.array([0.0, 1e-12, np.inf]))
    assert values[0] == 1e30
    assert VIOLATION_BASE <= values[1] < values[2] == np.inf


def test_an_unknown_metric_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="did you mean 'latency'"):
        Objective((Optimize("latencey"),)).check(METRICS)
    with pytest.raises(UnknownName, match="metric 'power'"):
        Objective((Optimize("latency"),), (Limit("power", at_most=1),)).check(METRICS)


@pytest.mark.parametrize(
    ("data", "label"),
    [
        ({"optimize": "latency"}, "latency"),
        ({"product": {"energy": 1, "latency": 2}}, "energy*latency^2"),
        ({"weighted_sum": {"energy": 2}, "scales": {"energy": 3}}, "2*energy"),
        ({"budget_distance": {"latency": 10}, "tolerance": 0.001}, "distance(latency)"),
        ({"legacy_target": {"latency": 10}}, "legacy_target(latency)"),
    ],
)
def test_terms_are_read_from_configuration(data: dict[str, object], label: str) -> None:
    assert term_from_mapping(data).label == label


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"optimise": "latency"}, "did you mean 'optimize'"),
        ({}, "expected one of"),
        ({"optimize": "latency", "product": {"energy": 1}}, "expected one of"),
        ({"product": "latency"}, "expected a mapping of metric to number"),
        ({"product": {"latency": "two"}}, r"objective.product.latency: expected a number, got 'two'"),
        ({"optimize": "latency", "scales": {"latency": 1}}, "'scales' goes with 'weighted_sum' only"),
        ({"optimize": "latency", "tolerance": 0.1}, "'tolerance' goes with 'budget_distance' only"),
        ({"budget_distance": {"latency": 1}, "tolerance": -1}, "objective.tolerance: expected a number from 0 to 1"),
    ],
)
def test_bad_terms_are_refused_in_one_line(data: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        term_from_mapping(data)


def test_a_limit_needs_a_bound() -> None:
    with pytest.raises(ConfigError, match="at_most"):
        Limit("energy")
