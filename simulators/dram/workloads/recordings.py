"""The shipped recordings of real programs: gzip-compressed CSV beside one index.

CSV and not a binary archive: any tool reads it, and 20,000 requests still load in some ten milliseconds. The
index, ``recorded/index.json``, is the card of each recording: what ran, behind which caches, and what came out.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from archgym.simulators.dram.trace import Trace
from archgym.simulators.dram.workloads.generators.parameters import Parameter, Value
from archgym.simulators.dram.workloads.readers import read_trace
from archgym.simulators.dram.workloads.suggestion import unknown
from archgym.simulators.dram.workloads.trace_error import TraceError

_FOLDER = "recorded"
_INDEX = "index.json"

RECORDED_PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "n": Parameter("n", int, 1, 2**28, "take only the first n requests"),
        "time_scale": Parameter("time_scale", float, 0, 1000, "multiply all times: 0.5 is twice the load"),
    }
)


@dataclass(frozen=True, slots=True)
class RecordingCard:
    """What is known about one recording."""

    name: str
    facts: Mapping[str, Any]
    """The entry of the index: command, versions, caches, clock, window, counts, date, content hash."""

    @property
    def doc(self) -> str:
        facts = self.facts
        return (
            f"{facts['summary']}\n\n{facts['command']}: {facts['requests']} requests, of which {facts['writes']} "
            f"writes, {facts['mean_gap_ns']} ns apart on average; {facts['version']}."
        )


def recorded_names() -> tuple[str, ...]:
    """The names of the shipped recordings, without ``recorded/``, sorted."""
    return tuple(sorted(_index()))


def recording_card(name: str) -> RecordingCard:
    """The card of the recording *name*. Raises `TraceError`, with a suggestion, for an unknown one."""
    if name not in _index():
        raise unknown("recording", name, recorded_names())
    return RecordingCard(name, MappingProxyType(_index()[name]))


def load_recorded(name: str, **options: object) -> Trace:
    """The recording *name* as a trace, ``recorded/NAME``; *options* are `RECORDED_PARAMETERS`."""
    card = recording_card(name)
    values = _checked(name, options)
    trace = _read(name)
    if trace.content_hash != card.facts["content_hash"]:
        raise TraceError(f"recording {name!r}: expected content {card.facts['content_hash']}, got {trace.content_hash}")
    n = int(values.get("n", len(trace)))
    if n > len(trace):
        raise TraceError(f"recording {name!r}: expected n of at most {len(trace)}, got {n}")
    time_ps = trace.time_ps[:n]
    if "time_scale" in values:
        scale = Fraction(repr(values["time_scale"]))
        scaled = [ps * scale.numerator // scale.denominator for ps in time_ps.tolist()]
        time_ps = np.array(scaled, dtype=np.int64)
    told = ",".join(f"{key}={value!r}" for key, value in values.items())
    full_name = f"{_FOLDER}/{name}:{told}" if told else f"{_FOLDER}/{name}"
    return Trace(full_name, time_ps, trace.is_write[:n], trace.address[:n])


def _checked(name: str, options: Mapping[str, object]) -> dict[str, Value]:
    for option in options:
        if option not in RECORDED_PARAMETERS:
            raise unknown(f"option of recording {name!r}", option, RECORDED_PARAMETERS)
    return {key: RECORDED_PARAMETERS[key].check(value) for key, value in options.items()}


def _read(name: str) -> Trace:
    with resources.as_file(_folder() / f"{name}.csv.gz") as path:
        return read_trace(Path(path))


def _folder() -> resources.abc.Traversable:
    return resources.files("archgym.simulators.dram.workloads") / _FOLDER


@functools.cache
def _index() -> dict[str, dict[str, Any]]:
    """The index, read once: it is package data and does not change."""
    file = _folder() / _INDEX
    content: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return content
