"""Accelerators to map on: by name, or in a YAML file.

constraints: row-stationary        # or any (default); row-stationary needs the levels of architectures/eyeriss.yaml
levels:                            # outermost first; words of 16 bits
  - {name: DRAM, class: DRAM, block_words: 4, bandwidth: 16}
  - {name: glb, class: SRAM, depth: 16384, block_words: 4, banks: 16, read_bandwidth: 32, write_bandwidth: 16}
  - {name: rf, class: regfile, depth: 64, mesh: [8, 8]}
mac: {mesh: [8, 8]}

``depth`` is in blocks, bandwidths are in words a cycle and instance (none: unlimited), ``mesh`` counts instances in all
(1 x 1 if not given), ``keeps`` lists the tensors that a level may hold (all if not given). Class ``none`` is a level
without a buffer, where loops fan out.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import Fields, read_yaml, unknown
from archgym.simulators.accelerator.eyeriss import WORD_BITS
from archgym.simulators.accelerator.plugin.eyeriss_decoding import ROW_STATIONARY
from archgym.simulators.accelerator.pricing.component import ComponentSpec, Price
from archgym.simulators.accelerator.pricing.technology import Technology

SHIPPED: Final = {
    "eyeriss": "168 elements, row-stationary",
    "generic": "8 x 8 multipliers under one shared buffer; any mapping",
    "two_level": "4 x 4 elements of 8 x 8 multipliers; any mapping",
}
_NO_BUFFER: Final = "none"
CONSTRAINTS: Final = ("any", "row-stationary")
_KEYS: Final = ("name", "class", "depth", "block_words", "banks", "mesh", "keeps", "bandwidth", "read_bandwidth",
                "write_bandwidth")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """An accelerator, and what mappings it allows."""

    architecture: Architecture
    constraints: MapConstraints


def load_target(name_or_path: str, technology: Technology) -> Target:
    """The accelerator of that name in `SHIPPED`, or the one in that ``.yaml`` file, at a technology's prices.

    Raises `DataError`, one line: an unknown name, or the file, the level, the key and what was expected.
    """
    if name_or_path in SHIPPED:
        folder = resources.files("archgym.simulators.accelerator.plugin.mapping") / "architectures"
        return read_target(folder / f"{name_or_path}.yaml", name_or_path, technology)
    path = Path(name_or_path)
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise DataError(f"{unknown('architecture', name_or_path, SHIPPED)}; or give a .yaml file")
    return read_target(path, path.stem, technology)


def read_target(path: Traversable, name: str, technology: Technology) -> Target:
    """The accelerator in a YAML file; errors as `load_target`."""
    top = read_yaml(path)
    top.keys_are("constraints", "levels", "mac")
    entries = top.values.get("levels")
    if not isinstance(entries, list) or not entries:
        raise top.wrong("levels", "a list of levels, outermost first")
    levels = tuple(_level(Fields.of(value, f"{top.where}: levels[{i}]"), technology) for i, value in enumerate(entries))
    mac = top.fields("mac")
    mac.keys_are("mesh")
    price = technology.price(ComponentSpec("intmac", width_bits=WORD_BITS))
    try:
        multipliers = Mac(*_mesh(mac), price.read_pj, price.leak_pj, price.area_um2)
        architecture = Architecture(name, levels, multipliers)
        return Target(architecture, _constraints(top, architecture))
    except DataError as error:
        raise DataError(f"{path}: {str(error).removeprefix(f'architecture {name!r}: ')}") from None


def _constraints(top: Fields, architecture: Architecture) -> MapConstraints:
    chosen = top.text("constraints", CONSTRAINTS[0])
    if chosen not in CONSTRAINTS:
        raise unknown("constraints", chosen, CONSTRAINTS)
    if chosen == CONSTRAINTS[0]:
        return MapConstraints.unconstrained(architecture)
    ROW_STATIONARY.check_fits(architecture)
    return ROW_STATIONARY


def _level(entry: Fields, technology: Technology) -> Level:
    entry.keys_are(*_KEYS)
    kind, block = entry.text("class"), entry.whole("block_words", 1)
    unlimited = kind in ("DRAM", _NO_BUFFER)
    depth = 1 if unlimited else entry.whole("depth")
    price = _price(entry, technology, kind, depth, block)
    try:
        return Level(
            entry.text("name"), kind, None if unlimited else depth * block, block, *_mesh(entry),
            _bandwidth(entry, "read_bandwidth"), _bandwidth(entry, "write_bandwidth"), _keeps(entry),
            price.read_pj, price.write_pj, price.update_pj, price.leak_pj, price.area_um2,
        )  # fmt: skip
    except DataError as error:
        raise error if str(error).startswith(entry.where) else DataError(f"{entry.where}: {error}") from None


def _price(entry: Fields, technology: Technology, kind: str, depth: int, block: int) -> Price:
    if kind == _NO_BUFFER:
        return Price(0.0, 0.0, 0.0, 0.0, 0.0, "no buffer")
    try:
        return technology.price(ComponentSpec(kind, depth, block * WORD_BITS, entry.whole("banks", 1)))
    except DataError as error:
        raise DataError(f"{entry.where}: {error}") from None


def _bandwidth(entry: Fields, key: str) -> float | None:
    for name in (key, "bandwidth"):
        if name in entry.values:
            return entry.number(name)
    return None


def _keeps(entry: Fields) -> frozenset[str]:
    value = entry.values.get("keeps", "WIO")
    if not isinstance(value, str) or not set(value) <= set("WIO"):
        raise entry.wrong("keeps", "letters of W, I and O, such as WI")
    return frozenset(value)


def _mesh(entry: Fields) -> tuple[int, int]:
    value = entry.values.get("mesh", [1, 1])
    if not isinstance(value, list) or len(value) != 2 or not all(type(n) is int and n > 0 for n in value):
        raise entry.wrong("mesh", "instances in X and in Y, such as [8, 8]")
    return value[0], value[1]
