"""Engine and oracle give Timeloop's answers on a committed sample of its results."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.plugin.timeloop_golden import read_golden
from archgym.simulators.accelerator.results import NestResult


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


oracle_nest = _beside("oracle_nest")
SAMPLE = Path(__file__).parents[2] / "golden" / "data" / "accelerator_timeloop.json.gz"
ROWS = read_golden(SAMPLE)

ENERGY = {"rel": 1e-6, "abs": 1.0}
"""Timeloop prints pJ with two decimals, entry by entry."""
CHEAP_LOOPS = 8
"""The oracle takes 2^loops steps."""


@pytest.fixture(params=ROWS, ids=lambda row: row.name)
def row(request: pytest.FixtureRequest) -> Any:
    return request.param


def explained(row: Any) -> NestResult:
    return Engine(row.architecture, row.layer).explain(row.mapping)


def test_engine_counts_every_access(row: Any) -> None:
    for level in explained(row).levels:
        expected = row.expected["levels"][level.name]
        assert set(level.tensors) == {"W", "I", "O"} & set(expected)
        for name, tensor in level.tensors.items():
            counted = (tensor.tile_words, tensor.instances, tensor.reads, tensor.fills, tensor.updates)
            assert counted == tuple(expected[name][k] for k in ("tile", "inst", "reads", "fills", "updates"))


def test_engine_takes_as_many_cycles(row: Any) -> None:
    result = explained(row)
    assert result.cycles == row.expected["cycles"]
    assert result.utilization == pytest.approx(row.expected["utilization"], abs=1e-4)  # as printed
    for level in result.levels:
        assert level.cycles == row.expected["levels"][level.name]["cycles"]
        assert level.throttle == pytest.approx(row.expected["levels"][level.name]["throttle"], abs=0.0051)  # as printed


def test_engine_takes_as_much_energy(row: Any) -> None:
    result = explained(row)
    assert result.energy_pj == pytest.approx(row.expected["energy_pJ"], **ENERGY)
    assert result.mac_energy_pj == pytest.approx(row.expected["levels"]["mac"]["energy_pJ"], **ENERGY)
    for level in result.levels:
        expected = row.expected["levels"][level.name]
        assert level.energy_pj == pytest.approx(expected["energy_pJ"], **ENERGY)
        assert level.leak_pj == pytest.approx(expected["leak_pJ"], **ENERGY)
        for name, tensor in level.tensors.items():
            assert tensor.energy_pj == pytest.approx(expected[name]["energy_pJ"], **ENERGY)


def test_area_is_that_of_all_instances(row: Any) -> None:
    assert row.architecture.area_um2 == pytest.approx(row.expected["area_um2"], abs=0.02)  # as printed


@pytest.mark.parametrize(
    "row", [r for r in ROWS if sum(len(m.temporal) for m in r.mapping.levels) <= CHEAP_LOOPS], ids=lambda row: row.name
)
def test_oracle_agrees_too(row: Any) -> None:
    priced = oracle_nest.OracleNest(row.architecture, row.layer, row.mapping).price()
    assert priced.cycles == row.expected["cycles"]
    assert priced.energy_pj == pytest.approx(row.expected["energy_pJ"], **ENERGY)
    for (level, tensor), counts in priced.counts.items():
        expected = row.expected["levels"][row.architecture.levels[level].name][tensor]
        counted = (counts.tile, counts.reads, counts.fills, counts.updates)
        assert counted == tuple(expected[k] for k in ("tile", "reads", "fills", "updates"))


def test_the_sample_has_links_on_a_partly_used_grid() -> None:
    """Where false row ends cut some of them: Timeloop's quirk."""
    cut = 0
    for row in (r for r in ROWS if sum(len(m.temporal) for m in r.mapping.levels) <= CHEAP_LOOPS):
        nest = oracle_nest.OracleNest(row.architecture, row.layer, row.mapping)
        for level in range(nest.n - 1):
            x, y = nest.fan(level)
            partly_used = row.architecture.fan_out(level)[0] > x and y > 1
            cut += partly_used and nest.traffic("I", level).links > 0
    assert cut >= 2
