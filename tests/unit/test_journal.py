"""The journal: every complete line survives, every number keeps its bits."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import archgym.journal as journal_module
from archgym.agent import Told
from archgym.design_keys import design_keys
from archgym.errors import LogError
from archgym.evaluator import Evaluator
from archgym.journal import Journal, Shard, shards
from archgym.journal_reader import read_shard
from archgym.objective import Objective, Optimize
from archgym.record import Clock, Identity, LineFormat, number
from archgym.sample import SCHEMA_VERSION, columns
from archgym.simulator import Metric, Workload
from archgym.space import Categorical, DesignSpace, Integer, Ordinal, Real

sys.path.insert(0, str(Path(__file__).parent))
from bowl import Bowl

COST = Objective((Optimize("cost"),))
WHO = Identity("run-1", "random", "abcd", 3)


def line_format(simulator: Any = None, objective: Objective = COST) -> LineFormat:
    return LineFormat(simulator or Bowl(), objective, WHO)


def evaluated(journal: Journal, codes: list[list[int]], evaluator: Evaluator | None = None) -> Evaluator:
    evaluator = evaluator or Evaluator(Bowl(), COST, journal=journal)
    evaluator.evaluate(evaluator.space.batch(np.array(codes)))
    return evaluator


def read(run_dir: Path) -> list[dict[str, Any]]:
    return [row for path in shards(run_dir) for row in read_shard(path)]


# ---- a row


def test_a_row_has_exactly_the_columns_of_the_sample(tmp_path: Path) -> None:
    with Journal(tmp_path, line_format()) as journal:
        evaluated(journal, [[1, 2, 1]])
    bowl = Bowl()
    (row,) = read(tmp_path)
    assert list(row) == [column.name for column in columns(bowl.space, bowl.metrics, COST)]
    assert row["run_id"] == "run-1"
    assert (row["index"], row["status"], row["message"], row["duplicate"]) == (0, "OK", "", False)
    assert (row["design.x"], row["design.y"], row["design.kind"]) == (1, 2, "b")
    assert (row["metric.cost"], row["metric.size"], row["score.cost"]) == (6.0, 3.0, 6.0)
    assert row["schema_version"] == SCHEMA_VERSION
    assert row["wall_s"] > 0


def test_the_sample_id_is_the_documented_hash(tmp_path: Path) -> None:
    with Journal(tmp_path, line_format()) as journal:
        evaluated(journal, [[1, 2, 1], [1, 2, 0]])
    first, second = read(tmp_path)
    space = Bowl.space.fingerprint
    text = f'["bowl","1","00","{space}"]\n'.encode() + np.array([1, 2, 1], "<i4").tobytes()
    assert first["sample_id"] == hashlib.blake2b(text, digest_size=16).hexdigest()
    assert second["sample_id"] != first["sample_id"]


def test_failures_and_duplicates_are_logged_with_their_reason(tmp_path: Path) -> None:
    with Journal(tmp_path, line_format()) as journal:
        evaluated(journal, [[0, 9, 0], [8, 8, 0], [0, 9, 0]])
    failed, infeasible, again = read(tmp_path)
    assert (failed["status"], failed["message"]) == ("FAILED", "ZeroDivisionError: no such y")
    assert (failed["metric.cost"], failed["score.cost"], failed["violation"]) == (None, "inf", "inf")
    assert infeasible["status"] == "INFEASIBLE"
    assert "below_diagonal" in infeasible["message"]
    assert (again["duplicate"], again["wall_s"], again["message"]) == (True, 0.0, failed["message"])
    assert again["sample_id"] == failed["sample_id"]
    assert [row["index"] for row in (failed, infeasible, again)] == [0, 1, 2]


class Odd:
    """A space with every kind of parameter and names that need quoting."""

    name, version, workload = 'odd "1" %d', "2", Workload("w", "ff")
    metrics = (Metric("a%s", "1"), Metric('b"', "1"))
    space = DesignSpace(
        [
            Real("r", 0.0, 1.0),
            Ordinal("o", (0.1, 0.25, 1e300)),
            Categorical("c", ('quo"te', "uni ü", "100 %")),
            Categorical("flag", (False, True)),
            Integer("wide", 0, 9999),
        ]
    )


def test_every_bit_pattern_of_a_float_survives() -> None:
    rng = np.random.default_rng(1)
    n = 4000
    bits = rng.integers(0, 2**64, (n, 4), np.uint64).view(np.float64)
    bits[:6, 0] = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324]
    space = Odd.space
    codes = np.column_stack([rng.random(n), *(rng.integers(0, k, n) for k in (3, 3, 2, 10000))])
    designs = space.batch(codes)
    flags = np.zeros(n, np.bool_)
    told = Told(designs, bits[:, 2:3], bits[:, 3], np.zeros(n, np.uint8), bits[:, :2], flags)
    text = line_format(Odd(), Objective((Optimize("a%s"),))).lines(0, design_keys(designs.codes), told, {}, 0.1)
    rows = [json.loads(line) for line in text.splitlines()]
    for name, written in (("metric.a%s", bits[:, 0]), ('metric.b"', bits[:, 1]), ("score.a%s", bits[:, 2])):
        back = np.array([number(row[name]) for row in rows])
        whole = ~np.isnan(written)
        assert back[whole].tobytes() == written[whole].tobytes()
        assert np.isnan(back[~whole]).all()
    for row, design in zip(rows, designs.designs(), strict=True):
        assert {name: row[f"design.{name}"] for name in space.names} == design
        assert row["simulator"] == Odd.name


# ---- shards


def test_a_batch_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: sizes.append(data.count(b"\n")) or write(fd, data))
    with Journal(tmp_path, line_format()) as journal:
        evaluator = evaluated(journal, [[x, y, 0] for x in range(9) for y in range(6)])
        evaluated(journal, [[0, 0, 1]], evaluator)
    assert sizes == [54, 1]


def test_each_row_is_on_the_disk_when_it_is_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path, line_format())
    evaluated(journal, [[1, 2, 1]])
    assert len(read(tmp_path)) == 1
    journal.close()


def test_a_torn_last_line_is_passed_over_and_never_continued(tmp_path: Path) -> None:
    with Journal(tmp_path, line_format()) as journal:
        evaluated(journal, [[1, 2, 1], [1, 2, 0]])
    (path,) = shards(tmp_path)
    os.truncate(path, path.stat().st_size - 7)
    assert [row["index"] for row in read(tmp_path)] == [0]
    with Journal(tmp_path, line_format()) as journal:
        evaluated(journal, [[1, 2, 1]])
    assert len(shards(tmp_path)) == 2
    assert len(read(tmp_path)) == 2


@pytest.mark.parametrize("line", [b"nonsense", b"{}", b"[1]", b'{"schema_version": "x"', b""])
def test_a_bad_line_before_the_last_is_an_error_with_its_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"schema_version":1}\n' + line + b'\n{"schema_version":1}\n')
    with pytest.raises(LogError, match=r"a\.jsonl:2: not a row"):
        read_shard(path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"schema_version":99}\n')
    with pytest.raises(LogError, match="update archgym"):
        read_shard(path)


def test_rows_are_synced_at_intervals_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(journal_module, "_sync", synced.append)
    monkeypatch.setattr(journal_module, "SYNC_INTERVAL_S", 0.0)
    shard = Shard.create(tmp_path)
    shard._sync_at = 0.0
    shard.write(b"a\n")
    assert len(synced) == 1
    shard._sync_at = float("inf")
    shard.write(b"b\n")
    assert len(synced) == 1
    shard.close()
    shard.close()
    assert len(synced) == 2


# ---- a full disk


def test_a_full_disk_is_one_line_and_keeps_what_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path, line_format())
    evaluator = evaluated(journal, [[1, 2, 1]])
    write = os.write
    room = [1500]

    def full(fd: int, data: bytes) -> int:
        if room[0] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        got = write(fd, data[: room[0]])
        room[0] -= got
        return got

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(LogError) as caught:
        evaluated(journal, [[x, 0, 0] for x in range(6)], evaluator)
    kept = read(tmp_path)
    assert 1 < len(kept) < 7
    assert f"the {len(kept)} rows in this file are kept" in str(caught.value)
    assert "No space left on device" in str(caught.value)
    assert "\n" not in str(caught.value)


def fill_up(run_dir: Path, limit: int, answer: Any) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    journal = Journal(run_dir, line_format())
    evaluator = Evaluator(Bowl(), COST, journal=journal)
    told = 0
    try:
        for designs in Bowl.space.enumerate(chunk=8):
            told += len(evaluator.evaluate(designs))
    except LogError as error:
        answer.send((told, str(error)))


def test_a_file_size_limit_of_the_system_ends_the_log_cleanly(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=fill_up, args=(tmp_path, 20_000, theirs))
    process.start()
    told, message = ours.recv()
    process.join()
    assert told <= len(read(tmp_path)) < told + 8
    assert "cannot write the log" in message
    assert shards(tmp_path)[0].stat().st_size == 20_000


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("in the way")
    with pytest.raises(LogError, match="cannot write the log"):
        evaluated(Journal(tmp_path, line_format()), [[1, 2, 1]])


# ---- several writers


def write_some(run_dir: Path, writer: int) -> None:
    simulator = Bowl()
    identity = Identity(f"writer-{writer}", "random", "abcd", writer)
    with Journal(run_dir, LineFormat(simulator, COST, identity)) as journal:
        evaluator = Evaluator(simulator, COST, journal=journal)
        designs = simulator.space.sample(500, np.random.default_rng(writer))
        for start in range(0, 500, 5):
            evaluator.evaluate(designs[start : start + 5])


def test_four_processes_write_at_once_each_into_its_shard(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_some, args=(tmp_path, writer)) for writer in range(4)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert len(shards(tmp_path)) == 4
    rows = read(tmp_path)
    assert len(rows) == 2000
    assert {(row["run_id"], row["index"]) for row in rows} == {(f"writer-{w}", i) for w in range(4) for i in range(500)}


def test_the_clock_tells_the_time_to_the_microsecond(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    for ns, text in (
        (1_785_499_200_000_001_999, "2026-07-31T12:00:00.000001Z"),
        (1_785_499_200_999_999_000, "2026-07-31T12:00:00.999999Z"),
        (1_785_499_201_000_000_000, "2026-07-31T12:00:01.000000Z"),
    ):
        monkeypatch.setattr(time, "time_ns", lambda ns=ns: ns)
        assert clock.now() == text
