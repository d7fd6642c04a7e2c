"""The recorder: lackey's lines, the caches against a plain model, pages, and a real program end to end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgym.simulators.dram.recorder import ships
from archgym.simulators.dram.recorder.cache import CacheHierarchy, CacheLevel, Caches
from archgym.simulators.dram.recorder.lackey import Accesses, parse_lackey
from archgym.simulators.dram.recorder.pages import PageTable
from archgym.simulators.dram.recorder.record import RecordOptions, record
from archgym.simulators.dram.recorder.recorder_error import RecorderError
from archgym.simulators.dram.recorder.valgrind import LackeyRun
from archgym.simulators.dram.workloads.recordings import load_recorded, recorded_names, recording_card
from archgym.simulators.dram.workloads.registry import describe, load_workload
from archgym.simulators.dram.workloads.trace_error import TraceError

FETCH, LOAD, STORE, MODIFY = range(4)
needs_valgrind = pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")

# Lackey's lines

LOG = b"""==123== Lackey, an example Valgrind tool
==123==
I  0401ab70,3
 S 1fff000758,8
I  0401ab73,12
 L 04222cac,4
 M 0421747c,16
--123-- a remark
**123** another
==123==
"""


def parsed(chunks):
    return [
        row
        for block in parse_lackey(chunks)
        for row in zip(block.kind.tolist(), block.address.tolist(), block.size.tolist(), strict=True)
    ]


EXPECTED = [
    (FETCH, 0x0401AB70, 3),
    (STORE, 0x1FFF000758, 8),
    (FETCH, 0x0401AB73, 12),
    (LOAD, 0x04222CAC, 4),
    (MODIFY, 0x0421747C, 16),
]


@pytest.mark.parametrize("size", [1, 2, 7, 33, 1000])
def test_lines_are_parsed_wherever_the_stream_is_cut(size):
    assert parsed(LOG[begin : begin + size] for begin in range(0, len(LOG), size)) == EXPECTED


def test_an_incomplete_last_line_is_dropped():
    assert parsed([LOG + b" L 04222"]) == EXPECTED


@pytest.mark.parametrize("line", [" X 0401ab70,3", "I  0401ab70", " L ,3", " L 04zz,3", " L 0401,", "hello", " L 1,0"])
def test_a_line_that_lackey_does_not_write_is_refused(line):
    with pytest.raises(RecorderError, match=r"expected a line like ' L 1fff000758,8', got"):
        parsed([LOG, line.encode() + b"\n"])


# Caches against a plain model


class PlainCaches:
    """The same hierarchy with ordered dictionaries: ``{line: dirty}``, least recently used first."""

    def __init__(self, caches: Caches):
        self.line_bytes, self.inclusive = caches.line_bytes, caches.inclusive
        self.shape = [(level.sets("", caches.line_bytes), level.ways) for level in caches.levels.values()]
        self.sets = [[OrderedDict() for _ in range(sets)] for sets, _ in self.shape]
        self.last = len(self.shape) - 1
        self.memory: list[tuple[str, int]] = []

    def set_of(self, level, line):
        return self.sets[level][line % self.shape[level][0]]

    def access(self, kind, address, size):
        for line in range(address // self.line_bytes, (address + size - 1) // self.line_bytes + 1):
            self.touch(0 if kind == FETCH else 1, line, kind >= STORE)

    def touch(self, first, line, store):
        path = [first, *range(2, self.last + 1)]
        missed = []
        for level in path:
            if line in self.set_of(level, line):
                self.set_of(level, line).move_to_end(line)
                break
            missed.append(level)
        else:
            self.memory.append(("R", line))
        for level in reversed(missed):
            self.place(level, line, False)
        self.set_of(first, line)[line] |= store

    def place(self, level, line, dirty):
        ways = self.set_of(level, line)
        if len(ways) == self.shape[level][1]:
            victim, was_dirty = ways.popitem(last=False)
            if self.inclusive and level >= 2:
                for inner in range(level):
                    was_dirty |= self.set_of(inner, victim).pop(victim, False)
            if was_dirty:
                self.write_back(max(level + 1, 2), victim)
        ways[line] = dirty

    def write_back(self, level, line):
        if level > self.last:
            self.memory.append(("W", line))
        elif line in self.set_of(level, line):
            self.set_of(level, line)[line] = True
            self.set_of(level, line).move_to_end(line)
        else:
            self.place(level, line, True)


def tiny(*, third: bool, inclusive: bool, ways: int = 2) -> Caches:
    return Caches(
        CacheLevel(64 * 2 * ways, ways),
        CacheLevel(64 * 2 * ways, ways),
        CacheLevel(64 * 3 * ways, ways),  # three sets: no power of two is needed
        CacheLevel(64 * 8 * ways, ways) if third else None,
        inclusive=inclusive,
    )


def run(hierarchy: CacheHierarchy, accesses: list[tuple[int, int, int]]) -> list[tuple[str, int]]:
    kind, address, size = zip(*accesses, strict=True)
    block = Accesses(np.array(kind, np.uint8), np.array(address, np.int64), np.array(size, np.int64))
    return [
        ("W" if write else "R", line)
        for traffic in hierarchy.run(block)
        for write, line in zip(traffic.is_write.tolist(), traffic.line.tolist(), strict=True)
    ]


access = st.tuples(st.integers(0, 3), st.integers(0, 64 * 40), st.sampled_from([1, 8, 64, 200]))


@given(st.lists(access, min_size=1, max_size=300), st.booleans(), st.booleans(), st.sampled_from([1, 2, 4]))
@settings(max_examples=120, deadline=None)
def test_the_kernel_agrees_with_the_plain_model(accesses, third, inclusive, ways):
    caches = tiny(third=third, inclusive=inclusive, ways=ways)
    plain = PlainCaches(caches)
    for one in accesses:
        plain.access(*one)
    assert run(CacheHierarchy(caches), accesses) == plain.memory


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_long_run_in_several_batches_agrees_with_the_plain_model(inclusive):
    rng = np.random.default_rng(5)
    columns = (rng.integers(0, 4, 30_000), rng.integers(0, 64 * 300, 30_000), rng.integers(1, 65, 30_000))
    accesses = list(zip(*(column.tolist() for column in columns), strict=True))
    caches = tiny(third=True, inclusive=inclusive)
    plain = PlainCaches(caches)
    for one in accesses:
        plain.access(*one)
    hierarchy = CacheHierarchy(caches)
    halves = run(hierarchy, accesses[:11_111]) + run(hierarchy, accesses[11_111:])
    assert halves == plain.memory
    assert hierarchy.instructions == sum(kind == FETCH for kind, _, _ in accesses)


def test_a_read_stream_misses_once_a_line_and_writes_nothing():
    hierarchy = CacheHierarchy(Caches())
    traffic = run(hierarchy, [(LOAD, 8 * k, 8) for k in range(80_000)])
    assert traffic == [("R", line) for line in range(10_000)]
    counts = hierarchy.counts()
    assert (counts["l1d"].accesses, counts["l1d"].misses, counts["l2"].misses) == (80_000, 10_000, 10_000)
    assert counts["l1i"].accesses == 0


def test_a_written_array_larger_than_the_caches_comes_back_line_by_line():
    caches = Caches()
    traffic = run(CacheHierarchy(caches), [(STORE, 64 * k, 8) for k in range(20_000)])
    held = (caches.l1d.size_bytes + caches.l2.size_bytes) // 64
    written = [line for kind, line in traffic if kind == "W"]
    assert len(written) == len(set(written))
    assert 20_000 - held <= len(written) <= 20_000 - caches.l2.size_bytes // 64


def test_a_working_set_that_fits_stays_in():
    sweep = [(MODIFY, 64 * k, 4) for k in range(512)]  # 32 KiB
    assert run(CacheHierarchy(Caches()), sweep * 5) == [("R", line) for line in range(512)]


@pytest.mark.parametrize(
    ("caches", "message"),
    [
        (Caches(l1d=CacheLevel(1000, 2)), r"cache l1d: expected a size that is a multiple of ways x line = 2 x 64"),
        (Caches(l2=CacheLevel(4096, 0)), r"cache l2: expected"),
        (Caches(line_bytes=48), r"line_bytes: expected a power of two from 64 on, got 48"),
    ],
)
def test_impossible_caches_are_refused(caches, message):
    with pytest.raises(RecorderError, match=message):
        CacheHierarchy(caches)


# Pages


@pytest.mark.parametrize("placement", ["random", "first_touch"])
def test_pages_keep_their_offset_and_never_share_a_frame(placement):
    virtual = np.array([0x1FFF000758, 0x401AB73, 0x1FFF000040, 0x5000, 0x401A000], dtype=np.int64)
    physical = PageTable(placement, 16 * 4096, seed=3).physical(virtual)
    assert (physical % 4096 == virtual % 4096).all()
    assert (physical < 16 * 4096).all()
    frames = (physical // 4096).tolist()
    assert frames[0] == frames[2]
    assert frames[1] == frames[4]
    assert len(set(frames)) == 3
    if placement == "first_touch":
        assert frames == [0, 1, 0, 2, 1]


def test_random_placement_depends_on_the_seed_only():
    virtual = np.arange(0, 4096 * 50, 4096, dtype=np.int64)
    tables = [PageTable("random", 2**30, seed=seed).physical(virtual).tolist() for seed in (1, 1, 2)]
    assert tables[0] == tables[1] != tables[2]


def test_a_program_that_outgrows_the_memory_is_refused():
    virtual = np.arange(0, 4096 * 5, 4096, dtype=np.int64)
    with pytest.raises(RecorderError, match="touches more than memory_bytes = 16384"):
        PageTable("random", 4 * 4096, seed=0).physical(virtual)


# A real program

SOURCE = r"""
#include <stdlib.h>
int main(void) {
    enum { LINES = 20000 };
    volatile char *array = malloc(64L * LINES);
    for (long k = 0; k < LINES; k++) array[64 * k] = 1;
    return 3;
}
"""


@pytest.fixture(scope="module")
def writer(tmp_path_factory):
    """A program that writes one byte in each of 20,000 consecutive lines."""
    folder = tmp_path_factory.mktemp("writer")
    (folder / "writer.c").write_text(SOURCE)
    subprocess.run(["gcc", "-O1", "-o", "writer", "writer.c"], cwd=folder, check=True)
    return folder


@needs_valgrind
def test_a_program_s_stores_become_reads_and_write_backs(writer):
    recording = record(["./writer"], RecordOptions(max_requests=10**6), cwd=writer)
    trace = recording.trace
    assert recording.exit_code == 3
    assert trace.name == "writer"
    pages, touched = np.unique(trace.address[~trace.is_write] // 4096, return_counts=True)
    assert np.count_nonzero(touched >= 64) >= 20_000 // 64 - 1  # whole pages, line by line
    assert np.unique(trace.address[trace.is_write]).size >= 20_000 - (256 + 32) * 1024 // 64
    assert pages.max() < 2**30 // 4096
    step = Fraction(1000, 3)  # 3 GHz, one instruction a cycle
    assert recording.recorded_instructions * step >= int(trace.time_ps[-1])
    assert (np.diff(trace.time_ps) >= 0).all()
    assert recording.instructions < 1_000_000


@needs_valgrind
def test_a_recording_is_repeatable_and_its_window_is_what_was_asked(writer):
    options = RecordOptions(max_requests=500, skip_instructions=130_000, ipc=0.5, clock_ghz=2.0)
    first, second = (record(["./writer"], options, cwd=writer, environment={}) for _ in range(2))
    assert first.trace.content_hash == second.trace.content_hash
    assert len(first.trace) == 500
    assert first.exit_code is None
    assert first.instructions > 130_000
    assert set((np.diff(first.trace.time_ps) % 1000).tolist()) == {0}  # one instruction is 1 ns


@needs_valgrind
def test_max_instructions_ends_a_recording(writer):
    whole = record(["./writer"], RecordOptions(max_requests=10**6), cwd=writer)
    limit = whole.instructions - 20_000
    part = record(["./writer"], RecordOptions(max_requests=10**6, max_instructions=limit), cwd=writer)
    assert 0 < len(part.trace) < len(whole.trace)
    assert part.recorded_instructions <= limit


@needs_valgrind
def test_the_program_keeps_its_output(tmp_path):
    with (tmp_path / "out").open("wb") as out:
        record(["echo", "hello"], stdout=out)
    assert (tmp_path / "out").read_text() == "hello\n"


@needs_valgrind
def test_stopping_early_leaves_no_process_behind(tmp_path):
    with LackeyRun(["sh", "-c", "sleep 1000 & echo $! > child; while :; do :; done"], cwd=tmp_path) as run:
        chunks = run.chunks()
        deadline = time.monotonic() + 60
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
            next(chunks)
            assert time.monotonic() < deadline
        child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _is_running(child):
            break
        time.sleep(0.05)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@needs_valgrind
def test_nothing_in_the_window_is_an_error(writer):
    with pytest.raises(RecorderError, match=r"no DRAM request in \d+ instructions after skipping 1000000000 "):
        record(["./writer"], RecordOptions(skip_instructions=10**9), cwd=writer)


@needs_valgrind
def test_an_unknown_program_is_refused_before_anything_runs():
    with pytest.raises(RecorderError, match=r"program 'no-such-program': not found, or not executable"):
        record(["no-such-program"])


def test_without_valgrind_the_error_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RecorderError, match=r"valgrind is not installed.*apt-get install valgrind"):
        record(["gzip"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clock_ghz": 0}, "clock_ghz: expected a number above 0, got 0"),
        ({"ipc": float("nan")}, "ipc: expected a number above 0, got nan"),
        ({"max_requests": 0}, "max_requests >= 1"),
        ({"skip_instructions": 10, "max_instructions": 10}, "more than skip_instructions"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(RecorderError, match=message):
        RecordOptions(**options)


# The shipped recordings


def test_what_is_shipped_is_what_the_recipe_lists():
    assert set(recorded_names()) == {ship.name for ship in ships.SHIPS}


@pytest.mark.parametrize("name", recorded_names())
def test_a_recording_is_what_its_card_says(name):
    card, trace = recording_card(name).facts, load_recorded(name)
    assert trace.name == f"recorded/{name}"
    assert (len(trace), int(trace.is_write.sum())) == (card["requests"], card["writes"])
    assert card["reads"] + card["writes"] == card["requests"]
    assert 5000 <= len(trace) <= 20_000
    assert trace.time_ps[-1] / (len(trace) - 1) / 1000 == pytest.approx(card["mean_gap_ns"], abs=0.01)
    assert trace.address.max() < 2**30
    ship = next(ship for ship in ships.SHIPS if ship.name == name)
    assert card["skip_instructions"] == ship.skip_instructions
    assert card["ipc"] == ship.ipc
    assert card["caches"]["l2"]["size_bytes"] == ship.caches.l2.size_bytes
    assert describe(f"recorded/{name}").doc.startswith(ship.summary)


def test_a_recording_can_be_shortened_and_sped_up():
    whole, part = load_workload("recorded/gzip"), load_workload("recorded/gzip:n=100,time_scale=0.5")
    assert part.time_ps.tolist() == [ps // 2 for ps in whole.time_ps[:100].tolist()]
    assert part.address.tolist() == whole.address[:100].tolist()
    assert part.name == "recorded/gzip:n=100,time_scale=0.5"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 10**6}, "recording 'gzip': expected n of at most"),
        ({"seed": 1}, "option of recording 'gzip' 'seed': known: n, time_scale"),
        ({"time_scale": -1}, "time_scale: expected a number from 0 to 1000, got -1"),
    ],
)
def test_an_option_that_a_recording_lacks_is_refused(options, message):
    with pytest.raises(TraceError, match=message):
        load_workload("recorded/gzip", **options)


@needs_valgrind
@pytest.mark.slow
def test_a_shipped_recording_can_be_made_again(tmp_path):
    """Recorded twice on one machine, a program gives the same trace. On another machine it need not: the libc, the
    compiler and even the size of the loader's cache of libraries decide what a program touches."""
    ship = next(ship for ship in ships.SHIPS if ship.name == "matrix_product")
    folders = [tmp_path / name for name in ("once", "again")]
    for folder in folders:
        folder.mkdir()
    once, again = (ships.record_ship(ship, folder) for folder in folders)
    assert once["content_hash"] == again["content_hash"]
    assert again["requests"] == recording_card(ship.name).facts["requests"]


def test_loading_a_recording_is_quick_in_a_fresh_process():
    code = (
        "import time; from archgym.simulators.dram.workloads.recordings import load_recorded, recorded_names; "
        "n = max(recorded_names(), key=lambda n: len(load_recorded(n))); t = time.perf_counter(); "
        "load_recorded(n); print(time.perf_counter() - t)"
    )
    environment = {**os.environ}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.3  # some 20 ms; the rest is for a busy machine
