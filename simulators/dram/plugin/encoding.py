"""From designs to the engine's encoded knobs: one table per parameter, looked up by value index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.errors import ConfigError, UnknownName
from archgym.simulators.dram.controller import DRAMSYS_NAMES, ENCODED_KNOBS, ENUMS, ControllerConfig, Model
from archgym.space import DesignBatch, DesignSpace

PART, ORDER, GROUPS, HASH = "Part", "AddressOrder", "GroupInterleave", "BankHash"
"""The parameters of ``platform`` that choose part and address mapping instead of a controller knob."""
SYSTEM = (PART, ORDER, GROUPS, HASH)
_READ_WRITE_SIZES = ("RequestBufferSizeRead", "RequestBufferSizeWrite")


@dataclass(frozen=True, slots=True)
class Encoder:
    """Encodes designs of one space for one setting of the knobs outside it."""

    base: NDArray[np.int64]
    """``(n_knobs,)`` the knobs that the space does not have."""
    tables: tuple[tuple[int, tuple[int, ...], NDArray[np.int64]], ...]
    """Per parameter: its column in the design, the knobs it sets, and the code of each of its values."""

    def encode(self, designs: DesignBatch) -> NDArray[np.int64]:
        """``(n, n_knobs)`` rows in the order of *designs*."""
        matrix = np.tile(self.base, (len(designs), 1))
        for column, knobs, codes in self.tables:
            values = codes[designs.codes[:, column]]
            for knob in knobs:
                matrix[:, knob] = values
        return matrix


def make_encoder(space: DesignSpace, model: Model, fixed: Mapping[str, Any]) -> Encoder:
    """*fixed* sets knobs by their DRAMSys names; `ConfigError` for an unknown or impossible one."""
    for name, value in fixed.items():
        if name not in DRAMSYS_NAMES:
            raise UnknownName("simulator 'dram': knobs: knob", str(name), DRAMSYS_NAMES)
        if name in space.names:
            raise ConfigError(f"simulator 'dram': knobs: {name!r} is searched; use the task's 'restrict' to fix it")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ConfigError(f"simulator 'dram': knobs: {name}: expected a name or a whole number, got {value!r}")
    try:
        base = ControllerConfig.from_dramsys(dict(fixed), model).encoded()
    except ValueError as error:
        raise ConfigError(f"simulator 'dram': knobs: {error}") from None
    tables = []
    for column, parameter in enumerate(space.parameters):
        if parameter.name in SYSTEM:
            continue
        targets = [DRAMSYS_NAMES[parameter.name]]
        if parameter.name == "RequestBufferSize":  # one size for every kind of buffer without a size of its own
            own = {*space.names, *fixed}
            targets += [DRAMSYS_NAMES[name] for name in _READ_WRITE_SIZES if name not in own]
        codes = [_code(targets[0], value) for value in parameter.values]
        tables.append((column, tuple(ENCODED_KNOBS.index(knob) for knob in targets), np.array(codes, np.int64)))
    return Encoder(base, tuple(tables))


def _code(knob: str, value: Any) -> int:
    return [member.value for member in ENUMS[knob]].index(value) if knob in ENUMS else int(value)
