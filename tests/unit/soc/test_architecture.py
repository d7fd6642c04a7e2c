"""What a task costs on a block adds up to the metric, and each transformation does what its name says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from archgym.architecture import Architecture, Move, Transformation
from archgym.errors import DesignError
from archgym.registry import make_simulator
from archgym.simulators.soc.plugin.architecture import SocArchitecture
from archgym.simulators.soc.plugin.moves_draft import Draft
from archgym.simulators.soc.plugin.moves_types import Rated, Rating, best, following
from archgym.simulators.soc.plugin.simulator import SocSimulator

Design = dict[str, Any]
WORKLOADS = ("audio_decoder", "edge_detection", "hpvm_cava", "all")
FASTEST = {"Width": 128, "Clock": 800}
TRANSFORMATIONS: tuple[Transformation, ...] = ("swap", "split", "split_swap", "migrate", "transfer")


@cache
def simulator(workload: str, space: str = "platform") -> SocSimulator:
    made = make_simulator("soc", workload=workload, space=space)
    assert isinstance(made, SocSimulator)
    return made


def architecture(workload: str, space: str = "platform") -> SocArchitecture:
    found = simulator(workload, space).architecture
    assert isinstance(found, SocArchitecture)
    return found


def designs(workload: str, n: int, seed: int = 0) -> list[Design]:
    """The default and random ones."""
    space = simulator(workload).space
    return [space.default, *space.sample(n, np.random.default_rng(seed)).designs()]


def metrics(workload: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    made = simulator(workload)
    values = made.evaluate(made.space.from_designs(rows)).metrics
    return {metric.name: values[:, k] for k, metric in enumerate(made.metrics)}


def moved(
    workload: str,
    design: Design,
    transformation: Transformation,
    task: str,
    block: str,
    metric: str = "latency",
    *,
    reduce: bool = True,
    space: str = "platform",
) -> list[Mapping[str, Any]]:
    known = architecture(workload, space)
    return list(known.moves(design, known.explain(design), Move(transformation, task, block, metric, reduce)))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that differ, with their new values."""
    return {name: value for name, value in after.items() if value != before[name]}


def built(workload: str, **values: Any) -> Design:
    """The default design with other values; it has to be valid."""
    design = {**simulator(workload).space.default, **values}
    assert simulator(workload).space.why_invalid(design) == []
    return design


# ---- explanations


@pytest.mark.parametrize("workload", WORKLOADS)
def test_shares_add_up_to_their_metrics(workload: str) -> None:
    rows = designs(workload, 25)
    expected = metrics(workload, rows)
    for k, design in enumerate(rows):
        shares = architecture(workload).explain(design).shares
        assert {"latency", "energy", "power", "area", "area_logic", "area_stacked"} <= set(shares)
        for name, found in shares.items():
            assert (found >= 0.0).all(), name
            assert found.sum() == pytest.approx(expected[name][k], rel=1e-9, abs=1e-15), name


def test_every_workload_has_a_latency_of_its_own() -> None:
    shares = architecture("all").explain(simulator("all").space.default).shares
    assert {f"latency_{name}" for name in ("audio_decoder", "edge_detection", "hpvm_cava")} <= set(shares)


def test_what_ends_earlier_in_parallel_costs_no_time() -> None:
    # A slow accelerator for one branch of edge_detection; the other branch has slack, with accelerators that are fast.
    other = {"computeGradient": 1024, "computeMaxGradientLeaf": 16}
    branch: Design = {f"Run_{task}": "IP0" for task in ("laplacianEstimate", "computeZeroCrossings", *other)}
    branch |= {f"{block}_{label}": value for block in ("Bus0", "Mem0") for label, value in FASTEST.items()}
    design = built("edge_detection", **branch, **{f"Unroll_{task}": unroll for task, unroll in other.items()})
    explanation = architecture("edge_detection").explain(design)
    spent = dict(zip(explanation.tasks, explanation.shares["latency"].sum(axis=1), strict=True))
    assert spent["computeGradient"] == spent["computeMaxGradientLeaf"] == 0.0
    assert spent["laplacianEstimate"] == pytest.approx(198_574_080 / 800e6, rel=0.01)  # cycles at 800 MHz


def test_power_is_that_of_the_hottest_window_alone() -> None:
    # On one A53 every task of cava but the last ones is longer than a window; a busy A53 takes 42.5 mW (2e9/47.02e9 W).
    explanation = architecture("hpvm_cava").explain(simulator("hpvm_cava").space.default)
    power = explanation.shares["power"]
    assert power[:, explanation.blocks.index("core0")].sum() == pytest.approx(2e9 / 47.0196e9, rel=0.01)
    assert np.count_nonzero(power.sum(axis=1)) < 3


def test_area_of_a_core_is_shared_by_work_and_a_memory_s_by_bytes() -> None:
    explanation = architecture("hpvm_cava").explain(simulator("hpvm_cava").space.default)
    work = simulator("hpvm_cava").application.work
    core, memory = (explanation.shares["area"][:, explanation.blocks.index(name)] for name in ("core0", "mem0"))
    assert core == pytest.approx(0.65 * work / work.sum())
    by_task = dict(zip(explanation.tasks, memory, strict=True))
    # source writes 91,053 bytes that scale reads; scale writes 364,212 that demosaic reads; and so on.
    assert by_task["demosaic"] / by_task["scale"] == pytest.approx(2 * 364_212 / (91_053 + 364_212))


def test_accelerators_are_used_by_their_task_and_memories_by_who_reads_and_writes() -> None:
    design = built("hpvm_cava", Run_denoise="IP0", Memories=2, Data_demosaic_denoise="mem1")
    explanation = architecture("hpvm_cava").explain(design)
    assert dict(zip(explanation.blocks, explanation.kinds, strict=True)) == {
        "core0": "processor",
        "denoise:IP0": "accelerator",
        "mem0": "memory",
        "mem1": "memory",
        "bus0": "bus",
    }

    def users(block: str) -> set[str]:
        column = explanation.uses[:, explanation.blocks.index(block)]
        return {task for task, uses in zip(explanation.tasks, column, strict=True) if uses}

    assert users("denoise:IP0") == {"denoise"}
    assert users("mem1") == {"demosaic", "denoise"}


def test_tasks_are_parallel_where_neither_needs_the_other() -> None:
    explanation = architecture("audio_decoder").explain(simulator("audio_decoder").space.default)
    at = {task: t for t, task in enumerate(explanation.tasks)}

    def parallel(a: str, b: str) -> bool:
        assert explanation.parallel[at[a], at[b]] == explanation.parallel[at[b], at[a]]
        return bool(explanation.parallel[at[a], at[b]])

    assert parallel("FIR_left", "FIR_right")
    assert parallel("rotateOrder3", "zoomSet")
    assert not parallel("psychoFilter", "overlap_left")  # six tasks later
    assert not parallel("source", "zoomSet")
    assert not explanation.parallel.diagonal().any()


def test_invalid_designs_are_refused() -> None:
    with pytest.raises(DesignError, match=r"cannot explain an invalid design: .*Core3_Bus"):
        architecture("hpvm_cava").explain({**simulator("hpvm_cava").space.default, "Core3_Bus": "bus1"})


def test_archgym_s_space_offers_no_architecture() -> None:
    assert simulator("hpvm_cava", "archgym-limited").architecture is None
    assert isinstance(simulator("hpvm_cava").architecture, Architecture)


# ---- moves, one by one


def test_split_swap_takes_the_smallest_accelerator_that_is_not_slower() -> None:
    before = simulator("audio_decoder").space.default
    found = moved("audio_decoder", before, "split_swap", "psychoFilter", "core0")
    assert changes(before, found[0]) == {"Run_psychoFilter": "IP0"}
    # 27 cycles on the core, 1,661 on the accelerator: none is fast enough, even at 800 MHz.
    assert moved("audio_decoder", before, "split_swap", "zoomSet", "core0") == []
    assert len(moved("audio_decoder", before, "split_swap", "zoomSet", "core0", "energy")) > 0


def test_a_task_alone_on_a_core_is_swapped_to_an_accelerator() -> None:
    before = built("hpvm_cava", Cores=2, Run_denoise="core1")
    found = moved("hpvm_cava", before, "swap", "denoise", "core1")
    assert changes(before, found[0]) == {"Cores": 1, "Run_denoise": "IP0"}
    assert moved("hpvm_cava", before, "split_swap", "denoise", "core1") == []


def test_swap_of_an_accelerator_goes_to_the_next_unrolling() -> None:
    before = built("hpvm_cava", Run_denoise="IP0", Unroll_denoise=16)
    faster = moved("hpvm_cava", before, "swap", "denoise", "denoise:IP0")
    assert [changes(before, after) for after in faster] == [{"Unroll_denoise": n} for n in (32, 64, 128, 151)]
    smaller = moved("hpvm_cava", before, "swap", "denoise", "denoise:IP0", "area_logic")
    assert [changes(before, after) for after in smaller] == [{"Unroll_denoise": n} for n in (8, 4, 2, 1)]


def test_giving_slack_back_takes_what_is_worse_for_the_metric_only() -> None:
    before = built("hpvm_cava", Run_denoise="IP0", Unroll_denoise=16)
    slower = moved("hpvm_cava", before, "swap", "denoise", "denoise:IP0", reduce=False)
    assert changes(before, slower[0]) == {"Unroll_denoise": 8}
    # A slower bus would be good for nothing.
    fast = built("hpvm_cava", Bus0_Width=128, Bus0_Clock=800)
    assert moved("hpvm_cava", fast, "swap", "denoise", "bus0", reduce=False) == []


def test_buses_and_memories_are_swapped_for_types_that_nothing_beats() -> None:
    before = simulator("hpvm_cava").space.default
    (bus,) = moved("hpvm_cava", before, "swap", "denoise", "bus0")
    assert changes(before, bus) == {"Bus0_Width": 128, "Bus0_Clock": 800}
    same, other = moved("hpvm_cava", before, "swap", "denoise", "mem0")
    assert changes(before, same) == {"Mem0_Width": 128, "Mem0_Clock": 800}
    assert changes(same, other) == {"Mem0_Technology": "sram"}


def test_split_gives_a_core_to_the_tasks_in_parallel_or_to_the_task() -> None:
    before = simulator("edge_detection").space.default
    beside, alone = moved("edge_detection", before, "split", "laplacianEstimate", "core0")
    assert changes(before, beside) == {
        "Cores": 2,
        "Run_computeGradient": "core1",
        "Run_computeMaxGradientLeaf": "core1",
    }
    assert changes(before, alone) == {"Cores": 2, "Run_laplacianEstimate": "core1"}


def test_split_needs_a_free_slot() -> None:
    tasks = ("laplacianEstimate", "computeZeroCrossings", "computeGradient")
    full = built("edge_detection", Cores=4, **{f"Run_{task}": f"core{k}" for k, task in enumerate(tasks, 1)})
    assert moved("edge_detection", full, "split", "gaussianSmoothing", "core0") == []


def test_split_gives_a_memory_to_the_data_of_a_task() -> None:
    before = simulator("hpvm_cava").space.default
    (after,) = moved("hpvm_cava", before, "split", "denoise", "mem0", "energy")
    assert changes(before, after) == {
        "Memories": 2,
        "Data_demosaic_denoise": "mem1",
        "Data_denoise_transform": "mem1",
    }
    faster = moved("hpvm_cava", before, "split_swap", "denoise", "mem0")
    assert changes(after, faster[0]) == {"Mem1_Width": 128, "Mem1_Clock": 800}


def test_split_of_a_bus_leaves_both_with_something_to_run_and_something_to_store() -> None:
    right = ("setAndFFT", "FIR", "IFFT")
    tasks = (*(f"{task}_right" for task in right), "overlap_right")
    edges = ("setAndFFT_right_FIR_right", "FIR_right_IFFT_right", "IFFT_right_overlap_right")
    before = built(
        "audio_decoder",
        Cores=2,
        Memories=2,
        **{f"Run_{task}": "core1" for task in tasks},
        **{f"Data_{edge}": "mem1" for edge in edges},
    )
    found = moved("audio_decoder", before, "split", "FIR_left", "bus0")
    assert changes(before, found[0]) == {"Buses": 2, "Core1_Bus": "bus1", "Mem1_Bus": "bus1"}
    # One memory cannot stand on two buses: such a bus would be pruned.
    assert moved("hpvm_cava", simulator("hpvm_cava").space.default, "split", "denoise", "bus0") == []


def test_migrate_moves_a_task_to_a_core_that_is_there() -> None:
    before = built("hpvm_cava", Run_denoise="IP0", Unroll_denoise=16, Bus_denoise="bus0")
    back = moved("hpvm_cava", before, "migrate", "denoise", "denoise:IP0", "area_logic")
    assert changes(before, back[0]) == {"Run_denoise": "core0", "Unroll_denoise": 1}
    assert moved("hpvm_cava", before, "migrate", "denoise", "denoise:IP0", "latency") == []  # the core is slower
    two = built("edge_detection", Cores=2, Run_computeGradient="core1")
    found = moved("edge_detection", two, "migrate", "laplacianEstimate", "core0")
    assert changes(two, found[0]) == {"Run_laplacianEstimate": "core1"}


def test_migrate_moves_the_data_of_a_task_and_for_an_area_all_of_it() -> None:
    data = {"Data_demosaic_denoise": "mem1", "Data_transform_gamut_map": "mem1"}
    before = built("hpvm_cava", Memories=2, **data)
    (mine,) = moved("hpvm_cava", before, "migrate", "denoise", "mem1", "energy")
    assert changes(before, mine) == {"Data_demosaic_denoise": "mem0"}
    both = moved("hpvm_cava", before, "migrate", "denoise", "mem1", "area")
    assert both[-1] == simulator("hpvm_cava").space.default


def test_transfer_goes_to_the_bus_with_most_tasks_in_common() -> None:
    there = {"Run_denoise": "IP0", "Bus_denoise": "bus1", "Run_transform": "IP0", "Bus_transform": "bus1"}
    data = {"Data_denoise_transform": "mem1", "Data_scale_demosaic": "mem2"}
    before = built("hpvm_cava", Buses=2, Memories=3, Mem2_Bus="bus1", **there, **data)
    found = moved("hpvm_cava", before, "transfer", "denoise", "mem1")
    assert changes(before, found[0]) == {"Mem1_Bus": "bus1"}


def test_a_block_that_the_task_does_not_use_cannot_be_moved_for_it() -> None:
    before = built("hpvm_cava", Run_denoise="IP0")
    for transformation in TRANSFORMATIONS:
        for block in ("denoise:IP0", "core3", "mem7", "no such block"):
            assert moved("hpvm_cava", before, transformation, "scale", block) == []


# ---- moves, all of them


@pytest.mark.parametrize("workload", WORKLOADS)
def test_moves_lead_to_other_valid_designs_which_work(workload: str) -> None:
    rng = np.random.default_rng(1)
    made, known = simulator(workload), architecture(workload)
    counted = dict.fromkeys(TRANSFORMATIONS, 0)
    for design in designs(workload, 6, seed=1):
        explanation = known.explain(design)
        for transformation in TRANSFORMATIONS:
            for t, b in rng.permutation(np.argwhere(explanation.uses))[:12].tolist():
                metric = ("latency", "power", "area", "area_stacked")[rng.integers(4)]
                move = Move(transformation, explanation.tasks[t], explanation.blocks[b], metric, bool(rng.integers(2)))
                found = known.moves(design, explanation, move)
                counted[transformation] += len(found)
                assert design not in found
                assert len({tuple(after.values()) for after in found}) == len(found)
                if found:
                    batch = made.space.from_designs(found)
                    assert made.space.valid(batch).all()
                    assert (made.evaluate(batch).status == 0).all()
    assert all(counted.values()), counted


def test_moves_are_the_same_every_time() -> None:
    known = architecture("edge_detection")
    design = simulator("edge_detection").space.default
    move = Move("split_swap", "computeGradient", "core0", "latency", reduce=True)
    assert known.moves(design, known.explain(design), move) == known.moves(design, known.explain(design), move)


def test_moves_stay_within_the_small_space() -> None:
    made, known = simulator("hpvm_cava", "small"), architecture("hpvm_cava", "small")
    explanation = known.explain(made.space.default)
    assert explanation.blocks == ("core0", "mem0", "bus0")
    found = moved("hpvm_cava", made.space.default, "split_swap", "denoise", "core0", space="small")
    assert [changes(made.space.default, after) for after in found] == [
        {"Run_denoise": "IP0"},
        {"Run_denoise": "IP0", "Unroll_denoise": 16},
        {"Run_denoise": "IP0", "Unroll_denoise": 151},
    ]
    assert moved("hpvm_cava", made.space.default, "split", "denoise", "core0", space="small") == []


@pytest.mark.parametrize("workload", WORKLOADS[:3])
def test_tidying_takes_away_what_the_model_does_not_see(workload: str) -> None:
    # Dummies run on the first core: where no task does, tidying moves them to another.
    made = simulator(workload)
    rows = [design for design in designs(workload, 200, seed=2) if "core0" in tasks_on(design)]
    tidied = [Draft(design, made.application, "A53").design(made.space) for design in rows]
    assert None not in tidied
    after = [design for design in tidied if design is not None]
    assert [Draft(design, made.application, "A53").design(made.space) for design in after] == after
    assert made.space.valid(made.space.from_designs(after)).all()
    expected, found = metrics(workload, rows), metrics(workload, after)
    assert found["area_processors"] == pytest.approx(expected["area_processors"], rel=1e-12)
    # New numbers change ties in the order of tasks, and so a few schedules.
    for name in ("latency", "energy", "power", "area"):
        assert np.isclose(found[name], expected[name], rtol=1e-9, atol=0.0).mean() > 0.9, name


def tasks_on(design: Design) -> set[Any]:
    return {value for name, value in design.items() if name.startswith("Run_")}


# ---- types


def test_types_that_another_beats_are_left_out() -> None:
    fast, slow = Rating(1.0, 5.0, 2.0, 0.0), Rating(2.0, 5.0, 2.0, 0.0)
    small, same = Rating(3.0, 1.0, 1.0, 0.0), Rating(3.0, 1.0, 1.0, 0.0)
    rated = [Rated("slow", slow), Rated("fast", fast), Rated("small", small), Rated("same", same)]
    assert [found.type for found in best(rated)] == ["fast", "small"]


def test_following_types_are_better_and_the_nearest_comes_first() -> None:
    rated = [Rated(f"x{n}", Rating(1.0 / n, n, n, 0.0)) for n in (1, 2, 4, 8)]
    assert following(rated, Rating(0.5, 2.0, 2.0, 0.0), "latency", reduce=True) == ["x4", "x8"]
    assert following(rated, Rating(0.25, 4.0, 4.0, 0.0), "area_logic", reduce=True) == ["x2", "x1"]
    assert following(rated, Rating(0.25, 4.0, 4.0, 0.0), "latency", reduce=False) == ["x2", "x1"]
