"""The mapper's front door: what to call to map a layer, a network, or to know how good a mapping can be."""

from __future__ import annotations

import math
from functools import lru_cache

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapper.bound import lower_bound
from archgym.simulators.accelerator.mapper.network import NetworkResult, map_network
from archgym.simulators.accelerator.mapper.options import MapperOptions, score
from archgym.simulators.accelerator.mapper.pair import Target, search_pair
from archgym.simulators.accelerator.mapper.result import MapResult
from archgym.simulators.accelerator.mapper.space import map_space_size

__all__ = [
    "MapResult",
    "MapperOptions",
    "NetworkResult",
    "lower_bound",
    "map_layer",
    "map_network",
    "map_space_size",
    "score",
]


def map_layer(
    architecture: Architecture, layer: Layer, constraints: MapConstraints, options: MapperOptions | None = None
) -> MapResult:
    """The best mapping found of *layer* on *architecture*, or why none is valid.

    Deterministic: the options' seed is the only source of chance. Raises `DataError` if the constraints are of other
    levels or keep what a level cannot.
    """
    options = options or MapperOptions()
    found = search_pair(_target(architecture, constraints), layer, options)
    return MapResult(
        mapping=None if found.best is None else found.best.mapping(0),
        cycles=found.cycles,
        energy_pj=found.energy_pj,
        score=math.nan if found.best is None else score(options.objective, found.cycles, found.energy_pj),
        component_pj=found.component_pj,
        lower_bound=found.lower_bound,
        bound_cycles=found.bound[0],
        bound_pj=found.bound[1],
        evaluations=found.evaluations,
        invalid=found.invalid,
        optimal=found.optimal,
        reason=found.reason,
    )


@lru_cache(maxsize=64)
def _target(architecture: Architecture, constraints: MapConstraints) -> Target:
    """Kept because whoever maps one layer of a network on an accelerator maps the others next."""
    return Target(architecture, constraints)
