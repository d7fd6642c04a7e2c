"""With every defect corrected, the model counts what a walk through every step with sets of elements counts."""

from __future__ import annotations

import importlib.util
import random
import sys
from math import prod
from pathlib import Path
from typing import Any

import pytest

from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer
from archgym.simulators.accelerator.maestro.model import Status, evaluate
from archgym.simulators.accelerator.maestro.notation import read_dataflow
from archgym.simulators.accelerator.maestro.physics import Defect, Physics


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


cases, oracle = _beside("maestro_cases"), _beside("oracle_maestro_walk")
CORRECTED = Physics.corrected()


def random_mapping(seed: int, levels: int):
    """A layer of at most 9 x 9, loops per level with smaller and smaller tiles, units per level, hardware."""
    rng = random.Random(seed)
    layer = cases.random_layer(rng, 5)
    size = {dim: layer.outputs(dim) for dim in "KCYXRS"}
    if layer.kind is Kind.DSCONV:
        del size["K"]
    loops = []
    for _ in range(levels):
        dims = rng.sample(list(size), len(size))
        parallel = rng.choice([dim for dim in dims if dim not in "RS"])
        size = {dim: extent if dim in "RS" else rng.randint(1, extent) for dim, extent in size.items()}
        loops.append([oracle.Loop(dim, size[dim], dim == parallel) for dim in dims])
    units = tuple(rng.randint(1, 4) for _ in range(levels))
    return layer, loops, units, cases.random_hardware(rng, prod(units))


def walked_and_priced(seed: int, levels: int):
    layer, loops, units, hardware = random_mapping(seed, levels)
    walked = oracle.walk(layer, loops, units, hardware)
    outcome = evaluate(layer, oracle.as_dataflow(layer, loops, units[1:]), hardware, CORRECTED)
    assert outcome.status is Status.OK, outcome.message
    return layer, walked, outcome.cost


@pytest.mark.parametrize("levels", [1, 2])
@pytest.mark.parametrize("block", range(3))
def test_cycles_and_traffic_are_those_of_a_walk(levels, block):
    for seed in range(50 * block, 50 * block + (50 if levels == 1 else 15)):
        layer, walked, cost = walked_and_priced(seed, levels)
        assert cost.num_macs == walked.macs == layer.macs, seed
        assert {t: cost.l2[t][0] for t in "IW"} == {t: walked.reads[t] for t in "IW"}, seed
        # every output leaves once, unfinished ones come back before
        assert cost.l2["O"] == (layer.size("O") + walked.reads["O"], walked.writes), seed
        assert cost.runtime_cycles == walked.cycles, seed
        assert cost.noc_bandwidth == walked.peak, seed
        if levels == 1:
            assert {t: cost.l1[t][1] for t in "IW"} == walked.taken, seed


@pytest.mark.parametrize("seed", range(30))
def test_traffic_is_at_least_compulsory(seed):
    layer, _, cost = walked_and_priced(seed, 2)
    touched = {"W": layer.size("W"), "I": layer.C * _touched(layer, "Y") * _touched(layer, "X")}
    for tensor, size in touched.items():
        assert cost.l2[tensor][0] >= size
        assert cost.l1[tensor][1] >= cost.l2[tensor][0]  # each PE that takes an element writes it
    assert cost.l2["O"][1] - (cost.l2["O"][0] - layer.size("O")) == layer.size("O")


def _touched(layer: MaestroLayer, dim: str) -> int:
    window = range(layer.extents[layer.slides[dim]])
    return len({y * layer.stride(dim) + r for y in range(layer.outputs(dim)) for r in window})


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("levels", [1, 2])
def test_energy_charges_macs_and_both_buffers_at_any_number_of_levels(seed, levels):
    _, _, cost = walked_and_priced(seed, levels)
    l1, l2 = (sum(map(sum, buffer.values())) for buffer in (cost.l1, cost.l2))
    assert cost.energy_nj == pytest.approx(0.00023 * (cost.num_macs + 1.68 * l1 + 18.61 * l2), rel=1e-12)


def reads(text: str, physics: Physics, layer: MaestroLayer, pes: int, tensor: str) -> int:
    return evaluate(layer, read_dataflow(text), Hardware(pes, 4, 4), physics).cost.l2[tensor][0]


def test_reload_by_hand():
    """W of K=1, C=4 in steps of 2: twice the two steps for two rows of Y; without D1 the second row's first is free."""
    layer = MaestroLayer("r", C=4, Y=2)
    text = "SpatialMap(1,1) K; TemporalMap(1,1) Y; TemporalMap(2,2) C"
    assert reads(text, Physics.reference(), layer, 1, "W") == 2 + 2 + 0 + 2
    assert reads(text, Physics.reference().without(Defect.RELOAD), layer, 1, "W") == 4 + 4


def test_edge_fetch_by_hand():
    """C of 5 in steps of 2: the last step brings one channel."""
    layer = MaestroLayer("e", C=5)
    text = "SpatialMap(1,1) K; TemporalMap(2,2) C"
    assert reads(text, Physics.reference(), layer, 1, "I") == 2 + 2 + 2
    assert reads(text, Physics.reference().without(Defect.EDGE_FETCH), layer, 1, "I") == 5


def test_last_unit_by_hand():
    """8 channels on 16 units of 4: two are active, and both need theirs."""
    layer = MaestroLayer("u", C=8, Y=2)
    text = "TemporalMap(1,1) Y; SpatialMap(4,4) C"
    # The first step is right in any case; in the second, the last unit gets nothing.
    assert reads(text, Physics.reference(), layer, 16, "I") == 8 + 4
    assert reads(text, Physics.reference().without(Defect.LAST_UNIT), layer, 16, "I") == 8 + 8


def test_fractional_unit_by_hand():
    """29 channels on 3 units of 4: in the third round one unit has 4 and another one 1."""
    layer = MaestroLayer("f", C=29)
    flow = read_dataflow("SpatialMap(4,4) C")
    macs = [
        evaluate(layer, flow, Hardware(3, 4, 4), physics).cost.num_macs
        for physics in (Physics.reference(), Physics.reference().without(Defect.FRACTIONAL_UNIT))
    ]
    assert macs == [2 * 12 + 1, 2 * 12 + 4 + 1]


def test_halo_by_hand():
    """Two PEs, two rows of outputs with a kernel of 3: 4 rows of inputs are shared, and sent once per channel."""
    layer = MaestroLayer("h", C=3, Y=4, R=3)
    text = "SpatialMap(3,1) Y; TemporalMap(1,1) C"
    assert reads(text, Physics.reference(), layer, 2, "I") == 3 * (3 + 3)
    assert reads(text, Physics.reference().without(Defect.HALO), layer, 2, "I") == 3 * 4


def test_off_chip_by_hand():
    """5 steps of 8 elements each over a link of 1 a cycle: the first one adds its compute of 4 cycles."""
    layer = MaestroLayer("o", C=20)
    flow = read_dataflow("SpatialMap(1,1) K; TemporalMap(4,4) C")
    cost = evaluate(layer, flow, Hardware(1, 100, 1), Physics.corrected()).cost
    assert cost.runtime_cycles == (4 + 8) + 4 * 8
    assert cost.offchip_bandwidth == 8 // 4


def test_l1_keeps_output_tiles():
    flow = read_dataflow(cases.WORKED_DATAFLOW)
    physics = Physics.reference().without(Defect.L1_OUTPUT)
    assert evaluate(cases.WORKED_LAYER, flow, cases.WORKED_HARDWARE, physics).cost.l1_bytes == 2 * (9 + 9 + 1)


def test_a_tile_without_output_is_a_status():
    outcome = evaluate(
        MaestroLayer("t", Y=8, R=3),
        read_dataflow("SpatialMap(1,1) K; TemporalMap(2,1) Y"),
        Hardware(1, 4, 4),
        CORRECTED,
    )
    assert outcome.status is Status.UNMAPPABLE
    assert outcome.message == "level 0: a tile is too small for one output: make it as large as the kernel"
