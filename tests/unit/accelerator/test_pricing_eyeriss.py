"""ArchGym's Eyeriss-like accelerator: its area, its topology, its mapping constraints, and batches of designs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from archgym.simulators.accelerator.constraints import LevelConstraint, MapConstraints, slot
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.eyeriss import (
    DEFAULT_POINT,
    EYERISS_CONSTRAINTS,
    PARAMETERS,
    eyeriss_architecture,
)
from archgym.simulators.accelerator.eyeriss_batch import LEVELS, EyerissTables
from archgym.simulators.accelerator.pricing.technology_file import load_technology

ARCHGYM = "accelergy-0.3-archgym"


def test_the_space_has_archgyms_size():
    assert len(PARAMETERS) == 26
    assert math.prod(len(values) for values in PARAMETERS.values()) == 24 * 3 * 3072**3 * 192 * 5376


@pytest.mark.parametrize("ifmap_depth", [12, 16])
def test_the_default_point_has_the_area_that_archgym_states(ifmap_depth):
    architecture = eyeriss_architecture({**DEFAULT_POINT, "ifmap_depth": ifmap_depth}, ARCHGYM)
    assert architecture.area_um2 / 1e6 == pytest.approx(2.03, rel=0.01)


def test_the_default_points_area_divides_as_in_archgyms_statistics():
    areas = {level.name: level.area_um2 for level in eyeriss_architecture(DEFAULT_POINT, ARCHGYM).levels}
    assert areas["shared_glb"] == pytest.approx(1_162_549, rel=1e-5)
    assert areas["ifmap_spad"] == pytest.approx(379.68, rel=1e-5)
    assert areas["psum_spad"] == pytest.approx(414.68, rel=1e-5)
    assert areas["DummyBuffer"] == pytest.approx(235.68, rel=1e-5)


def test_the_topology_is_one_buffer_a_column_and_three_an_element():
    architecture = eyeriss_architecture(DEFAULT_POINT)
    assert [level.name for level in architecture.levels] == list(LEVELS)
    assert [(level.mesh_x, level.mesh_y) for level in architecture.levels] == [(1, 1), (1, 1), (14, 1), *[(14, 12)] * 3]
    glb = architecture.levels[1]
    assert (glb.capacity_words, glb.block_words, glb.read_bandwidth) == (16384 * 4, 4, 16)
    assert glb.keeps == {"I", "O"}
    assert architecture.levels[0].read_bandwidth is None
    assert architecture.levels[0].read_pj == 512


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_pes": 100}, "n_pes: expected a multiple of mesh_x = 14 (whole rows), got 100"),
        ({"glb_dept": 1}, "unknown parameter 'glb_dept': did you mean 'glb_depth'?"),
        ({"glb_depth": 0}, "glb_depth: expected a whole number from 1"),
        ({"glb_class": 3}, "glb_class: expected a value such as 'regfile', got 3"),
        (
            {"glb_class": "SRAMM"},
            "eyeriss: shared_glb: technology 'accelergy-0.4': component 'SRAMM': did you mean 'SRAM'?",
        ),
    ],
)
def test_a_wrong_parameter_is_named(change, message):
    with pytest.raises(DataError) as error:
        eyeriss_architecture({**DEFAULT_POINT, **change})
    assert message in str(error.value)


def test_a_missing_parameter_is_named():
    with pytest.raises(DataError, match="n_pes: expected a value, got none"):
        eyeriss_architecture({name: value for name, value in DEFAULT_POINT.items() if name != "n_pes"})


@pytest.mark.parametrize("name", ["accelergy-0.4", ARCHGYM])
def test_a_batch_has_the_same_numbers_as_one_architecture_after_the_other(name):
    technology = load_technology(name)
    rng = np.random.default_rng(7)
    designs = np.stack([rng.integers(len(values), size=60) for values in PARAMETERS.values()], axis=1)
    batch = EyerissTables(technology).batch(designs)
    compared = 0
    for row, indices in enumerate(designs):
        params = {key: values[i] for (key, values), i in zip(PARAMETERS.items(), indices, strict=True)}
        try:
            architecture = eyeriss_architecture(params, technology)
        except DataError:
            assert math.isnan(batch.area_um2[row])
            continue
        compared += 1
        assert batch.area_um2[row] == pytest.approx(architecture.area_um2, rel=1e-12)
        for i, level in enumerate(architecture.levels):
            assert batch.prices[row, i, 0] == level.read_pj
            assert tuple(batch.mesh[row, i]) == (level.mesh_x, level.mesh_y)
            if level.capacity_words is not None:
                assert batch.capacity_words[row, i] == level.capacity_words
            if level.write_bandwidth is not None:
                assert batch.bandwidth[row, i, 1] == level.write_bandwidth
    assert compared > 40


def test_a_batch_refuses_other_shapes_and_indices():
    tables = EyerissTables(load_technology())
    with pytest.raises(DataError, match=r"expected whole numbers \(n, 26\)"):
        tables.batch(np.zeros((3, 25), np.int64))
    designs = np.zeros((3, 26), np.int64)
    designs[2, 1] = 3
    with pytest.raises(DataError, match="design 2: mesh_x: expected an index below 3, got 3"):
        tables.batch(designs)


def test_archgyms_constraints_fit_its_topology_and_leave_only_c_m_n_and_q_free():
    EYERISS_CONSTRAINTS.check_fits(eyeriss_architecture(DEFAULT_POINT))
    slots = [
        slot
        for level in EYERISS_CONSTRAINTS.levels
        for slot in (level.temporal, level.spatial_x, level.spatial_y)
    ]  # fmt: skip
    assert set().union(*(slot.free for slot in slots)) == set("CMNQ")
    assert sorted(dim for slot in slots for dim in slot.full) == ["P", "R", "S"]
    assert EYERISS_CONSTRAINTS.levels[2].spatial_y.full == {"S"}


def test_constraints_contradicting_each_other_are_refused():
    with pytest.raises(DataError, match="S: expected a full dimension in one slot only"):
        MapConstraints((LevelConstraint("a", None, slot("S"), slot(full="S"), slot()),))
    with pytest.raises(DataError, match="order: expected each of"):
        slot("CM", order="CMS")
    with pytest.raises(DataError, match="expected the levels DRAM, shared_glb"):
        MapConstraints(()).check_fits(eyeriss_architecture(DEFAULT_POINT))


def test_unconstrained_means_anything_where_there_is_a_fan_out():
    architecture = eyeriss_architecture(DEFAULT_POINT)
    free = MapConstraints.unconstrained(architecture)
    free.check_fits(architecture)
    assert free.levels[1].spatial_x.free == set("NCMPQRS")
    assert free.levels[1].spatial_y.free == set()
