"""Why designs have no result, or one that does not count: reasons by how often they were met."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from archgym.objective import Limit, Objective
from archgym.quantity_text import number
from archgym.report.comparison import decisive

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 12
_NUMBER = re.compile(r"(?<![A-Za-z_])[-+]?\d[\d.,_]*(?:e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason and how many unique designs it held for."""

    kind: str
    """A status, ``no value`` or ``misses a limit``."""
    text: str
    """The first message of its kind; messages that differ in numbers only are one reason."""
    count: int


def reasons(samples: pd.DataFrame, objective: Objective) -> list[Reason]:
    """Most frequent first, statuses before metrics without a value (NaN) and limits.

    A design may count for several reasons.
    """
    unique = samples[~samples["duplicate"].to_numpy(bool)]
    found: dict[tuple[str, str], tuple[str, int]] = {}
    bad = unique[(unique["status"] != "OK").to_numpy()]
    for status, message in zip(bad["status"], bad["message"], strict=True):
        text = message if isinstance(message, str) and message else "(no message)"
        key = (str(status), _NUMBER.sub("#", text))
        first, count = found.get(key, (text, 0))
        found[key] = (first, count + 1)
    statuses = [Reason(status, text, count) for (status, _), (text, count) in found.items()]
    good = unique[(unique["status"] == "OK").to_numpy()]
    void = [Reason("no value", f"{name} has no value", _void(good, name)) for name in decisive(objective)]
    limits = [Reason("misses a limit", limit_text(limit), _missed(good, limit)) for limit in objective.limits]
    return [
        reason
        for part in (statuses, void, limits)
        for reason in sorted(part, key=lambda reason: -reason.count)
        if reason.count
    ]


def limit_text(limit: Limit, unit: str = "") -> str:
    """``0.5 W <= power_avg <= 1 W``."""
    low = "" if limit.at_least is None else f"{number(limit.at_least, unit)} ≤ "
    high = "" if limit.at_most is None else f" ≤ {number(limit.at_most, unit)}"
    return f"{low}{limit.metric}{high}"


def _void(good: pd.DataFrame, metric: str) -> int:
    return int(np.isnan(good[f"metric.{metric}"].to_numpy(float)).sum())


def _missed(good: pd.DataFrame, limit: Limit) -> int:
    return int((np.asarray(limit.excess(good[f"metric.{limit.metric}"].to_numpy(float))) > 0).sum())
