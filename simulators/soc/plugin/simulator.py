"""The SoC simulator as archgym sees it: designs in, metrics out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from archgym.simulator import Evaluations, Metric, Status, Workload
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import SocBatch
from archgym.simulators.soc.budgets import Budgets
from archgym.simulators.soc.engine import Engine
from archgym.simulators.soc.library import Library
from archgym.simulators.soc.plugin.limited import LimitedEncoder
from archgym.simulators.soc.plugin.metrics import make_metrics, metric_values
from archgym.simulators.soc.plugin.platform_encoding import PlatformEncoder
from archgym.simulators.soc.results import SocResult
from archgym.simulators.soc.soc import Soc
from archgym.simulators.soc.tables import Tables
from archgym.space import DesignBatch, DesignSpace

if TYPE_CHECKING:
    from archgym.architecture import Architecture

NAME = "soc"
VERSION = "1"
"""Part of every sample. Raise it whenever any result changes."""


class Encoder(Protocol):
    """Translates designs of one space."""

    def encode(self, designs: DesignBatch, /) -> tuple[SocBatch, dict[int, str]]:
        """All rows as arrays, and why some of them describe no system."""
        ...

    def soc(self, design: Mapping[str, Any], /) -> Soc:
        """One complete design with names."""
        ...


class SocSimulator:
    """Simulates systems on chip for one application. *threads* never changes a result."""

    name = NAME
    version = VERSION

    def __init__(
        self,
        workload: Workload,
        space: DesignSpace,
        application: Application,
        library: Library,
        budgets: Budgets,
        burst_bytes: int,
        threads: int = 1,
    ) -> None:
        self.workload, self.space, self.application, self.library = workload, space, application, library
        self.budgets, self.burst_bytes, self.threads = budgets, burst_bytes, threads
        self.tables = Tables.of(application, library)
        self.engine = Engine(application, self.tables, budgets, burst_bytes=burst_bytes)
        self.metrics: tuple[Metric, ...] = make_metrics(application)
        self.encoder: Encoder = (LimitedEncoder if self._limited else PlatformEncoder)(
            space, application, library, self.tables
        )

    @property
    def _limited(self) -> bool:
        return self.space.name == "soc/archgym-limited"

    @cached_property
    def architecture(self) -> Architecture | None:
        """What architecture-aware searchers ask; ArchGym's space has no moves that keep a design valid."""
        if self._limited:
            return None
        from archgym.simulators.soc.plugin.architecture import SocArchitecture

        return SocArchitecture(self)

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Simulate every design; one that describes no working system is infeasible, with the reason."""
        batch, refused = self.encoder.encode(designs)
        result = self.engine.simulate_batch(batch, threads=self.threads)
        values = metric_values(result, self.application, self.tables)
        bad = result.status != 0
        bad[list(refused)] = True
        if not bad.any():
            return Evaluations(values, np.zeros(len(designs), np.uint8))
        values[bad] = np.nan
        status = np.where(bad, np.uint8(Status.INFEASIBLE), np.uint8(Status.OK))
        messages = {row: refused.get(row) or result.reason(row) or "" for row in np.flatnonzero(bad).tolist()}
        return Evaluations(values, status, messages)

    def simulate(self, design: Mapping[str, Any]) -> SocResult:
        """One complete design in full; `InvalidSoc` where it describes no working system."""
        return self.engine.simulate(self.encoder.soc(design))

    def __reduce__(self) -> tuple[Any, ...]:
        """Tables and engine are built again where the simulator is unpickled."""
        parts = (
            self.workload,
            self.space,
            self.application,
            self.library,
            self.budgets,
            self.burst_bytes,
            self.threads,
        )
        return SocSimulator, parts
