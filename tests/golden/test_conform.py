"""The engine gives the reference's answers on a committed sample of its results, and the comparison can fail."""

from __future__ import annotations

import csv
import gzip
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from archgym.simulators.dram.plugin.conform import conform, show_row

DATA = Path(__file__).parent / "data"
SAMPLE = DATA / "dram_dramsys55.csv.gz"
LOGS = DATA / "dram_command_logs.csv.gz"
FIRST = "18"
"""The name of the sample's first row."""


@pytest.fixture(scope="module")
def report():
    return conform(SAMPLE)


@pytest.fixture
def edited(tmp_path):
    """The sample's first row with some columns changed, in a folder with the traces."""

    def _edited(*, drop: str | None = None, **changes: str) -> Path:
        with gzip.open(SAMPLE, "rt", newline="") as file:
            row = next(csv.DictReader(file))
        row |= changes
        if drop is not None:
            del row[drop]
        path = tmp_path / "edited.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerow(row)
        if not (tmp_path / "traces").exists():
            shutil.copytree(DATA / "traces", tmp_path / "traces")
        return path

    return _edited


def test_every_bar_holds(report):
    assert report.rows == 72
    assert [quantity.name for quantity in report.quantities if not quantity.holds] == []
    assert report.holds


def test_all_but_one_quantity_agree_to_the_printed_digit(report):
    """The exception is printed from an already rounded mean (see the data's README)."""
    inexact = {quantity.name for quantity in report.quantities if quantity.exact != quantity.rows}
    assert inexact <= {"avg_latency_from_arrival_ns"}


def test_rows_whose_reference_is_wrong_are_named(report):
    underflow, hanging = report.notes
    assert "2 rows" in underflow
    assert "DRAMPower 6.0.1 underflows" in underflow
    assert "never ends there" in hanging
    quantity = {quantity.name: quantity for quantity in report.quantities}
    assert quantity["energy_valid"].exact == 72  # the breakdown itself is predicted
    assert quantity["energy_total_J"].rows == 70


def test_every_command_and_answer_of_the_logs_is_the_reference_s():
    found = conform(LOGS)
    assert found.rows == 5
    assert {q.name: (q.exact, q.rows) for q in found.quantities}["events"] == (5, 5)
    assert found.holds


def test_some_rows_and_threads_give_the_same(report):
    seen = []
    some = conform(SAMPLE, rows=["142", "321"], threads=2, progress=lambda done, of: seen.append((done, of)))
    assert some.rows == 2
    assert some.holds
    assert seen[-1] == (2, 2)


def test_one_row_is_shown_from_both_sides():
    shown = show_row(SAMPLE, "142")
    assert dict(shown.inputs)["PowerDownPolicy"] == "Staggered"
    sides = {side.name: side for side in shown.sides}
    assert sides["n_ACT"].equal
    assert float(sides["total_time_ns"].ours) == float(sides["total_time_ns"].reference)
    assert "energy_total_J" not in sides  # blank in the reference


def test_a_different_reference_is_noticed(edited):
    found = conform(edited(total_time_ns="1234567.8", n_ACT="1", E_act_J="8.37e-06"))
    wrong = {quantity.name: quantity for quantity in found.quantities if not quantity.holds}
    assert set(wrong) == {"total_time_ns", "n_ACT", "E_act_J"}
    assert wrong["n_ACT"].worst_row == FIRST
    assert not found.holds


def test_two_units_of_the_last_printed_digit_are_not_exact(edited):
    shown = {side.name: side for side in show_row(SAMPLE, FIRST).sides}["total_time_ns"]
    printed = Decimal(shown.reference)
    later = str(printed + 2 * Decimal((0, (1,), printed.as_tuple().exponent)))
    (time, *_) = conform(edited(total_time_ns=later)).quantities
    assert (time.name, time.exact, time.holds) == ("total_time_ns", 0, False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"memspec": "ddr4_2401"}, f"row {FIRST}: part 'ddr4_2401': did you mean 'ddr4_2400'"),
        ({"addr_map": "rcb"}, f"row {FIRST}: mapping 'rcb': did you mean"),
        ({"trace": "nowhere"}, f"row {FIRST}: trace 'nowhere.csv': no such file"),
        ({"Scheduler": "FrFcs"}, f"row {FIRST}: scheduler 'FrFcs': did you mean 'FrFcfs'"),
        ({"RequestBufferSize": "0"}, f"row {FIRST}: request_buffer_size: expected 1"),
        ({"RefreshPolicy": "PerBank"}, f"one of rows {FIRST}: refresh_policy PerBank: DDR4 has no per-bank"),
        ({"n_ACT": "many"}, f"row {FIRST}: n_ACT: expected a number, got 'many'"),
        ({"drop": "E_act_J"}, "missing columns: E_act_J"),
        ({"drop": "PagePolicy"}, "missing columns: PagePolicy"),
        ({"drop": "memspec"}, "no known layout of reference results"),
    ],
)
def test_what_is_unknown_is_named(edited, changes, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        conform(edited(**changes))


def test_an_unknown_row_file_or_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="no row '9999'; rows are named '18' to"):
        conform(SAMPLE, rows=["9999"])
    with pytest.raises(ValueError, match="cannot be read"):
        conform(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="no folder of traces"):
        conform(SAMPLE, traces=tmp_path / "none")
    with pytest.raises(ValueError, match="threads: expected at least 1, got 0"):
        conform(SAMPLE, threads=0)
