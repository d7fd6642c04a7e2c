"""What a log says about a search: which samples count, the best score so far, the non-dominated front.

Pure functions from the rows of `archgym.read_samples` to arrays; `archgym.plots` draws them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archgym.errors import UnknownName

if TYPE_CHECKING:
    import pandas as pd


def score_column(samples: pd.DataFrame, score: str | None = None) -> str:
    """The column of a score by label (``latency_avg``), the first one where no label is given."""
    known = [str(name).removeprefix("score.") for name in samples.columns if str(name).startswith("score.")]
    if not known or (score is not None and score not in known):
        raise UnknownName("score", score or "(first)", known)
    return f"score.{score or known[0]}"


def feasible(samples: pd.DataFrame) -> NDArray[np.bool_]:
    """``(n,)`` true for samples with a result that holds every limit."""
    held = samples["status"].to_numpy() == "OK"
    return np.asarray(held & (samples["violation"].to_numpy(float) == 0), np.bool_)


def best_so_far(samples: pd.DataFrame, score: str | None = None) -> NDArray[np.float64]:
    """``(u,)`` the lowest score of a feasible design among the first 1 … u unique evaluations of one run.

    Duplicates do not count. NaN until the first feasible design.
    """
    charged = samples[~samples["duplicate"].to_numpy(bool)].sort_values("index")
    values = np.where(feasible(charged), charged[score_column(samples, score)].to_numpy(float), np.nan)
    return np.asarray(np.fmin.accumulate(values) if len(values) else values, np.float64)


def non_dominated(points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """``(n,)`` true for the points ``(n, 2)``, lower is better, that no other point beats in one coordinate without
    losing in the other. Equal points stand together; points with NaN are never in front."""
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"expected points of shape (n, 2), got {points.shape}")
    front = np.zeros(len(points), np.bool_)
    rows = np.flatnonzero(~np.isnan(points).any(axis=1))
    x, y = points[rows, 0], points[rows, 1]
    order = np.lexsort((y, x))
    lowest_y, at_x = np.inf, -np.inf
    for at in order:  # by x, then y: a point is in front when it is lower than all before, or equal to the last such
        if y[at] < lowest_y or (y[at] == lowest_y and x[at] == at_x):
            front[rows[at]] = True
            lowest_y, at_x = y[at], x[at]
    return front
