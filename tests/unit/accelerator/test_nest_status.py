"""A mapping that cannot run is a status with a reason, never an exception; a misshapen batch is an error."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.batch import TEMPORAL, MappingBatch, X
from archgym.simulators.accelerator.check import STATUS
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.layer import DIMS, Layer
from archgym.simulators.accelerator.mapping import Mapping, level_mapping

LAYER = Layer("small", N=1, C=4, M=8, P=6, Q=1, R=3, S=1)


def buffer(name: str, words: int | None, mesh: tuple[int, int], keeps: str) -> Level:
    return Level(name, "SRAM", words, 1, *mesh, None, None, frozenset(keeps), 1.0, 1.0, 1.0)


CHIP = Architecture(
    "chip", (buffer("DRAM", None, (1, 1), "WIO"), buffer("glb", 200, (1, 1), "IO"), buffer("spad", 24, (4, 2), "WIO")),
    Mac(4, 2, 1.0),
)  # fmt: skip
GOOD = Mapping(
    (
        level_mapping("WIO", [["C", 2]]),
        level_mapping("IO", [["P", 2]], [["M", 4]], [["C", 2]]),
        level_mapping("WIO", [["M", 2], ["P", 3], ["R", 3]]),
    )
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(CHIP, LAYER)


def with_level(at: int, **changed: object) -> Mapping:
    levels = list(GOOD.levels)
    levels[at] = dataclasses.replace(levels[at], **changed)
    return Mapping(tuple(levels))


def test_the_good_mapping_is_valid(engine: Engine) -> None:
    assert engine.explain(GOOD).reason is None


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        (with_level(1, spatial_x=(("M", 8),)), "level 'glb': fans out to 8 in X, there are 4 per instance"),
        (with_level(1, spatial_y=(("C", 2), ("P", 2))), "level 'glb': fans out to 4 in Y, there are 2 per instance"),
        (with_level(0, spatial_x=(("C", 2),)), "level 'DRAM': fans out to 2 in X, there are 1 per instance"),
        (with_level(1, keep=frozenset("WO")), "level 'glb': holds W, O, but may hold I, O"),
        (with_level(0, keep=frozenset("W")), "level 'DRAM': holds W, but the outermost level has to hold W, I and O"),
        # W 2 x 3, I 1 x (3 + 3 - 1), O 2 x 3 words fit 24; with twice as many channels it is 12, 10 and 6.
        (
            with_level(2, temporal=(("M", 2), ("P", 3), ("R", 3), ("C", 2))),
            "level 'spad': needs 28 words (W 12, I 10, O 6), has 24",
        ),
        (with_level(0, temporal=(("C", 4),)), "layer 'small': the factors of C multiply to 8, expected 4"),
        (with_level(0, temporal=()), "layer 'small': the factors of C multiply to 2, expected 4"),
    ],
)
def test_reason_names_the_place_and_the_numbers(engine: Engine, mapping: Mapping, reason: str) -> None:
    result = engine.explain(mapping)
    assert not result.valid
    assert result.reason == reason


def edited(edit: Callable[[MappingBatch], None]) -> MappingBatch:
    batch = MappingBatch.of([GOOD])
    edit(batch)
    return batch


def set_factor(batch: MappingBatch, part: int, level: int, dim: str, value: int) -> None:
    batch.factors[0, part, level, DIMS.index(dim)] = value


@pytest.mark.parametrize(
    ("edit", "status"),
    [
        (lambda b: set_factor(b, X, 1, "M", 0), "factor"),
        (lambda b: set_factor(b, X, 1, "M", -4), "factor"),
        (lambda b: set_factor(b, TEMPORAL, 0, "C", -2), "factor"),
        (lambda b: set_factor(b, TEMPORAL, 0, "C", 2**31 - 1), "product"),
        (lambda b: b.factors.fill(9), "mesh_x"),
        (lambda b: b.factors.fill(2**31 - 1), "product"),
        (lambda b: b.orders[0, TEMPORAL, 1].fill(3), "order"),  # P, seven times
        (lambda b: b.orders[0, TEMPORAL, 1].fill(4), "order"),  # Q, whose bound is 1
        (lambda b: b.orders[0, X, 1].fill(3), "order"),
        (lambda b: b.orders.fill(255), "order"),
        (lambda b: b.keep.fill(255), "keep"),
    ],
)
def test_wrong_values_are_found(engine: Engine, edit: Callable[[MappingBatch], None], status: str) -> None:
    result = engine.evaluate(edited(edit), counts=True, activity=True)
    assert STATUS[result.status[0]] == status
    assert result.reason(0)
    assert result.cycles[0] == 0
    assert np.isnan(result.energy_pj[0])
    assert np.isnan(result.utilization[0])


def test_any_bytes_are_evaluated(engine: Engine) -> None:
    """Nothing a search can write into the arrays raises or passes for a mapping."""
    rng = np.random.default_rng(5)
    small = rng.integers(-1, 5, (3000, 3, 3, 7), np.int32)
    wild = rng.integers(-(2**31), 2**31, (3000, 3, 3, 7), np.int32)
    factors = np.where(rng.random(small.shape) < 0.97, np.maximum(small, 1) // 4 + 1, wild).astype(np.int32)
    orders = rng.integers(0, 256, factors.shape, np.uint8)
    keep = rng.integers(0, 256, (3000, 3), np.uint8)
    result = engine.evaluate(MappingBatch(factors, orders, keep), counts=True)
    assert not result.valid.any()
    assert all(result.reason(row) for row in range(len(result)))


def test_wrapped_products_do_not_pass(engine: Engine) -> None:
    """3 x 1431655765 x 3 is 3 in 32 bits only, and 2^64 + 4 is 4 in 64 bits only."""
    for factors in ((3, 1431655765, 1), (65536, 65536, 65536)):
        batch = MappingBatch.of([GOOD])
        for level, factor in enumerate(factors):
            set_factor(batch, TEMPORAL, level, "C", factor)
        assert STATUS[engine.evaluate(batch).status[0]] == "product"


@pytest.mark.parametrize("factors", [(65536,) * 4, (3, 13, 157, 3373, 4127, 25819, 469411)])
def test_wrapped_meshes_do_not_pass(engine: Engine, factors: tuple[int, ...]) -> None:
    """Their products are 2^64 and 56 x 2^64 + 1: 0 and 1 in 64 bits, less than any mesh."""
    batch = MappingBatch.of([with_level(1, spatial_x=(), spatial_y=(), temporal=(("P", 2), ("M", 4), ("C", 2)))])
    assert engine.evaluate(batch).valid[0]
    batch.factors[0, X, 1, : len(factors)] = factors
    assert STATUS[engine.evaluate(batch).status[0]] == "product"


def test_an_invalid_row_leaves_its_neighbours_alone(engine: Engine) -> None:
    bad = with_level(0, temporal=())
    result = engine.evaluate(MappingBatch.of([GOOD, bad, GOOD]))
    assert result.valid.tolist() == [True, False, True]
    assert result.energy_pj[0] == result.energy_pj[2] == engine.explain(GOOD).energy_pj


def test_misshapen_batches_are_errors(engine: Engine) -> None:
    batch = MappingBatch.of([GOOD])
    with pytest.raises(DataError, match=r"factors: expected contiguous int32 of shape \(n, 3, levels, 7\)"):
        MappingBatch(batch.factors.astype(np.int64), batch.orders, batch.keep)
    with pytest.raises(DataError, match="orders: expected"):
        MappingBatch(batch.factors, batch.orders[:, :, :2], batch.keep)
    with pytest.raises(DataError, match="batch: expected the 3 levels of 'chip', got 2"):
        engine.explain(Mapping(GOOD.levels[:2]))
    with pytest.raises(DataError, match="mappings: expected some of equally many levels"):
        MappingBatch.of([])
