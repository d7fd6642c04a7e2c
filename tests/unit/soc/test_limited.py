"""ArchGym's encoding: its sizes, its decoding on FARSI's own rows, and what is wrong with most of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.registry import make_simulator
from archgym.simulator import Status
from archgym.simulators.soc.library_file import load_library
from archgym.simulators.soc.plugin.golden import Row, read_golden
from archgym.simulators.soc.plugin.limited import limited_space
from archgym.simulators.soc.plugin.simulator import SocSimulator
from archgym.simulators.soc.registry import load_application

ACCELERATOR = "gaussianSmoothing/IP0/x1/100MHz"
SAMPLE = Path(__file__).parents[2] / "golden" / "data" / "soc_farsi.jsonl.gz"


def simulator(workload: str) -> SocSimulator:
    made = make_simulator("soc", workload=workload, space="archgym-limited")
    assert isinstance(made, SocSimulator)
    return made


def actions() -> list[tuple[Row, list[int]]]:
    """FARSI's rows that were made from ArchGym's flat vector, with the vector."""
    with gzip.open(SAMPLE, "rt") as file:
        vectors = {row["id"]: row.get("archgym_limited_action") for row in map(json.loads, file)}
    return [(row, vectors[row.name]) for row in read_golden(SAMPLE) if vectors[row.name] is not None]


@pytest.mark.parametrize(
    ("workload", "dimensions", "size"),
    [("edge_detection", 34, 1.56e17), ("hpvm_cava", 36, 1.40e18), ("audio_decoder", 54, 5.44e26)],
)
def test_dimensions_and_sizes_are_archgym_s(workload: str, dimensions: int, size: float) -> None:
    space = limited_space(load_application(workload), load_library("default"))
    assert space.d == dimensions
    assert space.size == pytest.approx(size, rel=0.005)
    assert space.count() == space.size, "no constraint: ArchGym has none"


def codes_of(vector: list[int]) -> list[int]:
    """ArchGym's -1 (none) is the first value here."""
    return [value + 1 if 12 <= k < 18 else value for k, value in enumerate(vector)]


@pytest.mark.parametrize(("row", "vector"), [pytest.param(*pair, id=pair[0].name) for pair in actions()])
def test_archgym_s_vectors_give_farsi_s_results(row: Row, vector: list[int]) -> None:
    made = simulator(row.workloads[0])
    results = made.evaluate(made.space.batch([codes_of(vector)]))
    assert results.status.tolist() == [Status.OK], results.messages
    found = dict(zip([metric.name for metric in made.metrics], results.metrics[0], strict=True))
    assert found["latency"] == pytest.approx(row.expected["latency_s"][row.workloads[0]], rel=1e-9)
    assert found["energy"] == pytest.approx(row.expected["energy_J"], rel=1e-9)
    assert found["power"] == pytest.approx(row.expected["power_W"], rel=1e-9)
    assert found["area"] == pytest.approx(row.expected["area_m2"] * 1e6, rel=1e-9)
    assert found["budget_distance"] == pytest.approx(row.expected["distance_eliminate"], rel=1e-9)


def test_both_ways_of_decoding_agree() -> None:
    made = simulator("edge_detection")
    designs = made.space.sample(3000, np.random.default_rng(0))
    results = made.evaluate(designs)
    works = np.flatnonzero(results.status == Status.OK)[:10]
    assert len(works) == 10
    for row, design in zip(works, designs[works].designs(), strict=True):
        assert made.simulate(design).energy_j == results.metrics[row, 1]


def breaks_a_rule(design: dict[str, Any]) -> bool:
    """A memory on two buses, no memory at all, or a task on the accelerator of another."""
    hung = [design[f"Bus{k}_Mem"] for k in range(3) if design[f"Bus{k}_Mem"] != "none"]
    types = {f"pe{k}": design[f"PE{k}"] for k in range(3)}
    tasks = {name.removeprefix("PE_"): pe for name, pe in design.items() if name.startswith("PE_")}
    misplaced = any(types[pe] not in ("A53", f"{task}/IP0/x1/100MHz") for task, pe in tasks.items())
    return not hung or len(set(hung)) < len(hung) or misplaced


def test_most_of_it_describes_no_working_system() -> None:
    for workload, seed in (("edge_detection", 1), ("hpvm_cava", 2)):
        made = simulator(workload)
        designs = made.space.sample(4000, np.random.default_rng(seed))
        results = made.evaluate(designs)
        assert np.mean(results.status == Status.INFEASIBLE) > 0.99
        assert np.mean([breaks_a_rule(design) for design in designs.designs()]) == pytest.approx(0.93, abs=0.015)
        assert set(results.messages) == set(np.flatnonzero(results.status).tolist())


def test_no_design_of_two_workloads_can_meet_the_deadline() -> None:
    """Their processors and the one accelerator are too slow, whatever connects them."""
    for workload in ("edge_detection", "hpvm_cava"):
        made = simulator(workload)
        application, tables = made.application, made.tables
        types = [tables.pe_names.index(name) for name in made.space.parameters[0].values]
        fastest: dict[str, float] = {}
        for t, task in enumerate(application.tasks):
            rates = [tables.pe_rate[k] for k in types if tables.pe_task[k] in (-1, t)]
            ready = max((fastest[e.producer] for e in application.edges if e.consumer == task.name), default=0.0)
            fastest[task.name] = ready + task.work / max(rates)
        deadline = application.deadlines[0]
        assert deadline is not None
        assert fastest[application.tasks[application.last[0]].name] > 80 * deadline


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Bus0_Bus": "bus0"}, "bus0 is linked to itself"),
        ({"Bus0_Mem": "mem1"}, "mem1 hangs on bus0 and bus1"),
        ({"Bus0_Mem": "none"}, "mem0 holds data but hangs on no bus"),
        ({"Bus1_Bus": "none", "Mem_sink": "mem2", "Mem_source": "mem2"}, "no route"),
        ({"PE1": ACCELERATOR, "PE_laplacianEstimate": "pe1"}, "task 'laplacianEstimate': it is on an accelerator for"),
        ({"PE1": ACCELERATOR, "PE_source": "pe1"}, "task 'source': it is a dummy"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], message: str) -> None:
    made = simulator("edge_detection")
    results = made.evaluate(made.space.from_designs([{**made.space.default, **change}]))
    assert results.status.tolist() == [Status.INFEASIBLE]
    assert message in results.messages[0]
    assert np.isnan(results.metrics).all()
