"""Workloads by name: a network, a file of one, or a single layer of either (``resnet18/conv1``)."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from archgym.errors import ConfigError, UnknownName
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.networks.network import Network
from archgym.simulators.accelerator.networks.registry import load_network, network_names

LOG = logging.getLogger("archgym")
_FILE_AND_LAYER = re.compile(r"(.+\.(?:yaml|yml|csv|onnx))/(.+)", re.IGNORECASE)


def load_workload(name: str, batch: int = 1, dims: Mapping[str, Any] | None = None) -> Network:
    """The network of a name or file; for ``NETWORK/LAYER`` one with one occurrence of that layer alone.

    *batch* is how many samples are computed at once, *dims* the sizes of symbolic dimensions of an ONNX file.
    `ConfigError` for whatever is wrong with names, files and values. Operators that multiply and cannot be priced are
    counted in a warning of the logger ``archgym``.
    """
    network, layer = split_name(name)
    if dims is not None and not isinstance(dims, Mapping):
        raise ConfigError(f"dims: expected a mapping of symbolic dimensions to sizes, got {dims!r}")
    try:
        loaded = load_network(network, batch, dims)
    except (DataError, OSError) as error:
        raise ConfigError(str(error)) from None
    if layer is not None:
        return only_layer(loaded, layer)
    if loaded.dropped:
        LOG.warning("network %r: not priced: %s; everything else is", loaded.name, dropped_operators(loaded))
    return loaded


def dropped_operators(network: Network) -> str:
    """What the layers say nothing about: ``1 x ConvTranspose, 2 x LSTM``."""
    return ", ".join(f"{count} x {operator}" for operator, count in sorted(network.dropped.items()))


def split_name(name: str) -> tuple[str, str | None]:
    """``resnet18/conv1`` as network and layer; the layer is None where *name* is a network alone. Names of layers may
    have slashes."""
    if found := _FILE_AND_LAYER.fullmatch(name):
        return found[1], found[2]
    head, slash, rest = name.partition("/")
    return (head, rest) if slash and head in network_names() else (name, None)


def only_layer(network: Network, name: str) -> Network:
    """A network of one occurrence of one layer; `UnknownName` if there is no such layer."""
    for layer in network.layers:
        if layer.name == name:
            return replace(network, name=f"{network.name}/{name}", layers=(replace(layer, count=1),))
    raise UnknownName(f"network {network.name!r}: layer", name, [layer.name for layer in network.layers])


def the_layer(name: str, batch: int = 1, dims: Mapping[str, Any] | None = None) -> Layer:
    """The only layer of the workload *name*; `ConfigError` where it is a network of several."""
    network = load_workload(name, batch, dims)
    if len(network.layers) > 1:
        first = network.layers[0].name
        raise ConfigError(f"workload {name!r}: expected one layer of it, such as {name}/{first}")
    return replace(network.layers[0], count=1)


def content_hash(*parts: object) -> str:
    """16 hex digits over the text of *parts*."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def network_content(network: Network) -> tuple[tuple[str, int], ...]:
    """What of a network decides a result: its layers' shapes and how often each occurs."""
    return tuple((layer.key, layer.count) for layer in network.layers)
