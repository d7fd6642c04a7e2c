"""Numbers for comparing searchers that were run several times on several tasks.

After R. Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice", NeurIPS 2021: the
interquartile mean in place of a mean that one run can move, stratified bootstrap intervals (runs are drawn anew within
each task), and the probability of improvement. Results are ``(tasks, runs)`` arrays of normalised regrets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archgym.errors import ConfigError

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its bootstrap interval."""

    value: float
    low: float
    high: float


def normalised_regret(scores: ArrayLike, best: float, median_random: float) -> NDArray[np.float64]:
    """0 for the *best* known score, 1 for that of the median random design; lower is better throughout.

    `ConfigError` when a random design is typically as good as the best: regret has no scale there.
    """
    if not best < median_random < np.inf:
        raise ConfigError(f"expected a best score below the median random one, got {best:g} and {median_random:g}")
    return (np.asarray(scores, np.float64) - best) / (median_random - best)


def interquartile_mean(values: ArrayLike) -> float:
    """The mean of the middle half of all *values*; those that the quartiles cut count in part."""
    return float(_interquartile_means(np.asarray(values, np.float64).reshape(1, -1))[0])


def _interquartile_means(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(b,)`` of ``(b, n)``."""
    n = rows.shape[1]
    edges = np.arange(n + 1) / n
    weights = np.clip(np.minimum(edges[1:], 0.75) - np.maximum(edges[:-1], 0.25), 0.0, None)
    used = np.flatnonzero(weights)  # an infinite value outside the middle half has no say
    means: NDArray[np.float64] = np.sort(rows, axis=1)[:, used] @ (weights[used] / weights.sum())
    return means


def stratified_interval(results: ArrayLike, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The interquartile mean of ``(tasks, runs)`` *results*, with its percentile interval at 95 %."""
    table = _table(results)

    def estimate(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        return _interquartile_means(drawn.reshape(len(drawn), -1))

    return _interval(estimate, [table], seed, resamples)


def probability_of_improvement(results: ArrayLike, others: ArrayLike, seed: int = 0) -> Interval:
    """That a run of *results* has a lower value than one of *others*, averaged over tasks; ties count a half.

    Both are ``(tasks, runs)``; the numbers of runs may differ.
    """
    ours, theirs = _table(results), _table(others)
    if len(ours) != len(theirs):
        raise ConfigError(f"expected results on the same tasks, got {len(ours)} and {len(theirs)} tasks")

    def estimate(drawn: NDArray[np.float64], against: NDArray[np.float64]) -> NDArray[np.float64]:
        pair = drawn[..., :, None], against[..., None, :]
        chance: NDArray[np.float64] = ((pair[0] < pair[1]) + 0.5 * (pair[0] == pair[1])).mean(axis=(1, 2, 3))
        return chance

    return _interval(estimate, [ours, theirs], seed, RESAMPLES)


def _table(results: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(results, np.float64)
    if table.ndim != 2 or not table.size:
        raise ConfigError(f"expected results of shape (tasks, runs), got {table.shape}")
    return table


def _interval(
    estimate: Callable[..., NDArray[np.float64]], tables: list[NDArray[np.float64]], seed: int, resamples: int
) -> Interval:
    rng = np.random.default_rng(seed)
    drawn = []
    for table in tables:
        tasks, runs = table.shape
        picks = rng.integers(0, runs, (resamples, tasks, runs))
        drawn.append(table[np.arange(tasks)[None, :, None], picks])
    low, high = np.quantile(estimate(*drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(estimate(*(table[None] for table in tables))[0]), float(low), float(high))
