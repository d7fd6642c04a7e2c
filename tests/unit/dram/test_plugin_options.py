"""The DRAM plug-in's options: each acts, and a bad one is refused in one line before anything is simulated."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from archgym.errors import ConfigError
from archgym.registry import make_simulator, simulator_plugin
from archgym.simulator import Simulator, Status
from archgym.simulators.dram.plugin import PLUGIN
from archgym.simulators.dram.plugin import simulator as module
from archgym.simulators.dram.workloads.registry import load_workload
from archgym.simulators.dram.workloads.writers import write_csv

WORKLOAD = "random:n=200,interval_ns=6"
PARTS = resources.files("archgym.simulators.dram") / "parts"
GIB = 1 << 30


def make(**options: Any) -> Simulator:
    return make_simulator("dram", **{"workload": WORKLOAD, "space": "archgym", **options})


def priced(simulator: Simulator, **design: Any) -> dict[str, float]:
    """The metrics of the default design with some changes."""
    results = simulator.evaluate(simulator.space.from_designs([{**simulator.space.default, **design}]))
    assert results.status[0] == Status.OK, results.messages
    return {metric.name: results.metrics[0, i].item() for i, metric in enumerate(simulator.metrics)}


def part_data(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((PARTS / f"{name}.yaml").read_text(encoding="utf-8"))
    return data


def memspec_of(data: dict[str, Any]) -> dict[str, Any]:
    """The same part under the keys of a DRAMSys memspec."""
    theirs = {"banks": "nbrOfBanks", "bank_groups": "nbrOfBankGroups", "rows": "nbrOfRows", "ranks": "nbrOfRanks"}
    theirs |= {"columns": "nbrOfColumns", "devices": "nbrOfDevices", "burst_length": "burstLength"}
    theirs |= {"data_rate": "dataRate", "width": "width"}
    return {
        "memspec": {
            "memoryId": data["name"],
            "memoryType": data["standard"],
            "memarchitecturespec": {
                **{theirs[key]: value for key, value in data["organisation"].items()},
                "nbrOfChannels": 1,
                "RefMode": data["refresh_mode"],
            },
            "memtimingspec": {**data["timing"], "tCK": data["tCK_ps"] * 1e-12},
            "mempowerspec": data["power"],
            "memimpedancespec": data["interface"],
            "bankwisespec": {"factRho": data.get("rho", 1.0)},
        }
    }


def test_a_part_file_of_ones_own_is_the_part(tmp_path: Path) -> None:
    data = part_data("ddr4_2400")
    (tmp_path / "same.yaml").write_text(yaml.safe_dump(data))
    (tmp_path / "memspec.json").write_text(json.dumps(memspec_of(data)))
    data["timing"]["RCD"] += 10
    (tmp_path / "slow.yaml").write_text(yaml.safe_dump(data))
    shipped = priced(make(part="ddr4_2400"))
    assert priced(make(part=str(tmp_path / "same.yaml"))) == shipped
    assert priced(make(part=str(tmp_path / "memspec.json"))) == shipped
    assert priced(make(part=str(tmp_path / "slow.yaml")))["read_latency_avg"] > shipped["read_latency_avg"] + 8


def test_a_mapping_is_named_or_a_congen_file(tmp_path: Path) -> None:
    # The bits of row-bank-column on 4 GiB of DDR4, x8: 3 byte, 10 column, 2 group, 2 bank, 15 row.
    bits = {"BYTE_BIT": range(3), "COLUMN_BIT": range(3, 13), "BANKGROUP_BIT": (13, 14), "BANK_BIT": (15, 16)}
    congen = {"addressmapping": {key: list(value) for key, value in {**bits, "ROW_BIT": range(17, 32)}.items()}}
    (tmp_path / "mine.json").write_text(json.dumps(congen))
    named = priced(make(mapping="row-bank-column"))
    assert priced(make(mapping=str(tmp_path / "mine.json"))) == named
    assert priced(make(mapping="bank-row-column"))["time_total"] != named["time_total"]


def test_defaults_are_ddr4_2400_behind_bank_row_column_as_dramsys_5_5_does_it() -> None:
    named = make(part="ddr4_2400", mapping="brc", controller="dramsys-5.5", knobs={"ThinkDelayFw": 1})
    assert priced(make()) == priced(named)


def test_the_older_controller_thinks_faster_and_has_energy_too() -> None:
    ddr3 = {"part": "ddr3_1600", "mapping": "archgym"}
    new, old = priced(make(**ddr3)), priced(make(**ddr3, controller="dramsys-4.0"))
    assert old["time_total"] != new["time_total"]
    assert old["energy_total"] > 0
    assert old["energy_interface"] == 0  # DRAMPower 4 has none


def test_a_fixed_knob_acts() -> None:
    slow = priced(make(knobs={"ThinkDelayBw": 20}))["read_latency_avg"]
    assert slow > priced(make())["read_latency_avg"] + 20 * 0.833 - 1
    assert priced(make(knobs={"PowerDownPolicy": "Staggered"}, workload="random:n=200,interval_ns=300"))[
        "commands_pdep"
    ]


def test_strict_jedec_slows_a_closed_page_run_and_no_open_one() -> None:
    correct, reference = make(strict_jedec=True), make()
    closed = {"PagePolicy": "Closed", "Scheduler": "Fifo"}
    assert priced(correct, **closed)["time_total"] > priced(reference, **closed)["time_total"]
    assert priced(correct) == priced(reference)


def test_a_trace_file_is_a_workload(tmp_path: Path) -> None:
    write_csv(load_workload(WORKLOAD), tmp_path / "trace.csv.gz")
    named, read = make(), make(workload=str(tmp_path / "trace.csv.gz"))
    assert priced(read) == priced(named)
    assert read.workload.name == "trace.csv.gz"
    assert read.workload.content_hash == named.workload.content_hash


def test_workload_options_are_the_options_in_the_name() -> None:
    apart = make(workload="random", workload_options={"n": 200, "interval_ns": 6})
    assert priced(apart) == priced(make())
    assert apart.workload.content_hash == make().workload.content_hash
    other = make(workload="random", workload_options={"n": 200, "interval_ns": 6, "seed": 1})
    assert other.workload.content_hash != apart.workload.content_hash
    assert priced(other) != priced(apart)


def test_a_trace_files_clock_is_a_workload_option(tmp_path: Path) -> None:
    (tmp_path / "t.stl").write_text("".join(f"{64 * i}: read 0x{64 * i:x}\n" for i in range(50)))
    slow, fast = (make(workload=str(tmp_path / "t.stl"), workload_options={"clock_mhz": mhz}) for mhz in (400, 800))
    # 49 gaps of 64 cycles of 2.5 and of 1.25 ns.
    gap = priced(slow)["time_total"] - priced(fast)["time_total"]
    assert gap == pytest.approx(49 * 64 * 1.25, abs=60)


def write_trace(path: Path, *addresses: int) -> str:
    path.write_text("time_ns,op,addr\n" + "".join(f"{10 * i},R,{a:#x}\n" for i, a in enumerate(addresses)))
    return str(path)


@pytest.mark.parametrize("space", ["archgym", "platform"])
def test_an_address_beyond_the_part_is_refused(space: str, tmp_path: Path) -> None:
    assert refused(workload=write_trace(tmp_path / "last.csv", 4 * GIB), space=space) == (
        "simulator 'dram' on 'last.csv': request 1: address 0x100000000 is beyond the 4294967296 bytes of the part "
        "(highest address 0xffffffff); 1 of 1 requests are"
    )
    make(workload=write_trace(tmp_path / "fits.csv", 4 * GIB - 64), space=space)


def test_a_part_of_the_platform_that_is_too_small_is_infeasible(tmp_path: Path) -> None:
    simulator = make(workload=write_trace(tmp_path / "t.csv", 64, 3 * GIB), space="platform")
    batch = simulator.space.sample(40, np.random.default_rng(0))
    results = simulator.evaluate(batch)
    small = batch.columns()["Part"] == "lpddr4_3200_x32"
    assert 5 < small.sum() < 35
    assert (results.status == np.where(small, Status.INFEASIBLE, Status.OK)).all()
    assert np.isnan(results.metrics[small]).all()
    assert not np.isnan(results.metrics[~small, 0]).any()
    assert set(results.messages) == set(np.flatnonzero(small).tolist())
    assert all("is beyond the 2147483648 bytes of the part" in text for text in results.messages.values())


def refused(**options: Any) -> str:
    """The one line with which `make` refuses."""
    with pytest.raises(ConfigError) as caught:
        make(**options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"part": "ddr4_240"}, "did you mean 'ddr4_2400'"),
        ({"part": "nowhere.yaml"}, "nowhere.yaml: cannot be read"),
        ({"mapping": "row-bank-colum"}, "did you mean 'row-bank-column'"),
        ({"mapping": "brc:xor"}, "mapping 'brc:xor'"),
        ({"mapping": "row-bank-column:xorr"}, "expected the options low-group and xor, got 'xorr'"),
        ({"mapping": "nowhere.json"}, "nowhere.json: cannot be read"),
        ({"controller": "dramsys-5"}, "did you mean 'dramsys-5.5'"),
        ({"controller": 5}, "controller '5'"),
        ({"knobs": {"ThinkDelai": 1}}, "knob 'ThinkDelai': did you mean 'ThinkDelay"),
        ({"knobs": "ThinkDelayFw"}, "knobs: expected a mapping of names to values, got 'ThinkDelayFw'"),
        ({"knobs": 5}, "knobs: expected a mapping of names to values, got 5"),
        ({"strict_jedec": "yes"}, "strict_jedec: expected true or false, got 'yes'"),
        ({"strict_jedec": 1}, "strict_jedec: expected true or false, got 1"),
        ({"threads": 0}, "threads: expected a positive whole number, got 0"),
        ({"threads": "2"}, "threads: expected a positive whole number, got '2'"),
        ({"threads": True}, "threads: expected a positive whole number, got True"),
        ({"workload_options": 5}, "workload_options: expected a mapping of names to values, got 5"),
        ({"workload_options": {"n": 5}}, "n is given twice"),
        ({"workload_options": {"sed": 5}}, "did you mean 'seed'"),
        ({"workload_options": {1: 5}}, "'1'"),
        ({"workload_options": {"seed": "x"}}, "seed: expected an integer"),
        ({"workload": "randum"}, "did you mean 'random'"),
        ({"workload": "nowhere.csv"}, "nowhere.csv"),
        ({"space": "platfrm"}, "did you mean 'platform'"),
        ({"space": "platform", "part": "ddr4_2400"}, "part: space 'platform' searches it"),
        ({"space": "platform", "mapping": "brc"}, "use the task's 'restrict' to fix AddressOrder"),
        ({"speed": 3}, "option 'speed'"),
    ],
)
def test_a_bad_option_is_refused(
    options: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(**options)


def broken_yaml(data: dict[str, Any]) -> str:
    return "timing: [1\npower: {"


def without_power(data: dict[str, Any]) -> str:
    return yaml.safe_dump({**data, "power": {}, "interface": {}})


def misspelt(data: dict[str, Any]) -> str:
    return yaml.safe_dump(data).replace(" RCD:", " RDC:")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [(broken_yaml, "not a YAML file"), (without_power, "no currents"), (misspelt, "timing.RCD")],
)
def test_a_bad_part_file_is_refused(spoil: Callable[[dict[str, Any]], str], message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(spoil(part_data("ddr4_2400")))
    assert message in refused(part=str(tmp_path / "mine.yaml"))


def test_name_version_and_hashes() -> None:
    simulator = make(part="ddr3_1600", mapping="archgym")
    assert (simulator.name, simulator.version) == (PLUGIN.name, PLUGIN.version) == (module.NAME, module.VERSION)
    assert simulator.workload.name == load_workload(WORKLOAD).name
    assert len({make(workload=f"{name}:n=60").workload.content_hash for name in ("random", "zipf", "gemm")}) == 3


def test_whatever_decides_a_result_is_in_the_hash_and_nothing_else(tmp_path: Path) -> None:
    part = tmp_path / "part.yaml"
    shipped = (resources.files("archgym.simulators.dram") / "parts" / "ddr4_2400.yaml").read_text(encoding="utf-8")
    part.write_text(shipped)
    first = make(part=str(part)).workload.content_hash
    part.write_text(shipped.replace("  RCD: 16", "  RCD: 17"))
    others = [
        make(part=str(part)),
        make(mapping="rbc"),
        make(controller="dramsys-4.0"),
        make(knobs={"ThinkDelayFw": 2}),
        make(strict_jedec=True),
    ]
    hashes = {simulator.workload.content_hash for simulator in others}
    assert len({first, *hashes}) == 6
    assert make(part="ddr4_2400", threads=2).workload.content_hash == make(part="ddr4_2400").workload.content_hash


def test_every_option_and_space_of_the_plugin_is_documented() -> None:
    plugin = simulator_plugin("dram")
    assert set(plugin.options) == {
        *("part", "mapping", "controller", "knobs", "strict_jedec", "workload_options", "threads")
    }
    assert all(text.endswith(".") for text in (*plugin.options.values(), *plugin.spaces.values()))
    assert all(plugin.workloads.values())
