"""The accelerator engine gives Timeloop's and MAESTRO's answers on reference results, and the comparison can fail."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archgym.conformance import ConformanceReport
from archgym.errors import ConfigError
from archgym.simulators.accelerator.plugin import PLUGIN
from archgym.simulators.accelerator.plugin.maestro_conform import COLUMNS as MAESTRO_COLUMNS
from archgym.simulators.accelerator.plugin.timeloop_conform import COLUMNS, Energy
from archgym.simulators.accelerator.plugin.timeloop_golden import read_golden

DATA = Path(__file__).parent / "data"
TIMELOOP = DATA / "accelerator_timeloop.json.gz"
MAESTRO = DATA / "accelerator_maestro.json.gz"
timeloop, maestro = PLUGIN.conform["accelerator"], PLUGIN.conform["accelerator-mapping"]
Edit = Callable[[dict[str, Any]], object]

WORKED_EXAMPLE: dict[str, Any] = {
    "id": "worked",
    "layer": {"name": "small", "type": "CONV", "K": 4, "C": 3, "Y": 8, "X": 3, "R": 3, "S": 3, "stride": 1},
    "dataflow": [
        "SpatialMap(1,1) K", "TemporalMap(2,2) C", "TemporalMap(3,3) R", "TemporalMap(3,3) S", "TemporalMap(3,1) Y",
        "TemporalMap(3,1) X", "Cluster(2,P)", "SpatialMap(1,1) C", "TemporalMap(3,1) Y", "TemporalMap(3,1) X",
        "TemporalMap(3,3) R", "TemporalMap(3,3) S",
    ],
    "hw": {"pes": 6, "noc": 4, "off": 8, "l1": 64, "l2": 256},
    "runtime_cycles": 450, "energy_nJ": 2.33704, "throughput_macs_per_cycle": 1.44, "area_um2": 71545.2,
    "power_mW": 9.68307, "l1_req_bytes": 54, "l2_req_bytes": 150, "noc_bw_req": 4, "offchip_bw_req": 4,
    "num_macs": 648, "true_macs": 648, "avg_utilized_pes": 4,
    "l1": {"I": [648, 174], "W": [648, 144], "O": [648, 648]},
    "l2": {"I": [174, 72], "W": [144, 108], "O": [24, 48]},
}  # fmt: skip
"""A layer small enough to be walked through case by case by hand: 6 elements in 3 clusters."""


@pytest.fixture(scope="module")
def report() -> ConformanceReport:
    found = timeloop(TIMELOOP)
    assert isinstance(found, ConformanceReport)
    return found


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[Edit], Path]:
    """Timeloop's sample with only its first row, after an edit of that row."""

    def _edited(edit: Edit) -> Path:
        data = json.loads(gzip.decompress(TIMELOOP.read_bytes()))
        data["rows"] = data["rows"][:1]
        edit(data["rows"][0])
        path = tmp_path / "edited.json"
        path.write_text(json.dumps(data))
        return path

    return _edited


@pytest.fixture
def worked(tmp_path: Path) -> Callable[[Edit], Path]:
    """A file of the worked example, after an edit."""

    def _worked(edit: Edit = lambda row: None) -> Path:
        row = json.loads(json.dumps(WORKED_EXAMPLE))
        edit(row)
        path = tmp_path / "worked.json"
        path.write_text(json.dumps([row]))
        return path

    return _worked


def test_every_bar_holds(report: ConformanceReport) -> None:
    assert [quantity.name for quantity in report.quantities if not quantity.holds] == []
    assert report.holds


def test_every_quantity_of_every_row_is_compared(report: ConformanceReport) -> None:
    found = {quantity.name: quantity.rows for quantity in report.quantities}
    rows = read_golden(TIMELOOP)
    assert list(found) == [(column.printed if isinstance(column, Energy) else column).name for column in COLUMNS]
    for name in ("cycles", "utilisation", "energy", "area"):
        assert found[name] == report.rows == len(rows) == 40
    assert found["tensors held"] == sum(len(row.architecture.levels) for row in rows)
    assert found["reads"] == sum(len(level.keep) for row in rows for level in row.mapping.levels)


def test_counts_are_exact_and_energies_within_a_millionth(report: ConformanceReport) -> None:
    bars = {quantity.name: quantity.bar for quantity in report.quantities}
    assert {bars[name] for name in ("cycles", "tile", "reads", "fills", "updates", "area")} == {"exact"}
    assert bars["energy"] == "1e-06 relative + 1 pJ"


def test_one_row_is_shown_from_both_sides() -> None:
    name = read_golden(TIMELOOP)[0].name
    shown = timeloop(TIMELOOP, show=name)
    assert "holds" in dict(shown.inputs)["DRAM"]
    assert all(side.equal for side in shown.sides)
    assert {"cycles", "energy", "reads DRAM I"} <= {side.name for side in shown.sides}


def test_a_different_reference_is_noticed(edited: Callable[[Edit], Path]) -> None:
    def edit(row: dict[str, Any]) -> None:
        result = row["result"]
        result["cycles"] += 1
        result["energy_pJ"] *= 1 + 1e-5
        result["levels"]["DRAM"]["I"]["reads"] += 1
        result["levels"]["DRAM"]["throttle"] -= 0.01
        result["utilization"] += 1e-4
        result["area_um2"] += 0.01

    found = timeloop(edited(edit))
    wrong = {quantity.name for quantity in found.quantities if not quantity.holds}
    assert wrong == {"cycles", "energy", "reads", "throttle by level", "utilisation", "area"}
    assert not found.holds


def test_an_energy_may_differ_by_a_picojoule_and_not_more(edited: Callable[[Edit], Path]) -> None:
    def leak(pj: float) -> Edit:
        return lambda row: row["result"]["levels"]["DRAM"].update(
            leak_pJ=row["result"]["levels"]["DRAM"]["leak_pJ"] + pj
        )

    assert timeloop(edited(leak(0.9))).holds
    assert not timeloop(edited(leak(1.1))).holds


def test_a_level_that_holds_another_tensor_is_noticed(edited: Callable[[Edit], Path]) -> None:
    def edit(row: dict[str, Any]) -> None:
        level = next(level for level in row["result"]["levels"].values() if len({"W", "I", "O"} & set(level)) == 1)
        [held] = {"W", "I", "O"} & set(level)
        level["W" if held != "W" else "I"] = level.pop(held)

    found = timeloop(edited(edit))
    assert "tensors held" in {quantity.name for quantity in found.quantities if not quantity.holds}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda row: row.update(arch="d_e9"), "arch 'd_e9': did you mean 'd_e"),
        (lambda row: row.pop("mapping"), "no field 'mapping'"),
        (lambda row: row["mapping"].pop(), "levels"),
        (lambda row: row["mapping"][0].update(temporal=[["K", 2]]), "'K'"),
        (lambda row: row["mapping"][-1].update(temporal=[["M", 10**6]]), "invalid here, but not for Timeloop"),
        (lambda row: row["result"].pop("cycles"), "no field 'cycles'"),
    ],
)
def test_a_row_that_cannot_be_compared_is_named(edited: Callable[[Edit], Path], edit: Edit, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        timeloop(edited(edit))
    assert "\n" not in str(caught.value)
    assert "edited.json: row" in str(caught.value)


def test_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"row 'tl_dev_9999': did you mean 'tl_dev_"):
        timeloop(TIMELOOP, show="tl_dev_9999")


def test_maestros_sample_agrees_in_every_number() -> None:
    found = maestro(MAESTRO)
    assert [quantity.name for quantity in found.quantities if not quantity.holds] == []
    assert {quantity.rows for quantity in found.quantities} == {found.rows}
    assert len(found.quantities) == len(MAESTRO_COLUMNS)


def test_the_worked_example_of_maestro_agrees(worked: Callable[..., Path]) -> None:
    assert maestro(worked()).holds
    shown = maestro(worked(), show="worked")
    assert dict(shown.inputs)["directive 7"] == "Cluster(2,P)"
    assert all(side.equal for side in shown.sides)


def test_a_different_answer_of_maestro_is_noticed(worked: Callable[..., Path]) -> None:
    def edit(row: dict[str, Any]) -> None:
        row["l2"]["I"][0] += 1
        row["runtime_cycles"] -= 1
        row["energy_nJ"] *= 1 + 1e-5

    found = maestro(worked(edit))
    wrong = {quantity.name for quantity in found.quantities if not quantity.holds}
    assert wrong == {"l2_I_reads", "runtime_cycles", "energy_nJ"}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda row: row.pop("hw"), "row 'worked'.*hw"),
        (lambda row: row["l1"].pop("O"), "row 'worked'.*O"),
        (lambda row: row["layer"].update(type="FC"), "row 'worked'.*FC"),
        (lambda row: row["dataflow"].append("Stack(1,1) K"), r"row 'worked'.*Stack\(1,1\) K"),
    ],
)
def test_a_row_of_maestro_that_cannot_be_read_is_named(worked: Callable[..., Path], edit: Edit, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        maestro(worked(edit))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suite", [timeloop, maestro])
@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not JSON"), ("3", "not a file of"), ("[3]", "not a file of"), ("\xff", "not JSON")],
)
def test_a_file_that_is_none_is_named(suite: Any, text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"broken.json: {message}"):
        suite(path)
