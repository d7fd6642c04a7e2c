"""Statistics of repeated searches against hand-computed cases and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from archgym.errors import ConfigError
from archgym.statistics import (
    interquartile_mean,
    normalised_regret,
    probability_of_improvement,
    stratified_interval,
)


def test_interquartile_mean_is_the_mean_of_the_middle_half() -> None:
    assert interquartile_mean([100.0, 1.0, 2.0, -100.0]) == 1.5
    assert interquartile_mean(range(8)) == (2 + 3 + 4 + 5) / 4
    values = np.random.default_rng(1).normal(size=40)
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25))


def test_interquartile_mean_counts_values_cut_by_a_quartile_in_part() -> None:
    # of five values a quarter is 1.25: the second and the fourth count three quarters each
    assert interquartile_mean([1.0, 2.0, 4.0, 8.0, 100.0]) == pytest.approx((0.75 * 2 + 4 + 0.75 * 8) / 2.5)


def test_interquartile_mean_ignores_a_run_that_found_nothing() -> None:
    assert interquartile_mean([np.inf, 1.0, 2.0, 3.0]) == 2.5
    assert interquartile_mean([1.0, 1.0, np.inf, np.inf]) == np.inf


def test_interval_agrees_with_scipy_for_one_task() -> None:
    values = np.random.default_rng(2).gamma(2.0, size=30)
    ours = stratified_interval(values[None], resamples=20_000)
    theirs = stats.bootstrap(
        (values,),
        lambda x, axis: np.apply_along_axis(interquartile_mean, axis, x),
        n_resamples=5000,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    assert ours.value == interquartile_mean(values)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=0.05)


def test_runs_are_drawn_within_their_task() -> None:
    """Two tasks whose runs all agree leave nothing to chance, however far the tasks lie apart."""
    ours = stratified_interval([[0.0] * 5, [10.0] * 5])
    assert (ours.low, ours.value, ours.high) == (5.0, 5.0, 5.0)


def test_probability_of_improvement() -> None:
    assert probability_of_improvement([[1.0, 2.0]], [[3.0, 4.0]]).value == 1.0
    assert probability_of_improvement([[1.0, 3.0]], [[2.0, 3.0]]).value == (1 + 1 + 0 + 0.5) / 4
    values = np.random.default_rng(4).normal(size=(2, 1, 12))
    u = stats.mannwhitneyu(values[1, 0], values[0, 0]).statistic
    assert probability_of_improvement(values[0], values[1]).value == pytest.approx(u / 144)


def test_normalised_regret() -> None:
    assert normalised_regret([2.0, 6.0, 10.0], 2.0, 10.0).tolist() == [0.0, 0.5, 1.0]
    with pytest.raises(ConfigError, match="below the median random one"):
        normalised_regret([1.0], 5.0, 5.0)


def test_results_of_another_shape_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"shape \(tasks, runs\), got \(3,\)"):
        stratified_interval([1.0, 2.0, 3.0])
    with pytest.raises(ConfigError, match="same tasks, got 1 and 2"):
        probability_of_improvement([[1.0]], [[1.0], [2.0]])
