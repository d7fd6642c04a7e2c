"""A search that begins with the results of earlier ones: told, not charged, named in the manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from archgym.errors import LogError
from archgym.manifest import read_manifest
from archgym.read import read_samples
from archgym.runner import run
from archgym.task import load_task, task_from_mapping
from archgym.warm_start import read_warm_start

LATENCY = load_task("toy/latency-v1")


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A finished run of 200 random designs."""
    folder = tmp_path / "earlier"
    run(LATENCY, "random", seed=1, budget=200, out=folder)
    return folder


def test_every_judged_design_is_told_once(earlier: Path) -> None:
    warm = read_warm_start([earlier, earlier], LATENCY.make_simulator(), LATENCY.objective)
    samples = read_samples(earlier)
    assert len(warm) == len(samples[~samples["duplicate"]])
    assert warm.told.scores.min() == samples["score.latency"].min()


def test_scores_follow_the_new_objective(earlier: Path) -> None:
    energy = task_from_mapping("energy", {**LATENCY.data, "objective": {"optimize": "energy"}, "limits": []})
    warm = read_warm_start([earlier], energy.make_simulator(), energy.objective)
    samples = read_samples(earlier)
    assert warm.told.scores.min() == samples["metric.energy"].min()


def test_results_are_neither_charged_nor_logged_and_help(earlier: Path, tmp_path: Path) -> None:
    """What the genetic agent is told joins its first parents: from there it gets further with the same budget."""
    samples = read_samples(earlier)
    best = samples[samples["violation"] == 0]["score.latency"].min()
    result = run(LATENCY, "genetic", seed=2, budget=60, out=tmp_path / "warm", warm_start=[earlier])
    cold = run(LATENCY, "genetic", seed=2, budget=60)
    assert (result.spent, result.warm_rows) == (60, 200)
    assert len(read_samples(tmp_path / "warm")) == 60
    assert result.best is not None
    assert cold.best is not None
    assert result.best.scores["latency"] < min(best, cold.best.scores["latency"])


def test_the_manifest_names_the_runs_and_a_continued_run_wants_the_same(earlier: Path, tmp_path: Path) -> None:
    folder = tmp_path / "warm"
    first = run(LATENCY, "genetic", seed=2, budget=60, out=folder, warm_start=[earlier])
    told = read_manifest(folder).config["warm_start"]
    assert told["runs"] == [read_manifest(earlier).run_id]
    assert told["rows"] == first.warm_rows
    assert run(LATENCY, "genetic", seed=2, budget=60, out=folder, warm_start=[earlier]).to_data() == first.to_data()
    with pytest.raises(Exception, match="warm_start"):
        run(LATENCY, "genetic", seed=2, budget=60, out=folder)


def test_another_simulator_is_refused_before_anything_is_written(earlier: Path, tmp_path: Path) -> None:
    with pytest.raises(LogError, match="is a run of simulator 'toy', not 'dram'"):
        run(load_task("dram/random-latency-v1"), "random", seed=0, budget=5, out=tmp_path / "no", warm_start=[earlier])
    assert not (tmp_path / "no").exists()


def test_a_path_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="expected a run directory or a folder of runs"):
        run(LATENCY, "random", seed=0, budget=5, warm_start=[tmp_path])
