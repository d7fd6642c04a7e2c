"""How many designs a search needs until a system on chip keeps FARSI's budgets, beside FARSI's own search.

Run it with ``python benchmarks/bench_farsi.py [SEEDS]``: 30 by default, five minutes. A search may simulate as many
designs as FARSI needed, from the same start where it takes one: the plainest system. "all" has no reference.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from archgym.agent import Problem
from archgym.architecture import EvaluatedOnly
from archgym.evaluator import Evaluator
from archgym.objective import BudgetDistance, Objective
from archgym.registry import make_agent, make_simulator

SEEDS = 30
DEADLINES_S = {"audio_decoder": 0.021, "edge_detection": 0.034, "hpvm_cava": 0.034}
POWER_W, AREA_MM2 = 0.008737, 17.475
"""For each workload."""
FARSI = {"audio_decoder": "44, 44, 66", "edge_detection": "92", "hpvm_cava": "109", "all": "-"}
"""Designs that FARSI's code simulates until the budgets are kept (arXiv 2201.05232), depth 10; each number a run."""
LIMIT = {"audio_decoder": 66, "edge_detection": 92, "hpvm_cava": 109, "all": 150}

SEARCHES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("farsi", {}),
    ("farsi", {"acceptance": "annealing"}),
    ("farsi", {"selection": "random", "acceptance": "annealing"}),
    ("genetic", {}),
    ("local_search", {}),
    ("random", {}),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one run."""

    needed: float
    """Designs until the budgets were kept, inf where they never were."""
    distance: float
    """Of the best design."""


def budgets(workload: str) -> Objective:
    """The distance to the budgets of one workload, or of all three at once."""
    if workload != "all":
        latencies, n = {"latency": DEADLINES_S[workload]}, 1
    else:
        latencies, n = {f"latency_{name}": deadline for name, deadline in DEADLINES_S.items()}, len(DEADLINES_S)
    rest = {"power": n * POWER_W, "area_logic": n * AREA_MM2, "area_stacked": n * AREA_MM2}
    return Objective((BudgetDistance(latencies | rest, tolerance=0.001),))


def outcome(
    simulator: Any, objective: Objective, name: str, hyperparameters: Mapping[str, Any], seed: int, limit: int
) -> Outcome:
    """One run, which ends when the budgets are kept."""
    architecture = EvaluatedOnly(simulator.architecture)
    problem = Problem("bench", simulator.space, objective, simulator.metrics, limit, architecture=architecture)
    agent: Any = make_agent(name, problem, seed=seed, **hyperparameters)
    best = np.inf
    with Evaluator(simulator, objective, budget=limit) as evaluator:
        architecture.open(evaluator.evaluated)
        while evaluator.remaining > 0 and best > 0.0:
            results = evaluator.evaluate(agent.ask(1))
            agent.tell(results)
            best = min(best, float(results.scores[0, 0]))
        return Outcome(evaluator.spent if best == 0.0 else np.inf, best)


def main() -> None:
    """Print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    print(f"{seeds} seeds; FARSI's own counts in brackets")
    print(
        f"{'workload':27s} {'search':47s} {'median':>7s} {'quartiles':>14s} {'met':>5s} {'distance':>9s} {'s/run':>6s}"
    )
    for workload, limit in LIMIT.items():
        simulator = make_simulator("soc", workload=workload)
        for name, hyperparameters in SEARCHES:
            began = time.perf_counter()
            runs = [outcome(simulator, budgets(workload), name, hyperparameters, seed, limit) for seed in range(seeds)]
            seconds = (time.perf_counter() - began) / seeds
            needed = np.sort([run.needed for run in runs])
            low, middle, high = needed[[seeds // 4, seeds // 2, (3 * seeds) // 4]]
            label = " ".join([name, *(f"{key}={value}" for key, value in hyperparameters.items())])
            numbers = f"{middle:7.0f} {f'{low:.0f}-{high:.0f}':>9s} {np.isfinite(needed).mean():5.0%}"
            distance = np.median([run.distance for run in runs])
            print(f"{f'{workload} ({FARSI[workload]})':26s} {label:47s} {numbers} {distance:9.3g} {seconds:6.2f}")


if __name__ == "__main__":
    main()
