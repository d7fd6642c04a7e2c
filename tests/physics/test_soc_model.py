"""What the SoC model promises, from formulas: time, sharing, memory, energy, power, budgets, worked by hand.

Rates of the shipped library: the A53 does 2e9 instructions/s at 1/47019607843 J each; a memory or bus of w bytes at
f Hz moves w x f bytes/s in each direction.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.budgets import Budgets
from archgym.simulators.soc.engine import Engine
from archgym.simulators.soc.graph import SINK, SOURCE, Accelerator, Edge, Task, TaskGraph
from archgym.simulators.soc.library_file import load_library
from archgym.simulators.soc.registry import load_application
from archgym.simulators.soc.results import SocResult
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.tables import Tables

A53 = 2e9
JOULE = 1 / 47019607843
SLOW, FAST = "sram-4B-100MHz", "sram-128B-800MHz"
SLOW_RATE = 4 * 100e6
FAST_BUS = "bus-128B-800MHz"
LIBRARY = load_library("default")


def graph(*edges: tuple[str, str, float], deadline: float | None = None, **work: float) -> TaskGraph:
    """Tasks of the given *work*, each with an accelerator that takes 1000 cycles at 100 MHz: 10 us."""
    ip = Accelerator("IP", 1000.0, 1e8, 1e-12, 1e-9, (1,), (100,))
    dummies = [Task(name, 0.0, True, ()) for name in (SOURCE, SINK)]
    tasks = [Task(name, float(instructions), False, (ip,)) for name, instructions in work.items()]
    last = next(producer for producer, consumer, _ in edges if consumer == SINK)
    return TaskGraph(
        "worked", (dummies[0], *tasks, dummies[1]), tuple(Edge(a, b, float(n)) for a, b, n in edges), last, deadline
    )


def one_bus(
    workload: TaskGraph,
    memory_of: dict[str, str] | str = FAST,
    elements: dict[str, str] | None = None,
    bus: str = FAST_BUS,
) -> tuple[Application, Soc]:
    """Everything on one bus; *memory_of*: types by producer; *elements*: types of the own elements of tasks."""
    application = Application.of([workload])
    own = elements or {}
    types = memory_of if isinstance(memory_of, dict) else {}
    default = memory_of if isinstance(memory_of, str) else FAST
    return application, Soc(
        processing=(Block("core", "A53", "bus"), *(Block(f"pe_{task}", type_, "bus") for task, type_ in own.items())),
        memories=(Block("mem", default, "bus"), *(Block(f"mem_{task}", type_, "bus") for task, type_ in types.items())),
        buses=(BusBlock("bus", bus),),
        links=(),
        task_on={task.name: f"pe_{task.name}" if task.name in own else "core" for task in application.tasks},
        data_in={
            (edge.producer, edge.consumer): f"mem_{edge.producer}" if edge.producer in types else "mem"
            for edge in application.edges
        },
    )


def run(application: Application, soc: Soc, budgets: Budgets | None = None) -> SocResult:
    return Engine(application, Tables.of(application, LIBRARY), budgets).simulate(soc)


def chain(work: float = 1e6, read: float = 1e3, written: float = 1e3) -> TaskGraph:
    return graph((SOURCE, "a", read), ("a", SINK, written), a=work)


def pair(work: float, read: float, written: float = 1024) -> TaskGraph:
    """Two tasks of the same kind that can run at once."""
    return graph(
        (SOURCE, "a", read),
        (SOURCE, "b", read),
        ("a", "c", written),
        ("b", "c", written),
        ("c", SINK, 1),
        a=work,
        b=work,
        c=1,
    )


class TestTime:
    def test_a_task_that_computes_takes_its_work_over_the_rate_of_its_element(self) -> None:
        assert run(*one_bus(chain(work=3e6))).latency_s["worked"] == pytest.approx(3e6 / A53, rel=1e-12)

    def test_an_accelerator_takes_its_cycles_over_its_clock(self) -> None:
        result = run(*one_bus(chain(), elements={"a": "a/IP/x1/100MHz"}))
        assert result.latency_s["worked"] == pytest.approx(1000 / 100e6, rel=1e-12)

    @pytest.mark.parametrize(("read", "written"), [(8e6, 1e3), (1e3, 8e6), (8e6, 8e6)])
    def test_a_task_that_moves_data_takes_the_longer_of_reading_and_writing(self, read: float, written: float) -> None:
        result = run(*one_bus(chain(read=read, written=written), SLOW))
        assert result.latency_s["worked"] == pytest.approx(8e6 / SLOW_RATE, rel=1e-12)
        assert result.tasks["a"].bottleneck_s == {"mem": pytest.approx(8e6 / SLOW_RATE)}

    def test_compute_and_data_overlap_perfectly(self) -> None:
        for work in (1e6, 1e9):
            result = run(*one_bus(chain(work=work, read=8e6), SLOW))
            assert result.latency_s["worked"] == pytest.approx(max(work / A53, 8e6 / SLOW_RATE), rel=1e-12)

    def test_a_bus_limits_like_a_memory(self) -> None:
        result = run(*one_bus(chain(read=8e6), FAST, bus="bus-4B-100MHz"))
        assert result.latency_s["worked"] == pytest.approx(8e6 / SLOW_RATE, rel=1e-12)
        assert set(result.tasks["a"].bottleneck_s) == {"bus"}

    def test_tasks_of_one_element_run_one_after_the_other(self) -> None:
        result = run(*one_bus(pair(2e6, 1024)))
        assert result.tasks["a"].finish_s == pytest.approx(2e6 / A53, rel=1e-12)
        assert result.tasks["b"].finish_s == pytest.approx(4e6 / A53, rel=1e-12)

    def test_what_has_just_become_ready_overtakes_what_waits(self) -> None:
        workload = graph(
            (SOURCE, "first", 1), (SOURCE, "waits", 1), ("first", "next", 1), ("next", "end", 1), ("waits", "end", 1),
            ("end", SINK, 1), first=1e6, waits=1e6, next=1e6, end=1e6,
        )  # fmt: skip
        result = run(*one_bus(workload))
        assert result.tasks["waits"].ready_s == 0.0
        assert result.tasks["next"].start_s == result.tasks["first"].finish_s
        assert result.tasks["waits"].start_s == result.tasks["next"].finish_s


OWN = {"a": "a/IP/x1/100MHz", "b": "b/IP/x1/100MHz"}


class TestSharing:
    def test_two_streams_on_one_memory_take_twice_the_time_of_one(self) -> None:
        result = run(*one_bus(pair(1e6, 8e6), SLOW, OWN))
        assert result.tasks["a"].finish_s == pytest.approx(2 * 8e6 / SLOW_RATE, rel=1e-12)
        assert result.tasks["b"].finish_s == result.tasks["a"].finish_s

    def test_a_crossbar_serves_two_memories_at_once(self) -> None:
        """Both tasks write 8 MB through a slow bus: to one memory they share its port, to two they do not."""
        for memories, ports in ((FAST, 1), ({"a": FAST, "b": FAST}, 2)):
            result = run(*one_bus(pair(1e6, 1024, 8e6), memories, OWN, bus="bus-4B-100MHz"))
            assert result.tasks["a"].finish_s == pytest.approx((2 / ports) * 8e6 / SLOW_RATE, rel=1e-12)

    def test_reads_do_not_slow_writes(self) -> None:
        workload = graph(
            (SOURCE, "a", 8e6), (SOURCE, "b", 1), ("a", "c", 1), ("b", "c", 8e6), ("c", SINK, 1), a=1e6, b=1e6, c=1
        )
        result = run(*one_bus(workload, SLOW, OWN))
        assert result.tasks["a"].finish_s == pytest.approx(8e6 / SLOW_RATE, rel=1e-6)
        assert result.tasks["b"].finish_s == pytest.approx(8e6 / SLOW_RATE, rel=1e-6)

    def test_a_lane_is_shared_by_bursts(self) -> None:
        """Both read in bursts of 1024 B, cut in as many pieces as there are bursts, so that each has the weight 1024:
        they get half of the memory each, however much they read."""
        workload = graph(
            (SOURCE, "a", 1024 * 1000), (SOURCE, "b", 1024 * 3000), ("a", "c", 1e6), ("b", "c", 1e6), ("c", SINK, 1),
            a=1e6, b=1e6, c=1,
        )  # fmt: skip
        result = run(*one_bus(workload, {SOURCE: SLOW}, OWN))
        assert result.tasks["a"].finish_s == pytest.approx(1024e3 / (SLOW_RATE / 2), rel=1e-12)
        alone = (3 * 1024e3 - 1024e3) / SLOW_RATE  # b has the memory to itself from then on
        assert result.tasks["b"].finish_s == pytest.approx(result.tasks["a"].finish_s + alone, rel=1e-12)


class TestPhases:
    @pytest.mark.parametrize(("longer", "together"), [(1.009, True), (1.011, False)])
    def test_a_task_within_one_percent_of_its_end_ends_with_the_other(self, longer: float, together: bool) -> None:
        workload = replace(pair(1e6, 1024), tasks=tuple(
            replace(task, work=1e6 * longer) if task.name == "b" else task for task in pair(1e6, 1024).tasks
        ))  # fmt: skip
        application, soc = one_bus(workload)
        soc = replace(
            soc,
            processing=(*soc.processing, Block("other", "A53", "bus")),
            task_on={**soc.task_on, "b": "other"},
        )
        result = run(application, soc)
        assert result.tasks["a"].finish_s == pytest.approx(1e6 / A53, rel=1e-12)
        assert (result.tasks["b"].finish_s == result.tasks["a"].finish_s) is together
        assert result.tasks["b"].energy_j == pytest.approx(
            (1e6 if together else 1e6 * longer) * JOULE
            + memory_energy(result, 1e6 / (1e6 * longer) if together else 1.0),
            rel=1e-9,
        )

    def test_phases_follow_each_other_without_a_gap(self) -> None:
        result = run(*shipped("audio_decoder"))
        clock = 0.0
        for phase in result.phases:
            assert phase.start_s == pytest.approx(clock, rel=1e-12)
            clock += phase.duration_s
        assert clock == pytest.approx(max(task.finish_s for task in result.tasks.values()), rel=1e-12)

    def test_faster_blocks_never_slow_a_chain_down(self) -> None:
        """True of chains only: with tasks in parallel, a faster block can change who runs first, and so lose."""
        application, soc = shipped("hpvm_cava")
        slow = run(application, replace(soc, buses=(BusBlock("bus", "bus-4B-100MHz"),))).latency_s["hpvm_cava"]
        latencies = [
            run(application, replace(soc, buses=(BusBlock("bus", f"bus-{width}B-100MHz"),))).latency_s["hpvm_cava"]
            for width in (8, 16, 32, 64, 128)
        ]
        assert [slow, *latencies] == sorted([slow, *latencies], reverse=True)


def memory_energy(result: SocResult, part: float) -> float:
    """What task b's 1024 B read and 1024 B written take of the smallest memory, for a part of the task."""
    sram = LIBRARY.technologies["sram"]
    assert result.blocks[-2].capacity_bytes == sram.step_bytes
    return part * 1024 * float(sram.read_j_per_byte[0] + sram.write_j_per_byte[0])


def shipped(name: str) -> tuple[Application, Soc]:
    """A shipped workload on two cores, one bus and two memories, with everything in use."""
    application = load_application(name)
    tasks, edges = application.tasks, application.edges
    return application, Soc(
        processing=(Block("core0", "A53", "bus"), Block("core1", "A53", "bus")),
        memories=(Block("mem0", "dram-4B-800MHz", "bus"), Block("mem1", "sram-4B-800MHz", "bus")),
        buses=(BusBlock("bus", "bus-4B-800MHz"),),
        links=(),
        task_on={task.name: f"core{i % 2}" for i, task in enumerate(tasks)},
        data_in={(edge.producer, edge.consumer): f"mem{i % 2}" for i, edge in enumerate(edges)},
    )


class TestMemory:
    def test_the_peak_of_a_diamond_worked_by_hand(self) -> None:
        """On one core. b and c become ready together, so room for the outputs of both is made at once; a's output goes
        when c, the later of its readers, ends; what the source wrote stays for ever."""
        sizes = {"source": 1e5, "ab": 2e5, "ac": 3e5, "bd": 4e5, "cd": 5e5, "d": 6e5}
        workload = graph(
            (SOURCE, "a", sizes["source"]), ("a", "b", sizes["ab"]), ("a", "c", sizes["ac"]), ("b", "d", sizes["bd"]),
            ("c", "d", sizes["cd"]), ("d", SINK, sizes["d"]), a=1e6, b=1e6, c=1e6, d=1e6,
        )  # fmt: skip
        result = run(*one_bus(workload))
        while_b_and_c_run = sizes["source"] + sizes["ab"] + sizes["ac"] + sizes["bd"] + sizes["cd"]
        while_d_runs = sizes["source"] + sizes["bd"] + sizes["cd"] + sizes["d"]
        memory = next(block for block in result.blocks if block.name == "mem")
        assert memory.peak_bytes == max(while_b_and_c_run, while_d_runs)
        step = LIBRARY.technologies["sram"].step_bytes
        assert memory.capacity_bytes == step * math.ceil(memory.peak_bytes / step)

    def test_what_is_held_for_no_time_needs_no_room(self) -> None:
        """The last task's output is there while the sink, which takes no time, reads it."""
        workload = graph((SOURCE, "a", 1e5), ("a", "end", 1e5), ("end", SINK, 9e9), a=1e6)
        end = Task("end", 0.0, True, ())
        result = run(*one_bus(replace(workload, tasks=(*workload.tasks[:2], end, workload.tasks[2]))))
        assert next(block for block in result.blocks if block.name == "mem").peak_bytes == 2e5

    def test_every_byte_of_a_workload_fits_the_sum_of_its_edges(self) -> None:
        for name in ("audio_decoder", "edge_detection", "hpvm_cava"):
            application, soc = shipped(name)
            held = sum(block.peak_bytes for block in run(application, soc).blocks)
            assert 0 < held <= sum(edge.bytes for edge in application.edges)


class TestEnergyAndPower:
    def test_one_task_takes_its_instructions_and_its_bytes(self) -> None:
        result = run(*one_bus(chain(work=1e6, read=3e4, written=5e4)))
        sram = LIBRARY.technologies["sram"]
        expected = 1e6 * JOULE + 3e4 * sram.read_j_per_byte[0] + 5e4 * sram.write_j_per_byte[0]
        assert result.energy_j == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("name", ["audio_decoder", "edge_detection", "hpvm_cava", "all"])
    def test_energy_is_the_sum_of_its_parts(self, name: str) -> None:
        result = run(*shipped(name))
        for parts in (
            [block.energy_j for block in result.blocks],
            [task.energy_j for task in result.tasks.values()],
            [joule for task in result.tasks.values() for joule in task.energy_j_by_block.values()],
            [phase.energy_j for phase in result.phases],
        ):
            assert sum(parts) == pytest.approx(result.energy_j, rel=1e-12)

    def test_the_power_of_a_short_program_is_its_mean(self) -> None:
        result = run(*shipped("audio_decoder"))
        assert result.latency_s["audio_decoder"] < 0.010
        assert result.power_w == pytest.approx(result.energy_j / result.latency_s["audio_decoder"], rel=1e-9)

    def test_windows_of_long_phases_lag_by_the_empty_ones(self) -> None:
        """Every task takes more than 10 ms and so closes a window, two places early: the first phase and the source's
        are empty: the last window has the last two tasks, and a hot end is averaged with what comes before it."""
        workload = graph(
            (SOURCE, "a", 8e6), ("a", "b", 8e6), ("b", "c", 8e6), ("c", "d", 8e6), ("d", SINK, 1),
            a=2e6, b=3e6, c=1e6, d=1e9,
        )  # fmt: skip
        result = run(*one_bus(workload, SLOW))
        a, b, c, d = (phase for phase in result.phases if phase.duration_s > 0.0)
        assert all(phase.duration_s > 0.010 for phase in (a, b, c, d))
        hottest = max(phase.energy_j / phase.duration_s for phase in (a, b, c, d))
        last_two = (c.energy_j + d.energy_j) / (c.duration_s + d.duration_s)
        assert result.power_w == pytest.approx(last_two, rel=1e-12)
        assert result.power_w < hottest


class TestArea:
    def test_area_is_the_sum_of_the_blocks_in_use(self) -> None:
        result = run(*shipped("all"))
        assert sum(block.area_m2 for block in result.blocks) == pytest.approx(result.area_m2, rel=1e-12)
        assert sum(result.area_m2_by_kind.values()) == pytest.approx(result.area_m2, rel=1e-12)
        assert result.area_m2_by_kind["processor"] == 2 * LIBRARY.processors["A53"].area_m2

    def test_a_core_of_source_and_sink_alone_has_no_area(self) -> None:
        result = run(*one_bus(chain(), elements={"a": "a/IP/x1/100MHz"}))
        assert result.area_m2_by_kind["processor"] == 0.0
        assert result.area_m2_by_kind["accelerator"] == 1e-9

    def test_blocks_that_nothing_uses_change_nothing(self) -> None:
        """Save the first element, from which the order of the schedule is found, and the only one of its kind on a bus,
        which keeps a bus from being taken out."""
        application, soc = shipped("all")
        idle = replace(
            soc,
            processing=(*soc.processing, Block("idle_core", "A53", "bus"), Block("idle_too", "A53", "far")),
            memories=(Block("idle_mem", SLOW, "bus"), *soc.memories),
            buses=(*soc.buses, BusBlock("far", "bus-4B-100MHz")),
            links=(("bus", "far"),),
        )
        expected, got = run(application, soc), run(application, idle)
        assert replace(got, links=expected.links) == expected


class TestTopology:
    def test_a_bus_that_only_passes_traffic_on_is_taken_out(self) -> None:
        application, soc = one_bus(chain(read=8e6), FAST)
        behind = replace(
            soc,
            memories=(Block("mem", FAST, "far"),),
            buses=(*soc.buses, BusBlock("middle", "bus-4B-100MHz"), BusBlock("far", FAST_BUS)),
            links=(("bus", "middle"), ("middle", "far")),
        )
        assert run(application, behind).latency_s == run(application, soc).latency_s

    def test_every_bus_on_the_route_limits(self) -> None:
        """The core's bus has a memory of its own and so stays; data behind the slow bus comes at its pace."""
        application, soc = one_bus(chain(read=8e6), {SOURCE: FAST})
        behind = replace(
            soc,
            processing=(*soc.processing, Block("other", "A53", "slow")),
            memories=(Block("mem", FAST, "bus"), Block(f"mem_{SOURCE}", FAST, "slow")),
            buses=(*soc.buses, BusBlock("slow", "bus-4B-100MHz")),
            links=(("bus", "slow"),),
            task_on={**soc.task_on, SOURCE: "other"},
        )
        result = run(application, behind)
        assert result.latency_s["worked"] == pytest.approx(8e6 / SLOW_RATE, rel=1e-12)
        assert result.tasks["a"].bottleneck_s.keys() == {"slow"}


class TestBudgets:
    def test_distances_are_relative_and_area_counts_twice(self) -> None:
        application, soc = one_bus(replace(chain(work=1e9), deadline_s=0.2), "dram-128B-800MHz")
        budgets = Budgets(power_w=0.05, area_m2=1e-7)
        result = run(application, soc, budgets)
        latency = (0.5 - 0.2) / 0.2
        power = (result.power_w - 0.05) / 0.05
        rest = (6.5e-7 - 1e-7) / 1e-7
        stacked = (float(LIBRARY.technologies["dram"].area_m2[0]) - 1e-7) / 1e-7
        assert max(power, stacked) < 0
        assert result.distance == pytest.approx(latency + rest + 2e-9, rel=1e-12)
        assert result.distance_simple == pytest.approx(latency + rest + abs(power) + abs(stacked), rel=1e-12)
        assert not result.meets_budgets

    def test_without_a_deadline_latency_does_not_count(self) -> None:
        result = run(*one_bus(chain(work=1e9)), Budgets(power_w=1.0, area_m2=1.0))
        assert result.meets_budgets
        assert result.distance == pytest.approx(3e-9)

    def test_several_workloads_have_several_times_the_power_and_area(self) -> None:
        application, soc = shipped("all")
        generous = run(application, soc, Budgets(power_w=1.0, area_m2=1.0))
        just_enough = Budgets(power_w=generous.power_w / 3, area_m2=generous.area_m2 / 3)
        latency = sum(
            (generous.latency_s[name] - deadline) / deadline
            for name, deadline in zip(application.names, application.deadlines, strict=True)
            if deadline is not None and generous.latency_s[name] > deadline
        )
        assert run(application, soc, just_enough).distance == pytest.approx(latency, rel=1e-6)
        tighter = replace(just_enough, power_w=just_enough.power_w / 2)
        assert run(application, soc, tighter).distance == pytest.approx(latency + 1.0, rel=1e-6)
