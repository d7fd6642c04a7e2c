"""What one sees of a design: tables that add up to the metrics, loop nests, and pictures for light and dark pages."""

from __future__ import annotations

from typing import Any

import pytest

from archgym.errors import ConfigError
from archgym.simulators.accelerator.mapping import Mapping, level_mapping
from archgym.simulators.accelerator.plugin import PLUGIN
from archgym.simulators.accelerator.plugin.hierarchy import REST, Stage, hierarchy_table, stages
from archgym.simulators.accelerator.plugin.loop_nest import nest_lines
from archgym.simulators.accelerator.plugin.mapping import PLUGIN as MAPPING
from archgym.task import RestrictedSimulator


@pytest.fixture(scope="module")
def accelerator() -> Any:
    return PLUGIN.make(workload="keyword_spotting", space="eyeriss")


@pytest.fixture(scope="module")
def timeloop() -> Any:
    return MAPPING.make(workload="resnet18/conv1", space="timeloop", architecture="generic")


@pytest.fixture(scope="module")
def maestro() -> Any:
    return MAPPING.make(workload="alexnet/conv2", space="maestro")


def metrics(simulator: Any) -> dict[str, float]:
    results = simulator.evaluate(simulator.space.from_designs([simulator.space.default]))
    return dict(zip([metric.name for metric in simulator.metrics], results.metrics[0].tolist(), strict=True))


def test_the_levels_of_an_accelerator_take_its_energy(accelerator: Any) -> None:
    hierarchy, layers, nest = PLUGIN.details(accelerator, accelerator.space.default)
    assert [row[0] for row in hierarchy.rows] == [
        "DRAM", "shared_glb", "ifmap_spad", "weights_spad", "psum_spad", "multipliers",
    ]  # fmt: skip
    assert sum(float(row[3].rstrip("%")) for row in hierarchy.rows) == pytest.approx(100, abs=0.3)  # as printed
    assert [row[0] for row in layers.rows] == ["conv1", "conv2", "fc"]
    assert nest.title == "mapping of conv2"  # most of the energy x delay


def test_the_stages_of_a_mapping_take_its_energy(timeloop: Any) -> None:
    _, result = timeloop.explain(timeloop.space.default)
    found = stages(timeloop.target.architecture, [(1, result)])
    assert sum(stage.total_j for stage in found) == pytest.approx(metrics(timeloop)["energy"], rel=1e-12)
    twice = stages(timeloop.target.architecture, [(2, result)])
    assert [stage.total_j for stage in twice] == [2 * stage.total_j for stage in found]
    assert twice[0].words == {tensor: 2 * words for tensor, words in found[0].words.items()}


@pytest.mark.parametrize("physics", ["corrected", "reference"])
def test_the_stages_of_a_dataflow_take_its_energy(physics: str) -> None:
    simulator = MAPPING.make(workload="alexnet/conv2", space="maestro", physics=physics)
    [hierarchy, dataflow] = MAPPING.details(simulator, simulator.space.default)
    total = sum(_joules(row[2]) for row in hierarchy.rows)
    assert total == pytest.approx(metrics(simulator)["energy"], rel=1e-3)  # four digits are printed
    assert ("Cluster(1,P)",) in dataflow.rows


def _joules(text: str) -> float:
    value, unit = text.split()
    return float(value) * {"J": 1, "mJ": 1e-3, "µJ": 1e-6, "nJ": 1e-9}[unit]


def test_a_loop_nest_reads_from_the_outer_to_the_inner_loop(timeloop: Any) -> None:
    nest = Mapping(
        (
            level_mapping("WIO", [["M", 4], ["C", 2]]),
            level_mapping("IO", [], [["Q", 7]], [["P", 2]]),
            level_mapping(""),
        )
    )
    assert nest_lines(timeloop.target.architecture, nest) == [
        ("DRAM", "for M in 4", "WIO"),
        ("", "  for C in 2", ""),
        ("glb", "    for Q in 7 across X", "IO"),
        ("", "      for P in 2 down Y", ""),
        ("rf", "", "-"),
        ("multiplier", "        O += I * W", ""),
    ]


def test_words_are_shown_of_the_tensors_that_a_level_holds() -> None:
    table = hierarchy_table(
        [Stage("glb", "SRAM", {"I": 3e-6, REST: 1e-6}, {"I": 1e6}), Stage("mac", "", {REST: 4e-6}, {})]
    )
    assert table.rows == (
        ("glb", "SRAM", "4 µJ", "50.0%", "", "1,000,000", ""),
        ("mac", "", "4 µJ", "50.0%", "", "", ""),
    )


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(("plugin", "name"), [(PLUGIN, "accelerator"), (MAPPING, "timeloop"), (MAPPING, "maestro")])
def test_pictures_show_every_level(plugin: Any, name: str, dark: bool, request: pytest.FixtureRequest) -> None:
    pytest.importorskip("matplotlib")
    simulator = request.getfixturevalue(name)
    figure = plugin.pictures["hierarchy"](simulator, simulator.space.default, dark=dark)
    energy, words = figure.axes
    named = {text.get_text() for text in energy.texts}
    assert {row[0] for row in plugin.details(simulator, simulator.space.default)[0].rows} <= named
    assert words.get_xscale() == "log"
    assert (figure.get_facecolor()[3] == 0) == dark  # a dark picture lets the page show


@pytest.mark.parametrize("show", [PLUGIN.details, PLUGIN.pictures["hierarchy"]])
def test_a_design_that_cannot_run_has_nothing_to_show(show: Any) -> None:
    simulator = PLUGIN.make(workload="resnet18/conv1", space="eyeriss-archgym")
    with pytest.raises(ConfigError, match="the design cannot run the workload: layer 'conv1' has no mapping"):
        show(simulator, {**simulator.space.default, "n_pes": 28})


def test_a_mapping_that_does_not_fit_has_nothing_to_show(timeloop: Any, maestro: Any) -> None:
    design = {**timeloop.space.default, "rf_M": 32, "DRAM_M": 2, "rf_C": 3, "DRAM_C": 1}
    with pytest.raises(ConfigError, match="the mapping does not fit: level 'rf': needs"):
        MAPPING.details(timeloop, design)
    tight = MAPPING.make(workload="alexnet/conv2", space="maestro", l2_bytes=64)
    with pytest.raises(ConfigError, match="the mapping does not fit: L2: "):
        MAPPING.pictures["hierarchy"](tight, tight.space.default)


def test_a_restricted_space_shows_the_same(accelerator: Any) -> None:
    restricted = RestrictedSimulator(accelerator, accelerator.space.restrict(columns=[14]))
    assert PLUGIN.details(restricted, accelerator.space.default) == PLUGIN.details(
        accelerator, accelerator.space.default
    )


def test_another_simulator_is_refused(timeloop: Any, accelerator: Any) -> None:
    with pytest.raises(ConfigError, match="expected simulator 'accelerator', got 'mapping'"):
        PLUGIN.details(timeloop, timeloop.space.default)
    with pytest.raises(ConfigError, match="expected simulator 'mapping', got 'accelerator'"):
        MAPPING.details(accelerator, accelerator.space.default)
