"""MAESTRO's numbers: against what it printed, and by its rules worked out by hand."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archgym.simulators.accelerator.maestro.dataflow import Map
from archgym.simulators.accelerator.maestro.golden_row import agrees, compare
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import Kind, MaestroLayer
from archgym.simulators.accelerator.maestro.levels import Level, complete
from archgym.simulators.accelerator.maestro.model import Outcome, Status, evaluate
from archgym.simulators.accelerator.maestro.notation import read_dataflow
from archgym.simulators.accelerator.maestro.physics import Defect, Physics
from archgym.simulators.accelerator.maestro.states import Position, states_of
from archgym.simulators.accelerator.maestro.tables import make_table


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


cases = _beside("maestro_cases")
ROWS = cases.golden_rows()
REFERENCE = Physics.reference()
GEMM = MaestroLayer("gemm", Kind.GEMM, M=6, N=4, K=8)


def worked(physics: Physics = REFERENCE) -> Outcome:
    return evaluate(cases.WORKED_LAYER, read_dataflow(cases.WORKED_DATAFLOW), cases.WORKED_HARDWARE, physics)


def message(layer: MaestroLayer, text: str, hardware: Hardware = cases.WORKED_HARDWARE) -> str:
    outcome = evaluate(layer, read_dataflow(text), hardware, REFERENCE)
    assert outcome.status is Status.UNMAPPABLE
    assert outcome.cost is None
    return outcome.message


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_every_number_that_maestro_printed(row):
    quantities = compare(row)
    assert len(quantities) == 24
    assert [q for q in quantities if not agrees(*q)] == []


def test_a_wrong_number_is_noticed():
    row = ROWS[0] | {"runtime_cycles": ROWS[0]["runtime_cycles"] + 1, "energy_nJ": ROWS[0]["energy_nJ"] * 1.00001}
    assert {q[0] for q in compare(row) if not agrees(*q)} == {"runtime_cycles", "energy_nJ"}


def test_worked_example():
    cost = worked().cost
    # 1 first case of 18 + noc(72) = 36 cycles, 23 more that wait for 18 cycles of the inner level
    assert cost.runtime_cycles == 36 + 23 * 18
    assert cost.l2 == {"I": (174, 3 * 8 * 3), "W": (144, 4 * 3 * 9), "O": (4 * 6, 12 * 3 + 12 * 1)}
    assert cost.num_macs == cost.true_macs == 4 * 6 * 1 * 3 * 9
    assert cost.l1 == {"I": (648, 174), "W": (648, 144), "O": (648, 648)}
    assert cost.l1_bytes == 2 * (9 + 9 + 9)
    assert cost.l2_bytes == 2 * 18 + 2 * 54 + 2 * 3
    assert cost.active_pes == (12 * 6 + 12 * 2) / 24
    assert (cost.noc_bandwidth, cost.offchip_bandwidth) == (72 // 18, 4)
    assert cost.energy_nj == pytest.approx(0.00023 * 18.61 * (174 + 72 + 144 + 108 + 48), rel=1e-12)
    assert cost.area_um2 == pytest.approx(71545.2, rel=6e-6)
    assert cost.power_mw == pytest.approx(9.68307, rel=6e-6)


def level_of(m: Map, extent: int, units: int) -> tuple[MaestroLayer, Level]:
    """A level that has only the map *m* of C, the other dimensions being 1."""
    rest = tuple(Map(dim, 1, 1) for dim in "KYXRS")
    return MaestroLayer("c", C=extent), Level((m, *rest), units, dict.fromkeys("KYXRS", 1) | {"C": extent}, 0)


@pytest.mark.parametrize(
    ("extent", "size", "offset", "steady", "edge", "entry"),
    [
        (9, 2, 2, 3, True, (2, 2, 1, 1)),
        (8, 3, 1, 5, False, (3, 1, 3, 0)),
        (16, 5, 3, 3, True, (5, 3, 4, 2)),
        (2, 3, 3, 0, False, (3, 0, 2, 2)),
    ],
)
def test_a_loop_over_time_in_table_and_states(extent, size, offset, steady, edge, entry):
    m = Map("C", size, offset)
    layer, level = level_of(m, extent, 1)
    c = make_table(level, level.extents, layer, REFERENCE).inputs["C"]
    assert (c.tile, c.new, c.edge_tile, c.edge_new) == entry
    states = states_of(m, extent, 1, REFERENCE)
    assert states[0].unrolled == (extent <= size)
    assert states[0].edge == (extent < size)
    assert [s.count for s in states if s.position is Position.STEADY] == ([steady] if steady else [])
    assert (states[-1].position is Position.EDGE) == edge


@pytest.mark.parametrize(
    ("extent", "size", "offset", "units", "steady", "last", "active", "entry"),
    [
        (14, 1, 1, 4, 2, "edge", 2, (1, 1, 1, 0)),
        (8, 4, 4, 16, 0, "init partial", 2, (4, 4, 4, 0)),
        (10, 4, 4, 16, 0, "init partial", 3, (4, 4, 2, 2)),
        (26, 4, 4, 3, 1, "edge", 1, (4, 4, 2, 2)),
        (29, 4, 4, 3, 1, "edge partial", 1, (4, 4, 1, 1)),
        (30, 3, 1, 8, 2, "edge", 4, (3, 1, 3, 0)),
    ],
)
def test_a_loop_over_units_in_table_and_states(extent, size, offset, units, steady, last, active, entry):
    m = Map("C", size, offset, spatial=True)
    layer, level = level_of(m, extent, units)
    table = make_table(level, level.extents, layer, REFERENCE)
    c = table.inputs["C"]
    assert (c.tile, c.new, c.edge_tile, c.edge_new) == entry
    assert table.active == active
    states = states_of(m, extent, units, REFERENCE)
    assert [s.count for s in states if s.position is Position.STEADY] == ([steady] if steady else [])
    assert states[-1].edge
    assert states[-1].is_init == last.startswith("init")
    assert states[-1].partial == last.endswith("partial")


def test_a_level_inherits_reversed_and_in_front():
    levels = complete(cases.WORKED_LAYER, read_dataflow(cases.WORKED_DATAFLOW), 6, REFERENCE)
    assert [m.dim for m in levels[1].maps] == ["K", "C", "Y", "X", "R", "S"]
    assert levels[1].extents == {"K": 1, "C": 2, "R": 3, "S": 3, "Y": 3, "X": 3}
    assert [level.units for level in levels] == [3, 2]


def test_missing_dimensions_are_filled_in_innermost_and_whole():
    (level,) = complete(cases.WORKED_LAYER, read_dataflow("SpatialMap(1,1) K; TemporalMap(3,1) X"), 6, REFERENCE)
    filled = [(m.dim, m.size, m.offset) for m in level.maps[2:]]
    assert filled == [("C", 3, 3), ("R", 3, 3), ("S", 3, 3), ("Y", 8, 8)]


@pytest.mark.parametrize(
    ("kernel", "tile", "expected"), [(3, 3, (3, 2)), (3, 7, (7, 6)), (3, 6, (5, 4)), (1, 4, (2, 4))]
)
def test_a_tile_takes_the_stride_in(kernel, tile, expected):
    layer = MaestroLayer("s2", Y=16, X=16, R=kernel, S=kernel, stride_y=2, stride_x=2)
    (level,) = complete(layer, read_dataflow(f"SpatialMap(1,1) K; TemporalMap({tile},1) Y"), 1, REFERENCE)
    y = next(m for m in level.maps if m.dim == "Y")
    # w = (m + t - k) / t outputs: (w - 1) t + k rows for k >= t, w k rows for k < t; w t further each step
    assert (y.size, y.offset) == expected


def test_gemm_by_hand():
    """Two rounds of columns on 2 PEs, K in two steps of 4: each of the 4 steps makes 6 x 4 MACs in a PE."""
    flow = read_dataflow("SpatialMap(1,1) N; TemporalMap(4,4) K; TemporalMap(6,6) M")
    cost = evaluate(GEMM, flow, Hardware(2, 1000, 1000), REFERENCE).cost
    assert cost.num_macs == cost.true_macs == 6 * 4 * 8
    # 6 x 4 of I in every step, save for the one in which N advances and K begins again: D1
    assert cost.l2["I"][0] == 24 + 24 + 24
    assert cost.l2["W"][0] == 4 * 8
    assert cost.l2["O"] == (6 * 4, 2 * 2 * 12)
    assert cost.runtime_cycles == (24 + 1) + 3 * 24


def test_one_level_pays_for_the_l1_and_two_do_not():
    flow = read_dataflow("SpatialMap(1,1) K; TemporalMap(3,1) Y; TemporalMap(3,1) X")
    cost = evaluate(cases.WORKED_LAYER, flow, cases.WORKED_HARDWARE, REFERENCE).cost
    l1, l2 = sum(map(sum, cost.l1.values())), sum(map(sum, cost.l2.values())) - cost.l2["O"][0]
    assert cost.energy_nj == pytest.approx(0.00023 * (1.68 * l1 + 18.61 * l2), rel=1e-12)


def test_archgyms_revision_takes_a_tiled_kernel_and_the_current_one_does_not():
    flow = read_dataflow("SpatialMap(1,1) K; TemporalMap(2,2) R; TemporalMap(3,1) Y")
    assert evaluate(cases.WORKED_LAYER, flow, cases.WORKED_HARDWARE, Physics.archgym()).status is Status.OK
    assert "TemporalMap(2,2) R: size and offset must be the kernel's 3" in message(
        cases.WORKED_LAYER, "SpatialMap(1,1) K; TemporalMap(2,2) R"
    )


def test_archgyms_revision_counts_cases_without_output():
    """Y of 8 with stride 2: 2 rows are left over, and make -2 + 3 = 0 outputs with the stride ignored."""
    layer = MaestroLayer("left over", K=2, Y=8, X=3, R=3, S=3, stride_y=2)
    flow = read_dataflow("SpatialMap(1,1) K; TemporalMap(3,3) R; TemporalMap(3,3) S; TemporalMap(3,1) Y")
    hardware = Hardware(2, 4, 4)
    current = evaluate(layer, flow, hardware, REFERENCE).cost
    assert current.runtime_cycles > 0
    older = evaluate(layer, flow, hardware, Physics.archgym())
    # The step without output takes 0 cycles of compute, by which that revision divides.
    assert older.status is Status.UNMAPPABLE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TemporalMap(1,1) K", "level 0: 0 SpatialMaps"),
        ("SpatialMap(1,1) K; SpatialMap(1,1) C; SpatialMap(1,1) Y", "level 0: 3 SpatialMaps"),
        ("SpatialMap(1,1) K; Cluster(8,P); SpatialMap(1,1) C", "8 PEs, 2 more than the 6"),
        ("SpatialMap(1,1) K; TemporalMap(1,1) K", "level 0: 2 directives on K"),
        ("SpatialMap(1,1) M", "a CONV layer has no dimension M"),
        ("SpatialMap(1,1) Y'", "a directive on Y' needs one on R"),
        ("; Cluster(1,P);".join(["SpatialMap(1,1) K"] * 5), "5 levels: at most 4"),
    ],
)
def test_what_cannot_be_mapped_is_a_status_that_says_where_and_by_how_much(text, expected):
    assert expected in message(cases.WORKED_LAYER, text)


def test_k_is_no_dimension_of_clusters_of_a_depthwise_layer():
    layer = replace(cases.WORKED_LAYER, kind=Kind.DSCONV)
    assert "directive on K" in message(layer, "SpatialMap(1,1) C; Cluster(2,P); SpatialMap(1,1) K")


def test_what_does_not_fit_has_a_cost_and_says_by_how_much():
    hardware = replace(cases.WORKED_HARDWARE, l1_bytes=42, l2_bytes=150)
    outcome = evaluate(cases.WORKED_LAYER, read_dataflow(cases.WORKED_DATAFLOW), hardware, REFERENCE)
    assert outcome.status is Status.TOO_LARGE
    assert outcome.message == "L1: 54 bytes needed, 12 more than its 42"
    assert outcome.cost == worked().cost


@pytest.mark.parametrize("defect", list(Defect))
def test_every_defect_is_a_switch_that_changes_some_row(defect):
    physics = REFERENCE.without(defect)
    assert any(not agrees(*q) for row in ROWS for q in compare(row, physics))


def test_with_stride_and_fractional_units_corrected_macs_are_right():
    """The two defects that miscount multiplications in the sample."""
    physics = REFERENCE.without(Defect.STRIDE, Defect.FRACTIONAL_UNIT)
    wrong = [row for row in ROWS if row["num_macs"] != row["true_macs"]]
    assert len(wrong) >= 9
    for row in ROWS:
        ours = {q: value for q, _, value in compare(row, physics)}
        assert ours["num_macs"] == row["true_macs"]
