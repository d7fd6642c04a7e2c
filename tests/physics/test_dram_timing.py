"""Distances between commands, as data sheets state them: closed one cycle before, open at the cycle itself.

Each test builds the few requests that make one rule the binding one, and reads the distance off the command log.
The expected numbers are formulas over the part's timing (JESD79-4, JESD79-3, JESD209-4).
"""

from __future__ import annotations

import numpy as np
import pytest

from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.controller import ControllerConfig
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping import AddressMapping
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.stream import RESPONSE
from archgym.simulators.dram.trace import Trace

QUIET = {"refresh_policy": "NoRefresh", "request_buffer_size": 32}
PARTS = ("ddr3_1600", "ddr4_2400", "ddr4_1866", "lpddr4_3200")


class Bench:
    """A part under test: requests by (bank, row, column), commands and answers by cycle."""

    def __init__(self, part: str, **knobs) -> None:
        self.part = load_part(part)
        self.t = self.part.timing
        self.burst = self.part.burst_length // self.part.data_rate
        self.mapping = load_mapping("rbc" if "ddr3" not in part else "archgym", self.part)
        self.engine = Engine(self.part, self.mapping)
        self.config = ControllerConfig(**(QUIET | knobs))

    def run(self, *requests: tuple[int, int, int, str], times: tuple[int, ...] | None = None) -> None:
        """Send (bank, row, column, R or W), all at once unless *times* (cycles) say when."""
        trace = Trace(
            "bench",
            np.array(times or [0] * len(requests), np.int64) * self.part.tCK_ps,
            np.array([request[3] == "W" for request in requests]),
            np.array([address_of(self.mapping, *request[:3]) for request in requests], np.uint64),
        )
        result = self.engine.simulate(self.engine.prepare(trace), self.config, log=True)
        self.result = result
        self.log = [(int(e["cycle"]), int(e["command"]), int(e["bank"]), int(e["request"])) for e in result.log]

    def cycles(self, command: str, bank: int | None = None) -> list[int]:
        code = RESPONSE if command == "RESP" else Command[command]
        return [cycle for cycle, c, b, _ in self.log if c == code and bank in (None, b)]

    def assert_distance(self, first: str, then: str, expected: int, bank: int | None = None) -> None:
        """From the last *first* before *then* (of *bank*) to the first *then* after it."""
        start = self.cycles(first)[0]
        later = [cycle for cycle in self.cycles(then, bank) if cycle > start]
        assert later, f"no {then} after {first}"
        assert later[0] - start == expected, f"{first} to {then}"


def address_of(mapping: AddressMapping, bank: int, row: int, column: int) -> int:
    """The address of a cell, for a mapping without exclusive-or."""
    per_group = 1 << len(mapping.bank)
    parts = (
        (mapping.column, column),
        (mapping.bank_group, bank // per_group),
        (mapping.bank, bank % per_group),
        (mapping.row, row),
    )
    return sum(((value >> i) & 1) << bits[0] for component, value in parts for i, bits in enumerate(component))


@pytest.mark.parametrize("part", PARTS)
def test_a_read_waits_t_rcd_after_the_activation(part):
    dut = Bench(part)
    dut.run((0, 1, 0, "R"))
    dut.assert_distance("ACT", "RD", dut.t["RCD"])


@pytest.mark.parametrize("part", ["ddr3_1600", "ddr4_2400", "ddr4_1866"])
def test_an_answer_leaves_when_the_burst_has_ended(part):
    dut = Bench(part)
    dut.run((0, 1, 0, "R"))
    dut.assert_distance("RD", "RESP", dut.t["RL"] + dut.burst)


@pytest.mark.parametrize("part", ["ddr3_1600", "ddr4_2400", "ddr4_1866"])
def test_a_write_is_answered_when_its_burst_has_ended(part):
    dut = Bench(part)
    dut.run((0, 1, 0, "W"))
    dut.assert_distance("WR", "RESP", dut.t["WL"] + dut.burst)


@pytest.mark.parametrize("part", ["ddr4_2400", "ddr4_1866"])
def test_reads_of_one_bank_group_keep_t_ccd_l_and_of_two_groups_t_ccd_s(part):
    dut = Bench(part)
    late = dut.t["RCD"] + 60
    dut.run((0, 1, 0, "R"), (1, 1, 0, "R"), (4, 1, 0, "R"), (0, 1, 8, "R"), (1, 1, 8, "R"), times=(0, 0, 0, late, late))
    one_group = dut.cycles("RD", 1)[-1] - dut.cycles("RD", 0)[-1]
    assert one_group == dut.t["CCD_L"]
    dut.run((0, 1, 0, "R"), (4, 1, 0, "R"), (0, 1, 8, "R"), (4, 1, 8, "R"), times=(0, 0, late, late))
    two_groups = dut.cycles("RD", 4)[-1] - dut.cycles("RD", 0)[-1]
    assert two_groups == dut.t["CCD_S"]


@pytest.mark.parametrize("part", ["ddr3_1600", "lpddr4_3200"])
def test_reads_keep_t_ccd(part):
    dut = Bench(part)
    dut.run((0, 1, 0, "R"), (0, 1, 16, "R"))
    first, second = dut.cycles("RD")
    assert second - first == dut.t["CCD"]


@pytest.mark.parametrize("part", ["ddr3_1600", "ddr4_2400", "ddr4_1866"])
def test_a_conflict_precharges_no_earlier_than_t_ras_and_t_rtp_allow(part):
    dut = Bench(part)
    dut.run((0, 1, 0, "R"), (0, 2, 0, "R"))
    dut.assert_distance("ACT", "PREPB", max(dut.t["RAS"], dut.t["RCD"] + dut.t["RTP"]))
    dut.assert_distance("PREPB", "ACT", dut.t["RP"])


@pytest.mark.parametrize("part", ["ddr3_1600", "ddr4_2400", "ddr4_1866"])
def test_a_written_row_is_closed_t_wr_after_the_data(part):
    dut = Bench(part)
    dut.run((0, 1, 0, "W"), (0, 2, 0, "R"))
    dut.assert_distance("WR", "PREPB", dut.t["WL"] + dut.burst + dut.t["WR"])


@pytest.mark.parametrize(("part", "other", "name"), [("ddr4_2400", 1, "WTR_L"), ("ddr4_2400", 4, "WTR_S")])
def test_a_read_waits_t_wtr_after_written_data(part, other, name):
    dut = Bench(part)
    late = dut.t["RCD"] + 100
    dut.run((0, 1, 0, "R"), (other, 1, 0, "R"), (0, 1, 8, "W"), (other, 1, 8, "R"), times=(0, 0, late, late))
    dut.assert_distance("WR", "RD", dut.t["WL"] + dut.burst + dut.t[name], bank=other)


@pytest.mark.parametrize("part", ["ddr3_1600", "ddr4_2400", "ddr4_1866"])
def test_a_fifth_activation_waits_for_the_four_activate_window(part):
    dut = Bench(part)
    banks = range(0, dut.part.banks, max(1, dut.part.banks // 8))
    dut.run(*((bank, 1, 0, "R") for bank in banks))
    acts = dut.cycles("ACT")
    rrd = dut.t.get("RRD_S", dut.t.get("RRD"))
    assert acts[4] - acts[0] == max(dut.t["FAW"], 4 * rrd)


@pytest.mark.parametrize("part", ["ddr3_1600", "ddr4_2400", "ddr4_1866"])
def test_nothing_is_activated_for_t_rfc_after_a_refresh(part):
    dut = Bench(part, refresh_policy="AllBank")
    dut.run((0, 1, 0, "R"), (0, 1, 8, "R"), times=(0, dut.t["REFI"] + 20))
    refresh = dut.cycles("REFAB")[0]
    rfc = dut.t.get("RFC", dut.t.get("RFC1"))
    assert dut.cycles("PREAB")[0] == dut.t["REFI"]
    assert refresh == dut.t["REFI"] + dut.t["RP"]
    assert next(cycle for cycle in dut.cycles("ACT") if cycle > refresh) == refresh + rfc


def test_ddr4_auto_precharge_follows_the_reference_or_the_standard():
    """DRAMSys 5.5 lets a DDR4 auto-precharge ignore tRAS; strict_jedec keeps tRC."""
    dut = Bench("ddr4_2400", page_policy="Closed")
    dut.run((0, 1, 0, "R"), (0, 2, 0, "R"))
    acts = dut.cycles("ACT")
    assert acts[1] - acts[0] == dut.t["RCD"] + dut.t["RTP"] + dut.t["RP"] < dut.t["RC"]
    dut.engine = Engine(dut.part, dut.mapping, strict_jedec=True)
    dut.run((0, 1, 0, "R"), (0, 2, 0, "R"))
    acts = dut.cycles("ACT")
    assert acts[1] - acts[0] == dut.t["RC"]


def test_an_idle_rank_sleeps_from_the_start_and_wakes_after_t_cke():
    dut = Bench("ddr4_2400", power_down_policy="Staggered")
    dut.run((0, 1, 0, "R"), (0, 1, 8, "R"), times=(0, 400))
    assert dut.cycles("PDEP")[0] == 0
    assert dut.cycles("PDXP")[0] == dut.t["CKE"]  # the request of cycle 1 has to wait
    dut.assert_distance("PDXP", "ACT", dut.t["XP"])


def test_a_full_buffer_holds_the_player_back():
    dut = Bench("ddr4_2400", scheduler_buffer="Shared", request_buffer_size=1)
    dut.run(*((0, row, 0, "R") for row in range(6)))
    assert dut.result["refused_requests"] == 5
    assert dut.result["buffer_high_water"] == 1
    assert dut.result["avg_latency_ns"] < dut.result["avg_latency_from_arrival_ns"]


def test_a_limit_of_one_transaction_serialises_the_requests():
    dut = Bench("ddr4_2400", arbiter="Fifo", max_active_transactions=1)
    dut.run(*((4 * bank, 1, 0, "R") for bank in range(4)))
    reads, answers = dut.cycles("RD"), dut.cycles("RESP")
    assert all(read > answer for read, answer in zip(reads[1:], answers[:-1], strict=True))
    assert dut.result["active_high_water"] == 1


@pytest.mark.parametrize("knobs", [{"resp_queue": "Reorder"}, {"arbiter": "Reorder"}])
def test_reordering_keeps_the_order_of_the_requests(knobs):
    """Row hits overtake a conflict; a Reorder queue (controller) or arbiter (player) hides that."""
    dut = Bench("ddr4_2400", **knobs)
    dut.run((0, 1, 0, "R"), (0, 2, 0, "R"), (0, 1, 8, "R"), (0, 1, 16, "R"))
    order = [request for _, command, _, request in dut.log if command == Command.RD]
    assert order == [0, 2, 3, 1]
    answers = [request for _, command, _, request in dut.log if command == RESPONSE]
    assert answers == ([0, 1, 2, 3] if "resp_queue" in knobs else order)


def test_per_bank_refresh_needs_a_part_that_has_it():
    dut = Bench("ddr4_2400", refresh_policy="PerBank")
    with pytest.raises(ValueError, match="DDR4 has no per-bank refresh"):
        dut.run((0, 1, 0, "R"))


def test_results_depend_neither_on_threads_nor_on_the_order_of_a_batch():
    dut = Bench("ddr4_2400")
    rng = np.random.default_rng(5)
    n = 400
    trace = Trace(
        "mixed",
        np.sort(rng.integers(0, 4_000_000, n)),
        rng.random(n) < 0.3,
        (rng.integers(0, 1 << 12, n) << 13).astype(np.uint64),
    )
    configs = [
        ControllerConfig(page_policy=page, scheduler=scheduler, arbiter=arbiter, power_down_policy="Staggered")
        for page in ("Open", "ClosedAdaptive")
        for scheduler in ("Fifo", "FrFcfsGrp", "GrpFrFcfs")
        for arbiter in ("Simple", "Reorder")
    ]
    prepared = dut.engine.prepare(trace)
    one = dut.engine.simulate_batch(prepared, configs, power=True)
    two = dut.engine.simulate_batch(prepared, configs[::-1] * 3, threads=2, power=True)
    assert np.array_equal(one.counted, two.counted[: len(configs)][::-1])
    assert np.array_equal(two.counted[: len(configs)], two.counted[-len(configs) :])
    assert np.array_equal(one.power, two.power[: len(configs)][::-1])
    alone = dut.engine.simulate(prepared, configs[3])
    assert np.array_equal(alone.batch.counted[0], one.counted[3])
