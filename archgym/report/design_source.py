"""Where a design to look at comes from: a run, a file, a word, with single values laid over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from archgym.errors import ConfigError, DesignError, LogError
from archgym.manifest import FILE as MANIFEST
from archgym.replay import refuse_another
from archgym.report.runs import Run, read_run, sample
from archgym.simulator import Simulator
from archgym.space import DesignSpace
from archgym.task import Task

DEFAULT = "default"
BEST = "best"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A complete design and what prices it."""

    title: str
    """Where the design comes from, in words."""
    design: Mapping[str, Any]
    simulator: Simulator
    task: Task | None


def is_run(text: str) -> bool:
    """Whether *text* names a directory, and so should be a run."""
    return text != DEFAULT and Path(text).is_dir()


def from_run(path: Path, which: str, over: Sequence[str] = ()) -> Source:
    """The run's ``best`` design, the ``default`` one, or the one with index *which* in its log.

    `LogError` for no run, no such design, or when the installed simulator is not the one of the run.
    """
    if not (path / MANIFEST).is_file():
        raise LogError(
            f"{path}: expected a run's directory, found no {MANIFEST} in it; for several runs: archgym report"
        )
    run = read_run(path)
    simulator = run.task.make_simulator()
    refuse_another(run.manifest, simulator, path)
    chosen = simulator.space.default if which == DEFAULT else _logged(run, which)
    title = f"the {which} design of {path}" if which in (BEST, DEFAULT) else f"design {which} in the log of {path}"
    return Source(title, laid_over(chosen, over, simulator.space), simulator, run.task)


def from_text(text: str, simulator: Simulator, task: Task | None, over: Sequence[str] = ()) -> Source:
    """The word ``default``, or a YAML or JSON file; parameters it leaves out take the default."""
    space = simulator.space
    if text == DEFAULT:
        return Source("the default design", laid_over(space.default, over, space), simulator, task)
    path = Path(text)
    if path.suffix.lower() not in (".yaml", ".yml", ".json"):
        found = "is no such file" if path.is_file() else "does not exist"
        raise ConfigError(
            f"{text!r} {found}: expected a run's directory, a design file (.yaml, .yml, .json) or the word default"
        )
    design = _complete(read_design(path), space, str(path))
    return Source(f"the design in {path}", laid_over(design, over, space), simulator, task)


def read_design(path: Path) -> dict[str, str]:
    """Parameter to value as it is written; `ConfigError` with file and line for anything but such a mapping.

    Scalars stay text, so that a value named ``Off`` or ``None`` is not taken for a YAML constant.
    """
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(f"{path}:{line}: not valid YAML or JSON: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML or JSON: {' '.join(str(error).split())}") from None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{path}: expected a mapping of parameters to values, for example {{L1Size: 32}}")
    design: dict[str, str] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
            raise ConfigError(f"{path}:{line}: expected one parameter and its value")
        if key.value in design:
            raise ConfigError(f"{path}:{line}: {key.value!r} is given twice")
        design[key.value] = value.value
    return design


def laid_over(design: Mapping[str, Any], assignments: Sequence[str], space: DesignSpace) -> dict[str, Any]:
    """*design* with each ``PARAM=VALUE`` in it; `ConfigError` for another form, a name or value that is unknown."""
    over: dict[str, str] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ConfigError(f"--set {text!r}: expected PARAM=VALUE, for example {space.names[0]}=…")
        if name in over:
            raise ConfigError(f"--set {text!r}: {name!r} is given twice")
        over[name] = value
    return {**design, **_values(over, space, "--set")}


def _complete(written: Mapping[str, str], space: DesignSpace, where: str) -> dict[str, Any]:
    return {**space.default, **_values(written, space, where)}


def _values(written: Mapping[str, str], space: DesignSpace, where: str) -> dict[str, Any]:
    """The values that the texts stand for, each checked on its own."""
    known = {parameter.name: parameter for parameter in space.parameters}
    values: dict[str, Any] = {}
    for name, text in written.items():
        values[name] = _value(text, known[name]) if name in known else text
        try:
            space.from_designs([{**space.default, name: values[name]}])
        except DesignError as error:
            raise ConfigError(f"{where}: {error}") from None
    return values


def _value(text: str, parameter: Any) -> Any:
    """The parameter's value that *text* writes; *text* itself when there is none, for the space to refuse."""
    for value in parameter.values:
        if text == str(value) or (isinstance(value, bool) and text.lower() == str(value).lower()):
            return value
    if parameter.kind in ("string", "bool"):
        return text
    for number in (int, float):
        with suppress(ValueError):
            read = number(text)
            return next((value for value in parameter.values if value == read), read)
    return text


def _logged(run: Run, which: str) -> Mapping[str, Any]:
    if which == BEST:
        if run.best is None:
            count = len(run.samples)
            other = f"its index in the log (--which 0 to {count - 1}), or " if count else ""
            raise LogError(
                f"{run.path}: none of its {count:,} designs has a result; look at one by {other}--which default"
            )
        return run.best.design
    if not which.isdecimal():
        raise ConfigError(f"--which {which!r}: expected best, default, or a design's index in the run's log")
    rows = (run.samples["index"] == int(which)).to_numpy().nonzero()[0]
    if not len(rows):
        raise LogError(f"{run.path}: its log has no design {which}; it has {len(run.samples):,}, from 0")
    return sample(run.samples, int(rows[0])).design
