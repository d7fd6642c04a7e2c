"""The agents on Optuna's samplers: they search, repeat nothing, and no failure reaches the library as a number."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from archgym.agents.motpe import MotpeAgent
from archgym.agents.nsga2 import Nsga2Agent
from archgym.agents.random import RandomAgent
from archgym.agents.tpe import TpeAgent
from archgym.design_keys import design_keys
from archgym.errors import MissingExtra
from archgym.space import DesignSpace, Ordinal
from archgym.testing.exchange import told
from archgym.testing.landscape import landscape
from archgym.testing.problems import toy
from archgym.views import optuna as view

GRID = DesignSpace([Ordinal(f"p{k}", tuple(range(8))) for k in range(8)], name="grid")
TARGET = np.array([1, 6, 3, 5, 0, 7, 2, 4])


def best_after(factory: Any, evaluations: int, seed: int, **hyperparameters: Any) -> float:
    """The lowest squared distance from the target that a search finds."""
    trial = landscape(GRID, lambda codes: ((codes - TARGET) ** 2).sum(axis=1))
    agent = factory(trial.problem, seed=seed, **hyperparameters)
    lowest, asked = np.inf, 0
    while asked < evaluations:
        results = told(trial, agent.ask(min(16, evaluations - asked)))
        lowest, asked = min(lowest, float(results.scores.min())), asked + len(results)
        agent.tell(results)
    return lowest


@pytest.mark.parametrize("factory", [TpeAgent, Nsga2Agent])
def test_better_than_random_designs_with_the_same_budget(factory: Any) -> None:
    found = [best_after(factory, 150, seed) for seed in range(3)]
    drawn = [best_after(RandomAgent, 150, seed, replace=False) for seed in range(3)]
    assert max(found) < min(drawn)


@pytest.mark.parametrize("factory", [TpeAgent, MotpeAgent, Nsga2Agent])
def test_each_design_once_until_the_space_is_used_up(factory: Any) -> None:
    trial = toy("small")
    agent = factory(trial.problem, seed=1)
    rows: list[bytes] = []
    while len(designs := agent.ask(8)):
        rows += design_keys(designs.codes)
        agent.tell(told(trial, designs))
    assert len(rows) == len(set(rows)) == 24


@pytest.mark.parametrize("factory", [MotpeAgent, Nsga2Agent])
def test_several_objectives_are_searched(factory: Any) -> None:
    """Of two objectives each is brought below what as many random designs reach on average."""
    trial = toy(metrics=("latency", "energy"))
    agent = factory(trial.problem, seed=2)
    scores = []
    while sum(map(len, scores)) < 120:
        results = told(trial, agent.ask(8))
        agent.tell(results)
        scores.append(results.scores)
    found = np.concatenate(scores)
    drawn = told(trial, trial.problem.space.sample(120, np.random.default_rng(0))).scores
    later = found[60:][np.isfinite(found[60:]).all(axis=1)]
    assert (np.median(later, axis=0) < np.median(drawn[np.isfinite(drawn).all(axis=1)], axis=0)).all()


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        if name.startswith("optuna"):
            raise ImportError(name)
        return importlib.import_module(name)

    monkeypatch.setattr(view, "import_module", missing)
    with pytest.raises(MissingExtra, match=r'pip install "archgym\[bo\]"'):
        TpeAgent(toy().problem, seed=1)
