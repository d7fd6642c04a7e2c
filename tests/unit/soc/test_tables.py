"""Tables: FARSI's block database out of our data, and the accelerators of graph and library together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.graph import Accelerator
from archgym.simulators.soc.library import Memory, MemoryTechnology
from archgym.simulators.soc.library_file import load_library
from archgym.simulators.soc.registry import load_application
from archgym.simulators.soc.tables import Tables, accelerators_of

# Rows of FARSI's block database (arXiv 2201.05232): instructions per second, J per instruction, m2.
FARSI = {
    "rotatorSet/IP0/x1/100MHz": (6500150.466445982, 3.0526622222222227e-17, 1.9209014000000003e-09),
    "rotatorSet/IP0/x1/400MHz": (26000601.86578393, 3.0526622222222227e-17, 1.9209014000000003e-09),
    "gaussianSmoothing/IP0/x1/100MHz": (976261127.5964391, 4.630192502532929e-21, 5.1365534e-09),
    "scale/IP0/x1/400MHz": (13298577169.544912, 3.72290577247188e-20, 5.460774e-10),
}
HLS2 = Accelerator("HLS2", 5e6, 2e8, 4e-12, 2e-9, (1, 3), (50, 400))


@pytest.fixture
def everything() -> Application:
    return load_application("all")


def test_farsis_rows_come_out(everything):
    tables = Tables.of(everything, load_library())
    for name, (rate, joule, area) in FARSI.items():
        p = tables.pe_names.index(name)
        assert tables.pe_rate[p] == pytest.approx(rate, rel=1e-14)
        assert tables.pe_joule[p] == pytest.approx(joule, rel=1e-14)
        assert tables.pe_area[p] == pytest.approx(area, rel=1e-14)


def test_there_are_as_many_variants_as_in_farsi():
    variants = {"audio_decoder": 300, "edge_detection": 376, "hpvm_cava": 252}
    for name, count in variants.items():
        assert len(Tables.of(load_application(name), load_library()).pe_names) == 1 + count


def test_unrolling_multiplies_speed_energy_and_area_and_the_clock_speed_alone(everything):
    tables = Tables.of(everything, load_library())
    one, wide, fast = (
        tables.pe_names.index(f"rotateOrder3/IP0/{variant}") for variant in ("x1/100MHz", "x512/100MHz", "x1/800MHz")
    )
    for column in (tables.pe_rate, tables.pe_joule, tables.pe_area):
        assert column[wide] == pytest.approx(512 * column[one], rel=1e-14)
    assert tables.pe_rate[fast] == pytest.approx(8 * tables.pe_rate[one], rel=1e-14)
    assert (tables.pe_joule[fast], tables.pe_area[fast]) == (tables.pe_joule[one], tables.pe_area[one])


def test_processors_run_everything_and_accelerators_their_task(everything):
    tables = Tables.of(everything, load_library())
    assert (tables.pe_names[0], tables.pe_task[0], tables.pe_cost[0]) == ("A53", -1, 1.0)
    assert (tables.pe_rate[0], tables.pe_joule[0], tables.pe_area[0]) == (2e9, 1 / 47019607843, 0.65e-6)
    for name, task in zip(tables.pe_names[1:], tables.pe_task[1:], strict=True):
        assert everything.tasks[task].name == name.partition("/")[0]
    assert set(tables.pe_cost[1:].tolist()) == {100.0}


def test_memories_name_their_technology(everything):
    tables = Tables.of(everything, load_library())
    for name, rate, technology in zip(tables.mem_names, tables.mem_rate, tables.mem_technology, strict=True):
        kind, width, clock = name.split("-")
        assert tables.technology_names[technology] == kind
        assert rate == int(width.removesuffix("B")) * int(clock.removesuffix("MHz")) * 1e6
    assert tables.technology_stacked.tolist() == [name == "dram" for name in tables.technology_names]


def test_a_shorter_technology_ends_in_nan(everything):
    two = np.array([1.0, 2.0])
    library = load_library()
    tiny = MemoryTechnology("mram", False, 4096, 64, two, two, two)
    library = replace(library, technologies={**library.technologies, "mram": tiny})
    tables = Tables.of(everything, library)
    assert tables.area.shape == tables.read_j.shape == tables.write_j.shape == (3, 230)
    assert tables.read_j[2, :2].tolist() == [1.0, 2.0]
    assert np.isnan(tables.write_j[2, 2:]).all()
    assert not np.isnan(tables.area[:2]).any()
    assert (tables.step_bytes[2], tables.floor_bytes[2]) == (4096, 64)


def test_a_librarys_accelerators_follow_the_graphs(everything):
    library = replace(load_library(), accelerators={"denoise": (HLS2,)})
    assert [ip.name for ip in accelerators_of(everything, library)["denoise"]] == ["IP0", "HLS2"]
    tables = Tables.of(everything, library)
    at = [i for i, name in enumerate(tables.pe_names) if "HLS2" in name]
    assert [tables.pe_names[i] for i in at] == [
        "denoise/HLS2/x1/50MHz",
        "denoise/HLS2/x1/400MHz",
        "denoise/HLS2/x3/50MHz",
        "denoise/HLS2/x3/400MHz",
    ]
    work = 696574288.0  # instructions of denoise
    seconds = 5e6 / 2e8  # at its base clock, not unrolled
    np.testing.assert_allclose(tables.pe_rate[at], work / seconds * np.array([0.25, 2, 0.75, 6]), rtol=1e-14)
    np.testing.assert_allclose(tables.pe_joule[at], 4e-12 / work * np.array([1, 1, 3, 3]), rtol=1e-14)


def test_a_library_may_have_accelerators_for_other_applications():
    library = replace(load_library(), accelerators={"denoise": (HLS2,)})
    assert "denoise" not in accelerators_of(load_application("edge_detection"), library)


@pytest.mark.parametrize(
    ("accelerators", "said"),
    [
        ({"denoize": (HLS2,)}, "accelerators.denoize: .* has no such task; did you mean 'denoise'?"),
        ({"dummy_last": (HLS2,)}, "accelerators.dummy_last: the task is a dummy"),
        (
            {"denoise": (replace(HLS2, name="IP0"),)},
            "denoise.IP0: the task has an accelerator of that name",
        ),
    ],
)
def test_wrong_accelerators_are_refused(everything, accelerators, said):
    with pytest.raises(DataError, match=said):
        Tables.of(everything, replace(load_library(), accelerators=accelerators))


def test_a_memory_of_an_unknown_technology_is_refused(everything):
    library = load_library()
    odd = {**library.memories, "odd": Memory("odd", "srma", 4, 1e8)}
    with pytest.raises(DataError, match=r"memory 'odd': no technology 'srma'; did you mean 'sram'\?"):
        Tables.of(everything, replace(library, memories=odd))


def test_tables_cannot_be_changed(everything):
    with pytest.raises(ValueError, match="read-only"):
        Tables.of(everything, load_library()).pe_rate[0] = 1.0
