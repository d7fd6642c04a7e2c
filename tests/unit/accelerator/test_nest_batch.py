"""Batches: every mapping by itself, whatever the order, the threads and the technology it is priced in."""

from __future__ import annotations

import dataclasses
import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.simulators.accelerator import engine as engine_module
from archgym.simulators.accelerator.batch import MappingBatch
from archgym.simulators.accelerator.costs import Costs
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapping import Mapping


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


nest_cases = _beside("nest_cases")
LAYER = Layer("conv", N=1, C=6, M=8, P=6, Q=6, R=3, S=3)


@pytest.fixture(scope="module")
def mappings() -> list[Mapping]:
    """Of three levels; most use no more than the 4 x 4 fan-outs of the chip."""
    rng = random.Random(11)
    return [nest_cases.some_mapping(rng, LAYER, 3) for _ in range(400)]


@pytest.fixture(scope="module")
def engine(mappings: list[Mapping]) -> Engine:
    rng = random.Random(12)
    chip = nest_cases.fitting_architecture(rng, mappings[0])
    levels = [
        dataclasses.replace(level, mesh_x=4**i, mesh_y=4**i, capacity_words=5000 // (1 + 10 * i) if i else None)
        for i, level in enumerate(chip.levels)
    ]
    return Engine(
        dataclasses.replace(chip, levels=tuple(levels), mac=dataclasses.replace(chip.mac, mesh_x=64, mesh_y=64)), LAYER
    )


def test_both_outcomes_are_common(engine: Engine, mappings: list[Mapping]) -> None:
    valid = engine.evaluate(MappingBatch.of(mappings)).valid
    assert 40 < valid.sum() < 360


def test_a_batch_keeps_its_mappings(mappings: list[Mapping]) -> None:
    batch = MappingBatch.of(mappings)
    assert [batch.mapping(row) for row in range(len(batch))] == mappings
    assert batch.take(np.array([3, 1])).mapping(0) == mappings[3]


def test_order_and_threads_change_no_bit(
    engine: Engine, mappings: list[Mapping], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "CHUNK", 32)
    batch = MappingBatch.of(mappings)
    one = engine.evaluate(batch, counts=True, activity=True)
    shuffled = np.random.default_rng(1).permutation(len(batch))
    two = engine.evaluate(batch.take(shuffled), threads=2, counts=True, activity=True)
    for name in ("status", "detail", "cycles", "energy_pj", "component_pj", "activity", "counts", "level_cycles"):
        np.testing.assert_array_equal(getattr(one, name)[shuffled], getattr(two, name), err_msg=name)


def test_energy_is_the_sum_of_its_parts(engine: Engine, mappings: list[Mapping]) -> None:
    result = engine.evaluate(MappingBatch.of(mappings))
    np.testing.assert_allclose(result.component_pj.sum(axis=1), result.energy_pj, rtol=1e-14)


def test_activity_prices_other_technologies_to_the_bit(engine: Engine, mappings: list[Mapping]) -> None:
    batch = MappingBatch.of(mappings)
    other = Costs(np.random.default_rng(2).random((3, 4)), 0.7)
    here = engine.evaluate(batch, activity=True)
    there = engine.evaluate(batch, costs=other)
    np.testing.assert_array_equal(here.component_pj_at(other), there.component_pj)
    np.testing.assert_array_equal(here.component_pj_at(engine.costs), here.component_pj)
    assert not np.array_equal(here.energy_pj, there.energy_pj, equal_nan=True)
    with pytest.raises(DataError, match="activity=True"):
        there.component_pj_at(other)


def test_costs_of_another_accelerator_are_refused(engine: Engine, mappings: list[Mapping]) -> None:
    with pytest.raises(DataError, match="costs: expected the 3 levels"):
        engine.evaluate(MappingBatch.of(mappings), costs=Costs(np.zeros((2, 4)), 1.0))
    with pytest.raises(DataError, match=r"level_pj: expected \(levels, 4\) float64"):
        Costs(np.zeros((3, 3)), 1.0)


def test_an_empty_batch_is_an_empty_result(engine: Engine, mappings: list[Mapping]) -> None:
    none = MappingBatch.of(mappings[:1]).take(np.zeros(1, bool))
    assert len(engine.evaluate(none, threads=2, counts=True)) == 0


def test_groups_run_one_after_another(engine: Engine, mappings: list[Mapping]) -> None:
    """A layer of two groups is its half twice: cycles, energies and accesses, but neither tiles nor utilisation."""
    grouped = dataclasses.replace(LAYER, C=12, M=16, groups=2)
    assert grouped.one_group == LAYER
    batch = MappingBatch.of(mappings)
    once = engine.evaluate(batch, counts=True, activity=True)
    twice = Engine(engine.architecture, grouped).evaluate(batch, counts=True, activity=True)
    np.testing.assert_array_equal(twice.cycles, 2 * once.cycles)
    np.testing.assert_array_equal(twice.activity, once.activity * [2, 2, 2, 1])
    np.testing.assert_array_equal(twice.counts[..., 0], once.counts[..., 0])
    np.testing.assert_array_equal(twice.counts[..., 1:], 2 * once.counts[..., 1:])
    np.testing.assert_allclose(twice.energy_pj, 2 * once.energy_pj, rtol=1e-14)
    np.testing.assert_allclose(twice.utilization, once.utilization, rtol=1e-14)
    row = int(np.flatnonzero(once.valid)[0])
    half, whole = engine.explain(mappings[row]), Engine(engine.architecture, grouped).explain(mappings[row])
    assert [level.throttle for level in whole.levels] == [level.throttle for level in half.levels]
    for a, b in zip(half.levels, whole.levels, strict=True):
        assert b.energy_pj == pytest.approx(sum(t.energy_pj for t in b.tensors.values()) + b.leak_pj, rel=1e-12)
        assert b.energy_pj == pytest.approx(2 * a.energy_pj, rel=1e-12)
