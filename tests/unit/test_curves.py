"""The numbers behind the figures: best-so-far and the non-dominated set, from first principles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archgym.curves import best_so_far, feasible, non_dominated, score_column
from archgym.errors import UnknownName


def samples(scores: list[float], **columns: list[object]) -> pd.DataFrame:
    n = len(scores)
    table: dict[str, object] = {
        "index": list(range(n)),
        "status": ["OK"] * n,
        "violation": [0.0] * n,
        "duplicate": [False] * n,
        "score.latency": scores,
    }
    return pd.DataFrame(table | columns)


def test_best_so_far_is_the_cumulative_minimum() -> None:
    scores = np.random.default_rng(0).random(200)
    expected = [min(scores[: i + 1]) for i in range(200)]
    assert best_so_far(samples(scores.tolist())).tolist() == expected


def test_best_so_far_goes_by_index_not_by_row() -> None:
    table = samples([3.0, 1.0, 2.0], index=[2, 1, 0])
    assert best_so_far(table).tolist() == [2.0, 1.0, 1.0]


def test_duplicates_do_not_count_as_evaluations() -> None:
    table = samples([5.0, 5.0, 4.0], duplicate=[False, True, False])
    assert best_so_far(table).tolist() == [5.0, 4.0]


def test_infeasible_samples_count_as_evaluations_but_never_as_best() -> None:
    table = samples([1.0, 2.0, 9.0], status=["FAILED", "OK", "OK"], violation=[np.inf, 0.5, 0.0])
    best = best_so_far(table)
    assert np.isnan(best[:2]).all()
    assert best[2] == 9.0
    assert feasible(table).tolist() == [False, False, True]


def test_best_so_far_of_nothing_is_nothing() -> None:
    assert best_so_far(samples([])).shape == (0,)


def test_unknown_score_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'latency'"):
        score_column(samples([1.0]), "latancy")


def dominated_by_definition(points: np.ndarray) -> list[bool]:
    return [
        not np.isnan(p).any() and any((q <= p).all() and (q < p).any() for q in points[~np.isnan(points).any(axis=1)])
        for p in points
    ]


@pytest.mark.parametrize("seed", range(10))
def test_non_dominated_agrees_with_the_definition(seed: int) -> None:
    points = np.random.default_rng(seed).integers(0, 12, (60, 2)).astype(float)  # small integers: many ties
    assert non_dominated(points).tolist() == [not d for d in dominated_by_definition(points)]


def test_equal_points_stand_together_in_front() -> None:
    assert non_dominated(np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 2.0]])).tolist() == [True, True, False]


def test_nan_is_never_in_front_and_hides_nothing() -> None:
    points = np.array([[np.nan, 0.0], [1.0, 1.0], [0.0, np.nan]])
    assert non_dominated(points).tolist() == [False, True, False]


def test_only_pairs_have_a_front() -> None:
    with pytest.raises(ValueError, match=r"expected points of shape \(n, 2\), got \(4, 3\)"):
        non_dominated(np.zeros((4, 3)))
