"""The compiled kernel counts as the step-by-step oracle does, on random small nests of every kind."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapping import Mapping


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


oracle_nest, nest_cases = _beside("oracle_nest"), _beside("nest_cases")


def assert_same(architecture: Architecture, layer: Layer, mapping: Mapping) -> None:
    expected = oracle_nest.OracleNest(architecture, layer, mapping).price()
    result = Engine(architecture, layer).explain(mapping)
    assert result.reason is None
    assert [level.cycles for level in result.levels] == expected.level_cycles
    assert result.cycles == expected.cycles
    assert result.mac_instances == expected.used[-1]
    assert result.energy_pj == pytest.approx(expected.energy_pj, rel=1e-12)
    for i, level in enumerate(result.levels):
        assert set(level.tensors) == {tensor for at, tensor in expected.counts if at == i}
        assert level.leak_pj == pytest.approx(expected.leak_pj[i], rel=1e-12)
        for name, tensor in level.tensors.items():
            counts = expected.counts[i, name]
            assert (tensor.tile_words, tensor.reads) == (counts.tile, counts.reads), (level.name, name)
            assert (tensor.fills, tensor.updates) == (counts.fills, counts.updates), (level.name, name)
            assert tensor.energy_pj == pytest.approx(expected.tensor_pj[i, name], rel=1e-12)


@pytest.mark.parametrize("seed", range(150))
def test_any_layer(seed: int) -> None:
    rng = random.Random(seed)
    layer = nest_cases.some_layer(rng)
    mapping = nest_cases.some_mapping(rng, layer, n_levels=rng.randint(1, 5), most_loops=9)
    assert_same(nest_cases.fitting_architecture(rng, mapping), layer, mapping)


@pytest.mark.parametrize("seed", range(1000, 1150))
def test_windows_that_slide_and_neighbours_that_forward(seed: int) -> None:
    """One or two axes of the inputs and little else, so that most loops move the window."""
    rng = random.Random(seed)
    layer = nest_cases.some_window(rng)
    mapping = nest_cases.some_mapping(rng, layer, n_levels=rng.randint(2, 5), most_loops=9)
    assert_same(nest_cases.fitting_architecture(rng, mapping), layer, mapping)


def test_the_windows_do_forward() -> None:
    forwarded = 0
    for seed in range(1000, 1150):
        rng = random.Random(seed)
        layer = nest_cases.some_window(rng)
        mapping = nest_cases.some_mapping(rng, layer, n_levels=rng.randint(2, 5), most_loops=9)
        nest = oracle_nest.OracleNest(nest_cases.fitting_architecture(rng, mapping), layer, mapping)
        forwarded += any(nest.traffic("I", level).links for level in range(nest.n - 1))
        assert not any(nest.traffic(tensor, level).links for tensor in "WO" for level in range(nest.n - 1))
    assert forwarded >= 5
