"""Check a log of DRAM commands by brute force: every pair of commands, every bank's state, the buses.

Written from the standards' command-distance tables a second time, without the engine's tables, so that a slip in
either shows up. Distances are in clock cycles between the starts of two commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from archgym.simulators.dram.commands import Command

NAMES = [command.name for command in Command]
CODE = {name: code for code, name in enumerate(NAMES)}
COLUMN = {"RD", "RDA", "WR", "WRA"}
RANK = {"PREAB", "REFAB", "PDEA", "PDEP", "PDXA", "PDXP", "SREFEN", "SREFEX"}

Distance = tuple[str, str, str, int]
"""Commands before, commands after, scope (bank, group, rank), cycles."""


@dataclass
class Rules:
    """One part's rules."""

    standard: str
    t: dict[str, int]
    banks_per_group: int
    burst: int
    distances: list[Distance]
    length: dict[str, int] = field(default_factory=dict)
    activations: tuple[str, ...] = ("ACT",)

    def command_length(self, name: str) -> int:
        return self.length.get(name, 1)


def rules_of(part, *, strict: bool = False) -> Rules:
    """The rules of *part* as DRAMSys 5.5 has them, or as JEDEC has them where the two are known to differ."""
    t, burst = dict(part.timing), part.burst_length // 2
    if part.standard == "DDR3":
        return Rules("DDR3", t, 8, burst, ddr3(t, burst))
    if part.standard == "DDR4":
        t["RFC"] = t[f"RFC{part.refresh_mode}"]
        return Rules("DDR4", t, part.banks // part.bank_groups, burst, ddr4(t, burst, strict))
    length = dict.fromkeys(["ACT", *COLUMN], 4)
    length |= dict.fromkeys(["PREPB", "PREAB", "REFAB", "REFPB", "SREFEN", "SREFEX"], 2)
    return Rules("LPDDR4", t, 8, burst, lpddr4(t, burst, strict), length, ("ACT", "REFPB"))


def ddr4(t: dict[str, int], burst: int, strict: bool) -> list[Distance]:
    al, rl, wl, rp, rtp = t["AL"], t["RL"], t["WL"], t["RP"], t["RTP"]
    read_to_write = rl + burst + 1 - wl + t["WPRE"]
    write_to_read_s, write_to_read_l = wl + burst + t["WTR_S"] - al, wl + burst + t["WTR_L"] - al
    write_to_precharge = wl + burst + t["WR"]
    read_to_down, write_to_down = rl + burst + 1, wl + burst + t["WR"]
    return [
        ("ACT", "ACT", "bank", t["RC"] if strict else t["RCD"]),
        ("ACT", "ACT", "group", t["RRD_L"]),
        ("ACT", "ACT", "rank", t["RRD_S"]),
        ("ACT", "RD RDA WR WRA", "bank", t["RCD"] - al),
        ("ACT", "PREPB", "bank", t["RAS"]),
        ("ACT", "PREAB", "rank", t["RAS"]),
        ("ACT", "REFAB SREFEN", "rank", t["RC"]),
        ("ACT", "PDEA", "rank", t["ACTPDEN"]),
        ("RD", "RD RDA", "bank", t["CCD_L"]),
        ("RD", "WR WRA", "bank", read_to_write),
        ("RD RDA", "RD RDA", "group", t["CCD_L"]),
        ("RD RDA", "WR WRA", "group", read_to_write),
        ("RD RDA", "RD RDA", "rank", t["CCD_S"]),
        ("RD RDA", "WR WRA", "rank", read_to_write),
        ("RD", "PREPB", "bank", al + rtp),
        ("RD RDA", "PREAB", "rank", al + rtp),
        ("RD RDA", "PDEA PDEP", "rank", read_to_down),
        ("WR", "WR WRA", "bank", t["CCD_L"]),
        ("WR", "RD", "bank", write_to_read_l),
        ("WR", "RDA", "bank", max(write_to_read_l, write_to_precharge - rtp - al)),
        ("WR WRA", "WR WRA", "group", t["CCD_L"]),
        ("WR WRA", "RD RDA", "group", write_to_read_l),
        ("WR WRA", "WR WRA", "rank", t["CCD_S"]),
        ("WR WRA", "RD RDA", "rank", write_to_read_s),
        ("WR", "PREPB", "bank", write_to_precharge),
        ("WR WRA", "PREAB", "rank", write_to_precharge),
        ("WR", "PDEA", "rank", write_to_down),
        ("WRA", "PDEA PDEP", "rank", write_to_down + 1),
        ("RDA", "ACT", "bank", al + rtp + rp),
        ("RDA", "REFAB", "rank", al + rtp + rp),
        ("RDA", "SREFEN", "rank", max(read_to_down, al + rtp + rp)),
        ("WRA", "ACT", "bank", write_to_precharge + rp),
        ("WRA", "REFAB", "rank", write_to_precharge + rp),
        ("WRA", "SREFEN", "rank", max(write_to_down + 1, write_to_precharge + rp)),
        ("SREFEX", "RD RDA WR WRA", "rank", t["XSDLL"]),
        ("PDXP", "PDEP", "rank", t["CKE"]),
        ("PDXA", "PDEA", "rank", t["CKE"]),
        *_ddr_common(t),
    ]


def ddr3(t: dict[str, int], burst: int) -> list[Distance]:
    al, rl, wl, rp, rtp = t["AL"], t["RL"], t["WL"], t["RP"], t["RTP"]
    read_to_write, write_to_read = rl + burst + 2 - wl, wl + burst + t["WTR"] - al
    write_to_precharge = wl + burst + t["WR"]
    read_to_down, write_to_down = rl + burst + 1, wl + burst + t["WR"]
    return [
        ("ACT", "ACT", "bank", t["RC"]),
        ("ACT", "ACT", "rank", t["RRD"]),
        ("ACT", "RD RDA WR WRA", "bank", t["RCD"] - al),
        ("ACT", "PREPB", "bank", t["RAS"]),
        ("ACT", "PREAB", "rank", t["RAS"]),
        ("ACT", "REFAB SREFEN", "rank", t["RC"]),
        ("ACT", "PDEA", "rank", t["ACTPDEN"]),
        ("RD", "WR WRA", "bank", read_to_write),
        ("RD RDA", "RD RDA", "rank", t["CCD"]),
        ("RD RDA", "WR WRA", "rank", read_to_write),
        ("RD", "PREPB", "bank", al + rtp),
        ("RD RDA", "PREAB", "rank", al + rtp),
        ("RD RDA", "PDEA PDEP", "rank", read_to_down),
        ("WR", "WR WRA", "bank", t["CCD"]),
        ("WR", "RD", "bank", write_to_read),
        ("WR", "RDA", "bank", max(write_to_read, write_to_precharge - rtp - al)),
        ("WR WRA", "WR WRA", "rank", t["CCD"]),
        ("WR WRA", "RD RDA", "rank", write_to_read),
        ("WR", "PREPB", "bank", write_to_precharge),
        ("WRA", "PREAB", "rank", write_to_precharge),
        ("WR", "PDEA", "rank", write_to_down),
        ("WRA", "PDEA PDEP", "rank", write_to_down + 1),
        ("RDA", "ACT", "bank", al + rtp + rp),
        ("RDA", "REFAB", "rank", al + rtp + rp),
        ("RDA", "SREFEN", "rank", max(read_to_down, al + rtp + rp)),
        ("WRA", "ACT", "bank", write_to_precharge + rp),
        ("WRA", "REFAB", "rank", write_to_precharge + rp),
        ("WRA", "SREFEN", "rank", max(write_to_down + 1, write_to_precharge + rp)),
        ("SREFEX", "RD RDA WR WRA", "rank", t["XSDLL"]),
        ("PDXA", "PDEA PDEP", "rank", t["CKE"]),
        *_ddr_common(t),
    ]


def _ddr_common(t: dict[str, int]) -> list[Distance]:
    """What the tables of DDR3 and DDR4 share."""
    return [
        ("PREPB", "ACT", "bank", t["RP"]),
        ("PREPB", "REFAB SREFEN", "rank", t["RP"]),
        ("PREPB", "PDEA PDEP", "rank", t["PRPDEN"]),
        ("PREAB", "ACT REFAB SREFEN", "rank", t["RP"]),
        ("PREAB", "PDEP", "rank", t["PRPDEN"]),
        ("REFAB", "ACT REFAB SREFEN", "rank", t["RFC"]),
        ("REFAB", "PDEP", "rank", t["REFPDEN"]),
        ("PDEA", "PDXA", "rank", t["CKE"]),
        ("PDEP", "PDXP", "rank", t["CKE"]),
        ("PDXA", "ACT PREPB PREAB RD RDA WR WRA", "rank", t["XP"]),
        ("PDXP", "ACT REFAB SREFEN", "rank", t["XP"]),
        ("SREFEX", "ACT REFAB PDEP SREFEN", "rank", t["XS"]),
        ("SREFEX", "SREFEX", "rank", t["CKESR"]),
    ]


def lpddr4(t: dict[str, int], burst: int, strict: bool) -> list[Distance]:
    rl, wl = t["RL"], t["WL"]
    row_off, row_off_all = t["RPpb"], t["RPab"]
    read_to_write = rl + t["DQSCK"] + burst - wl + t["WPRE"] + t["RPST"]
    write_to_read = wl + 1 + burst + t["WTR"]
    read_to_precharge, write_to_precharge = t["RTP"] + burst - 6, wl + 3 + burst + t["WR"]
    read_to_down = 3 + rl + t["DQSCK"] + burst + t["RPST"]
    write_to_down = 3 + wl + t["DQSS"] + t["DQS2DQ"] + burst + t["WR"]
    short = 1 + t["CMDCKE"]
    return [
        ("ACT", "ACT", "bank", t["RCpb"]),
        ("ACT", "ACT", "rank", t["RRD"]),
        ("ACT", "RD RDA WR WRA", "bank", t["RCD"]),
        ("ACT", "PREPB", "bank", t["RAS"] + 2),
        ("ACT", "PREAB", "rank", t["RAS"] + 2),
        ("ACT", "REFPB", "bank", t["RCpb"] + 2),
        ("ACT", "REFPB", "rank", t["RRD"] + 2),
        ("ACT", "REFAB SREFEN", "rank", t["RCpb"] + 2),
        ("ACT", "PDEA", "rank", 3 + t["CMDCKE"]),
        ("RD", "PREPB", "bank", read_to_precharge if strict else t["RRD"] + 2),
        ("RD RDA", "PREAB", "rank", read_to_precharge),
        ("RD RDA", "PDEA PDEP", "rank", read_to_down),
        ("RD RDA", "RD RDA", "rank", t["CCD"]),
        ("RD RDA", "WR WRA", "rank", read_to_write),
        ("WR", "PREPB", "bank", write_to_precharge),
        ("WR WRA", "PREAB", "rank", write_to_precharge),
        ("WR", "RDA", "bank", max(write_to_read, write_to_precharge - read_to_precharge)),
        ("WR WRA", "WR WRA", "rank", t["CCD"]),
        ("WR WRA", "RD RDA", "rank", write_to_read),
        ("WR", "PDEA", "rank", write_to_down),
        ("WRA", "PDEA PDEP", "rank", write_to_down + 2),
        ("RDA", "ACT", "bank", t["RTP"] + row_off + burst - 8),
        ("RDA", "REFPB", "bank", read_to_precharge + row_off),
        ("RDA", "REFAB", "rank", read_to_precharge + row_off),
        ("RDA", "SREFEN", "rank", max(read_to_down, read_to_precharge + row_off)),
        ("WRA", "ACT", "bank", wl + burst + t["WR"] + 1 + row_off),
        ("WRA", "REFPB", "bank", write_to_precharge + row_off),
        ("WRA", "REFAB", "rank", write_to_precharge + row_off),
        ("WRA", "SREFEN", "rank", max(write_to_down + 2, write_to_precharge + row_off)),
        ("PREPB", "ACT", "bank", row_off - 2),
        ("PREPB", "REFPB", "bank", row_off),
        ("PREPB", "PREPB PREAB", "rank", t["PPD"]),
        ("PREPB", "REFAB SREFEN", "rank", row_off),
        ("PREPB", "PDEA PDEP", "rank", short),
        ("PREAB", "ACT", "rank", row_off_all - 2),
        ("PREAB", "REFAB REFPB SREFEN", "rank", row_off_all),
        ("PREAB", "PDEP", "rank", short),
        ("REFPB", "ACT", "bank", t["RFCpb"] - 2),
        ("REFPB", "ACT", "rank", t["RRD"] - 2),
        ("REFPB", "REFAB REFPB PREAB SREFEN", "rank", t["RFCpb"]),
        ("REFPB", "PDEA PDEP", "rank", short),
        ("REFAB", "ACT", "rank", t["RFCab"] - 2),
        ("REFAB", "REFAB REFPB SREFEN", "rank", t["RFCab"]),
        ("REFAB", "PDEP", "rank", short),
        ("PDEA", "PDXA", "rank", t["CKE"]),
        ("PDEP", "PDXP", "rank", t["CKE"]),
        ("SREFEN", "SREFEX", "rank", t["SR"]),
        ("PDXA", "PDEA", "rank", t["CKE"]),
        ("PDXA", "ACT PREPB PREAB RD RDA WR WRA REFPB", "rank", t["XP"]),
        ("PDXP", "PDEP", "rank", t["CKE"]),
        ("PDXP", "ACT REFAB REFPB SREFEN", "rank", t["XP"]),
        ("SREFEX", "ACT", "rank", t["XSR"] - 2),
        ("SREFEX", "REFAB REFPB PDEP SREFEN", "rank", t["XSR"]),
    ]


def violations(rules: Rules, log, rows, is_write) -> list[str]:
    """Everything in *log* (cycle, command, bank, request; no responses) that the rules forbid, in words.

    *rows* and *is_write* tell each request's row and direction.
    """
    cycle = log["cycle"].astype(np.int64)
    command = log["command"].astype(np.int64)
    bank = log["bank"].astype(np.int64)
    found = [*_too_close(rules, cycle, command, bank), *_buses(rules, cycle, command)]
    found += _four_activations(rules, cycle, command)
    found += _states(log, rows, is_write)
    return found


def _tables(rules: Rules) -> dict[str, np.ndarray]:
    tables = {scope: np.zeros((15, 15), np.int64) for scope in ("bank", "group", "rank")}
    for before, after, scope, cycles in rules.distances:
        for a in before.split():
            for b in after.split():
                tables[scope][CODE[a], CODE[b]] = max(cycles, tables[scope][CODE[a], CODE[b]])
    return tables


def _too_close(rules: Rules, cycle, command, bank) -> Iterator[str]:
    """Every pair within the longest distance, offset by offset."""
    tables = _tables(rules)
    longest = max(int(table.max()) for table in tables.values())
    for offset in range(1, cycle.size):
        gap = cycle[offset:] - cycle[:-offset]
        if gap.min() >= longest:
            return
        before, after = command[:-offset], command[offset:]
        one, other = bank[:-offset], bank[offset:]
        both_banks = (one >= 0) & (other >= 0)
        same_bank = both_banks & (one == other)
        same_group = both_banks & (one // rules.banks_per_group == other // rules.banks_per_group)
        need = tables["rank"][before, after]
        need = np.maximum(need, np.where(same_group, tables["group"][before, after], 0))
        need = np.maximum(need, np.where(same_bank, tables["bank"][before, after], 0))
        for i in np.flatnonzero(gap < need):
            a, b = NAMES[before[i]], NAMES[after[i]]
            yield f"{a} at {cycle[i]}, {b} at {cycle[i + offset]}: {gap[i]} cycles apart, at least {need[i]} needed"


def _four_activations(rules: Rules, cycle, command) -> Iterator[str]:
    counted = np.isin(command, [CODE[name] for name in rules.activations])
    start, kind = cycle[counted], command[counted]
    length = np.array([rules.command_length(NAMES[k]) for k in kind])
    for i in range(start.size - 4):
        earliest = start[i] + length[i] - length[i + 3] + rules.t["FAW"]
        if start[i + 4] < earliest:
            yield f"fifth activation at {start[i + 4]}, within the window from {start[i]}: earliest is {earliest}"


def _buses(rules: Rules, cycle, command) -> Iterator[str]:
    """One command at a time on the command bus, one burst at a time on the data bus."""
    length = np.array([rules.command_length(NAMES[k]) for k in command])
    for i in np.flatnonzero(np.diff(cycle) < length[:-1]):
        yield f"command bus: {NAMES[command[i]]} at {cycle[i]} still on it at {cycle[i + 1]}"
    t = rules.t
    read, write = t["RL"], t["WL"]
    if rules.standard == "LPDDR4":
        read, write = read + t["DQSCK"] + 3, write + t["DQSS"] + t["DQS2DQ"] + 3
    reads = np.isin(command, [CODE["RD"], CODE["RDA"]])
    writes = np.isin(command, [CODE["WR"], CODE["WRA"]])
    start = np.sort(np.concatenate([cycle[reads] + read, cycle[writes] + write]))
    for i in np.flatnonzero(np.diff(start) < rules.burst):
        yield f"data bus: bursts at {start[i]} and {start[i + 1]} overlap"


def _states(log, rows, is_write) -> Iterator[str]:
    """What a command finds: an open row or none, a rank awake; and each request served once, as it asked."""
    open_row: dict[int, int] = {}
    asleep: str | None = None
    served = np.zeros(len(rows), np.int64)
    wakes = {"PDXA": "PDEA", "PDXP": "PDEP", "SREFEX": "SREFEN"}
    for record in log:
        name, bank, request = NAMES[record["command"]], int(record["bank"]), int(record["request"])
        where = f"{name} of bank {bank} at {record['cycle']}"
        if name in wakes:
            if asleep != wakes[name]:
                yield f"{where}: the rank is {asleep or 'awake'}"
            asleep = None
            continue
        if asleep is not None:
            yield f"{where}: the rank is asleep ({asleep})"
        if name in RANK and bank >= 0:
            yield f"{where}: a command of the rank names no bank"
        if name == "ACT":
            if bank in open_row:
                yield f"{where}: row {open_row[bank]} is open"
            open_row[bank] = int(rows[request])
        elif name in COLUMN:
            served[request] += 1
            if open_row.get(bank) != rows[request]:
                yield f"{where}: open row {open_row.get(bank)}, needed {rows[request]}"
            if is_write[request] != (name in ("WR", "WRA")):
                yield f"{where}: request {request} has the other direction"
            if name in ("RDA", "WRA"):
                open_row.pop(bank, None)
        elif name == "PREPB":
            if bank not in open_row:
                yield f"{where}: no row is open"
            open_row.pop(bank, None)
        elif name == "PREAB":
            open_row.clear()
        elif name == "REFPB":
            if bank in open_row:
                yield f"{where}: row {open_row[bank]} is open"
        elif open_row and name in ("REFAB", "SREFEN", "PDEP"):
            yield f"{where}: banks {sorted(open_row)} are open"
        elif not open_row and name == "PDEA":
            yield f"{where}: no bank is open"
        if name in ("PDEA", "PDEP", "SREFEN"):
            asleep = name
    for request in np.flatnonzero(served != 1):
        yield f"request {request} was served {served[request]} times"
