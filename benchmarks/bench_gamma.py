"""How good the mappings are that ``gamma`` finds within a thousand designs, beside agents that know no mappings.

Run it with ``python benchmarks/bench_gamma.py [SEEDS [PROCESSES]]`` (30 and 2 by default: some ten minutes). Five
layers in each of the spaces ``maestro`` and ``timeloop``. A run's regret is the share by which its best score exceeds
the best that any run here found for the layer; nobody has proven that to be the optimum. What is printed are
interquartile means over the seeds, and over layers and seeds together; in brackets their 95 % intervals, from a
bootstrap that draws the seeds of each layer anew (R. Agarwal et al., "Deep Reinforcement Learning at the Edge of the
Statistical Precipice", NeurIPS 2021).
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Problem
from archgym.evaluator import Evaluator
from archgym.registry import make_agent
from archgym.simulator import Simulator
from archgym.task import load_task

SEEDS, PROCESSES = 30, 2
BUDGET, ASKED = 1000, 16
RESAMPLES = 2000
SPACES = ("maestro", "timeloop")
LAYERS = ("resnet18-conv1", "resnet18-conv2", "resnet18-conv5", "mobilenet-v2-depthwise", "bert-base-ffn")
AGENTS = ("gamma", "genetic", "local_search", "random")

Floats = NDArray[np.float64]


def task_name(space: str, layer: str) -> str:
    """Its energy x delay."""
    return f"mapping/{space}-{layer}-edp-v1"


@cache
def simulator_of(task: str) -> Simulator:
    """One per process and task."""
    return load_task(task).make_simulator()


def best_score(task: str, name: str, seed: int) -> float:
    """Of one run."""
    simulator, objective = simulator_of(task), load_task(task).objective
    problem = Problem(task, simulator.space, objective, simulator.metrics, BUDGET)
    agent: Any = make_agent(name, problem, seed=seed)
    best = np.inf
    with Evaluator(simulator, objective, budget=BUDGET) as evaluator:
        while evaluator.remaining > 0:
            results = evaluator.evaluate(agent.ask(ASKED))
            agent.tell(results)
            best = min(best, float(results.merit().min()))
    return best


def best_scores(job: tuple[str, str, int]) -> list[float]:
    """Of all seeds of one task and agent."""
    task, name, seeds = job
    return [best_score(task, name, seed) for seed in range(seeds)]


def interquartile_means(values: Floats) -> Floats:
    """``(…, n)`` to ``(…,)``: the mean without the lowest and the highest quarter."""
    cut = values.shape[-1] // 4
    middle: Floats = np.sort(values, axis=-1)[..., cut : values.shape[-1] - cut].mean(axis=-1)
    return middle


def summary(regrets: Floats) -> str:
    """Of ``(layers, seeds)`` regrets: the interquartile mean and its interval."""
    layers, seeds = regrets.shape
    drawn = np.random.default_rng(0).integers(0, seeds, (RESAMPLES, layers, seeds))
    samples = regrets[np.arange(layers)[:, None], drawn].reshape(RESAMPLES, -1)
    low, high = np.quantile(interquartile_means(samples), [0.025, 0.975])
    return f"{interquartile_means(regrets.reshape(-1)):.3g} [{low:.3g}, {high:.3g}]"


def main() -> None:
    """Print the table."""
    given = [int(word) for word in sys.argv[1:3]]
    seeds, processes = (*given, *(SEEDS, PROCESSES)[len(given) :])
    jobs = [(task_name(space, layer), name, seeds) for space in SPACES for layer in LAYERS for name in AGENTS]
    with ProcessPoolExecutor(processes) as pool:
        scores = np.array(list(pool.map(best_scores, jobs))).reshape(len(SPACES), len(LAYERS), len(AGENTS), seeds)
    regrets = scores / scores.min(axis=(2, 3), keepdims=True) - 1.0
    print(f"{BUDGET} designs, {seeds} seeds; regret to the best score seen here: interquartile mean [95 % interval]")
    print(f"{'task':47s} {'best, J s':>10s}  " + "  ".join(f"{name:28s}" for name in AGENTS))
    for s, space in enumerate(SPACES):
        for at, layer in enumerate(LAYERS):
            cells = "  ".join(f"{summary(regrets[s, at : at + 1, a]):28s}" for a in range(len(AGENTS)))
            print(f"{task_name(space, layer):47s} {scores[s, at].min():10.4g}  {cells}")
        cells = "  ".join(f"{summary(regrets[s, :, a]):28s}" for a in range(len(AGENTS)))
        print(f"{'all of ' + space:47s} {'':10s}  {cells}")


if __name__ == "__main__":
    main()
