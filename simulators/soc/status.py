"""What is wrong with a design, as a code of one byte and as a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from archgym.simulators.soc import kernel
from archgym.simulators.soc.application import Application


class InvalidSoc(ValueError):
    """The design cannot be built or run; the message is one line."""


class Status(IntEnum):
    """How the simulation of a design ended; only `OK` has numbers."""

    OK = kernel.OK
    BAD_ELEMENT_TYPE = kernel.BAD_ELEMENT_TYPE
    BAD_ELEMENT_BUS = kernel.BAD_ELEMENT_BUS
    BAD_MEMORY_TYPE = kernel.BAD_MEMORY_TYPE
    BAD_MEMORY_BUS = kernel.BAD_MEMORY_BUS
    BAD_BUS_TYPE = kernel.BAD_BUS_TYPE
    BAD_LINK = kernel.BAD_LINK
    LINK_TO_ITSELF = kernel.LINK_TO_ITSELF
    LINK_TWICE = kernel.LINK_TWICE
    BAD_TASK_ELEMENT = kernel.BAD_TASK_ELEMENT
    WRONG_ACCELERATOR = kernel.WRONG_ACCELERATOR
    DUMMY_ON_ACCELERATOR = kernel.DUMMY_ON_ACCELERATOR
    BAD_EDGE_MEMORY = kernel.BAD_EDGE_MEMORY
    LONG_CYCLE = kernel.LONG_CYCLE
    NO_ROUTE = kernel.NO_ROUTE
    MEMORY_TOO_LARGE = kernel.MEMORY_TOO_LARGE
    NO_PROGRESS = kernel.NO_PROGRESS


@dataclass(frozen=True, slots=True)
class Names:
    """What the blocks of a design are called; blocks without a name are called by their index."""

    pes: Sequence[str] = ()
    memories: Sequence[str] = ()
    buses: Sequence[str] = ()
    links: Sequence[tuple[str, str]] = ()

    def pe(self, i: int) -> str:
        return f"processing element {_name(self.pes, i)}"

    def memory(self, i: int) -> str:
        return f"memory {_name(self.memories, i)}"

    def bus(self, i: int) -> str:
        return f"bus {_name(self.buses, i)}"

    def link(self, i: int) -> str:
        return f"link {self.links[i][0]!r} - {self.links[i][1]!r}" if i < len(self.links) else f"link {i}"


def _name(names: Sequence[str], i: int) -> str:
    return repr(names[i]) if i < len(names) else str(i)


def explain(status: int, culprit: int, application: Application, names: Names | None = None) -> str | None:
    """One line on what is wrong and how to mend it; None for a design without fault."""
    names = names or Names()
    match Status(status):
        case Status.OK:
            return None
        case Status.BAD_ELEMENT_TYPE:
            return f"{names.pe(culprit)}: its type is not in the tables; use an index of `Tables.pe_names`"
        case Status.BAD_ELEMENT_BUS:
            return f"{names.pe(culprit)}: it is on a bus that is absent; use the index of a bus that has a type"
        case Status.BAD_MEMORY_TYPE:
            return f"{names.memory(culprit)}: its type is not in the tables; use an index of `Tables.mem_names`"
        case Status.BAD_MEMORY_BUS:
            return f"{names.memory(culprit)}: it is on a bus that is absent; use the index of a bus that has a type"
        case Status.BAD_BUS_TYPE:
            return f"{names.bus(culprit)}: its type is not in the tables; use an index of `Tables.bus_names`"
        case Status.BAD_LINK:
            return f"{names.link(culprit)}: one of its ends is absent; use indices of buses that have a type"
        case Status.LINK_TO_ITSELF:
            return f"{names.link(culprit)}: it links a bus to itself; leave it out"
        case Status.LINK_TWICE:
            return f"{names.link(culprit)}: the two buses are linked already; leave it out"
        case Status.LONG_CYCLE:
            return "links: a cycle of buses is longer than a triangle, or triangles share a link; remove a link of it"
        case Status.MEMORY_TOO_LARGE:
            return f"{names.memory(culprit)}: it has to hold more than its technology's largest size; spread the data"
        case Status.NO_PROGRESS:
            return "the rates of some tasks are too far apart to be added; use types and work of nearer magnitudes"
        case _:
            return _explain_mapping(Status(status), culprit, application)


def _explain_mapping(status: Status, culprit: int, application: Application) -> str:
    if status is Status.BAD_EDGE_MEMORY:
        return f"edge {_edge(application, culprit)}: its memory is absent; map it to a memory that has a type"
    if status is Status.NO_ROUTE:
        edge = application.edges[culprit // 2]
        reader_or_writer = (
            f"consumer {edge.consumer!r}" if culprit % 2 == kernel.READ else f"producer {edge.producer!r}"
        )
        return (
            f"edge {_edge(application, culprit // 2)}: no route from the element of its {reader_or_writer} "
            "to its memory; link their buses"
        )
    task = application.tasks[culprit].name
    if status is Status.BAD_TASK_ELEMENT:
        return f"task {task!r}: its processing element is absent; map it to one that has a type"
    if status is Status.WRONG_ACCELERATOR:
        return f"task {task!r}: it is on an accelerator for another task; map it to a processor or to one of its own"
    return f"task {task!r}: it is a dummy and on an accelerator; map it to a processor"


def _edge(application: Application, e: int) -> str:
    return f"'{application.edges[e].producer}->{application.edges[e].consumer}'"
