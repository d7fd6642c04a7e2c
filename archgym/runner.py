"""One run: searched to its end, logged, resumable, and the same however often it was interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archgym.agent import Agent, Problem, Trainer
from archgym.architecture import Architecture, EvaluatedOnly
from archgym.best import Best
from archgym.design_keys import design_keys
from archgym.errors import ConfigError, LogError
from archgym.evaluator import Evaluator, Log
from archgym.executor import Executor, SerialExecutor
from archgym.journal import Journal
from archgym.manifest import Manifest, make_manifest
from archgym.process_pool import ProcessExecutor
from archgym.record import Identity, LineFormat
from archgym.registry import make_agent
from archgym.result import Progress, RunResult, StopReason, Times, result_from_data
from archgym.run_dir import RunDirectory, State, read_state
from archgym.search import search
from archgym.simulator import Simulator
from archgym.task import Task
from archgym.watched_door import WatchedDoor

if TYPE_CHECKING:
    from archgym.warm_start import WarmStart

ASK = 256
"""Designs asked for at once, at most."""


def run(
    task: Task,
    agent: str,
    hyperparameters: Mapping[str, Any] | None = None,
    *,
    seed: int,
    budget: int | None = None,
    out: Path | str | None = None,
    progress: Callable[[Progress], None] | None = None,
    ask: int = ASK,
    workers: int = 0,
    timeout_s: float | None = None,
    options: Mapping[str, Any] | None = None,
    with_default: bool = False,
    warm_start: Sequence[Path | str] = (),
) -> RunResult:
    """Search *task* with *agent* and return what was found.

    *budget*: unique evaluations (the task's when None). *out*: the run's directory; the same call with the same
    directory goes on where it stopped and gives the rows that an uninterrupted run gives (but for times); without
    it nothing is kept. *workers* > 0 simulates in that many processes, *timeout_s* is then the limit of one design.
    *options* go to the simulator and must not change results (``threads``). *with_default* prices the space's
    default design too, outside budget and log. *warm_start*: runs, or folders of runs, whose results the agent is
    told before it begins (`archgym.warm_start`); a `Trainer` takes none.

    Raises `RunExists` when *out* holds anything else, `LogError` when the log cannot be written or does not fit.
    `KeyboardInterrupt` passes through after the log is closed.
    """
    allowance = task.budget if budget is None else budget
    if allowance <= 0 or ask <= 0:
        raise ConfigError(f"budget and ask: expected positive numbers, got {allowance} and {ask}")
    if timeout_s is not None and workers == 0:
        raise ConfigError("timeout_s: a time limit needs worker processes; give workers=1 or more")
    make = partial(task.make_simulator, **dict(options or {}))
    simulator = make()
    chosen = dict(hyperparameters or {})
    warm = _warm(warm_start, simulator, task)
    manifest = make_manifest(
        task,
        simulator,
        agent,
        chosen,
        seed=seed,
        budget=allowance,
        ask=ask,
        warm_start=None if warm is None else warm.to_data(),
    )
    problem = _problem(task, simulator, allowance)
    # Built before anything is written, so that what it refuses leaves nothing behind.
    searcher = make_agent(agent, problem, seed=seed, **chosen)
    if warm is not None:
        if not isinstance(searcher, Agent):
            raise ConfigError(
                f"warm_start: agent {agent!r} learns from its own episodes only; use one that asks and tells"
            )
        searcher.tell(warm.told)
    this = _Run(task, simulator, manifest, problem, searcher, progress, with_default, warm)
    if out is None:
        with _executor(make, simulator, workers, timeout_s) as executor:
            return this.search(executor)
    with RunDirectory(Path(out), manifest) as directory:
        state = read_state(directory.path)
        if state["status"] == "finished" and (not with_default or state["result"]["default"] is not None):
            return result_from_data({**state["result"], "out": str(directory.path)})
        with _executor(make, simulator, workers, timeout_s) as executor:
            return this.search_logged(directory, executor)


def _warm(paths: Sequence[Path | str], simulator: Simulator, task: Task) -> WarmStart | None:
    if not paths:
        return None
    from archgym.warm_start import read_warm_start

    return read_warm_start(paths, simulator, task.objective)


def _problem(task: Task, simulator: Simulator, budget: int) -> Problem:
    """What the agent is built for; no space has more designs to evaluate than its valid ones."""
    space = simulator.space
    allowance = min(budget, space.count()) if space.finite else budget
    offered: Architecture | None = getattr(simulator, "architecture", None)
    architecture = None if offered is None else EvaluatedOnly(offered)
    return Problem(task.name, space, task.objective, simulator.metrics, allowance, architecture=architecture)


@contextmanager
def _executor(
    make: Callable[[], Simulator], simulator: Simulator, workers: int, timeout_s: float | None
) -> Iterator[Executor]:
    if workers == 0:
        yield SerialExecutor(simulator)
        return
    with ProcessExecutor(make, len(simulator.metrics), workers=workers, timeout_s=timeout_s) as executor:
        yield executor


@dataclass(frozen=True, slots=True)
class _Run:
    task: Task
    simulator: Simulator
    manifest: Manifest
    problem: Problem
    searcher: Agent | Trainer
    progress: Callable[[Progress], None] | None
    with_default: bool
    warm: WarmStart | None

    def search_logged(self, directory: RunDirectory, executor: Executor) -> RunResult:
        """Search with the log of *directory*, from where it stopped; its state says how it ended."""
        from archgym.dataset.compacting import CompactingJournal
        from archgym.resume import ContinuedJournal, RecordedExecutor, read_recorded

        manifest, path = directory.manifest, directory.path
        recorded = read_recorded(path, manifest, self.simulator.space)
        directory.write_state("running")
        identity = Identity(manifest.run_id, manifest.config["agent"], manifest.agent_hash, manifest.config["seed"])
        shards = Journal(path, LineFormat(self.simulator, self.task.objective, identity))
        journal = CompactingJournal(shards, manifest)
        ended: State = "failed"
        try:
            result = self.search(
                RecordedExecutor(recorded, executor) if len(recorded) else executor,
                ContinuedJournal(recorded, journal, path) if len(recorded) else journal,
                journal.finish,
                resumed=len(recorded),
                out=str(path),
            )
            directory.write_state("finished", result=result.to_data())
            ended = "finished"
        except KeyboardInterrupt:
            ended = "interrupted"
            raise
        finally:
            if ended != "finished":
                with suppress(LogError, OSError):  # the first error is the one to report
                    journal.close()
                    directory.write_state(ended)
        return result

    def search(
        self,
        executor: Executor,
        log: Log | None = None,
        finish: Callable[[], None] | None = None,
        *,
        resumed: int = 0,
        out: str | None = None,
    ) -> RunResult:
        """Search to the end, then *finish* the log."""
        began = time.perf_counter()
        config, allowance = self.manifest.config, self.problem.budget
        evaluator = Evaluator(self.simulator, self.task.objective, budget=allowance, journal=log, executor=executor)
        if isinstance(self.problem.architecture, EvaluatedOnly):
            self.problem.architecture.open(partial(self._paid, evaluator))
        door = WatchedDoor(evaluator, allowance, self.progress, resumed)
        stop = search(self.searcher, replace(self.problem, door=door), door, config["ask"])
        if stop == "budget" and allowance < config["budget"]:
            stop = "exhausted"
        finishing = time.perf_counter()
        if finish is not None:
            finish()
        ended = time.perf_counter()
        if self.progress is not None:
            self.progress(door.progress())
        times = Times(
            total_s=ended - began,
            simulator_s=evaluator.simulator_s,
            agent_s=finishing - began - door.seconds,
            log_s=evaluator.log_s + ended - finishing,
        )
        return self._result(stop, evaluator, door, times, resumed, out)

    def _paid(self, evaluator: Evaluator, design: Mapping[str, Any]) -> bool:
        """Whether *design* was evaluated, in this run or in one that it starts from."""
        if evaluator.evaluated(design):
            return True
        return (
            self.warm is not None
            and design_keys(self.simulator.space.from_designs([design]).codes)[0] in self.warm.keys
        )

    def _result(
        self, stop: StopReason, evaluator: Evaluator, door: WatchedDoor, times: Times, resumed: int, out: str | None
    ) -> RunResult:
        return RunResult(
            run_id=self.manifest.run_id,
            out=out,
            stop=stop,
            spent=evaluator.spent,
            asked=evaluator.asked,
            duplicates=evaluator.duplicates,
            failed=door.failed,
            resumed_rows=resumed,
            warm_rows=0 if self.warm is None else len(self.warm),
            best=evaluator.best,
            front=evaluator.front,
            default=self._default() if self.with_default else None,
            times=times,
        )

    def _default(self) -> Best | None:
        space = self.simulator.space
        with Evaluator(self.simulator, self.task.objective) as evaluator:
            evaluator.evaluate(space.from_designs([space.default]))
            return evaluator.best
