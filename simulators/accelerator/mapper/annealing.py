"""Annealing from the best of many candidates that fit: the search where a map space is too large to enumerate."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numba import njit

from archgym.simulators.accelerator.kernel import evaluate
from archgym.simulators.accelerator.mapper.kernel import (
    CHAIN,
    CHAINS,
    TRIED,
    copy,
    digest,
    height_of,
    start,
    step,
    steps_of,
    take,
    unit,
)
from archgym.simulators.accelerator.mapper.kernel_text import kernel_text

TRIES: Final = 10
"""Steps tried per mapping that may be priced: in a small map space most are known soon."""


@cache
def annealing() -> Any:
    """The search, compiled with the engine's kernel inside. The cache of the machine code has to depend on the text of
    that kernel, and does: Numba hashes the variables that a function closes over."""
    text = kernel_text()

    def anneal(
        table: Any, problem: Any, costs: Any, factors: Any, orders: Any, keep: Any, results: Any, flat_factors: Any,
        flat_orders: Any, template: Any, count: Any, random: Any, seen: Any, heights: Any, budget: Any, starts: Any,
        chains: Any, hot: Any, cold: Any,
    ) -> None:  # fmt: skip
        """Prices up to *budget* mappings: the best of *starts* begin *chains*, which cool from *hot* to *cold*.

        *factors* and *orders* are as in a batch, *flat_factors* and *flat_orders* the same memory by row; *results* are
        the last arguments of the engine's kernel. *seen* and *heights* are a hash table of what was priced.
        """
        count.finished = len(text) == 0  # never: it is not an enumeration
        scratch, cycles, energy = results[0], results[5], results[6]
        f, o, k = flat_factors[TRIED], flat_orders[TRIED], keep[TRIED]
        objective = problem.objective
        mask = np.uint64(len(seen) - 1)
        height = np.full(CHAINS, np.inf)
        tries = np.int64(0)
        while count.priced < min(starts, budget) and tries < 2 * starts:
            tries += 1
            start(table, problem, random, f, o, k, template, scratch.ext)
            evaluate(table, costs, factors, orders, keep, TRIED, TRIED + 1, *results)
            if not take(problem, flat_factors, flat_orders, keep, results, count):
                continue
            h = height_of(objective, float(cycles[TRIED]), energy[TRIED])
            worst = 0
            known = False
            for j in range(chains):
                if height[j] > height[worst]:
                    worst = j
                known |= height[j] == h
            if h < height[worst] and not known:
                height[worst] = h
                copy(flat_factors, flat_orders, keep, TRIED, CHAIN + worst)
        left = budget - count.priced
        for chain in range(chains):
            if height[chain] == np.inf:
                continue
            row = CHAIN + chain
            begin = count.priced
            share = left // chains if chain < chains - 1 else budget - begin
            tries = np.int64(0)
            while count.priced - begin < share and tries < TRIES * share:
                tries += 1
                temperature = hot * (cold / hot) ** (float(count.priced - begin) / share)
                copy(flat_factors, flat_orders, keep, row, TRIED)
                if not step(problem, random, f, o, k):
                    break
                allowed = height[chain] - temperature * np.log(unit(random))
                cycles_at_least = max(float(steps_of(problem, f)), problem.least_cycles)
                if height_of(objective, cycles_at_least, problem.least_pj) > allowed:
                    count.pruned += 1
                    continue
                key = digest(problem, f, o, k)
                at = np.int64(key & mask)
                while seen[at] != 0 and seen[at] != key:
                    at = np.int64(np.uint64(at + 1) & mask)
                if seen[at] == key:
                    count.known += 1
                    h = heights[at]
                else:
                    evaluate(table, costs, factors, orders, keep, TRIED, TRIED + 1, *results)
                    if not take(problem, flat_factors, flat_orders, keep, results, count):
                        continue
                    h = height_of(objective, float(cycles[TRIED]), energy[TRIED])
                    seen[at] = key
                    heights[at] = h
                if h <= allowed:
                    height[chain] = h
                    copy(flat_factors, flat_orders, keep, TRIED, row)

    return njit(cache=True, nogil=True, error_model="numpy")(anneal)
