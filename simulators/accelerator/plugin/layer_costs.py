"""What a network's layers cost on an accelerator, each with the best mapping that the mapper finds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from threading import Lock
from typing import Final

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.mapper.search import MapperOptions, MapResult, map_layer

REMEMBERED: Final = 8192
"""Pairs of an accelerator and a layer that are not searched again when they come back: a few MB."""
_Key = tuple[str, str]


class LayerCosts:
    """Costs of *layers* under *constraints*; threads may share one. Results depend on nothing but the arguments."""

    def __init__(self, layers: Sequence[Layer], constraints: MapConstraints, options: MapperOptions) -> None:
        self._layers, self._constraints, self._options = tuple(layers), constraints, options
        self._layer_keys = tuple(layer.key for layer in layers)
        self._known: OrderedDict[_Key, MapResult] = OrderedDict()
        self._lock = Lock()

    def of(self, architectures: Sequence[Architecture], threads: int = 1) -> list[list[MapResult]]:
        """For each of *architectures* the costs of one occurrence of each layer, in their order. Equal layers on equal
        architectures are searched once."""
        keys = [list(product((architecture.key,), self._layer_keys)) for architecture in architectures]
        pairs = {
            key: (architecture, layer)
            for architecture, row in zip(architectures, keys, strict=True)
            for key, layer in zip(row, self._layers, strict=True)
        }
        found = self._recalled(pairs)
        missing = {key: pair for key, pair in pairs.items() if key not in found}
        if threads > 1 and len(missing) > 1:
            with ThreadPoolExecutor(threads) as pool:
                results = list(pool.map(self._mapped, missing.values()))
        else:
            results = [self._mapped(pair) for pair in missing.values()]
        new = dict(zip(missing, results, strict=True))
        self._remember(new)
        found |= new
        return [[found[key] for key in row] for row in keys]

    def _mapped(self, pair: tuple[Architecture, Layer]) -> MapResult:
        return map_layer(*pair, self._constraints, self._options)

    def _recalled(self, pairs: Mapping[_Key, object]) -> dict[_Key, MapResult]:
        found = {}
        with self._lock:
            for key in pairs:
                if key in self._known:
                    self._known.move_to_end(key)
                    found[key] = self._known[key]
        return found

    def _remember(self, new: Mapping[_Key, MapResult]) -> None:
        with self._lock:
            self._known.update(new)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
