"""The page about runs: one section for each task that they searched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from archgym.report.figures import Picture
from archgym.report.page import page
from archgym.report.runs import TaskRuns, by_task, read_runs
from archgym.report.task_section import TaskSection, task_section

FIGURES_CHARACTERS = 2_700_000
"""A page larger than this gets no further figures: it must be fit to be sent by mail."""


@dataclass(frozen=True, slots=True, eq=False)
class RunReport:
    """A finished page."""

    html: str
    pictures: tuple[Picture, ...]
    runs: int
    tasks: int
    left_out: tuple[str, ...]
    """Why, one line for each run that cannot be read."""


def run_report(paths: Sequence[Path]) -> RunReport:
    """The page about all runs at or below *paths*.

    `LogError` when a path holds no run or none can be read, `MissingExtra` without matplotlib.
    """
    runs, broken = read_runs(paths)
    groups = by_task(runs)
    sections: list[TaskSection] = []
    for group, (anchor, name) in zip(groups, _names(groups), strict=True):
        room = FIGURES_CHARACTERS - sum(len(made.section.body) for made in sections)
        sections.append(task_section(group, anchor, name, room))
    many = f"{len(runs)} run{'s' if len(runs) != 1 else ''}"
    title = f"{groups[0].task.name}: {many}" if len(groups) == 1 else f"{many} of {len(groups)} tasks"
    remarks = [f"Left out, since it cannot be read: {line}" for line in broken]
    spent = sum(run.spent for run in runs)
    html = page(title, f"{spent:,} designs evaluated.", [made.section for made in sections], remarks)
    pictures = tuple(picture for made in sections for picture in made.pictures)
    return RunReport(html, pictures, len(runs), len(groups), tuple(broken))


def _names(groups: Sequence[TaskRuns]) -> list[tuple[str, str]]:
    """Anchor and title of each section: tasks of one name that are not the same tell their versions."""
    names = Counter(group.task.name for group in groups)
    taken: set[str] = set()
    named = []
    for group in groups:
        name = group.task.name
        anchor = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-") or "task"
        unique = next(free for free in chain([anchor], (f"{anchor}-{i}" for i in count(2))) if free not in taken)
        taken.add(unique)
        manifest = group.manifest
        versions = f" (simulator version {manifest.simulator['version']}, task {group.task.fingerprint[:8]}, "
        versions += f"workload {manifest.workload['content_hash'][:8]}, space {manifest.space['fingerprint'][:8]})"
        named.append((unique, name + (versions if names[name] > 1 else "")))
    return named
