"""Complete enumeration of a map space, with proof: branches end only where nothing valid or better can follow."""

from __future__ import annotations

from functools import cache
from typing import Any

from numba import njit

from archgym.simulators.accelerator.kernel import evaluate
from archgym.simulators.accelerator.mapper.kernel import (
    TRIED,
    descend,
    holds,
    hopeless,
    next_keep,
    next_orders,
    reset,
    sort_order,
    steps_of,
    take,
)
from archgym.simulators.accelerator.mapper.kernel_text import kernel_text


@cache
def enumeration() -> Any:
    """The search, compiled with the engine's kernel inside: see `annealing.annealing`."""
    text = kernel_text()

    def enumerate_all(
        table: Any, problem: Any, costs: Any, factors: Any, orders: Any, keep: Any, results: Any, flat_factors: Any,
        flat_orders: Any, template: Any, count: Any, tree: Any, divisors: Any,
    ) -> None:  # fmt: skip
        """Prices every mapping that may be better than the best so far. Arguments are those of annealing, and the tree
        of factorisations at its root with the ``(7, most)`` divisors of the dimensions."""
        scratch = results[0]
        f, o, k = flat_factors[TRIED], flat_orders[TRIED], keep[TRIED]
        reset(problem, f, o, k, template)
        more = tree.length == 0 or descend(table, problem, costs, f, o, k, tree, divisors, count)
        while more:
            other_keep = not hopeless(problem, count, float(steps_of(problem, f)), problem.least_pj)
            while other_keep:
                other_order = holds(table, f, k, scratch.ext)
                if other_order:
                    for slot in range(3 * problem.levels):
                        if problem.order_free[slot] != 0:
                            sort_order(f, o, slot)
                while other_order:
                    evaluate(table, costs, factors, orders, keep, TRIED, TRIED + 1, *results)
                    take(problem, flat_factors, flat_orders, keep, results, count)
                    other_order = next_orders(problem, f, o)
                other_keep = next_keep(problem, k)
            more = tree.length > 0 and descend(table, problem, costs, f, o, k, tree, divisors, count)
        count.finished = len(text) > 0  # always

    return njit(cache=True, nogil=True, error_model="numpy")(enumerate_all)
