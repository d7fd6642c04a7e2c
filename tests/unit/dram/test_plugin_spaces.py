"""The DRAM plug-in's spaces: their sizes, and a platform in which no two designs mean the same hardware."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from archgym.simulators.dram.controller import DRAMSYS_NAMES, ENUMS, ControllerConfig
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.plugin.spaces import SPACES, platform_space
from archgym.simulators.dram.workloads.registry import load_workload
from archgym.space import DesignSpace

PLATFORM = platform_space()
PLAIN = PLATFORM.default
DDR4_PARTS, LPDDR4_PART = ("ddr4_2400", "ddr4_1866"), "lpddr4_3200_x32"
MOVING_ORDERS = ("bank-row-column", "row-bank-column", "bank-column-row")
"""Those in which interleaving the groups moves a bit; in row-column-bank the group is lowest already."""


@pytest.mark.parametrize(
    ("name", "size"),
    [
        # page x scheduler x buffer x size x response x refresh x postponed x pulled in x arbiter x transactions
        ("archgym", 4 * 3 * 3 * 8 * 2 * 2 * 8 * 8 * 3 * 8),
        ("archgym-coarse", 4 * 3 * 3 * 8 * 2 * 2 * 4 * 4 * 3 * 8),
        ("archgym-fine", 4 * 3 * 3 * 8 * 2 * 2 * 8 * 8 * 3 * 128),
    ],
)
def test_the_archgym_spaces_have_archgyms_sizes(name: str, size: int) -> None:
    summary, make = SPACES[name]
    space = make()
    assert (space.count(), space.name, space.d) == (size, name, 10)
    assert f"{size:,} points" in summary
    assert not space.constraints


def test_the_three_archgym_spaces_are_three() -> None:
    assert [SPACES[name][1]().size for name in ("archgym", "archgym-coarse", "archgym-fine")] == [
        1_769_472,
        442_368,
        28_311_552,
    ]
    assert len({make().fingerprint for _, make in SPACES.values()}) == len(SPACES)


def test_the_platform_counts_what_its_rules_leave() -> None:
    # Two DDR4 parts refresh all banks at once, with groups on or off in three orders of four; one LPDDR4 has both.
    systems = len(DDR4_PARTS) * (3 * 2 + 1) + 1 * 4 * 2
    watermarks = sum(low < high for high in (2, 4, 8, 16, 32) for low in (1, 2, 4, 8, 16))
    order = 2 + 3 + watermarks  # Fifo with either multiplexer, three others, write drain
    buffers = 7 + 7 + 7 * 7
    arbiters = 1 + 2 * 8
    hashes, pages, responses, sleep, refresh_limits = 2, 4, 2, 2, 9 * 9
    expected = systems * hashes * pages * order * buffers * responses * refresh_limits * sleep * arbiters
    assert PLATFORM.count() == expected == 1_221_454_080


def test_the_platform_never_loses_data() -> None:
    refresh = PLATFORM.parameters[PLATFORM.names.index("RefreshPolicy")]
    assert "NoRefresh" not in refresh.values


def canonical(design: dict[str, Any]) -> bool:
    """The rules of the platform, written a second time."""
    drains, high, low = design["Scheduler"] == "GrpFrFcfsWm", design["HighWatermark"], design["LowWatermark"]
    apart = design["SchedulerBuffer"] == "ReadWrite"
    return all(
        (
            0 < low < high if drains else low == high == 0,
            design["CmdMux"] == "Oldest" or design["Scheduler"] == "Fifo",
            design["RefreshPolicy"] == "AllBank" or design["Part"] == LPDDR4_PART,
            design["GroupInterleave"] == "off"
            or (design["Part"] in DDR4_PARTS and design["AddressOrder"] in MOVING_ORDERS),
            design["RequestBufferSize"] == 8 or not apart,
            design["RequestBufferSizeRead"] == design["RequestBufferSizeWrite"] == 8 or apart,
            design["MaxActiveTransactions"] == 64 or design["Arbiter"] != "Simple",
        )
    )


def test_exactly_the_canonical_designs_of_the_platform_are_valid() -> None:
    rng = np.random.default_rng(0)
    start = PLATFORM.sample(4000, rng).codes.copy()
    column = rng.integers(0, PLATFORM.d, len(start))  # one knob of each is changed: a fair share becomes invalid
    start[np.arange(len(start)), column] = rng.integers(0, PLATFORM.cardinalities[column])
    batch = PLATFORM.batch(start)
    expected = [canonical(design) for design in batch.designs()]
    assert 500 < sum(expected) < 3500
    assert PLATFORM.valid(batch).tolist() == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"MaxActiveTransactions": 32}, "MaxActiveTransactions == 64 unless Arbiter"),
        ({"RequestBufferSizeRead": 4}, "RequestBufferSizeRead == 8 unless SchedulerBuffer == 'ReadWrite'"),
        ({"RequestBufferSizeWrite": 4}, "RequestBufferSizeWrite == 8 unless SchedulerBuffer == 'ReadWrite'"),
        ({"SchedulerBuffer": "ReadWrite", "RequestBufferSize": 4}, "RequestBufferSize == 8 unless SchedulerBuffer"),
        ({"HighWatermark": 4, "LowWatermark": 2}, "the other schedulers have none"),
        ({"Scheduler": "GrpFrFcfsWm"}, "0 < LowWatermark < HighWatermark"),
        ({"Scheduler": "GrpFrFcfsWm", "HighWatermark": 4, "LowWatermark": 4}, "0 < LowWatermark < HighWatermark"),
        ({"CmdMux": "Strict"}, "Scheduler == 'Fifo' if CmdMux == 'Strict'"),
        ({"RefreshPolicy": "PerBank"}, "Part == 'lpddr4_3200_x32' if RefreshPolicy == 'PerBank'"),
        ({"Part": LPDDR4_PART, "GroupInterleave": "on"}, "elsewhere it moves no bit"),
        ({"AddressOrder": "row-column-bank"}, "elsewhere it moves no bit"),
    ],
)
def test_an_alias_of_the_platform_is_refused_with_its_rule(change: dict[str, Any], reason: str) -> None:
    (line,) = PLATFORM.why_invalid({**PLAIN, **change})
    assert reason in line


@pytest.mark.parametrize(
    "change",
    [
        {"Arbiter": "Fifo", "MaxActiveTransactions": 32},
        {"SchedulerBuffer": "ReadWrite", "RequestBufferSizeRead": 4, "RequestBufferSizeWrite": 1},
        {"SchedulerBuffer": "Shared", "RequestBufferSize": 64},
        {"Scheduler": "GrpFrFcfsWm", "HighWatermark": 4, "LowWatermark": 2},
        {"Scheduler": "Fifo", "CmdMux": "Strict"},
        {"Part": LPDDR4_PART, "GroupInterleave": "off", "RefreshPolicy": "PerBank"},
        {"AddressOrder": "row-column-bank", "GroupInterleave": "off"},
    ],
)
def test_what_acts_may_be_chosen(change: dict[str, Any]) -> None:
    assert PLATFORM.why_invalid({**PLAIN, **change}) == []


def test_no_two_mappings_of_the_platform_are_one() -> None:
    for part_name in (*DDR4_PARTS, LPDDR4_PART):
        part = load_part(part_name)
        seen: dict[Any, str] = {}
        for order in PLATFORM.parameters[PLATFORM.names.index("AddressOrder")].values:
            for group, low in (("off", ""), ("on", ":low-group")):
                if PLATFORM.why_invalid({**PLAIN, "Part": part_name, "AddressOrder": order, "GroupInterleave": group}):
                    continue
                for hashed in ("", ":xor"):
                    name = f"{order}{low}{hashed}"
                    made = load_mapping(name, part)
                    bits = (made.column, made.bank_group, made.bank, made.row)
                    assert bits not in seen, f"{part_name}: {name} is {seen[bits]}"
                    seen[bits] = name
        assert len(seen) == (8 if part_name == LPDDR4_PART else 14)


@pytest.fixture(scope="module")
def engine() -> Engine:
    part = load_part("ddr4_2400")
    return Engine(part, load_mapping("rbc", part))


@pytest.mark.parametrize(
    ("held", "knob", "values"),
    [
        ({"arbiter": "Simple"}, "max_active_transactions", (1, 64)),
        ({"scheduler_buffer": "ReadWrite"}, "request_buffer_size", (1, 8)),
        ({"scheduler_buffer": "Bankwise"}, "request_buffer_size_read", (1, 8)),
        ({"scheduler_buffer": "Shared"}, "request_buffer_size_write", (1, 8)),
        ({"scheduler": "GrpFrFcfs"}, "low_watermark", (0, 2)),
        ({"scheduler": "GrpFrFcfs"}, "high_watermark", (0, 2)),
    ],
)
def test_a_knob_that_the_platform_fixes_does_nothing_there(
    held: dict[str, Any], knob: str, values: tuple[int, int], engine: Engine
) -> None:
    prepared = engine.prepare(load_workload("random:n=300,interval_ns=2"))
    runs = engine.simulate_batch(prepared, [ControllerConfig(**{**held, knob: value}) for value in values])
    assert runs.counted[0].tolist() == runs.counted[1].tolist()


@pytest.mark.parametrize(
    ("held", "knob", "values"),
    [
        ({"arbiter": "Fifo"}, "max_active_transactions", (1, 64)),
        ({"scheduler_buffer": "Bankwise"}, "request_buffer_size", (1, 8)),
        ({"scheduler_buffer": "Shared"}, "request_buffer_size", (1, 8)),
        ({"scheduler_buffer": "ReadWrite"}, "request_buffer_size_read", (1, 8)),
        ({"scheduler_buffer": "ReadWrite"}, "request_buffer_size_write", (1, 8)),
    ],
)
def test_a_knob_that_the_platform_offers_acts_there(
    held: dict[str, Any], knob: str, values: tuple[int, int], engine: Engine
) -> None:
    prepared = engine.prepare(load_workload("random:n=300,interval_ns=2"))
    runs = engine.simulate_batch(prepared, [ControllerConfig(**{**held, knob: value}) for value in values])
    assert runs.counted[0].tolist() != runs.counted[1].tolist()


@pytest.mark.parametrize("name", SPACES)
def test_every_value_of_every_space_is_one_of_the_controllers(name: str) -> None:
    space: DesignSpace = SPACES[name][1]()
    for parameter in space.parameters:
        knob = DRAMSYS_NAMES.get(parameter.name)
        if knob in ENUMS:
            assert set(parameter.values) <= {member.value for member in ENUMS[knob]}
        elif knob is not None:
            for value in parameter.values:
                chosen: dict[str, Any] = {knob: value}
                assert getattr(ControllerConfig(**chosen), knob) == value
