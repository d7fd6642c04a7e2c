"""Quasirandom search: evenly spread, each design once, and the whole space in the end."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from archgym.agents import quasirandom
from archgym.agents.quasirandom import BLOCK, QuasirandomAgent
from archgym.design_keys import design_keys
from archgym.errors import MissingExtra
from archgym.space import DesignSpace, Ordinal
from archgym.testing.landscape import landscape
from archgym.testing.problems import toy

GRID = DesignSpace([Ordinal(f"p{k}", tuple(range(16))) for k in range(6)], name="grid")


def test_a_block_covers_every_value_equally_often() -> None:
    """256 Sobol points put 256 / 16 into each sixteenth of every coordinate, whatever the scramble."""
    trial = landscape(GRID, lambda codes: codes.sum(axis=1))
    rows = QuasirandomAgent(trial.problem, seed=3).ask(BLOCK).codes
    assert len(rows) == BLOCK
    for column in rows.T:
        assert np.bincount(column, minlength=16).tolist() == [BLOCK // 16] * 16


def test_each_design_once_and_in_the_end_all() -> None:
    trial = toy("small")
    agent = QuasirandomAgent(trial.problem, seed=1)
    rows = np.concatenate([agent.ask(7).codes for _ in range(10)])
    assert len(rows) == len(set(design_keys(rows))) == 24


def test_any_number_of_objectives() -> None:
    trial = toy(metrics=("latency", "energy"))
    assert len(QuasirandomAgent(trial.problem, seed=1).ask(10)) == 10


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return importlib.import_module(name)

    monkeypatch.setattr(quasirandom, "import_module", missing)
    with pytest.raises(MissingExtra, match=r'pip install "archgym\[bo\]"'):
        QuasirandomAgent(toy().problem, seed=1)
