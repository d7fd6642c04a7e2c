"""The system on chip as a block diagram: buses with what hangs on them, and where time, area and energy go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archgym.simulators.soc.plugin.pictures import text
from archgym.simulators.soc.plugin.pictures.block_facts import Facts, gather
from archgym.simulators.soc.plugin.pictures.cards import (
    LIST_IN,
    LIST_PT,
    METER_IN,
    NAME_IN,
    NAME_PT,
    PAD,
    TYPE_IN,
    TYPE_PT,
    Card,
    Meter,
)
from archgym.simulators.soc.plugin.pictures.headline import MARGIN_IN, draw_headline
from archgym.simulators.soc.plugin.pictures.layout import BAR_IN, FOOT_IN, Lane, Layout, Placed, arrange
from archgym.simulators.soc.plugin.pictures.sheet import Sheet
from archgym.simulators.soc.plugin.pictures.theme import Group, Theme, blend, drawing, theme_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archgym.simulators.soc.application import Application
    from archgym.simulators.soc.results import SocResult
    from archgym.simulators.soc.soc import Soc

HOTTEST = 0.55
"""Share of the hue in the block that sets the pace longest: text on it stays legible."""
_DASHES = (0, (3, 2))
_GROUPS: tuple[tuple[Group, str], ...] = (("compute", "processing element"), ("memory", "memory"), ("bus", "bus"))


def platform_picture(soc: Soc, result: SocResult, application: Application, *, dark: bool = False) -> Figure:
    """Draw *soc*: tasks, data, shares of area and energy, and in colour the seconds as a bottleneck.

    A block that *result* does not name is drawn as unused, a link that was not simulated is dotted. *dark* draws light
    ink on a transparent ground. Raises `MissingExtra` without matplotlib.
    """
    with drawing():
        facts = gather(soc, result, application)
        layout = arrange(soc, facts)
        sheet = Sheet.of(layout.width, layout.height, theme_of(dark))
        draw_headline(sheet.figure, result, application, sheet.theme)
        for link in layout.links:
            look = {"lw": 2.2} if link.simulated else {"lw": 1.4, "ls": ":"}
            sheet.wire(link.wire, **look)
        for lane in layout.lanes:
            _lane(sheet, lane, layout, facts)
        _key(sheet, layout, facts)
    return sheet.figure


def _lane(sheet: Sheet, lane: Lane, layout: Layout, facts: Facts) -> None:
    for wire in lane.wires:
        sheet.wire(wire)
    for placed in lane.placed:
        _block(sheet, placed)
    name, used = lane.bus.name, lane.bus.name in facts.used
    look = _look(sheet.theme, "bus", facts.heat(name), used)
    sheet.box((layout.left, lane.y), layout.room, BAR_IN, rounding=0.06, **look)
    middle, ink = lane.y + BAR_IN / 2, sheet.theme.ink if used else sheet.theme.faint
    seconds = facts.pace_s.get(name, 0.0)
    pace = f"sets the pace {text.quantity(seconds, 's')}" if seconds > 0 else ""
    busy = f"busy {text.percent(facts.used[name].busy_s / facts.span_s)}" if used and facts.span_s > 0 else ""
    right = " · ".join(part for part in (busy, pace) if part) if used else "unused"
    room = layout.room - text.width_in(right, TYPE_PT) - 0.5
    shown = text.shorten(name, room / 2, NAME_PT, bold=True)
    at = layout.left + 0.15
    sheet.words((at, middle), shown, NAME_PT, weight="bold", color=ink)
    at += text.width_in(shown, NAME_PT, bold=True) + 0.15
    sheet.words((at, middle), text.shorten(lane.bus.type, room / 2, TYPE_PT), TYPE_PT, color=ink)
    sheet.words((layout.left + layout.room - 0.15, middle), right, TYPE_PT, color=ink, ha="right")


def _block(sheet: Sheet, placed: Placed) -> None:
    """The card of a processing element (square corners) or a memory (round ones)."""
    card, theme = placed.card, sheet.theme
    look = _look(theme, card.group, card.heat, card.used)
    rounding = 0.12 if card.group == "memory" else 0.0
    sheet.box((placed.x, placed.y), card.width, placed.height, rounding=rounding, **look)
    left, right = placed.x + PAD, placed.x + card.width - PAD
    ink = theme.ink if card.used else theme.faint
    y = placed.y + PAD + NAME_IN / 2
    sheet.words((left, y), card.name, NAME_PT, weight="bold", color=ink)
    sheet.words((right, y), card.tag, TYPE_PT, color=ink, ha="right", style="italic")
    y += NAME_IN / 2 + TYPE_IN / 2
    for line in card.type:
        sheet.words((left, y), line, TYPE_PT, color=ink)
        y += TYPE_IN
    _list(sheet, card, left, y + 0.06 - TYPE_IN / 2 + LIST_IN / 2)
    foot = placed.y + placed.height - PAD - METER_IN * (len(card.meters) + bool(card.pace))
    for place, meter in enumerate(card.meters):
        _meter(sheet, meter, left, right, foot + METER_IN * (place + 0.5))
    if card.pace:
        y = foot + METER_IN * (len(card.meters) + 0.5)
        sheet.words((left, y), "sets the pace", TYPE_PT, weight="bold")
        sheet.words((right, y), card.pace, TYPE_PT, weight="bold", ha="right")


def _list(sheet: Sheet, card: Card, left: float, y: float) -> None:
    """What a block runs or holds, column by column."""
    column_in = (card.width - 2 * PAD) / card.columns
    for place, (name, amount) in enumerate(card.lines):
        column, row = divmod(place, card.list_rows)
        x = left + column * column_in
        sheet.words((x, y + row * LIST_IN), name, LIST_PT)
        if amount:
            last = column == card.columns - 1
            sheet.words((x + column_in - (0 if last else 0.2), y + row * LIST_IN), amount, LIST_PT, ha="right")


def _meter(sheet: Sheet, meter: Meter, left: float, right: float, y: float) -> None:
    """A quantity over a rule that is inked as far as its share."""
    sheet.words((left, y - 0.02), meter.label, TYPE_PT)
    sheet.words((right, y - 0.02), meter.value, TYPE_PT, ha="right")
    rule = y + METER_IN / 2 - 0.03
    sheet.wire([(left, rule), (right, rule)], color=sheet.theme.ink, alpha=0.18, lw=2, solid_capstyle="butt", zorder=3)
    if meter.share > 0:
        end = left + (right - left) * meter.share
        sheet.wire([(left, rule), (end, rule)], color=sheet.theme.ink, lw=2, solid_capstyle="butt", zorder=4)


def _look(theme: Theme, group: Group, heat: float, used: bool) -> dict[str, object]:
    if not used:
        return {"facecolor": "none", "edgecolor": theme.faint, "ls": _DASHES, "lw": 1.0, "zorder": 2}
    fill = blend(theme.card, theme.hue[group], HOTTEST * heat)
    return {"facecolor": fill, "edgecolor": theme.hue[group], "lw": 1.3, "zorder": 2}


def _key(sheet: Sheet, layout: Layout, facts: Facts) -> None:
    """What the colours mean, and the dashes where there are any."""
    x, y = MARGIN_IN, layout.height - FOOT_IN / 2
    most = max(facts.pace_s.values(), default=0.0)
    label = f"sets the pace for 0 to {text.quantity(most, 's')}:"
    sheet.words((x, y), label, TYPE_PT, color=sheet.theme.faint)
    x += text.width_in(label, TYPE_PT) + 0.15
    for group, name in _GROUPS:
        for step in range(6):
            fill = blend(sheet.theme.card, sheet.theme.hue[group], HOTTEST * step / 5)
            sheet.box((x + 0.09 * step, y - 0.06), 0.09, 0.12, facecolor=fill, lw=0)
        sheet.box((x, y - 0.06), 0.54, 0.12, facecolor="none", edgecolor=sheet.theme.hue[group], lw=0.8)
        sheet.words((x + 0.6, y), name, TYPE_PT, color=sheet.theme.faint)
        x += 0.6 + text.width_in(name, TYPE_PT) + 0.2
    if facts.dropped_links:
        sheet.wire([(x, y), (x + 0.35, y)], lw=1.4, ls=":")
        sheet.words((x + 0.42, y), "link not simulated", TYPE_PT, color=sheet.theme.faint)
