"""The timing table: distances by the standards' formulas, and the small language the formulas are in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.formula import evaluate
from archgym.simulators.dram.part import known_parts, load_part
from archgym.simulators.dram.standard import known_standards, load_standard
from archgym.simulators.dram.timing import timing_table


def with_timing(part, **values):
    return replace(part, timing={**part.timing, **values})


NAMES = {"RL": 16, "WL": 12, "t_x": 3}


class TestFormulas:
    @pytest.mark.parametrize(
        ("formula", "value"),
        [
            ("RL", 16),
            ("RL + 4 - WL", 8),
            ("2 * RL - 3 * (WL - t_x)", 5),
            ("max(RL, WL + 5, 0)", 17),
            ("min(RL, WL)", 12),
            ("ceil(RL, 3)", 6),
            ("-RL", -16),
            (7, 7),
        ],
    )
    def test_arithmetic(self, formula, value):
        assert evaluate(formula, NAMES) == value

    @given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
    def test_ceil_rounds_up_exactly(self, a, b):
        assert evaluate("ceil(a, b)", {"a": a, "b": b}) == -(-a // b)

    @pytest.mark.parametrize(
        "formula",
        [
            "RL / 2", "RL ** 2", "1.5", "'a'", "RL if WL else 0", "RL.real", "[RL]", "RL = 3", "", "True", "max()",
            "max(key=RL)", "open(RL)", "__import__('os')", "(lambda: RL)()", "ceil(RL, 0)", "ceil(RL)", "RL and WL",
        ],
    )  # fmt: skip
    def test_nothing_else_is_evaluated(self, formula):
        with pytest.raises(ValueError, match="formula"):
            evaluate(formula, NAMES)

    def test_an_unknown_name_is_answered_with_the_known_ones(self):
        with pytest.raises(ValueError, match="unknown name 'RX'; known: RL, WL, t_x"):
            evaluate("RX + 1", NAMES)


@pytest.mark.parametrize("name", known_parts())
def test_every_distance_of_every_part_is_possible(name):
    table = timing_table(load_part(name))
    for array in (table.bank, table.bank_group, table.rank):
        assert array.shape == (15, 15)
        assert array.dtype == np.int32
        assert array.min() >= 0
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_ddr4_distances_follow_the_data_sheet_s_formulas():
    part = load_part("ddr4_2400")
    t, table = part.timing, timing_table(part)
    assert table.bank[Command.ACT, Command.RD] == t["RCD"] - t["AL"]
    assert table.bank[Command.PREPB, Command.ACT] == t["RP"]
    assert table.rank[Command.RD, Command.RD] == t["CCD_S"]
    assert table.bank_group[Command.RD, Command.RD] == t["CCD_L"]
    assert table.rank[Command.RD, Command.WR] == t["RL"] + 4 + 1 - t["WL"] + t["WPRE"]
    assert table.bank_group[Command.WR, Command.RD] == t["WL"] + 4 + t["WTR_L"]
    assert table.bank[Command.WR, Command.PREPB] == t["WL"] + 4 + t["WR"]
    assert table.rank[Command.REFAB, Command.ACT] == t["RFC1"]
    assert table.burst_cycles == 4
    assert table.read_strobe_end == t["RL"] + 4
    assert table.write_strobe_end == t["WL"] + 4


def test_lpddr4_commands_have_their_lengths_and_per_bank_refresh():
    part = load_part("lpddr4_3200")
    t, table = part.timing, timing_table(part)
    lengths = {command.name: int(table.command_length[command]) for command in Command}
    assert (lengths["ACT"], lengths["RD"], lengths["PREPB"], lengths["REFAB"], lengths["PDEP"]) == (4, 4, 2, 2, 1)
    assert table.faw_commands[Command.REFPB]
    assert table.refresh_interval_per_bank == t["REFIpb"]
    assert table.refresh_cycles_per_bank == t["RFCpb"]
    assert table.read_strobe_end == t["RL"] + t["DQSCK"] + 3 + 8
    assert table.write_strobe_end == t["WL"] + t["DQSS"] + t["DQS2DQ"] + 3 + 8


def test_ddr_standards_have_no_per_bank_refresh():
    table = timing_table(load_part("ddr4_2400"))
    assert table.refresh_interval_per_bank == 0
    assert not table.faw_commands[Command.REFPB]


def test_strict_jedec_changes_the_known_deviations_only():
    changed = {"ddr3_1600": [], "ddr4_2400": [("ACT", "ACT", 16, 55)], "lpddr4_3200": [("RD", "PREPB", 18, 14)]}
    for name, expected in changed.items():
        part = load_part(name)
        usual, strict = timing_table(part), timing_table(part, strict_jedec=True)
        found = [
            (Command(a).name, Command(b).name, int(usual.bank[a, b]), int(strict.bank[a, b]))
            for a, b in np.argwhere(usual.bank != strict.bank).tolist()
        ]
        assert found == expected
        assert np.array_equal(usual.rank, strict.rank)
        assert np.array_equal(usual.bank_group, strict.bank_group)


def test_finer_refresh_comes_more_often_and_takes_less():
    part = replace(load_part("ddr4_2400_jedec"), refresh_mode=2)
    table = timing_table(part)
    assert table.refresh_interval == 9360 // 2
    assert table.refresh_cycles == 192
    assert table.rank[Command.REFAB, Command.ACT] == 192


def test_impossible_latencies_are_refused():
    with pytest.raises(ValueError, match=r"RDWR: the distance .* is -4 cycles: impossible timing values"):
        timing_table(with_timing(load_part("ddr4_2400"), WL=26))


def test_an_unknown_standard_is_refused():
    with pytest.raises(ValueError, match="standard: expected one of DDR3, DDR4, LPDDR4, got 'DDR5'"):
        load_standard("DDR5")


@pytest.mark.parametrize("name", known_standards())
def test_a_standard_says_where_it_comes_from_and_names_every_command_once(name):
    standard = load_standard(name)
    assert "DRAMSys 5.5" in standard.origin
    seen = [(a, b, rule.scope) for rule in standard.rules for a in rule.before for b in rule.after]
    assert len(seen) == len(set(seen))
