"""Actions to designs: the part of an environment that differs between its views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import gymnasium
import numpy as np

from archgym.errors import DesignError, UnknownName
from archgym.space import DesignBatch, DesignSpace
from archgym.views.box import BoxView
from archgym.views.dict import DictView
from archgym.views.multi_discrete import MultiDiscreteView
from archgym.views.steps import StepsView

View = Literal["multi_discrete", "dict", "box", "steps"]
WHOLE: Mapping[str, Callable[[DesignSpace], Any]] = {
    "multi_discrete": MultiDiscreteView,
    "dict": DictView,
    "box": BoxView,
}
"""The views in which one action is a whole design."""


class Unusable(Exception):
    """An action of the action space that leads to no valid design; the text is the reason."""


class Actions(Protocol):
    """Turns the actions of one environment into designs."""

    @property
    def space(self) -> gymnasium.Space[Any]: ...
    def begin(self) -> None:
        """Forget the design under way."""
        ...

    def take(self, action: Any, /) -> DesignBatch | None:
        """The design that *action* completes, None while parameters are open. `Unusable`; `DesignError`."""
        ...

    def observation(self) -> list[float]:
        """What to append to the observation: the state of the design under way."""
        ...

    def info(self) -> dict[str, Any]:
        """What to add to the info, in new objects."""
        ...


def actions_of(view: str, space: DesignSpace) -> Actions:
    """The actions of a view by name; `UnknownName`, or `SpaceError` where the space has no such view."""
    if view == "steps":
        return StepActions(space)
    return WholeActions(view, space)


def whole_view(view: str, space: DesignSpace) -> Any:
    """The view of *space* in which one action is a whole design; `UnknownName`."""
    if view not in WHOLE:
        raise UnknownName("view", view, [*WHOLE, "steps"])
    return WHOLE[view](space)


class WholeActions:
    """An action is a design. One that breaks a constraint stands for the valid design nearby that its view says."""

    def __init__(self, view: str, space: DesignSpace) -> None:
        self._view = whole_view(view, space)
        self._one = view == "dict"
        self.space: gymnasium.Space[Any] = self._view.gym_space

    def begin(self) -> None:
        """Nothing to forget."""

    def take(self, action: Any, /) -> DesignBatch:
        """The design; `DesignError` for an action outside the action space."""
        designs: DesignBatch = self._view.decode(action if self._one else np.asarray(action)[None])
        return designs

    def observation(self) -> list[float]:
        """Nothing to append."""
        return []

    def info(self) -> dict[str, Any]:
        """Nothing to add."""
        return {}


class StepActions:
    """One parameter per action, in the order of the space; the mask says which values lead to a valid design."""

    def __init__(self, space: DesignSpace) -> None:
        view = StepsView(space)
        self.space: gymnasium.Space[Any] = view.gym_space
        self._designs, self._width = space, view.width
        self._sizes: list[int] = space.cardinalities.tolist()
        self.begin()

    def begin(self) -> None:
        """Forget the design under way."""
        self._prefix: list[int] = []
        self._walk = self._designs.walk(1)
        self._allowed = self._walk.allowed()[0]

    def take(self, action: Any, /) -> DesignBatch | None:
        """Set the next parameter to its value number *action*. `Unusable` where the mask is 0."""
        if action not in self.space:
            raise DesignError(f"expected an action of {self.space}, got {action!r}")
        index = int(action)
        if index >= len(self._allowed) or not self._allowed[index]:
            name, allowed = self._designs.names[len(self._prefix)], np.flatnonzero(self._allowed).tolist()
            raise Unusable(f"{name}: expected one of the actions {allowed} that the mask allows, got {index}")
        self._walk.choose(np.array([index]))
        self._prefix.append(index)
        if len(self._prefix) == len(self._sizes):
            return DesignBatch(self._designs, np.array([self._prefix], np.int32))
        self._allowed = self._walk.allowed()[0]
        return None

    def observation(self) -> list[float]:
        """``(index + 1) / size`` of the parameters that are set, 0 of the open ones."""
        chosen = [(index + 1) / size for index, size in zip(self._prefix, self._sizes, strict=False)]
        return chosen + [0.0] * (len(self._sizes) - len(chosen))

    def info(self) -> dict[str, Any]:
        """The parameter that the next action sets, and ``action_mask``: int8, 1 for a value that some valid design has.

        It is what ``action_space.sample(mask=…)`` takes.
        """
        mask = np.zeros(self._width, np.int8)
        mask[: len(self._allowed)] = self._allowed
        return {"action_mask": mask, "parameter": self._designs.names[len(self._prefix)]}
