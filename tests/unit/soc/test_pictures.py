"""The pictures show the system and the schedule that they are given, legibly, and are saved where they may be."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.errors import ConfigError, MissingExtra
from archgym.plots import save_figure as save
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.graph import SINK, SOURCE, Accelerator, Edge, Task, TaskGraph
from archgym.simulators.soc.plugin.pictures import text
from archgym.simulators.soc.plugin.pictures.platform_picture import platform_picture
from archgym.simulators.soc.plugin.pictures.schedule_picture import schedule_picture
from archgym.simulators.soc.plugin.pictures.theme import LIGHT, blend
from archgym.simulators.soc.results import BlockResult, Kind, Phase, SocResult, TaskResult
from archgym.simulators.soc.soc import Block, BusBlock, Soc

pytest.importorskip("matplotlib")

MS = 1e-3
Case = tuple[Soc, SocResult, Application]


def application_of(*chains: tuple[str, tuple[str, ...], float | None]) -> Application:
    """Workloads as (name, tasks from source to sink, deadline in seconds); each edge carries 2000 bytes."""
    graphs = []
    for name, inner, deadline in chains:
        names = (SOURCE, *inner, SINK)
        ip = Accelerator("IP0", 1e5, 1e8, 1e-9, 1e-9, (1,), (100,))
        dummies = {SOURCE, SINK}
        tasks = tuple(Task(n, 0.0 if n in dummies else 1e6, n in dummies, () if n in dummies else (ip,)) for n in names)
        edges = tuple(Edge(a, b, 2000.0) for a, b in pairwise(names))
        graphs.append(TaskGraph(name, tasks, edges, inner[-1], deadline))
    return Application.of(graphs)


def task(name: str, block: str, ready: float, start: float, finish: float, **bottleneck_s: float) -> TaskResult:
    return TaskResult(name, block, ready, start, finish, 1e-6, {block: 1e-6}, bottleneck_s)


def block(name: str, kind: Kind, area_m2: float = 0.0, energy_j: float = 0.0, **known: Any) -> BlockResult:
    given = {"type": kind, "busy_s": 0.0, "peak_bytes": 0.0, "capacity_bytes": 0, "tasks": (), **known}
    return BlockResult(name=name, kind=kind, area_m2=area_m2, energy_j=energy_j, **given)


def camera(deadline: float | None = 4 * MS) -> Case:
    """A processor runs *grab* and then *scale*, which had to wait; an accelerator runs *blur*.

    One block of each kind is unused, and the memory was moved when its bus was pruned.
    """
    soc = Soc(
        processing=(Block("cpu", "A53", "hub"), Block("ip", "blur/IP0/x1/100MHz", "hub"), Block("spare", "A53", "hub")),
        memories=(Block("ram", "dram-32B-800MHz", "leaf"), Block("rest", "sram-4B-100MHz", "hub")),
        buses=(BusBlock("hub", "bus-32B-800MHz"), BusBlock("leaf", "bus-4B-100MHz")),
        links=(("hub", "leaf"),),
        task_on={SOURCE: "cpu", "grab": "cpu", "blur": "ip", "scale": "cpu", SINK: "cpu"},
        data_in={(SOURCE, "grab"): "ram", ("grab", "blur"): "ram", ("blur", "scale"): "ram", ("scale", SINK): "ram"},
    )
    tasks = (
        task(SOURCE, "cpu", 0, 0, 0),
        task("grab", "cpu", 0, 0, 1 * MS, cpu=1 * MS),
        task("blur", "ip", 1 * MS, 1 * MS, 2 * MS, ram=0.6 * MS, hub=0.4 * MS),
        task("scale", "cpu", 2 * MS, 2.5 * MS, 4 * MS, cpu=1.5 * MS),
        task(SINK, "cpu", 4 * MS, 4 * MS, 4 * MS),
    )
    phases = (
        Phase(0, 0, 0, (), ()),
        Phase(0, 0, 0, (SOURCE,), ("",)),
        Phase(0, 1 * MS, 0, ("grab",), ("cpu",)),
        Phase(1 * MS, 0.6 * MS, 0, ("blur",), ("ram",)),
        Phase(1.6 * MS, 0.4 * MS, 0, ("blur",), ("hub",)),
        Phase(2.5 * MS, 1.5 * MS, 0, ("scale",), ("cpu",)),
        Phase(4 * MS, 0, 0, (SINK,), ("",)),
    )
    blocks = (
        block("cpu", "processor", 0.6e-6, 3e-6, busy_s=2.5 * MS),
        block("ip", "accelerator", 0.1e-6, 1e-6, busy_s=1 * MS),
        block("ram", "dram", 0.3e-6, 6e-6, busy_s=4 * MS, peak_bytes=4000, capacity_bytes=256000),
        block("hub", "bus", busy_s=4 * MS),
    )
    links = (("hub", "cpu"), ("hub", "ip"), ("hub", "ram"))
    return (
        soc,
        result_of(tasks, phases, blocks, links, {"camera": 4 * MS}),
        application_of(("camera", ("grab", "blur", "scale"), deadline)),
    )


def result_of(
    tasks: tuple[TaskResult, ...],
    phases: tuple[Phase, ...],
    blocks: tuple[BlockResult, ...],
    links: tuple[tuple[str, str], ...],
    latency_s: dict[str, float],
) -> SocResult:
    return SocResult(
        latency_s=latency_s,
        energy_j=10e-6,
        power_w=2.5e-3,
        area_m2=1e-6,
        area_m2_by_kind={},
        development_cost=1.0,
        distance=0.5,
        distance_simple=0.5,
        meets_budgets=False,
        tasks={known.name: known for known in tasks},
        phases=phases,
        blocks=blocks,
        links=links,
        scan_order=tuple(known.name for known in tasks),
    )


def crowd(count: int, memories: int, links: tuple[tuple[int, int], ...], elements: int = 18) -> Case:
    """A chain of *count* tasks on at most *elements* elements, every second task short, spread over linked buses."""
    buses = 1 + max((end for link in links for end in link), default=0)
    elements = min(elements, count)
    names = tuple(f"rotateOrder{i}" for i in range(count))
    place = {name: f"pe{i % elements}" for i, name in enumerate(names)}
    pairs = list(zip((SOURCE, *names), (*names, SINK), strict=True))
    soc = Soc(
        processing=tuple(Block(f"pe{i}", f"{names[i]}/IP0/x1024/800MHz", f"bus{i % buses}") for i in range(elements)),
        memories=tuple(Block(f"mem{i}", "dram-128B-800MHz", f"bus{i % buses}") for i in range(memories)),
        buses=tuple(BusBlock(f"bus{i}", "bus-128B-800MHz") for i in range(buses)),
        links=tuple((f"bus{a}", f"bus{b}") for a, b in links),
        task_on={SOURCE: "pe0", SINK: "pe0", **place},
        data_in={pair: f"mem{i % memories}" for i, pair in enumerate(pairs)},
    )
    ends = np.cumsum([0.0] + [MS if i % 2 == 0 else MS / 100 for i in range(count)]).tolist()
    spans = list(zip(names, ends[:-1], ends[1:], strict=True))
    tasks = [task(name, place[name], a, a, b, **{place[name]: b - a}) for name, a, b in spans]
    tasks = [task(SOURCE, "pe0", 0, 0, 0), *tasks, task(SINK, "pe0", ends[-1], ends[-1], ends[-1])]
    phases = tuple(Phase(a, b - a, 0, (name,), (place[name],)) for name, a, b in spans)
    used = [block(known.name, "accelerator", 1e-8, 1e-7) for known in soc.processing]
    used += [block(f"mem{i}", "dram", 1e-8, 1e-7, peak_bytes=2e5, capacity_bytes=256000) for i in range(memories)]
    used += [block(bus.name, "bus") for bus in soc.buses]
    wires = (*soc.links, *((known.bus, known.name) for known in (*soc.processing, *soc.memories)))
    result = result_of(tuple(tasks), phases, tuple(used), wires, {"crowd": ends[-1]})
    return soc, result, application_of(("crowd", names, None))


CASES = [
    pytest.param(camera(), id="camera"),
    pytest.param(crowd(1, 1, ()), id="one element"),
    pytest.param(crowd(18, 1, ()), id="one bus"),
    pytest.param(crowd(30, 1, (), elements=1), id="one busy element"),
    pytest.param(crowd(18, 5, ((0, 1), (1, 2), (2, 3))), id="chain"),
    pytest.param(crowd(60, 6, (), elements=2), id="many memories"),
    pytest.param(crowd(9, 4, ((0, 1), (0, 2), (0, 3))), id="star"),
    pytest.param(crowd(6, 3, ((0, 1), (1, 2), (0, 2))), id="triangle"),
]
PICTURES = [platform_picture, schedule_picture]


def words_of(figure: Any) -> list[str]:
    return [known.get_text() for axes in figure.axes for known in axes.texts] + [
        known.get_text() for known in figure.texts
    ]


def boxes_of(figure: Any) -> list[Any]:
    """Blocks and buses of a platform picture: what is filled or dashed and wider than a colour key."""
    return [patch for patch in figure.axes[0].patches if patch.get_window_extent().width / figure.dpi > 0.6]


def box_around(figure: Any, words: str) -> Any:
    """The smallest box that holds the text."""
    (found,) = [known for known in figure.axes[0].texts if known.get_text() == words]
    x, y = found.get_position()
    around = [box for box in boxes_of(figure) if box.get_path().get_extents(box.get_patch_transform()).contains(x, y)]
    return min(around, key=lambda box: box.get_width())


def drawn(figure: Any, gid: str) -> Any:
    (found,) = [artist for artist in figure.axes[0].get_children() if artist.get_gid() == gid]
    return found


@pytest.mark.parametrize("draw", PICTURES)
@pytest.mark.parametrize("case", CASES)
def test_no_text_covers_another_or_leaves_the_paper(case: Case, draw: Any) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw(*case)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    shown = [known for known in (*figure.axes[0].texts, *figure.texts) if known.get_text()]
    places = [(known.get_text(), known.get_window_extent(canvas.get_renderer())) for known in shown]
    page = figure.bbox
    for words, place in places:
        assert page.x0 <= place.x0 <= place.x1 <= page.x1, words
        assert page.y0 <= place.y0 <= place.y1 <= page.y1, words
    for (words, one), (others, two) in combinations(places, 2):
        wide = min(one.x1, two.x1) - max(one.x0, two.x0)
        high = min(one.y1, two.y1) - max(one.y0, two.y0)
        # A line of text is a quarter taller than its letters: neighbouring lines may share that much.
        assert wide <= 0 or high <= 0.25 * min(one.height, two.height), (words, others)


def test_lines_to_labels_cross_no_label() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = schedule_picture(*crowd(30, 1, (), elements=1))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    axes = figure.axes[0]
    lines = [line.get_window_extent(canvas.get_renderer()) for line in axes.lines if line.get_gid() == "leader"]
    assert len(lines) > 10
    for known in axes.texts:
        place = known.get_window_extent(canvas.get_renderer())
        for line in lines:
            assert not (place.x0 < line.x0 < place.x1 and line.y0 < place.y1 and place.y0 < line.y1), known.get_text()


@pytest.mark.parametrize("case", CASES)
def test_no_wire_runs_through_a_block(case: Case) -> None:
    figure = platform_picture(*case)
    boxes = [box.get_path().get_extents(box.get_patch_transform()) for box in boxes_of(figure)]
    wires = [line.get_xydata() for line in figure.axes[0].lines if line.get_zorder() == 1]
    assert len(wires) >= len(case[0].processing) + len(case[0].memories) + len(case[0].links)
    for (x0, y0), (x1, y1) in (step for wire in wires for step in pairwise(wire)):
        for box in boxes:
            across = min(max(x0, x1), box.xmax) - max(min(x0, x1), box.xmin)
            along = min(max(y0, y1), box.ymax) - max(min(y0, y1), box.ymin)
            touches = across >= 0 and along >= 0
            assert not (touches and max(across, along) > 1e-9), (x0, y0, x1, y1)


@pytest.mark.parametrize("draw", PICTURES)
@pytest.mark.parametrize("case", CASES)
def test_a_picture_is_no_wider_than_a_page(case: Case, draw: Any) -> None:
    assert draw(*case).get_size_inches()[0] < 14


def test_platform_names_every_block_with_its_type() -> None:
    soc, result, application = camera()
    words = words_of(platform_picture(soc, result, application))
    for known in (*soc.processing, *soc.memories, *soc.buses):
        assert known.name in words
        assert known.type in words


def test_platform_says_what_runs_on_a_processor_and_what_lies_in_a_memory() -> None:
    words = words_of(platform_picture(*camera()))
    assert f"{SOURCE}, grab, scale, {SINK}" in words
    assert words.count("2 kB") == 4  # each of the four producers' data, once
    assert "4 kB of 256 kB" in words


def test_platform_gives_shares_of_area_and_energy() -> None:
    words = words_of(platform_picture(*camera()))
    assert "0.6 mm² · 60 %" in words  # cpu, of 1 mm²
    assert "3 µJ · 30 %" in words  # cpu, of 10 µJ
    assert "0.3 mm² · 30 %" in words  # ram
    assert "6 µJ · 60 %" in words  # ram


def test_an_unused_block_is_dashed_and_says_so_and_a_used_one_is_not() -> None:
    figure = platform_picture(*camera())
    assert words_of(figure).count("unused") == 3  # spare, rest, leaf
    for name in ("spare", "rest", "leaf"):
        assert box_around(figure, name).get_linestyle() != "solid"
    for name in ("cpu", "ip", "ram", "hub"):
        assert box_around(figure, name).get_linestyle() in ("-", "solid")


def test_a_moved_block_names_its_old_bus_and_a_dropped_link_is_dotted() -> None:
    soc, result, application = camera()
    figure = platform_picture(soc, result, application)
    assert "moved here from leaf" in words_of(figure)
    assert "link not simulated" in words_of(figure)
    # Link and key; everything else is drawn through.
    assert [line.get_linestyle() for line in figure.axes[0].lines].count(":") == 2
    kept = platform_picture(soc, replace(result, links=(*result.links, ("leaf", "hub"))), application)
    assert "link not simulated" not in words_of(kept)
    assert ":" not in [line.get_linestyle() for line in kept.axes[0].lines]


def test_the_colour_of_a_block_deepens_with_its_seconds_as_a_bottleneck() -> None:
    from matplotlib.colors import to_hex

    figure = platform_picture(*camera())
    fill = {name: to_hex(box_around(figure, name).get_facecolor()).upper() for name in ("cpu", "ip", "ram", "hub")}
    # cpu sets the pace for 2.5 ms, most of all; ram for 0.6 and hub for 0.4 of them, ip never
    assert fill["cpu"] == blend(LIGHT.card, LIGHT.hue["compute"], 0.55)
    assert fill["ram"] == blend(LIGHT.card, LIGHT.hue["memory"], 0.55 * 0.6 / 2.5)
    assert fill["hub"] == blend(LIGHT.card, LIGHT.hue["bus"], 0.55 * 0.4 / 2.5)
    assert fill["ip"] == LIGHT.card


def test_every_bar_reaches_from_start_to_finish() -> None:
    soc, result, application = camera()
    figure = schedule_picture(soc, result, application)
    for known in result.tasks.values():
        bar = drawn(figure, f"task:{known.name}")
        assert bar.get_x() == known.start_s
        assert bar.get_x() + bar.get_width() == pytest.approx(known.finish_s, abs=1e-15)


def test_there_is_a_row_for_each_element_that_runs_something() -> None:
    figure = schedule_picture(*camera())
    words = words_of(figure)
    assert {"cpu", "ip"} <= set(words)
    assert "spare" not in words
    rows = {name: drawn(figure, f"task:{name}").get_y() for name in ("grab", "blur", "scale")}
    assert rows["grab"] == rows["scale"] != rows["blur"]


def test_a_bar_is_coloured_by_what_set_the_pace_in_each_phase() -> None:
    from matplotlib.colors import to_hex

    figure = schedule_picture(*camera())
    row = drawn(figure, "task:blur").get_y()
    parts = [p for p in figure.axes[0].patches if p.get_y() == row and p.get_gid() is None]
    found = [(p.get_x(), p.get_width(), to_hex(p.get_facecolor()).upper()) for p in parts]
    assert [x for x, _, _ in found] == pytest.approx([1 * MS, 1.6 * MS])
    assert [w for _, w, _ in found] == pytest.approx([0.6 * MS, 0.4 * MS])
    assert [c for _, _, c in found] == [blend(LIGHT.card, LIGHT.hue[g], 0.5) for g in ("memory", "bus")]
    assert {"ram", "hub"} <= set(words_of(figure))


def test_a_wait_reaches_from_ready_to_start() -> None:
    figure = schedule_picture(*camera())
    wait = drawn(figure, "wait:scale").get_xdata()
    assert (min(wait), max(wait)) == (2 * MS, 2.5 * MS)
    waits = [a.get_gid() for a in figure.axes[0].lines if str(a.get_gid()).startswith("wait:")]
    assert waits == ["wait:scale"]


def test_phases_without_duration_draw_no_line() -> None:
    figure = schedule_picture(*camera())
    lines = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_gid() == "phase"]
    assert lines == [0, 1 * MS, 1.6 * MS, 2.5 * MS]


@pytest.mark.parametrize(("deadline", "shown"), [(3 * MS, True), (5 * MS, True), (50 * MS, False), (None, False)])
def test_a_deadline_is_drawn_within_or_near_the_schedule(deadline: float | None, shown: bool) -> None:
    figure = schedule_picture(*camera(deadline))
    lines = [line for line in figure.axes[0].lines if line.get_gid() == "deadline:camera"]
    assert [line.get_xdata()[0] for line in lines] == ([deadline] if shown else [])
    assert figure.axes[0].get_xlim()[1] < 10 * MS


def test_a_task_too_short_to_see_is_marked_and_named() -> None:
    soc, result, application = camera()
    short = replace(result.tasks["blur"], finish_s=1 * MS + 1e-9)
    figure = schedule_picture(soc, replace(result, tasks={**result.tasks, "blur": short}), application)
    marks = [line for line in figure.axes[0].lines if line.get_linewidth() == 2.2]
    assert [line.get_xdata()[0] for line in marks] == pytest.approx([1 * MS])
    assert "blur" in words_of(figure)


def test_several_workloads_have_a_colour_each() -> None:
    soc, result, _ = camera()
    both = application_of(("left", ("grab", "blur"), 3 * MS), ("right", ("scale",), 4 * MS))
    data = {(edge.producer, edge.consumer): "ram" for edge in both.edges}
    soc, result = replace(soc, data_in=data), replace(result, latency_s={"left": 2 * MS, "right": 4 * MS})
    figure = schedule_picture(soc, result, both)
    colours = [drawn(figure, f"deadline:{name}").get_color() for name in ("left", "right")]
    assert colours == list(LIGHT.workloads[:2])
    labels = [known.get_text() for known in figure.legends[0].get_texts()]
    assert {"left: finish", "right: finish", "left: deadline", "right: deadline"} <= set(labels)
    assert "left + right" in words_of(figure)


@pytest.mark.parametrize("draw", PICTURES)
def test_the_headline_gives_latency_power_energy_area_and_distance(draw: Any) -> None:
    expected = "4 ms of 4 ms · 2.5 mW · 10 µJ · 1 mm² · misses its budgets, distance 0.5"
    assert expected in words_of(draw(*camera()))


@pytest.mark.parametrize("draw", PICTURES)
@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
def test_equal_systems_give_equal_files(tmp_path: Path, suffix: str, magic: bytes, draw: Any) -> None:
    for name in ("a", "b"):
        save(draw(*camera()), tmp_path / f"{name}{suffix}")
    first = (tmp_path / f"a{suffix}").read_bytes()
    assert first.startswith(magic)
    assert first == (tmp_path / f"b{suffix}").read_bytes()


def test_an_existing_file_is_kept_unless_asked(tmp_path: Path) -> None:
    out = tmp_path / "soc.svg"
    out.write_text("precious")
    figure = platform_picture(*camera())
    with pytest.raises(ConfigError, match=r"soc\.svg: the file exists"):
        save(figure, out)
    assert out.read_text() == "precious"
    save(figure, out, overwrite=True)
    assert out.read_text().startswith("<?xml")


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected a figure ending in \.png, \.pdf, \.svg, got \.jpg"):
        save(platform_picture(*camera()), tmp_path / "soc.jpg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("draw", PICTURES)
def test_dark_is_light_ink_on_the_ground_of_the_page(draw: Any) -> None:
    dark, light = draw(*camera(), dark=True), draw(*camera())
    assert (dark.get_facecolor()[3], light.get_facecolor()) == (0, (1, 1, 1, 1))
    (title,) = [known for known in dark.texts if known.get_text() == "camera"]
    assert title.get_color() > "#C0C0C0"


@pytest.mark.parametrize("draw", PICTURES)
def test_missing_matplotlib_names_the_extra(draw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r'pip install "archgym\[report\]"'):
        draw(*camera())


def test_the_global_state_of_matplotlib_is_left_alone() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    for draw in PICTURES:
        draw(*camera())
    assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0 s"), (4.8219e-3, "4.82 ms"), (1.0, "1 s"), (999.6e-6, "1 ms"), (2.7e-8, "27 ns"), (84.87, "84.9 s")],
)
def test_a_quantity_has_three_digits_and_a_prefix(value: float, words: str) -> None:
    assert text.quantity(value, "s") == words


def test_small_areas_are_square_micrometres() -> None:
    assert [text.area(value) for value in (0.65e-6, 17.1e-12, 0.0)] == ["0.65 mm²", "17.1 µm²", "0 mm²"]
