"""Going on where a run stopped: its log answers instead of the simulator until the log is exhausted.

The agent is built anew from its seed and told what it was told before; every design it proposes on the way is
checked against the log. So the continued run is the run that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Told
from archgym.dataset.log import read_log
from archgym.dataset.schema import number_column
from archgym.design_keys import design_keys
from archgym.errors import LogError
from archgym.evaluator import Log
from archgym.executor import Executor
from archgym.manifest import Manifest
from archgym.simulator import Evaluations, Status
from archgym.space import DesignBatch, DesignSpace

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a run's log knows."""

    key_at: Mapping[int, bytes]
    """Index of a row to its design's key."""
    row_of: Mapping[bytes, int]
    """Key of a design to a row of the columns below."""
    metrics: NDArray[np.float64]
    status: NDArray[np.uint8]
    messages: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.key_at)


def read_recorded(run_dir: Path, manifest: Manifest, space: DesignSpace) -> Recorded:
    """The log of *run_dir*; `LogError` when a row is not of this run and space."""
    table = read_log(run_dir, manifest)
    strangers = set(table.column("run_id").to_pylist()) - {manifest.run_id}
    if strangers:
        raise LogError(f"{run_dir}: the log has rows of another run, {min(strangers)!r}: restore its directory")
    keys = design_keys(design_codes(table, space)) if len(table) else []
    messages = table.column("message").to_pylist()
    names = [metric["name"] for metric in manifest.metrics]
    status = [Status[name] for name in table.column("status").to_pylist()]
    return Recorded(
        key_at=dict(zip(table.column("index").to_pylist(), keys, strict=True)),
        row_of={key: row for row, key in enumerate(keys)},
        metrics=metric_table(table, names),
        status=np.array(status, np.uint8),
        messages={row: text for row, text in enumerate(messages) if text},
    )


def metric_table(table: pa.Table, names: list[str]) -> NDArray[np.float64]:
    """``(n, m)`` the metrics' columns of a log."""
    made = np.empty((len(table), len(names)))
    for i, name in enumerate(names):
        made[:, i] = number_column(table, f"metric.{name}")
    return made


def design_codes(table: pa.Table, space: DesignSpace) -> NDArray[np.generic]:
    """``(n, d)`` codes of the designs in a log; `LogError` for a value that the space does not have."""
    codes = np.empty((len(table), space.d), np.int32 if space.finite else np.float64)
    for i, parameter in enumerate(space.parameters):
        name = f"design.{parameter.name}"
        if parameter.size is None:
            codes[:, i] = number_column(table, name)
            continue
        code_of = {value: code for code, value in enumerate(parameter.values)}
        try:
            codes[:, i] = [code_of[value] for value in table.column(name).to_pylist()]
        except KeyError as error:
            raise LogError(f"the log has {parameter.name} = {error.args[0]!r}, which is not in the space") from None
    return codes


class RecordedExecutor:
    """Answers what the log knows, and hands the rest to *inner* in one call."""

    def __init__(self, recorded: Recorded, inner: Executor) -> None:
        self._recorded, self._inner = recorded, inner

    def execute(self, designs: DesignBatch, /) -> Evaluations:
        """Same length, same order as *designs*."""
        recorded = self._recorded
        rows = np.array([recorded.row_of.get(key, -1) for key in design_keys(designs.codes)], np.int64)
        known = rows >= 0
        if not known.any():
            return self._inner.execute(designs)
        metrics = np.full((len(designs), recorded.metrics.shape[1]), np.nan)
        status = np.zeros(len(designs), np.uint8)
        metrics[known], status[known] = recorded.metrics[rows[known]], recorded.status[rows[known]]
        messages = {i: recorded.messages[row] for i, row in enumerate(rows.tolist()) if row in recorded.messages}
        if not known.all():
            rest = np.flatnonzero(~known)
            results = self._inner.execute(designs[rest])
            metrics[rest], status[rest] = results.metrics, results.status
            messages |= {int(rest[row]): text for row, text in results.messages.items()}
        return Evaluations(metrics, status, messages)

    def close(self) -> None:
        """Close *inner*."""
        self._inner.close()


class ContinuedJournal:
    """Checks the rows that the log has, and lets *journal* write the others."""

    def __init__(self, recorded: Recorded, journal: Log, run_dir: Path) -> None:
        self._recorded, self._journal, self._run_dir = recorded, journal, run_dir

    def append(self, index: int, keys: list[bytes], told: Told, messages: Mapping[int, str], wall_s: float, /) -> None:
        """`LogError` when a design is not the one the log has at its index."""
        known = self._recorded.key_at
        start = None
        for i, key in enumerate(keys):
            logged = known.get(index + i)
            if logged is None:
                start = i if start is None else start
                continue
            if logged != key:
                raise LogError(self._mismatch(index + i, told, i))
            if start is not None:
                self._write(start, i, index, keys, told, messages, wall_s)
                start = None
        if start is not None:
            self._write(start, len(keys), index, keys, told, messages, wall_s)

    def _write(
        self,
        start: int,
        stop: int,
        index: int,
        keys: list[bytes],
        told: Told,
        messages: Mapping[int, str],
        wall_s: float,
    ) -> None:
        if stop - start == len(keys):
            self._journal.append(index, keys, told, messages, wall_s)
            return
        at = slice(start, stop)
        part = Told(
            told.designs[at], told.scores[at], told.violation[at], told.status[at], told.metrics[at], told.duplicate[at]
        )
        shifted = {row - start: text for row, text in messages.items() if start <= row < stop}
        self._journal.append(index + start, keys[at], part, shifted, wall_s)

    def _mismatch(self, index: int, told: Told, row: int) -> str:
        design = told.designs[row : row + 1].designs()[0]
        return (
            f"{self._run_dir}: cannot go on: at row {index} the agent now proposes {design}, the log has "
            "another: the agent or a package changed since; choose another output directory"
        )
