"""YAML without surprises: a key given twice is an error, 1e-3 is a number, 010 is not 8 and ``on`` is a text."""

from __future__ import annotations

import re
from collections.abc import Hashable
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from archgym.simulators.soc.data_error import DataError

_NUMBER_TAGS = {
    "tag:yaml.org,2002:bool": re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"),
    "tag:yaml.org,2002:int": re.compile(r"[-+]?(?:0|[1-9][0-9_]*)$"),
    # Before the point or the exponent there is always a digit.
    "tag:yaml.org,2002:float": re.compile(
        r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$|[-+]?\.(?:inf|Inf|INF)$|\.(?:nan|NaN|NAN)$"
    ),
}
_DROPPED = {*_NUMBER_TAGS, "tag:yaml.org,2002:timestamp"}


class _StrictLoader(yaml.SafeLoader):
    """Resolves plain values as YAML 1.2 does, where YAML 1.1 (PyYAML's) knows sixty ways to write a number."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way
        sign: [pair for pair in pairs if pair[0] not in _DROPPED]
        for sign, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.MarkedYAMLError(problem=f"key {key!r} is given twice", problem_mark=key_node.start_mark)
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep)


for _tag, _pattern in _NUMBER_TAGS.items():
    _StrictLoader.add_implicit_resolver(_tag, _pattern, list("-+.0123456789tTfF"))


def parse_yaml(text: str, where: str) -> Any:
    """What *text* says; `DataError`, naming *where* and the line, if it is no YAML."""
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise DataError(f"{where}: {place}{error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DataError(f"{where}: not a YAML file: {' '.join(str(error).split())}") from None


def read_yaml(path: Traversable) -> Any:
    """What the file says; `DataError`, naming it, if it cannot be read or is no YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a text file in UTF-8") from None
    return parse_yaml(text, str(path))
