"""One design scored in plain numbers: the bits of `Objective.score`, also where a number has no value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.objective import (
    BudgetDistance,
    LegacyTarget,
    Limit,
    Objective,
    Optimize,
    Product,
    Term,
    WeightedSum,
)
from archgym.scorer import Scorer
from archgym.simulator import Evaluations, Metric, Status

METRICS = (Metric("a", "1"), Metric("b", "1", "higher"), Metric("c", "1"))
SPECIAL = [0.0, -0.0, 1.0, 1e300, 1e-300, np.inf, -np.inf, np.nan]
OBJECTIVES = {
    "lowest": Objective((Optimize("a"),)),
    "highest": Objective((Optimize("b"),), (Limit("a", at_most=0.0), Limit("b", at_least=0.5))),
    "product": Objective((Product({"a": 1, "b": 1}),), (Limit("c", at_most=0.7, at_least=0.2),)),
    "powers": Objective((Product({"a": 2, "b": 0.5, "c": 1.7}),)),
    "cubes": Objective((Product({"a": -3, "c": 3}),)),
    "sum": Objective((WeightedSum({"a": 0.3, "b": 2, "c": 1}, {"c": 0.1}),)),
    "budgets": Objective((BudgetDistance({"a": 0.3, "c": 0.9}, {"a": 3}),)),
    "tolerant": Objective((BudgetDistance({"a": 0.3, "c": 0.9}, {"a": 3}, 0.2),)),
    "no budget": Objective((BudgetDistance({"a": 0.0}),)),
    "no scale": Objective((WeightedSum({"a": 1, "c": 1}, {"a": 0.0}),)),
    "legacy": Objective((LegacyTarget({"a": 1.0}),)),
    "several": Objective((Optimize("a"), Product({"b": 2, "c": 1}), Optimize("c")), (Limit("a", at_most=0.5),)),
}


def rows() -> NDArray[np.float64]:
    rng = np.random.default_rng(7)
    odd = rng.choice(SPECIAL, (200, 3))
    return np.concatenate([rng.random((200, 3)), rng.lognormal(0, 30, (100, 3)), -rng.random((20, 3)), odd])


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_one_design_scores_as_it_does_in_a_batch(name: str) -> None:
    objective = OBJECTIVES[name]
    values = rows()
    status = np.zeros(len(values), np.uint8)
    status[::17] = Status.FAILED
    batch = objective.score(Evaluations(values, status), METRICS)
    scorer = Scorer(objective, METRICS)
    for row in range(len(values)):
        results = Evaluations(values[row : row + 1].copy(), status[row : row + 1].copy())
        for one in (scorer.score(results), objective.score(results, METRICS)):
            assert one.values.shape == (1, objective.k)
            assert one.values.tobytes() == batch.values[row].tobytes(), values[row]
            assert one.violation.tobytes() == batch.violation[row].tobytes(), values[row]


def test_a_term_that_only_knows_arrays_gets_them() -> None:
    @dataclass(frozen=True)
    class Clipped:
        label: str = "clipped"
        reads: tuple[str, ...] = ("a",)

        def score(
            self, columns: Mapping[str, NDArray[np.float64]], better: Mapping[str, str], /
        ) -> NDArray[np.float64]:
            return columns["a"].clip(0, 1)

    term: Term = Clipped()
    scores = Scorer(Objective((term,)), METRICS).score(Evaluations(np.full((1, 3), 2.0), np.zeros(1, np.uint8)))
    assert (scores.values.tolist(), scores.violation.tolist()) == ([[1.0]], [0.0])
