"""The engine's manners: batches, threads, bad designs, and the reasons that it gives."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import BatchResult, SocBatch
from archgym.simulators.soc.budgets import Budgets
from archgym.simulators.soc.check import why_invalid
from archgym.simulators.soc.engine import Engine
from archgym.simulators.soc.graph import Edge
from archgym.simulators.soc.library_file import load_library
from archgym.simulators.soc.registry import load_application
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.status import InvalidSoc, Status
from archgym.simulators.soc.tables import Tables

APPLICATION = load_application("edge_detection")
TABLES = Tables.of(APPLICATION, load_library("default"))
IP = "gaussianSmoothing/IP0/x64/800MHz"


def good(application: Application = APPLICATION) -> Soc:
    """Two linked buses; everything on the first, save a memory that the source's data is in."""
    edges = [(edge.producer, edge.consumer) for edge in application.edges]
    return Soc(
        processing=(Block("core", "A53", "near"), Block("core2", "A53", "near")),
        memories=(Block("mem", "sram-16B-800MHz", "near"), Block("dram", "dram-32B-800MHz", "far")),
        buses=(BusBlock("near", "bus-32B-800MHz"), BusBlock("far", "bus-32B-800MHz")),
        links=(("near", "far"),),
        task_on={task.name: "core" for task in application.tasks},
        data_in={edge: "dram" if edge[0] == "source" else "mem" for edge in edges},
    )


def columns(result: BatchResult) -> list[bytes]:
    values = [getattr(result, field.name) for field in fields(result) if field.name != "application"]
    return [value.tobytes() for value in values]


def taken(batch: SocBatch, rows: object) -> SocBatch:
    return SocBatch(**{field.name: getattr(batch, field.name)[rows] for field in fields(batch)})


@pytest.fixture(scope="module")
def mixed() -> SocBatch:
    """Good and bad designs of several kinds, 100 in all."""
    rng = np.random.default_rng(3)
    socs = []
    for k in range(100):
        tasks = {task.name: str(rng.choice(["core", "core2"])) for task in APPLICATION.tasks}
        data = {(e.producer, e.consumer): str(rng.choice(["mem", "dram"])) for e in APPLICATION.edges}
        links = () if k % 7 == 0 else (("near", "far"),)
        socs.append(replace(good(), task_on=tasks, data_in=data, links=links))
    return SocBatch.of(socs, APPLICATION, TABLES)


class TestBatches:
    def test_threads_change_no_bit(self, mixed: SocBatch) -> None:
        engine = Engine(APPLICATION, TABLES)
        assert columns(engine.simulate_batch(mixed, threads=3)) == columns(engine.simulate_batch(mixed))

    def test_order_and_neighbours_change_no_bit(self, mixed: SocBatch) -> None:
        engine = Engine(APPLICATION, TABLES)
        whole, order = engine.simulate_batch(mixed), np.random.default_rng(4).permutation(len(mixed))
        shuffled = engine.simulate_batch(taken(mixed, order))
        assert np.array_equal(shuffled.latency, whole.latency[order], equal_nan=True)
        assert np.array_equal(shuffled.energy, whole.energy[order], equal_nan=True)
        for i in range(len(mixed)):
            alone = Engine(APPLICATION, TABLES).simulate_batch(taken(mixed, [i]))
            assert np.array_equal(alone.power, whole.power[i : i + 1], equal_nan=True)
            assert alone.status[0] == whole.status[i]

    def test_room_for_absent_blocks_changes_no_bit(self, mixed: SocBatch) -> None:
        def widened(name: str, value: np.ndarray) -> np.ndarray:
            if name in ("task_pe", "edge_mem"):
                return value
            more = np.full((len(value), 3, *value.shape[2:]), -1, np.int32)
            return np.concatenate([value, more], axis=1)

        wide = SocBatch(**{f.name: widened(f.name, getattr(mixed, f.name)) for f in fields(mixed)})
        engine = Engine(APPLICATION, TABLES)
        assert columns(engine.simulate_batch(wide)) == columns(engine.simulate_batch(mixed))

    def test_an_engine_forgets_the_designs_before(self, mixed: SocBatch) -> None:
        engine = Engine(APPLICATION, TABLES)
        first = engine.simulate(good())
        engine.simulate_batch(mixed)
        assert engine.simulate(good()) == first

    def test_no_designs_are_no_rows(self, mixed: SocBatch) -> None:
        result = Engine(APPLICATION, TABLES).simulate_batch(taken(mixed, slice(0)))
        assert result.latency.shape == (0, 1)
        assert result.status.shape == (0,)

    def test_python_alone_gives_the_same_bits(self) -> None:
        code = (
            "from test_engine import *\n"
            "r = Engine(APPLICATION, TABLES).simulate_batch(SocBatch.of([good()], APPLICATION, TABLES))\n"
            "print(r.latency[0, 0].hex(), r.energy[0].hex(), r.power[0].hex(), r.distance[0].hex(), r.status[0])"
        )
        here = str(Path(__file__).parent)
        outputs = [
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": here},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for disabled in ("0", "1")
        ]
        assert outputs[0] == outputs[1]

    def test_columns_have_to_fit_the_application(self, mixed: SocBatch) -> None:
        engine = Engine(load_application("hpvm_cava"), TABLES)
        with pytest.raises(ValueError, match="task_pe: expected 9 columns, as the application has, got 8"):
            engine.simulate_batch(mixed)

    def test_arrays_have_to_have_one_length_and_int32(self, mixed: SocBatch) -> None:
        with pytest.raises(ValueError, match="task_pe: expected int32"):
            replace(mixed, task_pe=mixed.task_pe.astype(np.int64))
        with pytest.raises(ValueError, match="mem_bus: expected int32 of shape"):
            replace(mixed, mem_bus=mixed.mem_bus[:3])
        with pytest.raises(ValueError, match="links: expected int32 of shape"):
            replace(mixed, links=mixed.links[:, :, 0])

    @pytest.mark.parametrize("values", [{"power_w": 0.0}, {"area_m2": float("nan")}, {"power_w": -1.0}])
    def test_budgets_are_above_zero(self, values: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="expected a number above 0"):
            Budgets(**values)


def edge(producer: str, consumer: str, memory: str) -> dict[tuple[str, str], str]:
    return {**good().data_in, (producer, consumer): memory}


def ring(n: int) -> Soc:
    names = ["near", "far", *(f"bus{k}" for k in range(2, n))]
    links = tuple((names[k], names[(k + 1) % n]) for k in range(n))
    return replace(good(), buses=tuple(BusBlock(name, "bus-4B-100MHz") for name in names), links=links)


BAD = [
    (replace(good(), processing=(Block("core", "A35", "near"),)), r"'core': type 'A35' is unknown; did you mean 'A53'"),
    (replace(good(), memories=(Block("mem", "sram-3B-800MHz", "near"),)), "did you mean 'sram-32B-800MHz'"),
    (replace(good(), buses=(BusBlock("near", "bus"), BusBlock("far", "bus-4B-100MHz"))), "bus 'near': type 'bus' is"),
    (replace(good(), processing=(Block("core", "A53", "nera"),)), "'core': bus 'nera' is unknown; did you mean 'near'"),
    (replace(good(), links=(("near", "fra"),)), r"link 'near' - 'fra': bus 'fra' is unknown"),
    (replace(good(), links=(("near", "near"),)), "links a bus to itself"),
    (replace(good(), links=(("near", "far"), ("far", "near"))), "the two buses are linked already"),
    (replace(good(), links=()), "no route from the element of its (producer|consumer) '.*' to its memory"),
    (ring(4), "a cycle of buses is longer than a triangle"),
    (replace(good(), memories=(*good().memories, Block("mem", "sram-4B-100MHz", "far"))), "on one bus only"),
    (replace(good(), processing=(*good().processing, Block("far", "A53", "far"))), "block 'far' is given twice"),
    (replace(good(), task_on={**good().task_on, "sink": "cor"}), "task 'sink': processing element 'cor' is unknown"),
    (replace(good(), task_on={"source": "core"}), "task 'gaussianSmoothing': expected a processing element for it"),
    (replace(good(), task_on={**good().task_on, "snk": "core"}), "did you mean 'sink'"),
    (replace(good(), data_in=edge("source", "sink", "mem")), "edge 'source->sink': the application has none"),
    (replace(good(), data_in=edge("rejectZeroCrossings", "sink", "core")), "memory 'core' is unknown"),
    (replace(good(), processing=(Block("core", IP, "near"),)), "task 'source': it is a dummy and on an accelerator"),
    (
        replace(
            good(),
            processing=(*good().processing, Block("ip", IP, "near")),
            task_on={**good().task_on, "computeGradient": "ip"},
        ),
        "task 'computeGradient': it is on an accelerator for another task",
    ),
]


class TestBadDesigns:
    def test_a_good_design_has_no_reason(self) -> None:
        assert why_invalid(good(), APPLICATION, TABLES) is None
        assert why_invalid(ring(3), APPLICATION, TABLES) is None

    @pytest.mark.parametrize(("soc", "reason"), BAD, ids=[reason[:40] for _, reason in BAD])
    def test_a_bad_one_has_one_line(self, soc: Soc, reason: str) -> None:
        with pytest.raises(InvalidSoc, match=reason) as caught:
            Engine(APPLICATION, TABLES).simulate(soc)
        assert why_invalid(soc, APPLICATION, TABLES) == str(caught.value)
        assert "\n" not in str(caught.value)

    def test_data_that_no_memory_can_hold(self) -> None:
        """The tables end at 58.88 MB."""
        name, graph = "big", APPLICATION.graphs[0]
        first = graph.edges[0]
        bigger = replace(graph, name=name, edges=(Edge(first.producer, first.consumer, 1e9), *graph.edges[1:]))
        application = Application.of([bigger])
        with pytest.raises(InvalidSoc, match="memory 'dram': it has to hold more than its technology's largest size"):
            Engine(application, TABLES).simulate(good(application))

    def test_a_bad_design_is_a_status_and_no_number(self) -> None:
        batch = SocBatch.of([good(), good()], APPLICATION, TABLES)
        batch.task_pe[0, 2] = 9
        result = Engine(APPLICATION, TABLES).simulate_batch(batch)
        assert list(result.status) == [Status.BAD_TASK_ELEMENT, Status.OK]
        assert np.isnan([result.energy[0], result.latency[0, 0], result.distance[0], result.area_by_kind[0, 0]]).all()
        assert not result.meets_budgets[0]
        assert result.reason(0) == (
            "task 'laplacianEstimate': its processing element is absent; map it to one that has a type"
        )
        assert np.isfinite([result.energy[1], result.latency[1, 0], result.distance[1]]).all()
        assert result.reason(1) is None

    def test_no_number_in_a_batch_makes_the_engine_fail(self) -> None:
        rng = np.random.default_rng(8)
        clean = SocBatch.of([good()] * 500, APPLICATION, TABLES)
        values = {}
        for field in fields(clean):
            value = getattr(clean, field.name).copy()
            hit = rng.random(value.shape) < 0.02
            value[hit] = rng.choice([-(2**31), -2, -1, 0, 1, 7, 2**31 - 1], hit.sum())
            values[field.name] = value
        result = Engine(APPLICATION, TABLES).simulate_batch(SocBatch(**values))
        found = {Status(code) for code in result.status}
        assert len(found) > 6
        for i, code in enumerate(result.status):
            assert np.isfinite(result.energy[i]) == (code == Status.OK)
            assert (result.reason(i) is None) == (code == Status.OK)
