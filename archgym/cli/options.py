"""Options that several verbs take: ``KEY=VALUE`` assignments, read like YAML scalars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from archgym.errors import ConfigError


def parse_assignments(assignments: Sequence[str], flag: str = "--option") -> dict[str, Any]:
    """``["population=32"]`` as ``{"population": 32}``; `ConfigError` for anything else."""
    parsed: dict[str, Any] = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ConfigError(f"{flag} {text!r}: expected KEY=VALUE, for example population=32")
        if key in parsed:
            raise ConfigError(f"{flag} {text!r}: {key!r} is given twice")
        try:
            parsed[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            raise ConfigError(f"{flag} {text!r}: {value!r} is not a value; quote it") from None
    return parsed
