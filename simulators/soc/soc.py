"""One system on chip: its blocks, how they are connected, and what runs and lies where.

The order of blocks and links is the order in which they were connected. It decides ties in the schedule, as in FARSI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A processing element or a memory, on one bus."""

    name: str
    type: str
    """A processor, an accelerator or a memory of the library."""
    bus: str


@dataclass(frozen=True, slots=True)
class BusBlock:
    """A bus. Its links to other buses are in `Soc.links`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Soc:
    """A complete design. Block names are unique over all kinds."""

    processing: tuple[Block, ...]
    """Processors and accelerators."""
    memories: tuple[Block, ...]
    buses: tuple[BusBlock, ...]
    links: tuple[tuple[str, str], ...]
    """Undirected, between buses: a tree, or a tree with chords that close triangles."""
    task_on: Mapping[str, str]
    """Every task, the dummies too, to its processing element."""
    data_in: Mapping[tuple[str, str], str]
    """Every edge ``(producer, consumer)`` to the memory that holds its data."""
