"""Where everything on the platform picture stands: one lane a bus, its blocks along it, links in the left margin.

Links are drawn as brackets between the ends of the buses, so that no wire crosses a block whatever the graph of the
buses is: a chain, a star, a triangle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

from archgym.simulators.soc.plugin.pictures.block_facts import Facts
from archgym.simulators.soc.plugin.pictures.cards import Card, memory_card, processing_card
from archgym.simulators.soc.plugin.pictures.headline import HEAD_IN, MARGIN_IN
from archgym.simulators.soc.plugin.pictures.sheet import Point

if TYPE_CHECKING:
    from archgym.simulators.soc.soc import BusBlock, Soc

ROOM_IN, LEAST_ROOM_IN = 11.9, 7.0
"""Widest and narrowest space for the blocks of a bus."""
BAR_IN, STEM_IN, GUTTER_IN, ROW_GAP_IN, LANE_GAP_IN = 0.36, 0.17, 0.22, 0.16, 0.4
FOOT_IN, LEVEL_IN = 0.72, 0.2
CARD_WIDTHS_IN = (2.5, 2.3, 2.1, 1.9, 1.72)
"""Of processing elements, all alike in one picture. The narrowest just holds a meter."""
_FEW_BUSES = 6
"""Up to here all orders of the lanes are tried: 720."""

_Sides = tuple[list[list[Card]], list[list[Card]]]
"""Rows of cards above and below the bar of a bus."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A card and its top left corner."""

    card: Card
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Lane:
    """A bus with its blocks. Inches from the top left of the sheet."""

    bus: BusBlock
    y: float
    """Upper edge of the bar."""
    placed: tuple[Placed, ...]
    wires: tuple[tuple[Point, ...], ...]


@dataclass(frozen=True, slots=True)
class Link:
    wire: tuple[Point, ...]
    simulated: bool


@dataclass(frozen=True, slots=True)
class Layout:
    width: float
    height: float
    left: float
    """Where the bars begin."""
    room: float
    """How long the bars are."""
    lanes: tuple[Lane, ...]
    links: tuple[Link, ...]


def arrange(soc: Soc, facts: Facts) -> Layout:
    order = _lane_order([bus.name for bus in soc.buses], facts)
    buses = sorted(soc.buses, key=lambda bus: order.index(bus.name))
    rows = _rows(soc, facts)
    room = max([LEAST_ROOM_IN, *(_width(row) for lane in rows.values() for side in lane for row in side)])
    levels = _levels(order, facts)
    left = MARGIN_IN + (LEVEL_IN * (1 + max(levels.values())) + 0.1 if levels else 0.0)
    lanes, y = [], HEAD_IN
    for bus in buses:
        lane, y = _lane(bus, rows[bus.name], left, y)
        lanes.append(lane)
        y += LANE_GAP_IN
    return Layout(
        width=left + room + MARGIN_IN,
        height=y - LANE_GAP_IN + FOOT_IN + 0.1,
        left=left,
        room=room,
        lanes=tuple(lanes),
        links=_links(levels, [lane.y for lane in lanes], left),
    )


def _rows(soc: Soc, facts: Facts) -> dict[str, _Sides]:
    """Every bus to its cards, with the widest cards for processing elements that need the fewest rows."""
    choices = [_rows_of(soc, facts, width) for width in CARD_WIDTHS_IN]
    return min(choices, key=lambda rows: sum(len(side) for sides in rows.values() for side in sides))


def _rows_of(soc: Soc, facts: Facts, width: float) -> dict[str, _Sides]:
    """Processing elements stand above a bus and memories below.

    Where all fit into one row they stand above together, which keeps the picture of several buses low.
    """
    rows: dict[str, _Sides] = {}
    for bus in soc.buses:
        on = [block for block in soc.processing if facts.bus_of[block.name] == bus.name]
        held = [block for block in soc.memories if facts.bus_of[block.name] == bus.name]
        first = _used_first(processing_card(block, width, facts) for block in on)
        second = _used_first(memory_card(block, facts) for block in held)
        if _width(second) > ROOM_IN:  # rows of cards of one width leave gutters for the wires
            second = _used_first(memory_card(block, facts, narrow=True) for block in held)
        together = len(soc.buses) > 1 and _width([*first, *second]) <= ROOM_IN
        rows[bus.name] = (_flow([*first, *second]), []) if together else (_flow(first), _flow(second))
    return rows


def _used_first(cards: Iterable[Card]) -> list[Card]:
    return sorted(cards, key=lambda card: not card.used)


def _flow(cards: Sequence[Card]) -> list[list[Card]]:
    """As few rows as fit, of about the same length."""
    for count in range(1, len(cards) + 1):
        a_row = -(-len(cards) // count)
        rows = [list(cards[i : i + a_row]) for i in range(0, len(cards), a_row)]
        if all(_width(row) <= ROOM_IN for row in rows):
            return rows
    return [[card] for card in cards]


def _width(row: Sequence[Card]) -> float:
    return sum(card.width + GUTTER_IN for card in row) + GUTTER_IN


def _lane(bus: BusBlock, rows: _Sides, left: float, y: float) -> tuple[Lane, float]:
    """The lane that begins at *y*, and where it ends."""
    above, below = rows
    upper, y = _place(above, left, y, drop=True)
    bar = y + STEM_IN - ROW_GAP_IN if above else y
    lower, end = _place(below, left, bar + BAR_IN + STEM_IN, drop=False)
    end = end - ROW_GAP_IN if below else bar + BAR_IN
    wires = (*_wires(upper, bar, above=True), *_wires(lower, bar + BAR_IN, above=False))
    return Lane(bus, bar, tuple(placed for row in (*upper, *lower) for placed in row), wires), end


def _place(rows: Sequence[Sequence[Card]], left: float, y: float, drop: bool) -> tuple[list[list[Placed]], float]:
    """The rows from *y* on, and where they end; *drop* aligns the cards of a row at the bottom.

    Cards of a single row are as high as they need, those of several rows as high as their neighbours.
    """
    placed: list[list[Placed]] = []
    for row in rows:
        tallest, x = max(card.height for card in row), left + GUTTER_IN
        placed.append([])
        for card in row:
            height = tallest if len(rows) > 1 else card.height
            placed[-1].append(Placed(card, x, y + tallest - height if drop else y, height))
            x += card.width + GUTTER_IN
        y += tallest + ROW_GAP_IN
    return placed, y


def _wires(rows: Sequence[Sequence[Placed]], bar: float, above: bool) -> list[tuple[Point, ...]]:
    """A stem from each card of a single row; for several rows a riser in the gutter before each card."""
    if len(rows) == 1:
        ends = [(p.x + p.card.width / 2, p.y + p.height if above else p.y) for p in rows[0]]
        return [((x, y), (x, bar)) for x, y in ends]
    cards = [placed for row in rows for placed in row]
    middles = [(p.x, p.y + p.height / 2) for p in cards]
    return [((x, y), (x - GUTTER_IN / 2, y), (x - GUTTER_IN / 2, bar)) for x, y in middles]


def _lane_order(names: list[str], facts: Facts) -> list[str]:
    """The order of the buses from top to bottom in which the links are shortest; unused ones sink."""
    if len(names) > _FEW_BUSES:
        return names
    pairs = [tuple(pair) for pair in facts.links | facts.dropped_links]
    used = [name in facts.used for name in names]

    def length(order: Sequence[int]) -> tuple[bool, int]:
        at = {names[bus]: place for place, bus in enumerate(order)}
        sinking = any(not used[a] and used[b] for a, b in pairwise(order))
        return sinking, sum(abs(at[a] - at[b]) for a, b in pairs)

    return [names[bus] for bus in min(permutations(range(len(names))), key=length)]


def _spans(order: list[str], facts: Facts) -> list[tuple[int, int, bool]]:
    """Every link as upper lane, lower lane and whether it was simulated; short ones first."""
    links = [(pair, True) for pair in facts.links] + [(pair, False) for pair in facts.dropped_links]
    ends = [(sorted(order.index(name) for name in pair), simulated) for pair, simulated in links]
    spans = [(lanes[0], lanes[-1], simulated) for lanes, simulated in ends]
    return sorted(spans, key=lambda span: (span[1] - span[0], span))


def _levels(order: list[str], facts: Facts) -> dict[tuple[int, int, bool], int]:
    """How far left each link runs: beyond every link that it encloses or overlaps."""
    levels: dict[tuple[int, int, bool], int] = {}
    for top, bottom, simulated in _spans(order, facts):
        crossed = [level for (a, b, _), level in levels.items() if a < bottom and top < b]
        levels[top, bottom, simulated] = 1 + max(crossed, default=-1)
    return levels


def _links(levels: dict[tuple[int, int, bool], int], bars: list[float], left: float) -> tuple[Link, ...]:
    ports: dict[tuple[int, tuple[int, int, bool]], float] = {}
    for lane in range(len(bars)):
        # Links upwards leave the upper half of a bar's end and the farther one lower, and the mirror image of that for
        # links downwards: then brackets do not cross.
        up = sorted((span for span in levels if span[1] == lane), key=levels.__getitem__)
        down = sorted((span for span in levels if span[0] == lane), key=levels.__getitem__, reverse=True)
        for place, span in enumerate([*up, *down]):
            ports[lane, span] = bars[lane] + BAR_IN * (place + 1) / (len(up) + len(down) + 1)
    links = []
    for span, level in levels.items():
        x = left - LEVEL_IN * (level + 1)
        start, end = ports[span[0], span], ports[span[1], span]
        links.append(Link(((left, start), (x, start), (x, end), (left, end)), span[2]))
    return tuple(links)
