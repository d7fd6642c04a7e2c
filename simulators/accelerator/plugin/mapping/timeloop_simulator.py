"""Mappings of one layer on one accelerator, priced as Timeloop does: designs in, metrics out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from archgym.simulator import Evaluations, Metric, Status, Workload
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapping import Mapping as LoopNest
from archgym.simulators.accelerator.plugin.mapping.architecture_file import Target
from archgym.simulators.accelerator.plugin.mapping.timeloop_space import map_space
from archgym.simulators.accelerator.plugin.units import CLOCK_HZ, J_PER_PJ
from archgym.simulators.accelerator.results import NestResult
from archgym.space import DesignBatch

NAME: Final = "mapping"
VERSION: Final = "1"
"""Part of every sample. Raise it whenever any result changes."""


class TimeloopMappingSimulator:
    """Prices mappings of one occurrence of a layer. *threads* never changes a result."""

    name = NAME
    version = VERSION

    def __init__(self, workload: Workload, target: Target, layer: Layer, threads: int = 1) -> None:
        self.workload, self.target, self.layer, self.threads = workload, target, layer, threads
        self._maps = map_space(target, layer)
        self.space = self._maps.space
        self._engine = Engine(target.architecture, layer)
        self.metrics = _metrics(target)

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """Price every mapping; one that does not fit a buffer is infeasible: the level, and by how much."""
        batch = self._maps.batch(designs)
        result = self._engine.evaluate(batch, threads=self.threads, counts=True)
        if result.counts is None:  # they were asked for
            raise RuntimeError("the engine gave no counts")
        valid = result.valid
        latency = result.cycles / CLOCK_HZ
        energy = result.energy_pj * J_PER_PJ
        held = result.counts[:, 1:, :, 0].sum(axis=2)  # words of the tiles in one instance, without DRAM
        buffers = self._buffers()
        columns = [energy, latency, result.cycles, energy * latency, result.utilization]
        columns += [result.component_pj[:, i] * J_PER_PJ for i in (0, *buffers, -1)]
        columns += [held[:, i - 1] for i in buffers]
        values = np.column_stack(columns).astype(np.float64)
        values[~valid] = np.nan
        status = np.where(valid, np.uint8(Status.OK), np.uint8(Status.INFEASIBLE))
        messages = {row: result.reason(row) or "" for row in np.flatnonzero(~valid).tolist()}
        return Evaluations(values, status, messages)

    def explain(self, design: Mapping[str, Any]) -> tuple[LoopNest, NestResult]:
        """One complete design as a loop nest, and everything about it, or why it does not fit."""
        nest = self._maps.batch(self.space.from_designs([design])).mapping(0)
        return nest, self._engine.explain(nest)

    def _buffers(self) -> list[int]:
        """The levels that may hold something, without DRAM."""
        return [i for i, level in enumerate(self.target.architecture.levels) if i and level.keeps]

    def __reduce__(self) -> tuple[Any, ...]:
        """Space and engine are built again where the simulator is unpickled."""
        return TimeloopMappingSimulator, (self.workload, self.target, self.layer, self.threads)


def _metrics(target: Target) -> tuple[Metric, ...]:
    buffers = [level.name for level in target.architecture.levels[1:] if level.keeps]
    energies = [Metric(f"energy_{name}", "J", "lower", f"Accesses to {name}, and its leakage.") for name in buffers]
    words = [Metric(f"words_{name}", "words", "none", f"Words that an instance of {name} holds.") for name in buffers]
    return (
        Metric("energy", "J", "lower", "One occurrence of the layer, with leakage."),
        Metric("latency", "s", "lower", "One occurrence of the layer, at 1 GHz."),
        Metric("cycles", "cycles", "lower", "The same in clock cycles: of the slowest level."),
        Metric("edp", "J s", "lower", "Energy x latency."),
        Metric("utilization", "1", "higher", "Multiplications per multiplier and cycle."),
        Metric("energy_dram", "J", "lower", "Accesses to DRAM."),
        *energies,
        Metric("energy_mac", "J", "none", "Multiplications: the same for every mapping."),
        *words,
    )
