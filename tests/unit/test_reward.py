"""Rewards: the formulas, the same bits one by one and in a batch, and what has no result."""

from __future__ import annotations

import itertools
from math import exp, inf, log, nan

import numpy as np
import pytest

from archgym.errors import ConfigError, UnknownName
from archgym.reward import CEILING, RewardKind, RewardMeter, RewardShape, weighted, weighted_one
from archgym.space import DesignBatch
from archgym.testing.exchange import told
from archgym.testing.problems import toy

SHAPES = (
    RewardShape(),
    RewardShape(failure_penalty=0.0),
    RewardShape("ratio", limit_penalty=3.0),
    RewardShape("legacy_target", target=2.0),
    RewardShape("legacy_target", target=0.0),
)


def one(shape: RewardShape, score: float, violation: float = 0.0, reference: float = 1.0) -> float:
    return shape.vector([score], violation, [reference])[0]


def test_the_default_reward_is_a_logarithm_of_the_ratio() -> None:
    shape = RewardShape()
    assert one(shape, 4.0, reference=4.0) == 0.0
    assert one(shape, 2.0, reference=4.0) == pytest.approx(log(2))
    assert one(shape, 4.0 * exp(3.0), reference=4.0) == pytest.approx(-3.0)


def test_scores_may_be_negative_as_of_metrics_that_are_better_higher() -> None:
    assert one(RewardShape(), -8.0, reference=-4.0) == pytest.approx(log(2))
    assert one(RewardShape("ratio"), -8.0, reference=-4.0) == 2.0


def test_a_reference_of_zero_is_worth_zero() -> None:
    """The unit is 1 then, and the logarithm is linear up to a thousandth of it."""
    assert one(RewardShape(), 0.0, reference=0.0) == 0.0
    assert one(RewardShape(), -0.0005, reference=0.0) == pytest.approx(0.5)
    assert one(RewardShape("ratio"), 0.25, reference=0.0) == -0.25


@pytest.mark.parametrize(("kind", "cost"), [("log_ratio", 10.0 / 3.0), ("ratio", 5.0)])
def test_a_violation_costs(kind: RewardKind, cost: float) -> None:
    shape = RewardShape(kind)
    assert one(shape, 1.0) - one(shape, 1.0, violation=0.5) == pytest.approx(cost)


def test_the_old_reward_pays_for_being_near_a_target() -> None:
    shape = RewardShape("legacy_target", target=3.0)
    assert one(shape, 1.0) == 1.5
    assert one(shape, 3.5) == one(shape, 2.5) == 6.0
    assert one(shape, 3.0) == CEILING


@pytest.mark.parametrize("shape", SHAPES)
def test_one_design_is_rewarded_with_the_bits_of_a_batch(shape: RewardShape) -> None:
    rng = np.random.default_rng(0)
    special = [0.0, -0.0, 1.0, 2.0, -1.0, 5e-324, 1e-300, 1e308, -1e308, 1e200, inf, -inf, nan]
    rows = [*itertools.product(special, repeat=2), *(rng.lognormal(0, 5, (200, 2)) * rng.choice([-1, 1], (200, 2)))]
    scores = np.array(rows)
    violation = rng.choice([0.0, 0.01, 3.7, 1e300, inf], len(scores))
    for reference in ([1.0, 2.5], [-3.0, 0.0], [1e-7, -1e9], [5e-324, 1e308]):
        batch = shape.vectors(scores, violation, reference)
        alone = [shape.vector(row, v, reference) for row, v in zip(scores.tolist(), violation.tolist(), strict=True)]
        assert np.array_equal(batch, np.array(alone))
        assert np.isfinite(batch).all()
        assert batch.min() >= -shape.failure_penalty
        assert weighted([0.3, 0.7], batch).tolist() == [weighted_one([0.3, 0.7], rewards) for rewards in alone]


def test_a_design_without_a_result_costs_the_failure_penalty() -> None:
    assert RewardShape(failure_penalty=7.0).vector([inf, inf], inf, [1.0, 1.0]) == [-7.0, -7.0]


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'ratio'"):
        RewardShape("ration")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="needs one"):
        RewardShape("legacy_target")
    with pytest.raises(ConfigError, match="expected a finite number, got nan"):
        RewardShape("legacy_target", target=nan)
    with pytest.raises(ConfigError, match="weights: expected 2"):
        RewardShape(weights=(1.0,)).weights_for(("latency", "energy"))


def test_a_meters_reference_is_the_default_design_where_it_is_told_and_else_the_first_that_works() -> None:
    trial = toy()
    space = trial.problem.space
    default = space.from_designs([space.default])
    others = space.sample(5, np.random.default_rng(1))
    results = told(trial, DesignBatch.concat([others, default]))
    meter = RewardMeter(RewardShape(), ("latency",))
    meter.refer_to(default.codes, results)
    assert meter.rewards(results)[5] == 0.0
    assert RewardMeter(RewardShape(), ("latency",)).rewards(results)[0] == 0.0
    failed = told(trial, others, "failed")
    later = RewardMeter(RewardShape(), ("latency",))
    assert later.rewards(failed).tolist() == [-10.0] * 5
    expected = np.log(results.scores[0, 0] / results.scores[5, 0])
    assert later.rewards(results)[5] == pytest.approx(expected, abs=1e-12)
