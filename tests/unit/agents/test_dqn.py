"""Q-learning backs a design's reward up to its first choice, keeps to the masks, and finds what chance does not."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agents.rl.dqn import DqnAgent
from archgym.agents.rl.off_policy import CLIP, Replay
from archgym.errors import ArchgymError, ConfigError, MissingExtra
from archgym.space import DesignSpace, Integer, SumAtMost
from archgym.testing.agent_contract import AgentContract
from archgym.testing.exchange import converse, told
from archgym.testing.landscape import grid, landscape
from archgym.testing.problems import bowl, toy

torch = pytest.importorskip("torch")

QUICK: dict[str, Any] = {"batch": 8, "updates": 4, "minibatch": 16}


class TestDqn(AgentContract):
    agent = DqnAgent
    hyperparameters = QUICK


def hill(codes: NDArray[Any]) -> NDArray[np.float64]:
    """Lowest, 1, at (5, 2, 5, 2, 5) alone; neighbouring parameters depend on each other."""
    goal = np.array([5, 2, 5, 2, 5])
    away = (codes - goal).astype(np.float64)
    height: NDArray[np.float64] = 1.0 + (away**2).sum(axis=1) + (np.abs(away[:, 1:] + away[:, :-1])).sum(axis=1)
    return height


def test_target_of_a_step_is_the_next_states_value_chosen_online_and_valued_by_the_target_network() -> None:
    from archgym.agents.rl.dqn_engine import targets

    online = torch.tensor([[[0.0, 0.0, 0.0], [1.0, 5.0, 9.0]]])
    target = torch.tensor([[[7.0, 7.0, 7.0], [2.0, -3.0, 8.0]]])
    masks = torch.tensor([[True, True, True], [True, True, False]])  # the 9 cannot be taken
    reward = torch.tensor([0.5])
    # y_0 = Q'(s_1, argmax over {1, 5} of Q) = -3, y_1 = r
    assert targets(online, target, reward, masks, False).tolist() == [[-3.0, 0.5]]
    assert targets(online, target, reward, masks, True).tolist() == [[0.5, 0.5]], "never below the reward behind it"


def test_states_of_a_design_are_its_prefixes() -> None:
    from archgym.agents.rl.dqn_engine import PrefixValues

    net = PrefixValues([2, 3, 4], 8, np.random.default_rng(0))
    with torch.no_grad():
        net.head.normal_(generator=torch.Generator().manual_seed(1))
        codes = torch.tensor([[1, 2, 3], [0, 2, 1]])
        together = net(codes)
        for k in range(3):
            np.testing.assert_allclose(net.at(codes[:, :k]), together[:, k], atol=1e-6)


def test_learns_the_value_of_every_step_of_one_design() -> None:
    from archgym.agents.rl.dqn_engine import QLearner

    how: dict[str, Any] = {"hidden": 16, "learning_rate": 0.01, "target_period": 5, "tighten": False}
    learner = QLearner([2, 2, 2], **how, rng=np.random.default_rng(0))
    codes = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]], np.int32)
    rewards = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 0.0])
    for _ in range(500):
        learner.learn(codes, rewards, np.ones((3, 2), np.bool_))
    # with discount 1 the value of a prefix is the best reward behind it
    np.testing.assert_allclose(learner.values(np.zeros((1, 0), np.int32))[0], [1.0, 2.0], atol=0.1)
    np.testing.assert_allclose(learner.values(np.array([[0]], np.int32))[0], [0.0, 1.0], atol=0.1)
    np.testing.assert_allclose(learner.values(np.array([[1, 0]], np.int32))[0], [0.0, 2.0], atol=0.1)


def test_finds_the_optimum_among_7776_designs_within_300() -> None:
    for seed in range(3):
        trial = landscape(grid(6, 6, 6, 6, 6), hill, budget=300)
        heights = hill(np.array(converse(DqnAgent(trial.problem, seed=seed), trial, 300, 64)))
        # chance without replacement finds it with probability 300 / 7776 = 0.04
        assert heights.min() == 1.0, f"seed {seed}: got {heights.min()}"


def test_keeps_to_exact_masks_and_proposes_each_valid_design_once() -> None:
    names = ("a", "b", "c")
    space = DesignSpace([Integer(name, 0, 3) for name in names], [SumAtMost("few", names, 4)], name="few")
    trial = landscape(space, lambda codes: 1.0 + codes.sum(axis=1).astype(np.float64), budget=space.count())
    rows = converse(DqnAgent(trial.problem, seed=0, **QUICK), trial, 1000, 8)
    assert len(rows) == len({tuple(row) for row in rows}) == space.count()


def test_global_torch_numbers_and_threads_are_left_alone() -> None:
    trial, threads = toy(), torch.get_num_threads()
    expected = converse(DqnAgent(trial.problem, seed=1, **QUICK), trial, 60, 8)
    before = torch.manual_seed(5).get_state()
    assert converse(DqnAgent(trial.problem, seed=1, **QUICK), trial, 60, 8) == expected
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads


def test_first_proposal_is_the_default_design_alone() -> None:
    trial = toy()
    agent = DqnAgent(trial.problem, seed=0, **QUICK)
    first = agent.ask(64)
    assert first.designs() == [trial.problem.space.default]
    agent.tell(told(trial, first))
    assert len(agent.ask(64)) == QUICK["batch"]


def test_replay_keeps_a_design_once_with_its_last_reward() -> None:
    replay = Replay(np.zeros((0, 2), np.int32))
    replay.add(np.array([[0, 1], [2, 3], [0, 1]], np.int32), np.array([1.0, 2.0, 3.0]))
    replay.add(np.array([[4, 5], [2, 3]], np.int32), np.array([4.0, 5.0]))
    assert replay.codes.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert replay.rewards.tolist() == [3.0, 5.0, 4.0]


def test_rewards_are_learnt_centred_on_the_median_and_cut() -> None:
    replay = Replay(np.zeros((0, 1), np.int32))
    replay.add(np.arange(5, dtype=np.int32)[:, None], np.array([-1e3, 1.0, 2.0, 4.0, 6.0]))
    # median 2, upper quartile 4
    assert replay.scaled().tolist() == [-CLIP, -0.5, 0.0, 1.0, 2.0]


def test_real_parameters_are_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        DqnAgent(bowl().problem, seed=0)
    assert str(caught.value) == (
        "agent 'dqn': expected finite parameters, got 'Real', which is Real; "
        "use agent 'sac', or restrict it to a list of values"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epsilon_end": 2.0}, "agent 'dqn': epsilon_end: expected a number in [0, 1], got 2.0"),
        ({"batch": 0}, "agent 'dqn': batch: expected an integer of at least 1, got 0"),
        ({"tighten": 1}, "agent 'dqn': tighten: expected true or false, got 1"),
        ({"reward": "legacy_target"}, "target: reward 'legacy_target' needs one (a score to be near), the others "),
    ],
)
def test_wrong_hyperparameters_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ArchgymError) as caught:
        DqnAgent(toy().problem, seed=0, **given)
    assert str(caught.value).startswith(message)


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra) as caught:
        DqnAgent(toy().problem, seed=0)
    assert str(caught.value) == "agent 'dqn' needs torch: pip install \"archgym[rl]\""
