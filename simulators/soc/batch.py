"""Many designs as arrays, and what the engine says about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.kernel import ROW, Answers
from archgym.simulators.soc.soc import Soc
from archgym.simulators.soc.soc_names import wrong_name
from archgym.simulators.soc.status import InvalidSoc, explain
from archgym.simulators.soc.tables import Tables

ABSENT = -1


@dataclass(frozen=True, slots=True, eq=False)
class SocBatch:
    """n designs of up to P processing elements, M memories, B buses and L links; int32, -1 for what is absent.

    The order of elements, then links, then memories, is the order in which they are connected. Raises `ValueError`
    where shapes do not agree; what is wrong with a single design is a status of the result.
    """

    pe_type: NDArray[np.int32]
    """``(n, P)`` index into `Tables.pe_names`."""
    pe_bus: NDArray[np.int32]
    """``(n, P)`` index of the bus; ignored for an absent element."""
    mem_type: NDArray[np.int32]
    """``(n, M)``"""
    mem_bus: NDArray[np.int32]
    """``(n, M)``"""
    bus_type: NDArray[np.int32]
    """``(n, B)``"""
    links: NDArray[np.int32]
    """``(n, L, 2)`` pairs of buses, undirected; (-1, -1) for none."""
    task_pe: NDArray[np.int32]
    """``(n, T)`` index of the element that runs the task."""
    edge_mem: NDArray[np.int32]
    """``(n, E)`` index of the memory that holds the edge's data."""

    def __post_init__(self) -> None:
        n = self.pe_type.shape[:1]
        for field in fields(self):
            value: NDArray[np.int32] = getattr(self, field.name)
            expected = n + (value.shape[1:3] if field.name == "links" else value.shape[1:2])
            if (
                value.dtype != np.int32
                or value.shape != expected
                or (field.name == "links" and value.shape[2:] != (2,))
            ):
                shape = f"{n} + (L, 2)" if field.name == "links" else f"{n} + (columns,)"
                raise ValueError(f"{field.name}: expected int32 of shape {shape}, got {value.dtype} of {value.shape}")
            object.__setattr__(self, field.name, np.ascontiguousarray(value))
        for first, second in (("pe_type", "pe_bus"), ("mem_type", "mem_bus")):
            if getattr(self, first).shape != getattr(self, second).shape:
                raise ValueError(f"{second}: expected the shape of {first}, {getattr(self, first).shape}")

    def __len__(self) -> int:
        return int(self.pe_type.shape[0])

    @classmethod
    def of(cls, socs: Sequence[Soc], application: Application, tables: Tables) -> SocBatch:
        """*socs* in their order. Raises `InvalidSoc` for one with a name that means nothing, naming its position."""
        for i, soc in enumerate(socs):
            problem = wrong_name(soc, application, tables)
            if problem:
                raise InvalidSoc(problem if len(socs) == 1 else f"design {i}: {problem}")
        n = len(socs)
        batch = cls(
            pe_type=_empty(n, max((len(soc.processing) for soc in socs), default=0)),
            pe_bus=_empty(n, max((len(soc.processing) for soc in socs), default=0)),
            mem_type=_empty(n, max((len(soc.memories) for soc in socs), default=0)),
            mem_bus=_empty(n, max((len(soc.memories) for soc in socs), default=0)),
            bus_type=_empty(n, max((len(soc.buses) for soc in socs), default=0)),
            links=_empty(n, max((len(soc.links) for soc in socs), default=0), 2),
            task_pe=_empty(n, len(application.tasks)),
            edge_mem=_empty(n, len(application.edges)),
        )
        index = _Index(application, tables)
        for i, soc in enumerate(socs):
            _fill(batch, i, soc, index)
        return batch


@dataclass(frozen=True, slots=True, eq=False)
class BatchResult:
    """A row per design, in the order of the batch. Rows whose status is not 0 hold NaN."""

    application: Application
    latency: NDArray[np.float64]
    """``(n, W)`` s, finish time of each workload's last task."""
    energy: NDArray[np.float64]
    """``(n,)`` J."""
    power: NDArray[np.float64]
    """``(n,)`` W, largest mean power of the windows of 10 ms or more."""
    area: NDArray[np.float64]
    """``(n,)`` m2."""
    area_by_kind: NDArray[np.float64]
    """``(n, 2 + K)`` m2 of processors, of accelerators, and of each technology of memory."""
    development_cost: NDArray[np.float64]
    """``(n,)``"""
    distance: NDArray[np.float64]
    """``(n,)`` sum of relative distances to the budgets that are missed (FARSI's mode "eliminate")."""
    distance_simple: NDArray[np.float64]
    """``(n,)`` sum of all relative distances, absolute (FARSI's mode "simple")."""
    meets_budgets: NDArray[np.bool_]
    peak_bytes: NDArray[np.float64]
    """``(n,)`` the most that each memory holds at a time, summed over memories."""
    status: NDArray[np.uint8]
    """``(n,)`` a `status.Status`."""
    culprit: NDArray[np.int32]
    """``(n,)`` index of the block, task or edge that *status* is about."""

    @classmethod
    def of(cls, application: Application, answers: Answers) -> BatchResult:
        """What the kernel wrote, a column per quantity."""
        columns = {name: np.ascontiguousarray(answers.rows[name]) for name in ROW.names or ()}
        return cls(application, latency=answers.latency, area_by_kind=answers.area_by_kind, **columns)

    def reason(self, i: int) -> str | None:
        """What is wrong with design *i*, in one line that calls blocks by their index; None if nothing is."""
        return explain(int(self.status[i]), int(self.culprit[i]), self.application)


class _Index:
    def __init__(self, application: Application, tables: Tables) -> None:
        self.pe, self.mem, self.bus = map(_places, (tables.pe_names, tables.mem_names, tables.bus_names))
        self.tasks = [task.name for task in application.tasks]
        self.edges = [(edge.producer, edge.consumer) for edge in application.edges]


def _places(names: Sequence[str]) -> dict[str, int]:
    return {name: i for i, name in enumerate(names)}


def _empty(*shape: int) -> NDArray[np.int32]:
    return np.full(shape, ABSENT, np.int32)


def _fill(batch: SocBatch, i: int, soc: Soc, index: _Index) -> None:
    pes = _places([block.name for block in soc.processing])
    mems = _places([block.name for block in soc.memories])
    buses = _places([block.name for block in soc.buses])
    batch.pe_type[i, : len(pes)] = [index.pe[block.type] for block in soc.processing]
    batch.pe_bus[i, : len(pes)] = [buses[block.bus] for block in soc.processing]
    batch.mem_type[i, : len(mems)] = [index.mem[block.type] for block in soc.memories]
    batch.mem_bus[i, : len(mems)] = [buses[block.bus] for block in soc.memories]
    batch.bus_type[i, : len(buses)] = [index.bus[block.type] for block in soc.buses]
    if soc.links:
        batch.links[i, : len(soc.links)] = [(buses[a], buses[b]) for a, b in soc.links]
    batch.task_pe[i] = [pes[soc.task_on[task]] for task in index.tasks]
    batch.edge_mem[i] = [mems[soc.data_in[edge]] for edge in index.edges]
