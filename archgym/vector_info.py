"""The info of a vector environment, built column by column in the layout that Gymnasium builds row by row.

Every key ``k`` comes with ``_k``, which says in which rows it holds; nested infos are nested in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Told
from archgym.env_session import STATUS_NAMES, Session
from archgym.simulator import Status

Rows = NDArray[np.intp]
NAMES = np.array([STATUS_NAMES[code] for code in range(len(STATUS_NAMES))], object)


class VectorInfo:
    """Collects values for *n* rows; `data` is the info."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.data: dict[str, Any] = {}

    def add(self, key: str, values: NDArray[Any], rows: Rows) -> None:
        """``values[i]`` for row ``rows[i]``, ascending; other rows hold zero, or None for objects."""
        if values.dtype.kind in "US":
            values = values.astype(object)
        if len(rows) == self.n:
            column = values.copy()
        elif key in self.data:
            column = self.data[key]
            column[rows] = values
        else:
            column = np.full((self.n, *values.shape[1:]), None if values.dtype == object else 0, values.dtype)
            column[rows] = values
        self.data[key] = column
        self._mark(key, rows)

    def add_same(self, values: Mapping[str, Any], rows: Rows) -> None:
        """The same value in each of *rows*, key by key."""
        for key, value in values.items():
            self.add(key, np.full(len(rows), value, object if isinstance(value, str) else None), rows)

    def add_columns(self, key: str, columns: Mapping[str, NDArray[Any]], rows: Rows, holds: Rows) -> None:
        """A nested info of *rows*, whose entries are there in the rows *holds*."""
        nested = VectorInfo(self.n)
        nested.data = self.data.get(key, {})
        for name, values in columns.items():
            nested.add(name, values, holds)
        self.data[key] = nested.data
        self._mark(key, rows)

    def add_told(self, session: Session, told: Told, vectors: NDArray[np.float64], rows: Rows) -> None:
        """What `Session.describe` says of each design of *told*, which are those of *rows*."""
        ok = told.status == Status.OK
        worked = rows[ok]
        messages = np.full(len(rows), "", object)
        for at in np.flatnonzero(~ok).tolist():
            messages[at] = session.evaluator.message(told.designs[at])
        self.add_columns("design", told.designs.columns(), rows, rows)
        self.add("status", NAMES[told.status], rows)
        self.add("message", messages, rows)
        metrics = {name: told.metrics[ok, at] for at, name in enumerate(session.metrics)}
        self.add_columns("metrics", metrics if len(worked) else {}, rows, worked)
        units = {name: np.full(len(rows), unit, object) for name, unit in session.units.items()}
        self.add_columns("units", units, rows, rows)
        scores = {name: told.scores[:, at] for at, name in enumerate(session.labels)}
        self.add_columns("scores", scores, rows, rows)
        self.add("violation", told.violation, rows)
        self.add("reward_vector", vectors, rows)

    def ended(self, over: NDArray[np.bool_], observations: NDArray[np.float32]) -> VectorInfo:
        """The info of a step that ends the rows *over* and resets them: theirs moves under ``final_info``."""
        rows = np.flatnonzero(over)
        info = VectorInfo(self.n)
        everything = len(rows) == self.n
        info.data = {} if everything else _where(self.data, ~over)
        final = np.full(self.n, None, object)
        for row, observation in zip(rows.tolist(), observations[rows], strict=True):
            final[row] = observation
        info.data["final_obs"] = final
        info.data["final_info"] = self.data if everything else _where(self.data, over)
        info._mark("final_obs", rows)
        info._mark("final_info", rows)
        return info

    def _mark(self, key: str, rows: Rows) -> None:
        mask = self.data.setdefault(f"_{key}", np.zeros(self.n, np.bool_))
        mask[rows] = True


def _where(data: Mapping[str, Any], chosen: NDArray[np.bool_]) -> dict[str, Any]:
    """The entries that hold in a *chosen* row, blanked in the other rows."""
    kept: dict[str, Any] = {}
    for key, value in data.items():
        mask = data.get(f"_{key}")
        if mask is None:  # a mask itself, handled with its key
            continue
        holds = mask & chosen
        if not holds.any():
            continue
        kept[f"_{key}"] = holds
        if isinstance(value, dict):
            kept[key] = _where(value, chosen)
            continue
        column = np.full_like(value, None if value.dtype == object else 0)
        column[holds] = value[holds]
        kept[key] = column
    return kept
