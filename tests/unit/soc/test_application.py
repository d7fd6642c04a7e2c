"""Applications: several graphs merged at one source and one sink, in the order of loading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.graph import SINK, SOURCE, Edge, Task, TaskGraph


def graph(name: str, task: str, deadline_s: float | None = None) -> TaskGraph:
    """source -> task -> sink."""
    tasks = (Task(SOURCE, 0.0, True, ()), Task(task, 5.0, False, ()), Task(SINK, 0.0, True, ()))
    return TaskGraph(name, tasks, (Edge(SOURCE, task, 3.0), Edge(task, SINK, 4.0)), task, deadline_s)


def test_source_and_sink_are_shared_and_stand_where_they_appeared_first():
    both = Application.of([graph("first", "a", 0.5), graph("second", "b")])
    assert [task.name for task in both.tasks] == ["source", "a", "sink", "b"]
    assert both.graph_of.tolist() == [-1, 0, -1, 1]
    assert both.names == ("first", "second")
    assert both.last == (1, 3)
    assert both.deadlines == (0.5, None)


def test_arrays_say_what_the_objects_say():
    both = Application.of([graph("first", "a"), graph("second", "b")])
    assert both.work.tolist() == [0.0, 5.0, 0.0, 5.0]
    assert both.dummy.tolist() == [True, False, True, False]
    assert both.edge_from.tolist() == [0, 1, 0, 3]
    assert both.edge_to.tolist() == [1, 2, 3, 2]
    assert both.edge_bytes.tolist() == [3.0, 4.0, 3.0, 4.0]
    assert (both.edge_from.dtype, both.edge_bytes.dtype, both.dummy.dtype) == (np.int32, np.float64, np.bool_)


def test_arrays_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        Application.of([graph("first", "a")]).work[0] = 1.0


def test_the_order_of_loading_is_part_of_the_hash():
    one, two = graph("first", "a"), graph("second", "b")
    hashes = {Application.of(graphs).content_hash for graphs in ([one], [one, two], [two, one])}
    assert len(hashes) == 3


def test_two_graphs_cannot_have_a_task_of_the_same_name():
    with pytest.raises(DataError, match="task 'a' is in workload 'first' and in 'second': rename it"):
        Application.of([graph("first", "a"), graph("second", "a")])


def test_a_workload_cannot_run_twice_at_once():
    with pytest.raises(DataError, match="workload 'first' is given twice"):
        Application.of([graph("first", "a"), graph("first", "b")])


def test_an_application_has_a_graph():
    with pytest.raises(DataError, match="at least one task graph"):
        Application.of([])


def test_a_broken_graph_is_refused():
    with pytest.raises(DataError, match="task graph 'first': task 'a' does not lead to 'sink'"):
        Application.of([replace(graph("first", "a"), edges=(Edge(SOURCE, "a", 3.0),))])
