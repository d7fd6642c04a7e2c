"""Tree-structured Parzen estimator of Optuna: sample where good designs are dense and others are not.

J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for Hyper-Parameter Optimization", NeurIPS 2011; S. Watanabe,
"Tree-Structured Parzen Estimator: Understanding Its Algorithm Components and Their Roles for Better Empirical
Performance", arXiv 2304.11127, 2023. The observed designs are split in two, ``l(x)`` is a density over the better
ones and ``g(x)`` over the others; of `n_ei_candidates` draws from ``l`` the one with the largest ``l(x) / g(x)`` is
proposed. Optuna puts ``min(ceil(n / 10), 25)`` of ``n`` into the better part.

Only the order of the values matters to the split, so designs that break limits and failed ones are simply told as
worse than all others (`archgym.agents.optuna_study`). Real parameters are searched; invalid points are projected.
One objective; for several there is `motpe`. Its time grows with the number of designs told.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.optuna_study import HYPERPARAMETERS, PARZEN, StudyAgent


class TpeAgent(StudyAgent):
    """Tree-structured Parzen estimator (Optuna)."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({**PARZEN, **HYPERPARAMETERS})

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        n_startup: int = 10,
        n_ei_candidates: int = 24,
        multivariate: bool = True,
        batch: int = 1,
        start_default: bool = True,
    ) -> None:
        given = {"n_startup": n_startup, "n_ei_candidates": n_ei_candidates, "multivariate": multivariate}
        check_hyperparameters("tpe", type(self), given | {"batch": batch, "start_default": start_default})
        require_one_objective("tpe", problem)
        self._options: dict[str, Any] = {"n_startup_trials": n_startup, "n_ei_candidates": n_ei_candidates}
        # Trials under way matter to a round of several only; looking for them costs time.
        self._options |= {"multivariate": multivariate, "constant_liar": batch > 1}
        super().__init__("tpe", problem, seed=seed, batch=batch, start_default=start_default)

    def _sampler(self, seed: int) -> Any:
        return self._optuna.samplers.TPESampler(seed=seed, **self._options)
