"""The best design of a task's runs beside the default one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archgym.best import Best
from archgym.report.comparison import Line, decisive, differing, metric_lines, score_lines
from archgym.report.markup import Html, breakable, element, folded, joined, note, table
from archgym.report.runs import Run, TaskRuns

FEW = 8
"""Metrics that are shown at once where there are many more."""

_MARKS = {"better": ("good", "▲ "), "worse": ("bad", "▼ "), "": ("", "")}


def best_design(group: TaskRuns, default: Best | None) -> Html:
    """Metrics with units and change, then the knobs; a note where there is none."""
    run = group.best_run
    if run is None or run.best is None:
        return joined([element("h3", "Best design"), note("No design of these runs has a result.")])
    several = group.task.objective.k > 1
    return joined(
        [
            element("h3", f"Best design{' in the first objective' if several else ''}"),
            _origin(run),
            *_warnings(group, run.best, default),
            element("div", _metrics(group, run.best, default), _knobs(group, run.best, default), class_="pair"),
        ]
    )


def _origin(run: Run) -> Html:
    command = element("code", f"archgym show {run.path}")
    return element("p", f"Found by {run.agent} with seed {run.seed}; look closer with ", command, class_="faint")


def _warnings(group: TaskRuns, best: Best, default: Best | None) -> list[Html]:
    said = []
    if best.violation > 0:
        said.append(note(f"No design keeps every limit; this one exceeds them by {best.violation:.2%} in all."))
    if default is None:
        said.append(note("The default design has no result to compare with."))
    elif default.violation > 0:
        said.append(element("p", f"The default design exceeds the limits by {default.violation:.2%} in all."))
    if group.task.objective.k > 1:
        run = next((r for r in group.runs if r.best is best and r.result), None)
        if run is not None and run.result is not None:
            said.append(element("p", f"{len(run.result.front):,} designs of its run are on the Pareto front."))
    return said


def _metrics(group: TaskRuns, best: Best, default: Best | None) -> Html:
    """The scores and the metrics that decide; the others are folded where they are many."""
    metrics, first = group.manifest.metrics, decisive(group.task.objective)
    lines = score_lines(metrics, default.scores if default else {}, best.scores)
    shown = max(len(first), FEW - len(lines))
    lines += metric_lines(metrics, default.metrics if default else {}, best.metrics, first)
    cut = len(lines) if len(lines) <= 2 * FEW else shown + len(lines) - len(metrics)
    parts = [_line_table("Metrics of the default and the best design", lines[:cut])]
    if rest := lines[cut:]:
        summary = f"{len(rest)} further metrics"
        parts.append(folded(summary, _line_table(summary, rest)))
    return element("div", *parts)


def _line_table(label: str, lines: Sequence[Line]) -> Html:
    return table(label, ["metric", "default", "best", "change"], map(_cells, lines), right=(1, 2, 3))


def _cells(line: Line) -> list[str]:
    kind, mark = _MARKS[line.verdict]
    name = element("span", breakable(line.name), title=line.doc or None)
    change = element("span", mark + line.change, class_=kind or None, title=line.verdict or None)
    return [name, line.default, line.design, change]


def _knobs(group: TaskRuns, best: Best, default: Best | None) -> Html:
    known = {str(p["name"]): p for p in group.manifest.space["parameters"]}
    before = default.design if default else {name: p.get("default") for name, p in known.items()}
    changed = differing(before, best.design)
    rest = [name for name in best.design if name not in changed]
    parts = []
    if changed:
        rows = [[_knob(known.get(name, {}), name), _value(before, name), _value(best.design, name)] for name in changed]
        parts.append(table("Parameters that differ from the default", ["parameter", "default", "best"], rows))
    else:
        parts.append(element("p", "It is the default design."))
    if rest:
        kept = [[_knob(known.get(name, {}), name), _value(best.design, name)] for name in rest]
        summary = f"{len(rest):,} parameter{'s' if len(rest) != 1 else ''} as in the default design"
        parts.append(folded(summary, table(summary, ["parameter", "value"], kept)))
    return element("div", *parts)


def _knob(parameter: Mapping[str, Any], name: str) -> Html:
    unit = str(parameter.get("unit", "1"))
    label = name if unit in ("", "1") else f"{name} ({unit})"
    return element("span", label, title=str(parameter.get("doc", "")) or None)


def _value(design: Mapping[str, Any], name: str) -> str:
    value = design.get(name, "-")
    return f"{value:.6g}" if isinstance(value, float) else str(value)
