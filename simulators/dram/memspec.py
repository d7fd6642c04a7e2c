"""Read a part from DRAMSys's memspec JSON, so that a user of DRAMSys brings the file along unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ORGANISATION = {
    "banks": "nbrOfBanks",
    "bank_groups": "nbrOfBankGroups",
    "rows": "nbrOfRows",
    "columns": "nbrOfColumns",
    "width": "width",
    "devices": "nbrOfDevices",
    "ranks": "nbrOfRanks",
    "burst_length": "burstLength",
    "data_rate": "dataRate",
}


def is_memspec(data: Mapping[str, Any]) -> bool:
    """True when the file has DRAMSys's layout, with or without the outer ``memspec`` key."""
    return "memspec" in data or "memarchitecturespec" in data


def read_memspec(data: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The same values under the keys of a part file, unchecked; *source* names the file in errors."""
    spec = data.get("memspec", data)
    if not isinstance(spec, Mapping):
        raise ValueError(f"{source}: memspec: expected a mapping, got {type(spec).__name__}")
    architecture = _section(spec, "memarchitecturespec", source)
    timing = dict(_section(spec, "memtimingspec", source))
    organisation = {k: architecture[theirs] for k, theirs in _ORGANISATION.items() if theirs in architecture}
    organisation.setdefault("bank_groups", 1)  # optional there: standards without groups leave it out
    return {
        "name": spec.get("memoryId"),
        "standard": spec.get("memoryType"),
        "origin": f"DRAMSys memspec {spec.get('memoryId')}",
        "tCK_ps": _clock_ps(timing, source),
        "organisation": organisation,
        "refresh_mode": architecture.get("RefMode", 1),
        "timing": timing,
        "power": dict(spec.get("mempowerspec") or {}),
        "interface": {
            key: value
            for key, value in (spec.get("memimpedancespec") or {}).items()
            if not key.startswith(("rdbi", "wdbi"))  # data-bus inversion is off
        },
        "rho": (spec.get("bankwisespec") or {}).get("factRho", 1.0),
    }


def _section(spec: Mapping[str, Any], key: str, source: str) -> Mapping[str, Any]:
    section = spec.get(key)
    if not isinstance(section, Mapping):
        raise ValueError(f"{source}: {key}: expected a mapping, got {section!r}")
    return section


def _clock_ps(timing: dict[str, Any], source: str) -> int:
    """The period in whole ps, as DRAMSys rounds it, from ``tCK`` (s) or the older ``clkMhz``."""
    period_s, clock_mhz = timing.pop("tCK", None), timing.pop("clkMhz", None)
    for key, value in (("tCK", period_s), ("clkMhz", clock_mhz)):
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ValueError(f"{source}: memtimingspec.{key}: expected a number above 0, got {value!r}")
    if period_s is not None:
        return round(float(period_s) * 1e12)
    if clock_mhz is not None:
        return round(1e6 / float(clock_mhz))
    raise ValueError(f"{source}: memtimingspec.tCK: missing; expected the clock period in seconds")
