"""Read files of FARSI's results: one JSON object a line, a complete design with FARSI's answer.

FARSI's names are translated to ours here, and nowhere else.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archgym.errors import ConfigError, did_you_mean
from archgym.simulators.soc.graph import SINK, SOURCE
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.tables import variant_name

_WIDTHS_B = (4, 8, 16, 32, 64, 128)
_BASE_MHZ = 100
_SUFFIX = "_fxp_cloned"
_DUMMIES = {"souurce": SOURCE, "siink": SINK}
_SHARED_TYPE = re.compile(r"(GMEM|LMEM_ic|LMEM)_([0-5])_(\d+)_(mem|ic)")
_ACCELERATOR = re.compile(r"(.+)_(IP\d+)_(\d+)_(\d+)_pe")
_KINDS = {"GMEM": "dram", "LMEM": "sram", "LMEM_ic": "bus"}


@dataclass(frozen=True, slots=True)
class Row:
    """One design and what FARSI says about it."""

    name: str
    workloads: tuple[str, ...]
    """In the order in which FARSI loaded them."""
    soc: Soc
    expected: Mapping[str, Any]
    """FARSI's answer with its field names; tasks, blocks and types by our names."""


def read_golden(path: Path, only: str | None = None) -> list[Row]:
    """All rows of the file (``.jsonl``, ``.jsonl.gz``), or the one named *only*; `ConfigError` with file and line."""
    rows, names = [], []
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                data = _parsed(line, f"{path}:{number}")
                names.append(str(data.get("id")))
                if only is None or names[-1] == only:
                    rows.append(_row(data, f"{path}:{number}"))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a file of reference results: {error}") from None
    if not rows:
        raise ConfigError(f"{path}: no rows" if only is None else f"{path}: row {only!r}: {did_you_mean(only, names)}")
    return rows


def _parsed(line: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"{where}: not JSON: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: expected an object, got {type(data).__name__}")
    return data


def _row(data: dict[str, Any], where: str) -> Row:
    try:
        workloads = tuple(data.get("workload_db_order") or data["workloads"])
        return Row(str(data["id"]), workloads, _soc(data["design"]), _expected(data["farsi"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"{where}: not a row of FARSI's results: {missing}") from None


def task_name(name: str) -> str:
    """Our name of a task of FARSI."""
    return _DUMMIES.get(name, name.removesuffix(_SUFFIX))


def type_name(name: str) -> str:
    """Our name of a block type of FARSI; ValueError for one that it cannot have."""
    if name == "A53_pe":
        return "A53"
    if shared := _SHARED_TYPE.fullmatch(name):
        kind, width, multiple, _ = shared.groups()
        return f"{_KINDS[kind]}-{_WIDTHS_B[int(width)]}B-{int(multiple) * _BASE_MHZ}MHz"
    if accelerator := _ACCELERATOR.fullmatch(name):
        task, design, unroll, multiple = accelerator.groups()
        return variant_name(task_name(task), design, int(unroll), int(multiple) * _BASE_MHZ)
    raise ValueError(f"unknown block type {name!r}")


def _soc(design: Mapping[str, Any]) -> Soc:
    pes, memories = (
        tuple(Block(b["id"], type_name(b["type"]), b["bus"]) for b in design[kind]) for kind in ("pes", "mems")
    )
    data_in = {}
    for edge, memory in design["edge_mem"].items():
        producer, _, consumer = edge.partition("->")
        data_in[task_name(producer), task_name(consumer)] = memory
    return Soc(
        processing=pes,
        memories=memories,
        buses=tuple(BusBlock(bus["id"], type_name(bus["type"])) for bus in design["buses"]),
        links=tuple((a, b) for a, b in design["bus_links"]),
        task_on={task_name(task): pe for task, pe in design["task_pe"].items()},
        data_in=data_in,
    )


def _expected(answer: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(answer)
    found["tasks"] = {task_name(name): dict(task) for name, task in answer["tasks"].items()}
    found["kernel_order"] = [task_name(name) for name in answer["kernel_order"]]
    found["phases"] = [
        {**phase, "running": [task_name(name) for name in phase["running"]]} for phase in answer.get("phases", [])
    ]
    return found
