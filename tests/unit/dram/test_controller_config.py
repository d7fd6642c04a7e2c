"""A controller design is checked when it is made, and survives every way of writing it down."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.simulators.dram.controller import (
    DRAMSYS_NAMES,
    ENCODED_KNOBS,
    ControllerConfig,
    PagePolicy,
    Scheduler,
    check_encoded,
    decode,
    encode,
)
from archgym.simulators.dram.kernel import CONFIG_FIELDS


def test_the_kernel_reads_the_knobs_in_the_order_they_are_encoded():
    assert CONFIG_FIELDS == ENCODED_KNOBS


def test_strings_become_members():
    config = ControllerConfig(page_policy="ClosedAdaptive", scheduler="FrFcfsGrp")
    assert config.page_policy is PagePolicy.CLOSED_ADAPTIVE
    assert config.scheduler is Scheduler.FR_FCFS_GRP


def test_every_dramsys_name_is_a_knob():
    assert set(DRAMSYS_NAMES.values()) | {"model"} == set(ENCODED_KNOBS)


def test_dramsys_names_and_integers_as_text_are_read():
    config = ControllerConfig.from_dramsys({"PagePolicy": "Closed", "RequestBufferSize": "5", "ThinkDelayFw": 0})
    assert config == ControllerConfig(page_policy="Closed", request_buffer_size=5, think_delay_fw=0)


def test_the_older_model_thinks_at_once():
    config = ControllerConfig.from_dramsys({"Arbiter": "Fifo"}, model="dramsys-4.0")
    assert config.think_delay_fw == 0


@pytest.mark.parametrize(
    "config",
    [
        ControllerConfig(),
        ControllerConfig(scheduler="GrpFrFcfsWm", low_watermark=2, high_watermark=6, arbiter="Reorder"),
        ControllerConfig(scheduler="Fifo", cmd_mux="Strict", refresh_policy="PerBank", phy_delay_bw=3),
        ControllerConfig(model="dramsys-4.0", think_delay_fw=0, power_down_policy="Staggered"),
    ],
)
def test_encoding_is_undone_by_decoding(config):
    row = config.encoded()
    assert row.dtype == np.int64
    assert row.shape == (len(ENCODED_KNOBS),)
    assert decode(row) == config


def test_no_designs_are_an_empty_matrix():
    assert encode([]).shape == (0, len(ENCODED_KNOBS))


IMPOSSIBLE = [
    ({"page_policy": "Opne"}, "page_policy 'Opne': did you mean 'Open'"),
    ({"max_active_transactions": 0}, "max_active_transactions: expected 1"),
    ({"request_buffer_size": 0}, "request_buffer_size: expected 1"),
    ({"request_buffer_size": 2.5}, "request_buffer_size: expected an integer, got 2.5"),
    ({"request_buffer_size": True}, "expected an integer, got True"),
    ({"refresh_max_postponed": -1}, "refresh_max_postponed: expected 0"),
    ({"scheduler": "GrpFrFcfsWm"}, "needs 0 < low_watermark < high_watermark"),
    ({"scheduler": "GrpFrFcfsWm", "low_watermark": 4, "high_watermark": 4}, "low_watermark 4 and high_watermark 4"),
    ({"cmd_mux": "Strict"}, "needs scheduler Fifo, got FrFcfs"),
    ({"model": "dramsys-4.0"}, "has no delays: set think_delay_fw to 0"),
    ({"model": "dramsys-6"}, "expected one of dramsys-5.5, dramsys-4.0"),
]


@pytest.mark.parametrize(("knobs", "message"), IMPOSSIBLE)
def test_an_impossible_design_is_refused(knobs, message):
    with pytest.raises(ValueError, match=message):
        ControllerConfig(**knobs)


def test_an_unknown_knob_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="'PagePolicies': did you mean 'PagePolicy'"):
        ControllerConfig.from_dramsys({"PagePolicies": "Open"})


def test_a_word_for_a_number_is_refused():
    with pytest.raises(ValueError, match="RequestBufferSize: expected an integer, got 'eight'"):
        ControllerConfig.from_dramsys({"RequestBufferSize": "eight"})


@pytest.mark.parametrize(
    ("knob", "code", "message"),
    [
        ("page_policy", 4, "design 1: page_policy"),
        ("model", 2, "design 1: model"),
        ("max_active_transactions", 0, "design 1: max_active_transactions"),
        ("cmd_mux", 1, "design 1: cmd_mux Strict"),
        ("scheduler", 4, "design 1: scheduler GrpFrFcfsWm"),
        ("model", 1, "design 1: model dramsys-4.0 has no delays"),
    ],
)
def test_an_impossible_row_is_refused_by_number_and_knob(knob, code, message):
    matrix = encode([ControllerConfig()] * 3)
    matrix[1, ENCODED_KNOBS.index(knob)] = code
    with pytest.raises(ValueError, match=message):
        check_encoded(matrix)


def test_a_matrix_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="expected int64 of shape"):
        check_encoded(np.zeros((2, 3), np.int64))
