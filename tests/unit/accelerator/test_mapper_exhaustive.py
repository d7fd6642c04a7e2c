"""Complete enumeration finds what brute force finds, and its bounds never cut off a better mapping.

Searches here may price one mapping before they enumerate: so that it is the enumeration that finds the best one.
"""

from __future__ import annotations

import importlib.util
import math
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.batch import MappingBatch
from archgym.simulators.accelerator.constraints import ANYTHING, NOTHING, LevelConstraint, MapConstraints, slot
from archgym.simulators.accelerator.costs import Costs
from archgym.simulators.accelerator.engine import Engine, kernel_table
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapper import kernel
from archgym.simulators.accelerator.mapper.search import MapperOptions, lower_bound, map_layer, map_space_size, score
from archgym.simulators.accelerator.mapper.space import space_of
from archgym.simulators.accelerator.mapping import Mapping, level_mapping


def _beside(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


cases, nest_cases = _beside("mapper_cases"), _beside("nest_cases")

PRODUCT = Layer("product", 1, 4, 2, 3, 1, 1, 1, kind="gemm")
WINDOW = Layer("window", 1, 1, 2, 4, 1, 2, 1)
CHANNELS = Layer("channels", 1, 4, 1, 2, 1, 2, 1, kind="depthwise")
GROUPED = Layer("grouped", 1, 4, 4, 3, 1, 1, 1, groups=2)


def fixed(architecture: Architecture) -> MapConstraints:
    """Everything is kept where it may be; any factors, any orders."""
    base = MapConstraints.unconstrained(architecture)
    pairs = zip(base.levels, architecture.levels, strict=True)
    return MapConstraints(tuple(replace(constraint, keep=level.keeps) for constraint, level in pairs))


def ordered(architecture: Architecture) -> MapConstraints:
    """Orders are given, so that the bound of a branch can see what is filled again."""
    everything = slot("NCMPQRS", order="PCNMQSR")
    inner = slot("NCMPQRS", order="MRCPNQS")
    levels = [LevelConstraint("DRAM", frozenset("WIO"), everything, NOTHING, NOTHING)]
    for i, level in enumerate(architecture.levels[1:], start=1):
        x, y = (slot("CP", order="CP") if fan > 1 else NOTHING for fan in architecture.fan_out(i))
        levels.append(LevelConstraint(level.name, level.keeps, inner, x, y))
    return MapConstraints(tuple(levels))


def brute_force(architecture: Architecture, layer: Layer, constraints: MapConstraints, objective: str) -> float:
    """The best score of all mappings."""
    batch = MappingBatch.of(list(cases.every_mapping(architecture, layer, constraints)))
    result = Engine(architecture, layer).evaluate(batch)
    columns = zip(result.cycles[result.valid].tolist(), result.energy_pj[result.valid].tolist(), strict=True)
    return min(score(objective, cycles, energy_pj) for cycles, energy_pj in columns)


@pytest.mark.parametrize("objective", ["edp", "energy", "delay", "ed2p"])
@pytest.mark.parametrize("layer", [PRODUCT, WINDOW, CHANNELS, GROUPED], ids=lambda layer: layer.name)
def test_enumeration_finds_what_brute_force_finds(layer, objective):
    for architecture in (cases.two_levels(), cases.two_levels(9, (2, 2), 0.5), cases.two_levels(12, keeps="WO")):
        for constraints in (MapConstraints.unconstrained(architecture), fixed(architecture), ordered(architecture)):
            found = map_layer(architecture, layer, constraints, MapperOptions(1, objective=objective))
            assert found.optimal
            assert found.score == brute_force(architecture, layer, constraints, objective)


@pytest.mark.parametrize("layer", [PRODUCT, WINDOW, CHANNELS], ids=lambda layer: layer.name)
def test_three_levels_with_given_orders_are_solved(layer):
    for architecture in (cases.three_levels(), cases.three_levels(18, 4, (2, 1)), cases.three_levels(64, 3, (1, 2))):
        constraints = ordered(architecture)
        found = map_layer(architecture, layer, constraints, MapperOptions(evaluations=1))
        assert found.optimal
        assert found.score == brute_force(architecture, layer, constraints, "edp")


def test_dimensions_that_are_at_home_on_a_mesh_are_enumerated_too():
    """Where all of a dimension may be on a mesh and has to leave it for others, no branch is cut off too early."""
    architecture = cases.three_levels(24, 8, (4, 3))
    layer = Layer("meshes", 1, 4, 4, 6, 1, 1, 1, kind="gemm")
    outer = LevelConstraint("DRAM", frozenset("WIO"), slot("CM", order="CM"), NOTHING, NOTHING)
    for inner in (slot("C"), slot("CP", order="PC")):
        constraints = MapConstraints(
            (
                outer,
                LevelConstraint("buffer", frozenset("WIO"), NOTHING, slot("CMP", order="CMP"), slot("P")),
                LevelConstraint("registers", frozenset("WO"), inner, NOTHING, NOTHING),
            )
        )
        for objective in ("edp", "delay"):
            found = map_layer(architecture, layer, constraints, MapperOptions(1, objective=objective))
            assert found.optimal
            assert found.score == brute_force(architecture, layer, constraints, objective)


def test_among_equal_delays_the_one_of_less_energy_is_found():
    architecture = cases.two_levels(16, (2, 2))
    constraints = ordered(architecture)
    found = map_layer(architecture, PRODUCT, constraints, MapperOptions(1, objective="delay"))
    batch = MappingBatch.of(list(cases.every_mapping(architecture, PRODUCT, constraints)))
    result = Engine(architecture, PRODUCT).evaluate(batch)
    fastest = result.valid & (result.cycles == found.cycles)
    assert found.energy_pj == result.energy_pj[fastest].min()
    assert result.energy_pj[fastest].max() > found.energy_pj


def test_enumeration_of_a_small_space_needs_no_search_to_be_complete():
    architecture = cases.two_levels()
    one = map_layer(architecture, PRODUCT, ordered(architecture), MapperOptions(evaluations=1))
    many = map_layer(architecture, PRODUCT, ordered(architecture), MapperOptions(evaluations=500, seed=9))
    assert one.optimal
    assert one.score == many.score


def test_without_enumeration_nothing_is_claimed():
    architecture = cases.two_levels()
    found = map_layer(architecture, PRODUCT, ordered(architecture), MapperOptions(exhaustive_limit=0))
    assert not found.optimal


def test_a_space_is_as_large_as_the_list_of_its_mappings():
    architecture = cases.two_levels(16, (2, 2))
    constraints = ordered(architecture)
    listed = list(cases.every_mapping(architecture, PRODUCT, constraints))
    assert map_space_size(architecture, PRODUCT, constraints) == len(set(listed)) == len(listed)


def test_the_size_counts_splits_orders_and_what_is_kept():
    architecture = cases.two_levels(16, (2, 1))
    # C = 4, M = 2 and P = 3 over two temporal slots and one mesh: 6 x 3 x 3 splits; 3! orders in each of the three
    # slots; three tensors to keep in the buffer, or not.
    assert map_space_size(architecture, PRODUCT, MapConstraints.unconstrained(architecture)) == 54 * 6**3 * 8


def test_the_size_is_exact_beyond_64_bits():
    architecture = cases.three_levels()
    layer = Layer("large", 16, 512, 512, 64, 64, 3, 3)
    # Three temporal slots and a mesh in X and in Y: five slots.
    splits = math.prod(math.comb(e + 4, 4) for e in (4, 9, 9, 6, 6, 1, 1))
    expected = splits * math.factorial(7) ** 5 * 2**6
    assert map_space_size(architecture, layer, MapConstraints.unconstrained(architecture)) == expected
    assert expected > 2**64


def test_no_mapping_beats_the_bounds():
    rng = random.Random(20230617)
    for _ in range(400):
        layer = rng.choice([nest_cases.some_layer, nest_cases.some_window])(rng)
        levels = rng.choice([1, 2, 3])
        mapping = nest_cases.some_mapping(rng, layer, levels)
        architecture = _with_one_hot_price(rng, nest_cases.fitting_architecture(rng, mapping))
        price = Engine(architecture, layer).explain(mapping)
        kept = [
            LevelConstraint(level.name, mapped.keep)
            for level, mapped in zip(architecture.levels, mapping.levels, strict=True)
        ]
        for constraints in (None, MapConstraints(tuple(kept))):
            cycles, energy_pj = lower_bound(architecture, layer, constraints)
            assert cycles <= price.cycles
            assert energy_pj <= price.energy_pj
        assert branch_bound(architecture, layer, mapping, MapConstraints(tuple(kept))) <= price.energy_pj


def test_rounds_that_neighbours_serve_do_not_count_in_the_bound():
    """Three elements at P = 0, 1, 2 slide along R, and back whenever M goes on: all but one get theirs from a
    neighbour, so that four rounds read less than four times the five inputs."""
    layer = Layer("slide", 1, 1, 4, 3, 1, 3, 1)
    architecture = cases.three_levels(64, 8, (3, 1))
    free = {"read_pj": 0.0, "write_pj": 0.0, "update_pj": 0.0, "leak_pj": 0.0}
    dram, buffer, registers = (replace(level, block_words=1, **free) for level in architecture.levels)
    levels = (dram, replace(buffer, read_pj=1.0), registers)
    architecture = replace(architecture, levels=levels, mac=replace(architecture.mac, compute_pj=0.0))
    mapping = Mapping(
        (
            level_mapping("WIO"),
            level_mapping("I", [["M", 4], ["R", 3]], [["P", 3]]),
            level_mapping("I"),
        )
    )
    kept = tuple(LevelConstraint(level.name, mapped.keep) for level, mapped in zip(levels, mapping.levels, strict=True))
    read = Engine(architecture, layer).explain(mapping).levels[1].tensors["I"].reads
    assert read == 3 + 2 + 3 * (1 + 2)
    # One word less than there are inputs: the bound spares what an instance may round down.
    bound = branch_bound(architecture, layer, mapping, MapConstraints(kept))
    assert bound == pytest.approx(layer.words("I") - 1)
    assert bound < read < 4 * layer.words("I")


def branch_bound(architecture: Architecture, layer: Layer, mapping: Any, constraints: MapConstraints) -> float:
    """The bound that enumeration sets against the best, with all of *mapping* settled and its orders given."""
    space = space_of(architecture, layer, constraints)
    problem, tree = space.problem.copy(), space.tree.copy()
    problem["groups"] = layer.groups
    problem["order_free"][:] = 0
    tree["last_of"][:] = -1
    batch = MappingBatch.of([mapping])
    factors, orders = batch.factors.reshape(-1), batch.orders.reshape(-1)
    table, costs = kernel_table(architecture, layer), Costs.of(architecture).table
    return float(kernel._least_pj(table, problem, costs, factors, orders, tree, 10**6))


def _with_one_hot_price(rng: random.Random, architecture: Architecture) -> Architecture:
    """Often only one kind of access of one level costs anything, so that no other hides a bound that is too high."""
    if rng.random() < 0.3:
        return architecture
    free = {"read_pj": 0.0, "write_pj": 0.0, "update_pj": 0.0, "leak_pj": 0.0}
    levels = [replace(level, **free) for level in architecture.levels]
    hot = rng.randrange(len(levels))
    levels[hot] = replace(levels[hot], **{rng.choice(list(free)): 1.0})
    return replace(architecture, levels=tuple(levels), mac=replace(architecture.mac, compute_pj=0.0))


def test_the_bound_is_the_compute_roofline_where_ports_do_not_limit():
    architecture = cases.three_levels(mesh=(2, 2))
    layer = Layer("even", 1, 4, 4, 4, 1, 1, 1, kind="gemm")
    cycles, _ = lower_bound(replace(architecture, levels=(_unlimited(architecture), *architecture.levels[1:])), layer)
    assert cycles == 64 / 4


def test_the_bound_is_the_port_of_dram_where_that_limits():
    architecture = cases.two_levels(16, (2, 1), bandwidth=0.25)
    cycles, _ = lower_bound(architecture, PRODUCT)
    assert cycles == pytest.approx((4 * 2 + 4 * 3) / 0.25)  # W and I, each word once


def test_multipliers_that_no_factor_fits_do_not_count():
    architecture = cases.two_levels(16, (7, 1))
    cycles, _ = lower_bound(architecture, PRODUCT)  # 24 multiplications; 6 is the largest factor up to 7
    assert cycles == 24 / 6


def _unlimited(architecture: Architecture) -> Any:
    return replace(architecture.levels[0], read_bandwidth=None, write_bandwidth=None)


def test_orders_that_are_free_are_all_enumerated():
    """The best order of a level is found although the enumeration begins with another one."""
    architecture = cases.two_levels(6, (1, 1), keeps="O")
    constraints = MapConstraints(
        (
            LevelConstraint("DRAM", frozenset("WIO"), ANYTHING, NOTHING, NOTHING),
            LevelConstraint("buffer", frozenset("O"), NOTHING, NOTHING, NOTHING),
        )
    )
    found = map_layer(architecture, PRODUCT, constraints, MapperOptions(evaluations=1))
    # All loops are DRAM's: partial sums stay in the buffer only if the reduction C is innermost.
    assert found.mapping is not None
    assert found.mapping.levels[0].temporal[-1] == ("C", 4)
    assert np.isclose(found.score, brute_force(architecture, PRODUCT, constraints, "edp"))
