"""Where tasks are: YAML files in packages that the entry-point group ``archgym.tasks`` names.

Listing the names needs no YAML parser and no simulator, so that `import archgym` can register every environment.
An entry point's value is ``package:folder``; a task's name is its path below the folder without the suffix:
``dram/random-latency-v1``.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable

from archgym.errors import ConfigError, UnknownName

GROUP = "archgym.tasks"
PREFIX = "archgym/"


@cache
def task_files() -> dict[str, Traversable]:
    """Task name to file, sorted by name. Two files of one name are an error."""
    found: dict[str, Traversable] = {}
    for point in entry_points(group=GROUP):
        folder = files(point.module) / point.attr if point.attr else files(point.module)
        for name, file in _walk(folder, ""):
            if name in found:
                raise ConfigError(f"task {name!r} is defined twice: {found[name]} and {file}; uninstall or rename one")
            found[name] = file
    return dict(sorted(found.items()))


def task_names() -> list[str]:
    """The names of all installed tasks, sorted."""
    return list(task_files())


def task_file(name: str) -> Traversable:
    """The file of one task; `UnknownName` with the nearest name when there is none."""
    known = task_files()
    if name not in known:
        raise UnknownName("task", name, known)
    return known[name]


def environment_id(task: str) -> str:
    """The Gymnasium id of a task: ``dram/random-latency-v1`` is ``archgym/dram-random-latency-v1``."""
    return PREFIX + task.replace("/", "-")


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    if not folder.is_dir():
        return []
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".yaml"):
            found.append((prefix + entry.name.removesuffix(".yaml"), entry))
    return found
