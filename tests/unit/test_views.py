"""What each view promises beyond reaching every design: shares, shapes, order, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiDiscrete

from archgym.errors import DesignError, SpaceError
from archgym.parameters import LARGEST_SIZE
from archgym.space import Categorical, DesignBatch, DesignSpace, Integer, OnlyWhen, Ordinal, Real, SumAtMost
from archgym.views.box import BoxView
from archgym.views.dict import DictView
from archgym.views.multi_discrete import MultiDiscreteView
from archgym.views.one_hot import OneHotView
from archgym.views.split import SplitView
from archgym.views.steps import StepsView
from archgym.views.unit_cube import UnitCubeView

SPACE = DesignSpace(
    (Categorical("zeta", ("a", "b")), Integer("alpha", 0, 3), Ordinal("mid", (1, 2, 4))),
    (SumAtMost("s", ("alpha", "mid"), 5), OnlyWhen("mid", {"zeta": ["a"]}, 1)),
)
REAL = DesignSpace((Categorical("kind", ("a", "b")), Real("voltage", 0.5, 1.5)))


def test_each_possible_value_has_an_equal_share_of_its_coordinate() -> None:
    n = 1200
    sweep = (np.arange(n) + 0.5) / n
    view = UnitCubeView(SPACE)
    for k, fixed, shares in (
        (0, [0.0, 0.0, 0.0], [600, 600]),
        (1, [0.0, 0.0, 0.0], [300, 300, 300, 300]),
        (2, [0.0, 0.3, 0.0], [400, 400, 400]),  # alpha = 1: 1, 2 and 4 are possible
        (2, [0.0, 0.6, 0.0], [600, 600, 0]),  # alpha = 2: 4 would exceed the sum
        (2, [0.9, 0.0, 0.0], [1200, 0, 0]),  # zeta = b: the canonical value only
    ):
        points = np.tile(fixed, (n, 1))
        points[:, k] = sweep
        assert np.bincount(view.decode(points).codes[:, k], minlength=len(shares)).tolist() == shares


def test_the_corners_of_the_cube_are_the_ends_of_the_ranges() -> None:
    assert UnitCubeView(REAL).decode([[0.0, 0.0], [1.0, 1.0]]).codes.tolist() == [[0.0, 0.5], [1.0, 1.5]]
    assert UnitCubeView(REAL).bounds.tolist() == [[0.0, 1.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0.5, 0.5]], r"expected points of shape \(n, 3\)"),
        ([0.5, 0.5, 0.5], r"got \(3,\)"),
        ([[0.5, math.nan, 0.5]], "row 0, parameter 'alpha': expected 0 to 1, got nan"),
        ([[0.5] * 3, [0.5, 0.5, 1.01]], "row 1, parameter 'mid': expected 0 to 1, got 1.01"),
        ([[-1e-9, 0.5, 0.5]], "row 0, parameter 'zeta'"),
    ],
)
def test_points_outside_the_cube_are_refused(points: Any, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        UnitCubeView(SPACE).decode(points)
    with pytest.raises(DesignError, match=r"expected -1 to 1, got 1\.5"):
        BoxView(SPACE).decode([[0.5, 1.5, 0.5]])


@pytest.mark.parametrize("size", [LARGEST_SIZE, LARGEST_SIZE - 1, 3])
def test_float32_reaches_every_value_of_the_largest_parameter(size: int) -> None:
    space = DesignSpace((Integer("x", 0, size - 1),))
    view = BoxView(space)
    everything = DesignBatch(space, np.arange(size, dtype=np.int32)[:, None])
    points = view.encode(everything)
    assert points.dtype == np.float32
    assert view.gym_space.contains(points[-1])
    assert (view.decode(points).codes == everything.codes).all()


def test_one_hot_names_its_columns_and_takes_the_best_possible_score() -> None:
    view = OneHotView(SPACE)
    assert view.labels[:3] == ("zeta=a", "zeta=b", "alpha=0")
    assert view.width == 9
    assert view.encode(SPACE.unrank([0])).tolist() == [[1, 0, 1, 0, 0, 0, 1, 0, 0]]
    assert view.decode([[0, 1, 0, 0, 0, 9, 0, 0, 9]]).designs() == [{"zeta": "b", "alpha": 3, "mid": 1}]
    assert view.decode(np.zeros((1, 9))).codes.tolist() == [[0, 0, 0]]
    with pytest.raises(DesignError, match="row 0, zeta=b: expected a finite score, got inf"):
        view.decode([[0, math.inf, 0, 0, 0, 9, 0, 0, 9]])
    with pytest.raises(DesignError, match=r"expected points of shape \(n, 9\)"):
        view.decode([[0, 1]])
    with pytest.raises(DesignError, match="parameter 'voltage': expected fractions"):
        OneHotView(REAL).decode([[0, 1, 1.5]])


def test_the_dict_keeps_the_order_of_the_parameters() -> None:
    view = DictView(SPACE)
    assert list(view.gym_space.spaces) == ["zeta", "alpha", "mid"]
    view.gym_space.seed(3)
    point = view.gym_space.sample()
    assert SPACE.valid(view.decode(point)).all()
    shuffled = {name: point[name] for name in ("mid", "zeta", "alpha")}
    assert view.decode(shuffled).designs() == view.decode(point).designs()
    assert DictView(REAL).gym_space["voltage"] == Box(0.5, 1.5, (), np.float64)
    with pytest.raises(DesignError, match="did you mean 'alpha'"):
        view.decode({**point, "alhpa": 1})
    with pytest.raises(DesignError, match="missing: zeta"):
        view.decode({name: point[name] for name in ("mid", "alpha")})
    with pytest.raises(DesignError, match="one column of shape"):
        view.decode({**point, "alpha": [1, 2]})
    with pytest.raises(DesignError, match="expected an index from 0 to 3, got 4"):
        view.decode({**point, "alpha": 4})


def test_multi_discrete_counts_the_values_of_each_parameter() -> None:
    view = MultiDiscreteView(SPACE)
    assert view.gym_space == MultiDiscrete([2, 4, 3])
    assert view.decode([[1, 3, 2]]).codes.tolist() == [[1, 3, 0]]


def test_agents_of_a_split_set_their_own_parameters() -> None:
    view = SplitView(SPACE, {"sizes": ["mid", "alpha"], "policy": ["zeta"]})
    assert view.gym_spaces == {"sizes": MultiDiscrete([3, 4]), "policy": Discrete(2)}
    joint = view.decode({"policy": np.array([0, 1]), "sizes": np.array([[1, 2], [0, 3]])})
    assert joint.codes.tolist() == [[0, 2, 1], [1, 3, 0]]
    assert list(SplitView(SPACE).gym_spaces.values()) == [Discrete(2), Discrete(4), Discrete(3)]
    with pytest.raises(DesignError, match="missing: sizes"):
        view.decode({"policy": np.array([0])})
    with pytest.raises(DesignError, match="did you mean 'policy'"):
        view.decode({"polcy": np.array([0])})
    with pytest.raises(DesignError, match=r"agent 'sizes': expected integers of shape \(1, 2\)"):
        view.decode({"policy": np.array([0]), "sizes": np.array([1])})


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"a": ["zeta"], "b": ["alpha"]}, "no agent sets mid"),
        ({"a": ["zeta", "alpha"], "b": ["alpha", "mid"]}, "'alpha' belongs to more than one agent"),
        ({"a": ["zeta", "alpha", "mid"], "b": []}, "agent 'b' has no parameter"),
        ({"a": ["zeta", "alpha", "mdi"]}, "did you mean 'mid'"),
    ],
)
def test_a_split_gives_every_parameter_to_one_agent(groups: dict[str, list[str]], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SplitView(SPACE, groups)


def test_a_step_that_is_masked_out_is_refused_and_changes_nothing() -> None:
    view = StepsView(SPACE)
    assert view.gym_space == Discrete(4)
    steps = view.start(2)
    assert steps.masks().tolist() == [[True, True, False, False]] * 2
    with pytest.raises(DesignError, match=r"row 1, parameter 'zeta': action 2 is not one of \[0, 1\]"):
        steps.step([0, 2])
    with pytest.raises(DesignError, match="expected 2 integer actions"):
        steps.step([0])
    with pytest.raises(DesignError, match="only 0 of 3 parameters are decided"):
        steps.batch()
    steps.step([0, 1])
    steps.step([2, 0])
    assert steps.masks().tolist() == [[True, True, False, False], [True, False, False, False]]
    assert steps.prefix.tolist() == [[0, 2, -1], [1, 0, -1]]
    assert view.prefix_space.contains(steps.prefix[0])
    steps.step([1, 0])
    assert steps.done
    assert steps.batch().codes.tolist() == [[0, 2, 1], [1, 0, 0]]
    with pytest.raises(DesignError, match="no further step"):
        steps.step([0, 0])


@pytest.mark.parametrize("view", [MultiDiscreteView, SplitView, StepsView])
def test_discrete_views_refuse_real_parameters(view: Callable[[DesignSpace], Any]) -> None:
    with pytest.raises(SpaceError, match="parameter 'voltage' is Real"):
        view(REAL)
