"""Whether every name in a `Soc` means something, and only one thing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.data_error import suggestion
from archgym.simulators.soc.soc import Soc
from archgym.simulators.soc.tables import Tables

Key = TypeVar("Key", str, tuple[str, str])


def wrong_name(soc: Soc, application: Application, tables: Tables) -> str | None:
    """The first name in *soc* that means nothing or too much, or None.

    What does not depend on names (routes, accelerators, sizes) is for the engine to find.
    """
    return next(_wrong_names(soc, application, tables), None)


def _wrong_names(soc: Soc, application: Application, tables: Tables) -> Iterator[str]:
    yield from _wrong_blocks(soc, tables)
    buses = [bus.name for bus in soc.buses]
    for kind, blocks in (("processing element", soc.processing), ("memory", soc.memories)):
        for block in blocks:
            if block.bus not in buses:
                yield f"{kind} {block.name!r}: bus {_unknown(block.bus, buses)}"
    for pair in soc.links:
        for end in pair:
            if end not in buses:
                yield f"link {pair[0]!r} - {pair[1]!r}: bus {_unknown(end, buses)}"
    tasks = [task.name for task in application.tasks]
    yield from _wrong_map(soc.task_on, tasks, "task", "processing element", [block.name for block in soc.processing])
    edges = [(edge.producer, edge.consumer) for edge in application.edges]
    yield from _wrong_map(soc.data_in, edges, "edge", "memory", [block.name for block in soc.memories])


def _wrong_blocks(soc: Soc, tables: Tables) -> Iterator[str]:
    seen: dict[str, str] = {}
    for kind, names, types in (
        ("processing element", [(block.name, block.type) for block in soc.processing], tables.pe_names),
        ("memory", [(block.name, block.type) for block in soc.memories], tables.mem_names),
        ("bus", [(block.name, block.type) for block in soc.buses], tables.bus_names),
    ):
        for name, type_ in names:
            if name in seen:
                if kind == seen[name] == "memory":
                    yield f"memory {name!r} is given twice: a memory is on one bus only"
                yield f"block {name!r} is given twice, as {seen[name]} and as {kind}: give each a name of its own"
            seen[name] = kind
            if type_ not in types:
                yield f"{kind} {name!r}: type {_unknown(type_, types)}"


def _wrong_map(
    given: Mapping[Key, str], keys: Collection[Key], what: str, target: str, targets: Collection[str]
) -> Iterator[str]:
    for key in keys:
        if key not in given:
            yield f"{what} {_text(key)!r}: expected a {target} for it, got none"
        elif given[key] not in targets:
            yield f"{what} {_text(key)!r}: {target} {_unknown(given[key], targets)}"
    for key in given:
        if key not in keys:
            hint = suggestion(_text(key), [_text(known) for known in keys])
            yield f"{what} {_text(key)!r}: the application has none of this name; {hint.strip() or 'leave it out'}"


def _text(key: object) -> str:
    return "->".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _unknown(name: str, known: Collection[str]) -> str:
    """``'bus7' is unknown; known: bus0, bus1``; of long lists the beginning."""
    hint = suggestion(name, known)
    some = [*known][:8]
    more = ", …" if len(known) > len(some) else ""
    return f"{name!r} is unknown; {hint}known: {', '.join(some) or 'none'}{more}"
