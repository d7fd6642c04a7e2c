"""Parts: the values of the cited files, and one clear message for each thing that can be wrong."""

from __future__ import annotations

import json
import pickle
from importlib import resources
from pathlib import Path

import pytest
import yaml

from archgym.simulators.dram.part import Part, known_parts, load_part

PARTS = resources.files("archgym.simulators.dram") / "parts"


def mapping_of(name: str) -> dict:
    return yaml.safe_load((PARTS / f"{name}.yaml").read_text())


@pytest.fixture
def changed(tmp_path):
    """A part file like the shipped one save for some values; ``section__key`` names a key, None removes it."""

    def _changed(suffix: str = ".yaml", **changes) -> Path:
        data = mapping_of("ddr4_2400")
        for path, value in changes.items():
            *sections, key = path.split("__")
            target = data
            for section in sections:
                target = target[section]
            if value is None:
                target.pop(key, None)
            else:
                target[key] = value
        file = tmp_path / f"mine{suffix}"
        file.write_text(json.dumps(data) if suffix == ".json" else yaml.safe_dump(data))
        return file

    return _changed


def memspec_of(name: str) -> dict:
    """The DRAMSys memspec that says the same as the shipped part."""
    data, o = mapping_of(name), mapping_of(name)["organisation"]
    return {
        "memspec": {
            "memoryId": data["name"],
            "memoryType": data["standard"],
            "memarchitecturespec": {
                "nbrOfBanks": o["banks"],
                "nbrOfBankGroups": o["bank_groups"],
                "nbrOfRows": o["rows"],
                "nbrOfColumns": o["columns"],
                "nbrOfRanks": o["ranks"],
                "nbrOfDevices": o["devices"],
                "nbrOfChannels": 1,
                "width": o["width"],
                "burstLength": o["burst_length"],
                "dataRate": o["data_rate"],
                "RefMode": 1,
            },
            "memtimingspec": {**data["timing"], "tCK": data["tCK_ps"] * 1e-12},
            "mempowerspec": data["power"],
            "bankwisespec": {"factRho": 1.0},
            "memimpedancespec": {**data.get("interface", {}), "rdbi_dyn_E": 1e-12},
        }
    }


@pytest.mark.parametrize("name", known_parts())
def test_every_part_loads_states_its_origin_and_survives_pickling(name):
    part = load_part(name)
    assert part.origin
    assert pickle.loads(pickle.dumps(part)) == part
    assert part.bytes_per_burst in (32, 64)


def test_values_are_those_of_the_cited_memspec():
    part = load_part("ddr4_2400")  # MICRON_4Gb_DDR4-2400_8bit_A
    assert (part.tCK_ps, part.banks, part.bank_groups, part.rows) == (833, 16, 4, 32768)
    assert (part.timing["RCD"], part.timing["CCD_L"], part.timing["RFC1"]) == (16, 6, 313)
    assert (part.power["idd4r"], part.power["vpp"]) == (0.1845, 2.5)
    assert part.capacity == 4 << 30


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_part_of_one_s_own_is_read_from_a_file(changed, suffix):
    part = load_part(changed(suffix, timing__RCD=18))
    assert part.timing["RCD"] == 18


@pytest.mark.parametrize("name", ["ddr3_1600", "ddr4_2400", "lpddr4_3200"])
def test_a_memspec_gives_the_same_part(tmp_path, name):
    file = tmp_path / "memspec.json"
    file.write_text(json.dumps(memspec_of(name)))
    ours, theirs = load_part(name), load_part(file)
    for field in Part.__dataclass_fields__:
        if field != "origin":
            assert getattr(theirs, field) == getattr(ours, field), field


def test_a_memspec_with_a_clock_in_mhz_is_read(tmp_path):
    spec = memspec_of("ddr4_2400")
    spec["memspec"]["memtimingspec"].pop("tCK")
    spec["memspec"]["memtimingspec"]["clkMhz"] = 1200
    file = tmp_path / "memspec.json"
    file.write_text(json.dumps(spec))
    assert load_part(file).tCK_ps == 833


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"standard": "DDR9"}, "standard: expected one of DDR3, DDR4, LPDDR4, got 'DDR9'"),
        ({"name": None}, "name: expected a text, got None"),
        ({"tCK_ps": 0}, "tCK_ps: expected a whole number of at least 1 and below 2^24, got 0"),
        ({"tCK_ps": "fast"}, "tCK_ps: expected a whole number of at least 1, got 'fast'"),
        ({"tCK_ps": None}, "tCK_ps: expected a whole number of at least 1, got nothing"),
        ({"timing": 3}, "timing: expected a mapping of names to values, got 3"),
        ({"timing__RCD": None}, "timing.RCD: expected a whole number of at least 1, got nothing"),
        ({"timing__RCD": -1}, "timing.RCD: expected a whole number of at least 1 and below 2^24, got -1"),
        ({"timing__RCD": 0}, "timing.RCD: expected a whole number of at least 1 and below 2^24, got 0"),
        ({"timing__RCD": 16.5}, "timing.RCD: expected a whole number of at least 1, got 16.5"),
        ({"timing__RCD": True}, "timing.RCD: expected a whole number of at least 1, got True"),
        ({"timing__RCD": 2**24}, "timing.RCD: expected a whole number of at least 1 and below 2^24, got 16777216"),
        ({"timing__RC": 38}, "timing.RC: expected at least RAS = 39, got 38"),
        ({"timing__CCD_L": 3}, "timing.CCD_L: expected at least CCD_S = 4, got 3"),
        ({"timing__RFC1": 5000}, "timing.RFC1: expected less than the refresh interval REFI, got 5000"),
        ({"organisation__rows": 30000}, "organisation.rows: expected a power of two, got 30000"),
        ({"organisation__rows": 2**19}, "organisation.rows: expected at most 262144 for DDR4, got 524288"),
        ({"organisation__banks": 0}, "organisation.banks: expected a whole number of at least 1"),
        ({"organisation__bank_groups": 8}, r"organisation.bank_groups: expected one of \[2, 4\] for DDR4, got 8"),
        ({"organisation__ranks": 2}, "organisation.ranks: expected 1"),
        ({"organisation__burst_length": 16}, r"organisation.burst_length: expected one of \[8\] for DDR4, got 16"),
        ({"organisation__color": 1}, "organisation.color: expected one of banks"),
        ({"power__idd0": None}, "power.idd0: expected a number above 0, got nothing"),
        ({"power__idd0": -0.1}, "power.idd0: expected a number above 0, got -0.1"),
        ({"power__idd0": "1e-3"}, "power.idd0: expected a number above 0, got '1e-3'.*write 1.0e-3"),
        ({"power__idd0": float("nan")}, "power.idd0: expected a number above 0, got nan"),
        ({"rho": 1.5}, "rho: expected a number from 0 to 1, got 1.5"),
        ({"refresh_mode": 3}, r"refresh_mode: expected one of \[1, 2, 4\], got 3"),
        ({"refresh_mode": 2}, "timing.RFC2: expected a whole number of at least 1 and below 2^24, got 0"),
        ({"interface": None}, "interface: expected a mapping"),
        ({"interface__ck_R_eq": 0}, "interface.ck_R_eq: expected a number above 0, got 0"),
        ({"interface__ck_termination": 1}, "interface.ck_termination: expected true or false, got 1"),
        ({"colour": "red"}, "colour: expected one of name"),
    ],
)
def test_a_wrong_value_is_named_with_file_key_and_expectation(changed, changes, message):
    with pytest.raises(ValueError, match=r"mine\.yaml: " + message.replace("2^24", r"2\^24")):
        load_part(changed(**changes))


def test_a_part_without_currents_is_a_part_without_energy(changed):
    assert not load_part(changed(power=None)).has_power


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="part 'ddr4_2401': did you mean 'ddr4_2400'"):
        load_part("ddr4_2401")


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not a JSON file"), ("[1]", "expected a mapping of keys to values, got list")],
)
def test_a_file_that_is_no_part_is_refused(tmp_path, text, message):
    file = tmp_path / "mine.json"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_part(file)
    with pytest.raises(ValueError, match="cannot be read"):
        load_part(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("memarchitecturespec", None, None, "memarchitecturespec: expected a mapping, got None"),
        ("memtimingspec", "tCK", None, "memtimingspec.tCK: missing"),
        ("memtimingspec", "tCK", "fast", "memtimingspec.tCK: expected a number above 0, got 'fast'"),
        ("memarchitecturespec", "nbrOfRows", None, "organisation.rows: expected .* got nothing"),
    ],
)
def test_a_wrong_memspec_is_named(tmp_path, section, key, value, message):
    spec = memspec_of("ddr4_2400")
    target, name = (spec["memspec"], section) if key is None else (spec["memspec"][section], key)
    if value is None:
        del target[name]
    else:
        target[name] = value
    file = tmp_path / "memspec.json"
    file.write_text(json.dumps(spec))
    with pytest.raises(ValueError, match=message):
        load_part(file)
