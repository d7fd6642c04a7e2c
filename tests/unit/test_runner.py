"""A run from its first ask to its result: stopping, resuming, refusing, being interrupted."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import archgym.runner as runner_module
from archgym.agent import Agent, Problem, Told, Trainer
from archgym.dataset.verify import verify
from archgym.errors import ConfigError, LogError, RunExists
from archgym.journal import shards
from archgym.read import read_samples
from archgym.result import Progress, RunResult
from archgym.run_dir import RunDirectory, read_state
from archgym.runner import run
from archgym.space import DesignBatch
from archgym.task import load_task, task_from_mapping

TASK = load_task("toy/latency-v1")
SMALL = task_from_mapping("toy/small-v1", {**TASK.data, "space": "small"})
TIMES = ["wall_s", "timestamp"]
Make = Callable[..., Agent | Trainer]


def rows(run_dir: Path) -> pd.DataFrame:
    return read_samples(run_dir).drop(columns=TIMES)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[Make], None]:
    """Let every agent name mean this factory."""
    return lambda make: monkeypatch.setattr(
        runner_module, "make_agent", lambda name, problem, **kw: make(problem, **kw)
    )


class Walker:
    """Proposes the space in order, and remembers what it was told."""

    def __init__(self, problem: Problem, *, seed: int) -> None:
        self.problem = problem
        self.asked: list[int] = []
        self.told: list[Told] = []
        self.designs = next(problem.space.enumerate())

    def ask(self, n: int, /) -> DesignBatch:
        assert sum(map(len, self.told)) == sum(self.asked), "asked before everything was told"
        start = sum(self.asked)
        self.asked.append(len(self.designs[start : start + n]))
        return self.designs[start : start + n]

    def tell(self, results: Told, /) -> None:
        self.told.append(results)


# ---- the loop


def test_a_run_spends_its_budget_and_logs_every_row(tmp_path: Path) -> None:
    result = run(TASK, "genetic", seed=1, budget=300, out=tmp_path)
    frame = read_samples(tmp_path)
    assert (result.stop, result.spent) == ("budget", 300)
    assert len(frame) == result.asked == 300 + result.duplicates
    assert frame["sample_id"].nunique() == 300
    assert (~frame["duplicate"]).sum() == 300
    assert result.failed == (frame["status"] != "OK").sum()
    assert set(frame["run_id"]) == {result.run_id}
    usable = frame[frame["violation"] == 0]
    assert result.best is not None
    assert result.best.scores["latency"] == usable["score.latency"].min()
    assert result.best.metrics["area"] == usable.loc[usable["score.latency"].idxmin(), "metric.area"]
    times = result.times
    assert 0 < times.simulator_s + times.agent_s + times.log_s <= times.total_s
    assert verify(tmp_path, rows=None)[0].problems == ()


def test_equal_runs_are_equal_and_other_seeds_differ(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(TASK, "genetic", seed=seed, budget=100, out=tmp_path / name)
    pd.testing.assert_frame_equal(rows(tmp_path / "a"), rows(tmp_path / "b"))
    assert not rows(tmp_path / "a")["sample_id"].equals(rows(tmp_path / "c")["sample_id"])


def test_without_a_directory_the_result_is_the_same(tmp_path: Path) -> None:
    logged = run(TASK, "genetic", seed=1, budget=100, out=tmp_path / "run")
    assert replace(run(TASK, "genetic", seed=1, budget=100), out=logged.out, times=logged.times) == logged


def test_the_agent_is_asked_for_what_is_left_and_told_everything_before(use: Callable[[Make], None]) -> None:
    made: list[Walker] = []
    use(lambda problem, *, seed: made.append(Walker(problem, seed=seed)) or made[-1])
    run(TASK, "walker", seed=0, budget=600)
    assert made[0].asked == [256, 256, 88]
    assert made[0].problem.budget == 600


def test_an_empty_ask_ends_the_run(use: Callable[[Make], None]) -> None:
    class Shy(Walker):
        def ask(self, n: int, /) -> DesignBatch:
            return super().ask(min(n, 30 - sum(self.asked)))

    use(Shy)
    result = run(TASK, "shy", seed=0, budget=100)
    assert (result.stop, result.spent) == ("exhausted", 30)


def test_a_space_smaller_than_the_budget_is_exhausted() -> None:
    size = SMALL.make_simulator().space.count()
    result = run(SMALL, "random", seed=0, budget=10 * size)
    assert (result.stop, result.spent) == ("exhausted", size)


def test_endless_duplicates_stall_a_run(use: Callable[[Make], None]) -> None:
    class Stuck(Walker):
        def ask(self, n: int, /) -> DesignBatch:
            return self.designs[np.arange(n) % 7]

    use(Stuck)
    result = run(TASK, "stuck", seed=0, budget=100, ask=50)
    assert (result.stop, result.spent) == ("stalled", 7)
    assert 2000 <= result.duplicates < 2000 + 100


def test_a_trainer_goes_through_the_same_door(use: Callable[[Make], None], tmp_path: Path) -> None:
    class Student:
        def __init__(self, problem: Problem, *, seed: int) -> None:
            self.rng = np.random.default_rng(seed)

        def train(self, problem: Problem, /) -> None:
            assert problem.door is not None
            while problem.door.remaining:
                told = problem.door.evaluate(problem.space.sample(7, self.rng))
                assert len(told)

    use(Student)
    whole = run(TASK, "student", seed=0, budget=50, out=tmp_path / "run")
    assert (whole.stop, whole.spent) == ("budget", 50)
    assert len(read_samples(tmp_path / "run")) == whole.asked


def test_the_default_design_is_priced_outside_budget_and_log(tmp_path: Path) -> None:
    result = run(TASK, "random", seed=0, budget=10, out=tmp_path, with_default=True)
    assert result.default is not None
    assert result.default.design == TASK.make_simulator().space.default
    assert (result.spent, len(read_samples(tmp_path))) == (10, result.asked)


def test_progress_says_where_the_run_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archgym.watched_door.REPORT_INTERVAL_S", 0.0)
    seen: list[Progress] = []
    result = run(TASK, "random", seed=0, budget=60, ask=20, progress=seen.append)
    assert [p.spent for p in seen][-1] == 60
    assert len(seen) >= 4
    assert all(p.budget == 60 and p.rate_per_s > 0 and p.left_s is not None for p in seen)
    assert seen[-1].left_s == 0
    assert seen[-1].best == result.best


def test_worker_processes_give_the_same_rows(tmp_path: Path) -> None:
    run(TASK, "genetic", seed=1, budget=60, out=tmp_path / "serial")
    run(TASK, "genetic", seed=1, budget=60, out=tmp_path / "pool", workers=2, timeout_s=30)
    pd.testing.assert_frame_equal(rows(tmp_path / "serial"), rows(tmp_path / "pool"))


@pytest.mark.parametrize("wrong", [{"budget": 0}, {"ask": 0}, {"timeout_s": 1.0}])
def test_impossible_settings_are_refused_before_anything_is_written(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        run(TASK, "random", seed=0, out=tmp_path / "run", **wrong)
    assert not (tmp_path / "run").exists()


# ---- the directory


class Unaskable:
    """An agent that must not be asked."""

    def ask(self, n: int, /) -> DesignBatch:
        pytest.fail("searched again")

    def tell(self, results: Told, /) -> None:
        pytest.fail("told again")


def test_an_agent_that_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="population"):
        run(TASK, "genetic", {"population": -1}, seed=0, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_finished_run_is_answered_from_its_state(tmp_path: Path, use: Callable[[Make], None]) -> None:
    first = run(TASK, "random", seed=0, budget=30, out=tmp_path)
    use(lambda problem, *, seed: Unaskable())
    assert run(TASK, "random", seed=0, budget=30, out=tmp_path) == first


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 5}, "seed is 0 there, 5 here"),
        ({"budget": 40}, "budget is 30 there, 40 here"),
        ({"agent": "genetic"}, "agent is 'random' there, 'genetic' here"),
        ({"task": SMALL}, "task.name is 'toy/latency-v1' there, 'toy/small-v1' here"),
        ({"ask": 8}, "ask is 256 there, 8 here"),
    ],
)
def test_another_run_is_refused_by_the_first_difference(change: dict[str, Any], named: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"task": TASK, "agent": "random", "seed": 0, "budget": 30, "out": tmp_path}
    run(**given)
    before = rows(tmp_path)
    with pytest.raises(RunExists) as caught:
        run(**{**given, **change})
    assert named in str(caught.value)
    pd.testing.assert_frame_equal(rows(tmp_path), before)


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunExists, match=r"thesis\.tex"):
        run(TASK, "random", seed=0, budget=30, out=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thesis.tex"]


def test_a_run_that_is_being_written_is_refused(tmp_path: Path) -> None:
    result = run(TASK, "random", seed=0, budget=30, out=tmp_path)
    from archgym.manifest import read_manifest

    with RunDirectory(tmp_path, read_manifest(tmp_path)), pytest.raises(RunExists, match="another process"):
        run(TASK, "random", seed=0, budget=30, out=tmp_path)
    assert run(TASK, "random", seed=0, budget=30, out=tmp_path) == result


# ---- interrupted and resumed


def interrupted_after(calls: int, error: BaseException) -> Callable[[Progress], None]:
    """A progress callback that raises at its *calls*-th call."""
    left = [calls]

    def progress(now: Progress) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise error

    return progress


@pytest.mark.parametrize("agent", ["random", "genetic", "local_search"])
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archgym.watched_door.REPORT_INTERVAL_S", 0.0)
    monkeypatch.setattr("archgym.dataset.compacting.LONG_ROWS", 70)
    whole = run(TASK, agent, seed=3, budget=200, out=tmp_path / "whole", ask=16)
    given: dict[str, Any] = {"seed": 3, "budget": 200, "out": tmp_path / "cut", "ask": 16}
    for calls in (3, 9, 1):
        with pytest.raises(KeyboardInterrupt):
            run(TASK, agent, **given, progress=interrupted_after(calls, KeyboardInterrupt()))
        assert read_state(tmp_path / "cut")["status"] == "interrupted"
    again = run(TASK, agent, **given)
    pd.testing.assert_frame_equal(rows(tmp_path / "cut"), rows(tmp_path / "whole"))
    assert 0 < again.resumed_rows < whole.asked
    same = {"out": "", "times": whole.times, "resumed_rows": 0}
    assert replace(again, **same) == replace(whole, **same)
    assert shards(tmp_path / "cut") == []


def test_a_signal_from_the_keyboard_ends_the_run_with_every_row_kept(
    tmp_path: Path, use: Callable[[Make], None]
) -> None:
    class Impatient(Walker):
        def tell(self, results: Told, /) -> None:
            super().tell(results)
            if len(self.told) == 3:
                os.kill(os.getpid(), signal.SIGINT)

    use(Impatient)
    with pytest.raises(KeyboardInterrupt):
        run(TASK, "impatient", seed=0, budget=100, ask=10, out=tmp_path)
    assert read_state(tmp_path)["status"] == "interrupted"
    assert len(read_samples(tmp_path)) == 30
    use(Walker)
    assert run(TASK, "impatient", seed=0, budget=100, ask=10, out=tmp_path).resumed_rows == 30


def test_a_resumed_run_simulates_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archgym.watched_door.REPORT_INTERVAL_S", 0.0)
    priced: list[int] = []
    simulator = type(TASK.make_simulator())
    evaluate = simulator.evaluate
    monkeypatch.setattr(simulator, "evaluate", lambda self, d: priced.append(len(d)) or evaluate(self, d))
    with pytest.raises(KeyboardInterrupt):
        run(
            TASK,
            "genetic",
            seed=3,
            budget=120,
            ask=16,
            out=tmp_path,
            progress=interrupted_after(4, KeyboardInterrupt()),
        )
    before = sum(priced)
    run(TASK, "genetic", seed=3, budget=120, ask=16, out=tmp_path)
    assert 0 < before < 120
    assert sum(priced) == 120


def test_an_agent_that_changed_is_found_out(
    tmp_path: Path, use: Callable[[Make], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archgym.watched_door.REPORT_INTERVAL_S", 0.0)

    class Changed(Walker):
        def __init__(self, problem: Problem, *, seed: int) -> None:
            super().__init__(problem, seed=seed)
            self.designs = self.designs[np.r_[0:12, 13, 12, 14:200]]

    use(Walker)
    error = LogError("stop here")
    with pytest.raises(LogError, match="stop here"):
        run(TASK, "walker", seed=0, budget=100, ask=5, out=tmp_path, progress=interrupted_after(4, error))
    assert read_state(tmp_path)["status"] == "failed"
    before = rows(tmp_path)
    use(Changed)
    with pytest.raises(LogError, match="at row 12 the agent now proposes"):
        run(TASK, "walker", seed=0, budget=100, ask=5, out=tmp_path)
    pd.testing.assert_frame_equal(rows(tmp_path), before)


def test_a_full_disk_ends_the_run_and_the_same_command_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(TASK, "genetic", seed=3, budget=100, ask=16, out=tmp_path / "whole")
    write = os.write
    room = [30_000]

    def full(fd: int, data: bytes) -> int:
        if room[0] <= 0:
            raise OSError(28, os.strerror(28))
        got = write(fd, data[: room[0]])
        room[0] -= got
        return got

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(LogError, match=r"No space left on device.*are kept"):
            run(TASK, "genetic", seed=3, budget=100, ask=16, out=tmp_path / "full")
    assert 0 < len(read_samples(tmp_path / "full")) < 100
    assert run(TASK, "genetic", seed=3, budget=100, ask=16, out=tmp_path / "full").resumed_rows > 0
    pd.testing.assert_frame_equal(rows(tmp_path / "full"), rows(tmp_path / "whole"))


def test_rows_lost_in_the_middle_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut may lose the end of one shard and keep the next one."""
    monkeypatch.setattr("archgym.watched_door.REPORT_INTERVAL_S", 0.0)
    given: dict[str, Any] = {"seed": 3, "budget": 100, "ask": 16}
    run(TASK, "genetic", **given, out=tmp_path / "whole")
    for calls in (2, 4):
        with pytest.raises(KeyboardInterrupt):
            run(TASK, "genetic", **given, out=tmp_path / "cut", progress=interrupted_after(calls, KeyboardInterrupt()))
    first, _ = shards(tmp_path / "cut")
    os.truncate(first, 3000)
    run(TASK, "genetic", **given, out=tmp_path / "cut")
    pd.testing.assert_frame_equal(rows(tmp_path / "cut"), rows(tmp_path / "whole"))


def test_the_result_survives_its_trip_through_the_state(tmp_path: Path) -> None:
    pareto = load_task("toy/pareto-v1")
    result = run(pareto, "random", seed=0, budget=200, out=tmp_path, with_default=True)
    assert len(result.front) > 1
    assert isinstance(json.loads((tmp_path / "state.json").read_text())["result"], dict)
    again: RunResult = run(pareto, "random", seed=0, budget=200, out=tmp_path)
    assert again == result
