"""Rewards: what reinforcement learning sees in place of scores. Scores are lower-is-better, rewards are not.

Between two designs of one space lie orders of magnitude, and a gradient that follows raw scores follows the worst
designs. The default reward is therefore the logarithm of the default design's score over the design's: 0 is as good
as the default, +0.69 twice as good, -6.9 a thousand times worse. It is a scale for learning and for nothing else:
what is logged and compared is always the plain score.

``ratio`` is the negated score in units of the default's. ``legacy_target`` is ArchGym's ``target / |target - x|``
(ISCA 2023): it pays for being near a target, not for being good, and is here so that its effect can be measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import copysign, inf
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Told
from archgym.design_keys import Codes
from archgym.errors import ConfigError, UnknownName

RewardKind = Literal["log_ratio", "ratio", "legacy_target"]
CEILING = 1e6
"""No reward is more: only a `legacy_target` on its target would be."""
LINEAR_SHARE = 1e-3
"""`log_ratio` is linear below this share of the reference's score, so that a score may be zero or change its sign."""

HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    "reward": Hyperparameter("what is learnt from: log_ratio, ratio or legacy_target (archgym.reward)"),
    "target": Hyperparameter("the score that legacy_target pays for"),
}
"""For the agents that learn from rewards."""


@dataclass(frozen=True, slots=True)
class RewardShape:
    """How a reward is made of scores, limits and failures."""

    kind: RewardKind = "log_ratio"
    failure_penalty: float = 10.0
    """A design without a result is rewarded with minus this; no design gets less."""
    limit_penalty: float = 10.0
    """For a violation ``v`` the reward is less by this times ``v / (1 + v)`` (`log_ratio`) or ``v`` (the others)."""
    weights: tuple[float, ...] | None = None
    """One per objective; default: each 1 / k."""
    target: float | None = None
    """The score that `legacy_target` pays for."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(RewardKind):
            raise UnknownName("reward", self.kind, get_args(RewardKind))
        for name in ("failure_penalty", "limit_penalty"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise ConfigError(f"{name}: expected a finite number of at least 0, got {value!r}")
        if not all(np.isfinite(weight) for weight in self.weights or ()):
            raise ConfigError(f"weights: expected finite numbers, got {self.weights}")
        if (self.kind == "legacy_target") != (self.target is not None):
            raise ConfigError("target: reward 'legacy_target' needs one (a score to be near), the others take none")
        if self.target is not None and not np.isfinite(self.target):
            raise ConfigError(f"target: expected a finite number, got {self.target}")

    def weights_for(self, labels: tuple[str, ...]) -> list[float]:
        """The ``k`` weights of the objectives *labels*; `ConfigError` when their number differs."""
        if self.weights is None:
            return [1.0 / len(labels)] * len(labels)
        if len(self.weights) != len(labels):
            raise ConfigError(f"weights: expected {len(labels)} (of {', '.join(labels)}), got {len(self.weights)}")
        return [float(weight) for weight in self.weights]

    def vectors(
        self, scores: NDArray[np.float64], violation: NDArray[np.float64], reference: Sequence[float]
    ) -> NDArray[np.float64]:
        """``(n, k)`` finite rewards, one per objective, for ``(n, k)`` *scores* and ``(k,)`` ones of the *reference*.

        The reference is the default design; where its score is zero the unit is 1.
        """
        against = np.array(reference, np.float64)
        unit = np.where(against == 0.0, 1.0, np.abs(against))
        with np.errstate(all="ignore"):
            if self.kind == "log_ratio":
                linear = LINEAR_SHARE * unit
                raw = _symmetric_log(against, linear) - _symmetric_log(scores, linear)
                excess = self.limit_penalty * violation / (1.0 + violation)
            else:
                excess = self.limit_penalty * violation
                raw = -scores / unit if self.kind == "ratio" else _legacy(scores, self.target or 0.0)
            rewards = np.clip(raw - excess[:, None], -self.failure_penalty, CEILING)
        failed = np.isinf(violation)[:, None] | np.isnan(rewards)
        return np.where(failed, -self.failure_penalty, rewards)

    def vector(self, scores: Sequence[float], violation: float, reference: Sequence[float]) -> list[float]:
        """A row of `vectors`, bit for bit, in plain numbers: for one design they are ten times faster than arrays."""
        floor = -self.failure_penalty
        if violation == inf:
            return [floor] * len(scores)
        try:
            excess = self.limit_penalty * violation
            if self.kind == "log_ratio":
                excess /= 1.0 + violation
            pairs = zip(scores, reference, strict=True)
            rewards = [self._one(score, against) - excess for score, against in pairs]
        except ZeroDivisionError:  # arrays have an infinity for it
            row = self.vectors(np.array([scores], np.float64), np.array([violation], np.float64), reference)[0]
            return [float(reward) for reward in row]
        return [min(max(reward, floor), CEILING) if reward == reward else floor for reward in rewards]

    def _one(self, score: float, against: float) -> float:
        if self.kind == "legacy_target":
            target = self.target or 0.0
            return target / abs(target - score)
        if self.kind == "ratio":
            return -score / (abs(against) or 1.0)
        linear, anchor = _scale(against)
        return anchor - _symmetric_log_of_one(score, linear)


def _symmetric_log(x: NDArray[np.float64], linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of ``|x| / linear`` plus 1 with the sign of *x*; ``x / linear`` where that is within -1 and 1."""
    size = np.abs(x) / linear
    return np.copysign(np.where(size <= 1.0, size, 1.0 + np.log(np.maximum(size, 1.0))), x)


@lru_cache(maxsize=64)
def _scale(against: float) -> tuple[float, float]:
    """Where `log_ratio` is linear, and the reference's own logarithm."""
    linear = LINEAR_SHARE * (abs(against) or 1.0)
    return linear, _symmetric_log_of_one(against, linear)


def _symmetric_log_of_one(x: float, linear: float) -> float:
    size = abs(x) / linear
    # NumPy's logarithm, not that of `math`: they differ in the last bit.
    return copysign(size if size <= 1.0 else 1.0 + float(np.log(size)), x)


def _legacy(scores: NDArray[np.float64], target: float) -> NDArray[np.float64]:
    return target / np.abs(target - scores)


def weighted(weights: Sequence[float], rewards: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)`` the weighted sum of ``(n, k)`` *rewards*, summed from the first to the last."""
    total: NDArray[np.float64] = weights[0] * rewards[:, 0]
    for k in range(1, len(weights)):
        total = total + weights[k] * rewards[:, k]
    return total


def weighted_one(weights: Sequence[float], rewards: Sequence[float]) -> float:
    """`weighted` for the rewards of one design."""
    total = weights[0] * rewards[0]
    for k in range(1, len(weights)):
        total += weights[k] * rewards[k]
    return total


class RewardMeter:
    """Rewards for an agent that asks and tells: its reference is the first result that it is told with a finite score.

    Agents propose the default design first, which makes it the reference and charges it like any other design.
    """

    def __init__(self, shape: RewardShape, labels: tuple[str, ...]) -> None:
        self._shape, self._weights = shape, shape.weights_for(labels)
        self._reference: list[float] | None = None

    def refer_to(self, design: Codes, told: Told) -> None:
        """Let *design* ``(1, d)`` be the reference where it stands among *told*, unless there is one already."""
        for row in np.flatnonzero((told.designs.codes == design).all(axis=1)).tolist():
            self._refer(told, row, row + 1)

    def rewards(self, told: Told) -> NDArray[np.float64]:
        """``(n,)`` finite rewards of *told*."""
        self._refer(told, 0, len(told))
        reference = self._reference or [1.0] * len(self._weights)
        return weighted(self._weights, self._shape.vectors(told.scores, told.violation, reference))

    def _refer(self, told: Told, start: int, stop: int) -> None:
        if self._reference is not None:
            return
        works = np.isfinite(told.scores).all(axis=1) & np.isfinite(told.violation)
        rows = np.flatnonzero(works[start:stop])
        if len(rows):
            self._reference = told.scores[start + rows[0]].tolist()
