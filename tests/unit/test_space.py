"""The design space: what it refuses, how it names it, its speed paths and its identity."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import archgym.compilation
from archgym.errors import DesignError, SpaceError
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


def not_both_large(columns: Any) -> Any:
    return ~((columns["rows"] == 8) & (columns["banks"] == 8))


POLICY = Categorical("policy", ("Open", "Closed", "Adaptive"), "what happens to a row after an access")
ROWS = Ordinal("rows", (1, 2, 8), "KiB")
BANKS = Integer("banks", 1, 8)
ECC = Categorical("ecc", (False, True))
SPACE = DesignSpace(
    (POLICY, ROWS, BANKS, ECC),
    (
        Predicate("area", ("rows", "banks"), not_both_large, "rows and banks are not both at their largest"),
        OnlyWhen("ecc", {"policy": ["Open", "Closed"]}, False),
    ),
    "memory",
)
VALID = {"policy": "Closed", "rows": 2, "banks": 5, "ecc": True}


def test_a_design_survives_the_way_to_codes_and_back() -> None:
    batch = SPACE.from_designs([VALID, SPACE.default])
    assert batch.codes.dtype == np.int32
    assert batch.codes.tolist() == [[1, 1, 4, 1], [0, 0, 0, 0]]
    assert batch.designs() == [VALID, SPACE.default]
    assert {name: column.dtype.kind for name, column in batch.columns().items()} == {
        "policy": "U",
        "rows": "i",
        "banks": "i",
        "ecc": "b",
    }
    assert [type(value) for value in batch.designs()[0].values()] == [str, int, int, bool]
    assert SPACE.from_designs([]).codes.shape == (0, 4)


def test_kinds_follow_the_values() -> None:
    assert Ordinal("x", (1, 2.5)).values == (1.0, 2.5)
    kinds = [p.kind for p in (POLICY, ROWS, ECC, Ordinal("x", (1, 2.5)), Real("y", 0, 1), BANKS)]
    assert kinds == ["string", "int64", "bool", "float64", "float64", "int64"]
    assert Ordinal("x", tuple(np.array([1, 2]))).values == (1, 2)


def test_batches_are_private_copies_that_nobody_can_change() -> None:
    codes = np.zeros((2, 4), np.int32)
    batch = SPACE.batch(codes)
    codes[:] = 1
    assert not batch.codes.any()
    assert codes.flags.writeable
    for part in (
        batch,
        pickle.loads(pickle.dumps(batch)),
        batch[:1],
        batch[np.array([True, False])],
        DesignBatch.concat([batch, batch]),
    ):
        with pytest.raises(ValueError, match="read-only"):
            part.codes[0, 0] = 1


def test_rows_are_chosen_by_slice_mask_indices_or_one_index() -> None:
    batch = SPACE.unrank(range(5))
    assert len(batch[1:3]) == 2
    assert len(batch[np.array([True, False, True, False, False])]) == 2
    assert (batch[np.array([4, 0])].codes == batch.codes[[4, 0]]).all()
    assert batch[-1].codes.tolist() == [batch.codes[4].tolist()]
    assert len(DesignBatch.concat([batch, batch[:2]])) == 7


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({**VALID, "polcy": 1}, "parameter 'polcy': did you mean 'policy'\\? known: banks, ecc, policy, rows"),
        ({"policy": "Open"}, "a design must name every parameter; missing: rows, banks, ecc"),
        ({**VALID, "policy": "open"}, "'policy' has no value 'open': did you mean 'Open'\\?"),
        ({**VALID, "rows": 7}, "'rows' has no value 7: nearest is 8 \\(of 3 values from 1 to 8\\)"),
        ({**VALID, "banks": "4"}, "'banks' has no value '4': did you mean '4'\\?"),
        ({**VALID, "banks": True}, "'banks' has no value True"),
        ({**VALID, "ecc": 1}, "'ecc' has no value 1"),
        ({**VALID, "rows": [1]}, "'rows' has no value \\[1\\]"),
    ],
)
def test_a_wrong_design_is_refused_with_the_nearest_right_one(design: dict[str, Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        SPACE.from_designs([VALID, design])
    assert len(SPACE.why_invalid(design)) == 1


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ([0, 0, 0, 0], r"expected codes of shape \(n, 4\).*got \(4,\)"),
        ([[0, 0, 0]], r"got \(1, 3\)"),
        ([[0, 0, 8, 0]], "row 0, parameter 'banks': expected an index from 0 to 7, got 8"),
        ([[0, 0, 0, 0], [0, -1, 0, 0]], "row 1, parameter 'rows': expected an index from 0 to 2, got -1"),
        ([[0, 0, 2**32, 0]], "got 4294967296"),
        ([[0.0, 0, 0, 0]], "expected integer value indices, got float64"),
        (np.full((3, 4), 2**63, np.uint64), "row 0, parameter 'policy'"),
    ],
)
def test_codes_out_of_range_are_refused(codes: Any, message: str) -> None:
    for use in (SPACE.batch, SPACE.valid, SPACE.project):
        with pytest.raises(DesignError, match=message):
            use(codes)


def test_mixed_spaces_hold_values_beside_indices() -> None:
    space = DesignSpace((POLICY, Real("voltage", 0.5, 1.5, default=1.0)))
    assert not space.finite
    assert space.size is None
    assert space.cardinalities.tolist() == [3, 0]
    assert space.from_designs([{"policy": "Closed", "voltage": 1}]).codes.tolist() == [[1.0, 1.0]]
    for bad, message in (
        ([[0.5, 1.0]], "expected an index from 0 to 2, got 0.5"),
        ([[0, 2.0]], "expected a number from 0.5 to 1.5, got 2.0"),
        ([[0, math.nan]], "got nan"),
    ):
        with pytest.raises(DesignError, match=message):
            space.batch(bad)
    for use in (space.count, space.enumerate, lambda: space.rank(space.batch([[0, 1.0]]))):
        with pytest.raises(SpaceError, match="parameter 'voltage' is Real"):
            use()


def test_reasons_name_the_constraint_what_it_demands_and_what_came() -> None:
    assert SPACE.why_invalid(VALID) == []
    broken = {**VALID, "policy": "Adaptive", "rows": 8, "banks": 8}
    assert SPACE.why_invalid(broken) == [
        "area: expected rows and banks are not both at their largest, got rows=8, banks=8",
        "ecc only when policy in ['Open', 'Closed']: expected ecc == False unless policy in ['Open', 'Closed'], "
        "got ecc=True, policy='Adaptive'",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Categorical("x", ()), "'x': expected at least one value"),
        (lambda: Categorical("x", ("a", 1)), "all strings, all booleans or all numbers"),
        (lambda: Categorical("x", ("a", "a")), "values occur twice"),
        (lambda: Categorical("x", "abc"), "expected a sequence of values"),  # type: ignore[arg-type]
        (lambda: Categorical("x", ("a",), default="b"), "default 'b' is not one of its values 'a'"),
        (lambda: Ordinal("x", (2, 1)), "strictly increasing"),
        (lambda: Ordinal("x", (1.0, math.inf)), "finite numbers"),
        (lambda: Ordinal("x", ("a",)), "expected numbers"),  # type: ignore[arg-type]
        (lambda: Integer("x", 0, 5, 2), "high = low \\+ a multiple of step"),
        (lambda: Integer("x", 0, 2**30), "too many"),
        (lambda: Integer("x", 0, 1.5), "integer high"),  # type: ignore[arg-type]
        (lambda: Real("x", 1, 1), "finite low < high"),
        (lambda: Real("x", 0, 1, log=True), "needs low > 0"),
        (lambda: Real("x", 0, 1, default=2), "outside"),
        (lambda: DesignSpace(()), "at least one parameter"),
        (lambda: DesignSpace((ROWS, ROWS)), "parameter 'rows' is defined twice"),
        (lambda: DesignSpace((ROWS,), (SumAtMost("s", ("row",), 3),)), "'row': did you mean 'rows'"),
        (lambda: DesignSpace((ROWS,), (SumAtMost("s", ("rows", "rows"), 3),)), "distinct parameters"),
        (lambda: DesignSpace((ROWS,), (SumAtMost("s", ("rows",), 3),) * 2), "constraint 's' is defined twice"),
        (lambda: DesignSpace((POLICY,), (SumAtMost("s", ("policy",), 3),)), "must hold numbers only"),
        (lambda: DesignSpace((Integer("x", 0, 4),), (ProductEquals("p", ("x",), 4),)), "integers >= 1 only"),
        (lambda: DesignSpace((Real("x", 0, 4),), (SumAtMost("p", ("x",), 4),)), "'x' is Real; use Ordinal"),
        (
            lambda: DesignSpace((ROWS, POLICY), (Requires("r", "rows", (1,), {"policy": ["open"]}),)),
            "'policy' has no value 'open': did you mean 'Open'",
        ),
        (lambda: DesignSpace((ROWS,), (OnlyWhen("rows", {}, 1),)), "'when' must name at least one other"),
        (lambda: DesignSpace((ROWS,), (ProductEquals("p", ("rows",), 8),)), "default design is invalid: p: expected"),
        (lambda: Predicate("p", ("x",), not_both_large, " "), "say in 'doc'"),
        (
            lambda: DesignSpace((ROWS,), (Predicate("p", ("rows",), lambda c: True, "always"),)),
            "must return a bool array of shape \\(1,\\)",
        ),
    ],
)
def test_a_wrong_definition_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        make()


def test_restriction_keeps_the_parameter_and_moves_the_default() -> None:
    smaller = SPACE.restrict(policy="Adaptive", banks=[8, 3])
    assert smaller.parameters[0] == Categorical("policy", ("Adaptive",), POLICY.doc, "Adaptive")
    assert smaller.parameters[2] == Ordinal("banks", (3, 8), default=3)
    assert smaller.default == {"policy": "Adaptive", "rows": 1, "banks": 3, "ecc": False}
    assert smaller.count() == 1 * (3 * 2 - 1)  # ecc needs another policy; rows = banks = 8 is out
    assert smaller.origin is SPACE
    assert smaller.restrict(banks=8).default["banks"] == 8
    assert pickle.loads(pickle.dumps(smaller)) == smaller


def test_a_restriction_to_nothing_or_to_unknown_values_is_refused() -> None:
    with pytest.raises(DesignError, match="no valid design with policy='Adaptive', ecc=True"):
        SPACE.restrict(policy="Adaptive", ecc=True)
    with pytest.raises(DesignError, match="did you mean 'Open'"):
        SPACE.restrict(policy=["Opne"])
    with pytest.raises(DesignError, match="did you mean 'banks'"):
        SPACE.restrict(bank=1)
    with pytest.raises(DesignError, match="at least one value"):
        SPACE.restrict(banks=[])
    with pytest.raises(DesignError, match=r"numbers from 0\.0 to 1\.0, got 2"):
        DesignSpace((Real("x", 0, 1),)).restrict(x=2)


def test_a_real_parameter_can_be_restricted_to_numbers() -> None:
    space = DesignSpace((Real("x", 0, 1, unit="V", default=0.8),)).restrict(x=[1, 0.5])
    assert space.parameters == (Ordinal("x", (0.5, 1.0), "V", default=1.0),)
    assert space.finite


def test_the_fingerprint_follows_the_meaning_and_nothing_else() -> None:
    def with_rule(doc: str, definition: str = "") -> str:
        return DesignSpace(
            (ROWS, BANKS), (Predicate("area", ("rows", "banks"), not_both_large, doc, definition),)
        ).fingerprint

    base = DesignSpace((ROWS, BANKS)).fingerprint
    assert len(base) == 16
    assert DesignSpace((Ordinal("rows", (1, 2, 8), "KiB", "documented", 2), BANKS), name="named").fingerprint == base
    different = {
        base,
        DesignSpace((BANKS, ROWS)).fingerprint,
        DesignSpace((Ordinal("rows", (1, 2, 8), "MiB"), BANKS)).fingerprint,
        DesignSpace((Ordinal("rows", (1, 2, 4), "KiB"), BANKS)).fingerprint,
        DesignSpace((Categorical("rows", (1, 2, 8)), BANKS)).fingerprint,
        DesignSpace((ROWS, BANKS), (SumAtMost("s", ("rows", "banks"), 9),)).fingerprint,
        DesignSpace((ROWS, BANKS), (SumAtMost("s", ("rows", "banks"), 10),)).fingerprint,
        with_rule("one"),
        with_rule("two"),
    }
    assert len(different) == 9
    assert with_rule("reworded", "one") == with_rule("one")
    assert SPACE.restrict().fingerprint == SPACE.fingerprint
    assert hash(SPACE.restrict()) == hash(SPACE)


def test_groups_are_in_order_and_change_nothing_but_themselves() -> None:
    plain = DesignSpace([Integer("a", 1, 4), Categorical("b", ("x", "y")), Real("c", 0.0, 1.0), Ordinal("d", (1, 5))])
    parameters = [
        Integer("a", 1, 4),
        Categorical("b", ("x", "y"), group="late"),
        Real("c", 0.0, 1.0, group="early"),
        Ordinal("d", (1, 5), group="late"),
    ]
    grouped = DesignSpace(parameters)
    assert plain.groups == {}
    assert list(grouped.groups.items()) == [("late", ("b", "d")), ("early", ("c",)), ("other", ("a",))]
    assert grouped.fingerprint == plain.fingerprint
    assert grouped.restrict(b="y", c=[0.25, 0.5], d=5).groups == grouped.groups
    assert pickle.loads(pickle.dumps(grouped)).groups == grouped.groups


def test_the_fingerprint_and_the_samples_are_equal_in_another_process() -> None:
    program = (
        "import numpy as np; from archgym.space import *;"
        "s = DesignSpace((Categorical('a', ('x', 'y')), Ordinal('b', (1, 2.5)), Integer('c', 1, 4)),"
        "(OnlyWhen('b', {'a': ['x']}, 1), SumAtMost('s', ('b', 'c'), 5), "
        "Requires('r', 'c', (1, 2), {'a': ['y'], 'b': [1]})));"
        "print(s.fingerprint, s.sample(9, np.random.default_rng(1)).codes.tolist())"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(answers) == 1
    assert answers.pop().startswith(
        "e48c5e1a4ff1043d "
    )  # changes only with the fingerprint's recipe: logs would not mix


def chi_square(counts: np.ndarray[Any, Any], expected: np.ndarray[Any, Any] | float) -> float:
    """Standardised: about normal with mean 0 and deviation 1 for many cells."""
    statistic = float(((counts - expected) ** 2 / expected).sum())
    freedom = counts.size - 1
    return (statistic - freedom) / math.sqrt(2 * freedom)


def test_sampling_is_uniform_over_the_valid_designs() -> None:
    space = DesignSpace(
        (ROWS, *(Integer(f"x{i}", 0, 4) for i in range(3)), POLICY, ECC),
        (SumAtMost("s", ("x0", "x1", "x2"), 5), Requires("r", "ecc", (True,), {"rows": [8]})),
    )
    ranks = space.rank(space.sample(200_000, np.random.default_rng(7)))
    counts = np.bincount(ranks, minlength=space.count())
    assert abs(chi_square(counts, 200_000 / space.count())) < 4
    one_by_one = [int(space.rank(space.sample(1, np.random.default_rng(seed)))[0]) for seed in range(2000)]
    assert abs(chi_square(np.bincount(np.array(one_by_one) % 10, minlength=10), 200.0)) < 4


@pytest.fixture(scope="module")
def huge() -> DesignSpace:
    """2^62 < count: a chain of 26 parameters in one component, and free ones around it."""
    chain = [Integer(f"x{i}", 0, 15) for i in range(26)]
    rules = [Requires(f"r{i}", f"x{i + 1}", (0, 1), {f"x{i}": [3]}) for i in range(25)]
    return DesignSpace([Integer("before", 0, 9), *chain, Integer("after", 0, 6)], rules)


def test_counts_beyond_64_bits_are_exact(huge: DesignSpace) -> None:
    others, threes = 15, 1  # values of the last parameter so far: a chain counted by hand
    for _ in range(25):
        others, threes = others * 15 + threes * 2, others * 1 + threes * 0
    assert huge.count() == 70 * (others + threes)
    assert huge.count() > 2**63


def test_ranks_beyond_64_bits_undo_unrank(huge: DesignSpace) -> None:
    ranks = [0, 1, 2**64 + 12345, huge.count() // 3, huge.count() - 1]
    batch = huge.unrank(ranks)
    assert huge.valid(batch).all()
    assert huge.rank(batch).tolist() == ranks
    assert batch.codes[-1].tolist() == [9, *[15] * 26, 6]
    with pytest.raises(DesignError, match="expected ranks from 0 to"):
        huge.unrank([huge.count()])


def test_sampling_beyond_64_bits_is_uniform(huge: DesignSpace) -> None:
    batch = huge.sample(50_000, np.random.default_rng(3))
    assert huge.valid(batch).all()
    first = np.bincount(batch.codes[:, 1], minlength=16)
    layer = huge.feasible.diagrams[0].layers[0]
    shares = np.array([float(layer.after[state] / huge.feasible.diagrams[0].total) for state in layer.following[0]])
    assert abs(chi_square(first, 50_000 * shares)) < 4
    assert next(iter(huge.enumerate(10))).codes[-1].tolist() == [0] * 26 + [1, 2]


def test_a_constraint_that_cannot_be_compiled_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archgym.compilation, "LARGEST_LAYER", 50)
    knobs = [Integer(f"x{i}", 0, 9) for i in range(3)]
    rule = Predicate("tangle", ("x0", "x1", "x2"), lambda c: c["x0"] != c["x1"] + 10 * c["x2"] + 99, "tangled")
    with pytest.raises(SpaceError, match="constraint 'tangle': 100 partial designs at parameter 'x1' are too many"):
        DesignSpace(knobs, (rule,)).count()


def test_closed_forms_stay_small_on_large_spaces() -> None:
    tiles = [Ordinal(f"t{i}", tuple(2**j for j in range(11)), default=1024 if i == 0 else 1) for i in range(12)]
    space = DesignSpace(tiles, (ProductEquals("size", tuple(p.name for p in tiles), 1024),))
    assert space.count() == math.comb(10 + 11, 11)  # ten factors of two into twelve places
    assert max(len(layer.count) for layer in space.feasible.diagrams[0].layers) <= 12


def test_decimals_are_added_as_they_are_written() -> None:
    knobs = [Ordinal(f"x{i}", (0.1, 0.2)) for i in range(2)]
    space = DesignSpace(knobs, (SumAtMost("s", ("x0", "x1"), 0.3),))
    assert space.count() == 3  # in binary 0.1 + 0.2 > 0.3


def test_what_is_allowed_is_asked_with_a_prefix_in_range() -> None:
    assert SPACE.allowed([2, 2]).tolist() == [True] * 7 + [False]
    assert SPACE.allowed([]).tolist() == [True] * 3
    assert DesignSpace((POLICY, Real("v", 1, 2), ECC)).allowed([1, 1.5]).tolist() == [True, True]
    with pytest.raises(DesignError, match="parameter 'rows': expected an index from 0 to 2, got 3"):
        SPACE.allowed([0, 3])
    for prefix in ([0] * 4, [[0]]):
        with pytest.raises(DesignError, match="expected codes before a finite parameter"):
            SPACE.allowed(prefix)


def even(columns: Any) -> Any:
    return columns["x"] % 2 == 0


@pytest.mark.parametrize("repeat", [1, 5])
def test_projection_moves_to_the_nearest_lower_first_or_to_the_next_in_the_circle(repeat: int) -> None:
    rule = Predicate("even", ("x",), even, "x is even")
    ordered = DesignSpace((Integer("x", 0, 7),), (rule,))
    assert ordered.project([[3]] * repeat).tolist() == [[2]] * repeat
    circle = DesignSpace((Categorical("x", (0, 1, 2, 3, 4, 5, 6, 7)),), (rule,))
    assert circle.project([[3]] * repeat).tolist() == [[4]] * repeat
    assert circle.project([[7]] * repeat).tolist() == [[0]] * repeat


def test_a_default_that_is_left_out_moves_like_a_projection() -> None:
    ordered = DesignSpace((Ordinal("x", (1, 2, 3, 4, 5), default=3),))
    assert ordered.restrict(x=[2, 4]).default == {"x": 2}
    assert ordered.restrict(x=[1, 5, 4]).default == {"x": 4}
    circle = DesignSpace((Categorical("x", ("a", "b", "c", "d"), default="c"),))
    assert circle.restrict(x=["a", "b"]).default == {"x": "a"}
    assert circle.restrict(x=["b", "d"]).default == {"x": "d"}


def test_spaces_with_thousands_of_parameters_work() -> None:
    bits = [Integer(f"x{i}", 0, 1) for i in range(1500)]
    apart = [Requires(f"r{i}", f"x{i + 1}", (0,), {f"x{i}": (1,)}) for i in range(1499)]
    space = DesignSpace(bits, apart)  # no two neighbours set: a Fibonacci number of designs
    before, count = 1, 2
    for _ in range(1499):
        before, count = count, before + count
    assert space.count() == count
    drawn = space.sample(5, np.random.default_rng(0))
    assert space.valid(drawn).all()
    assert (space.unrank(space.rank(drawn)).codes == drawn.codes).all()
    assert [np.flatnonzero(row).tolist() for row in next(space.enumerate(4)).codes] == [[], [1499], [1498], [1497]]
    assert len(next(DesignSpace(bits).enumerate(4))) == 4
