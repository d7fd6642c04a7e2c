"""Options of the two simulators, checked: what is wrong with one is said in one line."""

from __future__ import annotations

from archgym.errors import ConfigError
from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.pricing.technology import Technology
from archgym.simulators.accelerator.pricing.technology_file import load_technology


def technology_of(name: object) -> Technology:
    """The technology of that name or in that YAML file; `ConfigError` for whatever is wrong with it."""
    try:
        return load_technology(str(name))
    except (DataError, OSError) as error:
        raise ConfigError(str(error)) from None


def technology_content(technology: Technology) -> str:
    """All that decides a price: two technologies with equal content give equal prices."""
    return repr((technology.leakage, sorted(technology.primitives.items()), sorted(technology.rules.items())))


def expect(simulator: str, option: str, value: object, expected: str, holds: bool) -> None:
    """`ConfigError` about *option* unless it *holds*."""
    if not holds:
        raise ConfigError(f"simulator {simulator!r}: {option}: expected {expected}, got {value!r}")


def expect_whole(simulator: str, **values: object) -> None:
    """Each is a whole number from 1 on; `ConfigError` otherwise."""
    for option, value in values.items():
        expect(simulator, option, value, "a whole number from 1 on", type(value) is int and value >= 1)


def bandwidth_of(simulator: str, option: str, value: object, default: float | None) -> float | None:
    """Words a cycle: *default* where the value is None, no limit where it is ``unlimited``; `ConfigError`."""
    if value is None:
        return default
    if value == "unlimited":
        return None
    good = type(value) in (int, float) and 0 < value < float("inf")  # type: ignore[operator]
    expect(simulator, option, value, "words a cycle, above 0, or unlimited", good)
    return float(value)  # type: ignore[arg-type]
