"""A DRAM part: organisation, timing, currents and interface of one rank of devices, as data.

Parts are YAML files in `parts/`; a user's part is a YAML or JSON file of the same keys, or a DRAMSys memspec.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

INTERFACE_LINES = ("ck", "ca", "rdq", "wdq", "rdqs", "wdqs")
"""Clock, command and address, read data, write data, read strobe, write strobe."""


@dataclass(frozen=True, slots=True)
class Part:
    """One rank of equal devices that share a command bus. Made by `load_part`, which checks every value."""

    name: str
    standard: str
    origin: str
    """Where the values come from, and what is absent."""
    tCK_ps: int  # noqa: N815 - the field's own symbol
    banks: int
    """Banks of the rank, over all bank groups."""
    bank_groups: int
    rows: int
    columns: int
    width: int
    """Data lines of one device."""
    devices: int
    burst_length: int
    data_rate: int
    """Transfers per clock cycle and line."""
    ranks: int
    refresh_mode: int
    """DDR4's fine-granularity refresh: 1, 2 or 4 refreshes where mode 1 has one."""
    timing: Mapping[str, int]
    """Clock cycles, by the data sheet's name without the t."""
    power: Mapping[str, float]
    """Currents in A and voltages in V, by the data sheet's name; ``rho``; empty where nothing is known."""
    interface: Mapping[str, float]
    """Per line: ``*_dyn_E`` (J per rising edge), ``*_R_eq`` (ohm), ``*_termination`` (0 or 1)."""

    @property
    def banks_per_group(self) -> int:
        return self.banks // self.bank_groups

    @property
    def bytes_per_burst(self) -> int:
        return self.burst_length * self.width * self.devices // 8

    @property
    def bytes_per_column(self) -> int:
        return self.width * self.devices // 8

    @property
    def capacity(self) -> int:
        """Bytes of all ranks."""
        return self.ranks * self.banks * self.rows * self.columns * self.bytes_per_column

    @property
    def has_power(self) -> bool:
        return bool(self.power)


def known_parts() -> tuple[str, ...]:
    """The names of the parts in the package, in alphabetical order."""
    folder = resources.files("archgym.simulators.dram") / "parts"
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


def load_part(name_or_path: str | Path) -> Part:
    """The part of that name (see `known_parts`), or the one in that ``.yaml``, ``.yml`` or ``.json`` file.

    Raises ValueError that names the file, the key and what was expected there.
    """
    # Here, because checking makes a Part.
    from archgym.simulators.dram.memspec import is_memspec, read_memspec
    from archgym.simulators.dram.part_check import checked_part

    text = str(name_or_path)
    if Path(text).suffix in (".yaml", ".yml", ".json"):
        data = read_mapping_file(Path(text))
        return checked_part(read_memspec(data, text) if is_memspec(data) else data, text)
    if text not in known_parts():
        near = get_close_matches(text, known_parts(), n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"part {text!r}: {hint}known: {', '.join(known_parts())}; or give a .yaml or .json file")
    file = resources.files("archgym.simulators.dram") / "parts" / f"{text}.yaml"
    return checked_part(yaml.safe_load(file.read_text(encoding="utf-8")), f"{text}.yaml")


def read_mapping_file(path: Path) -> dict[str, Any]:
    """The mapping in a YAML or JSON file; ValueError when it cannot be read or is no mapping."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    except (json.JSONDecodeError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a {path.suffix.lstrip('.').upper()} file: {error}") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path}: expected a mapping of keys to values, got {type(data).__name__}")
    return data
