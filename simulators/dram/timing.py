"""The timing rules of a part as tables of numbers, made once from the standard's formulas.

`bank[c, k]` is the least number of cycles from the start of a command c to that of a later k on the same
bank, and likewise for the bank group and the rank; the engine takes the largest that applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.commands import N_COMMANDS, Command
from archgym.simulators.dram.formula import evaluate
from archgym.simulators.dram.part import Part
from archgym.simulators.dram.standard import Rule, Standard, load_standard


@dataclass(frozen=True, slots=True, eq=False)
class TimingTable:
    """Everything the engine needs to know of time, in clock cycles. The arrays are read-only."""

    standard: str
    tCK_ps: int  # noqa: N815 - the field's own symbol
    bank: NDArray[np.int32]
    """``(15, 15)`` from-command, to-command on the same bank; 0 where there is no rule."""
    bank_group: NDArray[np.int32]
    """``(15, 15)`` in the same bank group, the same bank included."""
    rank: NDArray[np.int32]
    """``(15, 15)`` in the same rank, every bank of it included."""
    command_length: NDArray[np.int32]
    """``(15,)`` cycles a command occupies the command bus."""
    faw: int
    """Window in which at most four of `faw_commands` may start."""
    faw_commands: NDArray[np.bool_]
    """``(15,)`` commands that count as an activation."""
    burst_cycles: int
    read_strobe_end: int
    """From the start of a read to the end of its data."""
    write_strobe_end: int
    refresh_interval: int
    refresh_interval_per_bank: int
    """0 for a standard without per-bank refresh."""
    refresh_cycles: int
    """tRFC of an all-bank refresh."""
    refresh_cycles_per_bank: int
    """0 for a standard without per-bank refresh."""
    values: Mapping[str, int]
    """Every name the formulas know, derived distances included."""


def timing_table(part: Part, strict_jedec: bool = False) -> TimingTable:
    """The rules of *part*.

    By default they are those of DRAMSys 5.5, two of which differ from the JEDEC standards: DDR4 lets an
    auto-precharge ignore tRAS and tRC, and LPDDR4 precharges a bank tRRD + 2 after a read instead of by tRTP.
    With *strict_jedec* both follow the standard. Raises ValueError when the part makes a distance negative.
    """
    standard = load_standard(part.standard)
    values = _values(part, standard)
    tables = {scope: np.zeros((N_COMMANDS, N_COMMANDS), np.int32) for scope in ("bank", "bank_group", "rank")}
    for rule in standard.rules + (standard.strict_rules if strict_jedec else ()):
        _enter(rule, tables[rule.scope], values, part.name)
    length = np.full(N_COMMANDS, standard.command_length["default"], np.int32)
    for name, cycles in standard.command_length.items():
        if name != "default":
            length[Command[name]] = cycles
    counted = np.zeros(N_COMMANDS, np.bool_)
    counted[[Command[name] for name in standard.faw_commands]] = True
    for array in (*tables.values(), length, counted):
        array.setflags(write=False)
    return TimingTable(
        standard=part.standard,
        tCK_ps=part.tCK_ps,
        bank=tables["bank"],
        bank_group=tables["bank_group"],
        rank=tables["rank"],
        command_length=length,
        faw=values[standard.faw_window],
        faw_commands=counted,
        burst_cycles=values["BURST"],
        read_strobe_end=evaluate(standard.read_strobe_end, values),
        write_strobe_end=evaluate(standard.write_strobe_end, values),
        refresh_interval=values["REFI"] // part.refresh_mode,
        refresh_interval_per_bank=values.get("REFIpb", 0),
        refresh_cycles=values["RFC"],
        refresh_cycles_per_bank=values.get("RFCpb", 0),
        values=values,
    )


def _values(part: Part, standard: Standard) -> dict[str, int]:
    values = dict(part.timing)
    values["BURST"] = part.burst_length // part.data_rate
    values["RFC"] = part.timing[standard.refresh_cycle[part.refresh_mode]]
    for name, formula in standard.derived.items():
        values[name] = _distance(formula, values, f"{part.name}: {name}")
    return values


def _enter(rule: Rule, table: NDArray[np.int32], values: Mapping[str, int], part: str) -> None:
    label = f"{part}: {'/'.join(rule.before)} to {'/'.join(rule.after)} ({rule.scope})"
    cycles = _distance(rule.cycles, values, label)
    for before in rule.before:
        for after in rule.after:
            table[Command[before], Command[after]] = cycles


def _distance(formula: str, values: Mapping[str, int], label: str) -> int:
    cycles = evaluate(formula, values)
    if cycles < 0:
        raise ValueError(f"{label}: the distance {formula} is {cycles} cycles: impossible timing values")
    return cycles
