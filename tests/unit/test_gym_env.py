"""The scalar environment: rewards, observations, infos, budget, and the one-parameter-a-step view."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

import archgym
from archgym.errors import BudgetSpent, ConfigError, DesignError, UnknownName
from archgym.evaluator import Evaluator
from archgym.gym_env import DesignEnv
from archgym.reward import CEILING
from archgym.simulator import Evaluations, Status
from archgym.space import DesignBatch
from archgym.task import Task, load_task, task_from_mapping
from archgym.task_files import environment_id, task_names
from archgym.views.multi_discrete import MultiDiscreteView

LATENCY = "toy/latency-v1"
LATE = {"L1Size": 64, "L1Ways": 16, "Frequency": 3000}
"""Changes to the default design that make its first level miss the deadline."""


class Scripted:
    """The toy simulator's space and metrics with answers of the test's choice."""

    def __init__(self, answer: Callable[[DesignBatch], Evaluations]) -> None:
        self._toy = load_task(LATENCY).make_simulator()
        self._answer = answer
        self.name, self.version, self.workload = self._toy.name, self._toy.version, self._toy.workload
        self.space, self.metrics = self._toy.space, self._toy.metrics
        self.rows = 0

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        self.rows += len(designs)
        return self._answer(designs)


def action_of(env: DesignEnv, **changes: Any) -> np.ndarray:
    """The ``multi_discrete`` action of the default design with some parameters changed."""
    space = env.session.space
    return MultiDiscreteView(space).encode(space.from_designs([{**space.default, **changes}]))[0]


def one_step(env: DesignEnv, **changes: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
    env.reset(seed=0)
    return env.step(action_of(env, **changes))


def walk_of(env: DesignEnv, **changes: Any) -> list[int]:
    """The ``steps`` actions of the default design with some parameters changed."""
    return action_of(env, **changes).tolist()


def toy(**changes: Any) -> Task:
    return task_from_mapping("toy/changed", {**load_task(LATENCY).data, **changes})


def test_the_default_design_is_rewarded_with_zero() -> None:
    """The logarithm of one; its area of 1.27 mm2 exceeds the limit of 1 mm2, which costs on top."""
    _, reward, terminated, truncated, info = one_step(DesignEnv(LATENCY, limits=[]))
    assert (reward, terminated, truncated) == (0.0, True, False)
    assert info["status"] == "OK"
    _, limited, *_, info = one_step(DesignEnv(LATENCY))
    excess = info["metrics"]["area"] - 1.0
    assert limited == pytest.approx(-10.0 * excess / (1.0 + excess))


def test_reward_is_the_logarithm_of_the_default_designs_score_over_the_score() -> None:
    env = DesignEnv(LATENCY, limits=[])
    default = one_step(env)[4]["metrics"]["latency"]
    _, reward, *_, info = one_step(env, L2Size=2048)
    assert reward == pytest.approx(np.log(default / info["metrics"]["latency"]))


def test_other_rewards_are_chosen_by_name() -> None:
    default = one_step(DesignEnv(LATENCY))[4]["metrics"]["latency"]
    _, ratio, *_, info = one_step(DesignEnv(LATENCY, limits=[], reward="ratio"), L2Size=2048)
    latency = info["metrics"]["latency"]
    assert ratio == pytest.approx(-latency / default)
    legacy = one_step(DesignEnv(LATENCY, limits=[], reward="legacy_target", target=3.0), L2Size=2048)[1]
    assert legacy == pytest.approx(3.0 / abs(3.0 - latency))


def test_more_of_a_metric_that_is_better_higher_is_rewarded() -> None:
    env = DesignEnv(LATENCY, limits=[], objective={"optimize": "hit_rate"})
    assert one_step(env, L2Size=2048)[1] > one_step(env)[1] == 0.0 > one_step(env, L2Size=64)[1]


def test_a_failed_design_costs_the_failure_penalty_and_explains_itself() -> None:
    observation, reward, terminated, _, info = one_step(DesignEnv(LATENCY, failure_penalty=7.5), **LATE)
    assert (reward, terminated) == (-7.5, True)
    assert info["status"] == "INFEASIBLE"
    assert "cycles" in info["message"]
    assert info["metrics"] == {}
    assert info["scores"] == {"latency": float("inf")}
    assert observation.tolist() == [0, 0, 0, 0, -1]


def test_no_design_is_worth_less_than_one_that_fails() -> None:
    tiny_limit = [{"metric": "area", "at_most": 0.001}]
    assert one_step(DesignEnv(LATENCY, limits=tiny_limit, reward="ratio"))[1] == -10.0
    assert -10.0 < one_step(DesignEnv(LATENCY, limits=tiny_limit))[1] < -9.9


def test_a_score_of_minus_infinity_gives_a_finite_reward() -> None:
    latency = one_step(DesignEnv(LATENCY))[4]["metrics"]["latency"]
    env = DesignEnv(LATENCY, limits=[], objective={"legacy_target": {"latency": latency}})
    assert one_step(env)[1] == CEILING


def test_a_default_score_of_zero_is_nothing_to_divide_by() -> None:
    env = DesignEnv(LATENCY, limits=[], objective={"budget_distance": {"latency": 1000.0}})
    assert one_step(env)[1] == 0.0


def test_observation_is_the_relative_difference_to_the_default_design() -> None:
    env = DesignEnv(LATENCY)
    observation, *_, info = one_step(env, L2Size=2048)
    default = one_step(env)[4]["metrics"]
    names = list(info["metrics"])
    expected = [(info["metrics"][n] - default[n]) / (info["metrics"][n] + default[n]) for n in names]
    assert observation == pytest.approx([*expected, 1.0], rel=1e-6)


def test_observation_is_zero_at_reset_and_for_the_default_design() -> None:
    env = DesignEnv(LATENCY)
    assert not env.reset()[0].any()
    assert one_step(env)[0].tolist() == [0, 0, 0, 0, 1]


@pytest.mark.parametrize("value", [np.inf, -np.inf, 0.0, 1e308, -1e308])
def test_observation_and_reward_are_finite_for_any_metric(value: float) -> None:
    """The default design is answered with ones, every other with *value*."""
    default = load_task(LATENCY).make_simulator().space.default

    def answer(designs: DesignBatch) -> Evaluations:
        rows = [1.0 if design == default else value for design in designs.designs()]
        return Evaluations(np.repeat(np.array(rows)[:, None], 4, axis=1), np.zeros(len(rows), np.uint8))

    task = load_task(LATENCY)
    env = DesignEnv(task, evaluator=Evaluator(Scripted(answer), task.objective, budget=9))
    observation, reward, *_ = one_step(env, L2Size=2048)
    assert observation in env.observation_space
    assert -10.0 <= reward <= CEILING


def test_the_reference_is_another_design_where_the_default_one_fails() -> None:
    task = load_task(LATENCY)
    real = task.make_simulator()

    def answer(designs: DesignBatch) -> Evaluations:
        results = real.evaluate(designs)
        default = np.array([design == real.space.default for design in designs.designs()])
        return Evaluations(
            np.where(default[:, None], np.nan, results.metrics), np.where(default, 2, results.status).astype(np.uint8)
        )

    env = DesignEnv(task, evaluator=Evaluator(Scripted(answer), task.objective, budget=9))
    assert np.isfinite(one_step(env, L2Size=256)[1])


def test_nothing_to_measure_against_is_said_in_one_line() -> None:
    def answer(designs: DesignBatch) -> Evaluations:
        return Evaluations(np.full((len(designs), 4), np.nan), np.full(len(designs), Status.FAILED, np.uint8))

    task = load_task(LATENCY)
    env = DesignEnv(task, evaluator=Evaluator(Scripted(answer), task.objective, budget=9))
    with pytest.raises(ConfigError, match="neither the default design nor any"):
        one_step(env)


def test_several_objectives_are_weighted_and_given_as_a_vector() -> None:
    _, reward, *_, info = one_step(DesignEnv("toy/pareto-v1"), L2Size=128, Prefetcher="Stride")
    assert reward == pytest.approx(info["reward_vector"].mean())
    _, weighted, *_, info = one_step(DesignEnv("toy/pareto-v1", weights=[3.0, 0.5]), L2Size=128, Prefetcher="Stride")
    assert weighted == pytest.approx(info["reward_vector"] @ [3.0, 0.5])
    assert list(info["scores"]) == ["latency", "energy"]


def test_info_says_what_was_built_and_what_it_gave() -> None:
    env = DesignEnv(LATENCY)
    info = one_step(env, L2Size=256)[4]
    assert info["design"] == {**env.session.space.default, "L2Size": 256}
    assert info["units"] == {"latency": "ns", "energy": "nJ", "area": "mm2", "hit_rate": "1"}
    assert info["scores"]["latency"] == info["metrics"]["latency"]
    json.dumps({key: value for key, value in info.items() if key != "reward_vector"})


def test_an_action_that_breaks_a_constraint_stands_for_a_valid_design() -> None:
    env = DesignEnv(LATENCY)
    env.reset()
    action = action_of(env)
    action[:2] = [3, 0]  # 64 KiB in one way
    design = env.step(action)[4]["design"]
    assert design["L1Size"] <= 4 * design["L1Ways"]


def test_a_duplicate_is_free_and_counted() -> None:
    env = DesignEnv(LATENCY, budget=2)
    for _ in range(3):
        one_step(env)
    assert env.reset()[1] == {"remaining": 1, "spent": 1, "duplicates": 2}
    assert (env.remaining, env.spent, env.duplicates) == (1, 1, 2)


def test_the_last_evaluation_is_rewarded_and_the_next_step_raises() -> None:
    env = DesignEnv(LATENCY, budget=1, limits=[])
    _, reward, terminated, truncated, info = one_step(env)
    assert (reward, terminated, truncated, info["budget_spent"]) == (0.0, True, True, True)
    assert env.reset()[1]["remaining"] == 0
    with pytest.raises(BudgetSpent, match="budget of 1"):
        env.step(action_of(env))


def test_the_budget_can_end_an_episode_before_its_horizon() -> None:
    env = DesignEnv(LATENCY, budget=2, horizon=5)
    env.reset()
    assert env.step(action_of(env))[2:4] == (False, False)
    assert env.step(action_of(env, L2Size=64))[2:4] == (False, True)
    with pytest.raises(ResetNeeded):
        env.step(action_of(env))


def test_an_episode_has_as_many_designs_as_its_horizon() -> None:
    env = DesignEnv(LATENCY, horizon=3)
    env.reset()
    ends = [env.step(action_of(env, L2Size=size))[2] for size in (64, 128, 256)]
    assert ends == [False, False, True]


def test_steps_choose_one_parameter_each_and_reward_the_last() -> None:
    env, whole = DesignEnv(LATENCY, view="steps"), DesignEnv(LATENCY)
    env.reset()
    outcomes = [env.step(index) for index in walk_of(env, L2Size=256)]
    assert [reward for _, reward, *_ in outcomes[:-1]] == [0.0] * 6
    assert [done for _, _, done, *_ in outcomes] == [False] * 6 + [True]
    assert outcomes[-1][1] == one_step(whole, L2Size=256)[1]
    assert env.spent == 1


def test_step_masks_are_exact() -> None:
    """A prefix is followed by exactly those values that some valid design continues it with."""
    env = DesignEnv(LATENCY, view="steps", space="small")
    designs = {tuple(row) for batch in env.session.space.enumerate() for row in batch.codes.tolist()}
    for design in designs:
        info = env.reset()[1]
        for k, index in enumerate(design):
            following = {other[k] for other in designs if other[:k] == design[:k]}
            assert set(np.flatnonzero(info["action_mask"]).tolist()) == following
            info = env.step(index)[4]


def test_masked_samples_always_build_a_valid_design() -> None:
    env = gymnasium.make("archgym/toy-latency-v1", view="steps")
    env.action_space.seed(3)
    for _ in range(30):
        info, done = env.reset()[1], False
        while not done:
            _, _, done, _, info = env.step(env.action_space.sample(mask=info["action_mask"]))
        assert info["design"]["L1Size"] <= 4 * info["design"]["L1Ways"]


def test_a_forbidden_step_ends_the_design_unevaluated() -> None:
    env = DesignEnv(LATENCY, view="steps")
    env.reset()
    env.step(3)  # 64 KiB …
    _, reward, terminated, _, info = env.step(0)  # … in one way
    assert (reward, terminated, env.spent) == (-10.0, True, 0)
    assert "L1Ways" in info["message"]


def test_steps_observe_the_design_under_way() -> None:
    env = DesignEnv(LATENCY, view="steps")
    env.reset()
    observation = env.step(1)[0]
    assert observation[-7:].tolist() == [0.5, 0, 0, 0, 0, 0, 0]


def test_steps_need_a_finite_space_and_say_so() -> None:
    from archgym.testing.problems import bowl

    trial = bowl()
    evaluator = Evaluator(trial.simulator, trial.problem.objective, budget=9)
    with pytest.raises(archgym.errors.ArchgymError, match="Real"):
        DesignEnv(load_task(LATENCY), view="steps", evaluator=evaluator)
    assert DesignEnv(load_task(LATENCY), view="box", evaluator=evaluator).reset()[0].shape == (2,)


@pytest.mark.parametrize("action", [[0, 0, 0, 0, 0, 0, 9], [0, 0], [-1, 0, 0, 0, 0, 0, 0]])
def test_an_action_outside_the_action_space_is_an_error(action: list[int]) -> None:
    env = DesignEnv(LATENCY)
    env.reset()
    with pytest.raises(DesignError):
        env.step(np.array(action))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"view": "multidiscrete"}, "did you mean 'multi_discrete'"),
        ({"horizon": 0}, "horizon"),
        ({"render_mode": "human"}, "render_mode"),
        ({"failure_penalty": float("nan")}, "failure_penalty"),
        ({"limit_penalty": -1.0}, "limit_penalty"),
        ({"reward": "log-ratio"}, "did you mean 'log_ratio'"),
        ({"target": 3.0}, "target: reward 'legacy_target' needs one"),
        ({"reward": "legacy_target", "target": float("inf")}, "target: expected a finite number"),
        ({"weights": [1.0, 2.0]}, "weights: expected 1"),
        ({"weights": [float("nan")]}, "weights"),
        ({"budget": 0}, "budget"),
        ({"work_load": "stream"}, "did you mean 'workload'"),
        ({"horizn": 3}, "did you mean 'horizon'"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as refusal:
        DesignEnv(LATENCY, **arguments)
    assert "\n" not in str(refusal.value)


def test_an_unknown_task_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'toy/latency-v1'"):
        DesignEnv("toy/latency-v2")


def test_overrides_change_the_task() -> None:
    plain, stream = DesignEnv(LATENCY), DesignEnv(LATENCY, workload="stream", restrict={"Prefetcher": ["Stride"]})
    assert stream.action_space.nvec.tolist() == [4, 5, 6, 3, 3, 1, 9]
    assert stream.session.task.workload == "stream"
    assert one_step(plain)[4]["metrics"] != one_step(stream, Prefetcher="Stride")[4]["metrics"]


def test_the_reference_is_neither_charged_nor_logged() -> None:
    task = load_task(LATENCY)
    scripted = Scripted(task.make_simulator().evaluate)
    evaluator = Evaluator(scripted, task.objective, budget=10)
    one_step(DesignEnv(task, evaluator=evaluator), L2Size=64)
    assert (scripted.rows, evaluator.spent, evaluator.asked) == (2, 1, 1)


def test_render_shows_the_last_design_with_units() -> None:
    env = DesignEnv(LATENCY, render_mode="ansi")
    env.reset()
    assert env.render() == "toy/latency-v1: no design yet"
    one_step(env)
    text = env.render()
    assert text is not None
    assert "L2Size = 512 KiB" in text
    assert "latency = 5.33254 ns" in text
    assert DesignEnv(LATENCY).render() is None


def test_every_task_has_an_id() -> None:
    assert {environment_id(name) for name in task_names()} <= set(gymnasium.registry)
    spec = gymnasium.spec("archgym/toy-latency-v1")
    assert spec.nondeterministic is False
    assert spec.kwargs == {"task": "toy/latency-v1"}


def test_importing_archgym_is_light() -> None:
    heavy = ["yaml", "pydantic", "pandas", "numba", "pyarrow", "torch", "ray", "typer", "rich", "matplotlib"]
    code = f"import archgym, sys; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_prefix_form_works_in_a_fresh_process() -> None:
    code = "import gymnasium; print(gymnasium.make('archgym:archgym/toy-latency-v1').reset()[1]['remaining'])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "200"
