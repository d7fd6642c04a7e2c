"""Bayesian search with scikit-optimize's surrogates and acquisition functions: what `bo_gp` and the forests share.

A round fits the surrogate once to what is known and proposes the ``batch`` designs that the acquisition function likes
best. Surrogates, coordinates and acquisition functions are scikit-optimize's own (`skopt.utils.cook_estimator`,
`skopt.space`, `skopt.acquisition`), with its settings: ``xi = 0.01``, ``kappa = 1.96``. Its `Optimizer` is not used:

- it draws 10,000 candidates from the box of all values at every step, most of a step's time with a forest, and proposes
  invalid and known designs. Here ``candidates`` valid designs that are not known are judged: half are drawn at random
  from the space, half are mutants of the best `PARENTS` designs (one parameter changed in half of them), as in SMAC's
  local search (F. Hutter, H. Hoos, K. Leyton-Brown, LION 2011).
- it fits to everything; here to at most ``history`` designs, the best half and the most recent others.
- several designs a step cost it one fit each (constant liar).
- one score that is not a number makes each of its later steps fail.

Scores become normal scores before they are fitted: the quantile of the normal distribution at the design's rank among
those fitted, so neither orders of magnitude nor outliers matter. Designs that break a limit rank behind all that do
not, by their violation; failed designs are last and share a rank, hence no infinity and no NaN is ever fitted. Where
all ranks are equal there is nothing to learn and designs are drawn at random.

``gp_hedge`` chooses among EI, LCB and PI by softmax of the gains, as scikit-optimize does (M. Hoffman, E. Brochu,
N. de Freitas, "Portfolio allocation for Bayesian optimization", UAI 2011, algorithm 1, with eta = 1). No design is
proposed twice: the search ends with the space. Real parameters are mutated by Gaussian steps. One objective only.

On the toy space a design costs 35 to 70 ms of one core, over the first 200 evaluations with a forest and the first 100
with a Gaussian process; more later. The defaults were not tuned.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem, Told
from archgym.design_keys import Codes, design_keys
from archgym.errors import MissingExtra
from archgym.gaussian_step import gaussian_step
from archgym.rounds import RoundAgent, merits
from archgym.space import Real
from archgym.views.skopt import SkoptView

Acquisition = Literal["EI", "LCB", "PI", "gp_hedge"]
Family = Literal["GP", "RF", "ET"]
"""scikit-optimize's names of its surrogates."""
PORTFOLIO = ("EI", "LCB", "PI")
PARENTS = 10
"""Best designs whose mutants are candidates."""
SIGMA = 0.1
"""Mutation step of Real parameters, as a share of their range."""

HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    "initial": Hyperparameter("random designs before the first fit, the default design among them", low=2),
    "batch": Hyperparameter("designs proposed for each fit", low=1),
    "acquisition": Hyperparameter("what decides among candidates: EI, LCB, PI, or gp_hedge, which chooses among these"),
    "candidates": Hyperparameter("designs judged by the acquisition function for each fit", low=2),
    "history": Hyperparameter("designs fitted at most: the best half and the most recent others", low=4),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The hyperparameters that all surrogates share (`HYPERPARAMETERS`)."""

    initial: int
    batch: int
    acquisition: Acquisition
    candidates: int
    history: int


class SkoptAgent(RoundAgent):
    """Proposes what a surrogate of scikit-optimize expects to be good."""

    def __init__(self, name: str, problem: Problem, *, seed: int, family: Family, settings: Settings) -> None:
        """`MissingExtra` where scikit-optimize is not installed."""
        super().__init__(name, problem, seed=seed)
        self._settings = settings
        self._coordinates = Coordinates(problem, name, normalized=family == "GP")
        self._portfolio = Portfolio(settings.acquisition)
        self._surrogate: Any = import_module("skopt.utils").cook_estimator(
            family, space=self._coordinates.dimensions, n_jobs=1
        )
        self._sizes = np.array([1 if p.size is None else p.size for p in problem.space.parameters], np.int64)
        self._reals = [(at, p) for at, p in enumerate(problem.space.parameters) if isinstance(p, Real)]
        self._changeable = np.array([p.size != 1 for p in problem.space.parameters], np.bool_)
        self._row_of: dict[bytes, int] = {}
        self._rows: list[Codes] = []
        self._merits: list[float] = []

    def _learn(self, results: Told, strangers: Told) -> None:
        for told in (results, strangers):
            codes = told.designs.codes
            self._novelty.add(codes)
            keys = design_keys(codes) if len(codes) else []
            for at, (key, merit) in enumerate(zip(keys, merits(told).tolist(), strict=True)):
                if key in self._row_of:
                    self._merits[self._row_of[key]] = merit
                else:
                    self._row_of[key] = len(self._rows)
                    self._rows.append(codes[at : at + 1])
                    self._merits.append(merit)

    def _propose(self) -> Codes:
        missing = self._settings.initial - len(self._rows)
        if missing > 0:
            return self._novelty.completed(np.concatenate([self._default(), self._some(missing - 1)]))
        known, values = fitted(np.array(self._merits), self._settings.history)
        if len(values) == 0 or values[0] == values[-1]:
            return self._novelty.fresh(self._settings.batch)
        rows = np.concatenate(self._rows)
        pool = self._pool(rows[np.argsort(self._merits, kind="stable")[:PARENTS]])
        if not len(pool):
            return self._novelty.fresh(self._settings.batch)
        order = self._ranking(rows[known], values, pool)
        chosen = pool[order[: self._settings.batch]]
        self._novelty.add(chosen)
        return chosen

    def _some(self, n: int) -> Codes:
        rows: Codes = self._space.sample(n, self._rng).codes
        return rows

    def _ranking(self, rows: Codes, values: NDArray[np.float64], pool: Codes) -> NDArray[np.intp]:
        """Rows of *pool*, the most promising one first, after a fit to *rows* and their *values* (best first)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's, on length scales at their bounds and the like
            model = self._fit(self._coordinates(rows), values)
            return self._portfolio.ranking(model, self._coordinates(pool), float(values[0]), self._rng)

    def _fit(self, points: NDArray[np.float64], values: NDArray[np.float64]) -> Any:
        """A fitted copy of the surrogate."""
        model = import_module("sklearn.base").clone(self._surrogate)
        model.set_params(random_state=int(self._rng.integers(1 << 31)))
        return model.fit(points, values)

    def _pool(self, parents: Codes) -> Codes:
        """Valid designs that are not known: mutants of *parents*, and random ones."""
        half = self._settings.candidates // 2
        mutants = self._mutants(parents[self._rng.integers(0, len(parents), half)])
        pool = np.concatenate([mutants, self._some(self._settings.candidates - half)])
        return pool[self._novelty.first_of_new(pool)]

    def _mutants(self, rows: Codes) -> Codes:
        """*rows*, which are given up, with one parameter changed or more."""
        changeable = np.flatnonzero(self._changeable)
        if not len(changeable):
            return rows
        genes = np.zeros(rows.shape, np.bool_)
        genes[np.arange(len(rows)), changeable[self._rng.integers(0, len(changeable), len(rows))]] = True
        more = (self._rng.random(rows.shape) < 1.5 / len(changeable)) & self._changeable
        genes[::2] |= more[::2]
        at, column = np.nonzero(genes)
        size = self._sizes[column]
        value = rows[at, column]
        rows[at, column] = (value + 1 + (self._rng.random(len(at)) * (size - 1)).astype(np.int64)) % size
        for k, real in self._reals:
            here = column == k
            rows[at[here], k] = gaussian_step(real, value[here], SIGMA, self._rng)
        if not self._space.constraints:
            return rows
        broken = ~self._space.valid(rows)
        repaired = rows.copy()
        repaired[broken] = self._space.project(rows[broken])
        return repaired


class Coordinates:
    """Designs as the numbers that scikit-optimize's surrogates are fitted to."""

    def __init__(self, problem: Problem, name: str, *, normalized: bool) -> None:
        """Categories are one-hot; ordered values are indices, with *normalized* in [0, 1], as is a Real."""
        try:
            view = SkoptView(problem.space)
        except MissingExtra:
            raise MissingExtra("scikit-optimize", "bo", f"agent {name!r}") from None
        space = import_module("skopt.space").Space(view.dimensions)
        if normalized:
            space = import_module("skopt.utils").normalize_dimensions(space.dimensions)
        self.dimensions: list[Any] = space.dimensions
        self._tables: list[NDArray[np.float64] | None] = []
        """Per parameter ``(size, columns)`` the coordinates of each value; None for a Real."""
        for p, dimension in zip(problem.space.parameters, self.dimensions, strict=True):
            if p.size is None:
                self._tables.append(None)
            else:
                by_value = hasattr(dimension, "categories")
                values = list(p.values) if by_value else list(range(p.size))
                table = np.asarray(dimension.transform(values), np.float64)
                self._tables.append(table.reshape(p.size, -1))

    def __call__(self, rows: Codes) -> NDArray[np.float64]:
        """``(n, columns)``"""
        columns = [
            np.asarray(dimension.transform(rows[:, at]), np.float64)[:, None]
            if table is None
            else table[rows[:, at].astype(np.intp)]
            for at, (dimension, table) in enumerate(zip(self.dimensions, self._tables, strict=True))
        ]
        return np.concatenate(columns, axis=1)


class Portfolio:
    """An acquisition function, or for ``gp_hedge`` the choice among several."""

    def __init__(self, acquisition: Acquisition) -> None:
        found = import_module("skopt.acquisition")
        functions: dict[str, Callable[[Any, Any, float], NDArray[np.float64]]] = {
            "EI": lambda points, model, best: found.gaussian_ei(points, model, best, xi=0.01),
            "LCB": lambda points, model, best: -found.gaussian_lcb(points, model, kappa=1.96),
            "PI": lambda points, model, best: found.gaussian_pi(points, model, best, xi=0.01),
        }
        names = PORTFOLIO if acquisition == "gp_hedge" else (acquisition,)
        self._functions = [functions[name] for name in names]
        self._gains = np.zeros(len(names))
        self._nominees: NDArray[np.float64] | None = None

    def ranking(
        self, model: Any, points: NDArray[np.float64], best: float, rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """Rows of *points* by falling acquisition, equal ones by the model's mean; *best* is the lowest value known."""
        utility = [function(points, model, best) for function in self._functions]
        chosen = 0
        if len(utility) > 1:
            if self._nominees is not None:
                self._gains -= model.predict(self._nominees)  # lower is better
            chosen = int(rng.choice(len(utility), p=softmax(self._gains)))
            self._nominees = points[[int(np.argmax(u)) for u in utility]]
        return np.lexsort([model.predict(points), -utility[chosen]])


def softmax(gains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares that sum to 1."""
    powers = np.exp(gains - gains.max())
    shares: NDArray[np.float64] = powers / powers.sum()
    return shares


def fitted(merit: NDArray[np.float64], history: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Which designs are fitted, best first, and their normal scores; *merit* ``(n,)`` is in the order of telling."""
    best_first = np.argsort(merit, kind="stable")
    if len(merit) > history:
        best = best_first[: history - history // 2]
        others = np.setdiff1d(np.arange(len(merit)), best)[-(history // 2) :]
        kept = np.zeros(len(merit), np.bool_)
        kept[best] = kept[others] = True
        best_first = best_first[kept[best_first]]
    return best_first, normal_scores(merit[best_first])


def normal_scores(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """``(n,)`` standard normal quantiles at ``rank / (n + 1)``; equal values share the mean of their ranks."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(count) - (count - 1) / 2
    scores: NDArray[np.float64] = import_module("scipy.special").ndtri(ranks[place] / (len(values) + 1))
    return scores
