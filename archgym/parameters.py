"""The knobs of a design: what each may be set to, in which order, in which unit.

A parameter is data; a design refers to a value by its index in `values` (a *code*), and a `Real` by the value itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archgym.errors import SpaceError, did_you_mean

Kind: TypeAlias = Literal["string", "int64", "float64", "bool"]
Value: TypeAlias = str | int | float | bool

LARGEST_SIZE = 2**20
"""Values of one parameter at most: they are held one by one, and a float32 point must still reach each of them."""

_KINDS: dict[type, Kind] = {str: "string", bool: "bool", int: "int64", float: "float64"}
_DTYPES: dict[str, Any] = {"string": np.str_, "bool": np.bool_, "int64": np.int64, "float64": np.float64}


@dataclass(frozen=True, slots=True)
class Categorical:
    """Values without an order: all strings, all booleans or all numbers."""

    name: str
    values: tuple[Value, ...]
    doc: str = ""
    default: Value | None = None
    """The first value when None."""
    group: str = field(default="", kw_only=True)
    """The part of the design that it belongs to, for agents that share the work; like `doc` it changes nothing."""
    unit: ClassVar[str] = "1"
    ordered: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_name(self.name, self.group)
        _set(self, "values", _one_type(self.name, self.values))
        _set_default(self, self.values)

    @property
    def kind(self) -> Kind:
        return _KINDS[type(self.values[0])]

    @property
    def size(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Ordinal:
    """Numbers in strictly increasing order; only their order and the values themselves matter, not their spacing."""

    name: str
    values: tuple[int | float, ...]
    unit: str = "1"
    doc: str = ""
    default: int | float | None = None
    """The first value when None."""
    group: str = field(default="", kw_only=True)
    ordered: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_name(self.name, self.group)
        _set(self, "values", _one_type(self.name, self.values))
        if self.kind not in ("int64", "float64"):
            raise SpaceError(f"parameter {self.name!r}: expected numbers, got {self.values[0]!r}; use Categorical")
        if any(a >= b for a, b in zip(self.values, self.values[1:], strict=False)):
            raise SpaceError(f"parameter {self.name!r}: expected strictly increasing values, got {_brief(self.values)}")
        _set_default(self, self.values)

    @property
    def kind(self) -> Kind:
        return _KINDS[type(self.values[0])]

    @property
    def size(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Integer:
    """``low, low + step, …, high``, both ends included."""

    name: str
    low: int
    high: int
    step: int = 1
    unit: str = "1"
    doc: str = ""
    default: int | None = None
    """`low` when None."""
    group: str = field(default="", kw_only=True)
    values: tuple[int, ...] = field(init=False, repr=False, compare=False)
    kind: ClassVar[Kind] = "int64"
    ordered: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_name(self.name, self.group)
        for label in ("low", "high", "step"):
            number = _plain(getattr(self, label))
            if isinstance(number, bool) or not isinstance(number, int):
                raise SpaceError(f"parameter {self.name!r}: expected an integer {label}, got {number!r}")
            _set(self, label, number)
        if self.step < 1 or self.high < self.low or (self.high - self.low) % self.step:
            raise SpaceError(
                f"parameter {self.name!r}: expected high = low + a multiple of step (>= 1), "
                f"got low={self.low}, high={self.high}, step={self.step}"
            )
        _check_size(self.name, (self.high - self.low) // self.step + 1)
        _set(self, "values", tuple(range(self.low, self.high + 1, self.step)))
        _set_default(self, self.values)

    @property
    def size(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Real:
    """Any number from *low* to *high*, both included; with *log* it is sampled and scaled by its logarithm."""

    name: str
    low: float
    high: float
    log: bool = False
    unit: str = "1"
    doc: str = ""
    default: float | None = None
    """`low` when None."""
    group: str = field(default="", kw_only=True)
    kind: ClassVar[Kind] = "float64"
    size: ClassVar[None] = None
    values: ClassVar[tuple[float, ...]] = ()
    ordered: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_name(self.name, self.group)
        _set(self, "low", float(self.low))
        _set(self, "high", float(self.high))
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise SpaceError(
                f"parameter {self.name!r}: expected finite low < high, got low={self.low!r}, high={self.high!r}"
            )
        if self.log and self.low <= 0:
            raise SpaceError(f"parameter {self.name!r}: a log scale needs low > 0, got {self.low!r}")
        _set(self, "default", self.low if self.default is None else float(self.default))
        if not self.low <= (self.default or 0.0) <= self.high:
            raise SpaceError(
                f"parameter {self.name!r}: default {self.default!r} lies outside [{self.low!r}, {self.high!r}]"
            )

    def from_unit(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at the fractions *u* in [0, 1] of the (logarithmic) range."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            values = np.exp(low + u * (high - low))
        else:
            values = self.low + u * (self.high - self.low)
        return np.clip(values, self.low, self.high)  # rounding only

    def to_unit(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Fractions in [0, 1] of the (logarithmic) range; undoes `from_unit` up to rounding."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            fractions = (np.log(values) - low) / (high - low)
        else:
            fractions = (values - self.low) / (self.high - self.low)
        return np.clip(fractions, 0.0, 1.0)  # rounding only


Parameter: TypeAlias = Categorical | Ordinal | Integer | Real


def value_array(parameter: Parameter) -> NDArray[Any]:
    """``(size,)`` read-only array of a finite parameter's values, with the dtype of its kind."""
    array = np.array(parameter.values, dtype=_DTYPES[parameter.kind])
    array.setflags(write=False)
    return array


def unknown_value(parameter: Parameter, value: Any) -> str:
    """The message for a value that *parameter* does not have, with the nearest one."""
    numbers = parameter.kind in ("int64", "float64")
    if numbers and isinstance(value, int | float) and not isinstance(value, bool):
        near = min(parameter.values, key=lambda known: abs(float(known) - value))
        low, high = min(parameter.values, key=float), max(parameter.values, key=float)
        hint = f"nearest is {near!r} (of {len(parameter.values)} values from {low!r} to {high!r})"
    else:
        hint = did_you_mean(str(value), (str(known) for known in parameter.values[:50]))
    return f"parameter {parameter.name!r} has no value {value!r}: {hint}"


def _brief(values: tuple[Any, ...], most: int = 12) -> str:
    shown = ", ".join(repr(value) for value in values[:most])
    return shown + (f", … ({len(values)} values)" if len(values) > most else "")


def _set(parameter: object, label: str, value: object) -> None:
    object.__setattr__(parameter, label, value)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _check_name(name: str, group: str) -> None:
    if not isinstance(name, str) or not name:
        raise SpaceError(f"expected a parameter name, got {name!r}")
    if not isinstance(group, str):
        raise SpaceError(f"parameter {name!r}: expected the name of a group, got {group!r}")


def _check_size(name: str, size: int) -> None:
    if size > LARGEST_SIZE:
        raise SpaceError(f"parameter {name!r}: {size} values are too many (at most {LARGEST_SIZE}): use a step or Real")


def _one_type(name: str, values: Any) -> tuple[Any, ...]:
    """The values as Python scalars of one type (integers become floats beside floats), checked to differ."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise SpaceError(f"parameter {name!r}: expected a sequence of values, got {values!r}")
    plain = tuple(_plain(value) for value in values)
    if not plain:
        raise SpaceError(f"parameter {name!r}: expected at least one value, got none")
    _check_size(name, len(plain))
    types = {type(value) for value in plain}
    if types == {int, float}:
        plain, types = tuple(float(value) for value in plain), {float}
    if len(types) > 1 or not types <= set(_KINDS):
        raise SpaceError(f"parameter {name!r}: expected all strings, all booleans or all numbers, got {_brief(plain)}")
    if len(set(plain)) < len(plain):
        raise SpaceError(f"parameter {name!r}: values occur twice in {_brief(plain)}")
    if types == {float} and not all(math.isfinite(value) for value in plain):
        raise SpaceError(f"parameter {name!r}: expected finite numbers, got {_brief(plain)}")
    if types == {int} and not all(-(2**63) <= value < 2**63 for value in plain):
        raise SpaceError(f"parameter {name!r}: expected 64-bit integers, got {_brief(plain)}")
    return plain


def _set_default(parameter: Categorical | Ordinal | Integer, values: tuple[Any, ...]) -> None:
    default = values[0] if parameter.default is None else _plain(parameter.default)
    if default not in values or isinstance(default, bool) != isinstance(values[0], bool):
        raise SpaceError(f"parameter {parameter.name!r}: default {default!r} is not one of its values {_brief(values)}")
    _set(parameter, "default", values[values.index(default)])
