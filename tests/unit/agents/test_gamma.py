"""GAMMA's operators know what a mapping is made of, break none of it, and find better mappings than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archgym.agent import Problem
from archgym.agents.gamma import GammaAgent
from archgym.agents.gamma_operators import Operators, Rates, Row
from archgym.agents.gamma_roles import Roles, roles_of
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError
from archgym.objective import Objective, Optimize
from archgym.registry import make_simulator
from archgym.space import Categorical, DesignSpace, Ordinal, Predicate, ProductEquals, Real
from archgym.testing.exchange import converse, part, told
from archgym.testing.landscape import landscape
from archgym.testing.problems import Trial, toy

ORDERS = ("KCY", "KYC", "CKY", "CYK", "YKC", "YCK")
SIZES = (1, 2, 3, 4, 6, 12)
CLUSTERS = (1, 2, 4, 8)


def nested(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    kept: NDArray[np.bool_] = columns["inner_K"] <= columns["outer_K"]
    return kept


def clustered(**changed: Any) -> DesignSpace:
    """Two levels with an order, a parallel dimension and two tiles each, a cluster, and what a level keeps."""
    parameters = {
        "outer_order": Categorical("outer_order", ORDERS),
        "outer_parallel": Categorical("outer_parallel", ("K", "C", "Y")),
        "outer_K": Ordinal("outer_K", SIZES),
        "outer_C": Ordinal("outer_C", SIZES),
        "cluster": Ordinal("cluster", CLUSTERS),
        "inner_order": Categorical("inner_order", ORDERS),
        "inner_parallel": Categorical("inner_parallel", ("K", "C", "Y")),
        "inner_K": Ordinal("inner_K", SIZES),
        "inner_C": Ordinal("inner_C", SIZES),
        "keep": Categorical("keep", ("WIO", "WI", "W", "none")),
        **changed,
    }
    return DesignSpace(
        tuple(parameters.values()), (Predicate("K nests", ("outer_K", "inner_K"), nested, "inner <= outer"),)
    )


def factored() -> DesignSpace:
    """Two levels with an order; the three tiles of each dimension multiply to 12."""
    names = {dim: tuple(f"{level}_{dim}" for level in ("top", "mesh_x", "low")) for dim in "KC"}
    tiles = [Ordinal(name, SIZES, default=12 if name.startswith("top") else 1) for dim in "KC" for name in names[dim]]
    orders = [Categorical(f"{level}_order", ("KC", "CK")) for level in ("top", "low")]
    return DesignSpace((*tiles, *orders), tuple(ProductEquals(f"{dim} is whole", names[dim], 12) for dim in "KC"))


NEVER = Rates(reorder=0.0, tile=0.0, parallel=0.0, grow=0.0, age=0.0, other=0.0)


def operators(space: DesignSpace, rates: Rates = NEVER, step_share: float = 0.5, seed: int = 0) -> Operators:
    return Operators(space, roles_of(space), rates, step_share, np.random.default_rng(seed))


def row_of(space: DesignSpace, **values: Any) -> Row:
    row: Row = space.from_designs([{**space.default, **values}]).codes[0].tolist()
    return row


def values(space: DesignSpace, row: Row) -> dict[str, Any]:
    return {name: space.values[at][int(row[at])] for at, name in enumerate(space.names)}


def names(space: DesignSpace, columns: Sequence[int]) -> list[str]:
    return [space.names[at] for at in columns]


def changed(before: Row, after: Row, space: DesignSpace) -> set[str]:
    return {name for name, a, b in zip(space.names, before, after, strict=True) if a != b}


# ---- roles


def test_parameters_of_two_levels_and_a_cluster_have_the_roles_that_their_values_and_names_say() -> None:
    space = clustered()
    roles = roles_of(space)
    assert names(space, [order.column for order in roles.orders]) == ["outer_order", "inner_order"]
    assert names(space, roles.parallels) == ["outer_parallel", "inner_parallel"]
    assert names(space, roles.free_tiles) == ["outer_K", "outer_C", "inner_K", "inner_C"]
    assert [names(space, columns) for columns in roles.dimensions] == [["outer_K", "inner_K"], ["outer_C", "inner_C"]]
    assert names(space, [roles.cluster or 0]) == ["cluster"]
    assert names(space, roles.others) == ["keep"]
    assert roles.products == ()


def test_tiles_that_multiply_to_a_size_are_one_product() -> None:
    roles = roles_of(factored())
    assert [product.columns for product in roles.products] == [(0, 1, 2), (3, 4, 5)]
    assert (roles.free_tiles, roles.parallels, roles.cluster) == ((), (), None)


@pytest.mark.parametrize(("space", "orders", "parallels", "rest"), [("maestro", 2, 2, 0), ("timeloop", 3, 0, 2)])
def test_both_spaces_of_the_mapping_simulator_are_understood(
    space: str, orders: int, parallels: int, rest: int
) -> None:
    options = {"architecture": "generic"} if space == "timeloop" else {}
    made = make_simulator("mapping", workload="bert_base/ffn1", space=space, **options).space
    roles: Roles = roles_of(made)
    assert (len(roles.orders), len(roles.parallels), len(roles.others)) == (orders, parallels, rest)
    assert (roles.cluster is not None) == (space == "maestro")
    tiles = sum(len(columns) for columns in roles.dimensions)
    assert orders + parallels + rest + tiles + (roles.cluster is not None) == made.d


def test_an_order_has_as_many_swaps_as_pairs_of_loops() -> None:
    [order, _] = roles_of(clustered()).orders
    for code, swaps in enumerate(order.swaps):
        assert len(swaps) == 3
        for other in swaps:
            assert sum(a != b for a, b in zip(ORDERS[code], ORDERS[other], strict=True)) == 2


def test_loops_that_always_go_together_are_exchanged_together() -> None:
    orders = ("KRSC", "KCRS", "RSKC", "RSCK", "CKRS", "CRSK")
    space = DesignSpace((Categorical("order", orders), Ordinal("a_K", SIZES)))
    [order] = roles_of(space).orders
    assert {orders[at] for at in order.swaps[0]} == {"RSKC", "CRSK", "KCRS"}


def test_a_restricted_space_keeps_its_roles() -> None:
    space = clustered().restrict(outer_order=["KCY", "YCK"], inner_order=["CYK"], cluster=[2, 8], inner_parallel=["C"])
    roles = roles_of(space)
    assert [order.swaps for order in roles.orders] == [((1,), (0,)), ((),)]
    assert roles.cluster is None  # it cannot be 1 any more
    assert "cluster" in names(space, roles.others)


@pytest.mark.parametrize(
    "space",
    [
        toy().problem.space,
        DesignSpace((Categorical("keep", ("WIO", "OIW")), Ordinal("outer_K", SIZES))),
        DesignSpace((Categorical("order", ("KC", "CK")), Ordinal("K", SIZES))),
    ],
    ids=["no mapping", "no orders", "no tiles"],
)
def test_a_space_without_orders_and_tiles_is_refused_in_one_line(space: DesignSpace) -> None:
    with pytest.raises(ConfigError, match=r"agent 'gamma': expected loop orders .* use agent 'genetic' there$"):
        GammaAgent(landscape(space, lambda codes: codes[:, 0]).problem, seed=1)


# ---- operators


def test_crossover_takes_dimensions_whole() -> None:
    space = clustered()
    mother, father = (row_of(space, outer_K=a, inner_K=a, outer_C=a, inner_C=a) for a in (1, 12))
    pairs = set()
    for seed in range(40):
        child = list(mother)
        operators(space, seed=seed).cross(child, father)
        found = values(space, child)
        assert found["outer_K"] == found["inner_K"]
        assert found["outer_C"] == found["inner_C"]
        pairs.add((found["outer_K"], found["outer_C"]))
    assert pairs == {(1, 1), (1, 12), (12, 1), (12, 12)}


def test_reorder_exchanges_two_loops_of_one_level() -> None:
    space = clustered()
    before = row_of(space)
    reached = set()
    for seed in range(60):
        row = list(before)
        operators(space, seed=seed).reorder(row)
        [name] = changed(before, row, space)
        reached.add((name, values(space, row)[name]))
    assert reached == {(f"{level}_order", order) for level in ("outer", "inner") for order in ("CKY", "YCK", "KYC")}


def test_tiles_step_to_near_values_or_go_to_any() -> None:
    space = clustered(outer_K=Ordinal("outer_K", tuple(range(1, 101)), default=50))
    before = row_of(space, outer_K=50)
    moved: dict[float, list[int]] = {0.0: [], 1.0: []}
    for share, found in moved.items():
        dut = operators(space, step_share=share)
        for _ in range(2000):
            row = list(before)
            dut.retile(row)
            assert len(changed(before, row, space)) <= 1
            found.append(values(space, row)["outer_K"])
    steps = np.abs(np.array([k for k in moved[1.0] if k != 50]) - 50)
    assert steps.mean() == pytest.approx(2.0, abs=0.25)  # geometric, of mean 2
    divisors = {1, 2, 4, 5, 10, 20, 25, 100}
    anything = [k for k in moved[0.0] if k != 50]
    # Half go to the nine divisors of 100 (50 itself is one), the others to 99 values of which eight are divisors.
    half = (8 / 9) / (8 / 9 + 1)
    assert np.mean([k in divisors for k in anything]) == pytest.approx(half + (1 - half) * 8 / 99, abs=0.09)


def test_a_product_stays_whole_when_factors_move() -> None:
    space = factored()
    dut, row = operators(space), row_of(space)
    seen = set()
    for _ in range(500):
        before = list(row)
        dut.retile(row)
        assert len(changed(before, row, space)) in (0, 2)
        assert space.valid(np.array([row], np.int32)).all()
        seen.add(tuple(row[:3]))
    assert len(seen) == 18  # ways to write 12 as a product of three factors: 6 of 2 * 2, times 3 places of the 3


def test_small_steps_move_the_smallest_factor() -> None:
    space = factored()
    dut, before = operators(space, step_share=1.0), row_of(space)
    for _ in range(50):
        row = list(before)
        dut.retile(row)
        assert sorted(values(space, row)[f"{level}_K"] for level in ("top", "mesh_x", "low")) in ([1, 1, 12], [1, 2, 6])


def test_growing_makes_clusters_and_spreads_another_dimension_over_their_elements() -> None:
    space = clustered()
    grown = set()
    for seed in range(60):
        row = row_of(space)
        operators(space, seed=seed).grow(row)
        found = values(space, row)
        grown.add(found["cluster"])
        assert found["outer_parallel"] == "K" != found["inner_parallel"]
    assert grown == {2, 4, 8}


def test_ageing_takes_the_clusters_away() -> None:
    space = clustered()
    row = row_of(space, cluster=8)
    operators(space).age(row)
    assert row == row_of(space, cluster=1)


def test_a_cluster_changes_its_size_as_tiles_do_but_neither_appears_nor_vanishes_by_it() -> None:
    space = clustered()
    found: dict[int, set[int]] = {1: set(), 4: set()}
    for start, sizes in found.items():
        dut = operators(space)
        for _ in range(300):
            row = row_of(space, cluster=start)
            dut.retile(row)
            sizes.add(values(space, row)["cluster"])
    assert found == {1: {1}, 4: {2, 4, 8}}


@pytest.mark.parametrize(
    ("rate", "cluster", "touched"),
    [
        ("reorder", 1, {"outer_order", "inner_order"}),
        ("parallel", 1, {"outer_parallel", "inner_parallel"}),
        ("tile", 1, {"outer_K", "outer_C", "inner_K", "inner_C"}),
        ("grow", 1, {"cluster", "inner_parallel"}),
        ("grow", 2, set()),
        ("age", 2, {"cluster"}),
        ("age", 1, set()),
        ("other", 1, {"keep"}),
    ],
)
def test_each_rate_drives_its_own_operator(rate: str, cluster: int, touched: set[str]) -> None:
    space = clustered()
    before = row_of(space, cluster=cluster)
    dut, found = operators(space, replace(NEVER, **{rate: 1.0})), set()
    for _ in range(100):
        row = list(before)
        dut.mutate(row, 0)
        found |= changed(before, row, space)
    assert found == touched


def test_rates_are_kept_and_rise_with_every_attempt() -> None:
    space = clustered()
    before, dut = row_of(space), operators(space, replace(NEVER, other=0.2))

    def share(attempt: int) -> float:
        rows = [list(before) for _ in range(4000)]
        for row in rows:
            dut.mutate(row, attempt)
        return float(np.mean([row != before for row in rows]))

    assert share(0) == pytest.approx(0.2, abs=0.026)  # four standard errors
    assert share(4) == pytest.approx(0.6, abs=0.032)


def test_real_parameters_are_drawn_from_their_range() -> None:
    space = clustered(keep=Real("voltage", 0.5, 1.5, default=1.0))
    row: list[float] = [float(code) for code in space.from_designs([space.default]).codes[0]]
    operators(space).redraw_other(row)
    assert row[-1] != 1.0
    assert 0.5 <= row[-1] <= 1.5


# ---- the agent


def far(codes: NDArray[Any]) -> NDArray[np.float64]:
    """Distance from the last codes."""
    return np.asarray(-codes.sum(axis=1), np.float64)


def test_first_generation_is_the_default_and_distinct_random_mappings() -> None:
    trial = landscape(clustered(), far)
    rows = GammaAgent(trial.problem, seed=1, population=20).ask(1000).codes
    assert rows[0].tolist() == row_of(trial.problem.space)
    assert len({tuple(row) for row in rows}) == 20


@pytest.mark.parametrize("space", [clustered(), factored()], ids=["clustered", "factored"])
def test_every_proposal_is_valid_and_new(space: DesignSpace) -> None:
    trial = landscape(space, far)
    total = min(600, space.count())
    proposed = converse(GammaAgent(trial.problem, seed=2), trial, total, 16)
    assert len({tuple(row) for row in proposed}) == total
    assert space.valid(np.array(proposed, np.int32)).all()


def test_the_search_ends_when_the_space_does() -> None:
    space = clustered().restrict(outer_order=["KCY"], inner_order=["CYK"], outer_K=[2, 6], outer_C=[1], inner_C=[1])
    space = space.restrict(inner_K=[1, 4], keep=["W", "WI"], inner_parallel=["C"])
    trial = landscape(space, far)
    agent = GammaAgent(trial.problem, seed=3, population=4, offspring=4)
    proposed = converse(agent, trial, 10_000, 8)
    assert len(proposed) == len({tuple(row) for row in proposed}) == space.count() == 3 * 3 * 4 * 2
    assert len(agent.ask(8)) == 0


def test_a_mapping_told_without_being_asked_joins_the_parents() -> None:
    trial = landscape(clustered(), far)
    space = trial.problem.space
    agent = GammaAgent(
        trial.problem,
        seed=4,
        tournament=200,
        crossover_rate=0.0,
        reorder_rate=0.5,
        tile_rate=0.0,
        parallel_rate=0.0,
        grow_rate=0.0,
        age_rate=0.0,
        other_rate=0.0,
    )
    gift = [size - 1 for size in space.cardinalities.tolist()]
    agent.tell(told(trial, space.batch([gift])))
    first = agent.ask(1000)
    agent.tell(told(trial, first))
    orders = {"outer_order", "inner_order"}
    assert all(changed(gift, row, space) <= orders for row in agent.ask(3).codes.tolist())


def test_order_and_parts_of_the_results_do_not_matter() -> None:
    trial = landscape(clustered(), far)
    whole, parts = (GammaAgent(trial.problem, seed=5) for _ in range(2))
    for _ in range(6):
        results = told(trial, whole.ask(20))
        assert np.array_equal(parts.ask(20).codes, results.designs.codes)
        whole.tell(results)
        for rows in np.array_split(np.random.default_rng(1).permutation(len(results)), 3):
            parts.tell(part(results, rows))


@pytest.mark.parametrize(("name", "value"), [("reorder_rate", 1.5), ("population", 1), ("step_share", -0.1)])
def test_hyperparameters_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"agent 'gamma': {name}: expected"):
        GammaAgent(landscape(clustered(), far).problem, seed=1, **{name: value})  # type: ignore[arg-type]


def test_several_objectives_are_refused() -> None:
    trial = toy(metrics=("latency", "energy"))
    with pytest.raises(ConfigError, match="agent 'gamma': expected one objective"):
        GammaAgent(trial.problem, seed=1)


@pytest.mark.parametrize("space", ["maestro", "timeloop"])
def test_mappings_found_are_better_than_random_ones(space: str) -> None:
    options = {"architecture": "generic"} if space == "timeloop" else {}
    simulator = make_simulator("mapping", workload="resnet18/layer1_0_conv1", space=space, **options)
    problem = Problem("layer", simulator.space, Objective((Optimize("edp"),)), simulator.metrics, 300)
    trial = Trial(problem, simulator)

    def best(agent: Any) -> float:
        rows = np.array(converse(agent, trial, 300, 16), np.int32)
        return float(np.nanmin(simulator.evaluate(simulator.space.batch(rows)).metrics[:, 3]))

    found = [best(GammaAgent(problem, seed=seed)) for seed in range(5)]
    drawn = [best(RandomAgent(problem, seed=seed)) for seed in range(5)]
    assert simulator.metrics[3].name == "edp"
    assert np.median(found) < 0.8 * np.median(drawn)  # 0.57 and 0.69 of it over 20 seeds
