"""The accelerator simulator as a plug-in: spaces, metrics, workloads and options, translated for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archgym.errors import ConfigError, UnknownName
from archgym.simulator import SimulatorPlugin, Workload
from archgym.simulators.accelerator.networks.registry import SHIPPED
from archgym.simulators.accelerator.plugin.conformance import maestro, timeloop
from archgym.simulators.accelerator.plugin.eyeriss_spaces import ARCHGYM, SPACES
from archgym.simulators.accelerator.plugin.looking import details, hierarchy

DEFAULT_WORKLOAD = "resnet18"
MAPPER_EVALUATIONS = 2000
OPTIONS = {
    "technology": "Prices of components: accelergy-0.4 (default), accelergy-0.3-archgym, … or a YAML file.",
    "mapper_evaluations": f"Valid mappings that the mapper prices for each layer (default {MAPPER_EVALUATIONS}); map "
    "spaces that are small enough are searched completely instead.",
    "mapper_seed": "Seed of the mapper (default 0).",
    "mapper_objective": "What the mapper minimises layer by layer: edp (default), energy, delay or ed2p.",
    "dram_bandwidth": "Words of 16 bits a cycle each way, or unlimited (default 16; in eyeriss-archgym unlimited).",
    "batch": "Samples that are computed at once (default 1).",
    "dims": "Sizes of symbolic dimensions of an ONNX file, as {sequence: 128}.",
    "threads": "Threads for a batch of designs; never changes a result (default 1).",
}


def make(
    *,
    workload: str,
    space: str,
    technology: str = "accelergy-0.4",
    mapper_evaluations: int = MAPPER_EVALUATIONS,
    mapper_seed: int = 0,
    mapper_objective: str = "edp",
    dram_bandwidth: float | str | None = None,
    batch: int = 1,
    dims: Mapping[str, Any] | None = None,
    threads: int = 1,
) -> Any:
    """An `AcceleratorSimulator`; `ConfigError` for whatever is wrong with names, files and values."""
    from archgym.simulators.accelerator.data_error import DataError
    from archgym.simulators.accelerator.mapper.search import MapperOptions
    from archgym.simulators.accelerator.plugin.eyeriss_decoding import DRAM_BANDWIDTH
    from archgym.simulators.accelerator.plugin.eyeriss_spaces import eyeriss_space
    from archgym.simulators.accelerator.plugin.options import (
        bandwidth_of,
        expect_whole,
        technology_content,
        technology_of,
    )
    from archgym.simulators.accelerator.plugin.simulator import AcceleratorSimulator
    from archgym.simulators.accelerator.plugin.workload import content_hash, load_workload, network_content

    if space not in SPACES:
        raise UnknownName("simulator 'accelerator': space", space, SPACES)
    expect_whole("accelerator", threads=threads)
    usual = None if space == ARCHGYM else DRAM_BANDWIDTH
    bandwidth = bandwidth_of("accelerator", "dram_bandwidth", dram_bandwidth, usual)
    network, prices = load_workload(str(workload), batch, dims), technology_of(technology)
    try:
        options = MapperOptions(mapper_evaluations, mapper_seed, mapper_objective)
    except DataError as error:
        raise ConfigError(f"simulator 'accelerator': {error}") from None
    made = eyeriss_space(space, network.layers, prices)
    content = content_hash(network_content(network), technology_content(prices), options, bandwidth)
    return AcceleratorSimulator(Workload(network.name, content), made, network, prices, options, bandwidth, threads)


def _workloads() -> dict[str, str]:
    """The networks, the default one first."""
    return {DEFAULT_WORKLOAD: SHIPPED[DEFAULT_WORKLOAD], **SHIPPED}


PLUGIN = SimulatorPlugin(
    name="accelerator",
    version="1",
    summary="An accelerator of neural networks: Timeloop's and Accelergy's answers, with the best mappings.",
    make=make,
    workloads=_workloads(),
    spaces=SPACES,
    options=OPTIONS,
    conform={"accelerator": timeloop, "accelerator-mapping": maestro},
    details=details,
    pictures={"hierarchy": hierarchy},
)
