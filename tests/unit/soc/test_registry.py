"""Workloads by name: FARSI's, several at once, generated ones, files, and help for a wrong name."""

from __future__ import annotations

from itertools import pairwise

import pytest

from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.graph_file import write_graph
from archgym.simulators.soc.layered import OPTIONS, layered
from archgym.simulators.soc.registry import describe, load_application, workload_names

# FARSI (arXiv 2201.05232): real tasks, edges, instructions, bytes, deadline in s, last task.
FARSI = {
    "audio_decoder": (15, 23, 12.6e6, 2.97e6, 0.021, "dummy_last"),
    "edge_detection": (6, 8, 6.59e9, 52.4e6, 0.034, "rejectZeroCrossings"),
    "hpvm_cava": (7, 8, 169.8e9, 2.37e6, 0.034, "descale"),
}


@pytest.mark.parametrize("name", FARSI)
def test_farsis_workloads_have_its_sizes(name):
    tasks, edges, work, size, deadline, last = FARSI[name]
    application = load_application(name)
    assert (~application.dummy).sum() == tasks
    assert len(application.edges) == edges
    assert application.work.sum() == pytest.approx(work, rel=5e-3)
    assert application.edge_bytes.sum() == pytest.approx(size, rel=5e-3)
    assert application.deadlines == (deadline,)
    assert application.tasks[application.last[0]].name == last
    assert (application.tasks[0].name, application.tasks[-1].name) == ("source", "sink")


def test_some_facts_of_each_workload():
    audio, edge, cava = (load_application(name) for name in FARSI)
    names = [task.name for task in audio.tasks]
    assert names[:4] == ["source", "zoomProcess", "psychoFilter", "rotateOrder3"]
    assert audio.work[names.index("zoomProcess")] == 2 * 1_459_196  # A53 cycles at 2 instructions each
    first, final = edge.edges[0], edge.edges[-2]
    assert (first.producer, first.consumer, first.bytes) == ("source", "gaussianSmoothing", 13_107_396)
    assert (final.producer, final.consumer, final.bytes) == ("computeMaxGradientLeaf", "rejectZeroCrossings", 4)
    order = ["source", "scale", "demosaic", "denoise", "transform", "gamut_map", "tone_map", "descale", "sink"]
    assert [task.name for task in cava.tasks] == order
    assert [(e.producer, e.consumer) for e in cava.edges] == list(pairwise(order))


def test_all_is_every_workload_of_farsi_at_once():
    joined = load_application("+".join(FARSI))
    assert joined.names == tuple(FARSI)
    assert load_application("all").content_hash == joined.content_hash


def test_the_order_in_the_name_is_the_order_of_loading():
    application = load_application("hpvm_cava+edge_detection")
    assert application.names == ("hpvm_cava", "edge_detection")
    assert application.tasks[1].name == "scale"


def test_options_may_stand_in_the_name_or_beside_it():
    expected = layered(seed=3, width=2, density=0.5, label="a").content_hash
    for name, options in (
        ("layered:seed=3,width=2,density=0.5,label=a", {}),
        ("layered:seed=3,width=2", {"density": 0.5, "label": "a"}),
        ("layered", {"seed": 3, "width": 2, "density": 0.5, "label": "a"}),
    ):
        assert load_application(name, **options).graphs[0].content_hash == expected


def test_labels_keep_generated_graphs_apart():
    application = load_application("layered:label=a+layered:seed=1,label=b+edge_detection")
    assert application.names == ("a_layered", "b_layered", "edge_detection")


def test_a_file_is_a_workload_even_with_a_plus_in_its_name(tmp_path):
    graph = layered(seed=5, label="mine")
    file = tmp_path / "a+b.yaml"
    write_graph(graph, file)
    assert load_application(file).graphs == load_application(str(file)).graphs == (graph,)
    write_graph(graph, tmp_path / "c.yaml")
    assert load_application(f"hpvm_cava+{tmp_path / 'c.yaml'}").names == ("hpvm_cava", "mine_layered")


def test_names_are_listed_and_described():
    assert workload_names() == ("audio_decoder", "edge_detection", "hpvm_cava", "all", "layered")
    for name in workload_names():
        info = describe(name)
        assert info.name == name
        assert info.doc
        assert "\n" not in info.doc
        load_application(name)
    assert describe("layered").options == tuple(OPTIONS.values())


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("hpvm_cafa", {}, "workload 'hpvm_cafa': did you mean 'hpvm_cava'?"),
        ("all+edge", {}, "workload 'edge'"),
        ("", {}, "workload ''"),
        ("hpvm_cava+", {}, "workload ''"),
        ("hpvm_cava+hpvm_cava", {}, "workload 'hpvm_cava' is given twice"),
        ("all", {"seed": 3}, "'all' has no options, got seed"),
        ("layered:seed", {}, "expected 'option=value', got 'seed'"),
        ("layered:seed=1", {"seed": 2}, "option 'seed' is given twice"),
        ("layered:seed=x", {}, "layered: seed: expected a whole number"),
        ("layered:sede=1", {}, "did you mean 'seed'?"),
        ("nowhere.yaml", {}, "nowhere.yaml: cannot be read"),
    ],
)
def test_a_wrong_name_is_refused_in_one_line(name, options, said):
    with pytest.raises(DataError) as caught:
        load_application(name, **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_cannot_be_described():
    with pytest.raises(DataError, match="did you mean 'layered'"):
        describe("layerd")
