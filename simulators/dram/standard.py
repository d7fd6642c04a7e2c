"""What a memory standard says, read from `standards/*.yaml`: limits, the values a part gives, timing rules.

A standard is data: the rules can be read beside the tables they come from, and a new one needs no code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Rule:
    """A minimum distance between the starts of any of `before` and any later one of `after`."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    scope: str
    """``bank`` (the same bank), ``bank_group`` (any bank of that group) or ``rank`` (any bank)."""
    cycles: str
    """A formula over the part's timing values and the standard's derived distances, in clock cycles."""


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """The names a part must give: above zero, zero or above, or not at all."""

    positive: tuple[str, ...]
    may_be_zero: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return self.positive + self.may_be_zero


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """One standard. `rules` are the reference's; `strict_rules` replace those of equal commands and scope."""

    name: str
    origin: str
    organisation: Mapping[str, Any]
    timing: Requirement
    at_least: tuple[tuple[str, str], ...]
    """Pairs (a, b) of timing values with a >= b."""
    refresh_cycle: Mapping[int, str]
    """The timing value that is the all-bank refresh cycle time, by refresh mode."""
    power: Requirement
    refresh_current: Mapping[int, tuple[str, ...]]
    """The refresh currents by refresh mode, where they depend on it."""
    command_length: Mapping[str, int]
    faw_window: str
    faw_commands: tuple[str, ...]
    read_strobe_end: str
    write_strobe_end: str
    derived: Mapping[str, str]
    """Formulas in order: each may use the part's values and those before it."""
    rules: tuple[Rule, ...]
    strict_rules: tuple[Rule, ...]


def known_standards() -> tuple[str, ...]:
    """The names of the standards in the package, in alphabetical order."""
    folder = resources.files("archgym.simulators.dram") / "standards"
    files = (file.name for file in folder.iterdir())
    return tuple(sorted(name.removesuffix(".yaml").upper() for name in files if name.endswith(".yaml")))


@cache
def load_standard(name: str) -> Standard:
    """The standard *name* (one of `known_standards`); ValueError for any other."""
    if name not in known_standards():
        raise ValueError(f"standard: expected one of {', '.join(known_standards())}, got {name!r}")
    text = resources.files("archgym.simulators.dram") / "standards" / f"{name.lower()}.yaml"
    data = yaml.safe_load(text.read_text(encoding="utf-8"))
    timing, power = data["timing"], data["power"]
    return Standard(
        name=data["standard"],
        origin=data["origin"],
        organisation=data["organisation"],
        timing=Requirement(tuple(timing["positive"]), tuple(timing["may_be_zero"]), ()),
        at_least=tuple((a, b) for a, b in timing["at_least"]),
        refresh_cycle=timing["refresh_cycle"],
        power=Requirement(tuple(power["positive"]), tuple(power["may_be_zero"]), tuple(power["optional"])),
        refresh_current={mode: tuple(names) for mode, names in power["refresh_current"].items()},
        command_length=data["command_length"],
        faw_window=data["faw"]["window"],
        faw_commands=tuple(data["faw"]["commands"]),
        read_strobe_end=data["read_strobe_end"],
        write_strobe_end=data["write_strobe_end"],
        derived={name: str(formula) for name, formula in data["derived"].items()},
        rules=_rules(data["rules"]),
        strict_rules=_rules(data["strict_rules"]),
    )


def _rules(rows: list[dict[str, Any]]) -> tuple[Rule, ...]:
    return tuple(Rule(tuple(r["from"]), tuple(r["to"]), r["scope"], str(r["cycles"])) for r in rows)
