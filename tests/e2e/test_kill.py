"""A run killed at any instant and started again gives the rows of a run that was never killed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from archgym.journal import shards
from archgym.read import read_samples

SERVER = Path(__file__).with_name("kill_server.py")
TIMES = ["wall_s", "timestamp"]
ASK = 32
Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    process = subprocess.Popen([sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def request(out: Path, seed: int, kill: dict[str, Any] | None = None) -> dict[str, Any]:
        stdin.write(json.dumps({"out": str(out), "seed": seed, "kill": kill}) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer

    yield request
    stdin.close()
    process.wait(10)


def rows(run_dir: Path) -> pd.DataFrame:
    if not (run_dir / "manifest.json").exists():  # killed before there was a run
        return pd.DataFrame()
    return read_samples(run_dir).drop(columns=TIMES)


def assert_whole_so_far(run_dir: Path, whole: pd.DataFrame, told: int) -> int:
    """The log is a prefix of the whole run: all that was told, and beyond it the evaluations in flight at most."""
    logged = rows(run_dir)
    assert told <= len(logged) <= told + ASK, (told, len(logged))
    if len(logged):
        pd.testing.assert_frame_equal(logged, whole.iloc[: len(logged)].reset_index(drop=True))
    return len(logged)


def assert_finishes(ask: Ask, run_dir: Path, whole: pd.DataFrame, seed: int) -> None:
    assert ask(run_dir, seed)["ended"]
    pd.testing.assert_frame_equal(rows(run_dir), whole)
    assert shards(run_dir) == []
    assert json.loads((run_dir / "state.json").read_text())["status"] == "finished"
    assert [path for path in run_dir.rglob("*") if ".tmp" in path.name] == []


def test_killed_at_random_times(ask: Ask, tmp_path: Path) -> None:
    dice = random.Random(20)
    kills = partial = 0
    for seed in range(3):
        whole_dir = tmp_path / f"whole-{seed}"
        ask(whole_dir, seed)
        whole = rows(whole_dir)
        took = ask(tmp_path / f"timed-{seed}", seed)["seconds"]
        for attempt in range(18):
            run_dir = tmp_path / f"killed-{seed}-{attempt}"
            logged = 0
            for _ in range(dice.choice([1, 1, 2, 3])):
                answer = ask(run_dir, seed, {"after_s": dice.uniform(0, 1.05 * took)})
                logged = assert_whole_so_far(run_dir, whole, max(logged, answer["told"]))
                kills += not answer["ended"]
                partial += 0 < logged < len(whole)
            assert_finishes(ask, run_dir, whole, seed)
    assert kills >= 50
    assert partial >= 10


def test_killed_before_and_after_every_change_of_the_disk(ask: Ask, tmp_path: Path) -> None:
    whole_dir, seed = tmp_path / "whole", 7
    calls = ask(whole_dir, seed)["calls"]
    whole = rows(whole_dir)
    assert calls > 40
    for call in range(1, calls + 1):
        run_dir = tmp_path / f"killed-{call}"
        answer = ask(run_dir, seed, {"call": call, "when": "before" if call % 2 else "after"})
        assert not answer["ended"]
        logged = assert_whole_so_far(run_dir, whole, answer["told"])
        if call % 3 == 0:  # once more, early in the resumed run
            again = ask(run_dir, seed, {"call": 1 + call % 11, "when": "after"})
            assert_whole_so_far(run_dir, whole, max(logged, again["told"]))
        assert_finishes(ask, run_dir, whole, seed)
