"""Do the agents search? Normalised regret of each on the toy problem and three DRAM tasks.

``python benchmarks/quality.py [AGENT…]`` or ``make quality``. Regret is 0 at the best design that anybody found and 1
at the median random design that keeps the limits; a row is the interquartile mean over tasks and seeds with its
stratified-bootstrap interval. ``better`` is the probability that a run beats one of random search without replacement
with the same budget. Agents that think for long have a smaller budget and are compared with random search at that
budget; nothing else differs. Results are kept in ``results/quality.json`` so that more agents can be added.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from archgym.errors import ConfigError
from archgym.registry import agent_names, make_agent
from archgym.runner import run
from archgym.statistics import normalised_regret, probability_of_improvement, stratified_interval
from archgym.task import load_task

TASKS = ("toy/latency-v1", "dram/gzip-latency-v1", "dram/sqlite-energy-delay-v1", "dram/graph-search-latency-v1")
SEEDS, BUDGET, RANDOM_DESIGNS = 10, 1000, 1001
SLOW_BUDGET = 100
SLOW = ("gp", "bo_gp", "bo_forest", "bo_extra_trees")
"""Tenths of a second a design, and more the more they know: these have `SLOW_BUDGET` evaluations."""
ELSEWHERE = ("farsi", "gamma", "exhaustive")
"""For simulators with an architecture, for mappings, for whole spaces."""
BASELINE = "random (unique)"
SETTINGS: Mapping[str, tuple[str, Mapping[str, Any]]] = {BASELINE: ("random", {"replace": False})}
KEPT = Path("results/quality.json")


@cache
def median_random(task: str) -> float:
    """The score of the median random design among those that work and keep the limits."""
    loaded = load_task(task)
    simulator = loaded.make_simulator()
    designs = simulator.space.sample(RANDOM_DESIGNS, np.random.default_rng(12345))
    scores = loaded.objective.score(simulator.evaluate(designs), simulator.metrics)
    return float(np.median(scores.values[scores.violation == 0, 0]))


def search(job: tuple[str, str, int, int]) -> float:
    """The lowest merit of one run; infinity when no design worked."""
    label, task, seed, budget = job
    agent, hyperparameters = SETTINGS.get(label, (label, {}))
    best = run(load_task(task), agent, hyperparameters, seed=seed, budget=budget).best
    if best is None or best.violation > 0:
        return float("inf")
    return next(iter(best.scores.values()))


def refused(agent: str) -> str | None:
    """Why *agent* cannot search these tasks."""
    from archgym.agent import Problem

    for task in map(load_task, TASKS):
        simulator = task.make_simulator()
        try:
            make_agent(agent, Problem(task.name, simulator.space, task.objective, simulator.metrics, BUDGET), seed=0)
        except ConfigError as error:
            return str(error)
    return None


def main() -> None:
    """Search, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("agents", nargs="*", help="all agents when none is named")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    chosen = parser.parse_args()
    labels = [BASELINE, *(chosen.agents or (name for name in agent_names() if name not in ELSEWHERE))]
    labels = [label for label in labels if label in SETTINGS or not refused(label)]
    jobs = [
        (label, task, seed, budget)
        for label in labels
        for budget in ((BUDGET, SLOW_BUDGET) if label == BASELINE else (SLOW_BUDGET if label in SLOW else BUDGET,))
        for task in TASKS
        for seed in range(chosen.seeds)
    ]
    kept: dict[str, float] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    open_jobs = [job for job in jobs if _key(job) not in kept]
    with ProcessPoolExecutor(chosen.processes) as pool:
        for job, merit in zip(open_jobs, pool.map(search, open_jobs), strict=True):
            kept[_key(job)] = merit
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(kept, indent=0))
    report(kept)


def report(kept: Mapping[str, float]) -> None:
    """One row an agent, best first."""
    parsed = [(*key.split("|"), value) for key, value in kept.items()]
    best = {task: min(value for _, t, _, _, value in parsed if t == task) for task in TASKS}
    tables: dict[tuple[int, str], np.ndarray] = {}
    for label, budget in sorted({(label, int(budget)) for label, _, _, budget, _ in parsed}):
        rows = [
            normalised_regret(
                [v for a, t, _, b, v in parsed if (a, t, int(b)) == (label, task, budget)],
                best[task],
                median_random(task),
            )
            for task in TASKS
        ]
        tables[budget, label] = np.array(rows)
    print(f"{'agent':<20}{'budget':>7}  {'IQM regret (95 %)':<26}{'better':<22}" + "".join(f"{t:>30}" for t in TASKS))
    for (budget, label), table in sorted(
        tables.items(), key=lambda item: (-item[0][0], stratified_interval(item[1]).value)
    ):
        all_of = stratified_interval(table)
        chance = probability_of_improvement(table, tables[budget, BASELINE])
        each = [stratified_interval(row[None]).value for row in table]
        print(
            f"{label:<20}{budget:>7}  {all_of.value:.4f} ({all_of.low:.4f}, {all_of.high:.4f})  "
            f"{chance.value:.2f} ({chance.low:.2f}, {chance.high:.2f})  " + "".join(f"{value:>30.4f}" for value in each)
        )


def _key(job: tuple[str, str, int, int]) -> str:
    return "|".join(map(str, job))


if __name__ == "__main__":
    main()
