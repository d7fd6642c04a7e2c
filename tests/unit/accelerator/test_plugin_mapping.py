"""The mapping simulator: designs are the mappings that they say, and the best of a space is what the mapper proves."""

from __future__ import annotations

import pickle
import re
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.errors import ConfigError
from archgym.simulator import Status
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.layer import DIMS, Layer
from archgym.simulators.accelerator.maestro.dataflow import Dataflow
from archgym.simulators.accelerator.maestro.model import evaluate
from archgym.simulators.accelerator.mapper.search import MapperOptions, map_layer
from archgym.simulators.accelerator.plugin.mapping import PLUGIN
from archgym.simulators.accelerator.plugin.mapping.architecture_file import SHIPPED, load_target
from archgym.simulators.accelerator.plugin.mapping.maestro_space import tile_sizes
from archgym.simulators.accelerator.plugin.mapping.product_at_most import ProductAtMost
from archgym.simulators.accelerator.plugin.mapping.timeloop_space import map_space
from archgym.simulators.accelerator.pricing.technology_file import load_technology
from archgym.space import DesignSpace, Ordinal

CONV = "resnet18/layer1_0_conv1"
LAYERS = (CONV, "alexnet/conv2", "mobilenet_v2/block2_depthwise", "bert_base/ffn1", "resnet18/conv1")
ARCHITECTURE = """
levels:
  - {name: DRAM, class: DRAM, block_words: 4, bandwidth: 8}
  - {name: buffer, class: SRAM, depth: 1024, keeps: IO}
  - {name: register, class: regfile, depth: 8, mesh: [4, 2]}
mac: {mesh: [4, 2]}
"""


def timeloop(workload: str = CONV, **options: Any) -> Any:
    return PLUGIN.make(workload=workload, space="timeloop", **options)


def maestro(workload: str = CONV, **options: Any) -> Any:
    return PLUGIN.make(workload=workload, space="maestro", **options)


def sampled(simulator: Any, n: int, seed: int = 0) -> tuple[Any, Any]:
    """Random designs and their results."""
    designs = simulator.space.sample(n, np.random.default_rng(seed))
    return designs, simulator.evaluate(designs)


def column(simulator: Any, results: Any, name: str) -> Any:
    return results.metrics[:, [metric.name for metric in simulator.metrics].index(name)]


# ---- Timeloop


@pytest.mark.parametrize("workload", ["resnet18/conv1", CONV, "mobilenet_v2/block2_depthwise", "alexnet/conv2"])
def test_the_best_row_stationary_mapping_is_the_one_that_the_mapper_proves(workload: str) -> None:
    simulator = timeloop(workload)
    best = min(np.nanmin(column(simulator, simulator.evaluate(batch), "edp")) for batch in simulator.space.enumerate())
    target = simulator.target
    found = map_layer(target.architecture, simulator.layer, target.constraints, MapperOptions())
    assert found.optimal
    assert best == pytest.approx(found.cycles * found.energy_pj * 1e-21, rel=1e-12)


@pytest.mark.parametrize("architecture", SHIPPED)
@pytest.mark.parametrize("workload", LAYERS)
def test_every_design_is_a_complete_mapping_that_fits_the_meshes(architecture: str, workload: str) -> None:
    simulator = timeloop(workload, architecture=architecture)
    designs, results = sampled(simulator, 60)
    # Meshes and factors are right by construction: only a tile may be too large.
    for text in results.messages.values():
        assert re.fullmatch(r"level '\w+': needs \d+ words \(.*\), has \d+", text)
    layer = simulator.layer.one_group
    for design in designs.designs()[:20]:
        nest, _ = simulator.explain(design)
        for dim, size in zip(DIMS, layer.sizes, strict=True):
            assert nest.product(dim) == size


def test_a_design_says_what_the_mapping_does() -> None:
    simulator = timeloop(architecture="generic")
    design = {
        **simulator.space.default, "DRAM_M": 8, "glb_x_M": 4, "rf_M": 2, "DRAM_P": 28, "glb_y_P": 2,
        "glb_order": "PQMCRS", "DRAM_order": "QPRSCM", "glb_keep": "WO",
    }  # fmt: skip
    nest, result = simulator.explain(design)
    dram, glb, rf = nest.levels
    assert dram.temporal == (("Q", 56), ("P", 28), ("R", 3), ("S", 3), ("C", 64), ("M", 8))
    assert (glb.spatial_x, glb.spatial_y, glb.temporal) == ((("M", 4),), (("P", 2),), ())
    assert (glb.keep, rf.keep, rf.temporal) == (frozenset("WO"), frozenset("WIO"), (("M", 2),))
    assert result.mac_instances == 8


def test_prices_are_those_of_the_engine() -> None:
    simulator = timeloop(architecture="generic")
    designs, results = sampled(simulator, 40)
    for row in np.flatnonzero(results.status == Status.OK)[:8].tolist():
        _, result = simulator.explain(designs[row : row + 1].designs()[0])
        got = dict(zip([metric.name for metric in simulator.metrics], results.metrics[row].tolist(), strict=True))
        assert got["cycles"] == result.cycles
        assert got["energy"] == pytest.approx(result.energy_pj * 1e-12, rel=1e-12)
        assert got["energy_dram"] == pytest.approx(result.levels[0].energy_pj * 1e-12, rel=1e-12)
        assert got["edp"] == got["energy"] * got["latency"]
        assert got["words_rf"] == sum(tensor.tile_words for tensor in result.levels[2].tensors.values())
        parts = sum(value for name, value in got.items() if name.startswith("energy_"))
        assert parts == pytest.approx(got["energy"], rel=1e-12)


def test_a_tile_that_does_not_fit_is_named_with_what_it_lacks() -> None:
    simulator = timeloop(architecture="generic")
    design = {**simulator.space.default, "rf_C": 32, "DRAM_C": 2, "rf_M": 2, "DRAM_M": 32}
    results = simulator.evaluate(simulator.space.from_designs([design]))
    assert results.status[0] == Status.INFEASIBLE
    assert results.messages[0] == "level 'rf': needs 98 words (W 64, I 32, O 2), has 64"


def test_no_factor_is_offered_that_alone_overflows_a_buffer_or_a_mesh() -> None:
    values = {parameter.name: parameter.values for parameter in timeloop().space.parameters}
    assert max(values["psum_spad_M"]) == 16  # words of that buffer
    assert max(values["shared_glb_x_Q"]) == 14  # columns
    assert max(values["columns_y_C"]) == 4  # of 12 rows S = 3 takes three times as many


def test_grouped_layers_are_priced_group_after_group() -> None:
    grouped = timeloop("alexnet/conv2")
    assert grouped.layer.groups == 2
    nest, result = grouped.explain(grouped.space.default)
    alone = Engine(grouped.target.architecture, grouped.layer.one_group).explain(nest)
    assert result.cycles == 2 * alone.cycles
    assert result.energy_pj == pytest.approx(2 * alone.energy_pj, rel=1e-12)


def test_product_at_most_is_what_it_says() -> None:
    names, values = ("a", "b", "c"), (1, 2, 3, 4, 6)
    space = DesignSpace([Ordinal(name, values) for name in names], [ProductAtMost("few", names, 9)], name="test")
    expected = [row for row in product(values, repeat=3) if row[0] * row[1] * row[2] <= 9]
    found = [tuple(design.values()) for batch in space.enumerate() for design in batch.designs()]
    assert found == expected
    assert space.why_invalid({"a": 4, "b": 3, "c": 1}) == ["few: expected a * b * c <= 9, got a=4, b=3, c=1"]


def test_a_kernel_wider_than_the_array_is_refused() -> None:
    with pytest.raises(ConfigError, match="level 'columns': S has to fit the 12 instances below"):
        timeloop("keyword_spotting/conv1")


def test_an_architecture_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(ARCHITECTURE)
    simulator = timeloop(architecture=str(path))
    levels = simulator.target.architecture.levels
    assert [(level.name, level.capacity_words, level.instances) for level in levels] == [
        ("DRAM", None, 1), ("buffer", 1024, 1), ("register", 8, 8),
    ]  # fmt: skip
    assert levels[0].read_bandwidth == levels[0].write_bandwidth == 8
    assert (sampled(simulator, 100)[1].status == Status.OK).any()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("levels:", "level:", "unknown key 'level': did you mean 'levels'"),
        ("class: SRAM", "class: MRAM", r"levels\[1\].*component 'MRAM': did you mean 'SRAM'"),
        ("depth: 1024", "depth: 0", r"levels\[1\]: depth: expected a whole number from 1 on, got 0"),
        ("keeps: IO", "keeps: XO", r"levels\[1\]: keeps: expected letters of W, I and O"),
        ("mesh: [4, 2]}\nmac", "mesh: [4, 3]}\nmac", "'mac': expected a mesh that is a multiple"),
        ("mac: {mesh: [4, 2]}", "mac: {mesh: 4}", "mac: mesh: expected instances in X and in Y"),
        ("bandwidth: 8", "bandwidth: -1", "bandwidth: expected a number from 0 on"),
        ("block_words: 4, bandwidth: 8", "bandwidth: 0", r"levels\[0\]"),
        ("levels:", "constraints: row-static\nlevels:", "constraints 'row-static': did you mean 'row-stationary'"),
        ("levels:", "constraints: row-stationary\nlevels:", "expected the levels DRAM, buffer, register, got"),
    ],
)  # fmt: skip
def test_a_broken_architecture_is_named_in_one_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(ARCHITECTURE.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        timeloop(architecture=str(path))
    assert "\n" not in str(caught.value)
    assert "mine.yaml" in str(caught.value)


# ---- MAESTRO


def test_every_gene_means_what_it_says() -> None:
    simulator = maestro()
    design = {
        "outer_order": "CKXY", "outer_parallel": "K", "outer_K": 8, "outer_C": 16, "outer_Y": 7, "outer_X": 4,
        "cluster": 32, "inner_order": "YXKC", "inner_parallel": "C", "inner_K": 2, "inner_C": 1, "inner_Y": 7,
        "inner_X": 1,
    }  # fmt: skip
    dataflow, _ = simulator.explain(design)
    assert isinstance(dataflow, Dataflow)
    outer, inner = ([(m.dim, m.spatial, m.size, m.offset) for m in level] for level in dataflow.levels)
    # 7 rows of outputs are made of 9 rows of inputs.
    assert [m for m in outer if m[0] in "KCYX"] == [
        ("C", False, 16, 16), ("K", True, 8, 8), ("X", False, 6, 4), ("Y", False, 9, 7),
    ]  # fmt: skip
    assert [m for m in inner if m[0] in "KCYX"] == [
        ("Y", False, 9, 7), ("X", False, 3, 1), ("K", False, 2, 2), ("C", True, 1, 1),
    ]  # fmt: skip
    assert dataflow.clusters == (32,)


@pytest.mark.parametrize("physics", ["corrected", "reference", "archgym"])
@pytest.mark.parametrize("workload", LAYERS)
def test_prices_are_those_of_the_readable_model(workload: str, physics: str) -> None:
    simulator = maestro(workload, physics=physics, l1_bytes=0, l2_bytes=0)
    designs, results = sampled(simulator, 6)
    groups = simulator.layer.groups
    for row, design in enumerate(designs.designs()):
        dataflow, _ = simulator.explain(design)
        cost = evaluate(simulator._priced, dataflow, simulator.hardware, simulator.physics).cost
        got = dict(zip([metric.name for metric in simulator.metrics], results.metrics[row].tolist(), strict=True))
        assert cost is not None
        assert got["cycles"] == cost.runtime_cycles * groups
        assert got["energy"] == pytest.approx(cost.energy_nj * 1e-9 * groups, rel=1e-12)
        assert (got["l1_bytes"], got["l2_bytes"]) == (cost.l1_bytes, cost.l2_bytes)
        assert got["utilization"] == pytest.approx(cost.active_pes / simulator.hardware.pes)


def test_without_defects_every_mac_is_counted_once() -> None:
    for workload in LAYERS:
        simulator = maestro(workload, l1_bytes=0, l2_bytes=0)
        _, results = sampled(simulator, 50)
        assert (column(simulator, results, "macs") == simulator.layer.macs).all(), workload


@pytest.mark.parametrize("limit", [1, 2, 7, 56, 64, 97])
def test_tiles_are_the_smallest_for_their_number_of_steps(limit: int) -> None:
    smallest: dict[int, int] = {}
    for size in range(limit, 0, -1):
        smallest[-(-limit // size)] = size
    assert tile_sizes(limit) == tuple(sorted(smallest.values()))


def test_a_buffer_that_is_too_small_is_named_with_what_it_lacks() -> None:
    simulator = maestro(l1_bytes=16)
    results = simulator.evaluate(simulator.space.from_designs([simulator.space.default]))
    assert results.status[0] == Status.INFEASIBLE
    need = maestro(l1_bytes=0).evaluate(simulator.space.from_designs([simulator.space.default]))
    bytes_ = int(column(simulator, need, "l1_bytes")[0])
    assert results.messages[0] == f"L1: {bytes_} bytes needed, {bytes_ - 16} more than its 16"


def test_a_depthwise_layer_has_no_genes_of_output_channels() -> None:
    space = maestro("mobilenet_v2/block2_depthwise").space
    assert not {"outer_K", "inner_K"} & set(space.names)
    assert "K" not in next(p for p in space.parameters if p.name == "outer_parallel").values


def test_a_layer_with_one_output_of_each_kind_still_has_a_space() -> None:
    space = maestro("resnet18/fc").space
    assert {"outer_K", "outer_C"} <= set(space.names)
    assert not {"outer_Y", "outer_X"} & set(space.names)


def test_dilated_kernels_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("layers: [{name: a, C: 4, M: 4, P: 8, R: 3, dilation: 2}]")
    with pytest.raises(ConfigError, match="layer 'a': a dilation of 2"):
        maestro(str(path))


# ---- both


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workload": "resnet18"}, "expected one layer of it, such as resnet18/conv1"),
        ({"workload": "resnet18/nope"}, "layer 'nope': known: conv1"),
        ({"space": "timelop"}, "space 'timelop': did you mean 'timeloop'"),
        ({"architecture": "eyeris"}, "architecture 'eyeris': did you mean 'eyeriss'"),
        ({"architecture": "no.yaml"}, "no.yaml: cannot be read"),
        ({"technology": "accelergy"}, "technology 'accelergy'"),
        ({"pes": 64}, "option 'pes' is of the other space"),
        ({"pess": 64}, "option 'pess': did you mean 'pes'"),
        ({"threads": 0}, "threads: expected a whole number"),
        ({"space": "maestro", "architecture": "generic"}, "option 'architecture' is of the other space"),
        ({"space": "maestro", "physics": "correct"}, "physics 'correct': did you mean 'corrected'"),
        ({"space": "maestro", "pes": 0}, "pes: expected a whole number from 1 on, got 0"),
        ({"space": "maestro", "l1_bytes": -1}, "l1_bytes: expected bytes, or 0 for no limit, got -1"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        PLUGIN.make(**{"workload": CONV, "space": "timeloop", **options})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [timeloop, maestro])
def test_threads_and_copies_change_nothing(make: Any) -> None:
    one, two = make(), make(threads=2)
    designs, results = sampled(one, 6000)
    for other in (two, pickle.loads(pickle.dumps(one))):
        assert np.array_equal(other.evaluate(designs).metrics, results.metrics, equal_nan=True)


def test_hashes_tell_layers_hardware_and_physics_apart() -> None:
    base = maestro().workload.content_hash
    for other in (maestro("resnet18/conv1"), maestro(pes=128), maestro(physics="reference"), maestro(l1_bytes=0)):
        assert other.workload.content_hash != base
    assert timeloop().workload.content_hash != timeloop(architecture="generic").workload.content_hash


def test_a_layer_of_one_multiplication_has_a_space() -> None:
    layer = Layer("dot", N=1, C=1, M=1, P=2, Q=1, R=1, S=1)
    space = map_space(load_target("generic", load_technology()), layer).space
    assert space.count() >= 2
