"""What the scalar and the vector environment share: a task opened for a search, and how results become signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Told
from archgym.errors import ConfigError, UnknownName
from archgym.evaluator import Evaluator
from archgym.reference import Reference, reference_of
from archgym.reward import RewardShape
from archgym.simulator import Status
from archgym.task import Task, load_task, task_from_mapping

OVERRIDES = ("simulator", "workload", "space", "options", "restrict", "objective", "limits")
OPTIONS = (
    *("view", "horizon", "budget", "render_mode", "reward", "target"),
    *("failure_penalty", "limit_penalty", "weights", "evaluator"),
)
STATUS_NAMES = {int(status): status.name for status in Status}


class Session:
    """A task's evaluator and reference, and the names that `info` uses."""

    def __init__(
        self,
        task: str | Task,
        *,
        budget: int | None,
        shape: RewardShape,
        evaluator: Evaluator | None,
        overrides: Mapping[str, Any],
    ) -> None:
        self.task = _task(task, overrides)
        if evaluator is not None and (budget is not None or overrides):
            raise ConfigError("beside an evaluator expected no budget and no overrides: it has its own")
        self._owned = evaluator is None
        self.evaluator = evaluator or Evaluator(
            self.task.make_simulator(), self.task.objective, budget=self.task.budget if budget is None else budget
        )
        self.space = self.evaluator.space
        self.shape = shape
        self.labels = self.evaluator.objective.labels
        self.weights = shape.weights_for(self.labels)
        self.metrics = tuple(metric.name for metric in self.evaluator.simulator.metrics)
        self.units = {metric.name: metric.unit for metric in self.evaluator.simulator.metrics}

    @cached_property
    def reference(self) -> Reference:
        """Priced on first use, not charged."""
        return reference_of(self.evaluator.simulator, self.evaluator.objective)

    def reward_vector(self, scores: Sequence[float], violation: float) -> list[float]:
        """One reward per objective for one design."""
        return self.shape.vector(scores, violation, self.reference.plain_scores)

    def reward_vectors(self, told: Told) -> NDArray[np.float64]:
        """``(n, k)`` `reward_vector` of each row, the same bits."""
        return self.shape.vectors(told.scores, told.violation, self.reference.plain_scores)

    def account(self) -> dict[str, int]:
        """The part of an info that depends on the search so far and not on the episode."""
        evaluator = self.evaluator
        return {"remaining": evaluator.remaining, "spent": evaluator.spent, "duplicates": evaluator.duplicates}

    def describe(self, told: Told) -> dict[str, Any]:
        """The info of one evaluated design: a function of the design alone, new objects each time.

        A metric that has no value for the design (NaN) is left out.
        """
        status = told.status.item(0)
        ok = status == Status.OK
        return {
            "design": told.designs.designs()[0],
            "status": STATUS_NAMES[status],
            "message": "" if ok else self.evaluator.message(told.designs),
            "metrics": {name: x for name, x in zip(self.metrics, told.metrics.tolist()[0], strict=True) if x == x},
            "units": self.units.copy(),
            "scores": dict(zip(self.labels, told.scores.tolist()[0], strict=True)),
            "violation": told.violation.item(0),
        }

    def text(self, info: Mapping[str, Any] | None) -> str:
        """A design and its metrics for a terminal, one a line."""
        if info is None:
            return f"{self.task.name}: no design yet"
        lines = [f"{self.task.name}: {info['status']}{': ' if info['message'] else ''}{info['message']}"]
        knobs = {p.name: p.unit for p in self.space.parameters}
        lines += [_line(name, value, knobs[name]) for name, value in info["design"].items()]
        lines += [_line(name, f"{value:.6g}", self.units[name]) for name, value in info["metrics"].items()]
        return "\n".join(lines)

    def close(self) -> None:
        """Free the evaluator, where it is this session's own."""
        if self._owned:
            self.evaluator.close()


def _line(name: str, value: Any, unit: str) -> str:
    return f"  {name} = {value}{'' if unit == '1' else f' {unit}'}"


def _task(task: str | Task, overrides: Mapping[str, Any]) -> Task:
    """*task* with some keys of its file replaced."""
    loaded = task if isinstance(task, Task) else load_task(task)
    for key in overrides:
        if key not in OVERRIDES:
            raise UnknownName("environment option", key, [*OVERRIDES, *OPTIONS])
    if not overrides:
        return loaded
    if not loaded.data:
        raise ConfigError(f"task {loaded.name!r}: expected one read from configuration data to override keys of")
    return task_from_mapping(loaded.name, {**loaded.data, **overrides})
