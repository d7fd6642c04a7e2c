"""The toy simulator as a plug-in: its design space, its metrics and their units."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import ConfigError, UnknownName
from archgym.simulator import Evaluations, Metric, Simulator, SimulatorPlugin, Status, Workload
from archgym.simulators.toy import engine
from archgym.space import Categorical, DesignBatch, DesignSpace, Integer, Ordinal, Predicate

NAME, VERSION = "toy", "1"
PAGE_KIB = 4
STATUS_OF_LATE = np.array([Status.OK, Status.INFEASIBLE], np.uint8)

METRICS = (
    Metric("latency", "ns", "lower", "Average time of a memory access."),
    Metric("energy", "nJ", "lower", "Average energy of a memory access, leakage included."),
    Metric("area", "mm2", "lower", "Area of both caches and the prefetcher."),
    Metric("hit_rate", "1", "higher", "Fraction of the accesses that do not wait for the memory."),
)
WORKLOADS = {
    "pointer_chase": "Dependent loads with little locality: every miss is waited for.",
    "stream": "Walks through arrays once: long lines and prefetching pay.",
}
SPACES = {
    "default": "Every knob: 14 580 valid designs.",
    "small": "L1Size, L2Size and Frequency with few values each, the rest fixed: 24 designs.",
}
OPTIONS = {"memory_ns": f"Latency of the memory behind the caches, ns (default {engine.MEMORY_NS:g})."}


def fits_in_page(design: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """A way no larger than a page, so that the cache can be indexed before the address is translated."""
    fits: NDArray[np.bool_] = design["L1Size"] <= PAGE_KIB * design["L1Ways"]
    return fits


def design_space() -> DesignSpace:
    """Two cache levels, their line, policies and clock."""
    return DesignSpace(
        (
            Ordinal(
                "L1Size", (8, 16, 32, 64), unit="KiB", doc="Capacity of the first level.", default=32, group="caches"
            ),
            Ordinal(
                "L1Ways", (1, 2, 4, 8, 16), unit="1", doc="Associativity of the first level.", default=8, group="caches"
            ),
            Ordinal(
                "L2Size",
                (64, 128, 256, 512, 1024, 2048),
                unit="KiB",
                doc="Capacity of the second level (8 ways).",
                default=512,
                group="caches",
            ),
            Ordinal("LineSize", (32, 64, 128), unit="B", doc="Cache line of both levels.", default=64, group="caches"),
            Categorical(
                "Replacement",
                ("LRU", "PLRU", "Random"),
                doc="Which line leaves a full set.",
                default="LRU",
                group="policies",
            ),
            Categorical(
                "Prefetcher",
                ("None", "NextLine", "Stride"),
                doc="What is fetched ahead.",
                default="None",
                group="policies",
            ),
            Integer(
                "Frequency",
                1000,
                3000,
                step=250,
                unit="MHz",
                doc="Clock; the voltage follows.",
                default=2000,
                group="clock",
            ),
        ),
        constraints=(Predicate("fits_in_page", ("L1Size", "L1Ways"), fits_in_page, doc=fits_in_page.__doc__ or ""),),
        name=NAME,
    )


@dataclass(frozen=True, eq=False)
class ToySimulator:
    """Prices cache hierarchies for one program."""

    workload: Workload
    space: DesignSpace
    program: engine.Program
    memory_ns: float = engine.MEMORY_NS
    name: str = NAME
    version: str = VERSION
    metrics: tuple[Metric, ...] = METRICS

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        """One vectorised pass over the batch; INFEASIBLE where the first level misses its deadline."""
        columns = designs.columns()
        prices = engine.price(columns, self.program, self.memory_ns)
        metrics = np.array([prices.latency_ns, prices.energy_nj, prices.area_mm2, prices.hit_rate]).T.copy()
        late = prices.l1_cycles > engine.L1_CYCLES
        metrics[late] = np.nan
        messages = {
            int(row): f"the first-level cache needs {prices.l1_cycles[row]:.0f} cycles at "
            f"{columns['Frequency'][row]} MHz, the pipeline gives it {engine.L1_CYCLES}"
            for row in np.flatnonzero(late)
        }
        return Evaluations(metrics, STATUS_OF_LATE[late.view(np.uint8)], messages)


def make(*, workload: str = "pointer_chase", space: str = "default", memory_ns: float = engine.MEMORY_NS) -> Simulator:
    """The simulator for one workload and space; `ConfigError` for an unknown name or a bad option."""
    if workload not in engine.PROGRAMS:
        raise UnknownName("toy workload", workload, WORKLOADS)
    if space not in SPACES:
        raise UnknownName("toy space", space, SPACES)
    if isinstance(memory_ns, bool) or not isinstance(memory_ns, int | float) or not 0 < memory_ns < np.inf:
        raise ConfigError(f"toy option memory_ns: expected a positive number of ns, got {memory_ns!r}")
    program = engine.PROGRAMS[workload]
    definition = json.dumps([dataclasses.asdict(program), float(memory_ns)], sort_keys=True)
    content_hash = hashlib.sha256(definition.encode()).hexdigest()[:16]
    designs = design_space()
    if space == "small":
        designs = designs.restrict(
            L1Size=[16, 32],
            L1Ways=[8],
            L2Size=[128, 512, 2048],
            LineSize=[64],
            Replacement=["LRU"],
            Prefetcher=["None"],
            Frequency=[1500, 2000, 2500, 3000],
        )
    return ToySimulator(Workload(workload, content_hash), designs, program, float(memory_ns))


PLUGIN = SimulatorPlugin(NAME, VERSION, "A two-level cache in closed form", make, WORKLOADS, SPACES, OPTIONS)
