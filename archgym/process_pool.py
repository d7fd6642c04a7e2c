"""Simulators in worker processes: several at once, each design with a time limit, no worker's death felt by others.

`concurrent.futures` gives up the whole pool when one worker dies and cannot stop a task that hangs. Here each worker
has a pipe of its own: a worker that dies or exceeds the limit is killed with its process group (an external
simulator's children too), replaced, and only its own designs are affected.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import numpy as np
from numpy.typing import NDArray

from archgym.errors import ConfigError
from archgym.executor import call, join, unpriced
from archgym.simulator import Evaluations, Simulator, Status
from archgym.space import DesignBatch

MAX_CHUNK = 64
"""Designs sent to a worker at once when there is no time limit."""


@dataclass(slots=True)
class _Chunk:
    """Consecutive designs of a batch for one worker."""

    start: int
    codes: NDArray[np.generic]
    retried: bool = False


@dataclass(slots=True, eq=False)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    chunk: _Chunk | None = None
    deadline: float = field(default=float("inf"))


class ProcessExecutor:
    """Prices batches in *workers* spawned processes.

    *make* is called in each worker and must be picklable (``task.make_simulator``). *timeout_s* is the limit for
    one design, from when a worker starts on it: over it the design is TIMEOUT. A design whose worker dies twice is
    FAILED.
    """

    def __init__(
        self, make: Callable[[], Simulator], metrics: int, *, workers: int, timeout_s: float | None = None
    ) -> None:
        if workers < 1:
            raise ConfigError(f"workers: expected at least 1, got {workers}")
        if timeout_s is not None and not timeout_s > 0:
            raise ConfigError(f"timeout_s: expected a positive number of seconds, got {timeout_s}")
        self._make, self._metrics, self._timeout_s = make, metrics, timeout_s
        self._workers = [self._spawn() for _ in range(workers)]

    def execute(self, designs: DesignBatch, /) -> Evaluations:
        """Same length, same order as *designs*; on an interrupt the workers are replaced and the batch is dropped."""
        todo = self._chunks(designs)
        done: dict[int, Evaluations] = {}
        try:
            while todo or any(worker.chunk for worker in self._workers):
                self._hand_out(todo)
                self._collect(todo, done)
        except BaseException:
            for worker in self._workers:
                if worker.chunk is not None:
                    self._replace(worker)
            raise
        return join([done[start] for start in sorted(done)], self._metrics)

    def close(self) -> None:
        """Stop the workers; a second call does nothing."""
        for worker in self._workers:
            _kill(worker)
        self._workers = []

    def __enter__(self) -> ProcessExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _chunks(self, designs: DesignBatch) -> deque[_Chunk]:
        n = len(designs)
        size = 1 if self._timeout_s is not None else min(MAX_CHUNK, max(1, n // (4 * len(self._workers))))
        return deque(_Chunk(start, designs.codes[start : start + size]) for start in range(0, n, size))

    def _hand_out(self, todo: deque[_Chunk]) -> None:
        for worker in self._workers:
            if not todo:
                return
            if worker.chunk is None:
                worker.chunk = todo.popleft()
                worker.deadline = float("inf")
                with suppress(OSError):  # it died idle: `_collect` sees the closed pipe and retries
                    worker.pipe.send(worker.chunk.codes)

    def _collect(self, todo: deque[_Chunk], done: dict[int, Evaluations]) -> None:
        busy = {worker.pipe: worker for worker in self._workers if worker.chunk is not None}
        soonest = min(worker.deadline for worker in busy.values())
        for pipe in wait(list(busy), None if soonest == float("inf") else max(0.0, soonest - time.monotonic())):
            self._receive(busy[pipe], todo, done)  # type: ignore[index]
        now = time.monotonic()
        for worker in list(busy.values()):
            if worker.chunk is not None and now >= worker.deadline and not worker.pipe.poll():
                reason = f"over the time limit of {self._timeout_s:g} s"
                done[worker.chunk.start] = unpriced(1, self._metrics, Status.TIMEOUT, reason)
                self._replace(worker)

    def _receive(self, worker: _Worker, todo: deque[_Chunk], done: dict[int, Evaluations]) -> None:
        chunk = worker.chunk
        if chunk is None:
            return
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            self._mourn(worker, chunk, todo, done)
            return
        if isinstance(message, str):  # "started": the worker has its simulator and begins to price
            worker.deadline = time.monotonic() + self._timeout_s if self._timeout_s is not None else float("inf")
            return
        if isinstance(message, ConfigError):
            self.close()
            raise message
        done[chunk.start] = message
        worker.chunk = None

    def _mourn(self, worker: _Worker, chunk: _Chunk, todo: deque[_Chunk], done: dict[int, Evaluations]) -> None:
        """Retry a dead worker's designs once, one by one; FAILED after that."""
        self._replace(worker)
        if chunk.retried:
            reason = "the worker process died on it twice (killed, out of memory, or a crash in native code)"
            done[chunk.start] = unpriced(len(chunk.codes), self._metrics, Status.FAILED, reason)
        else:
            alone = range(len(chunk.codes))
            todo.extendleft(_Chunk(chunk.start + i, chunk.codes[i : i + 1], retried=True) for i in alone)

    def _replace(self, worker: _Worker) -> None:
        _kill(worker)
        self._workers[self._workers.index(worker)] = self._spawn()

    def _spawn(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(self._make, theirs), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)


def _serve(make: Callable[[], Simulator], pipe: Connection) -> None:
    """A worker's life: build the simulator once, then price what comes until the pipe closes."""
    os.setsid()  # its own group: an interrupt at the terminal reaches the parent only, a kill reaches the children
    simulator: Simulator | ConfigError
    try:
        simulator = make()
    except Exception as error:
        simulator = ConfigError(f"a worker cannot build the simulator: {type(error).__name__}: {error}")
    while True:
        try:
            codes = pipe.recv()
        except EOFError:
            return
        if isinstance(simulator, ConfigError):
            pipe.send(simulator)
            return
        pipe.send("started")
        pipe.send(call(simulator, simulator.space.batch(codes)))


def _kill(worker: _Worker) -> None:
    worker.pipe.close()
    pid = worker.process.pid
    with suppress(ProcessLookupError):
        if pid is not None and os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
    worker.process.kill()
    worker.process.join()
