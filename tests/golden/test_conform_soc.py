"""The SoC engine gives FARSI's answers on a committed sample of its results, and the comparison can fail."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archgym.conformance import ConformanceReport
from archgym.errors import ConfigError
from archgym.simulators.soc.plugin.conform import COLUMNS, conform, show_row
from archgym.simulators.soc.plugin.golden import read_golden, type_name

SAMPLE = Path(__file__).parent / "data" / "soc_farsi.jsonl.gz"
FIRST = "dev-audio_decoder-000"
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def report() -> ConformanceReport:
    return conform(SAMPLE)


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[Edit], Path]:
    """The sample's first row after an edit."""

    def _edited(edit: Edit) -> Path:
        with gzip.open(SAMPLE, "rt") as file:
            row = json.loads(next(file))
        edit(row)
        path = tmp_path / "edited.jsonl"
        path.write_text(json.dumps(row))
        return path

    return _edited


def test_every_bar_holds(report: ConformanceReport) -> None:
    assert [quantity.name for quantity in report.quantities if not quantity.holds] == []
    assert report.holds


def test_every_quantity_of_every_row_is_compared(report: ConformanceReport) -> None:
    found = {quantity.name: quantity.rows for quantity in report.quantities}
    assert list(found) == [column.name for column in COLUMNS]
    for name in ("latency", "energy", "power", "area", "development cost", "scan order", "links simulated", "phases"):
        assert found[name] == report.rows == 43
    assert found["task finish"] == sum(len(row.soc.task_on) for row in read_golden(SAMPLE))


def test_one_row_is_shown_from_both_sides() -> None:
    shown = show_row(SAMPLE, FIRST)
    assert dict(shown.inputs)["pe0"] == "A53 on bus0"
    sides = {side.name: side for side in shown.sides}
    assert sides["latency"].equal
    assert sides["task finish source"].ours == "0"
    assert float(sides["energy"].ours) == pytest.approx(float(sides["energy"].reference), rel=1e-9)


def test_a_different_reference_is_noticed(edited: Callable[[Edit], Path]) -> None:
    def edit(row: dict[str, Any]) -> None:
        row["farsi"]["energy_J"] *= 1 + 1e-8
        row["farsi"]["kernel_order"].reverse()
        row["farsi"]["effective"]["links"].pop()
        row["farsi"]["tasks"]["psychoFilter_fxp_cloned"]["finish_s"] *= 0.999

    found = conform(edited(edit))
    wrong = {quantity.name: quantity for quantity in found.quantities if not quantity.holds}
    assert set(wrong) == {"energy", "scan order", "links simulated", "task finish"}
    assert wrong["task finish"].worst_row == f"{FIRST} psychoFilter"
    assert not found.holds


def test_another_link_in_the_place_of_one_is_noticed(edited: Callable[[Edit], Path]) -> None:
    def edit(row: dict[str, Any]) -> None:
        row["farsi"]["effective"]["links"][0] = ["pe0", "mem0"]

    [wrong] = [quantity.name for quantity in conform(edited(edit)).quantities if not quantity.holds]
    assert wrong == "links simulated"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda row: row["design"]["pes"][0].update(type="A54_pe"), "unknown block type 'A54_pe'"),
        (lambda row: row["design"]["pes"][0].update(type="zoomProcess_fxp_cloned_IP0_3_1_pe"), "zoomProcess/IP0/x3"),
        (lambda row: row["design"]["task_pe"].update(siink="pe9"), "pe9"),
        (lambda row: row["design"].pop("mems"), "no field 'mems'"),
        (lambda row: row["farsi"].pop("energy_J"), "no field 'energy_J'"),
        (lambda row: row.update(workload_db_order=["audio"]), "audio_decoder"),
    ],
)
def test_a_row_that_cannot_be_compared_is_named(edited: Callable[[Edit], Path], edit: Edit, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        conform(edited(edit))
    assert "\n" not in str(caught.value)
    assert "edited.jsonl" in str(caught.value)


def test_a_row_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"row 'dev-hpvm_cava-99': did you mean 'dev-hpvm_cava-\d+'"):
        show_row(SAMPLE, "dev-hpvm_cava-99")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("A53_pe", "A53"),
        ("GMEM_3_8_mem", "dram-32B-800MHz"),
        ("LMEM_0_1_mem", "sram-4B-100MHz"),
        ("LMEM_ic_5_6_ic", "bus-128B-600MHz"),
        ("rotatorSet_fxp_cloned_IP0_1_4_pe", "rotatorSet/IP0/x1/400MHz"),
        ("gaussianSmoothing_IP0_32768_1_pe", "gaussianSmoothing/IP0/x32768/100MHz"),
    ],
)
def test_types_are_translated(theirs: str, ours: str) -> None:
    assert type_name(theirs) == ours


def test_what_is_not_json_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text('{"id": "x"\n')
    with pytest.raises(ConfigError, match=r"broken.jsonl:1: not JSON"):
        conform(path)
    path.write_text("")
    with pytest.raises(ConfigError, match="no rows"):
        conform(path)
