"""Task graphs by the thousand: layers of tasks in which each hands data to tasks of the next layer.

Sizes are drawn log-uniformly, over the ranges that FARSI's workloads span (arXiv 2201.05232) unless options say
otherwise: real programs mix tasks of very different sizes, and a mean would describe none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from archgym.simulators.soc.data_error import DataError, unknown
from archgym.simulators.soc.graph import SINK, SOURCE, Accelerator, Edge, Task, TaskGraph
from archgym.simulators.soc.graph_check import check_graph, check_name
from archgym.simulators.soc.graph_file import BASE_CLOCK_HZ, CLOCKS_MHZ

REFERENCE_RATE = 2e9
"""Instructions per second of the processor (FARSI's A53) to which speed-ups and the deadline relate."""
SPEED_UP = (0.2, 10.0)
"""Of an accelerator at its base clock, not unrolled."""
ENERGY_J = (1e-16, 3e-11)
AREA_M2 = (2e-11, 2e-8)
MOST_ITERATIONS = 1024
"""Of the loop that an accelerator can unroll."""
END = "end"
"""The dummy task that waits for the last layer; its finish time is the latency."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the generator: a number from `least` to `most`, or a text."""

    name: str
    default: float | str
    least: float
    most: float
    doc: str

    @property
    def expected(self) -> str:
        if isinstance(self.default, str):
            return "a text"
        return f"a {'whole ' if isinstance(self.default, int) else ''}number from {self.least:g} to {self.most:g}"


OPTIONS = {
    option.name: option
    for option in (
        Option("seed", 0, 0, 2**63 - 1, "each seed is another graph"),
        Option("layers", 4, 1, 100, "tasks on the longest way from source to sink"),
        Option("width", 4, 1, 100, "tasks of each layer"),
        Option("density", 0.3, 0.0, 1.0, "chance of an edge that the graph could do without"),
        Option("accelerated", 1.0, 0.0, 1.0, "chance that a task has an accelerator"),
        Option("slack", 0.5, 1e-6, 1e6, "deadline, in times of the critical path's time on one 2e9 instr/s processor"),
        Option("work_min", 1e6, 1.0, 1e14, "instructions of the smallest task"),
        Option("work_max", 1e9, 1.0, 1e14, "instructions of the largest task"),
        Option("bytes_min", 1e3, 1.0, 1e14, "bytes of the smallest edge"),
        Option("bytes_max", 1e6, 1.0, 1e14, "bytes of the largest edge"),
        Option("label", "", 0, 0, "put before every name, so that several graphs can run at once"),
    )
}


def layered(**options: object) -> TaskGraph:
    """The graph that *options* (see `OPTIONS`) describe, the same in every process.

    Layer l has the tasks ``t{l}_0``, ``t{l}_1``, …, the first fed by the source, the last leading to the dummy ``end``.
    Every task gets one parent, drawn evenly from the layer before, and each further one with chance *density*;
    a task left without a child then gets one, drawn evenly. Raises `DataError` for an unknown or wrong option.
    """
    given = _checked(options)
    rng = np.random.default_rng(int(given["seed"]))
    prefix = f"{given['label']}_" if given["label"] else ""
    layers, width = int(given["layers"]), int(given["width"])
    names = [[f"{prefix}t{layer}_{i}" for i in range(width)] for layer in range(layers)]
    tasks = [_task(name, given, rng) for row in names for name in row]
    pairs = [*((SOURCE, name) for name in names[0]), *_pairs(names, given["density"], rng)]
    end = f"{prefix}{END}"
    pairs += [*((name, end) for name in names[-1]), (end, SINK)]
    low, high = given["bytes_min"], given["bytes_max"]
    edges = tuple(Edge(producer, consumer, _whole(low, high, rng)) for producer, consumer in pairs)
    graph = TaskGraph(
        name=f"{prefix}layered",
        tasks=(_dummy(SOURCE), *tasks, _dummy(end), _dummy(SINK)),
        edges=edges,
        last=end,
        deadline_s=_rounded(given["slack"] * _critical_work(tasks, edges) / REFERENCE_RATE),
    )
    check_graph(graph)
    return graph


def _checked(options: dict[str, object]) -> dict[str, Any]:
    """All options, the defaults of those that are not given among them."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise unknown("option of layered", name, OPTIONS)
        option = OPTIONS[name]
        if not _fits(option, value):
            raise DataError(f"layered: {name}: expected {option.expected}, got {value!r}")
    given: dict[str, Any] = {name: options.get(name, option.default) for name, option in OPTIONS.items()}
    for low, high in (("work_min", "work_max"), ("bytes_min", "bytes_max")):
        if given[low] > given[high]:
            raise DataError(f"layered: {low}: expected at most {high} = {given[high]}, got {given[low]}")
    if given["label"]:
        check_name(given["label"], "layered: label")
    return given


def _fits(option: Option, value: object) -> bool:
    if isinstance(option.default, str):
        return isinstance(value, str)
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    whole = isinstance(option.default, int)
    return bool(option.least <= value <= option.most and not (whole and value != int(value)))


def _task(name: str, given: dict[str, Any], rng: np.random.Generator) -> Task:
    # The accelerator is drawn in any case, so that `accelerated` changes nothing else.
    work = _whole(given["work_min"], given["work_max"], rng)
    has_one = rng.random() < given["accelerated"]
    accelerator = _accelerator(work, rng)
    return Task(name, work, False, (accelerator,) if has_one else ())


def _accelerator(work: float, rng: np.random.Generator) -> Accelerator:
    cycles = work / REFERENCE_RATE / _log_uniform(*SPEED_UP, rng) * BASE_CLOCK_HZ
    return Accelerator(
        name="IP0",
        cycles=max(1.0, float(round(cycles))),
        base_clock_hz=BASE_CLOCK_HZ,
        energy_j=_rounded(_log_uniform(*ENERGY_J, rng)),
        area_m2=_rounded(_log_uniform(*AREA_M2, rng)),
        unrolls=unrolls_up_to(int(_log_uniform(1, MOST_ITERATIONS, rng))),
        clocks_mhz=CLOCKS_MHZ,
    )


def unrolls_up_to(iterations: int) -> tuple[int, ...]:
    """FARSI's choices for a loop: the powers of two, 16 at most, then the loop's own number of iterations."""
    powers = [1 << i for i in range(16) if 1 << i <= iterations]
    return tuple(powers if powers[-1] == iterations else [*powers, iterations])


def _pairs(names: list[list[str]], density: float, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Edges between the layers, in the order of the producers."""
    for before, after in pairwise(names):
        edge = rng.random((len(before), len(after))) < density
        edge[rng.integers(len(before), size=len(after)), np.arange(len(after))] = True
        child = rng.integers(len(after), size=len(before))
        childless = ~edge.any(axis=1)
        edge[childless, child[childless]] = True
        yield from ((before[i], after[j]) for i, j in np.argwhere(edge))


def _critical_work(tasks: list[Task], edges: tuple[Edge, ...]) -> float:
    """Instructions along the way that has most; *edges* come in the order of the layers."""
    work = {task.name: task.work for task in tasks}
    before: dict[str, float] = {}
    for edge in edges:
        done = before.get(edge.producer, 0.0) + work.get(edge.producer, 0.0)
        before[edge.consumer] = max(before.get(edge.consumer, 0.0), done)
    return before[SINK]


def _log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _whole(low: float, high: float, rng: np.random.Generator) -> float:
    # Whole, and within the bounds: exp(log(x)) may miss x by a bit.
    return float(min(max(round(_log_uniform(low, high, rng)), low), high))


def _rounded(value: float) -> float:
    """To four digits, so that the last bits of a machine's exp do not show."""
    return float(f"{value:.3e}")


def _dummy(name: str) -> Task:
    return Task(name, 0.0, True, ())
