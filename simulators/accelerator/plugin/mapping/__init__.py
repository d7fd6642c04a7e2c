"""Mappings of one layer as a plug-in: what Timeloop's and MAESTRO's mappers search."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archgym.errors import ConfigError, UnknownName
from archgym.simulator import SimulatorPlugin, Workload
from archgym.simulators.accelerator.plugin.mapping.looking import details, hierarchy

WORKLOADS = {
    "resnet18/layer1_0_conv1": "ResNet-18, 3 x 3, 64 to 64 channels, 56 x 56: 116 M multiplications",
    "resnet18/conv1": "ResNet-18, 7 x 7 with stride 2, 3 to 64 channels: 118 M multiplications",
    "resnet18/layer4_0_conv2": "ResNet-18, 3 x 3, 512 to 512 channels, 7 x 7: 116 M multiplications",
    "mobilenet_v2/block2_depthwise": "MobileNet-V2, depthwise with stride 2, 96 channels: 2.7 M multiplications",
    "bert_base/ffn1": "BERT-base, 512 x 768 times 768 x 3072: 1.2 G multiplications",
}
TIMELOOP, MAESTRO = "timeloop", "maestro"
SPACES = {
    TIMELOOP: "Factors, loop orders and what each level holds, on a fixed accelerator.",
    MAESTRO: "Two levels of tiles, orders and parallel dimensions, and a cluster size, on a fixed array.",
}
PHYSICS = {
    "corrected": "MAESTRO's machine without its defects",
    "reference": "MAESTRO 4eb08d1, defects and all",
    "archgym": "MAESTRO e1d8efd, which ArchGym builds",
}
OPTIONS = {
    "architecture": "Space timeloop: eyeriss (default), generic, two_level, or a YAML file.",
    "technology": "Space timeloop: accelergy-0.4 (default), accelergy-0.3-archgym, … or a YAML file.",
    "physics": "Space maestro: corrected (default), reference (with its defects) or archgym (its older revision).",
    "pes": "Space maestro: processing elements (default 256).",
    "noc_bandwidth": "Space maestro: elements a cycle of the network on the chip (default 64).",
    "offchip_bandwidth": "Space maestro: elements a cycle to DRAM (default 16).",
    "l1_bytes": "Space maestro: buffer of an element in bytes (default 2048; 0 is unlimited).",
    "l2_bytes": "Space maestro: shared buffer in bytes (default 262144; 0 is unlimited).",
    "dims": "Sizes of symbolic dimensions of an ONNX file, as {sequence: 128}.",
    "threads": "Threads for a batch of designs; never changes a result (default 1).",
}
_OF_TIMELOOP = ("architecture", "technology")
_OF_MAESTRO = ("physics", "pes", "noc_bandwidth", "offchip_bandwidth", "l1_bytes", "l2_bytes")


def make(*, workload: str, space: str, dims: Mapping[str, Any] | None = None, threads: int = 1, **options: Any) -> Any:
    """A `TimeloopMappingSimulator` or a `MaestroMappingSimulator`; `ConfigError` for whatever is wrong with names,
    files and values, and for an option of the other space."""
    from archgym.simulators.accelerator.plugin.options import expect_whole

    if space not in SPACES:
        raise UnknownName("simulator 'mapping': space", space, SPACES)
    own, other = (_OF_TIMELOOP, _OF_MAESTRO) if space == TIMELOOP else (_OF_MAESTRO, _OF_TIMELOOP)
    for name in options:
        if name in other:
            raise ConfigError(f"simulator 'mapping': option {name!r} is of the other space; leave it out of {space!r}")
        if name not in own:
            raise UnknownName("simulator 'mapping': option", name, OPTIONS)
    expect_whole("mapping", threads=threads)
    return (_timeloop if space == TIMELOOP else _maestro)(str(workload), dims, threads, **options)


def _timeloop(
    workload: str,
    dims: Mapping[str, Any] | None,
    threads: int,
    architecture: str = "eyeriss",
    technology: str = "accelergy-0.4",
) -> Any:
    from archgym.simulators.accelerator.data_error import DataError
    from archgym.simulators.accelerator.plugin.mapping.architecture_file import load_target
    from archgym.simulators.accelerator.plugin.mapping.timeloop_simulator import TimeloopMappingSimulator
    from archgym.simulators.accelerator.plugin.options import technology_of
    from archgym.simulators.accelerator.plugin.workload import content_hash, the_layer

    layer, prices = the_layer(workload, dims=dims), technology_of(technology)
    try:
        target = load_target(str(architecture), prices)
        content = content_hash(layer.key, target.architecture.key)
        return TimeloopMappingSimulator(Workload(workload, content), target, layer, threads)
    except (DataError, OSError) as error:
        raise ConfigError(str(error)) from None


def _maestro(
    workload: str,
    dims: Mapping[str, Any] | None,
    threads: int,
    physics: str = "corrected",
    pes: int = 256,
    noc_bandwidth: int = 64,
    offchip_bandwidth: int = 16,
    l1_bytes: int = 2048,
    l2_bytes: int = 262144,
) -> Any:
    from archgym.simulators.accelerator.data_error import DataError
    from archgym.simulators.accelerator.maestro.hardware import Hardware
    from archgym.simulators.accelerator.maestro.physics import Physics
    from archgym.simulators.accelerator.plugin.mapping.maestro_simulator import MaestroMappingSimulator
    from archgym.simulators.accelerator.plugin.options import expect, expect_whole
    from archgym.simulators.accelerator.plugin.workload import content_hash, the_layer

    if physics not in PHYSICS:
        raise UnknownName("simulator 'mapping': physics", str(physics), PHYSICS)
    expect_whole("mapping", pes=pes, noc_bandwidth=noc_bandwidth, offchip_bandwidth=offchip_bandwidth)
    for name, size in (("l1_bytes", l1_bytes), ("l2_bytes", l2_bytes)):
        expect("mapping", name, size, "bytes, or 0 for no limit", type(size) is int and size >= 0)
    chosen: Physics = getattr(Physics, physics)()
    layer = the_layer(workload, dims=dims)
    try:
        hardware = Hardware(pes, noc_bandwidth, offchip_bandwidth, l1_bytes or None, l2_bytes or None)
        content = content_hash(layer.key, hardware, sorted(chosen.defects), chosen.revision)
        return MaestroMappingSimulator(Workload(workload, content), layer, hardware, chosen, threads)
    except DataError as error:
        raise ConfigError(str(error)) from None


PLUGIN = SimulatorPlugin(
    name="mapping",
    version="1",
    summary="Mappings of one layer of a neural network on a fixed accelerator: Timeloop's and MAESTRO's answers.",
    make=make,
    workloads=WORKLOADS,
    spaces=SPACES,
    options=OPTIONS,
    details=details,
    pictures={"hierarchy": hierarchy},
)
