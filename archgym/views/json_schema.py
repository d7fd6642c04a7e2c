"""The space as a JSON schema (draft 2020-12): every knob with its values, unit, default and documentation.

A schema can say what one knob may hold; the constraints between knobs stand beside it in words (``x-constraints``).
"""

from __future__ import annotations

from typing import Any

from archgym.space import DesignSpace, Integer, Parameter, Real

_TYPES = {"string": "string", "bool": "boolean", "int64": "integer", "float64": "number"}


def json_schema(space: DesignSpace) -> dict[str, Any]:
    """Plain JSON data; it accepts every valid design as a ``{parameter: value}`` object."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:archgym:space:{space.fingerprint}",
        "title": space.name or "design",
        "type": "object",
        "properties": {parameter.name: _property(parameter) for parameter in space.parameters},
        "required": list(space.names),
        "additionalProperties": False,
        "default": dict(space.default),
    }
    if space.constraints:
        schema["description"] = "Valid where " + "; ".join(constraint.text for constraint in space.constraints) + "."
        schema["x-constraints"] = [
            {"name": constraint.name, "scope": list(constraint.scope), "text": constraint.text}
            for constraint in space.constraints
        ]
    return schema


def _property(parameter: Parameter) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": _TYPES[parameter.kind], **_values(parameter), "default": parameter.default}
    if parameter.doc:
        entry["description"] = parameter.doc
    if parameter.unit != "1":
        entry["x-unit"] = parameter.unit
    if parameter.group:
        entry["x-group"] = parameter.group
    return entry


def _values(parameter: Parameter) -> dict[str, Any]:
    if isinstance(parameter, Real):
        bounds: dict[str, Any] = {"minimum": parameter.low, "maximum": parameter.high}
        return {**bounds, "x-scale": "log"} if parameter.log else bounds
    if isinstance(parameter, Integer) and parameter.low % parameter.step == 0:
        bounds = {"minimum": parameter.low, "maximum": parameter.high}
        return bounds if parameter.step == 1 else {**bounds, "multipleOf": parameter.step}
    return {"enum": list(parameter.values)}
