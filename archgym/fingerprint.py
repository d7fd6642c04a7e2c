"""The identity of a design space: equal for equal meaning, in any process.

Samples carry it, so that logs made in different spaces never mix. Documentation and defaults do not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from archgym.constraints import Constraint
from archgym.parameters import Integer, Parameter


def fingerprint(parameters: Sequence[Parameter], constraints: Sequence[Constraint]) -> str:
    """16 hex digits over the parameters, in order, and the constraints, in any order."""
    rules = sorted(json.dumps([c.name, sorted(c.scope), c.canonical()], sort_keys=True) for c in constraints)
    data = [[_canonical(parameter) for parameter in parameters], rules]
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _canonical(parameter: Parameter) -> list[Any]:
    if parameter.size is None:
        scale = "log" if parameter.log else "linear"
        return ["Real", parameter.name, [parameter.low, parameter.high, scale], parameter.unit]
    shape: Sequence[Any] = parameter.values
    if isinstance(parameter, Integer):
        shape = [parameter.low, parameter.high, parameter.step]
    return [type(parameter).__name__, parameter.name, list(shape), parameter.unit]
