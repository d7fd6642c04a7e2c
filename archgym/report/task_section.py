"""The section of a task: what was asked, how the searches went, the best design, what failed, where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archgym.best import Best
from archgym.errors import ArchgymError
from archgym.quantity_text import number
from archgym.replay import refuse_another
from archgym.report.best_design import best_design
from archgym.report.failures import SHOWN, limit_text, reasons
from archgym.report.figures import Picture, fitted
from archgym.report.inspection import details, pictures, price
from archgym.report.markup import Html, element, facts, folded, joined, note, table
from archgym.report.page import Section
from archgym.report.provenance import provenance
from archgym.report.run_table import run_table
from archgym.report.runs import Run, TaskRuns, score_unit
from archgym.report.search_figures import search_figures
from archgym.simulator import DetailTable, Simulator, Status


@dataclass(frozen=True, slots=True, eq=False)
class TaskSection:
    """A section and the figures in it."""

    section: Section
    pictures: tuple[Picture, ...]


def task_section(group: TaskRuns, anchor: str, title: str, room: int) -> TaskSection:
    """The section of one task's runs; every name in it starts with *anchor*.

    Figures that would take more than *room* characters in all are left out of it, with a word in their place.
    Without the simulator that made the runs the best design has no tables and no pictures; a note says so.
    """
    simulator, notes = _simulator(group)
    default = group.default or _priced_default(group, simulator)
    samples = group.samples()
    searches = search_figures(group, samples, default, f"{anchor}-")
    run = group.best_run
    tables: list[DetailTable] = []
    drawn: list[Picture] = []
    if simulator is not None and run is not None and run.best is not None:
        tables, more = details(simulator, run.best.design)
        of = "the best design"
        drawn, undrawn = pictures(simulator, run.best.design, prefix=f"{anchor}-", of=of, dark=True)
        notes += [*more, *undrawn]
    shown = fitted([*searches, *drawn], room)
    parts = [
        _question(group),
        _searches(shown[: len(searches)]),
        run_table(group),
        best_design(group, default),
        *(note(text) for text in notes),
        *shown[len(searches) :],
        *(_details(detail) for detail in tables),
        _failures(group, samples),
        provenance(group),
    ]
    section = Section(anchor, title, group.task.summary, joined(parts), _brief(group, run))
    return TaskSection(section, (*searches, *drawn))


def _brief(group: TaskRuns, run: Run | None) -> str:
    """``best latency 5.304 ns, by genetic``"""
    if run is None or run.best is None:
        return "no design has a result"
    if run.best.violation > 0:
        return "no design keeps every limit"
    label = group.task.objective.labels[0]
    return f"best {label} {number(run.best.scores[label], score_unit(group, label))}, by {run.agent}"


def _simulator(group: TaskRuns) -> tuple[Simulator | None, list[str]]:
    """The simulator that made the runs, or a line that says why there is none."""
    try:
        simulator = group.task.make_simulator()
        refuse_another(group.manifest, simulator, group.runs[0].path)
    except ArchgymError as error:
        return None, [f"Nothing can be said about designs beyond what is in the log: {error}"]
    return simulator, []


def _priced_default(group: TaskRuns, simulator: Simulator | None) -> Best | None:
    """The default design, priced now where no run recorded it; None where it has no result."""
    if simulator is None:
        return None
    priced = price(simulator, [simulator.space.default], group.task.objective)[0]
    if priced.status is not Status.OK:
        return None
    return Best(0, priced.design, priced.metrics, priced.scores, priced.violation)


def _question(group: TaskRuns) -> Html:
    manifest, objective = group.manifest, group.task.objective
    units = {str(metric["name"]): str(metric["unit"]) for metric in manifest.metrics}
    options = ", ".join(f"{name}={value}" for name, value in group.task.options.items())
    return facts(
        [
            (
                "objective" if objective.k == 1 else "objectives",
                ", ".join(map(_way(manifest.metrics), objective.labels)),
            ),
            ("limits", "; ".join(limit_text(limit, units.get(limit.metric, "")) for limit in objective.limits)),
            ("simulator", f"{manifest.simulator['name']} {manifest.simulator['version']}"),
            ("workload", str(manifest.workload["name"])),
            ("options", options),
            ("space", _space(manifest.space)),
        ]
    )


def _way(metrics: Sequence[Mapping[str, Any]]) -> Any:
    """A metric's name with the direction that is better; a score's label as it is."""
    better = {metric["name"]: metric["better"] for metric in metrics}
    return lambda label: f"{'highest' if better.get(label) == 'higher' else 'lowest'} {label}"


def _space(space: Mapping[str, Any]) -> str:
    n, m = len(space["parameters"]), len(space["constraints"])
    knobs = f"{n} parameter{'s' if n != 1 else ''}"
    return f"{knobs}, {m} constraint{'s' if m != 1 else ''}" if m else knobs


def _searches(drawn: Sequence[Html]) -> Html:
    if not drawn:
        return note("No design keeps every limit, so there is no best-so-far to draw.")
    return joined([element("h3", "Search"), element("div", *drawn, class_="pair")])


def _details(detail: DetailTable) -> Html:
    content = table(detail.title, detail.headers, detail.rows, right=detail.right, caption=True)
    if len(detail.rows) <= 24:
        return content
    return folded(
        f"{detail.title} ({len(detail.rows):,} rows)",
        table(detail.title, detail.headers, detail.rows, right=detail.right),
    )


def _failures(group: TaskRuns, samples: Any) -> Html:
    found = reasons(samples, group.task.objective)
    if not found:
        return Html()
    unique = int((~samples["duplicate"].to_numpy(bool)).sum())
    rows = [[r.kind, r.text, f"{r.count:,}", f"{r.count / unique:.1%}"] for r in found[:SHOWN]]
    rest = found[SHOWN:]
    if rest:
        rows.append(["", f"{len(rest):,} other reasons", f"{sum(r.count for r in rest):,}", ""])
    heading = "Designs that do not count"
    return joined(
        [
            element("h3", heading),
            element("p", f"Of {unique:,} unique evaluations; messages that differ in numbers only are one reason."),
            table(
                heading, ["status", "reason, with the first example's numbers", "designs", "share"], rows, right=(2, 3)
            ),
        ]
    )
