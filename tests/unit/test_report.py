"""The page shows what the runs hold, reads nothing from anywhere else, and says what it had to leave out."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from archgym import read_samples
from archgym.cli import main
from archgym.errors import ConfigError, LogError
from archgym.objective import Limit, Objective, Optimize
from archgym.registry import simulator_plugin
from archgym.report import inspection, search_figures
from archgym.report.comparison import metric_lines
from archgym.report.failures import reasons
from archgym.report.markup import element
from archgym.report.run_report import RunReport, run_report
from archgym.report.run_table import duration
from archgym.report.runs import best_of, read_run, read_runs
from archgym.runner import run
from archgym.simulator import DetailTable
from archgym.task import load_task

pytest.importorskip("matplotlib")
from matplotlib.figure import Figure


class Page(HTMLParser):
    """What a browser would find: elements that are closed as they were opened, ids, links, the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "wbr"}:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in {"href", "xlink:href", "src", "srcset"}:
                self.links.append(str(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "title"}:
            self.text += f" {data} "


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three finished runs of one task and one of another."""
    folder = tmp_path_factory.mktemp("runs")
    for agent, seed in (("random", 1), ("random", 2), ("genetic", 1)):
        out = folder / f"{agent}-{seed}"
        run(load_task("toy/latency-v1"), agent, seed=seed, budget=60, out=out, with_default=True)
    run(load_task("toy/pareto-v1"), "random", seed=1, budget=40, out=folder / "other", with_default=True)
    return folder


@pytest.fixture(scope="module")
def everything(runs: Path) -> tuple[RunReport, Page]:
    """The page about all of them."""
    return made_from(runs)


@pytest.fixture
def one(runs: Path, tmp_path: Path) -> Path:
    """A copy of a run, to be changed."""
    return Path(shutil.copytree(runs / "random-1", tmp_path / "one"))


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command in *tmp_path*: the one line on standard error with which it refuses, exit code 2."""

    def refuse(*arguments: str) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["archgym", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr().err.strip()
        assert caught.value.code == 2, printed
        assert len(printed.splitlines()) == 1, printed
        return printed

    return refuse


def with_plugin(monkeypatch: pytest.MonkeyPatch, **hooks: Any) -> None:
    """The toy simulator's plug-in gets more to say about a design."""
    plugin = replace(simulator_plugin("toy"), **hooks)
    monkeypatch.setattr(inspection, "simulator_plugin", lambda name: plugin)


def small_figure(simulator: Any, design: Mapping[str, Any], /, *, dark: bool = False) -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.text(0.1, 0.5, f"{design['L1Size']}", color="#eeeeee" if dark else "#111111")
    figure.add_subplot().plot([0, 1], color="#abcdef" if dark else "#123456")
    return figure


def made_from(*paths: Path) -> tuple[RunReport, Page]:
    report = run_report(paths)
    return report, Page(report.html)


def test_the_page_is_whole_and_loads_nothing(everything: tuple[RunReport, Page]) -> None:
    report, page = everything
    assert (report.runs, report.tasks, report.left_out) == (4, 2, ())
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not re.search(r"https?:|@import|url\((?!#)", report.html)
    assert all(name in page.ids for name in re.findall(r"url\(#([^)]+)\)", report.html))
    assert len(report.html) < 1_000_000


def test_each_task_has_a_section_that_the_contents_lead_to(everything: tuple[RunReport, Page], runs: Path) -> None:
    report, page = everything
    assert {"#toy-latency-v1", "#toy-pareto-v1"} <= set(page.links)
    assert load_task("toy/latency-v1").summary in page.text
    assert "nav" not in Page(run_report([runs / "other"]).html).tags
    assert [picture.name for picture in report.pictures] == [
        f"toy-{task}-{figure}" for task in ("latency-v1", "pareto-v1") for figure in ("convergence", "trade-off")
    ]


def test_the_best_design_is_the_lowest_score_of_all_runs_that_keeps_the_limits(
    everything: tuple[RunReport, Page], runs: Path
) -> None:
    _, page = everything
    samples = pd.concat([read_samples(runs / name) for name in ("random-1", "random-2", "genetic-1")])
    kept = samples[(samples["status"] == "OK") & (samples["violation"] == 0)]
    best = kept.loc[kept["score.latency"] == kept["score.latency"].min()].iloc[0]
    assert f"{best['score.latency']:.4g} ns" in page.text
    assert f"Found by {best['agent']} with seed {best['seed']}" in page.text
    assert "60 of 60" in page.text


def test_designs_without_a_result_never_win_and_those_that_miss_a_limit_only_if_nothing_else_is_there() -> None:
    samples = pd.DataFrame(
        {
            "index": [0, 1, 2, 3],
            "status": ["INFEASIBLE", "OK", "OK", "OK"],
            "violation": [np.inf, 0.5, 0.0, np.inf],
            "design.a": [1, 2, 3, 4],
            "metric.m": [np.nan, 1.0, 9.0, np.nan],
            "score.m": [np.inf, 1.0, 9.0, np.inf],
        }
    )
    winner = best_of(samples)
    assert winner is not None
    assert (winner.row, winner.design, winner.metrics) == (2, {"a": 3}, {"m": 9.0})
    runner_up = best_of(samples.drop(2))
    assert runner_up is not None
    assert runner_up.row == 1
    assert best_of(samples.iloc[[0, 3]]) is None


def test_text_from_outside_is_escaped_once() -> None:
    assert element("p", "a < b & c", element("b", '"d"'), title='"x"') == (
        '<p title="&quot;x&quot;">a &lt; b &amp; c<b>&quot;d&quot;</b></p>'
    )


def test_a_hostile_message_and_name_stay_text(one: Path) -> None:
    text = (one / "manifest.json").read_text().replace("Fastest two-level", "<script>alert(1)</script>")
    (one / "manifest.json").write_text(text)
    report, page = made_from(one)
    assert "script" not in page.tags
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in report.html


def test_change_and_verdict_follow_the_direction_of_the_metric() -> None:
    metrics = [
        {"name": "time", "unit": "s", "better": "lower"},
        {"name": "rate", "unit": "B/s", "better": "higher"},
        {"name": "count", "unit": "count", "better": "none"},
    ]
    before, after = {"time": 2e-3, "rate": 4e9, "count": 10.0}, {"time": 1e-3, "rate": 3e9, "count": 5.0}
    lines = {line.name: line for line in metric_lines(metrics, before, after, first=["rate"])}
    assert list(lines) == ["rate", "time", "count"]
    assert (lines["time"].design, lines["time"].change, lines["time"].verdict) == ("1 ms", "-50.0%", "better")
    assert (lines["rate"].change, lines["rate"].verdict) == ("-25.0%", "worse")
    assert (lines["count"].change, lines["count"].verdict) == ("-50.0%", "")
    assert metric_lines(metrics[:1], before, before)[0].change == "same"
    assert metric_lines(metrics[:1], {"time": 2.0}, {"time": 1e-3})[0].change == "2,000× less"
    assert metric_lines(metrics[:1], {"time": 2.0}, {"time": 2.0001})[0].change == "<0.1% more"
    from_nothing = metric_lines(metrics[:1], {"time": 0.0}, {"time": 1e-3})[0]
    assert (from_nothing.change, from_nothing.verdict) == ("", "worse")
    assert metric_lines(metrics[:1], {}, after)[0].change == ""


def test_reasons_count_unique_designs_and_join_messages_that_differ_in_numbers() -> None:
    samples = pd.DataFrame(
        {
            "status": ["INFEASIBLE", "INFEASIBLE", "FAILED", "OK", "OK", "OK", "OK"],
            "message": ["needs 4 at 2.5 MHz", "needs 7 at 3e3 MHz", "broke", "", "", "", ""],
            "duplicate": [False, False, False, True, False, False, False],
            "metric.area": [np.nan, np.nan, np.nan, 2.0, 2.0, 0.5, np.nan],
        }
    )
    found = reasons(samples, Objective((Optimize("area"),), (Limit("area", at_most=1.0),)))
    assert [(r.kind, r.text, r.count) for r in found] == [
        ("INFEASIBLE", "needs 4 at 2.5 MHz", 2),
        ("FAILED", "broke", 1),
        ("no value", "area has no value", 1),
        ("misses a limit", "area ≤ 1", 1),
    ]


def test_pictures_and_tables_of_the_plugin_are_shown_for_light_and_dark(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (("L1", "1 <nJ>"), ("L2", "2 nJ"))
    with_plugin(
        monkeypatch,
        details=lambda simulator, design: [DetailTable("Energy by level", ("level", "energy"), rows, right=(1,))],
        pictures={"floor_plan": small_figure},
    )
    report, page = made_from(runs / "random-1")
    assert "Energy by level" in page.text
    assert "1 <nJ>" in page.text
    picture = report.pictures[-1]
    assert (picture.name, picture.caption) == ("toy-latency-v1-floor-plan", "Floor plan of the best design.")
    drawn = report.html.split("<figure")[-1].split("</figure>")[0]
    assert drawn.count("<svg") == 1
    variable = re.search(r"(--c\d+):#123456;", drawn.split("@media")[0])
    assert variable
    assert re.search(rf"prefers-color-scheme:dark.*{variable[1]}:#abcdef;", drawn)
    assert f"stroke: var({variable[1]})" in drawn
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_pictures_that_differ_in_more_than_colours_are_both_on_the_page(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(simulator: Any, design: Mapping[str, Any], /, *, dark: bool = False) -> Figure:
        figure = small_figure(simulator, design, dark=dark)
        figure.text(0.1, 0.2, "night" if dark else "day")
        return figure

    with_plugin(monkeypatch, pictures={"floor_plan": draw})
    report, page = made_from(runs / "random-1")
    light, dark = (report.html.split(f'<div class="{side}">')[1].split("</svg>")[0] for side in ("light", "dark"))
    assert "#123456" in light
    assert "#abcdef" in dark
    assert len(page.ids) == len(set(page.ids))


def test_figures_beyond_the_room_of_a_page_are_left_to_files(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archgym.report.run_report.FIGURES_CHARACTERS", 60_000)
    report, page = made_from(runs)
    assert len(report.html) < 100_000
    assert "Left out, to keep the page small: archgym report --figures" in page.text
    assert page.tags.count("svg") < len(report.pictures) == 4


def test_what_a_plugin_cannot_tell_is_a_note(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise ConfigError("this design is too simple")

    with_plugin(monkeypatch, details=refuse, pictures={"floor_plan": refuse})
    page = Page(run_report([runs / "random-1"]).html)
    assert "no details: this design is too simple" in page.text
    assert "no picture floor_plan: this design is too simple" in page.text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"name": "toy"', '"name": "gone"', "simulator 'gone': "),
        ('"version": "1"', '"version": "0"', "was made with simulator version 0 of 'toy', installed is 1"),
    ],
)
def test_runs_of_a_simulator_that_is_not_installed_are_reported_from_their_log(
    one: Path, old: str, new: str, said: str
) -> None:
    text = (one / "manifest.json").read_text().replace(old, new)
    (one / "manifest.json").write_text(
        text.replace('"simulator": "toy"', '"simulator": "gone"') if "gone" in new else text
    )
    _, page = made_from(one)
    assert said in page.text
    assert "Best design" in page.text
    assert "svg" in page.tags


def test_an_unfinished_run_is_reported_as_far_as_it_got(one: Path) -> None:
    (one / "state.json").unlink()
    _, page = made_from(one)
    assert "not finished: still running, or killed" in page.text
    assert f"{read_run(one).result}" == "None"
    assert "60 of 60" in page.text


def test_a_run_without_a_single_row_is_a_section_with_a_note(one: Path) -> None:
    shutil.rmtree(one / "samples")
    shutil.rmtree(one / "journal", ignore_errors=True)
    (one / "state.json").write_text('{"status": "failed"}')
    report, page = made_from(one)
    assert "No design of these runs has a result." in page.text
    assert report.pictures == ()


def test_a_broken_run_is_left_out_with_the_reason(one: Path, runs: Path) -> None:
    part = next((one / "samples").iterdir())
    part.write_bytes(part.read_bytes()[:100])
    report, page = made_from(runs / "random-2", one)
    assert report.runs == 1
    assert str(part) in report.left_out[0]
    assert "Left out, since it cannot be read: " in page.text
    with pytest.raises(LogError, match="none of the runs can be read: "):
        read_runs([one])


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ('{"status": "finished", "result": {}}', "the result in its state.json cannot be read"),
        ("[1]", "its state.json has no status"),
        ("{", "cannot be read"),
    ],
)
def test_a_state_that_no_run_wrote_is_refused(one: Path, state: str, said: str) -> None:
    (one / "state.json").write_text(state)
    with pytest.raises(LogError, match=said):
        read_run(one)


def test_a_manifest_that_lacks_a_key_is_refused(one: Path) -> None:
    manifest = json.loads((one / "manifest.json").read_text())
    del manifest["config"]["seed"]
    (one / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(LogError, match=r"has no config\.seed"):
        read_run(one)


def test_the_same_directory_counts_once_and_a_copy_is_a_run_of_its_own(one: Path, runs: Path) -> None:
    assert run_report([runs / "random-1", runs / "random-1"]).runs == 1
    report = run_report([runs / "random-1", one])
    assert report.runs == 2
    assert len(report.pictures[0].light.axes[0].get_lines()) == 3  # two runs and the default design


def test_many_designs_are_thinned_but_the_front_is_whole(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_figures, "MOST_POINTS", 10)
    thinned = run_report([runs / "random-1"]).pictures[1]
    monkeypatch.undo()
    whole = run_report([runs / "random-1"]).pictures[1]

    def front(figure: Figure) -> Any:
        lines = {str(line.get_label()): line.get_xydata() for line in figure.axes[0].get_lines()}
        return lines["non-dominated"], lines["best design"]

    for few, all_ in zip(front(thinned.light), front(whole.light), strict=True):
        assert np.array_equal(few, all_)
    assert re.search(r"\d+ of \d+ are drawn, the whole front among them", thinned.caption)
    assert "are drawn" not in whole.caption


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0894, "0.089 s"), (12.3, "12 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_read_like_speech(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_command_writes_the_page_into_the_first_path_and_replaces_nothing_unasked(
    one: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["archgym", "report", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        assert caught.value.code == 0

    command(str(one), "--figures", str(one / "figures"))
    assert "1 run of 1 task" in capsys.readouterr().out
    written = (one / "report.html").read_bytes()
    assert {path.name for path in (one / "figures").iterdir()} == {
        f"toy-latency-v1-{name}.{kind}" for name in ("convergence", "trade-off") for kind in ("png", "pdf")
    }
    assert "report.html exists; choose another --out, or give --overwrite" in refusal("report", str(one))
    command(str(one), "--overwrite")
    assert (one / "report.html").read_bytes() == written
    line = refusal("report", str(one), "--overwrite", "--figures", str(one / "figures"))
    assert "convergence.png exists; choose another folder or remove it" in line


def test_what_is_no_run_is_refused(tmp_path: Path, one: Path, refusal: Callable[..., str]) -> None:
    (tmp_path / "empty").mkdir()
    for path in ("empty", "nowhere"):
        assert f"{path}: expected a run directory or a folder of runs" in refusal("report", path, "--out", "x.html")
    assert "the folder nowhere does not exist" in refusal("report", str(one), "--out", "nowhere/x.html")
    assert "is a folder" in refusal("report", str(one), "--out", "empty")
    assert "--format 'gif': expected one of png, pdf, svg" in refusal("report", str(one), "--format", "gif")


def test_without_matplotlib_the_extra_is_named(
    one: Path, refusal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert 'a report needs matplotlib: pip install "archgym[report]"' in refusal("report", str(one))
