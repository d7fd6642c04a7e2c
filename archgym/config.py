"""Configuration files: YAML, read safely into typed models, unknown keys refused with the nearest known one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from archgym.errors import ConfigError, UnknownName


class Strict(BaseModel):
    """Base of every model here: nothing unknown, nothing converted silently, nothing changed later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LimitModel(Strict):
    """``{metric: power_avg, at_most: 1.0}``."""

    metric: str
    at_most: float | None = None
    at_least: float | None = None


class TaskModel(Strict):
    """One task file."""

    summary: str
    simulator: str
    workload: str | None = None
    space: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    restrict: dict[str, list[Any]] = Field(default_factory=dict)
    objective: dict[str, Any] | list[dict[str, Any]]
    limits: list[LimitModel] = Field(default_factory=list)
    budget: int = Field(gt=0)
    tags: list[str] = Field(default_factory=list)


class ExperimentModel(Strict):
    """One experiment file: what ``archgym run`` does."""

    task: str | TaskModel
    agent: str | dict[str, Any] = "random"
    seed: int = Field(default=0, ge=0)
    budget: int | None = Field(default=None, gt=0)
    out: str | None = None

    @field_validator("agent")
    @classmethod
    def _named(cls, value: str | dict[str, Any]) -> str | dict[str, Any]:
        if isinstance(value, dict) and not isinstance(value.get("name"), str):
            raise ValueError("expected a name, or a mapping with 'name' and hyperparameters")
        return value

    def agent_name(self) -> str:
        """The agent's entry-point name."""
        return self.agent if isinstance(self.agent, str) else str(self.agent["name"])

    def hyperparameters(self) -> dict[str, Any]:
        """The agent's hyperparameters."""
        return {} if isinstance(self.agent, str) else {k: v for k, v in self.agent.items() if k != "name"}


M = TypeVar("M", bound=Strict)


def read_yaml(path: Path | Traversable) -> dict[str, Any]:
    """The mapping in a YAML file; `ConfigError` with file and line when it is not one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """The mapping in a YAML text; *where* names it in errors. A key given twice is refused."""
    try:
        data = yaml.load(text, Loader=_UniqueKeys)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(f"{where}:{line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{where}: expected a mapping of keys to values, got {type(data).__name__}")
    return data


def parse(model: type[M], data: Mapping[str, Any], where: str) -> M:
    """*data* as a *model*; `ConfigError` naming the first key that is wrong and what was expected."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        # Among a union's branches the deepest complaint is about the branch the user meant.
        first = max(error.errors(), key=lambda e: (e["type"] == "extra_forbidden", len(e["loc"])))
        path = ".".join(str(part) for part in first["loc"] if not _is_branch(part))
        if first["type"] == "extra_forbidden":
            owner: type[BaseModel] = TaskModel if "TaskModel" in first["loc"] else model
            if "limits" in first["loc"]:
                owner = LimitModel
            raise UnknownName(f"{where}: key", str(first["loc"][-1]), owner.model_fields) from None
        given = "" if first["type"] == "missing" else f", got {first['input']!r}"
        reason = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        raise ConfigError(f"{where}: {path}: expected {reason.removeprefix('expected ')}{given}") from None


def _is_branch(part: int | str) -> bool:
    """Whether a step of pydantic's path names a union's branch and not a key of the file."""
    return isinstance(part, str) and (part in {"str", "TaskModel"} or "[" in part)


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, which YAML would silently overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str | int | float | bool) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key) if isinstance(key, str | int | float | bool) else None
        return super().construct_mapping(node, deep)
