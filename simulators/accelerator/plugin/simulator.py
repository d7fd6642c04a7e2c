"""The accelerator simulator as archgym sees it: designs in, metrics out. Each design gets its best mappings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from archgym.simulator import Evaluations, Status, Workload
from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.eyeriss import EYERISS_CONSTRAINTS
from archgym.simulators.accelerator.mapper.search import MapperOptions, MapResult
from archgym.simulators.accelerator.networks.network import Network
from archgym.simulators.accelerator.plugin.eyeriss_decoding import (
    ROW_STATIONARY,
    archgym_accelerator,
    eyeriss_accelerator,
    with_dram_bandwidth,
)
from archgym.simulators.accelerator.plugin.eyeriss_spaces import ARCHGYM
from archgym.simulators.accelerator.plugin.layer_costs import LayerCosts
from archgym.simulators.accelerator.plugin.metrics import METRICS, metric_row
from archgym.simulators.accelerator.pricing.technology import Technology
from archgym.space import DesignBatch, DesignSpace

NAME: Final = "accelerator"
VERSION: Final = "1"
"""Part of every sample. Raise it whenever any result changes."""


_A_LAYER: Final = re.compile(r"^layer '[^']*': ")


class AcceleratorSimulator:
    """Prices Eyeriss-like accelerators for one workload. *threads* never changes a result."""

    name = NAME
    version = VERSION
    metrics = METRICS

    def __init__(
        self,
        workload: Workload,
        space: DesignSpace,
        network: Network,
        technology: Technology,
        options: MapperOptions,
        dram_bandwidth: float | None,
        threads: int = 1,
    ) -> None:
        self.workload, self.space, self.network, self.technology = workload, space, network, technology
        self.options, self.dram_bandwidth, self.threads = options, dram_bandwidth, threads
        self._archgym = space.name == f"accelerator/{ARCHGYM}"
        self.constraints = EYERISS_CONSTRAINTS if self._archgym else ROW_STATIONARY
        self._costs = LayerCosts(network.layers, self.constraints, options)

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Map and price every design; one without a price or without a mapping is infeasible, with the reason."""
        made: list[Architecture | None] = []
        messages: dict[int, str] = {}
        for row, design in enumerate(designs.designs()):
            try:
                made.append(self.architecture_of(design))
            except DataError as error:
                made.append(None)
                messages[row] = str(error)
        costs = iter(self._costs.of([one for one in made if one is not None], self.threads))
        values = np.full((len(designs), len(METRICS)), np.nan)
        for row, one in enumerate(made):
            if one is None:
                continue
            found = next(costs)
            if reason := self._refusal(found):
                messages[row] = reason
            else:
                values[row] = metric_row(one, self.network.layers, found)
        status = np.zeros(len(designs), np.uint8)
        status[list(messages)] = Status.INFEASIBLE
        return Evaluations(values, status, messages)

    def architecture_of(self, design: Mapping[str, Any]) -> Architecture:
        """What one complete design describes; `DataError` where a part of it has no price."""
        make = archgym_accelerator if self._archgym else eyeriss_accelerator
        return with_dram_bandwidth(make(design, self.technology), self.dram_bandwidth)

    def mapped(self, design: Mapping[str, Any]) -> tuple[Architecture, list[MapResult]]:
        """One complete design with the costs of its layers, each of one occurrence; `DataError` with the reason why
        it cannot run the workload."""
        architecture = self.architecture_of(design)
        [found] = self._costs.of([architecture], self.threads)
        if reason := self._refusal(found):
            raise DataError(reason)
        return architecture, found

    def _refusal(self, costs: list[MapResult]) -> str | None:
        """Why a design cannot run the workload: its first layer without a mapping."""
        for layer, cost in zip(self.network.layers, costs, strict=True):
            if cost.reason is not None:
                # Equal layers share a result, which may say another one's name.
                return f"layer {layer.name!r} has no mapping: {_A_LAYER.sub('', cost.reason)}"
        return None

    def __reduce__(self) -> tuple[Any, ...]:
        """Caches stay behind; a technology is a frozen value."""
        parts = (self.workload, self.space, self.network, self.technology, self.options, self.dram_bandwidth)
        return AcceleratorSimulator, (*parts, self.threads)
