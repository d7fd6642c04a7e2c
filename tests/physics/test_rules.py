"""Whatever the knobs, trace and part, no command the engine issues breaks a rule of the standard."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.controller import ControllerConfig
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import known_parts, load_part
from archgym.simulators.dram.stream import RESPONSE, STREAM_DTYPE
from archgym.simulators.dram.timing import timing_table
from archgym.simulators.dram.trace import Trace

_spec = importlib.util.spec_from_file_location("rule_checker", Path(__file__).with_name("rule_checker.py"))
rule_checker = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = rule_checker  # where its dataclass looks itself up
_spec.loader.exec_module(rule_checker)

MAPPINGS = ("brc", "rbc", "rbcx", "row-column-bank:xor")


def random_trace(rng: np.random.Generator, capacity: int, burst: int, n: int = 300) -> Trace:
    """Mixed traffic: a few streams and random accesses over few rows, in bursts with pauses of up to 20 us."""
    gap_ns = rng.choice([0, 2, 5, 60, 3000, 20_000], n, p=[0.3, 0.3, 0.2, 0.15, 0.04, 0.01])
    bases = rng.integers(0, capacity // burst, 4)
    kind = rng.integers(0, 6, n)
    steps = np.arange(n)
    block = np.where(kind < 4, bases[kind % 4] + steps // 3, rng.integers(0, capacity // burst, n))
    near = np.where(kind == 5, rng.integers(0, 4096, n), block % (capacity // burst))
    address = near.astype(np.uint64) * np.uint64(burst)
    return Trace("random", np.cumsum(gap_ns) * 1000, rng.random(n) < 0.4, address)


def random_config(rng: np.random.Generator, per_bank: bool) -> ControllerConfig:
    def pick(*values):
        return values[rng.integers(len(values))]

    scheduler = pick("Fifo", "FrFcfs", "FrFcfsGrp", "GrpFrFcfs", "GrpFrFcfsWm")
    return ControllerConfig(
        page_policy=pick("Open", "OpenAdaptive", "Closed", "ClosedAdaptive"),
        scheduler=scheduler,
        scheduler_buffer=pick("Bankwise", "ReadWrite", "Shared"),
        request_buffer_size=pick(1, 2, 4, 8, 32),
        request_buffer_size_read=pick(1, 4, 16),
        request_buffer_size_write=pick(1, 4, 16),
        low_watermark=pick(1, 3),
        high_watermark=pick(4, 12),
        cmd_mux=pick("Oldest", "Strict") if scheduler == "Fifo" else "Oldest",
        resp_queue=pick("Fifo", "Reorder"),
        refresh_policy=pick("AllBank", "AllBank", "NoRefresh", *(("PerBank",) * 3 if per_bank else ())),
        refresh_max_postponed=pick(0, 1, 8),
        refresh_max_pulledin=pick(0, 1, 8),
        power_down_policy=pick("NoPowerDown", "Staggered"),
        arbiter=pick("Simple", "Fifo", "Reorder"),
        max_active_transactions=pick(1, 4, 64),
        think_delay_fw=pick(0, 1, 3),
        arbitration_delay_fw=pick(0, 2),
    )


def run(part_name: str, seed: int, *, strict: bool = False):
    rng = np.random.default_rng(seed)
    part = load_part(part_name)
    mapping = load_mapping(MAPPINGS[seed % len(MAPPINGS)], part)
    engine = Engine(part, mapping, strict_jedec=strict)
    prepared = engine.prepare(random_trace(rng, part.capacity, part.bytes_per_burst))
    config = random_config(rng, part.standard == "LPDDR4")
    log = engine.simulate(prepared, config, log=True).log
    return part, prepared, config, log[log["command"] != RESPONSE]


@pytest.mark.parametrize("strict", [False, True], ids=["dramsys", "jedec"])
@pytest.mark.parametrize("part_name", known_parts())
def test_every_pair_of_commands_keeps_its_distance(part_name, strict):
    for seed in range(12):
        part, prepared, config, log = run(part_name, seed, strict=strict)
        rules = rule_checker.rules_of(part, strict=strict)
        found = rule_checker.violations(rules, log, prepared.row, prepared.trace.is_write)
        assert found == [], f"seed {seed}, {config}"


def test_the_runs_exercise_every_command():
    seen = set()
    for part_name in ("ddr4_2400", "lpddr4_3200"):
        for seed in range(12):
            seen |= set(run(part_name, seed)[3]["command"].tolist())
    assert seen == {int(command) for command in Command}


@pytest.mark.parametrize("strict", [False, True], ids=["dramsys", "jedec"])
@pytest.mark.parametrize("part_name", known_parts())
def test_engine_and_checker_have_the_same_distances(part_name, strict):
    """The rules were written down twice; the two must say the same."""
    part = load_part(part_name)
    table, tables = timing_table(part, strict), rule_checker._tables(rule_checker.rules_of(part, strict=strict))
    assert np.array_equal(table.bank, tables["bank"])
    assert np.array_equal(table.bank_group, tables["group"])
    assert np.array_equal(table.rank, tables["rank"])


@pytest.mark.parametrize("part_name", ["ddr3_1600", "ddr4_2400", "lpddr4_3200"])
def test_some_command_is_issued_at_the_very_cycle_it_becomes_legal(part_name):
    """The gates are tight, not merely closed long enough: one cycle earlier breaks a rule."""
    part, prepared, _, log = run(part_name, 2)
    rules = rule_checker.rules_of(part)
    tight = 0
    for at in range(1, 120):
        early = log.copy()
        early["cycle"][at] -= 1
        tight += bool(rule_checker.violations(rules, early, prepared.row, prepared.trace.is_write))
    assert tight > 40


class TestTheChecker:
    """A check that cannot fail is worth nothing: each kind of fault is found."""

    def found(self, *commands, part_name="ddr4_2400", rows=(7, 7), is_write=(False, False)):
        log = np.zeros(len(commands), STREAM_DTYPE)
        for record, (cycle, name, bank, request) in zip(log, commands, strict=True):
            record["cycle"], record["command"] = cycle, Command[name]
            record["bank"], record["request"] = bank, request
        rules = rule_checker.rules_of(load_part(part_name))
        return "; ".join(rule_checker.violations(rules, log, np.array(rows), np.array(is_write)))

    def test_activation_to_read_is_open_at_trcd_and_closed_one_cycle_before(self):
        second = (40, "RD", 0, 1)
        assert self.found((0, "ACT", 0, 0), (16, "RD", 0, 0), second) == ""
        assert "15 cycles apart, at least 16" in self.found((0, "ACT", 0, 0), (15, "RD", 0, 0), second)

    def test_fifth_activation_waits_for_tfaw(self):
        acts = [(4 * i, "ACT", 4 * (i % 4) + i // 4, i) for i in range(4)]
        rows, directions = range(5), [False] * 5
        early = self.found(*acts, (25, "ACT", 1, 4), rows=rows, is_write=directions)
        on_time = self.found(*acts, (26, "ACT", 1, 4), rows=rows, is_write=directions)
        assert "fifth activation" in early
        assert "fifth activation" not in on_time

    def test_banks_of_one_group_wait_longer(self):
        assert "at least 6" in self.found((0, "ACT", 0, 0), (5, "ACT", 1, 1))
        assert "apart" not in self.found((0, "ACT", 0, 0), (5, "ACT", 4, 1))

    def test_read_needs_its_row_open(self):
        assert "open row None, needed 7" in self.found((0, "RD", 0, 0))
        assert "open row 7, needed 8" in self.found((0, "ACT", 0, 0), (20, "RD", 0, 1), rows=(7, 8))

    def test_a_sleeping_rank_takes_no_command(self):
        assert "asleep (PDEP)" in self.found((0, "PDEP", -1, -1), (50, "ACT", 0, 0))

    def test_refresh_needs_all_banks_closed(self):
        assert "banks [0] are open" in self.found((0, "ACT", 0, 0), (400, "REFAB", -1, -1))

    def test_long_commands_keep_the_bus(self):
        found = self.found((0, "ACT", 0, 0), (3, "PREPB", 1, 1), part_name="lpddr4_3200")
        assert "command bus: ACT at 0 still on it at 3" in found

    def test_bursts_do_not_overlap_on_the_data_bus(self):
        assert "data bus" in self.found((0, "RD", 0, 0), (3, "RD", 4, 1))

    def test_a_request_is_served_once_and_in_its_direction(self):
        served = self.found((0, "ACT", 0, 0), (16, "RD", 0, 0), (30, "RD", 0, 0), is_write=(True, False))
        assert "request 0 was served 2 times" in served
        assert "request 1 was served 0 times" in served
        assert "request 0 has the other direction" in served
