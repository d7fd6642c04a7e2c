"""What each command puts on the command bus, for the interface energy of DDR4 and LPDDR4.

A command is one or more words of one clock cycle each, packed into an integer with the first word lowest. Only the
pairing of bits with lines matters; the order of the lines is that of the reference's model. The words that depend
on row or column are made once per trace (`request_words`), all others once per part (`bus_table`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.commands import N_COMMANDS, Command
from archgym.simulators.dram.part import Part

MAX_BANKS = 32

# DDR4: one word, lines in the order CS ACT A16 A15 A14 BG0 BG1 BA0 BA1 - - - A12 A17 A13 A11 A10 A0..A9; idle high.
_DDR4_LINES = 27
_CS, _ACT, _A16, _A15, _A14, _BG, _BA, _A12, _A17, _A13, _A11, _A10, _A0 = 0, 1, 2, 3, 4, 5, 7, 12, 13, 14, 15, 16, 17
_DDR4_ROW = (*range(_A0, _A0 + 10), _A10, _A11, _A12, _A13, _A14, _A15, _A16, _A17)  # the line of R0, R1, …
_DDR4_COLUMN = range(_A0, _A0 + 10)

# LPDDR4: up to four words of six lines, idle low. Per command: words, each a text of the lines' values; digits and
# names stand for bits of the row (R), column (C) and bank (B), AP for auto-precharge.
_LPDDR4_LINES = 6
_LPDDR4 = {
    Command.ACT: "H L R12 R13 R14 R15 | B0 B1 B2 R16 R10 R11 | R17 R18 R6 R7 R8 R9 | R0 R1 R2 R3 R4 R5",
    Command.RD: "L H L L L L | B0 B1 B2 L C9 AP | L H L L H C8 | L L C4 C5 C6 C7",
    Command.WR: "L L H L L L | B0 B1 B2 L C9 AP | L H L L H C8 | L L C4 C5 C6 C7",
    Command.PREPB: "L L L L H L | B0 B1 B2 L L L",
    Command.PREAB: "L L L L H H | L L L L L L",
    Command.REFPB: "L L L H L L | B0 B1 B2 L L L",
    Command.REFAB: "L L L H L H | L L L L L L",
    Command.SREFEN: "L L L H H L | L L L L L L",
    Command.SREFEX: "L L H L H L | L L L L L L",
}


@dataclass(frozen=True, slots=True, eq=False)
class BusTable:
    """The command bus of one part."""

    lines: int
    """Lines of the bus; 0 when the standard has no interface energy."""
    idle: int
    """The word when no command is sent."""
    auto_precharge: int
    """The bit that turns a read or write into one with auto-precharge."""
    word_count: NDArray[np.int64]
    """``(15,)`` words of a command; 0 when it drives nothing."""
    words: NDArray[np.uint64]
    """``(15, 32)`` the words of commands without row and column, by bank."""


def bus_table(part: Part) -> BusTable:
    """The words that depend on the part only."""
    if part.standard == "DDR4":
        return _ddr4_table(part)
    if part.standard == "LPDDR4":
        return _lpddr4_table()
    empty = np.zeros(N_COMMANDS, np.int64), np.zeros((N_COMMANDS, MAX_BANKS), np.uint64)
    return BusTable(0, 0, 0, *empty)


def request_words(
    part: Part,
    bank: NDArray[np.int32],
    row: NDArray[np.int32],
    column: NDArray[np.int32],
    is_write: NDArray[np.bool_],
) -> NDArray[np.uint32]:
    """``(n, 2)`` the words of each request's activation and of its column command without auto-precharge."""
    words = np.zeros((bank.shape[0], 2), np.uint32)
    if part.standard == "DDR4":
        words[:, 0] = _ddr4_activate(part, bank, row)
        words[:, 1] = _ddr4_column(part, bank, column, is_write)
    elif part.standard == "LPDDR4":
        words[:, 0] = _lpddr4_words(Command.ACT, bank, row, column)
        read = _lpddr4_words(Command.RD, bank, row, column)
        words[:, 1] = np.where(is_write, _lpddr4_words(Command.WR, bank, row, column), read)
    return words


def _low(*lines: int) -> int:
    """The DDR4 word with these lines low and all others high."""
    word = (1 << _DDR4_LINES) - 1
    for line in lines:
        word &= ~(1 << line)
    return word


def _placed(word: NDArray[np.uint32], value: NDArray[np.int32], lines: range | tuple[int, ...]) -> None:
    """Write bit i of *value* to line ``lines[i]`` of *word*, in place."""
    for i, line in enumerate(lines):
        clear = np.uint32(~(1 << line) & 0xFFFFFFFF)
        bit = ((value >> i) & 1).astype(np.uint32) << np.uint32(line)
        np.bitwise_or(word & clear, bit, out=word)


def _ddr4_bank(part: Part, word: NDArray[np.uint32], bank: NDArray[np.int32]) -> None:
    _placed(word, bank // part.banks_per_group, range(_BG, _BG + 2))
    _placed(word, bank % part.banks_per_group, range(_BA, _BA + 2))


def _ddr4_activate(part: Part, bank: NDArray[np.int32], row: NDArray[np.int32]) -> NDArray[np.uint32]:
    word = np.full(bank.shape, _low(_CS, _ACT), np.uint32)
    _placed(word, row, _DDR4_ROW)
    _ddr4_bank(part, word, bank)
    return word


def _ddr4_column(
    part: Part, bank: NDArray[np.int32], column: NDArray[np.int32], is_write: NDArray[np.bool_]
) -> NDArray[np.uint32]:
    low_columns = range(_A0, _A0 + 3)
    read, write = _low(_CS, _A15, _A10, *low_columns), _low(_CS, _A15, _A14, _A10)
    word = np.where(is_write, np.uint32(write), np.uint32(read))
    _placed(word, column >> 3, _DDR4_COLUMN[3:])
    _ddr4_bank(part, word, bank)
    return word


def _ddr4_table(part: Part) -> BusTable:
    count, words = np.zeros(N_COMMANDS, np.int64), np.zeros((N_COMMANDS, MAX_BANKS), np.uint64)
    idle = _low()
    fixed = {
        Command.PREAB: _low(_CS, _A16, _A14),
        Command.REFAB: _low(_CS, _A16, _A15),
        Command.SREFEN: _low(_CS, _A16, _A15),
        Command.SREFEX: idle | _low(_CS) << _DDR4_LINES,
    }
    for command, word in fixed.items():
        words[command] = word
    banks = np.arange(part.banks, dtype=np.int32)
    precharge = np.full(part.banks, _low(_CS, _A16, _A14, _A10), np.uint32)
    _ddr4_bank(part, precharge, banks)
    words[Command.PREPB, : part.banks] = precharge
    for command in (*fixed, Command.PREPB, Command.ACT, Command.RD, Command.RDA, Command.WR, Command.WRA):
        count[command] = 1
    count[Command.SREFEX] = 2
    return BusTable(_DDR4_LINES, idle, 1 << _A10, count, words)


def _lpddr4_words(
    command: Command, bank: NDArray[np.int32], row: NDArray[np.int32], column: NDArray[np.int32]
) -> NDArray[np.uint32]:
    word = np.zeros(bank.shape, np.uint32)
    sources = {"R": row, "C": column, "B": bank}
    for place, line in enumerate(_LPDDR4[command].replace("|", " ").split()):
        if line == "H":
            word |= np.uint32(1 << place)
        elif line not in ("L", "AP"):
            bit = (sources[line[0]] >> int(line[1:])) & 1
            word |= bit.astype(np.uint32) << np.uint32(place)
    return word


def _lpddr4_table() -> BusTable:
    count, words = np.zeros(N_COMMANDS, np.int64), np.zeros((N_COMMANDS, MAX_BANKS), np.uint64)
    banks = np.arange(MAX_BANKS, dtype=np.int32)
    none = np.zeros(MAX_BANKS, np.int32)
    for command, text in _LPDDR4.items():
        count[command] = text.count("|") + 1
        words[command] = _lpddr4_words(command, banks, none, none)
    count[Command.RDA], count[Command.WRA] = count[Command.RD], count[Command.WR]
    place = _LPDDR4[Command.RD].replace("|", " ").split().index("AP")
    return BusTable(_LPDDR4_LINES, 0, 1 << place, count, words)
