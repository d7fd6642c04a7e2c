"""Runs a program under valgrind's lackey and gives the bytes of its memory trace as they come.

The trace goes through a pipe of its own, so that the program keeps its standard input, output and error. The
program is in a process group of its own, which is killed whenever the reader stops early, for whatever reason.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from archgym.simulators.dram.recorder.recorder_error import RecorderError

Stream = int | IO[bytes] | None

_CHUNK_BYTES = 1 << 20
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031  # Linux; a larger pipe means fewer switches between the two processes


class LackeyRun:
    """One run, as a context manager; on leaving it, the program is no more."""

    def __init__(
        self,
        program: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: Stream = None,
        stdout: Stream = None,
    ) -> None:
        """*environment* None and *stdin*, *stdout* None inherit. Raises `RecorderError` before anything starts."""
        if not program:
            raise RecorderError("expected a program to record, got an empty command")
        valgrind = shutil.which("valgrind")
        if valgrind is None:
            raise RecorderError(
                "valgrind is not installed, and recording needs it: "
                "apt-get install valgrind (Debian, Ubuntu) or dnf install valgrind (Fedora)"
            )
        path = None if environment is None else environment.get("PATH")
        executable = shutil.which(program[0] if cwd is None else _in(cwd, program[0]), path=path)
        if executable is None:
            raise RecorderError(f"program {program[0]!r}: not found, or not executable")
        self._read_end, write_end = os.pipe()
        command = [
            valgrind,
            "--tool=lackey",
            "--command-line-only=yes",  # nobody's ~/.valgrindrc changes a recording
            "--basic-counts=no",
            "--trace-mem=yes",
            "--child-silent-after-fork=yes",
            f"--log-fd={write_end}",
            "--",
            *program,
        ]
        try:
            self._process = subprocess.Popen(
                command,
                env=None if environment is None else dict(environment),
                cwd=cwd,
                stdin=stdin,
                stdout=stdout,
                pass_fds=(write_end,),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._read_end)
            raise
        finally:
            os.close(write_end)

    def __enter__(self) -> LackeyRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._read_end)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def chunks(self) -> Iterator[bytes]:
        """The trace's bytes, until the program ends."""
        _widen(self._read_end)
        while chunk := os.read(self._read_end, _CHUNK_BYTES):
            yield chunk

    def exit_code(self) -> int:
        """Waits for the program's end; negative for a signal."""
        return self._process.wait()


def _in(cwd: Path, program: str) -> str:
    """A relative path counts from *cwd*, as it will when the program starts; a bare name is looked up."""
    return str(cwd / program) if os.sep in program else program


def _widen(pipe: int) -> None:
    try:
        import fcntl
    except ImportError:
        return
    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE_BYTES)
