"""Random spaces under random constraints: every answer equals the one found by trying all designs in plain Python."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archgym.errors import DesignError
from archgym.space import (
    Categorical,
    DesignBatch,
    DesignSpace,
    Integer,
    OnlyWhen,
    Ordinal,
    Predicate,
    ProductEquals,
    Real,
    Requires,
    SumAtMost,
)
from archgym.views.box import BoxView
from archgym.views.dict import DictView
from archgym.views.multi_discrete import MultiDiscreteView
from archgym.views.one_hot import OneHotView
from archgym.views.split import SplitView
from archgym.views.steps import StepsView
from archgym.views.unit_cube import UnitCubeView

SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@dataclass(frozen=True)
class Case:
    """A space, and its valid index rows as plain Python finds them, in lexicographic order."""

    space: DesignSpace
    valid: list[tuple[int, ...]]

    def rows(self) -> list[tuple[int, ...]]:
        """Every combination, valid or not."""
        return list(itertools.product(*(range(size) for size in self.space.cardinalities)))


def obeys(constraint: Any, design: dict[str, Any]) -> bool:
    """The meaning of each constraint, written a second time."""
    match constraint:
        case Predicate():
            return bool(constraint.test({name: np.array([design[name]]) for name in constraint.scope})[0])
        case ProductEquals():
            return math.prod(design[name] for name in constraint.scope) == constraint.product
        case SumAtMost():
            return sum(Fraction(str(design[name])) for name in constraint.scope) <= Fraction(str(constraint.limit))
        case Requires():
            met = all(design[name] in values for name, values in constraint.when.items())
            return not met or design[constraint.parameter] in constraint.values
        case OnlyWhen():
            met = all(design[name] in values for name, values in constraint.when.items())
            return met or design[constraint.parameter] == constraint.otherwise
    raise AssertionError(constraint)


@st.composite
def parameters(draw: st.DrawFn, name: str) -> Any:
    match draw(st.sampled_from(["categorical", "bool", "ordinal", "decimal", "integer"])):
        case "categorical":
            return Categorical(name, tuple("pqrst"[: draw(st.integers(1, 4))]))
        case "bool":
            return Categorical(name, (False, True))
        case "ordinal":
            return Ordinal(
                name, tuple(sorted(draw(st.sets(st.sampled_from([1, 2, 3, 4, 6, 8]), min_size=1, max_size=4))))
            )
        case "decimal":
            return Ordinal(name, tuple(sorted(draw(st.sets(st.sampled_from([-0.2, 0.1, 0.2, 0.3, 1.5]), min_size=1)))))
    low = draw(st.integers(-2, 3))
    step = draw(st.integers(1, 2))
    return Integer(name, low, low + step * draw(st.integers(0, 3)), step)


@st.composite
def constraints(draw: st.DrawFn, name: str, over: list[Any]) -> Any:
    scope = draw(st.permutations(over))[: draw(st.integers(1, len(over)))]
    names = tuple(p.name for p in scope)
    positive = [p for p in scope if p.kind == "int64" and min(p.values) > 0]
    numeric = [p for p in scope if p.kind in ("int64", "float64")]
    kinds = ["predicate"]
    kinds += ["requires", "only_when"] if len(scope) > 1 else []
    kinds += ["product"] if positive else []
    kinds += ["sum"] if numeric else []
    match draw(st.sampled_from(kinds)):
        case "product":
            target = math.prod(draw(st.sampled_from(p.values)) for p in positive)
            return ProductEquals(name, tuple(p.name for p in positive), target)
        case "sum":
            limit = sum(Fraction(str(draw(st.sampled_from(p.values)))) for p in numeric)
            return SumAtMost(name, tuple(p.name for p in numeric), float(limit))
        case "predicate":
            combinations = list(itertools.product(*(p.values for p in scope)))
            return Predicate(name, names, forbid(names, draw(st.sets(st.sampled_from(combinations)))), "not forbidden")
    when = {p.name: draw(st.lists(st.sampled_from(p.values), min_size=1, unique=True)) for p in scope[1:]}
    values = tuple(draw(st.lists(st.sampled_from(scope[0].values), min_size=1, unique=True)))
    if draw(st.booleans()):
        return Requires(name, scope[0].name, values, when)
    return OnlyWhen(scope[0].name, when, values[0])


def forbid(names: tuple[str, ...], bad: set[tuple[Any, ...]]) -> Callable[[Any], Any]:
    def test(columns: Any) -> Any:
        rows = zip(*(columns[name].tolist() for name in names), strict=True)
        return np.array([row not in bad for row in rows], bool)

    return test


@st.composite
def cases(draw: st.DrawFn) -> Case:
    ps = [draw(parameters(name)) for name in "abcde"[: draw(st.integers(1, 5))]]
    assume(math.prod(p.size for p in ps) <= 400)
    cs = [draw(constraints(f"c{i}", ps)) for i in range(draw(st.integers(0, 3)))]
    assume(len({c.name for c in cs}) == len(cs))
    valid = []
    for row in itertools.product(*(range(p.size) for p in ps)):
        design = {p.name: p.values[i] for p, i in zip(ps, row, strict=True)}
        if all(obeys(c, design) for c in cs):
            valid.append(row)
    assume(valid)
    default = draw(st.sampled_from(valid))
    space = DesignSpace([replace(p, default=p.values[i]) for p, i in zip(ps, default, strict=True)], cs, "random")
    return Case(space, valid)


@SETTINGS
@given(cases(), st.integers(1, 50))
def test_the_space_holds_exactly_the_designs_that_obey_its_constraints(case: Case, chunk: int) -> None:
    space, rows = case.space, case.rows()
    verdict = space.valid(rows)
    assert [row for row, ok in zip(rows, verdict, strict=True) if ok] == case.valid
    assert [bool(space.valid([row])[0]) for row in rows] == verdict.tolist()
    assert space.count() == len(case.valid)
    batches = list(space.enumerate(chunk))
    assert [tuple(row) for batch in batches for row in batch.codes.tolist()] == case.valid
    assert all(len(batch) == chunk for batch in batches[:-1])
    for row, ok in zip(rows, verdict, strict=True):
        design = {p.name: p.values[i] for p, i in zip(space.parameters, row, strict=True)}
        broken = [c.name for c in space.constraints if not obeys(c, design)]
        assert len(space.why_invalid(design)) == len(broken)
        assert ok == (not broken)


@SETTINGS
@given(cases())
def test_rank_and_unrank_undo_each_other(case: Case) -> None:
    everything = case.space.batch(case.valid)
    assert case.space.rank(everything).tolist() == list(range(len(case.valid)))
    assert (case.space.unrank(range(len(case.valid))).codes == everything.codes).all()


@SETTINGS
@given(cases())
def test_a_value_is_allowed_exactly_where_a_completion_exists(case: Case) -> None:
    for k in range(case.space.d):
        futures: dict[tuple[int, ...], set[int]] = {}
        for row in case.valid:
            futures.setdefault(row[:k], set()).add(row[k])
        for prefix in itertools.product(*(range(size) for size in case.space.cardinalities[:k])):
            assert set(np.flatnonzero(case.space.allowed(prefix))) == futures.get(prefix, set())


def project_by_hand(case: Case, row: tuple[int, ...]) -> tuple[int, ...]:
    chosen: tuple[int, ...] = ()
    for k, parameter in enumerate(case.space.parameters):
        possible = {valid[k] for valid in case.valid if valid[:k] == chosen}
        size = parameter.size or 0
        cost = (lambda v, w=row[k]: (abs(v - w), v)) if parameter.ordered else (lambda v, w=row[k]: ((v - w) % size, v))  # noqa: B023
        chosen += (min(possible, key=cost),)
    return chosen


@SETTINGS
@given(cases())
def test_projection_changes_as_little_as_it_must_parameter_by_parameter(case: Case) -> None:
    rows = case.rows()
    expected = [project_by_hand(case, row) for row in rows]
    assert [tuple(row) for row in case.space.project(rows).tolist()] == expected
    assert [tuple(case.space.project([row])[0].tolist()) for row in rows] == expected
    assert (case.space.project(case.valid) == np.array(case.valid)).all()


@SETTINGS
@given(cases(), st.integers(0, 2**32))
def test_samples_are_valid_and_repeat_with_the_seed(case: Case, seed: int) -> None:
    first = case.space.sample(20, np.random.default_rng(seed))
    assert {tuple(row) for row in first.codes.tolist()} <= set(case.valid)
    assert (first.codes == case.space.sample(20, np.random.default_rng(seed)).codes).all()


@SETTINGS
@given(cases(), st.data())
def test_a_restricted_space_holds_the_designs_with_the_kept_values(case: Case, data: st.DataObject) -> None:
    kept = {
        p.name: data.draw(st.lists(st.sampled_from(p.values), min_size=1, unique=True))
        for p in case.space.parameters
        if data.draw(st.booleans())
    }
    designs = case.space.batch(case.valid).designs()
    expected = [design for design in designs if all(design[name] in values for name, values in kept.items())]
    if not expected:
        with pytest.raises(DesignError, match="no valid design"):
            case.space.restrict(**kept)
        return
    smaller = case.space.restrict(**kept)
    assert DesignBatch.concat(smaller.enumerate()).designs() == expected
    assert smaller.default in expected
    assert smaller.restrict().fingerprint == smaller.fingerprint


def same(left: DesignBatch, right: DesignBatch) -> bool:
    return left.codes.dtype == right.codes.dtype and np.array_equal(left.codes, right.codes)


def points_of(view: Any, rng: np.random.Generator, n: int) -> Any:
    """*n* arbitrary points of a view."""
    space: DesignSpace = view.space
    match view:
        case UnitCubeView():
            return rng.choice([0.0, 1.0, *rng.random(5)], (n, space.d))
        case BoxView():
            return np.stack([view.gym_space.sample() for _ in range(n)])
        case OneHotView():
            return rng.normal(size=(n, view.width)) * rng.choice([0, 1], n)[:, None]
        case DictView():
            return {name: rng.integers(0, size, n) for name, size in zip(space.names, space.cardinalities, strict=True)}
        case SplitView():
            return view.encode(DesignBatch(space, rng.integers(0, space.cardinalities, (n, space.d))))
        case _:
            return rng.integers(0, space.cardinalities, (n, space.d))


VIEWS: list[Callable[[DesignSpace], Any]] = [
    UnitCubeView,
    BoxView,
    OneHotView,
    MultiDiscreteView,
    DictView,
    SplitView,
    lambda space: SplitView(space, {"last": space.names[1:], "first": space.names[:1]} if space.d > 1 else None),
    StepsView,
]


@pytest.mark.parametrize("make", VIEWS)
@settings(SETTINGS, max_examples=30)
@given(case=cases(), seed=st.integers(0, 2**32))
def test_a_view_reaches_every_valid_design_and_only_those(make: Any, case: Case, seed: int) -> None:
    view = make(case.space)
    everything = case.space.batch(case.valid)
    assert same(view.decode(view.encode(everything)), everything)
    for i in range(min(len(everything), 5)):
        assert same(view.decode(view.encode(everything[i])), everything[i])
    assert same(view.decode(view.encode(everything[:0])), everything[:0])
    points = points_of(view, np.random.default_rng(seed), 40)
    reached = view.decode(points)
    assert case.space.valid(reached).all()
    again = view.decode({k: v[:1] for k, v in points.items()} if isinstance(points, dict) else points[:1])
    assert same(again, reached[0])


@SETTINGS
@given(cases(), st.integers(0, 2**32))
def test_steps_through_the_masks_never_run_into_a_dead_end(case: Case, seed: int) -> None:
    rng = np.random.default_rng(seed)
    view = StepsView(case.space)
    steps = view.start(16)
    while not steps.done:
        masks = steps.masks()
        assert (masks[0] == view.mask(steps.prefix[0, : steps.position])).all()
        steps.step(np.array([rng.choice(np.flatnonzero(mask)) for mask in masks]))
    assert {tuple(row) for row in steps.batch().codes.tolist()} <= set(case.valid)


@SETTINGS
@given(cases(), st.booleans(), st.integers(0, 2**32))
def test_a_real_parameter_beside_constrained_ones(case: Case, log: bool, seed: int) -> None:
    real = Real("voltage", 0.5, 1.5, log=log)
    space = DesignSpace([real, *case.space.parameters], case.space.constraints)
    sampled = space.sample(30, np.random.default_rng(seed))
    assert space.valid(sampled).all()
    assert ((sampled.codes[:, 0] >= 0.5) & (sampled.codes[:, 0] <= 1.5)).all()
    assert same(space.batch(sampled.codes), sampled)
    assert same(space.from_designs(sampled.designs()), sampled)
    for view in (UnitCubeView(space), OneHotView(space), BoxView(space), DictView(space)):
        again = view.decode(view.encode(sampled))
        assert np.array_equal(again.codes[:, 1:], sampled.codes[:, 1:])
        tolerance = 1e-6 if isinstance(view, BoxView) else 1e-12
        np.testing.assert_allclose(again.codes[:, 0], sampled.codes[:, 0], rtol=tolerance)
