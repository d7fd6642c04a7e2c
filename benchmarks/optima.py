"""Enumerate the tasks on small spaces: the exact optimum of each, and how many designs come near it.

    python benchmarks/optima.py [TASK…]

Tasks that differ in their objective alone are priced once.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass

import numpy as np

from archgym.simulator import Evaluations
from archgym.space import DesignBatch
from archgym.task import Task, load_task, task_names

NEAR = 0.01
COLUMNS = (
    "task",
    "designs",
    "optimum",
    "have it",
    "within 1 %",
    "median",
    "default",
    "CPU us",
    "best design's changes",
)


@dataclass(frozen=True, slots=True)
class Table:
    """Every design of a space with its results."""

    designs: list[DesignBatch]
    results: list[Evaluations]
    seconds: float


def tabulate(task: Task) -> Table:
    """Price the whole space of *task*."""
    simulator = task.make_simulator(threads=2)
    began = time.process_time()
    designs = list(simulator.space.enumerate(4096))
    results = [simulator.evaluate(batch) for batch in designs]
    return Table(designs, results, time.process_time() - began)


def row(task: Task, table: Table) -> str:
    """One line of the table; designs that exceed a limit or have no result count as worse than all others."""
    simulator = task.make_simulator()
    merits = [task.objective.score(results, simulator.metrics).merit() for results in table.results]
    values = np.concatenate(merits)
    best = float(values.min())
    batch = int(np.argmin([part.min() for part in merits]))
    changes = changed(table.designs[batch][int(np.argmin(merits[batch]))])
    default = simulator.evaluate(simulator.space.from_designs([simulator.space.default]))
    base = float(task.objective.score(default, simulator.metrics).merit()[0])
    cells = (
        f"`{task.name}`",
        f"{len(values):,}",
        f"{best:.6g}",
        f"{int(np.sum(values == best)):,}",
        f"{np.mean(values <= best + NEAR * abs(best)):.4%}",
        number(float(np.median(values))),
        number(base),
        f"{table.seconds / len(values) * 1e6:.0f}",
        ", ".join(f"{name}={value}" for name, value in changes.items()),
    )
    return f"| {' | '.join(cells)} |"


def number(merit: float) -> str:
    """A merit, or why there is none."""
    if np.isinf(merit):
        return "no result"
    return f"{merit:.4g}" if merit < 1e199 else "over a limit"


def changed(design: DesignBatch) -> dict[str, object]:
    """The parameters that differ from the default design."""
    default = design.space.default
    return {name: value for name, value in design.designs()[0].items() if value != default[name]}


def main() -> None:
    """Print the table."""
    tables: dict[str, Table] = {}
    print(f"| {' | '.join(COLUMNS)} |")
    print("|" + "---|" * len(COLUMNS))
    for task in map(load_task, sys.argv[1:] or [name for name in task_names() if "-small-" in name]):
        priced = json.dumps([task.simulator, task.workload, task.space, dict(task.options), dict(task.restrict)])
        if priced not in tables:
            tables = {priced: tabulate(task)}  # the last one only: tasks of one kind follow one another
        print(row(task, tables[priced]), flush=True)


if __name__ == "__main__":
    main()
