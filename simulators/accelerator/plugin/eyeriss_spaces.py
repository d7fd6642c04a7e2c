"""The spaces of Eyeriss-like accelerators: ArchGym's 26 parameters as they are, and the part of them that matters.

Every mapping is row-stationary: a kernel's columns run down a column of elements and its rows stay in one. Hence what
a workload needs at the least is known, and ``eyeriss`` offers no size below it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archgym.errors import ConfigError
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.eyeriss import DEFAULT_POINT, PARAMETERS, WORD_BITS
from archgym.simulators.accelerator.layer import Layer
from archgym.simulators.accelerator.pricing.component import ComponentSpec
from archgym.simulators.accelerator.pricing.technology import Technology
from archgym.space import Categorical, DesignSpace, Ordinal, Parameter, Predicate

ARCHGYM, EYERISS, SMALL = "eyeriss-archgym", "eyeriss", "eyeriss-small"
SPACES: Final = {
    EYERISS: "Array, buffers and banks of an Eyeriss-like accelerator; every design runs the workload.",
    SMALL: "A part of eyeriss that can be enumerated: at most 2,592 designs.",
    ARCHGYM: "ArchGym's 26 parameters, for parity: some have no effect, and many designs cannot run the workload.",
}

CLASSES: Final = ("regfile", "SRAM")
GLB: Final = ("glb_words", "glb_block_words", "glb_n_banks")
_NEAREST_LEGAL: Final = {"ifmap_depth": 16, "weights_depth": 256}
"""ArchGym's default point has the depths 12 and 192, which are not among its values: the next larger ones."""
_ARCHGYM_UNITS: Final = {"depth": "blocks", "words": "words", "bandwidth": "words/cycle"}
_SIZES: Final[Mapping[str, Mapping[str, tuple[int, ...]]]] = {
    EYERISS: {
        "columns": (4, 7, 8, 12, 14, 16, 24, 28, 32),
        "rows": (3, 4, 6, 8, 12, 14, 16, 24, 28, 32),
        "ifmap_depth": (4, 8, 12, 16, 24, 32, 48, 64, 128, 256),
        "psum_depth": (4, 8, 16, 24, 32, 48, 64, 128, 256),
        "weights_depth": (16, 32, 64, 96, 128, 192, 256, 384, 512, 1024),
        "glb_words": tuple(2**i for i in range(12, 20)),
        "glb_block_words": (2, 4, 8),
        "glb_n_banks": (2, 4, 8, 16, 32, 64),
    },
    SMALL: {
        "columns": (8, 14, 28),
        "rows": (6, 12, 24),
        "ifmap_depth": (12, 24, 48),
        "psum_depth": (16, 64),
        "weights_depth": (96, 192, 384),
        "glb_words": tuple(2**i for i in range(14, 18)),
        "glb_block_words": (4,),
        "glb_n_banks": (8, 32),
    },
}
_USUAL: Final = {
    "columns": 14, "rows": 12, "ifmap_depth": 12, "psum_depth": 16, "weights_depth": 192, "glb_words": 65536,
    "glb_block_words": 4, "glb_n_banks": 8,
}  # fmt: skip
"""Eyeriss itself, as ArchGym has it; where the workload needs more, the least that is enough."""


def eyeriss_space(name: str, layers: Sequence[Layer], technology: Technology) -> DesignSpace:
    """The space of that name in `SPACES` for a workload; `ConfigError` where none of its designs can run a layer."""
    if name == ARCHGYM:
        return DesignSpace(_archgym_parameters(), name=f"accelerator/{ARCHGYM}")
    return _designed(name, layers, technology)


def _archgym_parameters() -> Iterator[Parameter]:
    for name, values in PARAMETERS.items():
        default = _NEAREST_LEGAL.get(name, DEFAULT_POINT[name])
        kind = next((unit for part, unit in _ARCHGYM_UNITS.items() if name.endswith(part)), "1")
        if isinstance(values[0], str):
            yield Categorical(name, values, doc=_doc(name), default=default, group=_group(name))
        else:
            numbers = tuple(int(value) for value in values)
            yield Ordinal(name, numbers, unit=kind, doc=_doc(name), default=int(default), group=_group(name))


def _designed(name: str, layers: Sequence[Layer], technology: Technology) -> DesignSpace:
    values = _values(name, layers)
    unpriced = _unpriced(values, technology)
    priced = [combination for combination in product(*(values[part] for part in GLB)) if combination not in unpriced]
    if not priced:
        raise ConfigError(f"space {name!r}: technology {technology.name!r} has no price of any of its shared buffers")
    for at, part in enumerate(GLB):
        values[part] = tuple(value for value in values[part] if any(value == one[at] for one in priced))
    unpriced = frozenset(one for one in unpriced if all(one[at] in values[part] for at, part in enumerate(GLB)))
    defaults = {part: next((v for v in values[part] if v >= _USUAL[part]), values[part][-1]) for part in values}
    usual = [defaults[part] for part in GLB]
    defaults |= dict(zip(GLB, min(priced, key=lambda one: _distance(one, usual)), strict=True))
    parameters = _parameters(name, values, defaults, technology)
    constraints = [_priced(unpriced)] if unpriced else []
    return DesignSpace(parameters, constraints, name=f"accelerator/{name}")


def _values(space: str, layers: Sequence[Layer]) -> dict[str, tuple[int, ...]]:
    """What each parameter may be, from what the workload needs on."""
    needs, found = least_sizes(layers), {}
    for name, sizes in _SIZES[space].items():
        need = needs.get(name)
        found[name] = sizes if need is None else tuple(value for value in sizes if value >= need.least)
        if need is not None and not found[name]:
            raise ConfigError(
                f"space {space!r}: {name}: {need.layer} needs {need.least} or more, the largest value is {sizes[-1]}"
            )
    return found


def _parameters(
    space: str, values: Mapping[str, tuple[int, ...]], defaults: Mapping[str, int], technology: Technology
) -> Iterator[Parameter]:
    classes = tuple(kind for kind in CLASSES if kind in technology.rules)
    if "SRAM" not in classes:
        raise ConfigError(f"technology {technology.name!r}: expected a price of SRAM for space {space!r}")
    for name, sizes in values.items():
        spad = name.removesuffix("_depth")
        if spad != name:
            # A small register file or a larger memory: in the small space only the weights have the choice.
            chosen = classes if space == EYERISS or spad == "weights" else classes[:1]
            yield Categorical(
                f"{spad}_class", chosen, doc=_doc(f"{spad}_class"), default=chosen[-1], group="element buffers"
            )
        unit = "words" if name.endswith(("depth", "words")) else "1"
        yield Ordinal(name, sizes, unit=unit, doc=_doc(name), default=defaults[name], group=_group(name))


def _unpriced(values: Mapping[str, tuple[int, ...]], technology: Technology) -> frozenset[tuple[int, ...]]:
    """Combinations of `GLB` without a price: tables of memories end somewhere."""
    found = set()
    for words, block, banks in product(*(values[part] for part in GLB)):
        try:
            technology.price(ComponentSpec("SRAM", words // block, block * WORD_BITS, banks))
        except DataError:
            found.add((words, block, banks))
    return frozenset(found)


def _distance(one: Iterable[int], other: Iterable[int]) -> float:
    return sum(abs(math.log2(a / b)) for a, b in zip(one, other, strict=True))


@dataclass(frozen=True, slots=True)
class _Priced:
    """The test of a `Predicate`."""

    unpriced: frozenset[tuple[int, ...]]

    def __call__(self, columns: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        rows = zip(*(columns[part].tolist() for part in GLB), strict=True)
        return np.array([row not in self.unpriced for row in rows], np.bool_)


def _priced(unpriced: frozenset[tuple[int, ...]]) -> Predicate:
    doc = "the technology has a price of such a memory"
    return Predicate("glb is priced", GLB, _Priced(unpriced), doc, definition=f"not in {sorted(unpriced)}")


@dataclass(frozen=True, slots=True)
class _Need:
    least: int
    layer: str
    """Which layer needs it."""


def least_sizes(layers: Sequence[Layer]) -> dict[str, _Need]:
    """What a row-stationary mapping of every layer takes at the least, by the parameter's name: with all that may stay
    in DRAM left there, an element holds a row of a kernel and of its inputs, and the shared buffer the inputs and
    outputs of one column of outputs, from the first row to the last."""
    found: dict[str, _Need] = {}
    for layer in layers:
        reach_r = (layer.R - 1) * layer.dilation_p + 1
        reach_s = (layer.S - 1) * layer.dilation_q + 1
        inputs = ((layer.P - 1) * layer.stride_p + reach_r) * reach_s
        for name, least in (
            ("rows", layer.S),
            ("ifmap_depth", reach_r),
            ("weights_depth", layer.R),
            ("glb_words", inputs + layer.P),
        ):
            if name not in found or least > found[name].least:
                found[name] = _Need(least, f"layer {layer.name!r}")
    return found


_DOCS: Final = {
    "n_pes": "Processing elements in all; a multiple of mesh_x.",
    "mesh_x": "Columns of the array.",
    "columns": "Columns of the array: output channels and columns of outputs run across.",
    "rows": "Rows of the array: a kernel's columns and channels run down.",
    "glb_words": "Capacity of the shared buffer of inputs and outputs, in words of 16 bits.",
    "glb_n_banks": "Banks of the shared buffer.",
}
_BUFFERS: Final = {
    "ifmap": "the inputs' buffer in an element",
    "psum": "the partial sums' buffer in an element",
    "weights": "the weights' buffer in an element",
    "dummy": "the level that passes everything on (costs area only)",
    "glb": "the shared buffer",
}
_FIELDS: Final = {
    "class": "What {} is built as.",
    "depth": "Depth of {}.",
    "block_words": "Words of one access of {}.",
    "read_bandwidth": "Words a cycle out of {}.",
    "write_bandwidth": "Words a cycle into {}.",
}


_ARRAY: Final = frozenset(("n_pes", "mesh_x", "columns", "rows"))
_OUTSIDE: Final = {"glb": "shared buffer", "dummy": "shared buffer"}


def _group(name: str) -> str:
    return "array" if name in _ARRAY else _OUTSIDE.get(name.partition("_")[0], "element buffers")


def _doc(name: str) -> str:
    if name in _DOCS:
        return _DOCS[name]
    prefix, _, field = name.partition("_")
    return _FIELDS[field].format(_BUFFERS[prefix])


def plain_values(design: Mapping[str, Any]) -> dict[str, int | str]:
    """The values of a design as Python's own numbers and texts."""
    return {name: value if isinstance(value, str) else int(value) for name, value in design.items()}
