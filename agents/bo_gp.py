"""Bayesian optimisation with scikit-optimize's Gaussian process.

The method of the textbooks for few and dear evaluations (D. Jones, M. Schonlau, W. Welch, "Efficient global
optimization of expensive black-box functions", 1998: expected improvement, eq. 15). The process is scikit-optimize's:
a Matern kernel (nu = 5/2) with a length scale per coordinate and noise, categories one-hot; a Hamming kernel where all
parameters are categories. Everything else: `skopt_search`.

A fit costs the cube of the designs it is fitted to and much more with the coordinates' number, since every length scale
is optimised: scikit-optimize's own step takes 14.5 s at 200 designs of 10 mixed parameters. Here the length scales are
optimised from where the last fit left them, in at most `STEPS` steps, without scikit-optimize's two random restarts,
and at most ``history`` designs are fitted, so a step's cost is bounded. Beyond `FEW` evaluations a warning says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters, require_one_objective
from archgym.agents.skopt_search import HYPERPARAMETERS, Acquisition, Settings, SkoptAgent

FEW = 100
"""Evaluations for which the process was made."""
STEPS = 20
"""Iterations of the length scales' optimiser (L-BFGS-B) in a fit."""


class GaussianProcessAgent(SkoptAgent):
    """Bayesian optimisation with scikit-optimize's Gaussian process: for up to a hundred evaluations."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType({**HYPERPARAMETERS})

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        initial: int = 10,
        batch: int = 1,
        acquisition: Acquisition = "EI",
        candidates: int = 1000,
        history: int = 100,
    ) -> None:
        settings = Settings(initial, batch, acquisition, candidates, history)
        given: dict[str, object] = {name: getattr(settings, name) for name in HYPERPARAMETERS}
        check_hyperparameters("bo_gp", type(self), given)
        require_one_objective("bo_gp", problem)
        super().__init__("bo_gp", problem, seed=seed, family="GP", settings=settings)
        self._surrogate.set_params(n_restarts_optimizer=0, optimizer=_descend)
        if problem.budget > FEW:
            warnings.warn(
                f"agent 'bo_gp': {problem.budget} evaluations are many for scikit-optimize's Gaussian process (fitted "
                f"to {history} designs at most, every {batch}); use 'bo_forest' or 'tpe', or a larger batch",
                UserWarning,
                stacklevel=2,
            )

    def _fit(self, points: NDArray[np.float64], values: NDArray[np.float64]) -> Any:
        model = super()._fit(points, values)
        learnt = model.kernel_.theta.copy()
        learnt[-1] = np.log(model.noise_)  # the fit takes the noise out of the kernel, whose last part it is
        self._surrogate.kernel = model.kernel.clone_with_theta(learnt)
        return model


def _descend(
    loss: Callable[..., Any], start: NDArray[np.float64], bounds: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """The log length scales (and amplitude, noise) after `STEPS` steps from *start*, and their loss."""
    found = import_module("scipy.optimize").minimize(
        loss, start, method="L-BFGS-B", jac=True, bounds=bounds, options={"maxiter": STEPS}
    )
    return found.x, float(found.fun)
