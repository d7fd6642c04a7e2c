"""A network: the layers that multiply, each with how often it occurs, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import Layer


@dataclass(frozen=True, slots=True)
class Network:
    """Layers with different names; `DataError` if there is none, or two have one name."""

    name: str
    layers: tuple[Layer, ...]
    """Of one pass of ``batch`` samples, each with its ``count``."""
    products: frozenset[str] = frozenset()
    """Names of the layers that multiply two activations, as attention does: their "weights" are no parameters."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Operators that multiply and were left out, and how many of each: what the layers say nothing about."""

    def __post_init__(self) -> None:
        if not self.layers:
            raise DataError(f"{self.name}: expected at least one layer that multiplies, got none")
        names = [layer.name for layer in self.layers]
        for name in names:
            if names.count(name) > 1:
                raise DataError(f"{self.name}: two layers have the name {name!r}: rename one")

    @property
    def macs(self) -> int:
        """Multiplications of all layers, each as often as it occurs."""
        return sum(layer.macs * layer.count for layer in self.layers)

    @property
    def weights(self) -> int:
        """Parameters of all layers, without those that no multiplication uses: biases, normalisations, embeddings."""
        own = (layer for layer in self.layers if layer.name not in self.products)
        return sum(layer.words("W") * layer.groups * layer.count for layer in own)

    def with_batch(self, batch: int) -> Network:
        """Of that many samples at once: layers with weights share them, products are as many more."""
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise DataError(f"batch: expected a whole number from 1 on, got {batch!r}")
        layers = (
            replace(layer, count=layer.count * batch)
            if layer.name in self.products
            else replace(layer, N=layer.N * batch)
            for layer in self.layers
        )
        return replace(self, layers=tuple(layers))


def merged(layers: Iterable[Layer], products: Iterable[str]) -> tuple[tuple[Layer, ...], frozenset[str]]:
    """Layers of one shape as one layer with their count and the first one's name; those in *products* apart from the
    others."""
    names = set(products)
    first: dict[tuple[str, bool], Layer] = {}
    for layer in layers:
        key = layer.key, layer.name in names
        first[key] = replace(first[key], count=first[key].count + layer.count) if key in first else layer
    return tuple(first.values()), frozenset(layer.name for layer in first.values() if layer.name in names)
