"""Gaussian steps stay in range, have the width they claim, and follow the parameter's scale."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.gaussian_step import gaussian_step
from archgym.space import Real


@pytest.mark.parametrize("log", [False, True])
def test_steps_stay_in_range_even_when_they_are_wide(log: bool) -> None:
    parameter = Real("r", 0.001, 10.0, log=log)
    values = np.repeat([0.001, 0.1, 10.0], 5000)
    moved = gaussian_step(parameter, values, 1.0, np.random.default_rng(0))
    assert moved.min() >= 0.001
    assert moved.max() <= 10.0


@pytest.mark.parametrize("log", [False, True])
def test_step_is_sigma_of_the_scaled_range(log: bool) -> None:
    parameter = Real("r", 0.01, 100.0, log=log)
    middle = parameter.from_unit(np.full(40_000, 0.5))
    moved = parameter.to_unit(gaussian_step(parameter, middle, 0.05, np.random.default_rng(1)))
    assert moved.std() == pytest.approx(0.05, rel=0.02)  # standard error 0.35 %
    assert moved.mean() == pytest.approx(0.5, abs=0.001)


def test_a_step_over_the_end_is_reflected() -> None:
    parameter = Real("r", 0.0, 1.0)
    moved = gaussian_step(parameter, np.zeros(20_000), 0.1, np.random.default_rng(2))
    assert moved.mean() == pytest.approx(0.1 * np.sqrt(2 / np.pi), rel=0.02)  # a half-normal's mean
