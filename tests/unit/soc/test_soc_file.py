"""Systems on chip in files: what is read, what is refused in one line, and what the verbs say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from archgym.cli import app
from archgym.registry import make_simulator
from archgym.simulators.soc.data_error import DataError
from archgym.simulators.soc.plugin.simulator import SocSimulator
from archgym.simulators.soc.soc import Soc
from archgym.simulators.soc.soc_file import read_soc, write_soc


def simulator() -> SocSimulator:
    made = make_simulator("soc", workload="hpvm_cava")
    assert isinstance(made, SocSimulator)
    return made


@pytest.fixture
def some() -> list[Soc]:
    made = simulator()
    designs = made.space.sample(5, np.random.default_rng(3)).designs()
    return [made.encoder.soc(design) for design in (made.space.default, *designs)]


def test_what_is_written_is_read(some: list[Soc], tmp_path: Path) -> None:
    for k, soc in enumerate(some):
        write_soc(soc, tmp_path / f"{k}.yaml")
        assert read_soc(tmp_path / f"{k}.yaml") == soc


def test_nothing_is_overwritten(some: list[Soc], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("mine")
    with pytest.raises(FileExistsError):
        write_soc(some[0], tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("buses:", "busses:", "unknown key 'busses'; did you mean 'buses'"),
        ("links: []", "links: [[bus0]]", r"links\[0\]: expected \[bus, bus\]"),
        ('type: "A53", bus', 'type: "A53", buss', "core0: unknown key 'buss'"),
        ('["source", "scale", "mem0"]', '["source", "scale"]', r"data\[0\]: expected \[producer, consumer, memory\]"),
        ('["source", "scale", "mem0"]', '["demosaic", "denoise", "mem0"]', "demosaic -> denoise is given twice"),
        ('"scale": "core0"', '"scale": 3', "tasks.scale: expected a text, got 3"),
        ("tasks:", "tasks: [", "line"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(
    some: list[Soc], tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "soc.yaml"
    write_soc(some[0], path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=message) as caught:
        read_soc(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def priced(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(app, ["soc", "price", "--workload", "hpvm_cava", "--json", *arguments])
    return result.exit_code, json.loads(result.stdout)


def test_a_file_has_the_price_of_its_design(some: list[Soc], tmp_path: Path) -> None:
    write_soc(some[0], tmp_path / "default.yaml")
    made = simulator()
    found = made.evaluate(made.space.from_designs([made.space.default])).metrics[0]
    code, [answer] = priced(str(tmp_path / "default.yaml"))
    assert code == 0
    assert answer["latency_s"] == {"hpvm_cava": found[0]}
    assert (answer["energy_J"], answer["power_W"], answer["area_mm2"]) == tuple(found[1:4])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('type: "A53"', 'type: "A54"', "did you mean 'A53'"),
        ('"core0": {type: "A53", bus: "bus0"}', '"core0": {type: "A53", bus: "bus9"}', "bus9"),
        ('"scale": "core0"', '"scale": "core1"', "core1"),
        ('type: "A53"', 'type: "scale/IP0/x1/100MHz"', "dummy"),
        ("links: []", 'links: [["bus0", "bus0"]]', "links a bus to itself"),
    ],
)
def test_a_system_that_cannot_work_is_an_answer(
    some: list[Soc], tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "soc.yaml"
    write_soc(some[0], path)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    code, [answer] = priced(str(path))
    assert code == 1
    assert answer["status"] == "INFEASIBLE"
    assert message in answer["message"]
    assert "\n" not in answer["message"]


def test_the_best_design_of_a_run_is_exported(tmp_path: Path) -> None:
    run = ["run", "--task", "soc/cava-budget-v1", "--agent", "random", "--budget", "20", "--out", str(tmp_path / "run")]
    assert CliRunner().invoke(app, run).exit_code == 0
    out = tmp_path / "best.yaml"
    assert CliRunner().invoke(app, ["soc", "export", str(tmp_path / "run"), "--out", str(out)]).exit_code == 0
    best = json.loads((tmp_path / "run" / "state.json").read_text())["result"]["best"]["metrics"]
    code, [answer] = priced(str(out), "--pictures", str(tmp_path / "pictures"))
    assert code == 0
    assert answer["energy_J"] == best["energy"]
    assert {Path(path).name for path in answer["pictures"]} == {"best-platform.svg", "best-schedule.svg"}
