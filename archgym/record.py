"""A row of the log as one line of JSON: what `archgym.sample` defines, in that order.

Numbers keep their bits: a float is written by ``repr``, the shortest text that reads back as the same number. JSON
has no NaN and no infinities: NaN is ``null``, the infinities are the strings ``"inf"`` and ``"-inf"``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import count, repeat
from operator import add
from typing import Any

from archgym.agent import Told
from archgym.objective import Objective
from archgym.parameters import Parameter
from archgym.sample import SCHEMA_VERSION
from archgym.simulator import Simulator, Status

LONGEST_TABLE = 4096
"""A parameter with more values has its texts made on the fly."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes a row."""

    run_id: str
    """Unique among the writers of one log: rows are told apart by (run_id, index)."""
    agent: str
    agent_hash: str
    seed: int


def sample_id_prefix(simulator: str, version: str, workload_hash: str, space: str) -> bytes:
    """What `sample_id` hashes before the design."""
    return json.dumps([simulator, version, workload_hash, space], separators=(",", ":")).encode() + b"\n"


def sample_id(prefix: bytes, key: bytes) -> str:
    """32 hex digits: equal for equal questions. *key* is the design's `design_keys` entry."""
    return blake2b(prefix + key, digest_size=16).hexdigest()


class LineFormat:
    """Makes the lines of one run."""

    def __init__(self, simulator: Simulator, objective: Objective, identity: Identity) -> None:
        space, workload = simulator.space, simulator.workload
        prefix = sample_id_prefix(simulator.name, simulator.version, workload.content_hash, space.fingerprint)
        self._hash = blake2b(prefix, digest_size=16)
        who = {
            "agent": identity.agent,
            "agent_hash": identity.agent_hash,
            "seed": identity.seed,
            "simulator": simulator.name,
            "simulator_version": simulator.version,
            "workload": workload.name,
            "workload_hash": workload.content_hash,
            "space": space.fingerprint,
        }
        run_id = json.dumps(identity.run_id)
        self._head = f'{{"schema_version":{SCHEMA_VERSION},"sample_id":"'
        self._run = f'","run_id":{run_id},"index":'
        self._who = "," + json.dumps(who, separators=(",", ":"))[1:-1]
        self._clock = Clock()
        self._status = [f',"status":"{status.name}","message":' for status in Status]
        self._design = [
            _design_text(p, label) for p, label in zip(space.parameters, _labels("design", space.names), strict=True)
        ]
        names = [f"metric.{metric.name}" for metric in simulator.metrics]
        names += [f"score.{label}" for label in objective.labels]
        self._names = [f",{json.dumps(name)}:" for name in names]
        self._numbers = "".join(name.replace("%", "%%") + "%r" for name in self._names)

    def lines(self, index: int, keys: Sequence[bytes], told: Told, messages: Mapping[int, str], wall_s: float) -> bytes:
        """One line per row of *told*, numbered from *index*; a duplicate's wall time is 0."""
        stamp = f'"timestamp":"{self._clock.now()}"'
        if len(keys) == 1:
            return self._only_line(index, keys[0], told, messages.get(0, ""), wall_s, stamp).encode()
        times = f'false,"wall_s":{wall_s!r},{stamp}', f'true,"wall_s":0.0,{stamp}'
        return "".join(
            map(
                self._line,
                keys,
                count(index),
                told.designs.codes.tolist(),
                told.status.tolist(),
                map(messages.get, range(len(keys)), repeat("")),
                told.violation.tolist(),
                map(times.__getitem__, told.duplicate.tolist()),
                map(add, told.metrics.tolist(), told.scores.tolist()),
            )
        ).encode()

    def _only_line(self, index: int, key: bytes, told: Told, message: str, wall_s: float, stamp: str) -> str:
        """The line of a batch of one, without the machinery of a table."""
        again = told.duplicate.item()
        return self._line(
            key,
            index,
            told.designs.codes.tolist()[0],
            told.status.item(),
            message,
            told.violation.item(),
            f'true,"wall_s":0.0,{stamp}' if again else f'false,"wall_s":{wall_s!r},{stamp}',
            told.metrics.tolist()[0] + told.scores.tolist()[0],
        )

    def _line(
        self,
        key: bytes,
        index: int,
        codes: list[Any],
        status: int,
        message: str,
        violation: float,
        times: str,
        numbers: list[float],
    ) -> str:
        digest = self._hash.copy()
        digest.update(key)
        knobs = "".join([write(code) for write, code in zip(self._design, codes)])  # noqa: B905 - equal by make
        total = sum(numbers)
        texts = self._numbers % tuple(numbers) if total - total == 0.0 else self._texts(numbers)
        reason = json.dumps(message) if message else '""'
        return (
            f"{self._head}{digest.hexdigest()}{self._run}{index}{self._who}{self._status[status]}{reason},"
            f'"violation":{float_text(violation)},"duplicate":{times}{knobs}{texts}}}\n'
        )

    def _texts(self, numbers: list[float]) -> str:
        """Numbers of which some may not be finite."""
        return "".join([name + float_text(value) for name, value in zip(self._names, numbers, strict=True)])


class Clock:
    """The time as text, fast: the part down to the second is made once a second."""

    def __init__(self) -> None:
        self._second, self._text = -1, ""

    def now(self) -> str:
        """UTC, ISO 8601, with microseconds: ``2026-01-31T12:00:00.000001Z``."""
        second, fraction_ns = divmod(time.time_ns(), 1_000_000_000)
        if second != self._second:
            self._second, self._text = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._text}.{fraction_ns // 1000:06d}Z"


def _labels(kind: str, names: Sequence[str]) -> list[str]:
    return [f",{json.dumps(f'{kind}.{name}')}:" for name in names]


def _design_text(parameter: Parameter, label: str) -> Callable[[Any], str]:
    """A value's code (or a `Real`'s value) to the fragment ``,"design.X":value``."""
    if parameter.size is None:
        return lambda value: label + float_text(value)
    values, kind = parameter.values, parameter.kind
    if parameter.size > LONGEST_TABLE:
        return lambda code: label + json_value(values[int(code)], kind)
    return {code: label + json_value(value, kind) for code, value in enumerate(values)}.__getitem__


def json_value(value: Any, kind: str) -> str:
    """A design's value as JSON, of the column's *kind*."""
    convert: dict[str, Callable[[Any], Any]] = {"string": str, "int64": int, "float64": float, "bool": bool}
    return json.dumps(convert[kind](value))


def float_text(value: float) -> str:
    """A float as JSON that reads back with the same bits (`number`)."""
    if value - value == 0.0:
        return repr(value)
    return "null" if value != value else '"inf"' if value > 0 else '"-inf"'


def number(value: Any) -> float:
    """A float column's value as read from JSON: the inverse of what `LineFormat` writes."""
    return float("nan") if value is None else float(value)
