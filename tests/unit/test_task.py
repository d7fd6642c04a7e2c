"""Tasks: read from data, restricted, fingerprinted; every shipped one builds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archgym.errors import ArchgymError, ConfigError, UnknownName
from archgym.simulator import Status
from archgym.task import load_task, task_from_mapping, task_names

DATA: dict[str, Any] = {
    "summary": "A task.",
    "simulator": "toy",
    "objective": {"optimize": "latency"},
    "budget": 10,
}


@pytest.mark.parametrize("name", task_names())
def test_each_shipped_task_builds_and_prices_its_default_design(name: str) -> None:
    task = load_task(name)
    simulator = task.make_simulator()
    default = simulator.space.from_designs([simulator.space.default])
    results = simulator.evaluate(default)
    assert results.status.tolist() == [Status.OK]
    assert np.isfinite(task.objective.score(results, simulator.metrics).values).all()
    assert task.summary
    assert name.split("/")[0] == task.simulator


def test_an_unknown_task_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match="did you mean 'toy/latency-v1'"):
        load_task("toy/latencey-v1")


def test_a_restricted_task_prices_as_the_full_space_does() -> None:
    full = task_from_mapping("t", DATA).make_simulator()
    part = task_from_mapping("t", {**DATA, "restrict": {"L1Size": [64, 16], "Prefetcher": ["Stride"]}}).make_simulator()
    assert part.space.count() < full.space.count()
    designs = part.space.sample(50, np.random.default_rng(1))
    assert set(designs.columns()["Prefetcher"]) == {"Stride"}
    same = full.evaluate(full.space.from_designs(designs.designs()))
    np.testing.assert_array_equal(part.evaluate(designs).metrics, same.metrics)


def test_the_fingerprint_is_about_results_only() -> None:
    fingerprint = task_from_mapping("t", DATA).fingerprint
    assert fingerprint == task_from_mapping("u", {**DATA, "summary": "Other words.", "budget": 99}).fingerprint
    assert fingerprint != task_from_mapping("t", {**DATA, "objective": {"optimize": "energy"}}).fingerprint
    assert fingerprint != task_from_mapping("t", {**DATA, "restrict": {"L1Size": [16]}}).fingerprint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budgit": 3}, "key 'budgit': did you mean 'budget'"),
        ({"budget": 0}, "budget: expected greater than 0"),
        ({"objective": []}, "objective: expected at least one"),
        ({"objective": {"optimize": "latencey"}}, "metric 'latencey': did you mean 'latency'"),
        ({"limits": [{"metric": "area"}]}, "expected 'at_most' or 'at_least'"),
        ({"workload": "pointer_chas"}, "did you mean 'pointer_chase'"),
        ({"restrict": {"L1Sise": [16]}}, "did you mean 'L1Size'"),
        ({"restrict": {"L1Size": [17]}}, "17"),
    ],
)
def test_what_is_wrong_in_a_task_is_one_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ArchgymError, match=message) as caught:
        task_from_mapping("t", {**DATA, **change}).make_simulator()
    assert "\n" not in str(caught.value)


def test_a_budget_is_positive() -> None:
    with pytest.raises(ConfigError, match="budget"):
        task_from_mapping("t", DATA).with_budget(0)
