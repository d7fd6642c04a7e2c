"""Records the traces that are shipped: ``python -m archgym.simulators.dram.recorder.ships FOLDER [NAME …]``.

The list below is the whole recipe. Inputs come from a seed, programs are those of Debian 12 or are compiled
from the sources beside this file, and each runs in an empty folder with the same environment.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from archgym.simulators.dram.recorder import inputs
from archgym.simulators.dram.recorder.cache import KIB, CacheLevel, Caches
from archgym.simulators.dram.recorder.record import Recording, RecordOptions, record
from archgym.simulators.dram.recorder.recorder_error import RecorderError
from archgym.simulators.dram.workloads.writers import write_csv

CORE = Caches()
SMALL = Caches(CacheLevel(16 * KIB, 4), CacheLevel(16 * KIB, 4), CacheLevel(64 * KIB, 8))
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONHASHSEED": "0", "TMPDIR": "."}
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Ship:
    """One recording: what runs, on what, and which window is kept."""

    name: str
    summary: str
    command: tuple[str, ...]
    version: tuple[str, ...]
    """Command whose first line of output tells the program's version."""
    skip_instructions: int
    caches: Caches = SMALL
    files: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    build: tuple[str, ...] = ()
    max_requests: int = 12_000
    ipc: float = 2.0

    @property
    def options(self) -> RecordOptions:
        return RecordOptions(
            caches=self.caches,
            clock_ghz=3.0,
            ipc=self.ipc,
            max_requests=self.max_requests,
            skip_instructions=self.skip_instructions,
        )


def _source(name: str) -> Callable[[], bytes]:
    return lambda: (resources.files("archgym.simulators.dram.recorder") / "programs" / name).read_bytes()


_GCC = ("gcc", "-O2", "-o", "program", "program.c")
_TEXT = {"text.txt": lambda: inputs.text(2 * _MILLION)}

SHIPS: tuple[Ship, ...] = (
    Ship(
        "gzip",
        "Compression with a sliding window and hash chains.",
        ("gzip", "-9", "-c", "text.txt"),
        ("gzip", "--version"),
        10 * _MILLION,
        files=_TEXT,
        ipc=1.0,
    ),
    Ship(
        "bzip2",
        "Compression by sorting all rotations of a block: random accesses to a few megabytes.",
        ("bzip2", "-3", "-c", "text.txt"),
        ("bzip2", "--help"),
        16 * _MILLION,
        caches=CORE,
        files=_TEXT,
    ),
    Ship(
        "xz",
        "Compression with binary trees of matches in a large dictionary.",
        ("xz", "-6", "-T1", "-c", "text.txt"),
        ("xz", "--version"),
        20 * _MILLION,
        files=_TEXT,
    ),
    Ship(
        "sqlite",
        "A database in memory: inserts, an index, a join with grouping.",
        ("sqlite3", ":memory:", ".read orders.sql"),
        ("sqlite3", "--version"),
        26 * _MILLION,
        files={"orders.sql": _source("orders.sql")},
    ),
    Ship(
        "sort",
        "A merge sort of lines in memory.",
        ("sort", "--parallel=1", "--buffer-size=16M", "keys.txt"),
        ("sort", "--version"),
        12 * _MILLION,
        files={"keys.txt": lambda: inputs.keys(60_000)},
    ),
    Ship(
        "matrix_product",
        "A product of dense matrices as a sum of outer products: the result is read and written in each step.",
        ("./program", "300"),
        ("gcc", "--version"),
        4 * _MILLION,
        caches=CORE,
        files={"program.c": _source("matrix_product.c")},
        build=_GCC,
        ipc=1.0,
    ),
    Ship(
        "graph_search",
        "Breadth-first search through a random graph of 65,536 vertices with eight neighbours each.",
        ("./program", "65536", "8"),
        ("gcc", "--version"),
        11 * _MILLION,
        caches=CORE,
        files={"program.c": _source("graph_search.c")},
        build=_GCC,
        ipc=0.5,
    ),
    Ship(
        "python",
        "An interpreter that builds dictionaries of lists from a text.",
        ("python3.11", "-I", "-S", "word_index.py", "text.txt"),
        ("python3.11", "--version"),
        60 * _MILLION,
        files={"word_index.py": _source("word_index.py"), **_TEXT},
    ),
    Ship(
        "awk",
        "An interpreter that counts words in an associative array.",
        ("mawk", "{for (i = 1; i <= NF; i++) n[$i]++} END {for (w in n) print w, n[w]}", "text.txt"),
        ("mawk", "-W", "version"),
        30 * _MILLION,
        files=_TEXT,
    ),
)


def record_ship(ship: Ship, folder: Path) -> dict[str, Any]:
    """Record *ship* into ``folder/NAME.csv.gz`` and give its card."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in ship.files.items():
            (Path(scratch) / name).write_bytes(content())
        if ship.build:
            subprocess.run(ship.build, cwd=scratch, check=True)
        recording = record(
            ship.command,
            ship.options,
            name=f"recorded/{ship.name}",
            environment=_ENVIRONMENT,
            cwd=Path(scratch),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    write_csv(recording.trace, folder / f"{ship.name}.csv.gz", overwrite=True)
    return _card(ship, recording)


def _card(ship: Ship, recording: Recording) -> dict[str, Any]:
    trace, options = recording.trace, ship.options
    writes = int(np.count_nonzero(trace.is_write))
    return {
        "summary": ship.summary,
        "command": " ".join(f"'{word}'" if " " in word else word for word in ship.command),
        "build": " ".join(ship.build),
        "version": _first_line(ship.version),
        "recorder": _first_line(("valgrind", "--version")),
        "caches": asdict(options.caches),
        "clock_ghz": options.clock_ghz,
        "ipc": options.ipc,
        "skip_instructions": options.skip_instructions,
        "recorded_instructions": recording.recorded_instructions,
        "placement": options.placement,
        "memory_bytes": options.memory_bytes,
        "seed": options.seed,
        "requests": len(trace),
        "reads": len(trace) - writes,
        "writes": writes,
        "mean_gap_ns": round(int(trace.time_ps[-1]) / max(len(trace) - 1, 1) / 1000, 2),
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "content_hash": trace.content_hash,
    }


def _first_line(command: tuple[str, ...]) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **_ENVIRONMENT},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode("ascii", errors="replace").strip().split("\n")[0]


def main(arguments: list[str]) -> None:
    """Record the named ships, or all, into a folder, and bring its index up to date."""
    if not arguments:
        raise RecorderError("expected: FOLDER [NAME …]")
    folder, names = Path(arguments[0]), arguments[1:]
    index_file = folder / "index.json"
    index = json.loads(index_file.read_text(encoding="utf-8")) if index_file.is_file() else {}
    for ship in SHIPS:
        if not names or ship.name in names:
            index[ship.name] = record_ship(ship, folder)
            text = json.dumps(index, indent=2, sort_keys=True, ensure_ascii=False)
            index_file.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
