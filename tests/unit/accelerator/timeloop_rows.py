"""The committed sample of Timeloop's results, as architectures, layers, mappings and numbers."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapping import Mapping, level_mapping

SAMPLE = Path(__file__).parents[2] / "golden" / "data" / "accelerator_timeloop.json.gz"
WORD_BITS = 16


@dataclass(frozen=True)
class Row:
    """One mapping with Timeloop's answer to it."""

    id: str
    architecture: Architecture
    layer: Layer
    mapping: Mapping
    expected: dict[str, Any]


def read_rows() -> list[Row]:
    data = json.loads(gzip.decompress(SAMPLE.read_bytes()))
    architectures = {name: architecture(name, entry["levels"]) for name, entry in data["architectures"].items()}
    layers = {name: layer(entry) for name, entry in data["layers"].items()}
    return [
        Row(row["id"], architectures[row["arch"]], layers[row["layer"]], mapping(row["mapping"]), row["result"])
        for row in data["rows"]
    ]


def architecture(name: str, levels: list[dict[str, Any]]) -> Architecture:
    *buffers, mac = levels
    price = mac["ert_pJ"]
    multipliers = Mac(mac["meshX"], mac["meshY"], price["compute"], price["leak"], mac["area_um2"])
    return Architecture(name, tuple(level(entry) for entry in buffers), multipliers)


def level(entry: dict[str, Any]) -> Level:
    words = entry["width"] // WORD_BITS
    price = entry["ert_pJ"]
    return Level(
        name=entry["name"],
        kind=entry["cls"],
        capacity_words=None if entry["cls"] == "DRAM" else entry["depth"] * words,
        block_words=words,
        mesh_x=entry["meshX"],
        mesh_y=entry["meshY"],
        read_bandwidth=entry["rbw"],
        write_bandwidth=entry["wbw"],
        keeps=frozenset(entry["keep"]),
        read_pj=price["read"],
        write_pj=price["write"],
        update_pj=price["update"],
        leak_pj=price["leak"],
        area_um2=entry["area_um2"],
    )


def layer(entry: dict[str, Any]) -> Layer:
    return Layer(
        **{key: entry[key] for key in ("name", "N", "C", "M", "P", "Q", "R", "S")},
        stride_p=entry["Wstride"],
        stride_q=entry["Hstride"],
        dilation_p=entry["Wdilation"],
        dilation_q=entry["Hdilation"],
        kind=entry["type"],
    )


def mapping(levels: list[dict[str, Any]]) -> Mapping:
    return Mapping(
        tuple(
            level_mapping(entry["keep"], entry["temporal"], entry.get("spatial_x", ()), entry.get("spatial_y", ()))
            for entry in levels
        )
    )
