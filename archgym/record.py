"""A row of the log as one line of JSON: what `archgym.sample` defines, written column by column.

Numbers keep their bits: a float is written by ``repr``, the shortest text that reads back as the same number. JSON
has no NaN and no infinities: NaN is ``null``, the infinities are the strings ``"inf"`` and ``"-inf"``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Told
from archgym.objective import Objective
from archgym.parameters import Parameter
from archgym.sample import SCHEMA_VERSION
from archgym.simulator import Simulator, Status
from archgym.space import DesignSpace

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
        self._prefix = sample_id_prefix(simulator.name, simulator.version, workload.content_hash, space.fingerprint)
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
        self._head = f'{{"schema_version":{SCHEMA_VERSION},"sample_id":"'
        self._run = f'","run_id":{json.dumps(identity.run_id)},"index":'
        self._who = "," + json.dumps(who, separators=(",", ":"))[1:-1]
        self._status = [f',"status":"{status.name}","message":' for status in Status]
        self._design = _design_columns(space)
        self._metric_names = _labels("metric", [metric.name for metric in simulator.metrics])
        self._score_names = _labels("score", objective.labels)
        self._finite = space.finite

    def lines(self, index: int, keys: Sequence[bytes], told: Told, messages: Mapping[int, str], wall_s: float) -> bytes:
        """One line per row of *told*, numbered from *index*; a duplicate's wall time is 0."""
        blake, prefix, head, run, who = blake2b, self._prefix, self._head, self._run, self._who
        stamp = f'"timestamp":"{datetime.now(UTC).isoformat(timespec="microseconds")[:-6]}Z"'
        fresh_tail = f',"duplicate":false,"wall_s":{wall_s!r},{stamp}'
        known_tail = f',"duplicate":true,"wall_s":0.0,{stamp}'
        tails = [known_tail if again else fresh_tail for again in told.duplicate.tolist()]
        says = [self._status[code] for code in told.status.tolist()]
        texts = [json.dumps(messages.get(i, "")) for i in range(len(keys))] if messages else ['""'] * len(keys)
        violations = _numbers(told.violation)
        columns = [*self._designs(told.designs.codes)]
        columns += _labelled(self._metric_names, told.metrics)
        columns += _labelled(self._score_names, told.scores)
        out: list[str] = []
        rows = zip(keys, says, texts, violations, tails, zip(*columns, strict=True), strict=True)
        for at, (key, say, text, violation, tail, values) in enumerate(rows, index):
            ident = blake(prefix + key, digest_size=16).hexdigest()
            out.append(f'{head}{ident}{run}{at}{who}{say}{text},"violation":{violation}{tail}{"".join(values)}}}\n')
        return "".join(out).encode()

    def _designs(self, codes: NDArray[Any]) -> list[list[str]]:
        rows = codes if self._finite else codes.astype(np.float64)
        return [write(rows[:, i]) for i, write in enumerate(self._design)]


def _labels(kind: str, names: Sequence[str]) -> list[str]:
    return [f",{json.dumps(f'{kind}.{name}')}:" for name in names]


def _design_columns(space: DesignSpace) -> list[Callable[[NDArray[Any]], list[str]]]:
    """Per parameter: value indices (or values) of a column to the fragments ``,"design.X":value``."""
    labels = _labels("design", space.names)
    return [_design_column(p, label) for p, label in zip(space.parameters, labels, strict=True)]


def _design_column(parameter: Parameter, label: str) -> Callable[[NDArray[Any]], list[str]]:
    if parameter.size is None:
        return lambda column: [label + text for text in _numbers(column)]
    values, kind = parameter.values, parameter.kind
    if parameter.size > LONGEST_TABLE:
        return lambda column: [label + json_value(values[int(code)], kind) for code in column]
    texts = [label + json_value(value, kind) for value in values]
    return lambda column: [texts[code] for code in column.astype(np.intp).tolist()]


def json_value(value: Any, kind: str) -> str:
    """A design's value as JSON, of the column's *kind*."""
    convert: dict[str, Callable[[Any], Any]] = {"string": str, "int64": int, "float64": float, "bool": bool}
    return json.dumps(convert[kind](value))


def _numbers(column: NDArray[np.float64]) -> list[str]:
    texts = [repr(value) for value in column.tolist()]
    if not np.isfinite(column).all():
        texts = [_SPECIAL.get(text, text) for text in texts]
    return texts


_SPECIAL = {"nan": "null", "inf": '"inf"', "-inf": '"-inf"'}


def _labelled(names: Sequence[str], table: NDArray[np.float64]) -> list[list[str]]:
    """Per column of *table* ``(n, len(names))`` its fragments."""
    texts = [repr(value) for value in table.T.ravel().tolist()]
    if not np.isfinite(table).all():
        texts = [_SPECIAL.get(text, text) for text in texts]
    n = len(table)
    return [[name + text for text in texts[i * n : (i + 1) * n]] for i, name in enumerate(names)]


def number(value: Any) -> float:
    """A float column's value as read from JSON: the inverse of what `LineFormat` writes."""
    return float("nan") if value is None else float(value)
