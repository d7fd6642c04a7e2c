"""The SoC engine: an application, the types it may be built of and budgets, ready to price many designs.

A design's answer is a function of that design alone: batches may be cut, reordered and spread over threads without
changing a bit of it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final

from archgym.simulators.soc import kernel
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import BatchResult, SocBatch
from archgym.simulators.soc.budgets import Budgets
from archgym.simulators.soc.detail import describe
from archgym.simulators.soc.results import SocResult
from archgym.simulators.soc.soc import Soc
from archgym.simulators.soc.status import InvalidSoc, Names, explain
from archgym.simulators.soc.tables import Tables
from archgym.simulators.soc.workspace import Shape, answers_for, graph_of, space_for, types_of

BURST_BYTES: Final = 1024
"""ArchGym's setting of FARSI."""
CHUNK: Final = 128
"""Most designs a thread takes at a time; a call of the kernel holds the interpreter for as long as two designs take."""


class Engine:
    """Prices systems on chip that run *application*, out of the types in *tables*."""

    def __init__(
        self, application: Application, tables: Tables, budgets: Budgets | None = None, burst_bytes: int = BURST_BYTES
    ) -> None:
        if burst_bytes < 1:
            raise ValueError(f"burst_bytes: expected at least 1, got {burst_bytes}")
        self.application = application
        self.tables = tables
        self.budgets = budgets or Budgets()
        self._graph = graph_of(application, self.budgets, burst_bytes)
        self._types = types_of(tables)
        self._lock = Lock()
        self._shape: Shape = (0, 0, 0)
        self._spaces: list[kernel.Space] = []

    def simulate_batch(self, batch: SocBatch, *, threads: int = 1) -> BatchResult:
        """Price every design. Never raises for a bad design: it has a status."""
        if threads < 1:
            raise ValueError(f"threads: expected at least 1, got {threads}")
        self._check_columns(batch)
        n = len(batch)
        answers = self._answers(n)
        if threads == 1:
            self._run(batch, answers, 0, n)
        else:
            with ThreadPoolExecutor(threads) as pool:
                size = min(CHUNK, -(-n // (4 * threads))) or 1
                list(pool.map(lambda at: self._run(batch, answers, at, min(at + size, n)), range(0, n, size)))
        return BatchResult.of(self.application, answers)

    def simulate(self, soc: Soc) -> SocResult:
        """Price one design in full, with the numbers of `simulate_batch`. Raises `InvalidSoc` for a bad one."""
        batch = SocBatch.of([soc], self.application, self.tables)
        answers = self._answers(1)
        space = self._borrow(shape_of(batch))
        kernel.run(self._graph, self._types, designs_of(batch), space, answers, 0, 1)
        result = BatchResult.of(self.application, answers)
        problem = explain(int(result.status[0]), int(result.culprit[0]), self.application, names_of(soc))
        detail = None if problem else describe(soc, self.application, self.tables, batch, result, space)
        self._give_back(space)
        if detail is None:
            raise InvalidSoc(str(problem))
        return detail

    def _run(self, batch: SocBatch, answers: kernel.Answers, first: int, end: int) -> None:
        space = self._borrow(shape_of(batch))
        kernel.run(self._graph, self._types, designs_of(batch), space, answers, first, end)
        self._give_back(space)

    def _borrow(self, shape: Shape) -> kernel.Space:
        """Scratch for designs of *shape*, or larger ones: what an earlier run left, or new."""
        with self._lock:
            if any(new > old for new, old in zip(shape, self._shape, strict=True)):
                pes, mems, buses = (max(pair) for pair in zip(shape, self._shape, strict=True))
                self._shape = pes, mems, buses
                self._spaces = []
            if self._spaces:
                return self._spaces.pop()
            shape = self._shape
        return space_for(self._graph, shape)

    def _give_back(self, space: kernel.Space) -> None:
        """Keep *space* for the next run, unless larger ones are needed by now."""
        with self._lock:
            if space.blocks.shape[0] == sum(self._shape) and space.near_n.shape[0] == self._shape[2]:
                self._spaces.append(space)

    def _answers(self, n: int) -> kernel.Answers:
        return answers_for(n, len(self.application.names), len(self.tables.technology_names))

    def _check_columns(self, batch: SocBatch) -> None:
        for name, expected in (("task_pe", len(self.application.tasks)), ("edge_mem", len(self.application.edges))):
            got = getattr(batch, name).shape[1]
            if got != expected:
                raise ValueError(f"{name}: expected {expected} columns, as the application has, got {got}")


def shape_of(batch: SocBatch) -> Shape:
    return batch.pe_type.shape[1], batch.mem_type.shape[1], batch.bus_type.shape[1]


def designs_of(batch: SocBatch) -> kernel.Designs:
    return kernel.Designs(*(getattr(batch, name) for name in kernel.Designs._fields))


def names_of(soc: Soc) -> Names:
    return Names(
        [block.name for block in soc.processing],
        [block.name for block in soc.memories],
        [block.name for block in soc.buses],
        soc.links,
    )
