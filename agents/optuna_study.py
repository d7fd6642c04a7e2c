"""What the agents on Optuna's samplers share: a study in memory that is asked and told.

Optuna's samplers learn from the trials of a study. Here the study lives in memory, its distributions are fixed
(`archgym.views.optuna`), and its seed comes from the agent's own generator, so that a run repeats in any process.

A budget counts unique designs, and samplers repeat themselves: a point that stands for a design known already (also
one that is projected onto it) is not proposed. Its trial is told the known values, or dropped, as the agent says, and
the sampler is asked again, `tries` times in a row at most; then a random new design takes the place. The search ends
when the space does. The default design is the first proposal.

No sampler sees a NaN or an infinity of ours: `penalised` moves designs that break limits, and failed ones, behind all
others in every objective, so that dominance is Deb's rule for every sampler, also for those that know no constraints.
Optuna's logger is silent, and its warnings are, while a study works; both are as before afterwards.
"""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem, Told
from archgym.design_keys import Codes, design_keys
from archgym.errors import MissingExtra
from archgym.rounds import RoundAgent
from archgym.space import DesignBatch
from archgym.views.optuna import OptunaView

BROKEN = 1e50
"""Value of a design that breaks a limit, in each objective, is at least this; scores are clipped well below it."""

HYPERPARAMETERS: Mapping[str, Hyperparameter] = MappingProxyType(
    {
        "batch": Hyperparameter("designs a round: proposed before any of them is told", low=1),
        "start_default": Hyperparameter("propose the default design first", choices=(True, False)),
    }
)
"""Of the agents whose rounds have no other meaning."""
PARZEN: Mapping[str, Hyperparameter] = MappingProxyType(
    {
        "n_startup": Hyperparameter("random designs before the densities are used", low=1),
        "n_ei_candidates": Hyperparameter("draws from the better designs' density for each proposal", low=1),
        "multivariate": Hyperparameter("one density over all parameters, not one for each", choices=(True, False)),
    }
)
"""Of the tree-structured Parzen estimators."""


class StudyAgent(RoundAgent):
    """Asks a sampler for designs and tells it their values."""

    tries = 1
    """Points for known designs in a row after which a random new design is proposed; more were slower, not better."""
    told_again = True
    """Whether a repeated design is told to the sampler once more; else its trial is dropped."""

    def __init__(self, name: str, problem: Problem, *, seed: int, batch: int, start_default: bool) -> None:
        """`MissingExtra` where Optuna is not installed."""
        super().__init__(name, problem, seed=seed)
        self._optuna = package("optuna", "bo", name)
        self._view = OptunaView(problem.space)
        self._k, self._batch, self._start_default = problem.objective.k, batch, start_default
        self._known: dict[bytes, list[float]] = {}
        self._trials: list[Any] = []
        with silence(self._optuna):
            self._study = self._new_study(self._sampler(self._new_seed()))

    @abstractmethod
    def _sampler(self, seed: int) -> Any:
        """The sampler, a new one."""

    def _values(self, told: Told) -> NDArray[np.float64]:
        """``(n, k)`` finite values of *told* for the sampler, lower is better."""
        return penalised(told.scores, told.violation)

    def _propose(self) -> Codes:
        self._trials, rows = [], [self._empty]
        with silence(self._optuna):
            while len(self._trials) < self._batch:
                trial, row = self._next()
                if not len(row):
                    break
                self._trials.append(trial)
                rows.append(row)
        return np.concatenate(rows)

    def _next(self) -> tuple[Any, Codes]:
        """A trial and the new design ``(1, d)`` that it stands for; None for a design of no trial; no row: no more."""
        if self._start_default:
            self._start_default = False
            row = self._default()
            if self._novelty.first_of_new(row):
                self._novelty.add(row)
                return None, row
        for _ in range(self.tries):
            trial = self._study.ask(self._view.distributions)
            row = self._view.decode([trial.params]).codes
            if self._novelty.first_of_new(row):
                self._novelty.add(row)
                return trial, row
            self._repeated(trial, design_keys(row)[0])
        return None, self._novelty.fresh(1)

    def _repeated(self, trial: Any, key: bytes) -> None:
        if self.told_again and key in self._known:
            self._study.tell(trial, self._known[key])
        else:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)

    def _learn(self, results: Told, strangers: Told) -> None:
        with silence(self._optuna):
            if len(strangers):
                self._novelty.add(strangers.designs.codes)
                values = self._remembered(strangers)
                for row, value in enumerate(values):
                    self._add(strangers.designs[row : row + 1], value)
            for row, value in enumerate(self._remembered(results) if len(results) else []):
                if self._trials[row] is None:
                    self._add(results.designs[row : row + 1], value)
                else:
                    self._study.tell(self._trials[row], value)

    def _remembered(self, told: Told) -> list[list[float]]:
        values: list[list[float]] = self._values(told).tolist()
        self._known.update(zip(design_keys(told.designs.codes), values, strict=True))
        return values

    def _add(self, design: DesignBatch, values: list[float]) -> None:
        """Put a design that no trial stands for into the study."""
        params = self._view.encode(design)[0]
        make = self._optuna.trial.create_trial
        self._study.add_trial(make(params=params, distributions=self._view.distributions, values=values))

    def _new_study(self, sampler: Any) -> Any:
        return self._optuna.create_study(directions=["minimize"] * self._k, sampler=sampler)

    def _new_seed(self) -> int:
        return int(self._rng.integers(2**31))


def penalised(scores: NDArray[np.float64], violation: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n, k)`` finite values that dominate each other by Deb's rule, of ``(n, k)`` *scores* and ``(n,)`` *violation*.

    A design that breaks limits has ``BROKEN (1 + v / (1 + v))`` in every objective, so any design that keeps them
    dominates it, and so does one that breaks them less; a failed one (no score) has ``2 BROKEN``.
    """
    with np.errstate(invalid="ignore"):
        share = np.where(np.isfinite(violation), violation / (1.0 + violation), 1.0)
        failed = np.isnan(scores).any(axis=1) | np.isposinf(scores).any(axis=1) | ~np.isfinite(violation)
    behind = BROKEN * (1.0 + np.where(failed, 1.0, share))
    kept = np.clip(np.nan_to_num(scores), -BROKEN / 10, BROKEN / 10)
    return np.where((failed | (violation > 0))[:, None], behind[:, None], kept)


def package(name: str, extra: str, agent: str) -> Any:
    """The imported package *name*; `MissingExtra` where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        raise MissingExtra(name, extra, f"agent {agent!r}") from None


@contextmanager
def silence(optuna: Any) -> Generator[None, None, None]:
    """Neither log lines nor warnings of *optuna* inside; its settings are as before afterwards."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
