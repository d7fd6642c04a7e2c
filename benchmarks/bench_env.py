"""What an environment adds to its simulator: microseconds per scalar step, rows per second of the vector one.

Measured over an instant simulator on the toy space, so that everything seen is overhead: decoding the action, the
evaluator (validation, memory, scoring), reward, observation and info. CPU time, so that a busy machine does not show.
``python benchmarks/bench_env.py``
"""

from __future__ import annotations

import statistics
import time

import numpy as np

from archgym.env_actions import WHOLE, View
from archgym.evaluator import Evaluator
from archgym.gym_env import DesignEnv
from archgym.simulator import Evaluations
from archgym.space import DesignBatch
from archgym.task import load_task
from archgym.vector_env import DesignVectorEnv
from archgym.views.steps import StepsView

TASK = load_task("toy/latency-v1")
BAR_US = 50.0
ROUNDS = 9
VIEWS = {**WHOLE, "steps": StepsView}


class Instant:
    """The toy simulator's face over constant answers."""

    def __init__(self) -> None:
        toy = TASK.make_simulator()
        self.name, self.version, self.workload = toy.name, toy.version, toy.workload
        self.space, self.metrics = toy.space, toy.metrics
        self.seconds = 0.0

    def evaluate(self, designs: DesignBatch, /) -> Evaluations:
        start = time.process_time()
        n = len(designs)
        results = Evaluations(np.ones((n, len(self.metrics))), np.zeros(n, np.uint8))
        self.seconds += time.process_time() - start
        return results


def door() -> tuple[Evaluator, Instant]:
    simulator = Instant()
    return Evaluator(simulator, TASK.objective, budget=10**9), simulator


def evaluator_us(steps: int) -> float:
    """One fresh design through the evaluator alone."""
    evaluator, simulator = door()
    ranks = np.random.default_rng(0).choice(simulator.space.count(), steps, replace=False)
    batches = [simulator.space.unrank([rank]) for rank in ranks.tolist()]
    simulator.seconds = 0.0
    start = time.process_time()
    for batch in batches:
        evaluator.evaluate(batch)
    return (time.process_time() - start - simulator.seconds) / steps * 1e6


def step_us(view: View, steps: int) -> float:
    """One fresh design through ``env.step``; in the view ``steps`` through as many of them as there are parameters."""
    evaluator, simulator = door()
    env = DesignEnv(TASK, view=view, horizon=steps, evaluator=evaluator)
    space = simulator.space
    ranks = np.random.default_rng(0).choice(space.count(), steps, replace=False)
    encode = VIEWS[view](space).encode  # the inverse of what a step decodes
    encoded = [encode(space.unrank([rank])) for rank in ranks.tolist()]
    designs = [{k: v[0] for k, v in e.items()} if isinstance(e, dict) else e[0] for e in encoded]
    actions = [index for design in designs for index in design] if view == "steps" else designs
    assert env.session.reference is not None
    env.reset()
    simulator.seconds = 0.0
    start = time.process_time()
    for action in actions:
        env.step(action)
    return (time.process_time() - start - simulator.seconds) / steps * 1e6


def rows_per_s(num_envs: int, steps: int) -> float:
    """Counted rows of the vector environment in SAME_STEP mode; random actions, some of them duplicates."""
    evaluator, simulator = door()
    env = DesignVectorEnv(TASK, num_envs=num_envs, autoreset_mode="SameStep", evaluator=evaluator)
    rng = np.random.default_rng(0)
    batches = [simulator.space.sample(num_envs, rng).codes.astype(np.int64) for _ in range(steps)]
    assert env.session.reference is not None
    env.reset()
    simulator.seconds = 0.0
    start = time.process_time()
    for batch in batches:
        env.step(batch)
    return num_envs * steps / (time.process_time() - start - simulator.seconds)


def main() -> None:
    evaluator_us(1000)  # warm up
    base = statistics.median(evaluator_us(1000) for _ in range(ROUNDS))
    print(f"evaluator alone, one fresh design      {base:8.1f} us")
    views: tuple[View, ...] = ("multi_discrete", "box", "dict", "steps")
    for view in views:
        taken = statistics.median(step_us(view, 1000) for _ in range(ROUNDS))
        print(f"env.step, {view:14}               {taken:8.1f} us   {taken / BAR_US:5.2f} x the bar of {BAR_US:.0f} us")
    single = 1e6 / statistics.median(step_us("multi_discrete", 1000) for _ in range(ROUNDS))
    for num_envs in (1, 16, 256, 1024):
        rate = statistics.median(rows_per_s(num_envs, 4096 // num_envs + 8) for _ in range(ROUNDS))
        print(f"vector env, {num_envs:5} rows              {rate:10.0f} rows/s   {rate / single:5.1f} x the scalar one")


if __name__ == "__main__":
    main()
