"""How hard the DRAM tasks are: the share of random designs within 1 % of the best design found.

``python benchmarks/difficulty.py [TASK …] [--designs N] [--budget B]`` prices N uniform random designs of each
task and searches it with `genetic` and `local_search` (three seeds each, B evaluations); the best merit seen by anyone
stands for the optimum, so the true share can only be lower. A task is worth searching when the share is at most 0.1 %.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from archgym.agent import Agent, Problem
from archgym.evaluator import Evaluator
from archgym.registry import make_agent
from archgym.simulator import Simulator
from archgym.task import Task, load_task, task_names

BAR = 0.001
SEEDS = (0, 1, 2)


def best_of_search(task: Task, simulator: Simulator, agent: str, seed: int, budget: int) -> float:
    """The lowest merit that *agent* finds."""
    problem = Problem(task.name, simulator.space, task.objective, simulator.metrics, budget)
    evaluator = Evaluator(simulator, task.objective, budget=budget)
    searcher = make_agent(agent, problem, seed=seed)
    best = np.inf
    while evaluator.remaining and isinstance(searcher, Agent):
        designs = searcher.ask(min(64, evaluator.remaining))
        if not len(designs):
            break
        told = evaluator.evaluate(designs)
        searcher.tell(told)
        best = min(best, float(told.merit().min()))
    return best


def study(name: str, designs: int, budget: int) -> tuple[float, str]:
    """The share, and a line that says how it came about."""
    task = load_task(name)
    simulator = task.make_simulator(**({"threads": 2} if task.simulator == "dram" else {}))
    start = time.perf_counter()
    batch = simulator.space.sample(designs, np.random.default_rng(12345))
    results = [simulator.evaluate(batch[i : i + 512]) for i in range(0, designs, 512)]
    merit = np.concatenate([task.objective.score(part, simulator.metrics).merit() for part in results])
    default = simulator.evaluate(simulator.space.from_designs([simulator.space.default]))
    base = task.objective.score(default, simulator.metrics).merit()[0]
    searched = min(
        best_of_search(task, simulator, agent, seed, budget) for agent in ("genetic", "local_search") for seed in SEEDS
    )
    best = min(float(merit.min()), searched)
    good = merit[merit < 1e199]
    share = float((merit <= best + 0.01 * abs(best)).mean())
    median = float(np.median(good)) if good.size else np.inf
    return share, (
        f"{name:36} share {share:8.3%}  best {best:11.5g}  best random {merit.min():11.5g}  median {median:11.5g}  "
        f"default {base:11.5g}  feasible {good.size / designs:6.1%}  {time.perf_counter() - start:5.0f} s"
    )


def main() -> None:
    """Print one line a task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", default=[name for name in task_names() if name.startswith("dram/")])
    parser.add_argument("--designs", type=int, default=2000)
    parser.add_argument("--budget", type=int, default=1000)
    options = parser.parse_args()
    for name in options.tasks:
        share, line = study(name, options.designs, options.budget)
        print(line, "" if share <= BAR else "EASY", flush=True)


if __name__ == "__main__":
    sys.exit(main())
