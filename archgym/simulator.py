"""What a simulator is: a pure cost model from designs to metrics.

Equal design and workload give equal metrics in any process and any order. A design that cannot be built or
simulated is a *status* with a message, never an exception, so that a search survives it and a log keeps it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from archgym.space import DesignBatch, DesignSpace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archgym.conformance import ConformanceReport, RowComparison


class Status(IntEnum):
    """What became of one design."""

    OK = 0
    INFEASIBLE = 1
    """The simulator can say that such hardware does not exist or cannot run the workload."""
    FAILED = 2
    """The simulator broke on it (the message has the reason)."""
    TIMEOUT = 3


@dataclass(frozen=True, slots=True)
class Metric:
    """One number a simulator reports."""

    name: str
    """Snake case without the unit: ``latency_avg``."""
    unit: str
    """``ns``, ``W``, ``J``, ``1`` for a ratio, ``count``."""
    better: Literal["lower", "higher", "none"] = "lower"
    doc: str = ""
    """Exactly what it means, in one or two sentences."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What the hardware runs."""

    name: str
    content_hash: str
    """Hex digest of everything outside the design that decides a result: the workload's content and the options the
    simulator was made with. The name does not count."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluations:
    """The results of one batch, row by row in the order of the designs. The arrays are read-only."""

    metrics: NDArray[np.float64]
    """``(n, m)`` in the order of `Simulator.metrics`; NaN in rows that are not OK, and in an OK row for a metric that
    has no value for that design (the latency of writes where nothing is written)."""
    status: NDArray[np.uint8]
    """``(n,)`` of `Status`."""
    messages: Mapping[int, str] = field(default_factory=dict)
    """Row number to reason, for the rows that need one."""

    def __post_init__(self) -> None:
        n = self.status.shape[0]
        if self.metrics.ndim != 2 or self.metrics.shape[0] != n:
            raise ValueError(f"expected metrics of shape ({n}, m) to go with {n} statuses, got {self.metrics.shape}")
        self.metrics.setflags(write=False)
        self.status.setflags(write=False)

    def __len__(self) -> int:
        return int(self.status.shape[0])


@runtime_checkable
class Simulator(Protocol):
    """A cost model for one workload and one design space."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str:
        """Part of every sample: results of two versions never mix."""
        ...

    @property
    def workload(self) -> Workload: ...
    @property
    def space(self) -> DesignSpace: ...
    @property
    def metrics(self) -> tuple[Metric, ...]: ...
    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Same length, same order as *designs*."""
        ...


class ScalarSimulator(ABC):
    """Base for a simulator written for one design at a time: implement `simulate`, inherit the batch."""

    name: str
    version: str
    workload: Workload
    space: DesignSpace
    metrics: tuple[Metric, ...]

    @abstractmethod
    def simulate(self, design: Mapping[str, Any], /) -> Mapping[str, float]:
        """Metrics of one design by name. Raise `Infeasible` for a design that cannot exist."""

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Price a batch row by row; an exception in one row becomes its FAILED status."""
        names = [metric.name for metric in self.metrics]
        values = np.full((len(designs), len(names)), np.nan)
        status = np.zeros(len(designs), np.uint8)
        messages: dict[int, str] = {}
        for row, design in enumerate(designs.designs()):
            try:
                result = self.simulate(design)
                values[row] = [result[name] for name in names]
            except Infeasible as reason:
                status[row], messages[row] = Status.INFEASIBLE, str(reason)
            except Exception as error:
                values[row] = np.nan
                status[row], messages[row] = Status.FAILED, f"{type(error).__name__}: {error}"
        return Evaluations(values, status, messages)


class Infeasible(Exception):
    """Raised by `ScalarSimulator.simulate` for a design that cannot exist; the text is the reason."""


@dataclass(frozen=True, slots=True)
class DetailTable:
    """A table for people about one design."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()
    """Columns of numbers."""


@dataclass(frozen=True, slots=True)
class SimulatorPlugin:
    """What an entry point of the group ``archgym.simulators`` names: how to make a simulator, and with what."""

    name: str
    version: str
    summary: str
    make: Callable[..., Simulator]
    """``make(*, workload: str, space: str, **options)``; `ArchgymError` for a bad name, file or option."""
    workloads: Mapping[str, str]
    """Name to one line; the first is the default. A simulator may also take a file's path as workload."""
    spaces: Mapping[str, str]
    """Name to one line; the first is the default."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Further keyword arguments of `make`, each with one line (and its default)."""
    conform: Mapping[str, Callable[..., ConformanceReport | RowComparison]] = field(default_factory=dict)
    """Conformance suites by name (``dram``): ``conform(golden: Path, /, *, traces, threads, show, progress)``."""
    details: Callable[[Simulator, Mapping[str, Any]], Sequence[DetailTable]] | None = None
    """``details(simulator, design)``: what there is to say about one complete design besides its metrics;
    `ArchgymError` where it has none."""
    pictures: Mapping[str, Callable[..., Figure]] = field(default_factory=dict)
    """Pictures of one complete design by name (``schedule``): ``draw(simulator, design, /, *, dark=False)`` gives a
    matplotlib Figure; *dark* is for a dark page. `ArchgymError` where it cannot be drawn."""
