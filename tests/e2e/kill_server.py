"""Runs searches in forked children and kills them: one warm process, so that a hundred runs need one start-up.

Reads one JSON request a line and answers with one JSON line. A request has ``out``, ``seed`` and ``kill``, which is
``{"after_s": s}``, ``{"call": n, "when": "before" | "after"}`` or null. The answer has ``ended``, ``calls``,
``seconds`` and ``told``: the number of rows whose results the agent was certainly told before the child died.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import archgym.dataset.compacting as compacting
import archgym.dataset.parts as parts
import archgym.watched_door as watched_door
from archgym.registry import agent_factory
from archgym.runner import run
from archgym.task import load_task

TASK, AGENT, BUDGET, ASK = "toy/latency-v1", "genetic", 180, 32


class Calls:
    """Counts the calls that change the disk, and kills the process at one of them."""

    def __init__(self, kill: dict[str, Any] | None) -> None:
        self.count = 0
        self._at = (kill or {}).get("call", -1)
        self._before = (kill or {}).get("when") == "before"
        os.write, os.fsync, os.fdatasync = map(self._counted, (os.write, os.fsync, os.fdatasync))
        for name in ("replace", "unlink", "mkdir"):
            setattr(Path, name, self._counted(getattr(Path, name)))

    def _counted(self, call: Any) -> Any:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.count += 1
            now = self.count == self._at
            if now and self._before:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*arguments, **named)
            if now:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return counted


def child(request: dict[str, Any], pipe: int) -> None:
    write = os.write
    compacting.LONG_ROWS, parts.PART_ROWS, watched_door.REPORT_INTERVAL_S = 70, 40, 0.0
    write(pipe, b"0\n")
    calls = Calls(request["kill"])
    run(
        load_task(TASK),
        AGENT,
        seed=request["seed"],
        budget=BUDGET,
        ask=ASK,
        out=request["out"],
        progress=lambda now: write(pipe, b"%d\n" % now.asked) and None,
    )
    write(pipe, b"calls %d\n" % calls.count)


def serve(request: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reading)
            child(request, writing)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    began = time.monotonic()
    lines = watch(reading, pid, request["kill"], began)
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the run failed; see above")
    told = [int(line) for line in lines if line.isdigit()]
    calls = [int(line.split()[1]) for line in lines if line.startswith(b"calls ")]
    return {
        "ended": bool(calls),
        "told": max(told, default=0),
        "calls": calls[0] if calls else None,
        "seconds": time.monotonic() - began,
    }


def watch(reading: int, pid: int, kill: dict[str, Any] | None, began: float) -> list[bytes]:
    """What the child wrote until it ended; SIGKILL on the way when asked for."""
    after = (kill or {}).get("after_s")
    if after is not None:
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)
    data = b""
    while chunk := os.read(reading, 65536):
        data += chunk
    return data[: data.rfind(b"\n") + 1].splitlines()


def main() -> None:
    agent_factory(AGENT)
    load_task(TASK).make_simulator()
    for module in ("archgym.resume", "pyarrow.compute"):  # what a run would import late
        import_module(module)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(serve(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
