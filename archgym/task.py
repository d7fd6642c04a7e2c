"""A task: simulator, workload, space, objective and budget under a stable name.

A task never changes its meaning: a change is a new ``-vN``. Its fingerprint covers everything that decides results.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from archgym.architecture import Architecture
from archgym.config import TaskModel, parse, read_yaml
from archgym.errors import ConfigError
from archgym.objective import Limit, Objective, term_from_mapping
from archgym.registry import make_simulator
from archgym.simulator import Evaluations, Metric, Simulator, Workload
from archgym.space import DesignBatch, DesignSpace
from archgym.task_files import task_file, task_names

__all__ = ["RestrictedSimulator", "Task", "load_task", "task_from_mapping", "task_names"]


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be searched, and what counts as better."""

    name: str
    summary: str
    simulator: str
    objective: Objective
    budget: int
    """Unique evaluations."""
    workload: str | None = None
    space: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    restrict: Mapping[str, list[Any]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    """The mapping it was read from: JSON-able, and enough to build the task again."""

    def make_simulator(self, **options: Any) -> Simulator:
        """The simulator with the restricted space; *options* (``threads``, say) must not change results."""
        made = make_simulator(self.simulator, workload=self.workload, space=self.space, **{**self.options, **options})
        self.objective.check(made.metrics)
        return RestrictedSimulator(made, made.space.restrict(**self.restrict)) if self.restrict else made

    @property
    def fingerprint(self) -> str:
        """16 hex digits over everything but name, summary, tags and budget."""
        keys = ("simulator", "workload", "space", "options", "restrict", "objective", "limits")
        canonical = json.dumps({key: self.data.get(key) for key in keys}, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def with_budget(self, budget: int) -> Task:
        """The same task with another budget."""
        if budget <= 0:
            raise ConfigError(f"budget: expected a positive number of evaluations, got {budget}")
        return replace(self, budget=budget)


@dataclass(frozen=True, slots=True)
class RestrictedSimulator:
    """A simulator seen through a part of its space."""

    inner: Simulator
    space: DesignSpace

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def version(self) -> str:
        return self.inner.version

    @property
    def workload(self) -> Workload:
        return self.inner.workload

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return self.inner.metrics

    @property
    def architecture(self) -> Architecture | None:
        """The inner simulator's; its moves may leave the restricted space."""
        return getattr(self.inner, "architecture", None)

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Translate value indices of the restricted space to the full one and evaluate there."""
        codes = designs.codes.copy()
        for column, (mine, full) in enumerate(zip(self.space.parameters, self.inner.space.parameters, strict=True)):
            if mine.values and mine.values != full.values:
                position = {value: index for index, value in enumerate(full.values)}
                table = np.array([position[value] for value in mine.values], codes.dtype)
                codes[:, column] = table[designs.codes[:, column].astype(np.intp)]
        return self.inner.evaluate(self.inner.space.batch(codes))


def load_task(name: str | Path) -> Task:
    """A task by name (``dram/random-latency-v1``) or from a YAML file."""
    text = str(name)
    if text.endswith((".yaml", ".yml")):
        return task_from_mapping(Path(text).stem, read_yaml(Path(text)), where=text)
    return task_from_mapping(text, read_yaml(task_file(text)), where=f"task {text}")


def task_from_mapping(name: str, data: Mapping[str, Any], where: str | None = None) -> Task:
    """A task from configuration data; `ConfigError` for whatever is wrong in it."""
    where = where or f"task {name}"
    model = parse(TaskModel, data, where)
    terms = model.objective if isinstance(model.objective, list) else [model.objective]
    if not terms:
        raise ConfigError(f"{where}: objective: expected at least one, got an empty list")
    return Task(
        name=name,
        summary=model.summary,
        simulator=model.simulator,
        workload=model.workload,
        space=model.space,
        options=model.options,
        restrict=model.restrict,
        objective=Objective(
            tuple(term_from_mapping(term, f"{where}: objective") for term in terms),
            tuple(Limit(limit.metric, limit.at_most, limit.at_least) for limit in model.limits),
        ),
        budget=model.budget,
        tags=tuple(model.tags),
        data=model.model_dump(mode="json"),
    )
