"""Exhaustive search: every valid design once, in rank order, however it is asked."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.agents.exhaustive import CHUNK, ExhaustiveAgent
from archgym.errors import ConfigError
from archgym.testing.problems import bowl, toy


def test_every_valid_design_once_in_rank_order() -> None:
    trial = toy("small")
    agent = ExhaustiveAgent(trial.problem, seed=0)
    rows = np.concatenate([agent.ask(5).codes for _ in range(20)])
    assert trial.problem.space.rank(trial.problem.space.batch(rows)).tolist() == list(range(24))
    assert len(agent.ask(1)) == 0


def test_chunks_do_not_show() -> None:
    trial = toy()
    expected = trial.problem.space.unrank(np.arange(2 * CHUNK + 10)).codes
    agent = ExhaustiveAgent(trial.problem, seed=0)
    assert np.concatenate([agent.ask(n).codes for n in (1, CHUNK, 9, CHUNK)]).tolist() == expected.tolist()


def test_real_parameters_are_refused() -> None:
    with pytest.raises(
        ConfigError, match="agent 'exhaustive': expected a space of finitely many designs, got the Real"
    ):
        ExhaustiveAgent(bowl().problem, seed=0)
