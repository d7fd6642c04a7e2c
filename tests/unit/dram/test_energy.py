"""Energy from hand-made command streams, against closed forms worked out from the currents."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from archgym.simulators.dram.command_bus import bus_table, request_words
from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.energy import EnergyModel
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.power import ACTIVE, PDNA, PDNP, QUEUE, SREF, consume, finish, power_state
from archgym.simulators.dram.stream import STREAM_DTYPE

DDR4, LPDDR4, DDR3 = load_part("ddr4_2400"), load_part("lpddr4_3200"), load_part("ddr3_1600")
REQUESTS = 4


def counted(part, *commands, phy_delay=0, stretch=1000, banks=None, rows=None, columns=None, writes=None):
    """The finished counter of commands ``(cycle, name, bank, request)``, handed over *stretch* at a time."""
    stream = np.zeros(len(commands), STREAM_DTYPE)
    for record, (cycle, name, bank, request) in zip(stream, commands, strict=True):
        record["cycle"], record["command"] = cycle, Command[name]
        record["bank"], record["request"] = bank, request
    zeros = np.zeros(REQUESTS, np.int32)
    words = request_words(
        part,
        zeros if banks is None else np.array(banks, np.int32),
        zeros if rows is None else np.array(rows, np.int32),
        zeros if columns is None else np.array(columns, np.int32),
        np.zeros(REQUESTS, np.bool_) if writes is None else np.array(writes),
    )
    state = power_state(part, phy_delay)
    for at in range(0, len(stream), stretch):
        piece = stream[at : at + stretch]
        consume(state, piece, len(piece), words)
    finish(state)
    return state


def energy(part, state):
    return EnergyModel.of(part).energy(state)


def seconds(part, cycles):
    return cycles * part.tCK_ps * 1e-12


# Core energy


def test_one_activation_read_and_precharge_of_ddr4():
    """Each component is V (I - I') t n over VDD and VPP, times eight devices."""
    state = counted(DDR4, (0, "ACT", 3, 0), (16, "RD", 3, 0), (39, "PREPB", 3, 0), (100, "ACT", 3, 1))
    e, p, t = energy(DDR4, state), DDR4.power, DDR4.timing
    second = 8 * DDR4.tCK_ps * 1e-12
    act = p["vdd"] * (p["idd0"] - p["idd3n"]) + p["vpp"] * (p["ipp0"] - p["ipp3n"])
    pre = p["vdd"] * (p["idd0"] - p["idd2n"]) + p["vpp"] * (p["ipp0"] - p["ipp2n"])
    assert e.act[0] == pytest.approx(2 * act * t["RAS"] * second)
    assert e.pre[0] == pytest.approx(pre * t["RP"] * second)
    assert e.read[0] == pytest.approx(p["vdd"] * (p["idd4r"] - p["idd3n"]) * 4 * second)
    assert e.background_active_shared[0] == pytest.approx(p["vdd"] * p["idd3n"] * 39 * second)
    assert e.background_precharged[0] == pytest.approx(p["vdd"] * p["idd2n"] * 61 * second)
    assert (e.write[0], e.refresh[0], e.self_refresh[0], e.background_active_bank[0]) == (0, 0, 0, 0)
    assert e.window_cycles[0] == 100
    assert e.valid[0]


def test_components_sum_to_core_and_total_over_the_window_is_power():
    state = counted(DDR4, (0, "ACT", 0, 0), (16, "WRA", 0, 0), (400, "REFAB", -1, -1), (900, "ACT", 0, 1))
    e = energy(DDR4, state)
    parts = e.act + e.pre + e.write + e.refresh + e.background_active_shared + e.background_precharged
    assert e.core[0] == pytest.approx(parts[0])
    assert e.total[0] == pytest.approx(e.core[0] + e.interface[0])
    assert e.average_power[0] == pytest.approx(e.total[0] / seconds(DDR4, 900))


def test_rho_moves_standby_from_the_rank_to_the_banks():
    """With rho below 1 only the open banks draw the full active current."""
    part = replace(DDR4, power={**DDR4.power, "rho": 0.5})
    state = counted(part, (0, "ACT", 0, 0), (4, "ACT", 5, 1), (100, "PREAB", -1, -1))
    e, p = energy(part, state), part.power
    between = (p["idd3n"] + p["idd2n"]) / 2
    second = 8 * part.tCK_ps * 1e-12
    assert e.background_active_shared[0] == pytest.approx(p["vdd"] * between * 100 * second)
    each = p["vdd"] / 16 * (p["idd3n"] - between) * (100 + 96) * second
    assert e.background_active_bank[0] == pytest.approx(each)


@pytest.mark.parametrize("command", ["RDA", "WRA"])
def test_auto_precharge_waits_for_tras_and_for_its_data(command):
    t = DDR4.timing
    column = 16
    delay = t["RTP"] if command == "RDA" else t["WL"] + 4 + t["WR"]
    closed = max(t["RAS"], column + delay)
    state = counted(DDR4, (0, "ACT", 0, 0), (column, command, 0, 0), (closed + 50, "ACT", 0, 1))
    assert state["interval_sum"][0, ACTIVE] == closed
    assert state["n_precharge"][0] == 1


def test_an_auto_precharge_after_the_window_does_not_count():
    state = counted(DDR4, (0, "ACT", 0, 0), (16, "RDA", 0, 0), (20, "ACT", 4, 1))
    assert state["n_precharge"][0] == 0
    assert state["interval_sum"][0, ACTIVE] == 20


def test_precharging_a_closed_bank_is_nothing():
    state = counted(DDR4, (0, "ACT", 0, 0), (39, "PREAB", -1, -1), (80, "PREAB", -1, -1))
    assert state["n_precharge"][0] == 1
    assert state["interval_sum"][0, ACTIVE] == 39


def test_a_refresh_keeps_the_rank_active_for_trfc_and_is_no_precharge():
    state = counted(DDR4, (10, "REFAB", -1, -1), (1000, "ACT", 0, 0))
    assert state["interval_sum"][0, ACTIVE] == DDR4.timing["RFC1"]
    assert state["bank_active"][0] == 16 * DDR4.timing["RFC1"]
    assert state["n_precharge"][0] == 0


def test_self_refresh_begins_after_one_refresh():
    state = counted(DDR4, (0, "SREFEN", -1, -1), (2000, "SREFEX", -1, -1), (2400, "ACT", 0, 0))
    assert state["interval_sum"][0, SREF] == 2000 - DDR4.timing["RFC1"]
    e, p = energy(DDR4, state), DDR4.power
    refresh = p["vdd"] * (p["idd5B"] - p["idd3n"]) * DDR4.timing["RFC1"] * 8 * DDR4.tCK_ps * 1e-12
    assert e.refresh[0] == pytest.approx(refresh)


def test_leaving_self_refresh_too_early_is_flagged_as_in_the_reference():
    """The start that comes after the exit is never closed, so that the times sum to more than the window."""
    state = counted(DDR4, (0, "SREFEN", -1, -1), (100, "SREFEX", -1, -1), (800, "ACT", 0, 0), (2000, "ACT", 4, 1))
    e = energy(DDR4, state)
    assert not e.valid[0]
    assert e.background_precharged[0] < 0


def test_power_down_times():
    active = counted(DDR4, (0, "ACT", 0, 0), (50, "PDEA", -1, -1), (90, "PDXA", -1, -1), (120, "PREPB", 0, 0))
    assert active["interval_sum"][0, PDNA] == 40
    assert active["interval_sum"][0, ACTIVE] == 50 + 30
    closed = counted(DDR4, (10, "PDEP", -1, -1), (60, "PDXP", -1, -1), (80, "ACT", 0, 0))
    assert closed["interval_sum"][0, PDNP] == 50
    late = counted(
        DDR4, (0, "ACT", 0, 0), (40, "PREPB", 0, 0), (42, "PDEP", -1, -1), (90, "PDXP", -1, -1), (120, "ACT", 0, 1)
    )
    assert late["interval_sum"][0, PDNP] == 90 - (40 + DDR4.timing["RP"])  # the precharge comes first


def test_per_bank_refresh_of_lpddr4_averages_its_current():
    state = counted(LPDDR4, (0, "REFPB", 2, -1), (1000, "ACT", 0, 0))
    e, p, t = energy(LPDDR4, state), LPDDR4.power, LPDDR4.timing
    interval, cycle, expected = t["REFI"] / 8, t["RFCpb"], 0.0
    for volt, i5, i2, i3 in (("vdd1", "idd5pb1", "idd2n1", "idd3n1"), ("vdd2", "idd5pb2", "idd2n2", "idd3n2")):
        share = (p[i5] * interval - p[i2] * (interval - cycle)) / cycle
        expected += p[volt] * (share - p[i3]) * cycle
    assert e.refresh[0] == pytest.approx(expected * LPDDR4.tCK_ps * 1e-12)
    assert state["interval_sum"][0, ACTIVE] == cycle


def test_ddr3_follows_drampower_4():
    """Closed form of a row cycle; the window ends with the automatic precharge: its cycle + tRP - 1."""
    state = counted(DDR3, (0, "ACT", 0, 0), (10, "RDA", 0, 0))
    e, p, t = energy(DDR3, state), DDR3.power, DDR3.timing
    window = t["RAS"] + t["RP"] - 1
    second = p["vdd"] * 8 * DDR3.tCK_ps * 1e-12
    assert e.window_cycles[0] == window
    assert e.act[0] == pytest.approx((p["idd0"] - p["idd3n"]) * t["RAS"] * second)
    assert e.pre[0] == pytest.approx((p["idd0"] - p["idd2n"]) * (t["RC"] - t["RAS"]) * second)
    assert e.read[0] == pytest.approx((p["idd4r"] - p["idd3n"]) * 4 * second)
    standby = (p["idd3n"] * t["RAS"] + p["idd2n"] * (window - t["RAS"])) * second
    assert e.background_active_shared[0] + e.background_precharged[0] == pytest.approx(standby)
    assert e.interface[0] == 0


def test_the_window_of_ddr3_ends_with_a_read_s_data():
    t = DDR3.timing
    state = counted(DDR3, (0, "ACT", 0, 0), (10, "RD", 0, 0))
    assert energy(DDR3, state).window_cycles[0] == 10 + t["RL"] + 4


# Interface energy


def test_an_idle_ddr4_interface_costs_its_clock():
    """Two lines, 0 to 1 once a cycle each, 1 pJ; static energy is 0 with VDDQ 0."""
    state = counted(DDR4, (0, "PDEP", -1, -1), (500, "PDXP", -1, -1))
    assert energy(DDR4, state).interface[0] == pytest.approx(2 * 500 * 1e-12)


def test_a_ddr4_burst_costs_strobes_data_and_command():
    """Far from the window's end: 8 strobe edges, floor(8 / 4) data edges on 64 lines, and the command words."""
    state = counted(DDR4, (0, "ACT", 0, 0), (20, "RD", 0, 0), (60, "PREPB", 0, 0))
    low = [bin(~int(w) & 0x7FFFFFF).count("1") for w in words_of(DDR4, (0, 0, 0))]
    edges = sum(low)  # each of the two words falls from all high and rises back
    expected = 2 * 60 + 8 + 2 * 64 + edges
    assert energy(DDR4, state).interface[0] == pytest.approx(expected * 1e-12)


def words_of(part, *where):
    (bank, row, column) = where[0]
    arrays = [np.array([value], np.int32) for value in (bank, row, column)]
    return request_words(part, *arrays, np.array([False]))[0].tolist()


def test_the_last_burst_counts_the_beats_inside_the_window():
    """The read two cycles before the last command has had 4 of its 8 beats: floor(4 / 4) edges a line."""
    whole = counted(DDR4, (0, "ACT", 0, 0), (20, "RD", 0, 0), (60, "PREPB", 0, 0))
    cut = counted(DDR4, (0, "ACT", 0, 0), (58, "RD", 0, 0), (60, "PREPB", 0, 0))
    difference = energy(DDR4, whole).interface[0] - energy(DDR4, cut).interface[0]
    assert difference == pytest.approx(64 * 1e-12)


def brute_force_bus(part, commands, words, window):
    """Edges and high bits of the command bus, cycle by cycle."""
    table = bus_table(part)
    mask = (1 << table.lines) - 1
    bus = [table.idle] * (window + 8)
    for cycle, name, bank, request in commands:
        code = Command[name]
        if name == "ACT":
            packed = int(words[request, 0])
        elif name in ("RD", "WR", "RDA", "WRA"):
            packed = int(words[request, 1]) | (table.auto_precharge if name in ("RDA", "WRA") else 0)
        else:
            packed = int(table.words[code, max(bank, 0)])
        for i in range(int(table.word_count[code])):
            bus[cycle + i] = packed >> (i * table.lines) & mask
    before, edges = table.idle, 0
    for word in bus[:window]:
        edges += (~before & word & mask).bit_count()
        before = word
    return edges, sum(word.bit_count() for word in bus[:window])


@pytest.mark.parametrize("part", [DDR4, LPDDR4], ids=["ddr4", "lpddr4"])
@pytest.mark.parametrize("seed", range(20))
def test_command_bus_edges_are_those_of_walking_every_cycle(part, seed):
    rng = np.random.default_rng(seed)
    names = ["ACT", "RD", "RDA", "WR", "WRA", "PREPB", "PREAB", "REFAB", "PDEP", "PDXP", "SREFEN"]
    names += ["REFPB"] if part is LPDDR4 else []
    longest = 4 if part is LPDDR4 else 1
    cycle, commands = int(rng.integers(0, 3)), []
    for _ in range(60):
        request = int(rng.integers(0, REQUESTS))
        commands.append((cycle, names[rng.integers(len(names))], int(rng.integers(0, 8)), request))
        cycle += longest + int(rng.choice([0, 0, 1, 7]))
    setup = {
        "banks": rng.integers(0, 8, REQUESTS),
        "rows": rng.integers(0, part.rows, REQUESTS),
        "columns": rng.integers(0, part.columns, REQUESTS),
        "writes": rng.random(REQUESTS) < 0.5,
    }
    words = request_words(part, *(setup[key].astype(np.int32) for key in ("banks", "rows", "columns")), setup["writes"])
    state = counted(part, *commands, **setup)
    window = commands[-1][0]
    assert (state["bus_edges"][0], state["bus_high"][0]) == brute_force_bus(part, commands, words, window)


def test_terminated_lpddr4_lines_draw_current_when_high():
    """An idle interface: only the two clock lines, high half the time, V^2 / R."""
    state = counted(LPDDR4, (0, "PDEP", -1, -1), (500, "PDXP", -1, -1))
    static = 2 * 500 * 1.1**2 / 1e6 * LPDDR4.tCK_ps * 1e-12 / 2
    assert energy(LPDDR4, state).interface[0] == pytest.approx(2 * 500 * 1e-12 + static)
    unterminated = {**LPDDR4.interface, "ck_termination": 0.0}
    part = replace(LPDDR4, interface=unterminated)
    assert energy(part, state).interface[0] == pytest.approx(2 * 500 * 1e-12)


# The counter


def random_commands(rng, n=200):
    """A stream that is not legal in its distances, but in its states: what the counter must survive."""
    cycle, open_banks, commands = 0, set(), []
    for _ in range(n):
        cycle += int(rng.choice([1, 4, 20, 400]))
        bank = int(rng.integers(0, 8))
        if bank not in open_banks:
            open_banks.add(bank)
            commands.append((cycle, "ACT", bank, 0))
        else:
            name = ["RD", "WR", "RDA", "WRA", "PREPB"][rng.integers(5)]
            if name not in ("RD", "WR"):
                open_banks.discard(bank)
            commands.append((cycle, name, bank, 0))
    return commands


@pytest.mark.parametrize("part", [DDR3, DDR4, LPDDR4], ids=["ddr3", "ddr4", "lpddr4"])
@pytest.mark.parametrize("stretch", [1, 7, 64])
def test_a_stream_in_stretches_counts_as_in_one(part, stretch):
    commands = random_commands(np.random.default_rng(3))
    assert counted(part, *commands, stretch=stretch) == counted(part, *commands)


_UNCOMPILED = """
import numpy as np
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.power import consume, finish, power_state
stream, words = np.load({stream!r}), np.load({words!r})
state = power_state(load_part("lpddr4_3200"))
consume(state, stream, len(stream), words)
finish(state)
np.save({out!r}, state)
"""


def test_without_the_compiler_the_counters_are_the_same(tmp_path):
    rng = np.random.default_rng(8)
    commands = [*random_commands(rng, 60), (10**5, "PREAB", -1, -1), (10**5 + 40, "PDEP", -1, -1)]
    commands += [(10**5 + 90, "PDXP", -1, -1), (10**5 + 200, "REFAB", -1, -1), (10**6, "REFPB", 1, -1)]
    stream = np.array(
        [(cycle, request, bank, Command[name], 0) for cycle, name, bank, request in commands], STREAM_DTYPE
    )
    zeros, rows = np.zeros(REQUESTS, np.int32), rng.integers(0, 2**16, REQUESTS).astype(np.int32)
    words = request_words(LPDDR4, zeros, rows, zeros, zeros > 0)
    paths = {name: str(tmp_path / f"{name}.npy") for name in ("stream", "words", "out")}
    np.save(paths["stream"], stream)
    np.save(paths["words"], words)
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", _UNCOMPILED.format(**paths)]
    subprocess.run(command, check=True, env=environment)
    assert np.load(paths["out"]).tobytes() == counted(LPDDR4, *commands, rows=rows).tobytes()


def test_phy_delay_shifts_the_window():
    commands = [(0, "ACT", 0, 0), (16, "RD", 0, 0), (60, "PREPB", 0, 0)]
    plain, shifted = counted(DDR4, *commands), counted(DDR4, *commands, phy_delay=5)
    assert shifted["window"][0] == plain["window"][0] + 5
    more = energy(DDR4, shifted).background_precharged[0] - energy(DDR4, plain).background_precharged[0]
    assert more == pytest.approx(1.2 * 0.03825 * 5 * 8 * DDR4.tCK_ps * 1e-12)


def test_many_runs_at_once_are_each_run_alone():
    rng = np.random.default_rng(5)
    states = np.concatenate([counted(DDR4, *random_commands(rng)) for _ in range(5)])
    together = EnergyModel.of(DDR4).energy(states)
    for i in range(5):
        assert together.total[i] == energy(DDR4, states[i : i + 1]).total[0]


def test_an_impossible_stream_is_refused_not_miscounted():
    """More delayed effects at once than a legal stream can have."""
    commands = [(0, "ACT", 0, 0), *((16, "RDA", 0, 0) for _ in range(QUEUE + 1))]
    with pytest.raises(RuntimeError, match="overflowed"):
        energy(DDR4, counted(DDR4, *commands))


def test_no_command_means_no_energy():
    e = energy(DDR4, counted(DDR4))
    assert (e.total[0], e.average_power[0], e.window_cycles[0]) == (0, 0, 0)


def test_a_part_without_currents_has_no_energy():
    with pytest.raises(ValueError, match="has no currents"):
        EnergyModel.of(replace(DDR4, power={}))
