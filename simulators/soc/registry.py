"""Every workload by its name: FARSI's, all of them at once, generated graphs, and files.

A name is ``edge_detection``, ``layered``, ``layered:seed=3,width=8``, ``mine.yaml``, or several joined with ``+``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.data_error import DataError, suggestion
from archgym.simulators.soc.graph import TaskGraph
from archgym.simulators.soc.graph_file import graph_from, read_graph
from archgym.simulators.soc.layered import OPTIONS, Option, layered
from archgym.simulators.soc.strict_yaml import read_yaml

SHIPPED = {
    "audio_decoder": "decoding of spatial audio: 15 tasks, 23 edges, 12.6 million instructions (FARSI)",
    "edge_detection": "edges of an image: 6 tasks, 8 edges, 6.6 billion instructions (FARSI)",
    "hpvm_cava": "a camera's pipeline: a chain of 7 tasks, 170 billion instructions (FARSI)",
}
ALL = "all"
LAYERED = "layered"


@dataclass(frozen=True, slots=True)
class WorkloadInfo:
    """What a named workload is, in one line, and the options that it takes."""

    name: str
    doc: str
    options: tuple[Option, ...]


def workload_names() -> tuple[str, ...]:
    """All names; they can be joined with ``+``."""
    return (*SHIPPED, ALL, LAYERED)


def describe(name: str) -> WorkloadInfo:
    """The documentation of one of `workload_names`. Raises `DataError`, with a suggestion, for any other."""
    if name in SHIPPED:
        return WorkloadInfo(name, SHIPPED[name], ())
    if name == ALL:
        return WorkloadInfo(ALL, f"{', '.join(SHIPPED)}, at once", ())
    if name == LAYERED:
        return WorkloadInfo(LAYERED, "a random graph of layers, one for each seed", tuple(OPTIONS.values()))
    raise _unknown(name)


def load_application(name: str | Path, **options: object) -> Application:
    """The workloads in *name*, joined with ``+``, as one application.

    *options* are those of ``layered`` and need it in *name*; they must not be given in *name* too. Raises `DataError`
    for an unknown name or option, a wrong value, a broken file, and workloads that have a task in common.
    """
    graphs: list[TaskGraph] = []
    for part in _parts(name):
        graphs.extend(_graphs(part, options))
    if options and not any(_is_layered(part) for part in _parts(name)):
        raise DataError(f"workload {str(name)!r} has no options, got {', '.join(options)}; {LAYERED!r} has some")
    return Application.of(graphs)


@cache
def _shipped(name: str) -> TaskGraph:
    file = resources.files("archgym.simulators.soc") / "workloads" / f"{name}.yaml"
    return graph_from(read_yaml(file), f"{name}.yaml")


def _parts(name: str | Path) -> list[str]:
    """A file's name may hold a plus."""
    text = str(name)
    return [text] if isinstance(name, Path) or Path(text).is_file() else text.split("+")


def _graphs(part: str, options: dict[str, object]) -> list[TaskGraph]:
    if part in SHIPPED:
        return [_shipped(part)]
    if part == ALL:
        return [_shipped(name) for name in SHIPPED]
    if _is_layered(part):
        return [layered(**_merged(part, options))]
    if Path(part).suffix in (".yaml", ".yml") or "/" in part or "\\" in part:
        return [read_graph(part)]
    raise _unknown(part)


def _is_layered(part: str) -> bool:
    return part.partition(":")[0] == LAYERED


def _merged(part: str, options: dict[str, object]) -> dict[str, object]:
    """The options in the name ``layered:seed=3,width=8``, and *options*."""
    merged = dict(options)
    for item in filter(None, part.partition(":")[2].split(",")):
        key, equals, text = item.partition("=")
        if not equals:
            raise DataError(f"workload {part!r}: expected 'option=value', got {item!r}")
        if key in merged:
            raise DataError(f"workload {part!r}: option {key!r} is given twice")
        merged[key] = text if key == "label" else _value(text)
    return merged


def _value(text: str) -> object:
    """The number in *text*, or *text*, which `layered` then refuses by name."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _unknown(name: str) -> DataError:
    names = workload_names()
    return DataError(
        f"workload {name!r}: {suggestion(name, names)}known: {', '.join(names)}; join several with '+', "
        "or give a .yaml file"
    )
