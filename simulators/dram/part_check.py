"""Turn the mapping in a part file into a `Part`, or say which value is wrong and what was expected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from archgym.simulators.dram.part import INTERFACE_LINES, Part
from archgym.simulators.dram.standard import Standard, known_standards, load_standard

_GEOMETRY = ("banks", "bank_groups", "rows", "columns", "width", "devices", "ranks")
_ORGANISATION = (*_GEOMETRY, "burst_length", "data_rate")
_HEAD = ("name", "standard", "origin", "tCK_ps")
_KEYS = (*_HEAD, "organisation", "refresh_mode", "timing", "power", "interface", "rho")


def checked_part(data: Mapping[str, Any], source: str) -> Part:
    """The part in *data* (the keys of a part file); ValueError naming *source* and the key otherwise."""
    for key in data:
        if key not in _KEYS:
            raise _error(source, str(key), f"one of {', '.join(_KEYS)}", "this key")
    name = _text(data, "name", source)
    standard = data.get("standard")
    if standard not in known_standards():
        raise _error(source, "standard", f"one of {', '.join(known_standards())}", repr(standard))
    rules = load_standard(str(standard))
    organisation = _organisation(data, rules, source)
    refresh_mode = _whole(data, "refresh_mode", source, default=1)
    if refresh_mode not in rules.refresh_cycle:
        raise _error(source, "refresh_mode", f"one of {sorted(rules.refresh_cycle)}", str(refresh_mode))
    timing = _timing(data, rules, refresh_mode, source)
    power = _power(data, rules, refresh_mode, source)
    return Part(
        name=name,
        standard=rules.name,
        origin=_text(data, "origin", source),
        tCK_ps=_whole(data, "tCK_ps", source, least=1),
        refresh_mode=refresh_mode,
        timing=timing,
        power=power,
        interface=_interface(data, source) if power and rules.name != "DDR3" else {},
        **organisation,
    )


def _error(source: str, key: str, expected: str, got: str) -> ValueError:
    return ValueError(f"{source}: {key}: expected {expected}, got {got}")


def _text(data: Mapping[str, Any], key: str, source: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _error(source, key, "a text", repr(value))
    return value.strip()


def _section(data: Mapping[str, Any], key: str, source: str) -> Mapping[str, Any]:
    value = data.get(key)
    if not isinstance(value, Mapping):
        raise _error(source, key, "a mapping of names to values", repr(value))
    return value


def _number(values: Mapping[str, Any], key: str, source: str, where: str, least: float, above: bool) -> float:
    """The finite number under *key*, above or at least *least*."""
    value = values.get(key)
    expected = f"a number {'above' if above else 'of at least'} {least:g}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        hint = " (YAML reads 1e-3 as text: write 1.0e-3)" if isinstance(value, str) else ""
        got = "nothing" if key not in values else repr(value)
        raise _error(source, f"{where}{key}", expected, got + hint)
    if value < least or (above and value == least):
        raise _error(source, f"{where}{key}", expected, repr(value))
    return float(value)


def _whole(
    values: Mapping[str, Any],
    key: str,
    source: str,
    where: str = "",
    least: int = 0,
    default: int | None = None,
) -> int:
    """The whole number under *key*, at least *least*, and below 2^24 so that sums fit the 32-bit tables."""
    value = values.get(key, default)
    expected = f"a whole number of at least {least}"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        got = "nothing" if key not in values else repr(value)
        raise _error(source, f"{where}{key}", expected, got)
    if not least <= value < 2**24:
        raise _error(source, f"{where}{key}", expected + " and below 2^24", str(value))
    return value


def _organisation(data: Mapping[str, Any], rules: Standard, source: str) -> dict[str, int]:
    values, where, limit = _section(data, "organisation", source), "organisation.", rules.organisation
    for key in values:
        if key not in _ORGANISATION:
            raise _error(source, where + str(key), f"one of {', '.join(_ORGANISATION)}", "this key")
    found = {key: _whole(values, key, source, where, least=1) for key in _ORGANISATION}
    for key in _ORGANISATION:
        if found[key] & (found[key] - 1):
            raise _error(source, where + key, "a power of two", str(found[key]))
    for key, allowed in (("burst_length", limit["burst_lengths"]), ("bank_groups", limit["bank_groups"])):
        if found[key] not in allowed:
            raise _error(source, where + key, f"one of {allowed} for {rules.name}", str(found[key]))
    for key, most in (
        ("banks", limit["most_banks_per_group"] * found["bank_groups"]),
        ("rows", limit["most_rows"]),
        ("columns", limit["most_columns"]),
    ):
        if found[key] > most:
            raise _error(source, where + key, f"at most {most} for {rules.name}", str(found[key]))
    if found["banks"] < found["bank_groups"]:
        raise _error(source, where + "banks", "at least bank_groups", str(found["banks"]))
    if found["ranks"] != 1:
        raise _error(source, where + "ranks", "1 (the model has one rank)", str(found["ranks"]))
    if found["data_rate"] != 2:
        raise _error(source, where + "data_rate", "2 (transfers per cycle)", str(found["data_rate"]))
    if found["columns"] < found["burst_length"]:
        raise _error(source, where + "columns", f"at least burst_length = {found['burst_length']}", "fewer")
    if found["width"] * found["devices"] < 8:
        raise _error(source, where + "width", "width x devices of at least 8 lines", str(found["width"]))
    return found


def _timing(data: Mapping[str, Any], rules: Standard, refresh_mode: int, source: str) -> dict[str, int]:
    values, where = _section(data, "timing", source), "timing."
    cycle = rules.refresh_cycle[refresh_mode]
    found = {key: _whole(values, key, source, where, least=1) for key in (*rules.timing.positive, cycle)}
    found |= {key: _whole(values, key, source, where) for key in rules.timing.may_be_zero}
    for key in values:
        if key not in found:  # further values of the data sheet: kept, so that the file is the whole truth
            found[str(key)] = _whole(values, key, source, where)
    for larger, smaller in rules.at_least:
        if found[larger] < found[smaller]:
            raise _error(source, where + larger, f"at least {smaller} = {found[smaller]}", str(found[larger]))
    if found[cycle] >= found["REFI"] // refresh_mode:
        raise _error(source, where + cycle, "less than the refresh interval REFI", str(found[cycle]))
    return found


def _power(data: Mapping[str, Any], rules: Standard, refresh_mode: int, source: str) -> dict[str, float]:
    """Currents and voltages; none at all is allowed and means that the part has no energy."""
    values, where = data.get("power") or {}, "power."
    if not values:
        return {}
    values = _section(data, "power", source)
    refresh: Sequence[str] = rules.refresh_current.get(refresh_mode, ())
    positive, may_be_zero = (*rules.power.positive, *refresh[:1]), (*rules.power.may_be_zero, *refresh[1:])
    found = {key: _number(values, key, source, where, 0.0, above=True) for key in positive}
    found |= {key: _number(values, key, source, where, 0.0, above=False) for key in may_be_zero}
    for key in values:
        if key not in found:
            found[str(key)] = _number(values, key, source, where, 0.0, above=False)
    found["rho"] = _number(data, "rho", source, "", 0.0, above=False) if "rho" in data else 1.0
    if not found["rho"] <= 1.0:
        raise _error(source, "rho", "a number from 0 to 1", str(found["rho"]))
    return found


def _interface(data: Mapping[str, Any], source: str) -> dict[str, float]:
    values, where, found = _section(data, "interface", source), "interface.", {}
    for line in INTERFACE_LINES:
        found[f"{line}_dyn_E"] = _number(values, f"{line}_dyn_E", source, where, 0.0, above=False)
        found[f"{line}_R_eq"] = _number(values, f"{line}_R_eq", source, where, 0.0, above=True)
        termination = values.get(f"{line}_termination")
        if not isinstance(termination, bool):
            raise _error(source, f"{where}{line}_termination", "true or false", repr(termination))
        found[f"{line}_termination"] = float(termination)
    for key in values:
        if key not in found:
            raise _error(source, where + str(key), f"one of {', '.join(found)}", "this key")
    return found
