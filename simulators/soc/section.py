"""A mapping in a data file, asked for typed values: a wrong one is named with its file, its key and what goes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from archgym.simulators.soc.data_error import DataError, suggestion

T = TypeVar("T")
MOST_WHOLE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Section:
    """*values* at *where*, ``mine.yaml`` or ``mine.yaml: tasks.gauss``. Every method raises `DataError`."""

    values: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, value: object, where: str) -> Section:
        """*value*, if it is a mapping whose every key is a text."""
        if not isinstance(value, Mapping):
            raise DataError(f"{where}: expected a mapping of names to values, got {in_short(value)}")
        for key in value:
            if not isinstance(key, str):
                raise DataError(f"{where}: expected a text as key, got {in_short(key)}; put it in quotes")
        return cls(value, where)

    def keys_are(self, *known: str) -> None:
        """There is no other key."""
        for key in self.values:
            if key not in known:
                hint = suggestion(key, known)
                raise DataError(f"{self.where}: unknown key {key!r}; {hint}known: {', '.join(known)}")

    def section(self, key: str) -> Section:
        """The mapping under *key*; empty where there is no such key."""
        return Section.of(self.values.get(key, {}), self.at(key))

    def sections(self) -> Iterator[tuple[str, Section]]:
        """Every key, with the mapping under it."""
        for key in self.values:
            yield key, self.section(key)

    def text(self, key: str) -> str:
        value = self.values.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text")
        return value.strip()

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def number(self, key: str) -> float:
        """A number above 0."""
        value = as_number(self.values.get(key))
        if value is None:
            raise self.wrong(key, "a number above 0")
        return value

    def whole(self, key: str) -> int:
        """A whole number from 1 on."""
        value = as_whole(self.values.get(key))
        if value is None:
            raise self.wrong(key, "a whole number from 1 on")
        return value

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of numbers above 0."""
        return self._list(key, as_number, "numbers above 0")

    def wholes(self, key: str) -> tuple[int, ...]:
        """An increasing list of whole numbers from 1 on."""
        values = self._list(key, as_whole, "whole numbers from 1 on")
        if sorted(set(values)) != list(values):
            raise self.wrong(key, "whole numbers in increasing order")
        return values

    def at(self, key: str) -> str:
        """Where *key* is, as in ``mine.yaml: tasks.gauss``."""
        return f"{self.where}{'.' if ': ' in self.where else ': '}{key}"

    def wrong(self, key: str, expected: str) -> DataError:
        """The error about the value of *key*, to be raised."""
        got = in_short(self.values[key]) if key in self.values else "nothing"
        return DataError(f"{self.at(key)}: expected {expected}, got {got}")

    def _list(self, key: str, convert: Callable[[object], T | None], expected: str) -> tuple[T, ...]:
        values = self.values.get(key)
        if not isinstance(values, list) or not values:
            raise self.wrong(key, f"a list of {expected}")
        items: list[T] = []
        for i, value in enumerate(values):
            item = convert(value)
            if item is None:
                raise DataError(f"{self.at(key)}[{i}]: expected {expected}, got {in_short(value)}")
            items.append(item)
        return tuple(items)


def as_number(value: object) -> float | None:
    """*value*, if it is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < 2**1023 else None


def as_whole(value: object) -> int | None:
    """*value*, if it is a whole number from 1 to `MOST_WHOLE`."""
    number = as_number(value)
    return int(number) if number is not None and number.is_integer() and number <= MOST_WHOLE else None


def in_short(value: object) -> str:
    """*value* as it would be written, cut where it is long."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
