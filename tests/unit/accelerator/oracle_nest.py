"""A loop nest priced plainly, step by step: what the kernel has to agree with. Slow, and written to be read.

Every temporal loop is walked in iterations 0 and 1 only; the second counts for all the others, as in Timeloop.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.layer import TENSORS, Layer
from archgym.simulators.accelerator.mapping import Mapping

Vector = tuple[int, ...]
Box = tuple[tuple[int, int], ...]
"""Per axis the first coordinate and the one after the last."""


@dataclass
class Traffic:
    """What crosses the boundary under one instance of a level, for one tensor."""

    accesses: dict[int, Fraction]
    """Words by how many instances one access serves."""
    links: Fraction
    """Words that children hand to their neighbours."""

    @property
    def parent(self) -> Fraction:
        """Words that the parent reads, or that are written into it."""
        return sum(self.accesses.values(), Fraction(0))

    @property
    def delivered(self) -> Fraction:
        """Words that all children get from the parent."""
        return sum((m * words for m, words in self.accesses.items()), Fraction(0))


@dataclass
class Counts:
    """One tensor at one level, per instance."""

    tile: int
    reads: int
    fills: int
    updates: int


@dataclass
class Priced:
    """The whole answer. Energies are of all instances."""

    counts: dict[tuple[int, str], Counts]
    used: list[int]
    """Instances of each level in use, multipliers last."""
    level_cycles: list[int]
    cycles: int = 0
    energy_pj: float = 0.0
    tensor_pj: dict[tuple[int, str], float] = field(default_factory=dict)
    leak_pj: list[float] = field(default_factory=list)
    mac_pj: float = 0.0
    utilization: float = 0.0


class OracleNest:
    """The nest of one mapping. *layer* is not grouped."""

    def __init__(self, architecture: Architecture, layer: Layer, mapping: Mapping) -> None:
        self.architecture, self.layer, self.levels = architecture, layer, mapping.levels
        self.n = len(mapping.levels)

    def extents(self, level: int) -> dict[str, int]:
        """Per dimension what all loops at *level* and further in span."""
        extents = dict.fromkeys("NCMPQRS", 1)
        for mapped in self.levels[level:]:
            for dim, bound in (*mapped.temporal, *mapped.spatial_x, *mapped.spatial_y):
                extents[dim] *= bound
        return extents

    def shape(self, tensor: str, level: int) -> Vector:
        """Sides of the tile at *level*."""
        ext = self.extents(level)
        return tuple(1 + sum(coef * (ext[dim] - 1) for dim, coef in axis) for axis in self.layer.axes[tensor])

    def tile(self, tensor: str, level: int) -> int:
        return math.prod(self.shape(tensor, level))

    def move(self, tensor: str, dim: str, distance: int) -> Vector:
        """How far a step of *distance* in *dim* moves the tile."""
        return tuple(sum(coef for d, coef in axis if d == dim) * distance for axis in self.layer.axes[tensor])

    def fan(self, level: int) -> tuple[int, int]:
        """Children in use in X and Y."""
        mapped = self.levels[level]
        return math.prod(b for _, b in mapped.spatial_x), math.prod(b for _, b in mapped.spatial_y)

    def used(self, level: int) -> int:
        return math.prod(math.prod(self.fan(above)) for above in range(level))

    def offsets(self, tensor: str, level: int) -> list[Vector]:
        """Where each child's tile lies, child v * X + h at place v * X + h."""
        mapped, inner = self.levels[level], self.extents(level + 1)
        loops = []
        for dim, bound in reversed((*mapped.spatial_y, *mapped.spatial_x)):
            loops.insert(0, (dim, bound, inner[dim]))
            inner[dim] *= bound
        offsets = [tuple(0 for _ in self.layer.axes[tensor])]
        for dim, bound, distance in loops:
            moves = [self.move(tensor, dim, i * distance) for i in range(bound)]
            offsets = [added(offset, move) for offset in offsets for move in moves]
        return offsets

    def temporal_moves(self, tensor: str, level: int) -> list[tuple[int, Vector]]:
        """Bound and movement of each temporal loop at *level* and further out, from the outermost on."""
        moves: list[tuple[int, Vector]] = []
        for at in range(level, -1, -1):
            mapped, inner = self.levels[at], self.extents(at + 1)
            for dim, bound in (*mapped.spatial_x, *mapped.spatial_y):
                inner[dim] *= bound
            for dim, bound in reversed(mapped.temporal):
                moves.insert(0, (bound, self.move(tensor, dim, inner[dim])))
                inner[dim] *= bound
        return [(bound, move) for bound, move in moves if bound > 1]

    def traffic(self, tensor: str, level: int) -> Traffic:
        """What crosses from *level* to the next inner one."""
        offsets = self.offsets(tensor, level)
        loops = self.temporal_moves(tensor, level)
        if level == self.n - 1:  # a multiplier keeps nothing: every operation fetches its three words
            steps = math.prod(bound for bound, _ in loops)
            groups = Counter(Counter(offsets).values())
            return Traffic({m: Fraction(steps * groups[m]) for m in groups}, Fraction(0))
        columns, _ = self.fan(level)
        width = max(self.architecture.fan_out(level)[0], columns)
        plain: Counter[int] = Counter()
        linked: Counter[int] = Counter()
        links = 0
        before: Delta | None = None
        for times, delta in deltas(self.shape(tensor, level + 1), loops):
            if delta is not None:
                for m, groups in Counter(Counter(offsets).values()).items():
                    plain[m] += times * delta.words * groups
                rest = offsets if before is None else not_forwarded(offsets, delta, before, width)
                for m, groups in Counter(Counter(rest).values()).items():
                    linked[m] += times * delta.words * groups
                links += times * delta.words * (len(offsets) - len(rest))
            before = delta
        if linked.total() < plain.total():
            return Traffic({m: Fraction(words) for m, words in linked.items()}, Fraction(links))
        return Traffic({m: Fraction(words) for m, words in plain.items()}, Fraction(0))

    def tensor_counts(self, tensor: str) -> dict[int, Counts]:
        """Of the levels that keep it."""
        keeps = [tensor in mapped.keep for mapped in self.levels]
        traffic = [self.traffic(tensor, level) for level in range(self.n)]
        fans = [math.prod(self.fan(level)) for level in range(self.n)]
        share = [Fraction(0)] + [traffic[level].delivered / fans[level] for level in range(self.n - 1)]
        for level in range(self.n - 1, 0, -1):
            if not keeps[level]:
                outer = traffic[level - 1]
                factor = traffic[level].parent * fans[level - 1] / outer.delivered
                outer.accesses = {m: words * factor for m, words in outer.accesses.items()}
                outer.links = Fraction(0)
        found = {}
        for level in (i for i in range(self.n) if keeps[i]):
            peer = traffic[level - 1].links / fans[level - 1] if level and keeps[level - 1] else Fraction(0)
            children = traffic[level].parent
            new = Fraction(0) if level == 0 else share[level] + peer
            if tensor == "O":
                part = self.part(level)
                reads, updates = children + peer - part, children
                fills = new - part if level else new
            else:
                reads, fills, updates = children + peer, new, Fraction(0)
            # Words handed on by neighbours are an average over the children: Timeloop cuts the fraction off.
            found[level] = Counts(self.tile(tensor, level), *(math.floor(words) for words in (reads, fills, updates)))
        return found

    def part(self, level: int) -> Fraction:
        """The part of the outputs that one instance of *level* is responsible for."""
        split = 1
        for mapped in self.levels[:level]:
            for dim, bound in (*mapped.spatial_x, *mapped.spatial_y):
                split *= bound if any(self.move("O", dim, 1)) else 1
        return Fraction(self.tile("O", 0), split)

    def price(self) -> Priced:
        counts = {(level, s): c for s in TENSORS for level, c in self.tensor_counts(s).items()}
        steps = math.prod(bound for mapped in self.levels for _, bound in mapped.temporal)
        priced = Priced(counts, [self.used(level) for level in range(self.n + 1)], [])
        for i, level in enumerate(self.architecture.levels):
            held = [counts[i, s] for s in TENSORS if (i, s) in counts]
            reads = sum(c.reads / steps for c in held)  # rounded tensor by tensor, in this order, as in Timeloop
            writes = sum((c.fills + c.updates) / steps for c in held)
            slowdown = 1.0
            if level.read_bandwidth is not None and reads > level.read_bandwidth:
                slowdown = min(slowdown, level.read_bandwidth / reads)
            if level.write_bandwidth is not None and writes > level.write_bandwidth:
                slowdown = min(slowdown, level.write_bandwidth / writes)
            priced.level_cycles.append(math.ceil(steps / slowdown))
        priced.cycles = max([steps, *priced.level_cycles])
        for i, level in enumerate(self.architecture.levels):
            for s in (s for s in TENSORS if (i, s) in counts):
                c = counts[i, s]
                costs = ((c.reads, level.read_pj), (c.fills, level.write_pj), (c.updates, level.update_pj))
                pj = sum(-(-words // level.block_words) * cost for words, cost in costs)
                priced.tensor_pj[i, s] = pj * priced.used[i]
            leaking = priced.used[i] if self.levels[i].keep else 0  # what holds nothing is not in use
            priced.leak_pj.append(level.leak_pj * priced.cycles * leaking)
        priced.mac_pj = self.layer.macs * self.architecture.mac.compute_pj
        priced.energy_pj = sum(priced.tensor_pj.values()) + sum(priced.leak_pj) + priced.mac_pj
        priced.utilization = self.layer.macs / (priced.cycles * self.architecture.mac.instances)
        return priced


@dataclass(frozen=True)
class Delta:
    """The words of *box* that are not in *resident*: what a child has to get."""

    box: Box
    resident: Box | None

    @classmethod
    def between(cls, box: Box, old: Box) -> Delta:
        common = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(box, old, strict=True))
        if any(a >= b for a, b in common):
            return cls(box, None)
        cut = [axis for axis in range(len(box)) if common[axis] != box[axis]]
        if len(cut) > 1:
            return cls(box, common)
        (axis,) = cut  # what is left is a box again
        (a, b), (c, d) = box[axis], common[axis]
        left = (a, c) if c > a else (d, b)
        return cls((*box[:axis], left, *box[axis + 1 :]), None)

    @property
    def words(self) -> int:
        return volume(self.box) - (volume(self.resident) if self.resident else 0)

    def moved(self, by: Vector) -> Delta:
        return Delta(shifted(self.box, by), shifted(self.resident, by) if self.resident else None)


def deltas(shape: Vector, loops: list[tuple[int, Vector]]) -> Iterator[tuple[int, Delta | None]]:
    """What the first child gets in each step, None where its tile stays, and how many steps are like this one."""
    resident: Box | None = None
    recorded: Vector | None = None
    for times, corner in steps(loops):
        box = tuple((a, a + side) for a, side in zip(corner or [0] * len(shape), shape, strict=True))
        if resident is None:
            yield times, Delta(box, None)
        else:
            moved = tuple(b[0] - a[0] for a, b in zip(resident, box, strict=True))
            if not any(moved):
                yield times, None
            elif recorded in (None, moved):
                recorded = moved
                yield times, Delta.between(box, resident)
            else:
                recorded = None
                yield times, Delta(box, None)
        resident = box


def steps(loops: list[tuple[int, Vector]]) -> Iterator[tuple[int, Vector | None]]:
    """The corner of the tile in the steps that are walked, in order, each with how many it stands for."""
    if not loops:
        yield 1, None
        return
    (bound, move), *inner = loops
    for times, corner in steps(inner):
        yield times, corner
    for times, corner in steps(inner):
        yield times * (bound - 1), added(corner or tuple(0 for _ in move), move)


def not_forwarded(offsets: list[Vector], delta: Delta, before: Delta, width: int) -> list[Vector]:
    """The children that no neighbour on a grid *width* wide can serve with what it got one step before."""
    rest = []
    for child, offset in enumerate(offsets):
        h, v = child % width, child // width
        beside = [(h - 1, v), (h + 1, v), (h, v - 1), (h, v + 1)]
        numbers = [b * width + a for a, b in beside if 0 <= a < width and b >= 0]
        wanted = delta.moved(offset)
        if not any(before.moved(offsets[k]) == wanted for k in numbers if k < len(offsets)):
            rest.append(offset)
    return rest


def volume(box: Box) -> int:
    return math.prod(b - a for a, b in box)


def shifted(box: Box, by: Vector) -> Box:
    return tuple((a + d, b + d) for (a, b), d in zip(box, by, strict=True))


def added(a: Vector, b: Vector) -> Vector:
    return tuple(x + y for x, y in zip(a, b, strict=True))
