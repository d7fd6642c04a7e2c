"""One design beside the default one: metrics with units and change, the knobs that differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from archgym.objective import Objective
from archgym.quantity_text import number

LEAST_CHANGE = 0.001
"""A smaller relative change is told to be one, without its size."""
MANIFOLD = 10
"""From this ratio on, a change is told as a multiple, not in per cent."""


@dataclass(frozen=True, slots=True)
class Line:
    """One number of both designs, ready to read."""

    name: str
    default: str
    design: str
    change: str
    """``-12.3%``, ``40.2× less`` or ``same``; empty where it has no meaning."""
    verdict: Literal["better", "worse", ""]
    doc: str


def metric_lines(
    metrics: Sequence[Mapping[str, Any]],
    default: Mapping[str, float],
    design: Mapping[str, float],
    first: Iterable[str] = (),
) -> list[Line]:
    """A line for each of *metrics* (mappings as in the manifest), those in *first* before the others."""
    known = {str(metric["name"]): metric for metric in metrics}
    order = dict.fromkeys([*(name for name in first if name in known), *known])
    return [_line(known[name], default.get(name), design.get(name)) for name in order]


def score_lines(
    metrics: Iterable[Mapping[str, Any]], default: Mapping[str, float], design: Mapping[str, float]
) -> list[Line]:
    """A line for each score that is not itself a metric."""
    named = {str(metric["name"]) for metric in metrics}
    doc = "A score of the task's objective; lower is better."
    return [
        _line({"name": f"score: {label}", "unit": "1", "better": "lower", "doc": doc}, default.get(label), value)
        for label, value in design.items()
        if label not in named
    ]


def decisive(objective: Objective) -> list[str]:
    """The metrics that the objective and its limits read, in that order."""
    reads = [name for term in objective.terms for name in term.reads]
    return list(dict.fromkeys([*reads, *(limit.metric for limit in objective.limits)]))


def differing(default: Mapping[str, Any], design: Mapping[str, Any]) -> list[str]:
    """The parameters whose value is not the default one."""
    return [name for name, value in design.items() if name not in default or default[name] != value]


def _line(metric: Mapping[str, Any], before: float | None, after: float | None) -> Line:
    unit = str(metric["unit"])
    change = "" if before is None or after is None else _change(before, after)
    verdict: Literal["better", "worse", ""] = ""
    directed = metric["better"] in ("lower", "higher")
    if directed and before is not None and after is not None and before != after and math.isfinite(before + after):
        verdict = "better" if (after < before) == (metric["better"] == "lower") else "worse"
    shown = ["" if value is None else number(value, unit) for value in (before, after)]
    return Line(str(metric["name"]), shown[0], shown[1], change, verdict, str(metric.get("doc", "")))


def _change(before: float, after: float) -> str:
    if before == after:
        return "same"
    if not before or not math.isfinite(before) or not math.isfinite(after):
        return ""
    ratio, way = after / before, "more" if after > before else "less"
    if abs(ratio - 1) < LEAST_CHANGE:
        return f"<{LEAST_CHANGE:.1%} {way}"
    if ratio >= MANIFOLD or 0 < ratio <= 1 / MANIFOLD:
        return f"{_three_digits(max(ratio, 1 / ratio))}× {way}"
    return f"{(after - before) / abs(before):+.1%}"


def _three_digits(value: float) -> str:
    return number(float(f"{value:.3g}"))
