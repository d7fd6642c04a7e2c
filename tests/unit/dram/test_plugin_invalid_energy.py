"""Where the reference's power model breaks down, energy has no value, and only objectives that read it notice."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.objective import Objective, Optimize, Product
from archgym.registry import make_simulator
from archgym.simulator import Evaluations, Simulator, Status
from archgym.space import DesignBatch

BROKEN = {"energy_total", "power_avg", "energy_background_precharged"}


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    # Long gaps, so that power-down is entered and left all the time.
    return make_simulator("dram", workload="random:n=150,interval_ns=500", space="platform")


@pytest.fixture(scope="module")
def batch(simulator: Simulator) -> DesignBatch:
    """Half of the designs power down."""
    return simulator.space.sample(80, np.random.default_rng(2))


@pytest.fixture(scope="module")
def results(simulator: Simulator, batch: DesignBatch) -> Evaluations:
    return simulator.evaluate(batch)


@pytest.fixture(scope="module")
def invalid(simulator: Simulator, results: Evaluations) -> NDArray[np.bool_]:
    """``(n,)`` the rows without a valid energy; both kinds are there."""
    names = [metric.name for metric in simulator.metrics]
    flags = results.metrics[:, names.index("energy_valid")] == 0
    assert 5 < flags.sum() < 60
    return np.asarray(flags)


def test_energy_breaks_down_with_power_down_only(batch: DesignBatch, invalid: NDArray[np.bool_]) -> None:
    assert set(batch.columns()["PowerDownPolicy"][invalid]) == {"Staggered"}


def test_exactly_the_energies_that_are_wrong_have_no_value(
    simulator: Simulator, results: Evaluations, invalid: NDArray[np.bool_]
) -> None:
    assert (results.status == Status.OK).all()
    for metric, column in zip(simulator.metrics, results.metrics.T, strict=True):
        assert np.isnan(column).tolist() == (invalid & (metric.name in BROKEN)).tolist(), metric.name


@pytest.mark.parametrize(
    "term", [Optimize("energy_total"), Optimize("power_avg"), Product({"energy_total": 1, "latency_avg": 1})]
)
def test_an_energy_objective_puts_them_last(
    term: Optimize | Product, simulator: Simulator, results: Evaluations, invalid: NDArray[np.bool_]
) -> None:
    merit = Objective((term,)).score(results, simulator.metrics).merit()
    assert (merit[invalid] == np.inf).all()
    assert np.isfinite(merit[~invalid]).all()


def test_a_latency_objective_scores_them_like_others(simulator: Simulator, results: Evaluations) -> None:
    scores = Objective((Optimize("latency_avg"),)).score(results, simulator.metrics)
    assert np.isfinite(scores.merit()).all()
    assert scores.merit().tolist() == results.metrics[:, 0].tolist()
