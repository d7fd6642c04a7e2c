"""One design looked at: the right design, its price, what the plug-in says and draws, and how bad input is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archgym import read_samples
from archgym.cli import main
from archgym.errors import ConfigError
from archgym.registry import make_simulator, simulator_plugin
from archgym.report import inspection
from archgym.report.design_source import laid_over, read_design
from archgym.runner import run
from archgym.simulator import DetailTable
from archgym.space import Categorical, DesignSpace, Ordinal
from archgym.task import load_task, task_from_mapping

Command = Callable[..., str]
TOY = ("--task", "toy/latency-v1")


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    run(load_task("toy/latency-v1"), "random", seed=1, budget=60, out=out, with_default=True)
    return out


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``archgym show`` in *tmp_path*: what it printed; *code* is the exit code that is expected."""

    def show(*arguments: str, code: int = 0) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["archgym", "show", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr()
        assert caught.value.code == code, printed
        if code:
            assert len(printed.err.strip().splitlines()) == 1, printed.err
        return printed.err if code else printed.out

    return show


def with_plugin(monkeypatch: pytest.MonkeyPatch, **hooks: Any) -> None:
    """The toy simulator's plug-in gets more to say about a design."""
    plugin = replace(simulator_plugin("toy"), **hooks)
    monkeypatch.setattr(inspection, "simulator_plugin", lambda name: plugin)


def test_a_run_shows_its_best_design_as_it_was_logged(searched: Path, command: Command) -> None:
    data = json.loads(command(str(searched), "--json"))
    samples = read_samples(searched)
    kept = samples[(samples["status"] == "OK") & (samples["violation"] == 0)]
    best = kept.loc[kept["score.latency"].idxmin()]
    assert data["design"]["parameters"] == {n.removeprefix("design."): best[n] for n in best.index if "design." in n}
    assert data["design"]["metrics"] == {n.removeprefix("metric."): best[n] for n in best.index if "metric." in n}
    assert data["design"]["scores"] == {"latency": best["score.latency"]}
    assert data["task"] == "toy/latency-v1"


def test_a_run_shows_any_design_of_its_log_and_the_default(searched: Path, command: Command) -> None:
    row = read_samples(searched).iloc[7]
    data = json.loads(command(str(searched), "--which", "7", "--json"))
    assert data["design"]["parameters"]["L1Size"] == row["design.L1Size"]
    assert data["design"]["status"] == row["status"]
    data = json.loads(command(str(searched), "--which", "default", "--json"))
    assert data["design"] == data["default"]


def test_a_file_gives_some_parameters_and_the_default_the_others(tmp_path: Path, command: Command) -> None:
    (tmp_path / "d.yaml").write_text("Prefetcher: None\nL1Size: 16\n")
    (tmp_path / "d.json").write_text('{"Prefetcher": "None", "L1Size": 16}')
    shown = [json.loads(command(name, *TOY, "--json")) for name in ("d.yaml", "d.json")]
    assert shown[0]["design"] == shown[1]["design"]
    space = make_simulator("toy").space
    assert shown[0]["design"]["parameters"] == {**space.default, "Prefetcher": "None", "L1Size": 16}


def test_set_is_laid_over_and_only_what_differs_is_listed(command: Command) -> None:
    text = command("default", *TOY, "--set", "Prefetcher=Stride", "--set", "L1Size=16")
    assert "status: OK" in text
    assert "It exceeds the limits by" in text
    assert "Stride" in text
    assert "5 parameters are as in the default design" in text
    assert "Replacement" not in text
    assert "Replacement" in command("default", *TOY, "--set", "L1Size=16", "--all")


def test_a_simulator_prices_without_a_task(command: Command) -> None:
    data = json.loads(command("default", "--simulator", "toy", "--workload", "stream", "--json"))
    assert (data["task"], data["workload"]["name"], data["design"]["scores"]) == (None, "stream", {})


def test_an_infeasible_design_is_an_answer_with_its_reason(command: Command) -> None:
    text = command("default", *TOY, "--set", "L1Size=64", "--set", "L1Ways=1")
    assert "status: INFEASIBLE: fits_in_page: expected " in text
    assert "5.333 ns" in text  # the default design's latency beside it


def test_words_that_yaml_takes_for_constants_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text("A: off\nB: 1_0\nC: null\nD: '2'\n")
    assert read_design(path) == {"A": "off", "B": "1_0", "C": "null", "D": "2"}


def test_texts_become_values_of_the_parameters_type() -> None:
    space = DesignSpace(
        [
            Categorical("flag", (False, True)),
            Categorical("word", ("off", "1")),
            Ordinal("size", (1, 2)),
            Ordinal("v", (0.5, 1.0)),
        ]
    )
    design = laid_over(space.default, ["flag=true", "word=1", "size=2", "v=1"], space)
    assert design == {"flag": True, "word": "1", "size": 2, "v": 1.0}
    assert [type(value) for value in design.values()] == [bool, str, int, float]


def test_tables_and_pictures_of_the_plugin_see_its_own_simulator(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    seen: list[Any] = []

    def details(simulator: Any, design: Mapping[str, Any]) -> list[DetailTable]:
        seen.append(simulator)
        return [DetailTable("Levels", ("level", "size"), (("L1", str(design["L1Size"])),))]

    with_plugin(monkeypatch, details=details, pictures={"floor": lambda simulator, design, dark=False: Figure((1, 1))})
    task = {"simulator": "toy", "summary": "Small.", "restrict": {"L1Size": [8, 16]}, "budget": 9}
    task_file = tmp_path / "t.yaml"
    task_file.write_text(json.dumps({**task, "objective": {"optimize": "latency"}}))
    text = command("default", "--task", "t.yaml", "--out", "p", "--format", "png", "--format", "svg")
    assert "Levels" in text
    assert type(seen[0]) is type(make_simulator("toy"))
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"floor.png", "floor.svg"}
    line = command("default", "--task", "t.yaml", "--out", "p", code=2)
    assert "floor.png exists; choose another folder or remove it" in " ".join(line.split())
    data = json.loads(command("default", "--task", "t.yaml", "--json"))
    assert data["tables"] == [{"title": "Levels", "headers": ["level", "size"], "rows": [["L1", "16"]], "right": []}]


def test_a_plugin_without_pictures_is_said_so(tmp_path: Path, command: Command) -> None:
    assert "simulator 'toy' draws no pictures of its designs" in command("default", *TOY, "--out", "p")
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("default",), "expected --task NAME or --simulator NAME to price the design, got neither"),
        (("default", *TOY, "--simulator", "toy"), "got both"),
        (("default", *TOY, "--space", "x"), "--space: goes with --simulator"),
        (("default", *TOY, "--which", "best"), "--which 'best': goes with a run's directory"),
        (("nothing", *TOY), "'nothing' does not exist: expected a run's directory, a design file"),
        (("nothing.yaml", *TOY), "nothing.yaml: no such file"),
        ((".", *TOY), "--task: . is a directory, and a run has its own task"),
        ((".",), ".: expected a run's directory, found no manifest.json in it"),
        (("default", *TOY, "--set", "L1Size"), "--set 'L1Size': expected PARAM=VALUE"),
        (("default", *TOY, "--set", "L1Size=33"), "--set: parameter 'L1Size' has no value 33: nearest is 32"),
        (("default", *TOY, "--set", "L1size=8"), "--set: parameter 'L1size': did you mean 'L1Size'?"),
        (("default", *TOY, "--set", "L1Size=8", "--set", "L1Size=8"), "'L1Size' is given twice"),
        (("default", *TOY, "--out", "p", "--format", "gif"), "--format 'gif': expected one of png, pdf, svg"),
        (("default", "--task", "toy/latency-v2"), "did you mean 'toy/latency-v1'"),
    ],
)
def test_bad_input_is_refused_in_one_line(arguments: tuple[str, ...], said: str, command: Command) -> None:
    assert said in command(*arguments, code=2)


@pytest.mark.parametrize("which", ["60000", "last"])
def test_a_design_that_a_run_does_not_have_is_refused(which: str, searched: Path, command: Command) -> None:
    assert which in command(str(searched), "--which", which, code=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"expected a mapping of parameters"),
        ("- 1\n", r"expected a mapping of parameters"),
        ("L1Size: [8]\n", r":1: expected one parameter and its value"),
        ("L1Size: 8\nL1Size: 16\n", r":2: 'L1Size' is given twice"),
        ("L1Size: [8\n", r":2: not valid YAML or JSON"),
    ],
)
def test_a_file_that_is_no_design_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "d.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_design(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_design(path)


def test_a_restricted_task_refuses_values_it_leaves_out(tmp_path: Path, command: Command) -> None:
    task = {"simulator": "toy", "summary": "Small.", "restrict": {"L1Size": [8, 16]}, "budget": 9}
    (tmp_path / "t.yaml").write_text(json.dumps({**task, "objective": {"optimize": "latency"}}))
    assert "parameter 'L1Size' has no value 32" in command("default", "--task", "t.yaml", "--set", "L1Size=32", code=2)
    assert task_from_mapping("t", {**task, "objective": {"optimize": "latency"}}).restrict == {"L1Size": [8, 16]}
