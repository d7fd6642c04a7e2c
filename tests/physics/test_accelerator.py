"""What must hold for any accelerator, from formulas: nothing here comes from the engine or from another simulator."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.batch import TEMPORAL, MappingBatch, X, Y
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.layer import TENSORS, Layer
from archgym.simulators.accelerator.mapping import Mapping, level_mapping
from archgym.simulators.accelerator.results import BatchResult

TILES, READS, FILLS, UPDATES = 0, 1, 2, 3
W, I, O = 0, 1, 2  # noqa: E741 - the field's own symbols
LAYERS = (
    Layer("conv", N=1, C=8, M=16, P=14, Q=14, R=3, S=3),
    Layer("strided", N=2, C=3, M=8, P=12, Q=12, R=5, S=5, stride_p=2, stride_q=2),
    Layer("dilated", N=1, C=4, M=4, P=8, Q=8, R=3, S=3, dilation_p=2, dilation_q=2),
    Layer("pointwise", N=1, C=32, M=64, P=7, Q=7, R=1, S=1),
    Layer("depthwise", N=1, C=32, M=1, P=14, Q=14, R=3, S=3, kind="depthwise"),
    Layer("gemm", N=1, C=64, M=96, P=32, Q=1, R=1, S=1, kind="gemm"),
)


def level(name: str, mesh: int, words: int | None = None, bandwidth: float | None = None) -> Level:
    return Level(
        name, "SRAM", words, 1, mesh, mesh, bandwidth, bandwidth, frozenset(TENSORS), 3.0, 5.0, 7.0, 0.01, 10.0
    )


CHIP = Architecture("chip", (level("DRAM", 1), level("glb", 1), level("spad", 8)), Mac(8, 8, 2.0, 0.5, 4.0))


def some_mappings(layer: Layer, n: int, seed: int) -> MappingBatch:
    """Every prime factor of every dimension at a random place, in random order; every level holds everything."""
    rng = np.random.default_rng(seed)
    factors = np.ones((n, 3, 3, 7), np.int32)
    for dim, size in enumerate(layer.sizes):
        while size > 1:
            prime = next(f for f in range(2, size + 1) if size % f == 0)
            part, at = rng.choice([X, Y, TEMPORAL], n, p=[0.2, 0.2, 0.6]), rng.integers(0, 3, n)
            at = np.where(part == TEMPORAL, at, 1)  # only the glb fans out
            factors[np.arange(n), part, at, dim] *= prime
            size //= prime
    orders = np.argsort(rng.random(factors.shape), axis=3).astype(np.uint8)
    return MappingBatch(factors, orders, np.full((n, 3), 7, np.uint8))


def priced(layer: Layer, chip: Architecture = CHIP, seed: int = 1) -> tuple[MappingBatch, BatchResult]:
    """Valid mappings only, with their counts."""
    batch = some_mappings(layer, 600, seed)
    batch = batch.take(Engine(chip, layer).evaluate(batch).valid)
    assert len(batch) > 50
    return batch, Engine(chip, layer).evaluate(batch, counts=True, activity=True)


def counts_of(result: BatchResult) -> np.ndarray:
    assert result.counts is not None
    return result.counts


layers = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)


@layers
def test_every_word_crosses_the_pins_at_least_once(layer: Layer) -> None:
    """Compulsory traffic: the outermost level reads all weights and inputs, and all outputs come back."""
    counts = counts_of(priced(layer)[1])
    assert (counts[:, 0, W, READS] >= layer.words("W")).all()
    if max(layer.stride_p, layer.stride_q) == 1:  # else words that no window touches need not be read
        assert (counts[:, 0, I, READS] >= layer.words("I")).all()
    assert (counts[:, 0, O, UPDATES] >= layer.words("O")).all()
    assert (counts[:, 0, :, FILLS] == 0).all()


@layers
def test_what_the_innermost_level_serves(layer: Layer) -> None:
    """Each multiplier fetches three words per operation: with one per spad, reads = steps."""
    batch, result = priced(layer)
    counts = counts_of(result)
    steps = batch.factors[:, TEMPORAL].prod(axis=(1, 2))
    np.testing.assert_array_equal(counts[:, 2, W, READS], steps)
    np.testing.assert_array_equal(counts[:, 2, O, UPDATES], steps)
    assert (counts[:, 2, I, READS] >= steps).all()  # and what it hands on to neighbours


@layers
def test_outputs_are_read_back_once_less_than_they_are_written(layer: Layer) -> None:
    """The first partial sum of a word needs no read: at the outermost level, reads = updates - words."""
    counts = counts_of(priced(layer)[1])
    np.testing.assert_array_equal(counts[:, 0, O, READS], counts[:, 0, O, UPDATES] - layer.words("O"))


@layers
def test_cycles_are_at_least_the_work_over_the_multipliers(layer: Layer) -> None:
    result = priced(layer)[1]
    assert (result.cycles >= layer.macs / CHIP.mac.instances).all()
    assert ((result.utilization > 0) & (result.utilization <= 1)).all()


@layers
def test_doubling_a_bandwidth_never_slows_and_at_most_halves(layer: Layer) -> None:
    def cycles(bandwidth: float) -> np.ndarray:
        chip = dataclasses.replace(CHIP, levels=(level("DRAM", 1, bandwidth=bandwidth), *CHIP.levels[1:]))
        return priced(layer, chip)[1].cycles

    narrow, wide = cycles(0.25), cycles(0.5)
    assert (wide <= narrow).all()
    assert (2 * wide >= narrow).all()
    assert (wide < narrow).any()


@layers
def test_cycles_are_the_words_over_the_slowest_port(layer: Layer) -> None:
    """A level alone needs max(steps, reads / bandwidth, writes / bandwidth) cycles, and the slowest one counts."""
    chip = dataclasses.replace(
        CHIP, levels=tuple(dataclasses.replace(at, read_bandwidth=2, write_bandwidth=1) for at in CHIP.levels)
    )
    batch, result = priced(layer, chip)
    counts = counts_of(result)
    steps = batch.factors[:, TEMPORAL].prod(axis=(1, 2))[:, None]
    words = counts.sum(axis=2)
    needed = np.maximum(np.maximum(steps, words[..., READS] / 2), words[..., FILLS] + words[..., UPDATES])
    assert (np.abs(result.level_cycles - needed) <= 1).all()  # Timeloop's rounding may add one
    np.testing.assert_array_equal(result.cycles, result.level_cycles.max(axis=1))


@layers
def test_energy_is_accesses_times_prices(layer: Layer) -> None:
    batch, result = priced(layer)
    counts = counts_of(result)
    used = np.stack([np.ones(len(batch)), np.ones(len(batch)), batch.factors[:, :2, 1].prod(axis=(1, 2))], axis=1)
    words = counts.sum(axis=2)
    pj = used * (3.0 * words[..., READS] + 5.0 * words[..., FILLS] + 7.0 * words[..., UPDATES])
    leak = used * result.cycles[:, None] * 0.01
    np.testing.assert_allclose(result.component_pj[:, :-1], pj + leak, rtol=1e-12)
    np.testing.assert_allclose(result.component_pj[:, -1], 2.0 * layer.macs)
    np.testing.assert_allclose(result.energy_pj, result.component_pj.sum(axis=1), rtol=1e-12)


@layers
def test_wider_blocks_need_no_more_accesses(layer: Layer) -> None:
    wide = dataclasses.replace(CHIP, levels=tuple(dataclasses.replace(at, block_words=4) for at in CHIP.levels))
    words, blocks = priced(layer)[1].activity, priced(layer, wide)[1].activity
    assert (blocks[..., :3] * 4 >= words[..., :3]).all()
    assert (blocks[..., :3] <= words[..., :3]).all()


@layers
def test_twice_the_batch_is_twice_the_work(layer: Layer) -> None:
    """An outermost loop over N repeats everything with new inputs and outputs; the weights as often again or not."""
    batch, result = priced(layer)
    doubled = dataclasses.replace(layer, N=2 * layer.N)
    factors, orders = batch.factors.copy(), batch.orders.copy()
    factors[:, TEMPORAL, 0, 0] *= 2
    first = np.argsort(orders[:, TEMPORAL, 0] != 0, axis=1, kind="stable")  # N first, the rest as they were
    orders[:, TEMPORAL, 0] = np.take_along_axis(orders[:, TEMPORAL, 0], first, axis=1)
    alone = batch.factors[:, TEMPORAL, 0, 0] == 1
    twice = Engine(CHIP, doubled).evaluate(MappingBatch(factors, orders, batch.keep), counts=True)
    np.testing.assert_array_equal(twice.cycles[alone], 2 * result.cycles[alone])
    before, after = counts_of(result)[alone], counts_of(twice)[alone]
    np.testing.assert_array_equal(after[:, :, O, FILLS:], 2 * before[:, :, O, FILLS:])
    np.testing.assert_array_equal(after[:, 1:, O, READS], 2 * before[:, 1:, O, READS])
    assert (after[..., W, READS] >= before[..., W, READS]).all()
    assert (after[..., W, READS] <= 2 * before[..., W, READS]).all()


@layers
def test_a_level_that_holds_nothing_costs_only_area(layer: Layer) -> None:
    """Inputs may be dearer: what passes a level by is not handed on to neighbours under it."""
    batch, result = priced(layer)
    wires = level("wires", 8)
    chip = dataclasses.replace(CHIP, levels=(*CHIP.levels[:2], wires, CHIP.levels[2]))
    n = len(batch)
    factors = np.insert(batch.factors, 2, 1, axis=2)
    orders = np.insert(batch.orders, 2, np.arange(7), axis=2)
    keep = np.insert(batch.keep, 2, 0, axis=1)
    through = Engine(chip, layer).evaluate(MappingBatch(factors, orders, keep), counts=True)
    assert through.valid.all()
    assert (through.component_pj[:, 2] == 0).all()
    before, after = counts_of(result), np.delete(counts_of(through), 2, axis=1)
    np.testing.assert_array_equal(after[:, :, [W, O]], before[:, :, [W, O]])
    forwards = before[:, 2, I, READS] > batch.factors[:, TEMPORAL].prod(axis=(1, 2))
    np.testing.assert_array_equal(after[~forwards], before[~forwards])
    assert (~forwards).sum() > n // 2
    assert chip.area_um2 == CHIP.area_um2 + wires.area_um2 * 64


def test_one_level_by_hand() -> None:
    """A multiplier on a memory: three reads per operation but for each output's first, and one update."""
    layer = Layer("conv", N=1, C=2, M=3, P=4, Q=1, R=2, S=1)
    chip = Architecture(
        "bare", (Level("DRAM", "DRAM", None, 1, 1, 1, 1.0, 1.0, frozenset("WIO"), 10.0, 20.0, 30.0),), Mac(1, 1, 1.0)
    )
    mapping = Mapping((level_mapping("WIO", [["M", 3], ["C", 2], ["P", 4], ["R", 2]]),))
    result = Engine(chip, layer).explain(mapping)
    macs, outputs = 2 * 3 * 4 * 2, 3 * 4
    reads = macs + macs + (macs - outputs)
    assert result.compute_cycles == macs
    assert result.cycles == reads  # one word a cycle
    assert result.energy_pj == macs * 1.0 + reads * 10.0 + macs * 30.0
    assert {name: tensor.tile_words for name, tensor in result.levels[0].tensors.items()} == {"W": 12, "I": 10, "O": 12}


def test_a_window_that_slides_fetches_only_what_is_new() -> None:
    """A kernel of 3 over 8 outputs with the kernel inside: the spad gets 10 inputs, not 8 x 3."""
    layer = Layer("window", N=1, C=1, M=1, P=8, Q=1, R=3, S=1)
    chip = dataclasses.replace(CHIP, levels=(level("DRAM", 1), level("spad", 1)), mac=Mac(1, 1, 1.0))
    sliding = Mapping((level_mapping("WIO", [["P", 8]]), level_mapping("WIO", [["R", 3]])))
    spad = Engine(chip, layer).explain(sliding).levels[1]
    assert spad.tensors["I"].fills == 8 + 3 - 1
    assert spad.tensors["W"].fills == 3
    strided = dataclasses.replace(layer, stride_p=3)
    assert Engine(chip, strided).explain(sliding).levels[1].tensors["I"].fills == 8 * 3


@pytest.mark.parametrize("split", ["M", "P", "C"])
def test_a_tensor_that_children_share_is_read_once(split: str) -> None:
    """Multicast and spatial reduction: children that need the same word, or add to it, cost their parent one access."""
    layer = Layer("shared", N=1, C=4, M=4, P=4, Q=1, R=1, S=1)
    loops = [[dim, 4] for dim in "CMP" if dim != split]
    fanned = Mapping((level_mapping("WIO"), level_mapping("WIO", [], [[split, 4]]), level_mapping("WIO", loops)))
    result = Engine(CHIP, layer).explain(fanned)
    glb, spad = result.levels[1].tensors, result.levels[2].tensors
    shared = {"M": "I", "P": "W", "C": "O"}[split]
    for name in TENSORS:
        assert (glb[name].updates if name == "O" else glb[name].reads) == layer.words(name)
        assert spad[name].tile_words * spad[name].instances == layer.words(name) * (4 if name == shared else 1)
    assert result.cycles == math.prod((4, 4))


def test_neighbours_hand_on_a_diagonal() -> None:
    """Output p of element r needs input p + r: what element r + 1 had a step ago. Only new inputs come from outside."""
    layer = Layer("diagonal", N=1, C=1, M=1, P=6, Q=1, R=4, S=1)
    mapping = Mapping((level_mapping("WIO"), level_mapping("WIO", [["P", 6]], [["R", 4]]), level_mapping("WIO")))
    chip = dataclasses.replace(
        CHIP, levels=(CHIP.levels[0], CHIP.levels[1], dataclasses.replace(CHIP.levels[2], mesh_x=4)), mac=Mac(4, 8, 1.0)
    )
    levels = Engine(chip, layer).explain(mapping).levels
    handed_on = 3 * (6 - 1)
    assert levels[1].tensors["I"].reads == 6 + 4 - 1
    assert levels[2].tensors["I"].fills == 6
    assert levels[2].tensors["I"].reads == 6 + handed_on // 4  # averaged over the elements


def test_area_is_the_sum_over_instances() -> None:
    assert CHIP.area_um2 == 10.0 + 10.0 + 64 * 10.0 + 64 * 4.0
