"""The command line as a user meets it: what it prints, what it writes, how it refuses, and that nothing is lost."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archgym import read_samples
from archgym.cli import main

TASK = ("--task", "toy/latency-v1")


def archgym(*arguments: str, cwd: Path, code: int = 0, columns: int = 200) -> subprocess.CompletedProcess[str]:
    """Run the command in *cwd*; fails unless it exits with *code*."""
    done = subprocess.run(
        [sys.executable, "-m", "archgym", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        env={**os.environ, "COLUMNS": str(columns)},
    )
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run the command here in *tmp_path*: the one line on standard error with which it refuses, exit code 2."""

    def refuse(*arguments: str) -> str:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["archgym", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr().err
        assert caught.value.code == 2, printed
        lines = [line for line in printed.splitlines() if line.strip()]
        assert len(lines) == 1, printed
        assert lines[0].startswith("archgym: ")
        return lines[0]

    return refuse


def test_list_shows_what_is_installed(tmp_path: Path) -> None:
    data = json.loads(archgym("list", "--json", cwd=tmp_path).stdout)
    assert {row["name"] for row in data["agents"]} >= {"random", "local_search", "genetic"}
    assert {row["name"] for row in data["simulators"]} >= {"toy", "dram"}
    assert "toy/latency-v1" in {row["name"] for row in data["tasks"]}
    assert all(row["summary"] for rows in data.values() for row in rows)


def test_describe_shows_knobs_units_metrics_and_size(tmp_path: Path) -> None:
    text = archgym("describe", "dram", cwd=tmp_path).stdout
    assert "1,769,472 points" in text
    for word in ("RequestBufferSize", "MaxActiveTransactions", "latency_avg", "energy_total", " ns ", " J "):
        assert word in text
    data = json.loads(archgym("describe", "dram/platform", "--json", cwd=tmp_path).stdout)
    assert data["size"]["valid_designs"] > 10**9
    assert "PagePolicy" in data["schema"]["properties"]
    assert json.loads(archgym("describe", "genetic", "--json", cwd=tmp_path).stdout)["hyperparameters"]
    assert "budget" in archgym("describe", "toy/latency-v1", cwd=tmp_path).stdout


def test_run_keeps_every_sample_and_shows_the_best_beside_the_default(tmp_path: Path) -> None:
    arguments = ("run", *TASK, "--agent", "genetic", "--budget", "80", "--seed", "3", "--out", "r", "--plots")
    printed = archgym(*arguments, cwd=tmp_path).stdout
    assert re.search(r"default +best +change", printed)
    assert "80 designs evaluated" in printed
    samples = read_samples(tmp_path / "r")
    assert (~samples["duplicate"]).sum() == 80
    for plot in ("convergence.png", "pareto.png"):
        assert (tmp_path / "r" / plot).read_bytes().startswith(b"\x89PNG")
    assert "80 of 80 rows equal" in archgym("replay", "r", cwd=tmp_path).stdout
    assert json.loads(archgym("dataset", "info", "r", "--json", cwd=tmp_path).stdout)["rows"] == len(samples)
    archgym("dataset", "export", "r", "--out", "s.csv", cwd=tmp_path)
    with (tmp_path / "s.csv").open() as file:
        assert sum(1 for _ in csv.reader(file)) == len(samples) + 1
    assert "ok: " in archgym("dataset", "verify", "r", cwd=tmp_path).stdout


def test_the_same_command_shows_the_same_result_and_another_one_is_refused(
    tmp_path: Path, refusal: Callable[..., str]
) -> None:
    arguments = ["run", *TASK, "--agent", "random", "--budget", "50", "--out", "r"]
    first = archgym(*arguments, "--json", cwd=tmp_path).stdout
    assert json.loads(archgym(*arguments, "--json", cwd=tmp_path).stdout)["best"] == json.loads(first)["best"]
    before = {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()}
    line = refusal(*arguments, "--seed", "9")
    assert "holds another run: seed is 0 there, 9 here" in line
    assert {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()} == before


def test_evaluate_prices_a_table(tmp_path: Path, refusal: Callable[..., str]) -> None:
    (tmp_path / "in.csv").write_text("L1Size,Prefetcher\n16,Stride\n32,None\n")
    archgym("evaluate", "toy", "--designs", "in.csv", "--out", "out.csv", cwd=tmp_path)
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["OK", "OK"]
    assert float(rows[0]["latency [ns]"]) != float(rows[1]["latency [ns]"])
    assert "out.csv exists" in refusal("evaluate", "toy", "--designs", "in.csv", "--out", "out.csv")


def test_a_design_that_breaks_a_constraint_is_a_row_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("Scheduler,LowWatermark,HighWatermark\nGrpFrFcfsWm,0,0\nGrpFrFcfsWm,2,8\n")
    archgym("evaluate", "dram", "--space", "platform", "--designs", "in.csv", "--out", "out.csv", cwd=tmp_path)
    with (tmp_path / "out.csv").open() as file:
        broken, sound = csv.DictReader(file)
    assert (broken["status"], broken["latency_avg [ns]"]) == ("INFEASIBLE", "")
    assert "LowWatermark" in broken["message"]
    assert sound["status"] == "OK"
    assert float(sound["latency_avg [ns]"]) > 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "--task", "toy/latency"), "did you mean 'toy/latency-v1'"),
        (("run", *TASK, "--agent", "genetik"), "did you mean 'genetic'"),
        (("run", *TASK, "--agent", "genetic", "--set", "populaton=8"), "did you mean 'population'"),
        (("run", *TASK, "--agent", "genetic", "--set", "population=some"), "population: expected an integer"),
        (("run", *TASK, "--agent", "genetic", "--set", "population"), "expected KEY=VALUE"),
        (("run",), "expected an experiment file or --task"),
        (("run", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (("run", "bad.yaml"), "key 'buget': did you mean 'budget'"),
        (("run", "type.yaml"), "budget: expected a valid integer, got 'lots'"),
        (("describe", "drum"), "did you mean 'dram'"),
        (("evaluate", "toy", "--designs", "knob.csv", "--out", "o.csv"), "knob.csv:2: "),
        (("evaluate", "toy", "--designs", "value.csv", "--out", "o.csv"), "value.csv:3: "),
        (("evaluate", "toy", "--designs", "empty.csv", "--out", "o.csv"), "expected a header and at least one design"),
        (
            ("evaluate", "dram", "--workload", "empty_trace.csv", "--designs", "d.csv", "--out", "o.csv"),
            "empty_trace.csv",
        ),
        (("evaluate", "dram", "--workload", "order.csv", "--designs", "d.csv", "--out", "o.csv"), "order.csv:3: "),
        (("evaluate", "dram", "--workload", "cut.csv", "--designs", "d.csv", "--out", "o.csv"), "cut.csv:3: "),
        (("evaluate", "dram", "--workload", "far.csv", "--designs", "d.csv", "--out", "o.csv"), "beyond"),
        (("evaluate", "dram", "--workload", "streem", "--designs", "d.csv", "--out", "o.csv"), "did you mean 'stream'"),
        (("evaluate", "dram", "--designs", "zero.csv", "--out", "o.csv"), "MaxActiveTransactions"),
        (
            ("evaluate", "dram", "--option", "knobs={ThinkDelayFw: -1}", "--designs", "d.csv", "--out", "o.csv"),
            "think_delay_fw: expected 0..",
        ),
        (("conform", "drum", "bad.yaml"), "did you mean 'dram'"),
        (("conform", "dram", "nowhere.csv"), "nowhere.csv: no such file"),
        (("replay", "."), "expected a run directory"),
        (("dataset", "info", "."), "expected a run directory or a folder of runs"),
        (("new", "agent", "Bad-Name"), "expected lower-case letters"),
        (("new", "simulator", "toy"), "taken by an installed plug-in"),
        (("trace", "info", "order.csv"), "order.csv:3: "),
    ],
)
def test_bad_input_is_refused_in_one_line(
    arguments: tuple[str, ...], expected: str, tmp_path: Path, refusal: Callable[..., str]
) -> None:
    files = {
        "bad.yaml": "task: toy/latency-v1\nbuget: 3\n",
        "type.yaml": "task: toy/latency-v1\nbudget: lots\n",
        "knob.csv": "L1Sise\n16\n",
        "value.csv": "L1Size\n16\n17\n",
        "empty.csv": "L1Size\n",
        "d.csv": "PagePolicy\nOpen\n",
        "zero.csv": "MaxActiveTransactions\n0\n",
        "empty_trace.csv": "time_ns,op,addr\n",
        "order.csv": "time_ns,op,addr\n5,R,0x40\n3,R,0x80\n",
        "cut.csv": "time_ns,op,addr\n5,R,0x40\n6,R",
        "far.csv": "time_ns,op,addr\n5,R,0xffffffffffc0\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert expected in refusal(*arguments)
    assert {path.name for path in tmp_path.iterdir()} == set(files), "a refused command leaves nothing behind"


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = archgym("--debug", "run", "--task", "toy/latency", cwd=tmp_path, code=1)
    assert "Traceback" in done.stderr
    assert "Traceback" in archgym("run", "--task", "toy/latency", "--debug", cwd=tmp_path, code=1).stderr


def test_a_directory_that_is_no_run_is_left_alone(tmp_path: Path, refusal: Callable[..., str]) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "thesis.txt").write_text("years of work")
    assert "is not empty and no run" in refusal("run", *TASK, "--out", "r")
    assert (tmp_path / "r" / "thesis.txt").read_text() == "years of work"
    assert sorted(path.name for path in (tmp_path / "r").iterdir() if path.name != "lock") == ["thesis.txt"]


def test_ctrl_c_keeps_the_log_and_the_same_command_goes_on(tmp_path: Path) -> None:
    arguments = ["run", *TASK, "--agent", "random", "--budget", "8000", "--out", "r"]
    process = subprocess.Popen(
        [sys.executable, "-m", "archgym", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any((tmp_path / "r").glob("journal/*.jsonl")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    if process.returncode == 130:  # not finished before the signal came
        assert "the same command goes on" in stderr
        assert "Traceback" not in stderr
    printed = archgym(*arguments, "--json", cwd=tmp_path).stdout
    assert json.loads(printed)["spent"] == 8000
    whole = archgym(*arguments[:-1], "whole", "--json", cwd=tmp_path).stdout
    columns = [name for name in read_samples(tmp_path / "r").columns if name not in ("wall_s", "timestamp")]
    resumed, straight = (read_samples(tmp_path / name)[columns] for name in ("r", "whole"))
    assert resumed.equals(straight)
    assert json.loads(whole)["best"] == json.loads(printed)["best"]


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "from archgym.cli import main\n"
        "sys.argv = ['archgym', 'run', '--task', 'toy/latency-v1', '--budget', '5000', '--out', 'r']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    kept = len(read_samples(tmp_path / "r"))
    assert kept > 0
    printed = archgym("run", *TASK, "--budget", "5000", "--out", "r", "--json", cwd=tmp_path).stdout
    assert json.loads(printed)["spent"] == 5000
    assert json.loads(printed)["resumed_rows"] >= kept
