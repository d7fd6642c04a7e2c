"""Enumerate the SoC tasks on the space `small`: the exact optimum of each, and how many designs come near it.

python benchmarks/soc_optima.py [TASK…]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from archgym.space import DesignBatch
from archgym.task import load_task, task_names

NEAR = 0.01


def optimum(name: str) -> str:
    """One row of the table: a whole space priced, its best score, its best design and the share near it."""
    task = load_task(name)
    simulator = task.make_simulator(threads=2)
    began, scores, best = time.process_time(), [], None
    for designs in simulator.space.enumerate():
        results = simulator.evaluate(designs)
        scores.append(task.objective.score(results, simulator.metrics).values[:, 0])
        row = int(np.argmin(scores[-1]))
        if best is None or scores[-1][row] < best[0]:
            best = float(scores[-1][row]), designs[row]
    seconds = time.process_time() - began
    values = np.concatenate(scores)
    if best is None:
        raise RuntimeError(f"{name}: nothing to enumerate")
    near = float(np.mean(values <= best[0] + NEAR * abs(best[0])))
    default = scores_of_default(name)
    chosen = ", ".join(f"{k}={v}" for k, v in changed(best[1]).items())
    return (
        f"| `{name}` | {len(values):,} | {best[0]:.6g} | {int(np.sum(values == best[0])):,} | {near:.4%} | "
        f"{np.median(values):.4g} | {default:.4g} | {seconds / len(values) * 1e6:.0f} | {chosen} |"
    )


def scores_of_default(name: str) -> float:
    """The default design's score."""
    task = load_task(name)
    simulator = task.make_simulator()
    results = simulator.evaluate(simulator.space.from_designs([simulator.space.default]))
    return float(task.objective.score(results, simulator.metrics).values[0, 0])


def changed(design: DesignBatch) -> dict[str, object]:
    """The parameters that differ from the default design."""
    default = design.space.default
    return {name: value for name, value in design.designs()[0].items() if value != default[name]}


def main() -> None:
    names = sys.argv[1:] or [name for name in task_names() if "-small-" in name and name.startswith("soc/")]
    print(
        "| task | designs | optimum | designs that have it | within 1 % | median | default | CPU us a design | optimum's changes |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in names:
        print(optimum(name), flush=True)


if __name__ == "__main__":
    main()
