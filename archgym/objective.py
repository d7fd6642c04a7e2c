"""The one place where "better" is decided: metrics in, scores out, and lower is better, always.

An objective turns the metrics of a batch into one or more scores and a constraint violation. Designs compare by
Deb's rule (K. Deb, "An efficient constraint handling method for genetic algorithms", 2000): a feasible design
beats an infeasible one, two feasible ones compare by score, two infeasible ones by violation. `merit` folds the
rule into one number for searchers with a single objective.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from archgym.errors import ConfigError, UnknownName
from archgym.simulator import Evaluations, Metric, Status

Number = TypeVar("Number", float, NDArray[np.float64])
"""One design's number, or a column of many: the built-in terms and limits take either, with the same bits."""
VIOLATION_BASE = 1e200
"""Merit of a design that breaks a constraint is at least this; feasible scores lie far below it."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of one batch, row by row."""

    values: NDArray[np.float64]
    """``(n, k)`` lower is better; ``+inf`` in rows that have no metrics."""
    violation: NDArray[np.float64]
    """``(n,)`` total relative excess over the limits: 0 where every limit holds, ``+inf`` without metrics."""

    def merit(self) -> NDArray[np.float64]:
        """``(n,)`` one number per design that orders designs by Deb's rule (first objective only)."""
        return merit(self.values[:, 0], self.violation)


def merit(score: NDArray[np.float64], violation: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)`` score where the design is feasible, ``1e200 (1 + violation)`` where not, ``+inf`` on failure."""
    return np.where(violation > 0, VIOLATION_BASE * (1 + violation), score)


@dataclass(frozen=True, slots=True)
class Limit:
    """A constraint on a metric: ``metric <= at_most`` and/or ``metric >= at_least``, in the metric's unit."""

    metric: str
    at_most: float | None = None
    at_least: float | None = None

    def __post_init__(self) -> None:
        if self.at_most is None and self.at_least is None:
            raise ConfigError(f"limit on {self.metric!r}: expected 'at_most' or 'at_least', got neither")

    def excess(self, value: Number) -> Number:
        """``(n,)`` relative amount by which the limit is missed, 0 where it holds."""
        parts: list[Number] = []
        if self.at_most is not None:
            parts.append(_above_zero(value - self.at_most) / (abs(self.at_most) or 1.0))
        if self.at_least is not None:
            parts.append(_above_zero(self.at_least - value) / (abs(self.at_least) or 1.0))
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def _above_zero(x: Number) -> Number:
    """*x* where it is above zero, else 0; NaN stays NaN."""
    if isinstance(x, float):
        return 0.0 if x <= 0.0 else x
    return np.maximum(x, 0.0)


def _excess(x: Number, tolerance: float) -> Number:
    """*x* where it is above zero and not below *tolerance*, else 0; NaN stays NaN."""
    if isinstance(x, float):
        return 0.0 if x <= 0.0 or x < tolerance else x
    return np.where((x <= 0.0) | (x < tolerance), 0.0, x)


def _filled(value: float, like: Number) -> Number:
    """*value* in the form of *like*."""
    return value if isinstance(like, float) else np.full_like(like, value)


def _raised(x: Number, power: float) -> Number:
    """*x* to the *power* with NumPy's bits, which are not always those of Python's own ``**``."""
    if isinstance(x, float):
        return x if power == 1 else (np.array([x]) ** power).item()
    raised: NDArray[np.float64] = x**power
    return raised


@runtime_checkable
class Term(Protocol):
    """One score computed from named metrics.

    A term whose `score` also takes plain numbers, and gives the same bits for them, may say so with a class attribute
    ``plain = True``: one design is then scored without arrays. Where it raises an `ArithmeticError`, arrays follow.
    """

    @property
    def label(self) -> str: ...
    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the metrics it needs."""
        ...

    def score(self, columns: Mapping[str, NDArray[np.float64]], better: Mapping[str, str], /) -> NDArray[np.float64]:
        """``(n,)`` lower is better."""
        ...


def _lowered(name: str, columns: Mapping[str, Number], better: Mapping[str, str]) -> Number:
    return -columns[name] if better[name] == "higher" else columns[name]


@dataclass(frozen=True, slots=True)
class Optimize:
    """One metric, minimised or maximised as its definition says."""

    plain: ClassVar[bool] = True
    metric: str

    @property
    def label(self) -> str:
        return self.metric

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.metric,)

    def score(self, columns: Mapping[str, Number], better: Mapping[str, str], /) -> Number:
        return _lowered(self.metric, columns, better)


@dataclass(frozen=True, slots=True)
class Product:
    """Weighted product of positive metrics: energy x delay is ``{energy: 1, latency: 1}``, ED²P has ``latency: 2``.

    A metric of which more is better enters with a negated exponent.
    """

    plain: ClassVar[bool] = True
    exponents: Mapping[str, float]

    @property
    def label(self) -> str:
        return "*".join(name if power == 1 else f"{name}^{power:g}" for name, power in self.exponents.items())

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.exponents)

    def score(self, columns: Mapping[str, Number], better: Mapping[str, str], /) -> Number:
        result = _filled(1.0, columns[next(iter(self.exponents))])
        for name, power in self.exponents.items():
            result = result * _raised(columns[name], -power if better[name] == "higher" else power)
        return result


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """Sum of weight x metric / scale; the scales make the terms comparable and are part of the definition."""

    plain: ClassVar[bool] = True
    weights: Mapping[str, float]
    scales: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return "+".join(f"{weight:g}*{name}" for name, weight in self.weights.items())

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.weights)

    def score(self, columns: Mapping[str, Number], better: Mapping[str, str], /) -> Number:
        result = _filled(0.0, columns[next(iter(self.weights))])
        for name, weight in self.weights.items():
            result = result + weight * _lowered(name, columns, better) / self.scales.get(name, 1.0)
        return result


@dataclass(frozen=True, slots=True)
class BudgetDistance:
    """Sum over metrics of ``weight x max(metric / budget - 1, 0)``: FARSI's distance; 0 when all hold.

    A metric that exceeds its budget by less than the fraction *tolerance* counts as holding it.
    """

    plain: ClassVar[bool] = True
    budgets: Mapping[str, float]
    weights: Mapping[str, float] = field(default_factory=dict)
    tolerance: float = 0.0

    @property
    def label(self) -> str:
        return f"distance({','.join(self.budgets)})"

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.budgets)

    def score(self, columns: Mapping[str, Number], better: Mapping[str, str], /) -> Number:
        result = _filled(0.0, columns[next(iter(self.budgets))])
        for name, budget in self.budgets.items():
            result = result + self.weights.get(name, 1.0) * _excess(columns[name] / budget - 1, self.tolerance)
        return result


@dataclass(frozen=True, slots=True)
class LegacyTarget:
    """Minus ArchGym's reward ``target / |target - x|``: it pays for being *near* a target, not for being good.

    Kept for parity with published figures only; never the objective of a default task. At ``x == target`` the
    reward has no value and the score is ``-inf``, as the formula's limit.
    """

    targets: Mapping[str, float]

    @property
    def label(self) -> str:
        return f"legacy_target({','.join(self.targets)})"

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(self.targets)

    def score(self, columns: Mapping[str, NDArray[np.float64]], better: Mapping[str, str], /) -> NDArray[np.float64]:
        result = np.zeros_like(columns[next(iter(self.targets))])
        with np.errstate(divide="ignore"):
            for name, target in self.targets.items():
                result = result - target / np.abs(target - columns[name])
        return result


@dataclass(frozen=True, slots=True)
class Objective:
    """One or more scores (several: a Pareto problem) under limits on metrics."""

    terms: tuple[Term, ...]
    limits: tuple[Limit, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """``(k,)`` names of the scores, in order."""
        return tuple(term.label for term in self.terms)

    @property
    def k(self) -> int:
        """The number of scores."""
        return len(self.terms)

    def check(self, metrics: Sequence[Metric]) -> None:
        """Raise `UnknownName` for a metric that the simulator does not report."""
        known = [metric.name for metric in metrics]
        for name in [name for term in self.terms for name in term.reads] + [limit.metric for limit in self.limits]:
            if name not in known:
                raise UnknownName("metric", name, known)

    def score(self, results: Evaluations, metrics: Sequence[Metric]) -> Scores:
        """Scores of a batch; rows not OK, or whose score is NaN, get ``+inf`` and violation ``+inf``."""
        columns = {metric.name: results.metrics[:, i] for i, metric in enumerate(metrics)}
        better = {metric.name: metric.better for metric in metrics}
        scores = [term.score(columns, better) for term in self.terms]
        # A copy in any case: a score may be a view of the metrics.
        values = np.array(scores[0]).reshape(-1, 1) if len(scores) == 1 else np.column_stack(scores)
        violation = np.zeros(len(results))
        for limit in self.limits:
            violation += limit.excess(columns[limit.metric])
        if np.count_nonzero(results.status) or not (_finite(values) and _finite(violation)):
            bad = (results.status != Status.OK) | np.isnan(values).any(axis=1) | np.isnan(violation)
            values[bad] = np.inf
            violation[bad] = np.inf
        return Scores(values, violation)


def _finite(values: NDArray[np.float64]) -> bool:
    """Whether all are finite; may say no where a sum overflows."""
    return math.isfinite(values.item() if values.size == 1 else values.sum())


TermKind = Literal["optimize", "product", "weighted_sum", "budget_distance", "legacy_target"]


def term_from_mapping(data: Mapping[str, Any], where: str = "objective") -> Term:
    """A term from configuration data: ``{optimize: latency_avg}``, ``{product: {energy: 1, latency: 1}}``, …"""
    kinds: dict[str, Any] = {
        "optimize": lambda value: Optimize(str(value)),
        "product": lambda value: Product(_numbers(value, f"{where}.product")),
        "weighted_sum": lambda value: WeightedSum(
            _numbers(value, f"{where}.weighted_sum"), _numbers(data.get("scales", {}), f"{where}.scales")
        ),
        "budget_distance": lambda value: BudgetDistance(
            _numbers(value, f"{where}.budget_distance"),
            _numbers(data.get("weights", {}), f"{where}.weights"),
            _fraction(data.get("tolerance", 0.0), f"{where}.tolerance"),
        ),
        "legacy_target": lambda value: LegacyTarget(_numbers(value, f"{where}.legacy_target")),
    }
    side = {"scales": "weighted_sum", "weights": "budget_distance", "tolerance": "budget_distance"}
    for key in data:
        if key not in kinds and key not in side:
            raise UnknownName(f"{where}: key", str(key), [*kinds, *side])
        if key in side and side[key] not in data:
            raise ConfigError(f"{where}: {key!r} goes with {side[key]!r} only")
    chosen = [key for key in data if key in kinds]
    if len(chosen) != 1:
        raise ConfigError(f"{where}: expected one of {', '.join(kinds)}, got {', '.join(map(str, chosen)) or 'none'}")
    term: Term = kinds[chosen[0]](data[chosen[0]])
    return term


def _fraction(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ConfigError(f"{where}: expected a number from 0 to 1, got {value!r}")
    return float(value)


def _numbers(value: Any, where: str) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: expected a mapping of metric to number, got {value!r}")
    for name, number in value.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ConfigError(f"{where}.{name}: expected a number, got {number!r}")
    return {str(name): float(number) for name, number in value.items()}
