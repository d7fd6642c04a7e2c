"""What a run ends with, and what it says while it lasts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from archgym.best import Best

StopReason = Literal["budget", "exhausted", "stalled"]
"""*budget*: spent. *exhausted*: the agent, or the space, has nothing more. *stalled*: only duplicates were proposed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands."""

    spent: int
    """Unique evaluations."""
    budget: int
    asked: int
    """Designs answered, duplicates included."""
    duplicates: int
    elapsed_s: float
    rate_per_s: float
    """Unique evaluations a second since this process began; 0 before the first."""
    left_s: float | None
    """Time to the end of the budget at that rate; None before the first evaluation."""
    best: Best | None


@dataclass(frozen=True, slots=True)
class Times:
    """Wall time of a run, s; of a resumed run the last part only."""

    total_s: float
    simulator_s: float
    agent_s: float
    log_s: float


@dataclass(frozen=True, slots=True)
class RunResult:
    """The outcome of a run."""

    run_id: str
    out: str | None
    """The run's directory."""
    stop: StopReason
    spent: int
    """Unique evaluations."""
    asked: int
    duplicates: int
    failed: int
    """Rows (duplicates included) whose status is not OK."""
    resumed_rows: int
    """Rows that the log had before this process began."""
    best: Best | None
    front: tuple[Best, ...]
    """Non-dominated designs that keep every limit (with one objective: the best design)."""
    default: Best | None
    """The space's default design, when it was asked for."""
    times: Times
    warm_rows: int = 0
    """Results of earlier runs that the agent was told at the beginning."""

    def to_data(self) -> dict[str, Any]:
        """JSON-able; infinities as strings."""
        plain: dict[str, Any] = _jsonable(asdict(self))
        return plain


def result_from_data(data: Mapping[str, Any]) -> RunResult:
    """The inverse of `RunResult.to_data`."""
    return RunResult(
        **{
            **data,
            "best": _best(data["best"]),
            "front": tuple(b for b in map(_best, data["front"]) if b is not None),
            "default": _best(data["default"]),
            "times": Times(**data["times"]),
        }
    )


def _best(data: Mapping[str, Any] | None) -> Best | None:
    if data is None:
        return None
    metrics = {name: float(value) for name, value in data["metrics"].items()}
    scores = {name: float(value) for name, value in data["scores"].items()}
    return Best(data["row"], data["design"], metrics, scores, float(data["violation"]))


def _jsonable(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {key: _jsonable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_jsonable(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    return data
