"""The compiled kernel says what the readable model says, to the bit, for every mapping and set of defects."""

from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.maestro import kernel
from archgym.simulators.accelerator.maestro.batch import CHUNK, BatchEngine
from archgym.simulators.accelerator.maestro.from_layer import from_layer
from archgym.simulators.accelerator.maestro.genes import (
    CLUSTER,
    INNER_ORDER,
    INNER_PARALLEL,
    INNER_TILES,
    OUTER_ORDER,
    OUTER_PARALLEL,
    OUTER_TILES,
    gene_limits,
    mapping_from_genes,
)
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer
from archgym.simulators.accelerator.maestro.model import Status, evaluate
from archgym.simulators.accelerator.maestro.notation import write_dataflow
from archgym.simulators.accelerator.maestro.physics import Defect, Physics, Revision


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


cases = _beside("maestro_cases")
EXACT = ("runtime_cycles", "energy_nj", "throughput", "area_um2", "power_mw", "l1_bytes", "l2_bytes", "num_macs")
LAYER = MaestroLayer("conv", K=8, C=6, Y=10, X=9, R=3, S=2)
HARDWARE = Hardware(12, 16, 8)


def row(**changes: Any) -> list[int]:
    genes = {
        "outer_order": [0, 1, 2, 3, 4, 5],
        "outer_tiles": [4, 3, 3, 2, 2, 4],
        "outer_parallel": 0,
        "cluster": 3,
        "inner_order": [5, 4, 3, 2, 1, 0],
        "inner_tiles": [2, 1, 3, 2, 1, 2],
        "inner_parallel": 1,
    }
    genes |= changes
    return [g for value in genes.values() for g in (value if isinstance(value, list) else [value])]


def some_physics(rng: random.Random, kind: str) -> Physics:
    if kind == "mixed":
        return Physics(frozenset(d for d in Defect if rng.random() < 0.5), rng.choice(list(Revision)))
    return {"reference": Physics.reference(), "archgym": Physics.archgym(), "corrected": Physics.corrected()}[kind]


@pytest.mark.parametrize("kind", ["reference", "archgym", "corrected", "mixed"])
def test_kernel_and_model_agree_to_the_bit(kind):
    compared = 0
    for seed in range(40):
        rng = random.Random(seed)
        layer, pes = cases.random_layer(rng, 9), rng.randint(1, 24)
        hardware, physics = cases.random_hardware(rng, pes), some_physics(rng, kind)
        tiled = physics.revision is Revision.ARCHGYM
        genes = [cases.random_genes(rng, layer, pes, tiled_kernel=tiled) for _ in range(3)]
        result = BatchEngine(layer, hardware, physics).price(genes)
        for i, one in enumerate(genes):
            cost = evaluate(layer, mapping_from_genes(layer, one), hardware, physics).cost
            assert (cost is not None) == result.mappable[i], (seed, i)
            if cost is None:
                continue
            assert {name: getattr(cost, name) for name in EXACT} == {name: getattr(result, name)[i] for name in EXACT}
            assert result.active_pes[i] == pytest.approx(cost.active_pes, rel=1e-12)
            compared += 1
    assert compared > 100


def test_genes_of_published_random_mappings_give_maestros_numbers():
    """The rows of the sample that have stride 1 and GAMMA's form, read back into genes."""
    found = 0
    for reference in cases.golden_rows():
        genes = genes_of(reference)
        if genes is None:
            continue
        layer, hardware = maestro_inputs(reference)
        result = BatchEngine(layer, hardware, Physics.reference()).price([genes])
        assert result.status[0] == kernel.OK
        assert result.runtime_cycles[0] == reference["runtime_cycles"]
        assert result.l1_bytes[0] == reference["l1_req_bytes"]
        assert result.l2_bytes[0] == reference["l2_req_bytes"]
        assert result.energy_nj[0] == pytest.approx(reference["energy_nJ"], rel=6e-6)
        assert result.fits[0] == reference["fits"]
        found += 1
    assert found >= 9


def maestro_inputs(reference: dict[str, Any]) -> tuple[MaestroLayer, Hardware]:
    layer, hw = reference["layer"], reference["hw"]
    extents = {name: layer[name] for name in "KCYXRS"}
    return MaestroLayer("row", Kind(layer["type"]), **extents), Hardware(
        *(hw[k] for k in ("pes", "noc", "off", "l1", "l2"))
    )


def genes_of(reference: dict[str, Any]) -> list[int] | None:
    """The row's dataflow as genes; None where it has another form."""
    if reference["dataflow_name"] != "gamma_random" or reference["layer"]["stride"] != 1:
        return None
    depthwise = reference["layer"]["type"] == "DSCONV"
    genes: list[int] = []
    order, tiles, parallel = [], dict.fromkeys("KCRSYX", 1), 0
    for line in [*reference["dataflow"], "end"]:
        if line.startswith(("Cluster", "end")):
            order += [i for i in range(6) if i not in order]
            genes += [*order, *tiles.values(), parallel]
            order, tiles = [], dict.fromkeys("KCRSYX", 1)
            if line != "end":
                genes.append(int(line.split("(")[1].split(",")[0]))
            continue
        dim = line.split()[-1].rstrip("'")
        order.append("KCRSYX".index(dim))
        tiles[dim] = int(line.split("(")[1].split(",")[0])
        if line.startswith("Spatial"):
            parallel = "KCYX".index(dim)
    inner_larger = any(inner > outer for inner, outer in zip(genes[INNER_TILES], genes[OUTER_TILES], strict=True))
    return None if inner_larger or (depthwise and genes[OUTER_PARALLEL] == 0) else genes


def test_genes_say_what_the_dataflow_does():
    assert write_dataflow(mapping_from_genes(LAYER, row())) == (
        "SpatialMap(4,4) K",
        "TemporalMap(3,3) C",
        "TemporalMap(3,3) R",
        "TemporalMap(2,2) S",
        "TemporalMap(4,2) Y",
        "TemporalMap(5,4) X",
        "Cluster(3,P)",
        "TemporalMap(3,2) X",
        "TemporalMap(3,1) Y",
        "TemporalMap(2,2) S",
        "TemporalMap(3,3) R",
        "SpatialMap(1,1) C",
        "TemporalMap(2,2) K",
    )


def test_slices_of_a_row():
    genes = row()
    assert genes[OUTER_ORDER] == [0, 1, 2, 3, 4, 5]
    assert genes[OUTER_TILES] == [4, 3, 3, 2, 2, 4]
    assert (genes[OUTER_PARALLEL], genes[CLUSTER], genes[INNER_PARALLEL]) == (0, 3, 1)
    assert genes[INNER_ORDER] == [5, 4, 3, 2, 1, 0]
    assert genes[INNER_TILES] == [2, 1, 3, 2, 1, 2]


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"outer_order": [0, 0, 2, 3, 4, 5]}, kernel.BAD_ORDER, "outer order: expected a permutation of 0 to 5"),
        ({"inner_order": [0, 1, 2, 3, 4, 9]}, kernel.BAD_ORDER, "inner order"),
        (
            {"outer_tiles": [11, 3, 3, 2, 2, 4]},
            kernel.BAD_TILE,
            "outer tile of K: 3 too large: expected 1 to the layer",
        ),
        (
            {"inner_tiles": [2, 1, 3, 2, 5, 2]},
            kernel.BAD_TILE,
            "inner tile of Y: 3 too large: expected 1 to the outer tile",
        ),
        ({"inner_tiles": [2, 0, 3, 2, 1, 2]}, kernel.BAD_TILE, "inner tile of C: 1 too small"),
        ({"inner_tiles": [2, 1, 2, 2, 1, 2]}, kernel.BAD_KERNEL, "inner tile of R: 1 less than the kernel's 3"),
        ({"cluster": 14}, kernel.BAD_CLUSTER, "cluster size: 2 too large: expected 1 to 12 PEs"),
        ({"outer_parallel": 4}, kernel.BAD_PARALLEL, "outer parallel dimension 4"),
    ],
)
def test_a_bad_mapping_is_a_status_that_says_where_and_by_how_much(changes, status, message):
    engine = BatchEngine(LAYER, HARDWARE, Physics.reference())
    result = engine.price([row(**changes), row()])
    assert result.status.tolist() == [status, kernel.OK]
    assert message in engine.message(result.counters[0])
    assert result.runtime_cycles[0] == 0
    assert not result.fits[0]
    outcome = engine.outcome(row(**changes))
    assert (outcome.status, outcome.cost) == (Status.UNMAPPABLE, None)
    assert message in outcome.message


def test_a_depthwise_layer_has_no_k():
    engine = BatchEngine(MaestroLayer("dw", Kind.DSCONV, K=8, C=6, Y=10, X=9, R=3, S=2), HARDWARE, Physics.corrected())
    tiles = {"outer_tiles": [1, 3, 3, 2, 2, 4], "inner_tiles": [1, 1, 3, 2, 1, 2]}
    result = engine.price([row(**tiles), row(**tiles, outer_parallel=1)])
    assert result.status.tolist() == [kernel.BAD_PARALLEL, kernel.OK]
    assert result.num_macs[1] == 6 * 8 * 8 * 3 * 2


def test_a_small_buffer_is_reported_and_still_priced():
    roomy = BatchEngine(LAYER, HARDWARE, Physics.reference()).price([row()])
    small = Hardware(12, 16, 8, l1_bytes=int(roomy.l1_bytes[0]) - 1)
    result = BatchEngine(LAYER, small, Physics.reference()).price([row()])
    assert result.mappable[0]
    assert not result.fits[0]
    assert result.runtime_cycles[0] == roomy.runtime_cycles[0]
    assert "1 more than its" in BatchEngine(LAYER, small, Physics.reference()).outcome(row()).message


def test_threads_and_order_do_not_change_a_bit():
    rng = random.Random(5)
    genes = np.array([cases.random_genes(rng, LAYER, 12) for _ in range(2 * CHUNK + 7)])
    engine = BatchEngine(LAYER, HARDWARE, Physics.corrected())
    one, two = engine.price(genes), engine.price(genes, threads=2)
    back = engine.price(genes[::-1])
    for column in ("counters", "energy_nj", "active_pes", "area_um2"):
        assert np.array_equal(getattr(one, column), getattr(two, column))
        assert np.array_equal(getattr(one, column), getattr(back, column)[::-1])


def test_genes_of_another_shape_are_an_error():
    engine = BatchEngine(LAYER, HARDWARE, Physics.reference())
    with pytest.raises(DataError, match=r"expected integers of shape \(n, 27\), got int64 of shape \(1, 3\)"):
        engine.price([[1, 2, 3]])
    with pytest.raises(DataError, match="outer order"):
        mapping_from_genes(LAYER, row(outer_order=[0, 0, 2, 3, 4, 5]))
    with pytest.raises(DataError, match="a batch of 2 has no gene"):
        BatchEngine(MaestroLayer("batch", N=2), HARDWARE, Physics.reference())


def test_a_gemm_is_searched_as_a_convolution():
    gemm = MaestroLayer("gemm", Kind.GEMM, M=6, N=4, K=8)
    assert gene_limits(gemm).tolist() == [4, 8, 1, 1, 6, 1]
    genes = row(outer_tiles=[2, 4, 1, 1, 3, 1], inner_tiles=[1, 2, 1, 1, 1, 1])
    assert BatchEngine(gemm, HARDWARE, Physics.corrected()).price([genes]).num_macs[0] == 6 * 4 * 8


def test_a_layer_of_the_other_model_is_the_same_work():
    layer = Layer("l", N=1, C=8, M=6, P=5, Q=4, R=3, S=1, stride_p=2, groups=2)
    ours = from_layer(layer)
    assert (ours.K, ours.C, ours.Y, ours.X, ours.R, ours.S) == (3, 4, 2 * 4 + 3, 4, 3, 1)
    assert ours.macs * layer.groups == layer.macs
    with pytest.raises(DataError, match="dilation of 2 along P"):
        from_layer(Layer("d", N=1, C=1, M=1, P=5, Q=4, R=3, S=1, dilation_p=2))
