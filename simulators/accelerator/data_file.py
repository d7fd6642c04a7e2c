"""Mappings read from data files, asked for typed values: a wrong one is named with its file, its key and what goes
there."""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from archgym.simulators.accelerator.data_error import DataError


def suggestion(name: object, known: Iterable[object]) -> str:
    """``"did you mean 'SRAM'? "`` where one of *known* is near enough, else nothing."""
    near = difflib.get_close_matches(str(name), [str(other) for other in known], n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}? " if near else ""


def unknown(what: str, name: object, known: Iterable[object]) -> DataError:
    """An error like ``network 'vgg_16': did you mean 'vgg16'? known: alexnet, …``, to be raised."""
    names = [str(other) for other in known]
    return DataError(f"{what} {str(name)!r}: {suggestion(name, names)}known: {', '.join(names)}")


class _Loader(yaml.SafeLoader):
    """Refuses a key that is given twice, of which YAML's own rules would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[str, int] = {}
        for key_node, _ in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if isinstance(key, str) and key in lines:
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} is given twice, first in line {lines[key]}", problem_mark=key_node.start_mark
                )
            if isinstance(key, str):
                lines[key] = line
        return super().construct_mapping(node, deep)


def read_text(path: Traversable) -> str:
    """The text of a file in UTF-8; `DataError`, naming it, if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a text file in UTF-8") from None


def read_yaml(path: Traversable) -> Fields:
    """The mapping in a YAML file; `DataError`, naming the file and the line, if it is none."""
    try:
        return Fields.of(yaml.load(read_text(path), Loader=_Loader), str(path))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        raise DataError(f"{path}: {place}{error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from None


@dataclass(frozen=True, slots=True)
class Fields:
    """*values* at *where*, ``mine.yaml`` or ``mine.yaml: components: mram``. Every method raises `DataError`."""

    values: Mapping[str, Any]
    where: str

    @classmethod
    def of(cls, value: object, where: str) -> Fields:
        """*value*, if it is a mapping whose keys are texts."""
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise DataError(f"{where}: expected a mapping of names to values, got {in_short(value)}")
        return cls(value, where)

    def keys_are(self, *known: str) -> None:
        """There is no other key."""
        for key in self.values:
            if key not in known:
                hint = suggestion(key, known)
                raise DataError(f"{self.where}: unknown key {key!r}: {hint}known: {', '.join(known)}")

    def fields(self, key: str) -> Fields:
        """The mapping under *key*; empty where there is no such key."""
        return Fields.of(self.values.get(key, {}), f"{self.where}: {key}")

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty; *default* where there is no such key, unless it is None."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text")
        return " ".join(value.split())

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false; *default* where there is no such key."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A finite number from 0 on; *default* where there is no such key, unless it is None."""
        value = as_number(self.values.get(key, default))
        if value is None:
            raise self.wrong(key, "a number from 0 on")
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        """A whole number from 1 on; *default* where there is no such key, unless it is None."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**31:
            raise self.wrong(key, "a whole number from 1 on")
        return value

    def wrong(self, key: str, expected: str) -> DataError:
        """The error about the value of *key*, to be raised."""
        got = in_short(self.values[key]) if key in self.values else "nothing"
        return DataError(f"{self.where}: {key}: expected {expected}, got {got}")


def as_number(value: object) -> float | None:
    """*value*, if it is a finite number from 0 on; YAML takes ``1e-5`` for a text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def in_short(value: object) -> str:
    """*value* as it would be written, cut where it is long."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
