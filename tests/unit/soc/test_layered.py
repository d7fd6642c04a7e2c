"""Generated graphs: the same for the same seed everywhere, of the documented shape and sizes."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.graph import TaskGraph
from archgym.simulators.soc.graph_check import check_graph
from archgym.simulators.soc.graph_file import read_graph, write_graph
from archgym.simulators.soc.layered import OPTIONS, layered, unrolls_up_to


def layer_of(name: str) -> int:
    """The layer in a task's name ``t3_0``."""
    return int(name.partition("_")[0].removeprefix("t"))


def inner_edges(graph: TaskGraph) -> list[tuple[str, str]]:
    """Edges between tasks of the layers."""
    return [(e.producer, e.consumer) for e in graph.edges if e.producer[0] == "t" and e.consumer[0] == "t"]


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_seed_gives_the_same_graph_in_any_process(hash_seed):
    code = (
        "from archgym.simulators.soc.layered import layered; import sys; sys.stdout.write(layered(seed=7).content_hash)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout == layered(seed=7).content_hash


def test_each_seed_is_another_graph():
    assert len({layered(seed=seed).content_hash for seed in range(20)}) == 20


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (6, 1), (5, 4)])
def test_every_graph_can_run_and_edges_lead_to_the_next_layer(seed, shape):
    layers, width = shape
    graph = layered(seed=seed, layers=layers, width=width, density=0.0)
    check_graph(graph)
    assert len([task for task in graph.tasks if not task.dummy]) == layers * width
    assert all(layer_of(consumer) == layer_of(producer) + 1 for producer, consumer in inner_edges(graph))


def test_density_is_the_share_of_further_edges():
    assert len(inner_edges(layered(layers=3, width=5, density=1.0))) == 2 * 5 * 5
    pairs = 20 * 20
    counts = [len(inner_edges(layered(seed=seed, layers=2, width=20, density=0.25))) for seed in range(30)]
    # One parent each (20 of 400 pairs), and a quarter of the others: 115, with a deviation below 9 for one graph.
    # Tasks without a child are next to none.
    assert np.mean(counts) == pytest.approx(20 + 0.25 * (pairs - 20), abs=5)


def test_sizes_are_drawn_log_uniformly_between_the_bounds():
    graph = layered(layers=50, width=20, work_min=1e3, work_max=1e9, bytes_min=10, bytes_max=1e5)
    work = np.log10([task.work for task in graph.tasks if not task.dummy])
    size = np.log10([edge.bytes for edge in graph.edges])
    assert all(float(value).is_integer() for value in [t.work for t in graph.tasks] + [e.bytes for e in graph.edges])
    for logs, low, high in ((work, 3, 9), (size, 1, 5)):
        assert low <= logs.min() < low + 0.1
        assert high - 0.1 < logs.max() <= high
        # The mean of n values that are uniform on [low, high] deviates by (high - low) / sqrt(12 n): four times that.
        assert logs.mean() == pytest.approx((low + high) / 2, abs=4 * (high - low) / np.sqrt(12 * len(logs)))


def test_accelerators_have_speed_ups_and_choices_like_farsis():
    graph = layered(layers=20, width=20)
    tasks = [task for task in graph.tasks if not task.dummy]
    speed_ups = [(task.work / 2e9) / (ip.cycles / 1e8) for task in tasks for ip in task.accelerators]
    assert len(speed_ups) == len(tasks)
    assert 0.19 < min(speed_ups) < 0.3
    assert 8 < max(speed_ups) < 10.1
    assert all(ip.unrolls[-1] <= 1024 for task in tasks for ip in task.accelerators)


def test_accelerated_is_the_share_of_tasks_with_an_accelerator_and_changes_nothing_else():
    none, some, every = (layered(layers=20, width=20, accelerated=share) for share in (0.0, 0.5, 1.0))
    assert not any(task.accelerators for task in none.tasks)
    assert 160 < sum(bool(task.accelerators) for task in some.tasks) < 240  # 200, four deviations of 10
    assert [task.work for task in none.tasks] == [task.work for task in every.tasks]
    assert none.edges == every.edges


def test_the_deadline_is_the_slack_times_the_critical_path_on_the_reference():
    chain = layered(layers=6, width=1, slack=2.0)
    seconds = sum(task.work for task in chain.tasks) / 2e9
    assert chain.deadline_s == pytest.approx(2.0 * seconds, rel=1e-3)
    row = layered(layers=1, width=6, slack=0.25)
    assert row.deadline_s == pytest.approx(0.25 * max(task.work for task in row.tasks) / 2e9, rel=1e-3)


def test_a_label_stands_before_every_name():
    graph = layered(label="a")
    assert graph.name == "a_layered"
    assert graph.last == "a_end"
    assert all(task.name.startswith("a_") for task in graph.tasks if task.name not in ("source", "sink"))


def test_loops_unroll_by_powers_of_two_and_in_full():
    assert unrolls_up_to(1) == (1,)
    assert unrolls_up_to(151) == (1, 2, 4, 8, 16, 32, 64, 128, 151)  # FARSI's scale
    assert unrolls_up_to(1024)[-2:] == (512, 1024)
    assert unrolls_up_to(1638400)[-2:] == (32768, 1638400)  # FARSI's gaussianSmoothing


def test_a_generated_graph_survives_a_file(tmp_path):
    graph = layered(seed=3)
    write_graph(graph, tmp_path / "layered.yaml")
    assert read_graph(tmp_path / "layered.yaml") == graph


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"widht": 3}, "option of layered 'widht': did you mean 'width'?"),
        ({"width": 0}, "layered: width: expected a whole number from 1 to 100, got 0"),
        ({"width": 2.5}, "layered: width: expected a whole number"),
        ({"width": True}, "layered: width: expected a whole number from 1 to 100, got True"),
        ({"seed": -1}, "layered: seed"),
        ({"seed": "3"}, "layered: seed"),
        ({"seed": None}, "layered: seed"),
        ({"density": 1.1}, "layered: density: expected a number from 0 to 1, got 1.1"),
        ({"density": float("nan")}, "layered: density"),
        ({"work_min": float("inf")}, "layered: work_min"),
        ({"work_min": 10.0, "work_max": 5.0}, "layered: work_min: expected at most work_max = 5.0, got 10.0"),
        ({"bytes_min": 1e7}, "layered: bytes_min: expected at most bytes_max"),
        ({"label": 3}, "layered: label: expected a text, got 3"),
        ({"label": "a/b"}, "layered: label: expected letters"),
    ],
)
def test_a_wrong_option_is_refused_in_one_line(options, said):
    with pytest.raises(DataError) as caught:
        layered(**options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_option_is_documented():
    assert all(option.doc and option.name == name for name, option in OPTIONS.items())
