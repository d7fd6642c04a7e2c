"""Every workload by its name: generators with options, recordings of real programs, trace files.

A name is ``stream``, ``stream:interval_ns=2.5,seed=3``, ``recorded/gzip`` or a path to a trace file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archgym.simulators.dram.trace import Trace
from archgym.simulators.dram.workloads.generators.catalogue import GENERATORS
from archgym.simulators.dram.workloads.generators.generator import DEFAULT_SEED, Generator
from archgym.simulators.dram.workloads.generators.parameters import PARAMETERS, Parameter, Value
from archgym.simulators.dram.workloads.readers import read_trace
from archgym.simulators.dram.workloads.recordings import (
    RECORDED_PARAMETERS,
    load_recorded,
    recorded_names,
    recording_card,
)
from archgym.simulators.dram.workloads.suggestion import unknown
from archgym.simulators.dram.workloads.trace_error import TraceError

RECORDED_PREFIX = "recorded/"
ALIASES = {"cloud_1": "archgym_cloud_1", "cloud_2": "archgym_cloud_2"}


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """One option of a workload."""

    name: str
    default: Value | None
    expected: str
    doc: str


@dataclass(frozen=True, slots=True)
class WorkloadInfo:
    """What a named workload is."""

    name: str
    kind: str
    """``"generated"`` or ``"recorded"``."""
    doc: str
    """The first line is a summary."""
    options: tuple[OptionInfo, ...]


def workload_names() -> tuple[str, ...]:
    """All names, generators first; aliases are left out."""
    return (*GENERATORS, *(RECORDED_PREFIX + name for name in recorded_names()))


def describe(name: str) -> WorkloadInfo:
    """The documentation of a named workload. Raises `TraceError`, with a suggestion, for an unknown name."""
    base = ALIASES.get(name, name)
    if base in GENERATORS:
        entry = GENERATORS[base]
        defaults = {**entry.defaults, "seed": DEFAULT_SEED}
        options = tuple(_option(PARAMETERS[key], value) for key, value in defaults.items())
        return WorkloadInfo(base, "generated", entry.doc, options)
    if base in workload_names():
        card = recording_card(base.removeprefix(RECORDED_PREFIX))
        options = tuple(_option(parameter, None) for parameter in RECORDED_PARAMETERS.values())
        return WorkloadInfo(base, "recorded", card.doc, options)
    raise unknown("workload", name, workload_names())


def load_workload(name_or_path: str | Path, **options: object) -> Trace:
    """The trace of a named workload or a file.

    *options* are the generator's (``seed`` is 0 by default), a recording's (``n``, ``time_scale``) or those of
    `read_trace`; those in the name and those in *options* must not collide. Raises `TraceError` for an unknown
    name or option, a bad value or a bad file.
    """
    if isinstance(name_or_path, Path) or _is_path(name_or_path):
        return _read_file(Path(name_or_path), options)
    base, _, told = name_or_path.partition(":")
    base = ALIASES.get(base, base)
    entry = GENERATORS.get(base)
    if entry is None and base not in workload_names():
        raise unknown("workload", base, workload_names())
    parsed = _parse_options(name_or_path, told)
    both = sorted(set(parsed) & set(options))
    if both:
        raise TraceError(f"workload {name_or_path!r}: {both[0]} is given twice, in the name and as an option")
    given = {**parsed, **options}
    if entry is not None:
        return _generate(entry, given)
    return load_recorded(base.removeprefix(RECORDED_PREFIX), **given)


def _generate(entry: Generator, options: dict[str, object]) -> Trace:
    seed = PARAMETERS["seed"].check(options.pop("seed", DEFAULT_SEED))
    return entry(seed=int(seed), **options)


def _is_path(name: str) -> bool:
    """A recording's name has a slash as well but no suffix, and a generator's options may hold a dot."""
    base = name.partition(":")[0]
    known = base in GENERATORS or base in ALIASES or base.startswith(RECORDED_PREFIX)
    return not known and ("/" in name or "\\" in name or Path(name).suffix != "" or Path(name).is_file())


def _read_file(path: Path, options: dict[str, object]) -> Trace:
    known = ("clock_mhz", "format", "interval_ns", "burst_bytes", "unaligned")
    for name in options:
        if name not in known:
            raise unknown(f"option of the trace file {str(path)!r}", name, known)
    return read_trace(path, **options)  # type: ignore[arg-type]  # read_trace checks the values


def _option(parameter: Parameter, default: Value | None) -> OptionInfo:
    return OptionInfo(parameter.name, default, parameter.expected, parameter.doc)


def _parse_options(name: str, told: str) -> dict[str, object]:
    """The numbers in ``key=value,…``. An option that no workload has stays text, to be refused by name later."""
    known = {**PARAMETERS, **RECORDED_PARAMETERS}
    options: dict[str, object] = {}
    for item in told.split(",") if told else ():
        key, equals, text = item.partition("=")
        if not equals:
            raise TraceError(f"workload {name!r}: expected 'option=value', got {item!r}")
        options[key] = known[key].parse(text) if key in known else text
    return options
