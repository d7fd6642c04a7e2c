"""Address mappings: the bits of the reference's mappings, one-to-one always, and clear refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgym.simulators.dram.mapping import COMPONENTS, AddressMapping, check_addresses, check_mapping
from archgym.simulators.dram.mapping_choice import known_mappings, load_mapping
from archgym.simulators.dram.part import known_parts, load_part

ORDERS = [name for name in known_mappings() if "-" in name]
NAMES = [order + option for order in ORDERS for option in ("", ":low-group", ":xor", ":low-group:xor")]


def plain(*bits: int) -> tuple[tuple[int, ...], ...]:
    return tuple((bit,) for bit in bits)


def decode_one(mapping: AddressMapping, address: int) -> tuple[int, ...]:
    """Bank, group, row, column of one address, bit by bit."""

    def value(bits):
        return sum((sum(address >> source & 1 for source in sources) & 1) << i for i, sources in enumerate(bits))

    group = value(mapping.bank_group)
    return group * (1 << len(mapping.bank)) + value(mapping.bank), group, value(mapping.row), value(mapping.column)


def test_the_reference_s_mappings_have_their_bits():
    ddr4, lpddr4, ddr3 = load_part("ddr4_2400"), load_part("lpddr4_3200"), load_part("ddr3_1600")
    brc = load_mapping("brc", ddr4)
    assert (brc.byte, brc.column) == (plain(0, 1, 2), plain(*range(3, 13)))
    assert (brc.row, brc.bank_group, brc.bank) == (plain(*range(13, 28)), plain(28, 29), plain(30, 31))
    rbc = load_mapping("rbc", ddr4)
    assert rbc.column == plain(3, 4, 5, *range(8, 15))
    assert (rbc.bank_group, rbc.bank, rbc.row) == (plain(6, 7), plain(15, 16), plain(*range(17, 32)))
    rbcx = load_mapping("rbcx", ddr4)
    assert (rbcx.bank_group, rbcx.bank) == (((6, 17), (7, 18)), ((15, 19), (16, 20)))
    assert rbcx.row == rbc.row
    assert load_mapping("brc", lpddr4).bank == plain(27, 28, 29)
    assert load_mapping("rbc", lpddr4).bank == plain(11, 12, 13)
    assert load_mapping("rbcx", lpddr4).bank == ((11, 14), (12, 15), (13, 16))
    archgym = load_mapping("archgym", ddr3)
    assert (archgym.byte, archgym.column) == (plain(0, 1, 2), plain(*range(3, 13)))
    assert (archgym.bank, archgym.row) == (plain(13, 14, 15), plain(*range(16, 30)))


@pytest.mark.parametrize("part_name", known_parts())
@pytest.mark.parametrize("name", NAMES)
def test_every_generated_mapping_is_one_to_one_and_keeps_a_burst_in_one_row(part_name, name):
    part = load_part(part_name)
    mapping = load_mapping(name, part)  # checks that it is one-to-one
    assert mapping.capacity == part.capacity
    burst = np.arange(part.bytes_per_burst, dtype=np.uint64) + np.uint64(part.capacity // 2)
    bank, group, row, column = mapping.decode(burst)
    assert {len(set(values.tolist())) for values in (bank, group, row)} == {1}
    assert len(set(column.tolist())) == part.burst_length


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(known_parts()), st.sampled_from(NAMES), st.integers(0, 2**33 - 1))
def test_decoding_arrays_is_decoding_bit_by_bit(part_name, name, address):
    part = load_part(part_name)
    mapping = load_mapping(name, part)
    address %= part.capacity
    found = mapping.decode(np.array([address, 0], np.uint64))
    assert tuple(int(values[0]) for values in found) == decode_one(mapping, address)
    bank, group, row, column = (int(values[0]) for values in found)
    assert 0 <= bank < part.banks
    assert group == bank // part.banks_per_group
    assert 0 <= row < part.rows
    assert 0 <= column < part.columns


def test_hashing_spreads_a_stride_over_the_banks():
    """A stride of one row's worth of banks stays in one bank without hashing, and visits all of them with it."""
    part = load_part("ddr4_2400")
    plain_mapping, hashed = load_mapping("rbc", part), load_mapping("rbcx", part)
    stride = np.arange(64, dtype=np.uint64) << np.uint64(17)
    assert len(set(plain_mapping.decode(stride)[0].tolist())) == 1
    assert len(set(hashed.decode(stride)[0].tolist())) == part.banks


def congen(**bits) -> dict:
    base = {
        "BYTE_BIT": [0, 1, 2],
        "COLUMN_BIT": list(range(3, 13)),
        "BANK_BIT": [13, 14, 15],
        "ROW_BIT": list(range(16, 30)),
    }
    return {"addressmapping": base | bits}


@pytest.fixture
def congen_file(tmp_path):
    def _file(**bits):
        path = tmp_path / "am.json"
        path.write_text(json.dumps(congen(**bits)))
        return path

    return _file


def test_a_congen_file_is_read(congen_file):
    part = load_part("ddr3_1600")
    read, ours = load_mapping(congen_file(), part), load_mapping("archgym", part)
    assert [getattr(read, c) for c in COMPONENTS] == [getattr(ours, c) for c in COMPONENTS]
    hashed = load_mapping(congen_file(BANK_BIT=[[13, 16], 14, 15]), part)
    assert hashed.bank == ((13, 16), (14,), (15,))
    older = load_mapping(congen_file(XOR=[{"FIRST": 13, "SECOND": 16}]), part)
    assert older.bank == hashed.bank


@pytest.mark.parametrize(
    ("bits", "message"),
    [
        ({"BANK_BIT": [13, 14]}, "bank: expected 3 bits for MICRON_1Gb_DDR3-1600_8bit_G, got 2"),
        ({"BANK_BIT": [12, 14, 15]}, r"address bits \[13\] are not used"),
        ({"BANK_BIT": [13, 14, 30]}, r"bank: address bit 30 is outside 0\.\.29"),
        ({"BANK_BIT": [[13, 13], 14, 15]}, "expected distinct address bits"),
        ({"BANK_BIT": [[13, 14], [14, 15], [13, 15]]}, "two addresses would mean the same cell"),
        ({"BANK_BIT": "13"}, "BANK_BIT: expected a list of address bits, got '13'"),
        ({"BANK_BIT": [1.5, 14, 15]}, "BANK_BIT: expected whole numbers"),
        ({"RANK_BIT": [30]}, "RANK_BIT: expected none"),
        ({"XOR": [{"FIRST": 3}]}, "XOR: expected FIRST and SECOND"),
    ],
)
def test_a_wrong_mapping_is_named(congen_file, bits, message):
    with pytest.raises(ValueError, match=message):
        load_mapping(congen_file(**bits), load_part("ddr3_1600"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rbcy", "mapping 'rbcy': did you mean 'rbc"),
        ("row-bank", "mapping 'row-bank': "),
        ("row-bank-column:swirl", "expected the options low-group and xor, got 'swirl'"),
    ],
)
def test_an_unknown_name_is_refused(name, message):
    with pytest.raises(ValueError, match=message):
        load_mapping(name, load_part("ddr4_2400"))


def test_a_mapping_of_another_part_is_refused():
    with pytest.raises(ValueError, match="expected"):
        check_mapping(load_mapping("rbc", load_part("ddr4_2400")), load_part("ddr4_3200"))


def test_an_address_beyond_the_part_is_named():
    mapping = load_mapping("rbc", load_part("ddr4_2400"))
    check_addresses(mapping, np.array([0, 2**32 - 64], np.uint64))
    with pytest.raises(ValueError, match=r"request 2: address 0x100000000 is beyond the 4294967296 bytes"):
        check_addresses(mapping, np.array([0, 2**32, 2**33], np.uint64))
