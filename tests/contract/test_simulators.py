"""Every installed simulator keeps the simulator contract."""

from __future__ import annotations

from archgym.registry import simulator_names, simulator_plugin
from archgym.testing import SimulatorContract

for _name in simulator_names():  # a plug-in that cannot be loaded fails its own tests, not the collection
    _label = f"Test_{_name}"
    globals()[_label] = type(_label, (SimulatorContract,), {"plugin": _name, "__module__": __name__})


class TestToyStream(SimulatorContract):
    plugin = "toy"
    workload = "stream"


class TestToySmall(SimulatorContract):
    plugin = "toy"
    space = "small"
    options = {"memory_ns": 90.0}  # noqa: RUF012 - a class variable of the kit


def test_toy_workloads_have_different_hashes() -> None:
    plugin = simulator_plugin("toy")
    hashes = {plugin.make(workload=name, space="default").workload.content_hash for name in plugin.workloads}
    assert len(hashes) == len(plugin.workloads)
