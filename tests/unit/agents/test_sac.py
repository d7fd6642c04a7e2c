"""The actor's density is that of its points, critics and temperature go where they should, and optima are found."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.rl.sac import SacAgent
from archgym.errors import ConfigError, MissingExtra
from archgym.space import Categorical, DesignSpace
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import bowl, toy

torch = pytest.importorskip("torch")

QUICK: dict[str, Any] = {"batch": 8, "start": 16, "updates": 4, "minibatch": 16}


class TestSac(AgentContract):
    agent = SacAgent
    hyperparameters = QUICK


def engine(d: int, **changed: Any) -> Any:
    from archgym.agents.rl.sac_engine import SoftActorCritic

    how = {"hidden": 32, "learning_rate": 0.01, "actor_rate": 0.02, "target_entropy": -float(d), **changed}
    return SoftActorCritic(d, **how, rng=np.random.default_rng(0))


def hill(codes: NDArray[Any]) -> NDArray[np.float64]:
    """Lowest, 1, at (6, 1, 6, 1) alone."""
    height: NDArray[np.float64] = 1.0 + ((codes - np.array([6, 1, 6, 1])) ** 2).sum(axis=1)
    return height


def test_density_of_a_squashed_gaussian() -> None:
    actor = engine(1).actor
    with torch.no_grad():
        actor.mean.fill_(0.3)
        actor.log_std.fill_(np.log(0.5))
        noise = torch.tensor([[0.0], [1.2]])
        u = 0.3 + 0.5 * noise[:, 0].numpy().astype(np.float64)
        # Haarnoja et al. 2018, eq. 21: log N(u; 0.3, 0.5) - log(1 - tanh(u)^2)
        expected = -0.5 * ((u - 0.3) / 0.5) ** 2 - np.log(0.5 * np.sqrt(2 * np.pi)) - np.log(1 - np.tanh(u) ** 2)
        np.testing.assert_allclose(actor.log_density(noise), expected, rtol=1e-5)
        np.testing.assert_allclose(actor.points(noise)[:, 0], np.tanh(u), rtol=1e-6)


def test_critics_learn_the_reward() -> None:
    made = engine(2)
    points = np.random.default_rng(1).uniform(-1, 1, (256, 2))
    rewards = points[:, 0] - points[:, 1] ** 2
    for _ in range(500):
        made.fit_critics(points, rewards)
    with torch.no_grad():
        values = made.critics(torch.tensor(points, dtype=torch.float32)).numpy()
    assert np.abs(values - rewards).mean() < 0.05
    assert not np.array_equal(values[0], values[1]), "two critics, not one twice"


def test_actor_climbs_the_critics_and_keeps_its_entropy() -> None:
    made = engine(2)
    points = np.random.default_rng(1).uniform(-1, 1, (256, 2))
    rewards = -3.0 * ((points - np.array([0.5, -0.5])) ** 2).sum(axis=1)
    for _ in range(600):
        made.fit_critics(points, rewards)
        made.improve_actor(64)
    noise = np.random.default_rng(2).standard_normal((4000, 2))
    drawn = made.points(noise, 1.0)
    np.testing.assert_allclose(drawn.mean(axis=0), [0.5, -0.5], atol=0.15)
    with torch.no_grad():
        entropy = -float(made.actor.log_density(torch.tensor(noise, dtype=torch.float32)).mean())
    assert entropy == pytest.approx(-2.0, abs=0.5), "the temperature holds the entropy at its target"


def test_temperature_rises_where_entropy_is_short_and_falls_where_there_is_too_much() -> None:
    # the uniform density of the box has log 2 = 0.69 nats a parameter, the standard normal squashed somewhat less
    for wanted, sign in ((0.69 * 3, 1.0), (-9.0, -1.0)):
        made = engine(3, target_entropy=wanted)
        made.improve_actor(256)
        assert np.sign(made.log_alpha.item()) == sign


def test_finds_the_optimum_among_4096_designs_within_250() -> None:
    for seed in range(3):
        trial = landscape(grid(8, 8, 8, 8), hill, budget=250)
        heights = hill(np.array(converse(SacAgent(trial.problem, seed=seed), trial, 250, 64)))
        # chance without replacement finds it with probability 250 / 4096 = 0.06
        assert heights.min() == 1.0, f"seed {seed}: got {heights.min()}"


def test_searches_real_parameters() -> None:
    trial = bowl(budget=250)
    agent, best = SacAgent(trial.problem, seed=0), np.inf
    for _ in range(25):
        results = told(trial, agent.ask(16))
        best = min(best, float(results.merit().min()))
        agent.tell(results)
    assert best < 0.05, f"the bottom is 0, got {best}"


def test_each_design_is_proposed_once() -> None:
    trial = landscape(grid(4, 4, 3), lambda codes: 1.0 + codes.sum(axis=1).astype(np.float64), budget=48)
    rows = converse(SacAgent(trial.problem, seed=0, **QUICK), trial, 1000, 8)
    assert len(rows) == len({tuple(row) for row in rows}) == 48


def test_global_torch_numbers_and_threads_are_left_alone() -> None:
    trial, threads = toy(), torch.get_num_threads()
    expected = converse(SacAgent(trial.problem, seed=1, **QUICK), trial, 60, 8)
    before = torch.manual_seed(5).get_state()
    assert converse(SacAgent(trial.problem, seed=1, **QUICK), trial, 60, 8) == expected
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_a_purely_categorical_space_is_refused() -> None:
    space = DesignSpace([Categorical("a", ("x", "y")), Categorical("b", ("x", "y", "z"))], name="names")
    trial = landscape(space, lambda codes: 1.0 + codes.sum(axis=1).astype(np.float64))
    with pytest.raises(ConfigError) as caught:
        SacAgent(trial.problem, seed=0)
    assert str(caught.value) == (
        "agent 'sac': expected an ordered or Real parameter, got a purely categorical space, where nearness means "
        "nothing; use agent 'ppo' or 'dqn'"
    )


def test_wrong_hyperparameters_are_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        SacAgent(toy().problem, seed=0, entropy=5.0)
    assert str(caught.value) == "agent 'sac': entropy: expected a number in [-4, 0.6], got 5.0"


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra) as caught:
        SacAgent(toy().problem, seed=0)
    assert str(caught.value) == "agent 'sac' needs torch: pip install \"archgym[rl]\""
