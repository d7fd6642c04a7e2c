"""The space divided among several agents, each of which sets its own parameters of the one joint design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from archgym.errors import DesignError, SpaceError, did_you_mean
from archgym.space import DesignBatch, DesignSpace


class SplitView:
    """Points are ``{agent: action}``: ``(n,)`` indices for an agent with one parameter, ``(n, k)`` for one with more.

    A joint action that is not valid stands for its projection, so earlier parameters have the first say.
    """

    def __init__(self, space: DesignSpace, groups: Mapping[str, Sequence[str]] | None = None) -> None:
        """*groups* gives each agent its parameters, every parameter to exactly one; default: one agent a parameter."""
        space.require_finite("split")
        self.space = space
        self.groups = {
            agent: tuple(names) for agent, names in (groups or {name: (name,) for name in space.names}).items()
        }
        given = [name for names in self.groups.values() for name in names]
        for name in given:
            if name not in space.names:
                raise SpaceError(f"parameter {name!r}: {did_you_mean(name, space.names)}")
            if given.count(name) > 1:
                raise SpaceError(f"parameter {name!r} belongs to more than one agent")
        if missing := [name for name in space.names if name not in given]:
            raise SpaceError(f"no agent sets {', '.join(missing)}")
        if idle := [agent for agent, names in self.groups.items() if not names]:
            raise SpaceError(f"agent {idle[0]!r} has no parameter")
        self._positions = {
            agent: np.array([space.names.index(name) for name in names]) for agent, names in self.groups.items()
        }
        self.gym_spaces: dict[str, spaces.Space[Any]] = {
            agent: spaces.Discrete(int(space.cardinalities[positions[0]]))
            if len(positions) == 1
            else spaces.MultiDiscrete(space.cardinalities[positions])
            for agent, positions in self._positions.items()
        }
        """The action space of each agent, in the order of *groups*."""

    def encode(self, batch: DesignBatch) -> dict[str, NDArray[np.int64]]:
        codes = batch.codes.astype(np.int64)
        return {
            agent: codes[:, positions[0]] if len(positions) == 1 else codes[:, positions]
            for agent, positions in self._positions.items()
        }

    def decode(self, points: Mapping[str, ArrayLike]) -> DesignBatch:
        """`DesignError` for a missing or unknown agent, a wrong shape, or an index out of range."""
        for agent in points:
            if agent not in self.groups:
                raise DesignError(f"agent {agent!r}: {did_you_mean(agent, self.groups)}")
        if missing := [agent for agent in self.groups if agent not in points]:
            raise DesignError(f"every agent must act; missing: {', '.join(missing)}")
        n = len(np.atleast_1d(np.asarray(points[next(iter(self.groups))])))
        codes = np.empty((n, self.space.d), np.int64)
        for agent, positions in self._positions.items():
            action = np.asarray(points[agent])
            shape = (n,) if len(positions) == 1 else (n, len(positions))
            if action.shape != shape or action.dtype.kind not in "iu":
                raise DesignError(
                    f"agent {agent!r}: expected integers of shape {shape}, got {action.dtype} of shape {action.shape}"
                )
            codes[:, positions] = action.reshape(n, len(positions))
        return DesignBatch(self.space, self.space.project(codes))
