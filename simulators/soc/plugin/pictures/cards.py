"""The card of a block: its name and type, what it runs or holds, and its share of time, area and energy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from archgym.simulators.soc.plugin.pictures import text
from archgym.simulators.soc.plugin.pictures.block_facts import Facts
from archgym.simulators.soc.plugin.pictures.theme import Group

if TYPE_CHECKING:
    from archgym.simulators.soc.soc import Block

NAME_PT, TYPE_PT, LIST_PT = 9.5, 7.5, 7.5
PAD, NAME_IN, TYPE_IN, LIST_IN, METER_IN = 0.09, 0.2, 0.145, 0.15, 0.19
LIST_COLUMN_IN, WIDE_LIST = 2.2, 8
"""A list of more than `WIDE_LIST` producers is set in two columns."""

_TAGS = {"processor": "processor", "accelerator": "accelerator", "sram": "SRAM", "dram": "DRAM", "bus": "bus"}


@dataclass(frozen=True, slots=True)
class Meter:
    label: str
    value: str
    share: float
    """0..1: how far its bar reaches."""


@dataclass(frozen=True, slots=True)
class Card:
    """All text fits the width."""

    name: str
    tag: str
    """What kind of block it is, or "unused"."""
    group: Group
    width: float
    type: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]
    """What it runs or holds: left and right half of a line."""
    columns: int
    """In which the lines are set."""
    meters: tuple[Meter, ...]
    pace: str
    """Seconds as a bottleneck; "" if it never is."""
    heat: float
    used: bool

    @property
    def list_rows(self) -> int:
        return -(-len(self.lines) // self.columns)

    @property
    def height(self) -> float:
        rows = self.list_rows * LIST_IN + (0.06 if self.lines else 0)
        foot = (len(self.meters) + bool(self.pace)) * METER_IN + (0.04 if self.meters else 0)
        return 2 * PAD + NAME_IN + len(self.type) * TYPE_IN + rows + foot


def processing_card(block: Block, width: float, facts: Facts) -> Card:
    """A processor or an accelerator with the tasks on it."""
    card = _card(block, "compute", width, facts)
    names = facts.tasks.get(block.name, ())
    pieces = [f"{name}, " for name in names[:-1]] + list(names[-1:])
    return replace(card, lines=tuple((line, "") for line in text.wrap(pieces, width - 2 * PAD, LIST_PT)))


def memory_card(block: Block, facts: Facts, narrow: bool = False) -> Card:
    """A memory with the data in it, by producer; *narrow* sets a long list in one column all the same."""
    held = facts.data.get(block.name, {})
    columns = 2 if len(held) > WIDE_LIST and not narrow else 1
    width = columns * LIST_COLUMN_IN + 2 * PAD
    card = _card(block, "memory", width, facts)
    meters = card.meters
    if card.used:
        known = facts.used[block.name]
        full = known.peak_bytes / known.capacity_bytes if known.capacity_bytes else 0.0
        peak = f"{text.size(known.peak_bytes)} of {text.size(known.capacity_bytes)}"
        meters = (Meter("peak", peak, min(full, 1.0)), *meters)
    room = LIST_COLUMN_IN - 0.25
    lines = [(name, text.size(amount)) for name, amount in held.items()]
    fitted = tuple((text.shorten(f"{name}", room - text.width_in(s, LIST_PT), LIST_PT), s) for name, s in lines)
    return replace(card, lines=fitted, columns=columns, meters=meters)


def _card(block: Block, group: Group, width: float, facts: Facts) -> Card:
    """All but the list, and the meters that every block has."""
    known = facts.used.get(block.name)
    tag = "unused" if known is None else _TAGS[known.kind]
    room = width - 2 * PAD
    kind = text.type_lines(block.type, room, TYPE_PT)
    if block.name in facts.moved_from:
        kind += (text.shorten(f"moved here from {facts.moved_from[block.name]}", room, TYPE_PT),)
    meters: tuple[Meter, ...] = ()
    if known is not None:
        busy = known.busy_s / facts.span_s if facts.span_s > 0 else 0.0
        of_area = known.area_m2 / facts.area_m2 if facts.area_m2 > 0 else 0.0
        of_energy = known.energy_j / facts.energy_j if facts.energy_j > 0 else 0.0
        meters = (
            Meter("busy", text.percent(busy), min(busy, 1.0)),
            Meter("area", f"{text.area(known.area_m2)} · {text.percent(of_area)}", min(of_area, 1.0)),
            Meter("energy", f"{text.quantity(known.energy_j, 'J')} · {text.percent(of_energy)}", min(of_energy, 1.0)),
        )
    seconds = facts.pace_s.get(block.name, 0.0)
    return Card(
        name=text.shorten(block.name, room - text.width_in(tag, TYPE_PT) - 0.1, NAME_PT, bold=True),
        tag=tag,
        group=group,
        width=width,
        type=kind,
        lines=(),
        columns=1,
        meters=meters,
        pace=text.quantity(seconds, "s") if seconds > 0 else "",
        heat=facts.heat(block.name),
        used=known is not None,
    )
