"""One row of the log: a design, what became of it, and everything needed to know where it came from.

The row is defined here and nowhere else; the journal, the Parquet parts, `archgym.read_samples` and replay all
read `columns`. Design columns are prefixed ``design.``, metrics ``metric.`` and scores ``score.``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from archgym.objective import Objective
from archgym.simulator import Metric
from archgym.space import DesignSpace

SCHEMA_VERSION = 1

Kind = Literal["string", "int64", "float64", "bool", "timestamp"]


@dataclass(frozen=True, slots=True)
class Column:
    """One typed column."""

    name: str
    kind: Kind
    doc: str


FIXED: tuple[Column, ...] = (
    Column("schema_version", "int64", "version of this row format"),
    Column(
        "sample_id",
        "string",
        "hash of simulator, version, workload, space and design: equal for equal questions",
    ),
    Column("run_id", "string", "the run that made the row"),
    Column("index", "int64", "position in the run, from 0"),
    Column("agent", "string", "name of the agent"),
    Column("agent_hash", "string", "hash of the agent's hyperparameters"),
    Column("seed", "int64", "the run's seed"),
    Column("simulator", "string", "name of the simulator"),
    Column("simulator_version", "string", "its version"),
    Column("workload", "string", "name of the workload"),
    Column("workload_hash", "string", "hash of its content"),
    Column("space", "string", "fingerprint of the design space"),
    Column("status", "string", "OK, INFEASIBLE, FAILED or TIMEOUT"),
    Column("message", "string", "why, where the status needs a reason"),
    Column("violation", "float64", "total relative excess over the limits on metrics; 0: all hold"),
    Column("duplicate", "bool", "answered from memory, not charged to the budget"),
    Column("wall_s", "float64", "wall time of the evaluation, s: the batch's time divided by its size"),
    Column("timestamp", "timestamp", "when it was logged, UTC"),
)


def columns(space: DesignSpace, metrics: Sequence[Metric], objective: Objective) -> tuple[Column, ...]:
    """Every column of a run's log, in order."""
    design = tuple(Column(f"design.{p.name}", p.kind, p.doc) for p in space.parameters)
    metric = tuple(Column(f"metric.{m.name}", "float64", f"{m.doc} [{m.unit}]") for m in metrics)
    score = tuple(Column(f"score.{label}", "float64", "lower is better") for label in objective.labels)
    return FIXED + design + metric + score


Row = dict[str, Any]
