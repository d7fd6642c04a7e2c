"""PPO draws valid designs at exact probabilities, clips as the paper says, and searches better than chance."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.random import RandomAgent
from archgym.agents.rl.factored import Draws, FactoredSampler
from archgym.agents.rl.policy_gradient import Learning, PolicyGradientAgent
from archgym.agents.rl.ppo import PPOAgent
from archgym.errors import ConfigError, MissingExtra
from archgym.space import DesignSpace, Integer, SumAtMost
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import Trial, bowl, toy

torch = pytest.importorskip("torch")


def best(agent: Any, trial: Trial, budget: int) -> float:
    """The lowest merit among the first *budget* different designs."""
    seen: set[bytes] = set()
    lowest = np.inf
    while len(seen) < budget and len(designs := agent.ask(min(64, budget - len(seen)))):
        results = told(trial, designs)
        agent.tell(results)
        seen.update(row.tobytes() for row in designs.codes)
        lowest = min(lowest, float(np.nanmin(results.merit())))
    return lowest


def valley(codes: NDArray[Any]) -> NDArray[np.float64]:
    """1 at (3, 3, …), more with each step away from it."""
    distance: NDArray[np.float64] = 1.0 + np.abs(codes - 3.0).sum(axis=1)
    return distance


def learner(clip: float | None) -> Any:
    from archgym.agents.rl.policy import FactoredPolicy
    from archgym.agents.rl.policy_learner import PolicyLearner

    groups = ((0, 1),)
    policy = FactoredPolicy([2, 3], groups, hidden=4, shared=True, rng=np.random.default_rng(0))
    return PolicyLearner(policy, None, groups, learning_rate=0.01, clip=clip)


def test_default_design_is_the_first_round_alone() -> None:
    trial = toy()
    agent = PPOAgent(trial.problem, seed=1, batch=8)
    assert agent.ask(100).designs() == [trial.problem.space.default]
    assert len(agent.ask(100)) == 8


def test_surrogate_is_the_papers_equation_7() -> None:
    # Ratios 1.5 and 0.5, clip 0.2: min(r A, clip(r) A) = 1.2, -1.5, 0.5 and -0.8 for A = 1, -1, 1, -1.
    logp = torch.log(torch.tensor([[0.6], [0.6], [0.2], [0.2]]))
    old = torch.log(torch.tensor([[0.4]] * 4))
    gain = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    found = learner(0.2)._surrogate(logp, old, gain)
    assert found[:, 0].tolist() == pytest.approx([1.2, -1.5, 0.5, -0.8])


def test_update_raises_the_probability_of_what_was_better() -> None:
    it = learner(0.2)
    sampler = FactoredSampler(grid(2, 3))
    draws = sampler.draws_of(it.table(), np.array([[0, 0], [1, 2]], np.int32))
    it.learn(draws, np.array([[1.0], [-1.0]]), entropy=0.0, epochs=4, minibatches=2, rng=np.random.default_rng(1))
    after = sampler.draws_of(it.table(), draws.codes)
    change = (after.logp - draws.logp).sum(axis=1)
    assert change[0] > 0 > change[1]


def sum_space() -> DesignSpace:
    return DesignSpace(
        (Integer("a", 0, 2), Integer("b", 0, 2), Integer("c", 0, 1)), (SumAtMost("small", ("a", "b"), 2),), name="sum"
    )


def test_masked_probabilities_of_all_valid_designs_sum_to_one() -> None:
    space = sum_space()
    table = np.random.default_rng(2).normal(size=(3, 3))
    every = next(space.enumerate()).codes
    assert np.exp(FactoredSampler(space).draws_of(table, every).logp.sum(axis=1)).sum() == pytest.approx(1.0)


def test_masked_probabilities_are_a_softmax_over_what_is_left() -> None:
    # With a = 1 only b = 0 and b = 1 are left.
    table = np.log(np.array([[0.2, 0.3, 0.5], [0.1, 0.3, 0.6], [0.5, 0.5, 1e-9]]))
    draws = FactoredSampler(sum_space()).draws_of(table, np.array([[1, 1, 0]], np.int32))
    assert np.exp(draws.logp[0]).tolist() == pytest.approx([0.3, 0.3 / 0.4, 0.5])
    assert draws.masks is not None
    assert draws.masks[0].tolist() == [[True, True, True], [True, True, False], [True, True, False]]


@pytest.mark.parametrize("space", [sum_space(), grid(3, 2)], ids=["constrained", "free"])
def test_designs_are_drawn_as_often_as_their_probability_says(space: DesignSpace) -> None:
    table = np.random.default_rng(3).normal(size=(space.d, 3))
    sampler = FactoredSampler(space)
    draws = sampler.draw(table, 20_000, np.random.default_rng(4))
    every = next(space.enumerate()).codes
    share = [(draws.codes == row).all(axis=1).mean() for row in every]
    expected = np.exp(sampler.draws_of(table, every).logp.sum(axis=1))
    assert share == pytest.approx(expected.tolist(), abs=0.015)  # four standard errors
    assert np.allclose(sampler.draws_of(table, draws.codes).logp, draws.logp)


def test_torchs_log_probabilities_are_those_of_the_draws() -> None:
    from archgym.agents.rl.policy import FactoredPolicy
    from archgym.agents.rl.policy_learner import PolicyLearner

    groups = ((0,), (1, 2))
    policy = FactoredPolicy([3, 3, 2], groups, hidden=4, shared=False, rng=np.random.default_rng(5))
    it = PolicyLearner(policy, None, groups, learning_rate=0.01, clip=0.2)
    draws: Draws = FactoredSampler(sum_space()).draw(it.table(), 50, np.random.default_rng(6))
    logp, _ = it._evaluated(torch.tensor(draws.codes, dtype=torch.int64), torch.tensor(draws.masks))
    assert np.allclose(logp.detach().numpy(), draws.logp, atol=1e-5)


def test_nothing_is_proposed_twice_until_the_space_ends() -> None:
    trial = landscape(grid(4, 4, 4), valley)
    rows = converse(PPOAgent(trial.problem, seed=5), trial, 1000, 8)
    assert len(rows) == len({tuple(row) for row in rows}) == 64


def test_entropy_bonus_grows_while_designs_repeat() -> None:
    trial = landscape(grid(8, 8, 8), valley)
    agent = PPOAgent(trial.problem, seed=6, learning_rate=0.1, entropy=0.0)
    heats = []
    for _ in range(20):
        agent.tell(told(trial, agent.ask(16)))
        heats.append(agent._heat)
    assert heats[0] == 1.0
    assert max(heats) > 1.0


@pytest.mark.parametrize("seed", range(3))
def test_finds_the_optimum_where_chance_rarely_does(seed: int) -> None:
    trial = landscape(grid(*[8] * 6), valley)
    assert best(PPOAgent(trial.problem, seed=seed), trial, 600) == 1.0  # chance: 600 / 262,144


def test_is_better_than_random_search_without_replacement() -> None:
    trial = toy()
    mine = [best(PPOAgent(trial.problem, seed=seed), trial, 500) for seed in range(6)]
    chance = [best(RandomAgent(trial.problem, seed=seed, replace=False), trial, 500) for seed in range(6)]
    assert np.median(mine) < np.median(chance)


def test_results_of_others_are_imitated() -> None:
    trial = landscape(grid(*[8] * 6), valley)
    agent, cold = (PPOAgent(trial.problem, seed=7, batch=200) for _ in range(2))
    rows = np.random.default_rng(8).integers(0, 8, (300, 6)).astype(np.int32)
    agent.tell(told(trial, trial.problem.space.batch(rows)))
    means = []
    for one in (agent, cold):
        one.tell(told(trial, one.ask(1)))
        means.append(valley(one.ask(200).codes).mean())
    assert means[0] < means[1]


def test_torchs_global_state_neither_matters_nor_changes() -> None:
    trial = toy()
    expected = converse(PPOAgent(trial.problem, seed=9), trial, 100, 8)
    torch.manual_seed(1234)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    assert converse(PPOAgent(trial.problem, seed=9), trial, 100, 8) == expected
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_only_the_engine_imports_torch() -> None:
    import archgym.agents.rl.policy_gradient as engine

    assert "torch" not in vars(engine)
    assert issubclass(PPOAgent, PolicyGradientAgent)
    assert Learning(1, 0.1, 0.0, 1, "log_ratio", None).clip is None


def test_missing_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra) as error:
        PPOAgent(toy().problem, seed=1)
    assert str(error.value) == "agent 'ppo' needs torch: pip install \"archgym[rl]\""


def test_refuses_what_it_cannot_do_in_one_line() -> None:
    with pytest.raises(ConfigError) as error:
        PPOAgent(bowl().problem, seed=1)
    assert str(error.value) == (
        "agent 'ppo': expected finite parameters, got 'Real', which is Real; "
        "use agent 'sac' or 'cma', or restrict it to a list of values"
    )
    with pytest.raises(ConfigError, match="agent 'ppo': expected one objective, got 2"):
        PPOAgent(toy(metrics=("latency", "energy")).problem, seed=1)
    with pytest.raises(ConfigError, match=r"agent 'ppo': batch: expected an integer of at least 1, got 0"):
        PPOAgent(toy().problem, seed=1, batch=0)
