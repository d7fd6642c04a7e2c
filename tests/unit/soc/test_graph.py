"""Task graphs: what files say, what writing keeps, and one clear line for each thing that can be wrong."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise

import pytest

from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.graph import SINK, SOURCE, Accelerator, Edge, Task, TaskGraph
from archgym.simulators.soc.graph_check import check_graph
from archgym.simulators.soc.graph_file import read_graph, write_graph

CAMERA = """\
name: camera
deadline_s: 0.034
last: sharpen
tasks:
  scale: {work: 46.2e6}
  sharpen:
    work: 33.5e6
    accelerators:
      IP0: {cycles: 1.59e6, energy_j: 8.4e-12, area_m2: 2.8e-9, unrolls: [1, 2, 4]}
edges:
  - [source, scale, 91053]
  - [scale, sharpen, 364212]
  - [sharpen, sink, 91053]
"""


@pytest.fixture
def read(tmp_path):
    """Reads a file named camera.yaml of that text."""

    def _read(text: str) -> TaskGraph:
        file = tmp_path / "camera.yaml"
        file.write_text(text)
        return read_graph(file)

    return _read


def message_of(read, text: str) -> str:
    with pytest.raises(DataError) as caught:
        read(text)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_file_says_what_the_graph_is(read):
    graph = read(CAMERA)
    assert [task.name for task in graph.tasks] == ["source", "scale", "sharpen", "sink"]
    assert graph.tasks[1] == Task("scale", 46.2e6, False, ())
    assert graph.tasks[2].accelerators == (
        Accelerator("IP0", 1.59e6, 1e8, 8.4e-12, 2.8e-9, (1, 2, 4), (100, 400, 600, 800)),
    )
    assert graph.edges[1] == Edge("scale", "sharpen", 364212.0)
    assert (graph.last, graph.deadline_s) == ("sharpen", 0.034)


def test_source_and_sink_may_stand_elsewhere_than_first_and_last(read):
    graph = read(CAMERA.replace("tasks:\n", "tasks:\n  sink: {dummy: true}\n  source: {dummy: true}\n"))
    assert [task.name for task in graph.tasks] == ["sink", "source", "scale", "sharpen"]


def test_last_is_the_one_task_before_the_sink_where_it_is_left_out(read):
    assert read(CAMERA.replace("last: sharpen\n", "")).last == "sharpen"


def test_last_must_be_told_where_several_tasks_lead_to_the_sink(read):
    text = CAMERA.replace("last: sharpen\n", "") + "  - [scale, sink, 1]\n"
    assert "camera.yaml: last: 2 tasks lead to 'sink'" in message_of(read, text)


def test_a_graph_needs_no_deadline(read):
    assert read(CAMERA.replace("deadline_s: 0.034\n", "")).deadline_s is None


def test_writing_keeps_everything(read, tmp_path):
    graph = read(CAMERA)
    odd = Accelerator("HLS-2", 1 / 3, 2.5e8, 1e-17 / 3, 7e-10, (1, 3, 151), (250,))
    dummy = Task("true", 0.0, True, ())
    graph = replace(
        graph,
        tasks=(*graph.tasks[:2], replace(graph.tasks[2], work=0.1 + 0.2, accelerators=(odd,)), dummy, graph.tasks[3]),
        edges=(*graph.edges, Edge("scale", "true", 0.5), Edge("true", "sink", 1e14)),
        deadline_s=None,
    )
    write_graph(graph, tmp_path / "again.yaml")
    assert read_graph(tmp_path / "again.yaml") == graph


def test_a_broken_graph_is_not_written(read, tmp_path):
    broken = replace(read(CAMERA), last="scael")
    with pytest.raises(DataError, match="did you mean 'scale'"):
        write_graph(broken, tmp_path / "broken.yaml")
    assert not (tmp_path / "broken.yaml").exists()


def test_the_hash_covers_values_and_order(read):
    graph = read(CAMERA)
    hashes = {
        graph.content_hash,
        replace(graph, last="scale").content_hash,
        replace(graph, deadline_s=0.035).content_hash,
        replace(graph, edges=graph.edges[::-1]).content_hash,
        replace(graph, tasks=graph.tasks[::-1]).content_hash,
        read(CAMERA.replace("1.59e6", "1.60e6")).content_hash,
    }
    assert len(hashes) == 6
    assert all(len(digest) == 16 and int(digest, 16) >= 0 for digest in hashes)


def test_the_hash_is_that_of_a_copy(read):
    graph = read(CAMERA)
    assert pickle.loads(pickle.dumps(graph)).content_hash == graph.content_hash


# Text that stands in the good file, what stands there instead, and what the message says.
WRONG = {
    "cycle": ("- [sharpen, sink, 91053]", "- [sharpen, sink, 1]\n  - [sharpen, scale, 1]", "scale -> sharpen"),
    "unknown consumer": ("[scale, sharpen,", "[scale, sharpn,", "no task 'sharpn'; did you mean 'sharpen'?"),
    "unknown producer": ("[scale, sharpen,", "[scaler, sharpen,", "no task 'scaler'; did you mean 'scale'?"),
    "self edge": ("- [source, scale, 91053]", "- [source, scale, 1]\n  - [scale, scale, 1]", "edge scale -> scale"),
    "duplicate edge": ("- [source, scale, 91053]", "- [source, scale, 1]\n  - [source, scale, 2]", "given twice"),
    "into the source": ("- [source, scale, 91053]", "- [source, scale, 1]\n  - [scale, source, 2]", "before 'source'"),
    "out of the sink": ("- [source, scale, 91053]", "- [source, scale, 1]\n  - [sink, scale, 2]", "after 'sink'"),
    "past all tasks": ("- [source, scale, 91053]", "- [source, scale, 1]\n  - [source, sink, 2]", "source -> sink"),
    "no input": ("  - [source, scale, 91053]\n", "", "task 'scale' has no input"),
    "no output": ("  - [sharpen, sink, 91053]\n", "  - [scale, sink, 1]\n", "'sharpen' does not lead to 'sink'"),
    "zero bytes": ("364212", "0", "scale -> sharpen: expected bytes above 0, got 0"),
    "negative bytes": ("364212", "-4", "scale -> sharpen: expected bytes above 0, got -4"),
    "NaN bytes": ("364212", ".nan", "got nan"),
    "text for bytes": ("364212", "'364212'", "got '364212'"),
    "truth for bytes": ("364212", "true", "got True"),
    "bytes beyond exactness": ("364212", "1e16", "below 1e+15"),
    "edge of two": ("[scale, sharpen, 364212]", "[scale, sharpen]", "edges[1]: expected [producer, consumer, bytes]"),
    "edge to a number": ("[scale, sharpen, 364212]", "[scale, 7, 364212]", "edges[1]"),
    "edges as mapping": ("edges:\n", "edges: {}\nx:\n", "unknown key 'x'"),
    "no edges": (CAMERA[CAMERA.index("edges:") :], "", "edges: expected a list of [producer, consumer, bytes], got"),
    "zero work": ("46.2e6", "0", "tasks.scale.work: expected a number of instructions above 0"),
    "negative work": ("46.2e6", "-1", "tasks.scale.work"),
    "NaN work": ("46.2e6", ".nan", "tasks.scale.work"),
    "infinite work": ("46.2e6", ".inf", "tasks.scale.work"),
    "huge work": ("46.2e6", "1" + 400 * "0", "tasks.scale.work"),
    "text for work": ("46.2e6", "much", "got 'much'"),
    "octal work": ("46.2e6", "010", "got '010'"),
    "truth for work": ("46.2e6", "true", "got True"),
    "no work": ("scale: {work: 46.2e6}", "scale: {}", "tasks.scale.work: expected a number of instructions"),
    "a number for a task": ("scale: {work: 46.2e6}", "scale: 46.2e6", "tasks.scale: expected a mapping"),
    "working dummy": (
        "{work: 46.2e6}",
        "{work: 46.2e6, dummy: true}",
        "tasks.scale.work: expected no work for a dummy",
    ),
    "accelerated dummy": ("work: 33.5e6", "dummy: true", "tasks.sharpen.accelerators: expected none for a dummy"),
    "dummy as text": ("{work: 46.2e6}", "{dummy: 'yes'}", "tasks.scale.dummy: expected true or false, got 'yes'"),
    "only dummies": (
        CAMERA[CAMERA.index("  scale") : CAMERA.index("edges:")],
        "  scale: {dummy: true}\n",
        "one task with work",
    ),
    "source that works": ("tasks:\n", "tasks:\n  source: {work: 1}\n", "tasks.source: expected a dummy"),
    "unknown key": ("deadline_s", "deadline_ms", "unknown key 'deadline_ms'; did you mean 'deadline_s'?"),
    "unknown task key": ("{work: 46.2e6}", "{wrok: 46.2e6}", "tasks.scale: unknown key 'wrok'; did you mean 'work'?"),
    "unknown IP key": ("energy_j", "energy_pj", "accelerators.IP0: unknown key 'energy_pj'"),
    "unknown last": ("last: sharpen", "last: sharp", "last: expected one of the tasks, got 'sharp'; did you mean"),
    "last is the sink": ("last: sharpen", "last: sink", "last: expected a task other than source and sink"),
    "last is a number": ("last: sharpen", "last: 3", "last: expected a text, got 3"),
    "zero deadline": ("0.034", "0", "deadline_s: expected a number above 0, got 0"),
    "no name": ("name: camera\n", "", "name: expected a text, got nothing"),
    "name with a plus": ("name: camera", "name: a+b", "name: expected letters, digits"),
    "task with a slash": ("scale:", "sca/le:", "tasks.sca/le: expected letters, digits"),
    "number as a task": ("  scale:", "  7:", "expected a text as key, got 7; put it in quotes"),
    "duplicate task": ("tasks:\n", "tasks:\n  scale: {work: 1}\n", "line 6, column 3: key 'scale' is given twice"),
    "zero cycles": ("1.59e6", "0", "IP0.cycles: expected a number above 0, got 0"),
    "negative energy": ("8.4e-12", "-8.4e-12", "IP0.energy_j: expected a number above 0"),
    "no area": (", area_m2: 2.8e-9", "", "IP0.area_m2: expected a number above 0, got nothing"),
    "no unrolls": ("[1, 2, 4]", "[]", "IP0.unrolls: expected a list of whole numbers from 1 on, got []"),
    "zero unroll": ("[1, 2, 4]", "[0, 2]", "IP0.unrolls[0]"),
    "half an unroll": ("[1, 2, 4]", "[1, 2.5]", "IP0.unrolls[1]"),
    "unroll twice": ("[1, 2, 4]", "[1, 2, 2]", "IP0.unrolls: expected whole numbers in increasing order"),
    "no YAML": ("{work: 46.2e6}", "{work: 46.2e6", "camera.yaml: line"),
    "a tag": ("46.2e6", "!!python/object/apply:os.getcwd []", "line 5, column 17"),
    "a list": (CAMERA, "- 1\n", "camera.yaml: expected a mapping of names to values, got [1]"),
    "nothing": (CAMERA, "", "camera.yaml: expected a mapping of names to values, got nothing"),
    "a control character": ("camera", "cam\x01era", "camera.yaml: not a YAML file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_in_one_line_that_names_the_place(read, case):
    good, bad, said = WRONG[case]
    assert good in CAMERA
    message = message_of(read, CAMERA.replace(good, bad))
    assert "camera.yaml" in message
    assert said in message


def test_a_cycle_is_named_in_its_direction(read):
    text = CAMERA + "  - [sharpen, blur, 1]\n  - [blur, scale, 1]\n"
    text = text.replace("tasks:\n", "tasks:\n  blur: {work: 1}\n")
    assert "cycle: blur -> scale -> sharpen -> blur;" in message_of(read, text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.yaml: cannot be read \(No such file or directory\)"):
        read_graph(tmp_path / "nowhere.yaml")


def test_a_binary_file_is_named(tmp_path):
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"b\.yaml: not a text file in UTF-8"):
        read_graph(tmp_path / "b.yaml")


def test_numbers_may_have_underscores_and_bare_exponents(read):
    graph = read(CAMERA.replace("46.2e6", "46_200_000").replace("1.59e6", "159E4"))
    assert (graph.tasks[1].work, graph.tasks[2].accelerators[0].cycles) == (46.2e6, 1.59e6)


def chain(*names: str) -> TaskGraph:
    """A graph made without a file: tasks of 1 instruction one after the other."""
    middle = [Task(name, 1.0, False, ()) for name in names]
    tasks = (Task(SOURCE, 0.0, True, ()), *middle, Task(SINK, 0.0, True, ()))
    order = [task.name for task in tasks]
    edges = tuple(Edge(a, b, 1.0) for a, b in pairwise(order))
    return TaskGraph("chain", tasks, edges, names[-1], None)


def test_a_graph_made_in_python_is_checked_too():
    check_graph(chain("a", "b"))
    for broken, said in (
        (chain("a", "a"), "task 'a' is given twice"),
        (replace(chain("a"), tasks=chain("a").tasks[:2]), "expected a task 'sink'"),
        (replace(chain("a"), deadline_s=float("nan")), "deadline_s"),
        (replace(chain("a"), edges=(Edge("source", "a", float("nan")), Edge("a", "sink", 1.0))), "source -> a: bytes"),
    ):
        with pytest.raises(DataError, match=f"task graph 'chain': .*{said}"):
            check_graph(broken)


def test_a_long_graph_is_checked_without_recursion():
    long = chain(*(f"t{i}" for i in range(5000)))
    check_graph(long)
    with pytest.raises(DataError, match=r"cycle: (t\d+ -> ){8}\.\.\. -> t\d+; remove"):
        check_graph(replace(long, edges=(*long.edges, Edge("t4999", "t0", 1.0))))
