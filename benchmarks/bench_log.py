"""What the log costs: rows a second, bytes a row, and its share of a run whose simulator takes 600 us a design.

Run as ``python benchmarks/bench_log.py``. Each figure is the best of several repetitions, since other work on the
machine only ever makes it worse; throughputs are per second of processor time, and ``fsync`` is not in them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archgym.agent import Told
from archgym.dataset.compacting import CompactingJournal
from archgym.dataset.log import compact
from archgym.design_keys import design_keys
from archgym.evaluator import Evaluator
from archgym.journal import Journal
from archgym.manifest import Manifest, make_manifest
from archgym.read import read_samples
from archgym.record import Identity, LineFormat
from archgym.simulator import Evaluations, Metric, Simulator, Workload
from archgym.space import DesignBatch, DesignSpace
from archgym.task import Task, load_task

SIMULATOR_S = 600e-6
"""Time of one design: the bar of the DRAM simulator."""
BATCH = 256
WORKLOAD = Workload("none", "00")
REPEATS = 5


@dataclass(frozen=True)
class Paced:
    """Answers at once with random metrics, after *pause_s* a design of computing (processor time)."""

    space: DesignSpace
    metrics: tuple[Metric, ...]
    pause_s: float = 0.0
    name: str = "paced"
    version: str = "1"
    workload: Workload = WORKLOAD

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        until = time.thread_time() + self.pause_s * len(designs)
        values = np.random.default_rng(0).random((len(designs), len(self.metrics)))
        while time.thread_time() < until:
            pass
        return Evaluations(values, np.zeros(len(designs), np.uint8))


def main() -> None:
    task = load_task("toy/latency-v1")
    toy = task.make_simulator()
    paced = Paced(toy.space, toy.metrics)
    folder = Path(tempfile.mkdtemp(prefix="bench_log"))
    try:
        figures = {**journal_speed(task, paced, folder), **compaction(task, paced, folder)}
        figures |= {**one_row(task, paced, folder), **share(task, paced, folder)}
    finally:
        shutil.rmtree(folder)
    print(json.dumps(figures, indent=1))


def journal_speed(task: Task, simulator: Simulator, folder: Path) -> dict[str, float]:
    """Rows a second into the journal, in batches: formatting, writing and syncing."""
    designs = simulator.space.sample(BATCH, np.random.default_rng(1))
    results = simulator.evaluate(designs)
    scores = task.objective.score(results, simulator.metrics)
    flags = np.zeros(BATCH, np.bool_)
    told = Told(designs, scores.values, scores.violation, results.status, results.metrics, flags)
    keys = design_keys(designs.codes)
    best, rows = 0.0, 20_000 // BATCH * BATCH
    for repeat in range(REPEATS):
        with Journal(folder / f"journal-{repeat}", line_format(task, simulator)) as journal:
            began = time.process_time()
            for index in range(0, rows, BATCH):
                journal.append(index, keys, told, {}, 1e-4)
            best = max(best, rows / (time.process_time() - began))
    size = sum(path.stat().st_size for path in (folder / "journal-0").rglob("*.jsonl"))
    return {"journal_rows_per_s": round(best), "journal_bytes_per_row": round(size / rows, 1)}


def compaction(task: Task, simulator: Simulator, folder: Path) -> dict[str, float]:
    """Rows a second from journal to Parquet, and what is left of a row there."""
    run_dir = folder / "compacted"
    run_dir.mkdir()
    manifest = manifest_of(task, simulator)
    (run_dir / "manifest.json").write_text(manifest.to_json())
    rows = fill(task, simulator, Journal(run_dir, line_format(task, simulator)), 10_000)
    began = time.process_time()
    compact(run_dir, manifest)
    took = time.process_time() - began
    size = sum(path.stat().st_size for path in run_dir.rglob("*.parquet"))
    read_samples(run_dir)
    began = time.process_time()
    read_samples(run_dir)
    read = time.process_time() - began
    return {
        "compaction_rows_per_s": round(rows / took),
        "parquet_bytes_per_row": round(size / rows, 1),
        "read_samples_rows_per_s": round(rows / read),
    }


def one_row(task: Task, simulator: Simulator, folder: Path) -> dict[str, float]:
    """Microseconds of `Evaluator.evaluate` for one design with a simulator that answers at once."""
    designs = next(simulator.space.enumerate())
    single = [designs[row] for row in np.random.default_rng(2).permutation(len(designs))[:4000]]
    answer = simulator.evaluate(designs[0])

    @dataclass(frozen=True)
    class Instant(Paced):
        def evaluate(self, designs: DesignBatch, /) -> Evaluations:
            return answer

    instant = Instant(simulator.space, simulator.metrics)
    with Journal(folder / "one", line_format(task, instant)) as journal:
        plain, logged = Evaluator(instant, task.objective), Evaluator(instant, task.objective, journal=journal)
        return {
            "one_row_us": fastest(plain, single),
            "one_row_known_us": fastest(plain, single),
            "one_row_logged_us": fastest(logged, single),
            "one_row_known_logged_us": fastest(logged, single),
        }


def fastest(evaluator: Evaluator, single: list[DesignBatch], group: int = 20) -> float:
    """The best mean of *group* calls, us."""
    best = float("inf")
    for start in range(0, len(single), group):
        some = single[start : start + group]
        began = time.perf_counter()
        for designs in some:
            evaluator.evaluate(designs)
        best = min(best, (time.perf_counter() - began) / len(some))
    return round(best * 1e6, 1)


def share(task: Task, simulator: Paced, folder: Path) -> dict[str, float]:
    """Log time over the whole time of a run, compaction included, one design at a time and in batches."""
    slow = Paced(simulator.space, simulator.metrics, SIMULATOR_S)
    found = {}
    for name, batch in (("one", 1), ("batch", BATCH)):
        shares = []
        for repeat in range(3):
            run_dir = folder / f"share-{name}-{repeat}"
            run_dir.mkdir()
            log = CompactingJournal(Journal(run_dir, line_format(task, slow)), manifest_of(task, slow))
            evaluator = Evaluator(slow, task.objective, journal=log)
            began = time.perf_counter()
            drive(evaluator, 5000, batch)
            finishing = time.perf_counter()
            log.finish()
            ended = time.perf_counter()
            shares.append((evaluator.log_s + ended - finishing) / (ended - began))
        found[f"share_of_a_600_us_run_{name}"] = round(min(shares), 4)
    return found


def fill(task: Task, simulator: Simulator, journal: Journal, rows: int) -> int:
    evaluator = Evaluator(simulator, task.objective, journal=journal)
    drive(evaluator, rows, BATCH)
    journal.close()
    return evaluator.asked


def drive(evaluator: Evaluator, rows: int, batch: int) -> None:
    designs = evaluator.space.unrank(np.random.default_rng(3).permutation(evaluator.space.count())[:rows])
    for start in range(0, rows, batch):
        evaluator.evaluate(designs[start : start + batch])


def line_format(task: Task, simulator: Simulator) -> LineFormat:
    manifest = manifest_of(task, simulator)
    return LineFormat(simulator, task.objective, Identity(manifest.run_id, "random", manifest.agent_hash, 0))


def manifest_of(task: Task, simulator: Simulator) -> Manifest:
    return make_manifest(task, simulator, "random", {}, seed=0, budget=1, ask=BATCH)


if __name__ == "__main__":
    main()
