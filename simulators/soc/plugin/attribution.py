"""What each task of a system on chip costs on each block, metric by metric, so that the shares add up to the metric.

- Latency: from the task that ends last back to the source, always to the task that the other one waited for: for its
  data, or for its processing element. What is on this critical path counts, by the block that set its pace.
- Energy: the instructions and bytes of a task. Power: the same within the hottest window, over its duration.
- Area: a memory's by the bytes that tasks move, a core's by their work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.plugin.metrics import LATENCY, MM2_PER_M2, latency_name
from archgym.simulators.soc.results import BlockResult, Phase, SocResult, TaskResult
from archgym.simulators.soc.soc import Soc
from archgym.simulators.soc.tables import Tables

Shares = NDArray[np.float64]
"""``(T, B)`` in the unit of the metric."""
WINDOW_S = 0.010
"""Power is averaged over windows of at least this length."""


class Attribution:
    """The shares of one simulated design."""

    def __init__(self, application: Application, tables: Tables, soc: Soc, result: SocResult) -> None:
        self._application, self._tables, self._soc, self._result = application, tables, soc, result
        self._row = {task.name: t for t, task in enumerate(application.tasks)}
        self._column = {block.name: b for b, block in enumerate(result.blocks)}
        self._parents: dict[str, list[str]] = {task.name: [] for task in application.tasks}
        for edge in application.edges:
            self._parents[edge.consumer].append(edge.producer)

    def shares(self) -> dict[str, Shares]:
        """Metric to shares."""
        latencies, names = self._result.latency_s, self._application.names
        last = {name: self._application.tasks[t].name for name, t in zip(names, self._application.last, strict=True)}
        found = {LATENCY: self._latency(last[max(names, key=lambda name: latencies[name])])}
        if len(names) > 1:
            found |= {latency_name(name): self._latency(last[name]) for name in names}
        return found | {"energy": self._energy(), "power": self._power()} | self._areas()

    def uses(self) -> NDArray[np.bool_]:
        """``(T, B)``"""
        found = np.zeros((len(self._row), len(self._column)), np.bool_)
        for b, block in enumerate(self._result.blocks):
            found[[self._row[task] for task in block.tasks], b] = True
        return found

    def _filled(self, costs: Mapping[str, Mapping[str, float]]) -> Shares:
        """Shares from task to block to cost."""
        found = np.zeros((len(self._row), len(self._column)))
        for task, by_block in costs.items():
            for block, cost in by_block.items():
                found[self._row[task], self._column[block]] += cost
        return found

    # ---- time

    def _latency(self, last: str) -> Shares:
        return self._filled({task: self._result.tasks[task].bottleneck_s for task in self._critical(last)})

    def _critical(self, task: str) -> list[str]:
        """The tasks on the critical path that ends with *task*, backwards."""
        path: list[str] = []
        while task and task not in path:
            path.append(task)
            task = self._waited_for(self._result.tasks[task])
        return path

    def _waited_for(self, task: TaskResult) -> str:
        """The task whose end let *task* start; "" for a task that never waited."""
        tasks = self._result.tasks
        if task.start_s > task.ready_s:
            before = [t for t in tasks.values() if t.block == task.block and t.finish_s == task.start_s]
            holders = [t.name for t in before if t.start_s < t.finish_s]
            if holders:
                return holders[0]
        return max(self._parents[task.name], key=lambda name: tasks[name].finish_s, default="")

    # ---- energy

    def _energy(self) -> Shares:
        return self._filled({name: task.energy_j_by_block for name, task in self._result.tasks.items()})

    def _power(self) -> Shares:
        """A task's energy is spread evenly over its run, save that each phase keeps its own sum."""
        window = hottest(self._result.phases)
        duration = sum(phase.duration_s for phase in window)
        total = np.zeros((len(self._row), len(self._column)))
        if duration <= 0.0:
            return total
        energy = self._energy()
        for phase in window:
            rates = {self._row[name]: energy[self._row[name]] / self._span(name) for name in phase.running}
            whole = sum(float(rate.sum()) for rate in rates.values())
            for row, rate in rates.items() if whole > 0.0 else ():
                total[row] += rate / whole * phase.energy_j / duration
        return total

    def _span(self, task: str) -> float:
        """Seconds that it runs; tasks that take no time need no energy."""
        return self._result.tasks[task].finish_s - self._result.tasks[task].start_s or math.inf

    # ---- area

    def _areas(self) -> dict[str, Shares]:
        area = np.zeros((len(self._row), len(self._column)))
        for b, block in enumerate(self._result.blocks):
            weights = self._weights(block)
            rows = [self._row[task] for task in weights]
            area[rows, b] = block.area_m2 * MM2_PER_M2 * np.array(list(weights.values())) / sum(weights.values())
        technologies = zip(self._tables.technology_names, self._tables.technology_stacked.tolist(), strict=True)
        on_top = {name for name, stacked in technologies if stacked}
        kinds = [block.kind for block in self._result.blocks]
        chosen = {
            "area": [True for _ in kinds],
            "area_logic": [kind not in on_top for kind in kinds],
            "area_stacked": [kind in on_top for kind in kinds],
            "area_processors": [kind == "processor" for kind in kinds],
            "area_accelerators": [kind == "accelerator" for kind in kinds],
        }
        return {name: area * np.array(columns) for name, columns in chosen.items()}

    def _weights(self, block: BlockResult) -> dict[str, float]:
        """How the tasks share a block, up to a factor; evenly where nothing tells them apart."""
        weights = dict.fromkeys(block.tasks, 0.0)
        for task in block.tasks:
            if self._soc.task_on[task] == block.name:
                weights[task] += float(self._application.work[self._row[task]])
        if block.kind not in ("processor", "accelerator"):
            weights = dict.fromkeys(block.tasks, 0.0)
            for edge in self._application.edges:
                if self._soc.data_in[edge.producer, edge.consumer] == block.name:
                    weights[edge.producer] += edge.bytes
                    weights[edge.consumer] += edge.bytes
        return weights if sum(weights.values()) > 0.0 else dict.fromkeys(block.tasks, 1.0)


def hottest(phases: Sequence[Phase]) -> Sequence[Phase]:
    """The window of largest mean power, cut as the model does it."""
    windows = [phases[first:end] for first, end in _windows([phase.duration_s for phase in phases])]
    return max(windows, key=_power)


def _power(window: Sequence[Phase]) -> float:
    duration = sum(phase.duration_s for phase in window)
    return sum(phase.energy_j for phase in window) / duration if duration > 0.0 else 0.0


def _windows(durations: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Positions in the list of phases; phases without duration do not advance the count, as in FARSI."""
    start, at, left = 0, 0, WINDOW_S
    for duration in durations:
        if duration <= 0.0:
            continue
        if duration > left:
            yield start, at + 1
            start, left = at + 1, WINDOW_S
        else:
            left -= duration
        at += 1
    if start < len(durations):
        yield start, len(durations)


def in_parallel(application: Application) -> NDArray[np.bool_]:
    """``(T, T)`` two tasks of which neither needs a result of the other, directly or not."""
    n = len(application.tasks)
    needs = np.eye(n, dtype=np.bool_)
    changed = True
    while changed:
        before = needs.copy()
        for producer, consumer in zip(application.edge_from.tolist(), application.edge_to.tolist(), strict=True):
            needs[consumer] |= needs[producer]
        changed = bool((needs != before).any())
    return ~(needs | needs.T)
