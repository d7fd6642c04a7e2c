"""What a network's layers cost on an accelerator, each with the best mapping that the mapper finds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Final

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.batch import MappingBatch
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.engine import Engine
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapper.search import MapperOptions, lower_bound, map_layer
from archgym.simulators.accelerator.mapping import Mapping

REMEMBERED: Final = 8192
"""Pairs of an accelerator and a layer that are not searched again when they come back: a few MB."""
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LayerCost:
    """One occurrence of a layer (all its groups) under the best mapping that was found."""

    reason: str | None
    """Why no mapping is valid, of the nearest miss; then there are no numbers. None otherwise."""
    cycles: int = 0
    energy_pj: float = 0.0
    component_pj: tuple[float, ...] = ()
    """Of each level, outermost first, and of the multipliers: together `energy_pj`."""
    optimal: bool = False
    """No allowed mapping is better: that is proven."""
    bound_cycles: float = 0.0
    """No mapping takes fewer cycles, and none less energy than `bound_pj`."""
    bound_pj: float = 0.0
    mapping: Mapping | None = None


class LayerCosts:
    """Costs of *layers* under *constraints*; threads may share one. Results depend on nothing but the arguments."""

    def __init__(self, layers: Sequence[Layer], constraints: MapConstraints, options: MapperOptions) -> None:
        self._layers, self._constraints, self._options = tuple(layers), constraints, options
        self._known: OrderedDict[_Key, LayerCost] = OrderedDict()
        self._lock = Lock()

    def of(self, architectures: Sequence[Architecture], threads: int = 1) -> list[list[LayerCost]]:
        """For each of *architectures* the costs of all layers, in their order."""
        pairs = {
            (architecture.key, layer.key): (architecture, layer)
            for architecture in architectures
            for layer in self._layers
        }
        found = self._recalled(pairs)
        missing = [(key, pair) for key, pair in pairs.items() if key not in found]
        if threads > 1 and len(missing) > 1:
            with ThreadPoolExecutor(threads) as pool:
                costs = list(pool.map(lambda job: self._cost(*job[1]), missing))
        else:
            costs = [self._cost(*pair) for _, pair in missing]
        new = {key: cost for (key, _), cost in zip(missing, costs, strict=True)}
        self._remember(new)
        found |= new
        return [[found[architecture.key, layer.key] for layer in self._layers] for architecture in architectures]

    def _cost(self, architecture: Architecture, layer: Layer) -> LayerCost:
        found = map_layer(architecture, layer, self._constraints, self._options)
        if found.mapping is None:
            return LayerCost((found.reason or "none was found").removeprefix(f"layer {layer.name!r}: "))
        priced = Engine(architecture, layer).evaluate(MappingBatch.of([found.mapping]))
        components = tuple(priced.component_pj[0].tolist())
        cycles, pj = lower_bound(architecture, layer, self._constraints)
        return LayerCost(None, found.cycles, found.energy_pj, components, found.optimal, cycles, pj, found.mapping)

    def _recalled(self, pairs: dict[_Key, tuple[Architecture, Layer]]) -> dict[_Key, LayerCost]:
        found = {}
        with self._lock:
            for key in pairs:
                if key in self._known:
                    self._known.move_to_end(key)
                    found[key] = self._known[key]
        return found

    def _remember(self, new: dict[_Key, LayerCost]) -> None:
        with self._lock:
            self._known |= new
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
