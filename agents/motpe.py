"""Multi-objective tree-structured Parzen estimator of Optuna: `tpe` with the better half split off by dominance.

Y. Ozaki, Y. Tanigaki, S. Watanabe, M. Nomura, M. Onishi, "Multiobjective Tree-Structured Parzen Estimator", JAIR 73,
2022. The better part holds the first fronts, and of the last front that fits in only partly those designs that add
most hypervolume; the proposal is then made as in `tpe`.

Any number of objectives; with one it is `tpe`. Designs that break limits are dominated by all that keep them, and by
those that break them less (Deb's rule); failed ones are dominated by all (`archgym.agents.optuna_study`). Real
parameters are searched; invalid points are projected. Its time grows with the number of designs told.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters
from archgym.agents.optuna_study import HYPERPARAMETERS, PARZEN, StudyAgent


class MotpeAgent(StudyAgent):
    """Multi-objective tree-structured Parzen estimator (Optuna)."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({**PARZEN, **HYPERPARAMETERS})

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        n_startup: int = 20,
        n_ei_candidates: int = 24,
        multivariate: bool = True,
        batch: int = 1,
        start_default: bool = True,
    ) -> None:
        given = {"n_startup": n_startup, "n_ei_candidates": n_ei_candidates, "multivariate": multivariate}
        check_hyperparameters("motpe", type(self), given | {"batch": batch, "start_default": start_default})
        self._options: dict[str, Any] = {"n_startup_trials": n_startup, "n_ei_candidates": n_ei_candidates}
        self._options |= {"multivariate": multivariate, "constant_liar": batch > 1}
        super().__init__("motpe", problem, seed=seed, batch=batch, start_default=start_default)

    def _sampler(self, seed: int) -> Any:
        return self._optuna.samplers.TPESampler(seed=seed, **self._options)
