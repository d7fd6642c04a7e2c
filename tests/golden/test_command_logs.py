"""The engine issues the reference's commands and answers, one by one; where it does not, the first one is named."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.controller import ControllerConfig
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.stream import RESPONSE
from archgym.simulators.dram.trace import Trace

DATA = Path(__file__).parent / "data"
CASES = json.loads((DATA / "dram_command_logs.json").read_text(encoding="utf-8"))
NAMES = {int(command): command.name for command in Command} | {RESPONSE: "RESP"}
RANK_COMMANDS = {"PREAB", "REFAB", "PDEA", "PDEP", "PDXA", "PDXP", "SREFEN", "SREFEX", "RESP"}


def read_trace(name: str, first: int, halved: bool) -> Trace:
    with gzip.open(DATA / "traces" / f"{name}.csv.gz", "rt", newline="") as file:
        rows = list(csv.DictReader(file))[:first]
    address = np.array([int(row["addr"], 16) for row in rows], np.uint64)
    return Trace(
        name,
        np.array([int(row["time_ns"]) * 1000 for row in rows], np.int64),
        np.array([row["op"] == "W" for row in rows]),
        address >> np.uint64(1) if halved else address,
    )


def expected_events(case: str) -> list[tuple[int, str, int, int]]:
    """(cycle, event, bank or -1, request from 1 or 0), answers first within a cycle."""
    with gzip.open(DATA / "dram_command_logs.csv.gz", "rt", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["case"] == case]
    events = [
        (
            int(row["cycle"]),
            row["event"],
            -1 if row["event"] in RANK_COMMANDS else int(row["bank"]),
            int(row["request"] or 0),
        )
        for row in rows
    ]
    return sorted(events, key=lambda event: (event[0], event[1] != "RESP"))


def simulate(case: dict) -> tuple[list[tuple[int, str, int, int]], int]:
    part = load_part(case["memspec"])
    engine = Engine(part, load_mapping(case["addr_map"], part))
    prepared = engine.prepare(read_trace(case["trace"], case["first_n_requests"], part.standard == "LPDDR4"))
    result = engine.simulate(prepared, ControllerConfig.from_dramsys(case["config"]), log=True)
    events = [(int(e["cycle"]), NAMES[int(e["command"])], int(e["bank"]), int(e["request"]) + 1) for e in result.log]
    return sorted(events, key=lambda event: (event[0], event[1] != "RESP")), int(result["total_time_ps"])


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_every_event_is_the_reference_s(case):
    ours, total_time_ps = simulate(case)
    expected = expected_events(case["case"])
    differing = next((i for i, pair in enumerate(zip(ours, expected, strict=False)) if pair[0] != pair[1]), None)
    assert differing is None, f"event {differing}: {ours[differing]}, the reference has {expected[differing]}"
    assert len(ours) == len(expected) == case["events"]
    assert total_time_ps == round(case["total_time_ns"] * 1000)
