"""The space `platform` says only what can be built, and says equal hardware once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from archgym.errors import ConfigError
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.graph import Accelerator
from archgym.simulators.soc.library import Bus, Library, Memory, Processor
from archgym.simulators.soc.library_file import load_library
from archgym.simulators.soc.plugin.platform_space import Slots, platform_space
from archgym.simulators.soc.plugin.small_space import LARGEST, small_space
from archgym.simulators.soc.registry import load_application
from archgym.space import DesignSpace

WORKLOADS = ("audio_decoder", "edge_detection", "hpvm_cava", "all")


@pytest.fixture(scope="module")
def library() -> Library:
    return load_library("default")


@pytest.fixture(scope="module")
def cava() -> Application:
    return load_application("hpvm_cava")


def designs(space: DesignSpace, n: int, seed: int = 0) -> list[dict[str, Any]]:
    return space.sample(n, np.random.default_rng(seed)).designs()


def test_the_default_is_the_plainest_system(cava: Application, library: Library) -> None:
    default = platform_space(cava, library).default
    assert (default["Cores"], default["Memories"], default["Buses"]) == (1, 1, 1)
    assert (default["Bus0_Width"], default["Bus0_Clock"]) == (4, 100)
    assert {default[f"Run_{task.name}"] for task in cava.tasks if not task.dummy} == {"core0"}


def test_blocks_that_are_not_built_have_one_value(cava: Application, library: Library) -> None:
    space = platform_space(cava, library)
    for design in designs(space.restrict(Cores=[2], Memories=[3], Buses=[2]), 200):
        for name in (
            "Core2_Bus",
            "Core3_Bus",
            "Mem3_Technology",
            "Mem3_Width",
            "Mem3_Bus",
            "Bus2_Width",
            "Bus3_Parent",
        ):
            assert design[name] == space.default[name]


def test_what_is_referred_to_is_built(cava: Application, library: Library) -> None:
    for counts in ({"Buses": [2]}, {"Buses": [1]}, {"Buses": [3], "Memories": [2], "Cores": [3]}):
        for design in designs(platform_space(cava, library).restrict(**counts), 100):
            for name, value in design.items():
                kind, slot = str(value)[:-1], str(value)[-1]
                counted = {"bus": "Buses", "mem": "Memories", "core": "Cores"}.get(kind)
                assert counted is None or int(slot) < design[counted], name


def test_an_accelerator_s_knobs_rest_on_a_core(cava: Application, library: Library) -> None:
    for design in designs(platform_space(cava, library), 300):
        if design["Run_denoise"].startswith("core"):
            assert (design["Unroll_denoise"], design["Clock_denoise"], design["Bus_denoise"]) == (1, 800, "bus0")


def test_the_ends_of_every_parameter_are_reached(cava: Application, library: Library) -> None:
    space = platform_space(cava, library, Slots(2, 2, 2))
    others = ("demosaic", "denoise", "transform", "gamut_map", "tone_map", "descale")
    for parameter in space.parameters:
        if any(task in parameter.name for task in others):
            continue  # they have what `scale` has
        ends = {parameter.values[0], parameter.values[-1]}
        assert all(space.restrict(**{parameter.name: [value]}).count() > 0 for value in ends)


@pytest.mark.parametrize(("workload", "parameters"), [*zip(WORKLOADS, (117, 66, 70, 185), strict=True)])
def test_it_has_a_knob_for_every_choice(workload: str, parameters: int, library: Library) -> None:
    application = load_application(workload)
    tasks = [task for task in application.tasks if not task.dummy]
    with_bus, blocks = 3 * 3 + 2, 4 + 4 * 4
    assert platform_space(application, library).d == parameters
    assert parameters == 3 + with_bus + blocks + 4 * len(tasks) + len(application.edges)


def test_a_user_s_types_become_values(cava: Application, library: Library) -> None:
    more = replace(
        library,
        processors={**library.processors, "M7": Processor("M7", 4e8, 1.0, 1e11, 1e-7, 1.0)},
        memories={**library.memories, "wide": Memory("wide", "sram", 256, 4e8)},
        buses={**library.buses, "fast": Bus("fast", 4, 2e9)},
    )
    space = platform_space(cava, more)
    values = {parameter.name: parameter.values for parameter in space.parameters}
    assert values["Core0_Type"] == ("A53", "M7")
    wide = designs(space.restrict(Mem0_Width=[256]), 50)
    assert {(design["Mem0_Technology"], design["Mem0_Clock"]) for design in wide} == {("sram", 400)}
    assert {design["Bus0_Width"] for design in designs(space.restrict(Bus0_Clock=[2000]), 50)} == {4}
    reason = space.why_invalid({**space.default, "Mem0_Technology": "dram", "Mem0_Width": 256})
    assert any("Mem0 has a type" in line for line in reason)


def test_two_accelerators_of_a_task_keep_their_own_unrolling(cava: Application, library: Library) -> None:
    own = Accelerator("HLS", 1e6, 1e8, 1e-12, 1e-9, (1, 3), (200,))
    space = platform_space(cava, replace(library, accelerators={"scale": (own,)}))
    for design in designs(space.restrict(Run_scale=["HLS"]), 100):
        assert design["Unroll_scale"] in (1, 3)
        assert design["Clock_scale"] == 200
    for design in designs(space.restrict(Run_scale=["IP0"]), 100):
        assert design["Unroll_scale"] != 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"accelerators": {"scale": (Accelerator("core1", 1e6, 1e8, 1e-12, 1e-9, (1,), (100,)),)}}, "core1"),
        ({"buses": {"a": Bus("a", 4, 1e8), "b": Bus("b", 4, 1e8)}}, "'a' and 'b' are the same"),
        ({"buses": {"a": Bus("a", 4, 1.5e6)}}, "whole MHz"),
    ],
)
def test_a_library_without_distinct_knobs_is_refused(
    cava: Application, library: Library, change: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        platform_space(cava, replace(library, **change))


@pytest.mark.parametrize("slots", [{"cores": 0}, {"buses": 17}, {"memories": 2.0}, {"cores": True}])
def test_slots_are_checked(slots: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="expected a whole number from 1 to 16"):
        Slots(**slots)


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_small_space_can_be_enumerated(workload: str, library: Library) -> None:
    application = load_application(workload)
    space = small_space(application, library)
    assert 50_000 < space.count() <= LARGEST
    heaviest = max((task for task in application.tasks), key=lambda task: task.work).name
    free = {parameter.name for parameter in space.parameters if len(parameter.values) > 1}
    assert {f"Run_{heaviest}", "Mem0_Technology", "Mem0_Width", "Bus0_Width"} <= free
