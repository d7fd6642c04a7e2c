"""Both plug-ins keep the simulator contract in every space, and with every physics of MAESTRO."""

from __future__ import annotations

from archgym.simulators.accelerator.plugin import PLUGIN
from archgym.simulators.accelerator.plugin.mapping import PLUGIN as MAPPING
from archgym.testing import SimulatorContract


class TestEyeriss(SimulatorContract):
    plugin = PLUGIN
    workload = "keyword_spotting"
    samples = 6


class TestEyerissSmall(SimulatorContract):
    plugin = PLUGIN
    workload = "resnet18/layer4_0_down"
    space = "eyeriss-small"
    samples = 6


class TestEyerissOfArchgym(SimulatorContract):
    plugin = PLUGIN
    workload = "resnet18/layer2_0_down"
    space = "eyeriss-archgym"
    options = {"technology": "accelergy-0.3-archgym", "mapper_objective": "delay"}  # noqa: RUF012 - of the kit
    samples = 6


class TestTimeloopMappings(SimulatorContract):
    plugin = MAPPING


class TestTimeloopMappingsOfAnyKind(SimulatorContract):
    plugin = MAPPING
    workload = "mobilenet_v2/block2_depthwise"
    options = {"architecture": "generic"}  # noqa: RUF012 - of the kit


class TestMaestroMappings(SimulatorContract):
    plugin = MAPPING
    space = "maestro"


class TestMaestroMappingsOfArchgym(SimulatorContract):
    plugin = MAPPING
    space = "maestro"
    workload = "alexnet/conv2"
    options = {"physics": "archgym", "pes": 1024, "l1_bytes": 0, "l2_bytes": 0}  # noqa: RUF012 - of the kit
