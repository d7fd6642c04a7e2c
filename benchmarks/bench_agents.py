"""What a proposal costs: microseconds per design for ask and tell together, beside the simulator's time.

Run it with ``python benchmarks/bench_agents.py``. The problem is a 10-parameter space of 11 million designs with a
constraint; results are made up at once, and the agent's own processor time counts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.registry import make_agent
from archgym.space import Categorical, DesignSpace, Ordinal, Predicate
from archgym.testing.exchange import told
from archgym.testing.landscape import landscape

SIZES = (4, 3, 8, 2, 5, 16, 4, 4, 3, 10)
DESIGNS, REPEATS = 1000, 5
SIMULATOR_US = 600.0
"""One DRAM evaluation, roughly."""

AGENTS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("random", {}),
    ("random", {"replace": False}),
    ("local_search", {}),
    ("local_search", {"improvement": "best"}),
    ("local_search", {"group": 1}),
    ("genetic", {}),
    ("genetic", {"population": 64, "offspring": 64}),
)


def not_both(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """A constraint that a tenth of the designs break."""
    kept: NDArray[np.bool_] = (columns["p5"] < 8) | (columns["p9"] < 8)
    return kept


def space() -> DesignSpace:
    """Six ordered and four categorical parameters."""
    parameters = [
        Categorical(f"p{at}", tuple(f"v{code}" for code in range(size)))
        if at in (0, 1, 3, 8)
        else Ordinal(f"p{at}", tuple(range(size)))
        for at, size in enumerate(SIZES)
    ]
    return DesignSpace(
        parameters, (Predicate("not_both", ("p5", "p9"), not_both, "one of both is small"),), name="bench"
    )


def microseconds_per_design(name: str, hyperparameters: Mapping[str, Any], size: int) -> float:
    """The fastest of `REPEATS` runs over `DESIGNS` designs, asked for *size* at a time."""
    best = np.array([1, 2, 5, 0, 2, 9, 1, 3, 2, 4])
    trial = landscape(space(), lambda codes: np.abs(codes - best).sum(axis=1))
    trial.problem.space.count()
    fastest = float("inf")
    for seed in range(REPEATS):
        agent: Any = make_agent(name, trial.problem, seed=seed, **hyperparameters)
        spent, proposed = 0.0, 0
        while proposed < DESIGNS:
            start = time.thread_time()
            designs = agent.ask(min(size, DESIGNS - proposed))
            spent += time.thread_time() - start
            results = told(trial, designs)
            start = time.thread_time()
            agent.tell(results)
            spent += time.thread_time() - start
            proposed += len(designs)
        fastest = min(fastest, spent / DESIGNS * 1e6)
    return fastest


def main() -> None:
    """Print the table."""
    print(f"{'agent':45s} {'asked for':>9s} {'us/design':>10s} {'of simulator':>13s}")
    for name, hyperparameters in AGENTS:
        label = " ".join([name, *(f"{key}={value}" for key, value in hyperparameters.items())])
        for size in (1, 32, 1000):
            cost = microseconds_per_design(name, hyperparameters, size)
            print(f"{label:45s} {size:9d} {cost:10.2f} {cost / SIMULATOR_US:13.1%}")


if __name__ == "__main__":
    main()
