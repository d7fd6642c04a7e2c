"""The spaces of accelerators: ArchGym's value for value, and one in which every design runs its workload."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from archgym.errors import ConfigError
from archgym.simulator import Status
from archgym.simulators.accelerator.eyeriss import DEFAULT_POINT, PARAMETERS
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapper.search import MapperOptions, map_layer
from archgym.simulators.accelerator.networks.registry import load_network, network_names
from archgym.simulators.accelerator.plugin import PLUGIN
from archgym.simulators.accelerator.plugin.eyeriss_decoding import ROW_STATIONARY, eyeriss_accelerator
from archgym.simulators.accelerator.plugin.eyeriss_spaces import GLB, eyeriss_space, least_sizes
from archgym.simulators.accelerator.pricing.technology_file import load_technology
from archgym.space import DesignSpace

LAYER = Layer("odd", N=1, C=6, M=4, P=20, Q=10, R=5, S=3, stride_p=2, dilation_q=2)
EYERISS: dict[str, Any] = {
    "columns": 14, "rows": 12, "ifmap_class": "SRAM", "ifmap_depth": 12, "psum_class": "SRAM", "psum_depth": 16,
    "weights_class": "SRAM", "weights_depth": 192, "glb_words": 65536, "glb_block_words": 4, "glb_n_banks": 8,
}  # fmt: skip


def space(name: str, network: str = "resnet18", technology: str = "accelergy-0.4") -> DesignSpace:
    return eyeriss_space(name, load_network(network).layers, load_technology(technology))


def test_archgyms_space_has_its_parameters_values_and_size() -> None:
    found = space("eyeriss-archgym")
    assert {parameter.name: parameter.values for parameter in found.parameters} == dict(PARAMETERS)
    assert found.names == tuple(PARAMETERS)
    assert found.count() == 24 * 3 * (4 * 16 * 3 * 4 * 4) ** 3 * (4 * 16 * 3) * (4 * 7 * 4 * 3 * 4 * 4)
    assert found.constraints == ()


def test_archgyms_default_is_its_point_where_that_is_legal() -> None:
    default = space("eyeriss-archgym").default
    moved = {name: (DEFAULT_POINT[name], value) for name, value in default.items() if value != DEFAULT_POINT[name]}
    assert moved == {"ifmap_depth": (12, 16), "weights_depth": (192, 256)}


def test_the_default_of_eyeriss_is_eyeriss() -> None:
    assert space("eyeriss").default == EYERISS


@pytest.mark.parametrize("network", network_names())
def test_small_spaces_can_be_enumerated(network: str) -> None:
    assert 100 < space("eyeriss-small", network).count() <= 2_592


@pytest.mark.parametrize(("name", "least"), [("rows", 3), ("ifmap_depth", 5), ("weights_depth", 5), ("glb_words", 235)])
def test_what_a_layer_needs_is_just_enough(name: str, least: int) -> None:
    # The shared buffer: ((20 - 1) 2 + 5) rows x (2 x 2 + 1) columns of inputs, and 20 outputs.
    assert least_sizes([LAYER])[name].least == least
    for value, fits in ((least, True), (least - 1, False)):
        design = {**EYERISS, "glb_block_words": 1, "glb_n_banks": 2, name: value}
        made = eyeriss_accelerator({**design, "glb_words": max(design["glb_words"], 1024)}, load_technology())
        if name == "glb_words":
            made = replace(made, levels=tuple(
                replace(level, capacity_words=value) if level.name == "shared_glb" else level for level in made.levels
            ))  # fmt: skip
        assert map_layer(made, LAYER, ROW_STATIONARY, MapperOptions()).valid == fits


@pytest.mark.parametrize("network", ["alexnet", "keyword_spotting", "mixed"])
def test_no_size_is_offered_that_a_layer_cannot_use(network: str) -> None:
    found, layers = space("eyeriss", network), load_network(network).layers
    smallest = {parameter.name: parameter.values[0] for parameter in found.parameters}
    assert smallest["rows"] >= max(layer.S for layer in layers)
    assert smallest["weights_depth"] >= max(layer.R for layer in layers)
    tightest = max(layers, key=lambda layer: (layer.P - 1) * layer.stride_p * layer.S)
    made = PLUGIN.make(workload=f"{network}/{tightest.name}", space="eyeriss")
    priced = made.evaluate(made.space.from_designs([{**made.space.default, **smallest}]))
    assert priced.status[0] == Status.OK


@pytest.mark.parametrize(
    ("workload", "technology"),
    [("resnet18/layer3_0_down", "accelergy-0.4"), ("alexnet/conv1", "accelergy-0.4-22nm"),
     ("mobilenet_v2/block7_depthwise", "accelergy-0.3-archgym")],
)  # fmt: skip
def test_every_design_of_eyeriss_runs(workload: str, technology: str) -> None:
    made = PLUGIN.make(workload=workload, space="eyeriss", technology=technology)
    results = made.evaluate(made.space.sample(100, np.random.default_rng(0)))
    assert results.messages == {}


def test_memories_without_a_price_are_excluded() -> None:
    found = space("eyeriss", technology="accelergy-0.3-archgym")
    [priced] = found.constraints
    assert priced.scope == GLB
    assert not any("price" in reason for reason in found.why_invalid(found.default))
    assert 0 < found.count() < found.size


def test_a_technology_without_register_files_has_none_in_its_space() -> None:
    found = {
        parameter.name: parameter.values for parameter in space("eyeriss", technology="accelergy-0.4-22nm").parameters
    }
    assert found["psum_class"] == ("SRAM",)


def test_the_level_of_wires_costs_nothing() -> None:
    made = eyeriss_accelerator(EYERISS, load_technology())
    wires = next(level for level in made.levels if level.name == "columns")
    assert (wires.area_um2, wires.leak_pj, wires.keeps) == (0.0, 0.0, frozenset())


def test_banks_set_the_bandwidth_of_the_shared_buffer() -> None:
    made = eyeriss_accelerator({**EYERISS, "glb_n_banks": 4, "glb_block_words": 8}, load_technology())
    glb = next(level for level in made.levels if level.name == "shared_glb")
    assert glb.read_bandwidth == glb.write_bandwidth == 4 * 8 / 2
    assert glb.capacity_words == 65536


def test_a_layer_that_no_design_can_run_is_named() -> None:
    huge = Layer("huge", N=1, C=1, M=1, P=4, Q=4, R=3, S=40)
    with pytest.raises(ConfigError, match="rows: layer 'huge' needs 40 or more, the largest value is 32"):
        eyeriss_space("eyeriss", [huge], load_technology())
