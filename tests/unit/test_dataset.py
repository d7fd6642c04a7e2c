"""The dataset: parts and journal read as one table, and the tools that look at, convert, merge and check it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import archgym.dataset.parts as parts_module
from archgym.dataset.export import export
from archgym.dataset.info import info
from archgym.dataset.journal_table import _plain_table, read_shard_table
from archgym.dataset.log import compact
from archgym.dataset.merge import merge
from archgym.dataset.schema import arrow_schema, number_column, rows_to_table
from archgym.dataset.verify import verify
from archgym.errors import ConfigError, LogError, RunExists
from archgym.journal import shards
from archgym.journal_reader import complete_lines, read_shard
from archgym.manifest import read_manifest
from archgym.read import read_samples
from archgym.replay import replay
from archgym.runner import run
from archgym.sample import SCHEMA_VERSION, columns
from archgym.task import load_task, task_from_mapping

TASK = load_task("toy/latency-v1")
OTHER = task_from_mapping("toy/stream-v1", {**TASK.data, "workload": "stream"})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of three small runs, one of them of another workload."""
    sweep = tmp_path_factory.mktemp("sweep")
    for seed in (0, 1):
        run(TASK, "random", seed=seed, budget=120, out=sweep / f"toy/random-{seed}")
    run(OTHER, "random", seed=0, budget=50, out=sweep / "stream")
    return sweep


@pytest.fixture
def one(runs: Path) -> Path:
    return runs / "toy/random-0"


def journal_again(run_dir: Path, target: Path, torn: bytes = b"") -> pd.DataFrame:
    """A copy of a run whose rows are all back in a journal, as before compaction."""
    frame = read_samples(run_dir)
    target.mkdir()
    (target / "manifest.json").write_text((run_dir / "manifest.json").read_text())
    (target / "journal").mkdir()
    frame = frame.assign(timestamp=frame["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    lines = [json.dumps(_row(row)) for row in frame.to_dict("records")]
    (target / "journal" / "host-1-0.jsonl").write_bytes("\n".join(lines).encode() + b"\n" + torn)
    return read_samples(run_dir)


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    special = {float("inf"): "inf", float("-inf"): "-inf"}
    return {k: None if v != v else special.get(v, v) if isinstance(v, float) else v for k, v in row.items()}


# ---- reading


def test_columns_are_typed_as_the_sample_says(one: Path) -> None:
    frame = read_samples(one)
    simulator = TASK.make_simulator()
    expected = columns(simulator.space, simulator.metrics, TASK.objective)
    assert list(frame.columns) == [column.name for column in expected]
    dtypes = {"string": "str", "timestamp": "datetime64[us, UTC]"}
    assert [str(t) for t in frame.dtypes] == [dtypes.get(column.kind, column.kind) for column in expected]
    assert frame["index"].tolist() == list(range(len(frame)))


def test_a_sweep_is_read_as_one_table_sorted_by_run_and_index(runs: Path) -> None:
    frame = read_samples(runs)
    assert frame["run_id"].nunique() == 3
    ordered = frame.sort_values(["run_id", "index"], ignore_index=True)
    pd.testing.assert_frame_equal(frame, ordered)
    assert str(frame["design.L1Size"].dtype) == "int64"


def test_runs_of_different_columns_are_put_together(runs: Path, tmp_path: Path) -> None:
    table = pq.read_table(next((runs / "stream/samples").glob("*.parquet")))
    fewer = table.drop_columns(["design.L1Size"])
    sweep = tmp_path / "sweep"
    for name, rows in (("a", table), ("b", fewer)):
        (sweep / name / "samples").mkdir(parents=True)
        manifest = json.loads((runs / "stream/manifest.json").read_text())
        manifest["columns"] = [c for c in manifest["columns"] if c["name"] in rows.column_names]
        (sweep / name / "manifest.json").write_text(json.dumps(manifest))
        pq.write_table(rows, sweep / name / "samples/part-00000.parquet")
    frame = read_samples(sweep)
    assert len(frame) == 2 * len(table)
    assert str(frame["design.L1Size"].dtype) == "Int64"
    assert frame["design.L1Size"].isna().sum() == len(table)


def test_pandas_and_duckdb_read_the_parts_as_they_are(runs: Path) -> None:
    best = read_samples(runs)["score.latency"].min()
    glob = f"{runs}/**/samples/*.parquet"
    found = duckdb.sql(f"select count(*), min(\"score.latency\") from read_parquet('{glob}')").fetchall()
    assert found == [(len(read_samples(runs)), best)]
    part = next((runs / "stream/samples").glob("*.parquet"))
    assert len(pd.read_parquet(part)) == len(read_samples(runs / "stream"))
    pd.testing.assert_frame_equal(read_samples(part), read_samples(runs / "stream"))


def test_a_part_says_its_schema_version_units_and_docs(one: Path) -> None:
    schema = pq.read_schema(one / "samples/part-00000.parquet")
    assert schema.metadata[b"archgym.schema_version"] == str(SCHEMA_VERSION).encode()
    assert schema.field("metric.latency").metadata[b"unit"] == b"ns"
    assert schema.field("design.L1Size").metadata == {b"unit": b"KiB", b"doc": b"Capacity of the first level."}
    assert "zstd" in str(pq.ParquetFile(one / "samples/part-00000.parquet").metadata.row_group(0).column(0)).lower()


@pytest.mark.parametrize("what", ["nothing", "empty", "foreign.parquet", "torn.parquet"])
def test_what_is_not_a_log_is_refused_in_one_line(what: str, tmp_path: Path) -> None:
    path = tmp_path / what
    if what == "empty":
        path.mkdir()
    if what == "foreign.parquet":
        pd.DataFrame({"a": [1]}).to_parquet(path)
    if what == "torn.parquet":
        path.write_bytes(b"PAR1 and no more")
    with pytest.raises(LogError) as caught:
        read_samples(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value).strip()


# ---- compaction


def test_a_journal_reads_like_its_compacted_parts(one: Path, tmp_path: Path) -> None:
    whole = journal_again(one, tmp_path / "run", torn=b'{"schema_version":1,"sam')
    pd.testing.assert_frame_equal(read_samples(tmp_path / "run"), whole)
    assert compact(tmp_path / "run") == len(whole)
    assert shards(tmp_path / "run") == []
    pd.testing.assert_frame_equal(read_samples(tmp_path / "run"), whole)


def test_parts_hold_so_many_rows_at_most(one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts_module, "PART_ROWS", 50)
    whole = journal_again(one, tmp_path / "run")
    compact(tmp_path / "run")
    sizes = [pq.ParquetFile(part).metadata.num_rows for part in parts_module.parts(tmp_path / "run")]
    assert sizes == [50] * (len(whole) // 50) + [len(whole) % 50]
    pd.testing.assert_frame_equal(read_samples(tmp_path / "run"), whole)


def test_rows_in_both_places_are_read_and_compacted_once(one: Path, tmp_path: Path) -> None:
    whole = journal_again(one, tmp_path / "run")
    journal = shards(tmp_path / "run")[0]
    content = journal.read_bytes()
    compact(tmp_path / "run")
    journal.write_bytes(content)  # as if killed between writing the part and removing the shard
    (tmp_path / "run/samples/.part-00001.parquet.1.tmp").write_bytes(b"PAR1")
    pd.testing.assert_frame_equal(read_samples(tmp_path / "run"), whole)
    assert compact(tmp_path / "run") == 0
    pd.testing.assert_frame_equal(read_samples(tmp_path / "run"), whole)
    assert compact(tmp_path / "run") == 0


# ---- info, export, merge


def test_info_counts(runs: Path) -> None:
    facts = info(runs)
    frame = read_samples(runs)
    assert json.loads(json.dumps(facts)) == facts
    assert (facts["rows"], facts["runs"], facts["states"]) == (len(frame), 3, {"finished": 3})
    assert facts["simulators"] == [{"simulator": "toy", "simulator_version": "1", "rows": len(frame)}]
    assert sorted(w["workload"] for w in facts["workloads"]) == ["pointer_chase", "stream"]
    assert sum(facts["statuses"].values()) == len(frame)
    assert facts["duplicates"] == len(frame) - 290
    usable = frame[(frame["violation"] == 0) & (frame["workload"] == "stream")]
    (best,) = [b for b in facts["best"] if b["workload"] == "stream"]
    assert best["value"] == usable["score.latency"].min()
    assert set(best["design"]) == set(TASK.make_simulator().space.names)


def test_csv_keeps_every_bit(one: Path, tmp_path: Path) -> None:
    frame = read_samples(one)
    assert export(one, tmp_path / "out.csv") == len(frame)
    with (tmp_path / "out.csv").open(newline="") as file:
        back = list(csv.DictReader(file))
    for name in frame.select_dtypes("float64"):
        assert [float(row[name] or "nan").hex() for row in back] == [value.hex() for value in frame[name]], name
    assert [row["design.Prefetcher"] for row in back] == frame["design.Prefetcher"].tolist()


def test_parquet_export_reads_like_the_run(runs: Path, tmp_path: Path) -> None:
    export(runs, tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(read_samples(tmp_path / "out.parquet"), read_samples(runs))


def test_export_refuses_what_it_cannot_do(one: Path, tmp_path: Path) -> None:
    (tmp_path / "there.csv").write_text("mine")
    with pytest.raises(RunExists, match="exists"):
        export(one, tmp_path / "there.csv")
    assert (tmp_path / "there.csv").read_text() == "mine"
    with pytest.raises(ConfigError, match="expected one of csv, parquet"):
        export(one, tmp_path / "out.xlsx")
    with pytest.raises(ConfigError, match="does not exist"):
        export(one, tmp_path / "no/out.csv")


def test_merge_writes_each_row_and_on_demand_each_design_once(runs: Path, tmp_path: Path) -> None:
    paths = [runs / "toy/random-0", runs / "toy/random-1", runs / "toy"]
    rows = len(read_samples(runs / "toy"))
    assert merge(paths, tmp_path / "all.parquet") == {"read": 2 * rows, "written": rows}
    unique = read_samples(runs / "toy")["sample_id"].nunique()
    assert merge(paths, tmp_path / "unique.parquet", dedupe=True)["written"] == unique
    merged = read_samples(tmp_path / "unique.parquet")
    assert merged["sample_id"].is_unique
    with pytest.raises(RunExists):
        merge(paths, tmp_path / "all.parquet")


def test_merge_mixes_no_questions_unless_told_to(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="different workloads"):
        merge([runs], tmp_path / "mixed.parquet")
    assert not (tmp_path / "mixed.parquet").exists()
    merge([runs], tmp_path / "mixed.parquet", mixed=True)
    assert read_samples(tmp_path / "mixed.parquet")["workload"].nunique() == 2


# ---- verify and replay


def spoil(run_dir: Path, target: Path, **changes: tuple[int, Any]) -> Path:
    """A copy of a run with single values changed: ``column=(row, value)``; ``.`` in names is ``__``."""
    frame = read_samples(run_dir)
    for name, (row, value) in changes.items():
        frame.loc[row, name.replace("__", ".")] = value
    (target / "samples").mkdir(parents=True)
    (target / "manifest.json").write_text((run_dir / "manifest.json").read_text())
    frame.to_parquet(target / "samples/part-00000.parquet")
    return target


def test_a_sound_log_has_no_problems(runs: Path) -> None:
    checks = verify(runs, rows=None)
    assert len(checks) == 3
    assert [check.problems for check in checks] == [()] * 3
    assert all(check.replayed is not None and check.replayed.rows == check.replayed.equal for check in checks)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sample_id": (3, "00")}, "sample_id: row 3"),
        ({"design__L1Size": (3, 64)}, "sample_id: row 3"),
        ({"index": (5, 1000)}, "index: row 5"),
        ({"status": (5, "FINE")}, "status: unknown"),
        ({"simulator_version": (5, "0")}, "simulator_version: expected '1'"),
        ({"duplicate": (0, True)}, "duplicate: row 0"),
        ({"metric__latency": (0, 5.0)}, "evaluated again: row 0"),
        ({"schema_version": (0, 0)}, "schema_version: expected"),
    ],
)
def test_verify_finds_what_is_wrong(one: Path, tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    (check,) = verify(spoil(one, tmp_path / "run", **change), rows=None)
    assert any(problem.startswith(complaint) for problem in check.problems), check.problems


def test_replay_compares_bit_for_bit(one: Path, tmp_path: Path) -> None:
    frame = read_samples(one)
    report = replay(one)
    assert (report.rows, report.equal, report.first_difference) == (120, 120, None)
    assert report.skipped == len(frame) - 120
    row = int(frame.index[frame["status"] == "OK"][5])
    value = float(np.nextafter(frame.loc[row, "metric.energy"], np.inf))
    report = replay(spoil(one, tmp_path / "run", metric__energy=(row, value)))
    assert (report.rows, report.equal) == (120, 119)
    assert report.first_difference is not None
    assert f"row {row} of " in report.first_difference
    assert "metric.energy" in report.first_difference


def test_replay_draws_rows_by_seed(one: Path) -> None:
    assert replay(one, 10, seed=1).rows == 10
    with pytest.raises(ConfigError, match="rows"):
        replay(one, 0)


@pytest.mark.parametrize(
    ("section", "key", "word"),
    [("simulator", "version", "version"), ("workload", "content_hash", "workload"), ("space", "fingerprint", "space")],
)
def test_replay_refuses_another_simulator(one: Path, tmp_path: Path, section: str, key: str, word: str) -> None:
    target = spoil(one, tmp_path / "run")
    manifest = json.loads((target / "manifest.json").read_text())
    manifest[section][key] = "other"
    (target / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(LogError, match=word):
        replay(target)


def test_a_manifest_says_where_the_numbers_came_from(one: Path) -> None:
    manifest = read_manifest(one)
    assert manifest.config["seed"] == 0
    assert manifest.config["task"]["name"] == "toy/latency-v1"
    assert manifest.task().fingerprint == TASK.fingerprint
    assert {"python", "numpy", "archgym"} <= set(manifest.packages)
    assert [m["unit"] for m in manifest.metrics] == [m.unit for m in TASK.make_simulator().metrics]
    assert manifest.space["parameters"][0]["values"] == [8, 16, 32, 64]
    assert manifest.space["constraints"][0]["name"] == "fits_in_page"


def test_a_manifest_of_a_newer_archgym_is_refused(one: Path, tmp_path: Path) -> None:
    data = json.loads((one / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**data, "schema_version": 99}))
    with pytest.raises(LogError, match="update archgym"):
        read_manifest(tmp_path)


# ---- the two readers of a journal


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory, runs: Path) -> tuple[Path, pa.Schema]:
    folder = tmp_path_factory.mktemp("journal")
    journal_again(runs / "toy/random-0", folder / "run")
    return shards(folder / "run")[0], arrow_schema(read_manifest(folder / "run"))


def test_the_fast_reader_gives_the_bits_of_the_slow_one(journal: tuple[Path, pa.Schema], tmp_path: Path) -> None:
    path, schema = journal
    rows = [row for row in read_shard(path) if row["status"] == "OK"]
    rng = np.random.default_rng(4)
    values = rng.integers(0, 2**64, 4 * len(rows), np.uint64).view(np.float64)
    values[:4] = [5e-324, -0.0, 1.7976931348623157e308, 0.1]
    for row, value in zip(rows, values[np.isfinite(values)], strict=False):
        row |= {"metric.latency": float(value), "message": 'quo"te, "inf" \\ ü\u2028\t'}
    target = tmp_path / "a.jsonl"
    target.write_text("".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows))
    fast, slow = _plain_table(complete_lines(target), schema), rows_to_table(rows, schema)
    assert fast is not None
    assert fast.drop_columns("metric.latency").equals(slow.drop_columns("metric.latency"))
    assert number_column(fast, "metric.latency").tobytes() == number_column(slow, "metric.latency").tobytes()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b'"index":17', b'"index":x', r"jsonl:18: not a row"),
        (b'"index":17', b'"index":"17"', r"'index' cannot be read as int64"),
        (b'"index":17,', b"", r"has no 'index'"),
        (b'"schema_version":1', b'"schema_version":99', "update archgym"),
        (b'"duplicate":false', b'"duplicate":null', "'duplicate' cannot be read as bool"),
    ],
)
def test_a_bad_line_is_named(
    journal: tuple[Path, pa.Schema], tmp_path: Path, old: bytes, new: bytes, complaint: str
) -> None:
    path, schema = journal
    data = path.read_bytes().replace(b": ", b":").replace(b", ", b",")
    assert old in data
    target = tmp_path / "a.jsonl"
    target.write_bytes(data.replace(old, new, 1))
    with pytest.raises(LogError, match=complaint):
        read_shard_table(target, schema)
