"""Actions to designs: the part of an environment that differs between its views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray

from archgym.errors import UnknownName
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

    def observation(self) -> NDArray[np.float32]:
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
        self._nothing = np.zeros(0, np.float32)

    def begin(self) -> None:
        """Nothing to forget."""

    def take(self, action: Any, /) -> DesignBatch:
        """The design; `DesignError` for an action outside the action space."""
        designs: DesignBatch = self._view.decode(action if self._one else np.asarray(action)[None])
        return designs

    def observation(self) -> NDArray[np.float32]:
        """Nothing to append."""
        return self._nothing

    def info(self) -> dict[str, Any]:
        """Nothing to add."""
        return {}


class StepActions:
    """One parameter per action, in the order of the space; the mask says which values lead to a valid design."""

    def __init__(self, space: DesignSpace) -> None:
        self._view = StepsView(space)
        self._sizes = space.cardinalities
        self.space: gymnasium.Space[Any] = self._view.gym_space
        self.begin()

    def begin(self) -> None:
        """Forget the design under way."""
        self._steps = self._view.start()
        self._mask = self._steps.masks()[0]

    def take(self, action: Any, /) -> DesignBatch | None:
        """Set the next parameter to its value number *action*. `Unusable` where the mask is 0."""
        index = int(action)
        if index in self.space and not self._mask[index]:
            parameter = self._view.space.parameters[self._steps.position]
            allowed = np.flatnonzero(self._mask).tolist()
            raise Unusable(f"{parameter.name}: expected one of the actions {allowed} of the mask, got {index}")
        self._steps.step([index])
        if self._steps.done:
            return self._steps.batch()
        self._mask = self._steps.masks()[0]
        return None

    def observation(self) -> NDArray[np.float32]:
        """``(d,)`` ``(index + 1) / size`` of the parameters that are set, 0 of the open ones."""
        chosen: NDArray[np.float32] = ((self._steps.prefix[0] + 1) / self._sizes).astype(np.float32)
        return chosen

    def mask(self) -> NDArray[np.int8]:
        """``(n,)`` 1 for the actions that lead to a valid design: what ``action_space.sample(mask=…)`` takes."""
        mask: NDArray[np.int8] = self._mask.astype(np.int8)
        return mask

    def info(self) -> dict[str, Any]:
        """The mask, and the parameter that the next action sets."""
        return {"action_mask": self.mask(), "parameter": self._view.space.names[self._steps.position]}
