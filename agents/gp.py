"""Bayesian optimisation with Optuna's Gaussian process: a Matérn kernel, log expected improvement, local search.

J. Močkus, "On Bayesian methods for seeking the extremum", 1974; S. Ament et al., "Unexpected Improvements to Expected
Improvement for Bayesian Optimization", NeurIPS 2023 (the logarithm of the criterion). Optuna fits the kernel's length
scales by their posterior, treats categories by Hamming distance, and searches ordered values by line search.

The study is built anew for each round, because what a Gaussian process sees must be well scaled, and the scale is
known better with every result (`model_values`): scores enter as logarithms where all are positive, a failed design as
bad as the worst that works, one that breaks limits somewhat worse, growing with the violation. So neither an infinity
nor a penalty bends the model. It sees the best `memory` / 2 designs and the last ones, `memory` in all, which bounds
its time, and nothing is carried from round to round but results.

Real parameters are searched; invalid points are projected. One objective. Needs PyTorch as well as Optuna.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.optuna_study import HYPERPARAMETERS, StudyAgent, package, silence
from archgym.design_keys import Codes
from archgym.space import DesignBatch


class GpAgent(StudyAgent):
    """Gaussian process with log expected improvement (Optuna)."""

    tries = 2
    told_again = False

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "n_startup": Hyperparameter("random designs before the model is used", low=1),
            "memory": Hyperparameter("designs that the model sees at most: half the best, half the last", low=2),
            **HYPERPARAMETERS,
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        n_startup: int = 10,
        memory: int = 200,
        batch: int = 1,
        start_default: bool = True,
    ) -> None:
        given = {"n_startup": n_startup, "memory": memory, "batch": batch, "start_default": start_default}
        check_hyperparameters("gp", type(self), given)
        require_one_objective("gp", problem)
        self._n_startup, self._memory = n_startup, memory
        package("torch", "rl", "gp")
        package("scipy", "bo", "gp")
        super().__init__("gp", problem, seed=seed, batch=batch, start_default=start_default)
        self._codes = self._empty
        self._scores, self._violation = np.zeros(0), np.zeros(0)

    def _sampler(self, seed: int) -> Any:
        # Simulators are deterministic, so the model needs no noise.
        make = self._optuna.samplers.GPSampler
        return make(seed=seed, n_startup_trials=self._n_startup, deterministic_objective=True)

    def _learn(self, results: Told, strangers: Told) -> None:
        for told in (strangers, results):
            self._codes = np.concatenate([self._codes, told.designs.codes])
            self._scores = np.concatenate([self._scores, told.scores[:, 0]])
            self._violation = np.concatenate([self._violation, told.violation])
        self._novelty.add(strangers.designs.codes)

    def _propose(self) -> Codes:
        values = model_values(self._scores, self._violation)
        rows = remembered(values, self._memory)
        with silence(self._optuna):
            self._study = self._new_study(self._sampler(self._new_seed()))
            for row, value in zip(rows, values[rows].tolist(), strict=True):
                self._add(DesignBatch(self._space, self._codes[row : row + 1]), [value])
        return super()._propose()


def model_values(scores: NDArray[np.float64], violation: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)`` finite values for the model, lower is better, for ``(n,)`` *scores* and *violation*.

    Scores that keep the limits as they are, or their logarithms where all are positive; failures the worst of these;
    designs that break limits the worst and up to half of the range more. Where none keeps them, violations alone.
    """
    with np.errstate(invalid="ignore"):
        share = np.where(np.isfinite(violation), violation / (1.0 + violation), 1.0)
    failed = ~np.isfinite(scores) | ~np.isfinite(violation)
    good = ~failed & (violation <= 0)
    if not good.any():
        return np.where(failed, 1.0, share)
    kept = scores[good]
    kept = np.log(kept) if kept.min() > 0 else kept
    worst, spread = kept.max(), kept.max() - kept.min()
    excess = np.where(failed, 0.0, 0.5 * share * (spread if spread > 0 else 1.0))
    values: NDArray[np.float64] = worst + excess
    values[good] = kept
    return values


def remembered(values: NDArray[np.float64], memory: int) -> NDArray[np.intp]:
    """Rows of the best ``memory // 2`` *values* and the last others, *memory* in all, in ascending order."""
    n = len(values)
    if n <= memory:
        return np.arange(n)
    best = np.argsort(values, kind="stable")[: memory // 2]
    others = np.setdiff1d(np.arange(n), best)
    return np.sort(np.concatenate([best, others[len(others) - (memory - len(best)) :]]))
