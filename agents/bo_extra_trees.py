"""Bayesian optimisation with extremely randomised trees.

As `bo_forest`, with trees that draw their split points at random from each node's range and see all the data
(P. Geurts, D. Ernst, L. Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006): the surrogate is smoother
than a forest's and varies more away from data. Expected improvement: D. Jones, M. Schonlau, W. Welch, 1998, eq. 15.
The trees are scikit-optimize's: 100, of leaves of 3 designs and more. Everything else: `skopt_search`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.skopt_search import HYPERPARAMETERS, Acquisition, Settings, SkoptAgent


class ExtraTreesAgent(SkoptAgent):
    """Bayesian optimisation with scikit-optimize's extremely randomised trees."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({**HYPERPARAMETERS})

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        initial: int = 16,
        batch: int = 4,
        acquisition: Acquisition = "EI",
        candidates: int = 1000,
        history: int = 1000,
    ) -> None:
        settings = Settings(initial, batch, acquisition, candidates, history)
        given: dict[str, object] = {name: getattr(settings, name) for name in HYPERPARAMETERS}
        check_hyperparameters("bo_extra_trees", type(self), given)
        require_one_objective("bo_extra_trees", problem)
        super().__init__("bo_extra_trees", problem, seed=seed, family="ET", settings=settings)
