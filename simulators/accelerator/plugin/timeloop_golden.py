"""Read files of Timeloop's results: architectures, layers, and mappings with Timeloop's answer to each.

Timeloop's names are translated to ours here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archgym.errors import ConfigError, did_you_mean
from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapping import Mapping as LoopNest
from archgym.simulators.accelerator.mapping import level_mapping
from archgym.simulators.accelerator.plugin.json_file import read_json

WORD_BITS = 16


@dataclass(frozen=True, slots=True)
class Row:
    """One mapping and what Timeloop says about it."""

    name: str
    architecture: Architecture
    layer: Layer
    mapping: LoopNest
    expected: Mapping[str, Any]
    """Timeloop's answer with its field names."""


def read_golden(path: Path, only: str | None = None) -> list[Row]:
    """All rows of the file (``.json``, ``.json.gz``), or the one named *only*; `ConfigError` with file and row."""
    data = read_json(path)
    parts = [data.get(key) if isinstance(data, dict) else None for key in ("architectures", "layers", "rows")]
    if not isinstance(parts[0], dict) or not isinstance(parts[1], dict) or not isinstance(parts[2], list):
        raise ConfigError(f"{path}: not a file of Timeloop's results: expected architectures, layers and rows")
    names = [str(row.get("id")) if isinstance(row, dict) else "" for row in parts[2]]
    chosen = [row for row, name in zip(parts[2], names, strict=True) if only is None or name == only]
    if not chosen:
        raise ConfigError(f"{path}: no rows" if only is None else f"{path}: row {only!r}: {did_you_mean(only, names)}")
    architectures = {name: _named(f"{path}: architecture {name}", architecture, name, entry)
                     for name, entry in parts[0].items()}  # fmt: skip
    layers = {name: _named(f"{path}: layer {name}", layer, entry) for name, entry in parts[1].items()}
    return [_named(f"{path}: row {_id(row)}", _row, row, architectures, layers) for row in chosen]


def _id(row: Any) -> str:
    return str(row.get("id")) if isinstance(row, dict) else repr(row)[:40]


def _named(where: str, read: Any, *arguments: Any) -> Any:
    """``read(*arguments)``; `ConfigError` that begins with *where* if they are not what it needs."""
    try:
        return read(*arguments)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing = f"no field {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"{where}: not as Timeloop's results are written: {missing}") from None


def _row(data: Any, architectures: Mapping[str, Architecture], layers: Mapping[str, Layer]) -> Row:
    for kind, known in (("arch", architectures), ("layer", layers)):
        if data[kind] not in known:
            raise DataError(f"{kind} {data[kind]!r}: {did_you_mean(data[kind], known)}")
    nest = mapping(data["mapping"])
    return Row(str(data["id"]), architectures[data["arch"]], layers[data["layer"]], nest, dict(data["result"]))


def architecture(name: str, entry: Mapping[str, Any]) -> Architecture:
    """The architecture of an entry; its last level is the multipliers."""
    *buffers, mac = entry["levels"]
    price = mac["ert_pJ"]
    multipliers = Mac(mac["meshX"], mac["meshY"], price["compute"], price["leak"], mac["area_um2"])
    return Architecture(name, tuple(map(_level, buffers)), multipliers)


def _level(entry: Mapping[str, Any]) -> Level:
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


def layer(entry: Mapping[str, Any]) -> Layer:
    """The layer of an entry; Timeloop's W goes with P and R, its H with Q and S."""
    return Layer(
        **{key: entry[key] for key in ("name", "N", "C", "M", "P", "Q", "R", "S")},
        stride_p=entry["Wstride"],
        stride_q=entry["Hstride"],
        dilation_p=entry["Wdilation"],
        dilation_q=entry["Hdilation"],
        kind=entry["type"],
    )


def mapping(levels: list[Mapping[str, Any]]) -> LoopNest:
    """The mapping of a row, outermost level first."""
    return LoopNest(
        tuple(
            level_mapping(entry["keep"], entry["temporal"], entry.get("spatial_x", ()), entry.get("spatial_y", ()))
            for entry in levels
        )
    )
