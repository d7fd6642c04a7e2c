"""Bayesian optimisation with a random forest.

A forest splits on categories, integers and scales alike and is cheap to fit, so it goes where a Gaussian process does
not: many observations, many categories (F. Hutter, H. Hoos, K. Leyton-Brown, "Sequential model-based optimization for
general algorithm configuration", LION 2011: SMAC). Its uncertainty is the variance within leaves and between trees
(Hutter et al., arXiv 1211.0906, section 4.3.2); expected improvement (D. Jones, M. Schonlau, W. Welch, "Efficient
global optimization of expensive black-box functions", 1998, eq. 15) decides. Everything else: `skopt_search`.

The forest is scikit-optimize's: 100 trees of leaves of 3 designs and more. Its gradient boosting does not work with
scikit-learn 1.6 and later and is refused. What a library draws is seeded by the agent, yet a forest is the same only
on the same version of scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.skopt_search import HYPERPARAMETERS, Acquisition, Settings, SkoptAgent
from archgym.errors import ConfigError


class ForestAgent(SkoptAgent):
    """Bayesian optimisation with scikit-optimize's random forest."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            **HYPERPARAMETERS,
            "surrogate": Hyperparameter("random_forest; gradient_boosting is refused: it is broken in its library"),
        }
    )

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
        surrogate: Literal["random_forest", "gradient_boosting"] = "random_forest",
    ) -> None:
        settings = Settings(initial, batch, acquisition, candidates, history)
        given: dict[str, object] = {name: getattr(settings, name) for name in HYPERPARAMETERS}
        check_hyperparameters("bo_forest", type(self), {**given, "surrogate": surrogate})
        require_one_objective("bo_forest", problem)
        if surrogate == "gradient_boosting":
            raise ConfigError(
                "agent 'bo_forest': surrogate: scikit-optimize 0.10.2's GradientBoostingQuantileRegressor lacks the "
                "estimator tags that scikit-learn asks for since 1.6 ('has to be a regressor'); use 'random_forest'"
            )
        super().__init__("bo_forest", problem, seed=seed, family="RF", settings=settings)
