"""Block libraries: FARSI's, a user's own blocks, and one clear line for each thing that can be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.library_file import library_names, load_library

# CACTI 7 at 40 nm, per access of 16 B: size in bytes, read nJ, write nJ, area in mm2.
CACTI = {
    "dram": [(256_000, 0.0594652, 2.46938, 0.477746), (1_024_000, 0.0844496, 8.2907, 0.964677)],
    "sram": [(58_368_000, 0.658808, 0.625857, 145.724), (58_880_000, 0.66187, 0.628633, 146.935)],
}

MINE = """\
extends: default
processors:
  M7: {clock_hz: 4.0e8, instructions_per_cycle: 1.5, instructions_per_joule: 9.0e10, area_m2: 1.0e-7, cost: 2}
technologies:
  mram: {stacked: true, step_bytes: 4096, floor_bytes: 64, read_pj_per_byte: [0.2, 0.3], write_pj_per_byte: [2, 1],
         area_mm2: [0.02, 0.04]}
memories:
  mram: {technology: mram, widths_bytes: [8, 16], clocks_mhz: [200]}
buses:
  noc: {widths_bytes: [16], clocks_mhz: [1000]}
accelerators:
  denoise:
    HLS2: {cycles: 5.0e6, energy_j: 4.0e-12, area_m2: 2.0e-9, clocks_mhz: [100, 400]}
"""


@pytest.fixture
def load(tmp_path):
    """Loads a file named mine.yaml of that text."""

    def _load(text: str):
        file = tmp_path / "mine.yaml"
        file.write_text(text)
        return load_library(file)

    return _load


def message_of(load, text: str) -> str:
    with pytest.raises(DataError) as caught:
        load(text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_default_library_is_farsis():
    library = load_library()
    a53 = library.processors["A53"]
    assert (a53.rate, a53.instructions_per_joule, a53.area_m2, a53.cost) == (2e9, 47019607843.0, 0.65e-6, 1.0)
    assert list(library.processors) == ["A53"]
    assert len(library.memories) == 2 * 6 * 4
    assert len(library.buses) == 6 * 4
    assert list(library.memories)[:5] == [f"dram-4B-{mhz}MHz" for mhz in (100, 400, 600, 800)] + ["dram-8B-100MHz"]
    assert library.memories["sram-32B-800MHz"].rate == 25.6e9
    assert library.buses["bus-128B-600MHz"].rate == 76.8e9
    assert library.technologies["dram"].stacked
    assert not library.technologies["sram"].stacked


@pytest.mark.parametrize("name", CACTI)
def test_memory_costs_are_cactis_scaled_as_farsi_does(name):
    technology = load_library().technologies[name]
    assert (technology.step_bytes, technology.floor_bytes, len(technology.area_m2)) == (256_000, 2048, 230)
    for size, read_nj, write_nj, area_mm2 in CACTI[name]:
        row = size // 256_000 - 1
        assert technology.read_j_per_byte[row] == pytest.approx(read_nj * 1e-9 / 16 * 0.064, rel=1e-14)
        assert technology.write_j_per_byte[row] == pytest.approx(write_nj * 1e-9 / 16 * 0.064, rel=1e-14)
        assert technology.area_m2[row] == pytest.approx(area_mm2 * 1e-6 * 0.07, rel=1e-14)


def test_a_library_adds_to_the_one_that_it_extends(load):
    library = load(MINE)
    assert library.name == "mine"
    assert list(library.processors) == ["A53", "M7"]
    assert library.processors["M7"].rate == 6e8
    assert list(library.memories)[48:] == ["mram-8B-200MHz", "mram-16B-200MHz"]
    assert library.buses["noc-16B-1000MHz"].rate == 16e9
    assert library.accelerators["denoise"][0].unrolls == (1,)
    mram = library.technologies["mram"]
    assert (mram.step_bytes, mram.floor_bytes, mram.stacked) == (4096, 64, True)
    np.testing.assert_allclose(mram.write_j_per_byte, [2e-12, 1e-12], rtol=1e-15)


def test_a_library_may_stand_alone(load):
    library = load(MINE.replace("extends: default\n", ""))
    assert (list(library.processors), list(library.technologies), len(library.memories)) == (["M7"], ["mram"], 2)


def test_a_library_may_extend_another_file_and_keep_technologies_in_files(load, tmp_path):
    (tmp_path / "tech.yaml").write_text(
        "{step_bytes: 1, floor_bytes: 1, read_pj_per_byte: [1], write_pj_per_byte: [1], area_mm2: [1]}"
    )
    (tmp_path / "base.yaml").write_text(MINE)
    library = load(
        "extends: base.yaml\n"
        "technologies: {rram: tech.yaml}\n"
        "accelerators: {denoise: {HLS3: {cycles: 1, energy_j: 1, area_m2: 1}}}"
    )
    assert list(library.technologies) == ["dram", "sram", "mram", "rram"]
    assert [accelerator.name for accelerator in library.accelerators["denoise"]] == ["HLS2", "HLS3"]


def test_the_hash_covers_every_kind_of_block(load):
    texts = [MINE] + [
        MINE.replace(old, new)
        for old, new in (
            ("cost: 2", "cost: 3"),
            ("[0.2, 0.3]", "[0.2, 0.31]"),
            ("[8, 16]", "[16]"),
            ("[1000]", "[900]"),
            ("5.0e6", "6.0e6"),
        )
    ]
    assert len({load(text).content_hash for text in texts}) == 6
    assert load(MINE).content_hash == load(MINE).content_hash


# Text that stands in the good file, what stands there instead, and what the message says.
WRONG = {
    "unknown key": ("buses:", "busses:", "unknown key 'busses'; did you mean 'buses'?"),
    "unknown base": ("extends: default", "extends: defualt", "extends 'defualt': did you mean 'default'?"),
    "itself as base": ("extends: default", "extends: mine.yaml", "extends: the library extends itself"),
    "no such base": ("extends: default", "extends: other.yaml", "other.yaml: cannot be read"),
    "zero clock": ("4.0e8", "0", "processors.M7.clock_hz: expected a number above 0, got 0"),
    "NaN energy": ("9.0e10", ".nan", "processors.M7.instructions_per_joule"),
    "infinite energy": ("9.0e10", ".inf", "processors.M7.instructions_per_joule"),
    "text as area": ("1.0e-7", "small", "processors.M7.area_m2: expected a number above 0, got 'small'"),
    "no cost": (", cost: 2", "", "processors.M7.cost: expected a number above 0, got nothing"),
    "unknown processor key": ("cost: 2", "costs: 2", "processors.M7: unknown key 'costs'; did you mean 'cost'?"),
    "processor there already": ("M7:", "A53:", "processors: 'A53' is there already"),
    "technology there already": ("  mram: {stacked", "  sram: {stacked", "technologies: 'sram' is there already"),
    "memory there already": (
        "mram: {technology: mram, widths_bytes: [8, 16], clocks_mhz: [200]}",
        "sram: {technology: mram, widths_bytes: [8], clocks_mhz: [400]}",
        "memories: 'sram-8B-400MHz' is there already",
    ),
    "name of another kind": (
        "noc: {widths_bytes: [16], clocks_mhz: [1000]}",
        "mram: {widths_bytes: [8], clocks_mhz: [200]}",
        "buses.mram-8B-200MHz: a block of another kind has this name",
    ),
    "unknown technology": ("technology: mram", "technology: mrom", "technology 'mrom': did you mean 'mram'?"),
    "half a byte": ("[8, 16]", "[0.5]", "memories.mram.widths_bytes[0]: expected whole numbers from 1 on, got 0.5"),
    "a number for a list": ("[8, 16]", "8", "memories.mram.widths_bytes: expected a list of whole numbers"),
    "truth for a clock": ("[1000]", "[true]", "buses.noc.clocks_mhz[0]"),
    "bus with a technology": ("noc: {", "noc: {technology: mram, ", "buses.noc: unknown key 'technology'"),
    "shrinking area": ("[0.02, 0.04]", "[0.04, 0.02]", "technologies.mram.area_mm2[1]: expected more than 0.04"),
    "shorter table": ("[0.2, 0.3]", "[0.2]", "got 1 of read_pj_per_byte, 2 of write_pj_per_byte, 2 of area_mm2"),
    "negative energy": ("[0.2, 0.3]", "[0.2, -0.3]", "technologies.mram.read_pj_per_byte[1]"),
    "zero step": ("4096", "0", "technologies.mram.step_bytes: expected a whole number from 1 on, got 0"),
    "stacked as text": ("stacked: true", "stacked: yes", "mram.stacked: expected true or false, got 'yes'"),
    "name with a slash": ("M7:", "M/7:", "processors.M/7: expected letters"),
    "zero cycles": ("5.0e6", "0", "accelerators.denoise.HLS2.cycles: expected a number above 0, got 0"),
    "processor twice": ("processors:\n", "processors:\n  M7: {}\n", "line 4, column 3: key 'M7' is given twice"),
    "list of processors": ("processors:\n  M7: {", "processors: [{", "line 3"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_in_one_line_that_names_the_place(load, case):
    good, bad, said = WRONG[case]
    assert good in MINE
    message = message_of(load, MINE.replace(good, bad, 1))
    assert ".yaml" in message
    assert said in message


@pytest.mark.parametrize("kind", ["processors", "memories", "buses"])
def test_a_library_has_something_of_each_kind(load, kind):
    lines = MINE.replace("extends: default\n", "").splitlines(keepends=True)
    start = lines.index(f"{kind}:\n")
    end = next((i for i in range(start + 1, len(lines)) if not lines[i].startswith(" ")), len(lines))
    text = "".join(lines[:start] + lines[end:])
    assert f"{kind}: expected at least one, got none" in message_of(load, text)


def test_files_that_extend_each_other_are_named(load, tmp_path):
    (tmp_path / "a.yaml").write_text("extends: mine.yaml")
    message = message_of(load, "extends: a.yaml")
    assert "mine.yaml: extends: the library extends itself, by way of" in message
    assert "a.yaml" in message


def test_a_missing_technology_file_is_named(load):
    text = "extends: default\ntechnologies: {mram: tech.yaml}"
    assert "tech.yaml: cannot be read" in message_of(load, text)


def test_an_unknown_library_is_refused_with_a_suggestion():
    assert library_names() == ("default",)
    with pytest.raises(DataError, match=r"library 'defalt': did you mean 'default'\? known: default; or give a \.yaml"):
        load_library("defalt")
