"""Designs become the knobs that DRAMSys's own names mean, whatever the space, and nothing is set in silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from archgym.errors import ArchgymError
from archgym.simulators.dram.controller import DRAMSYS_NAMES, ENCODED_KNOBS, MODELS, ControllerConfig, Model
from archgym.simulators.dram.plugin.encoding import SYSTEM, make_encoder
from archgym.simulators.dram.plugin.spaces import SPACES
from archgym.space import DesignSpace

SIZES = ("RequestBufferSize", "RequestBufferSizeRead", "RequestBufferSizeWrite")


def knobs_of(design: Mapping[str, Any], space: DesignSpace, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping of DRAMSys names that a design stands for."""
    knobs = {**fixed, **{name: value for name, value in design.items() if name not in SYSTEM}}
    if "RequestBufferSizeRead" not in space.names:  # ArchGym: one size for whichever buffer there is
        knobs = {**dict.fromkeys(SIZES, design["RequestBufferSize"]), **knobs}
    return knobs


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", SPACES)
def test_designs_encode_to_what_dramsys_names_mean(name: str, model: Model) -> None:
    space = SPACES[name][1]()
    batch = space.sample(250, np.random.default_rng(5))
    encoded = make_encoder(space, model, {}).encode(batch)
    expected = [ControllerConfig.from_dramsys(knobs_of(d, space, {}), model).encoded() for d in batch.designs()]
    assert encoded.dtype == np.int64
    assert np.array_equal(encoded, np.stack(expected))


def test_the_samples_reach_every_value() -> None:
    """Otherwise the test above could miss a wrong table entry."""
    for _, make in SPACES.values():
        space = make()
        if space.name == "archgym-fine":
            continue  # its 128 limits are checked below
        codes = space.sample(250, np.random.default_rng(5)).codes
        reached = [len(np.unique(column)) for column in codes.T]
        assert reached == space.cardinalities.tolist()


def test_every_transaction_limit_of_the_fine_space_is_itself() -> None:
    space = SPACES["archgym-fine"][1]()
    batch = space.from_designs([{**space.default, "MaxActiveTransactions": n} for n in range(1, 129)])
    encoded = make_encoder(space, "dramsys-5.5", {}).encode(batch)
    assert encoded[:, ENCODED_KNOBS.index("max_active_transactions")].tolist() == list(range(1, 129))


def sizes(space_name: str, fixed: Mapping[str, Any], **design: Any) -> list[int]:
    """The three buffer sizes that a design gets."""
    space = SPACES[space_name][1]()
    row = make_encoder(space, "dramsys-5.5", fixed).encode(space.from_designs([{**space.default, **design}]))[0]
    return [int(row[ENCODED_KNOBS.index(DRAMSYS_NAMES[name])]) for name in SIZES]


@pytest.mark.parametrize("name", ["archgym", "archgym-coarse", "archgym-fine"])
def test_archgyms_one_size_is_that_of_every_buffer(name: str) -> None:
    assert sizes(name, {}, RequestBufferSize=3) == [3, 3, 3]


def test_the_platforms_buffers_have_sizes_of_their_own() -> None:
    design = {"SchedulerBuffer": "ReadWrite", "RequestBufferSizeRead": 2, "RequestBufferSizeWrite": 32}
    assert sizes("platform", {}, **design) == [8, 2, 32]


def test_a_fixed_size_is_not_overwritten_by_the_searched_one() -> None:
    assert sizes("archgym", {"RequestBufferSizeWrite": 5}, RequestBufferSize=3) == [3, 3, 5]
    both = {"RequestBufferSizeRead": 6, "RequestBufferSizeWrite": 5}
    assert sizes("archgym", both, RequestBufferSize=3) == [3, 6, 5]


def test_knobs_outside_the_space_are_set_in_every_design() -> None:
    space = SPACES["archgym"][1]()
    fixed = {"ThinkDelayFw": 4, "PhyDelayBw": "2", "PowerDownPolicy": "Staggered"}
    batch = space.sample(40, np.random.default_rng(1))
    encoded = make_encoder(space, "dramsys-5.5", fixed).encode(batch)
    expected = [ControllerConfig.from_dramsys(knobs_of(d, space, fixed)).encoded() for d in batch.designs()]
    assert np.array_equal(encoded, np.stack(expected))
    assert set(encoded[:, ENCODED_KNOBS.index("think_delay_fw")]) == {4}


def test_no_designs_are_an_empty_matrix() -> None:
    space = SPACES["platform"][1]()
    empty = space.batch(np.empty((0, space.d), np.int32))
    assert make_encoder(space, "dramsys-5.5", {}).encode(empty).shape == (0, len(ENCODED_KNOBS))


@pytest.mark.parametrize(
    ("space", "model", "fixed", "message"),
    [
        ("archgym", "dramsys-5.5", {"ThinkDelay": 1}, "did you mean 'ThinkDelay"),
        ("archgym", "dramsys-5.5", {3: 1}, "knob '3'"),
        ("archgym", "dramsys-5.5", {"PagePolicy": "Open"}, "'PagePolicy' is searched; use the task's 'restrict'"),
        ("platform", "dramsys-5.5", {"CmdMux": "Strict"}, "'CmdMux' is searched"),
        ("archgym", "dramsys-5.5", {"CmdMux": "Strict"}, "needs scheduler Fifo"),
        ("archgym", "dramsys-5.5", {"CmdMux": "Strikt"}, "did you mean 'Strict'"),
        ("archgym", "dramsys-5.5", {"ThinkDelayFw": -1}, "think_delay_fw: expected 0.."),
        ("archgym", "dramsys-5.5", {"ThinkDelayFw": "soon"}, "ThinkDelayFw: expected an integer, got 'soon'"),
        ("archgym", "dramsys-5.5", {"ThinkDelayFw": 1.5}, "ThinkDelayFw: expected a name or a whole number, got 1.5"),
        ("archgym", "dramsys-5.5", {"ThinkDelayFw": True}, "ThinkDelayFw: expected a name or a whole number, got True"),
        ("archgym", "dramsys-5.5", {"ThinkDelayFw": None}, "ThinkDelayFw: expected a name or a whole number, got None"),
        ("archgym", "dramsys-4.0", {"ThinkDelayFw": 1}, "model dramsys-4.0 has no delays"),
    ],
)
def test_a_knob_that_cannot_be_set_is_refused(space: str, model: Model, fixed: dict[Any, Any], message: str) -> None:
    with pytest.raises(ArchgymError) as caught:
        make_encoder(SPACES[space][1](), model, fixed)
    line = str(caught.value)
    assert "simulator 'dram': knobs" in line
    assert message in line
    assert "\n" not in line
