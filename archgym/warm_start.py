"""Starting a search from what earlier runs found: their results are told to the agent before it proposes anything.

The results must be answers to the same question: the same simulator, version, workload and space. Their scores are
computed anew from the logged metrics, so the earlier runs may have had other objectives. They are neither charged nor
part of the new run's log; the manifest names them, so that a run that is continued starts from the same ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archgym.agent import Told
from archgym.dataset.log import read_log
from archgym.design_keys import design_keys
from archgym.errors import LogError
from archgym.manifest import read_manifest
from archgym.objective import Objective
from archgym.replay import refuse_another
from archgym.resume import design_codes, metric_table
from archgym.rounds import rows_of
from archgym.run_dir import run_dirs
from archgym.simulator import Evaluations, Simulator, Status
from archgym.space import DesignBatch


@dataclass(frozen=True, slots=True, eq=False)
class WarmStart:
    """Results to begin with."""

    told: Told
    """Each design once, in the order of the logs."""
    runs: tuple[str, ...]
    """The ids of the runs that they come from."""
    keys: frozenset[bytes]
    """Of the designs (`archgym.design_keys`)."""

    def __len__(self) -> int:
        return len(self.told)

    def to_data(self) -> dict[str, Any]:
        """What a manifest says of it; two warm starts with the same data tell an agent the same."""
        digest = hashlib.sha256()
        for array in (self.told.designs.codes, self.told.scores, self.told.violation, self.told.status):
            digest.update(np.ascontiguousarray(array).tobytes())
        return {"runs": list(self.runs), "rows": len(self), "digest": digest.hexdigest()[:16]}


def read_warm_start(paths: Sequence[Path | str], simulator: Simulator, objective: Objective) -> WarmStart:
    """The results logged in *paths* (runs, or folders with runs at any depth); failures of the simulator are left out.

    `LogError` for a path without runs, and for a run of another simulator version, workload or space.
    """
    names = [metric.name for metric in simulator.metrics]
    codes, metrics, status, runs = [], [], [], []
    for path in paths:
        for run_dir in run_dirs(Path(path)):
            manifest = read_manifest(run_dir)
            if manifest.simulator["name"] != simulator.name:
                raise LogError(
                    f"{run_dir}: is a run of simulator {manifest.simulator['name']!r}, not {simulator.name!r}"
                )
            refuse_another(manifest, simulator, run_dir, "to start from it")
            table = read_log(run_dir, manifest)
            runs.append(manifest.run_id)
            codes.append(design_codes(table, simulator.space))
            metrics.append(metric_table(table, names))
            status.append(np.array([Status[name] for name in table.column("status").to_pylist()], np.uint8))
    rows = np.concatenate(codes)
    results = Evaluations(np.concatenate(metrics), np.concatenate(status))
    scores = objective.score(results, simulator.metrics)
    whole = Told(
        DesignBatch(simulator.space, rows),
        scores.values,
        scores.violation,
        results.status,
        results.metrics,
        np.zeros(len(rows), np.bool_),
    )
    judged = np.isin(results.status, [Status.OK, Status.INFEASIBLE])
    first: dict[bytes, int] = {}
    for at, key in enumerate(design_keys(rows) if len(rows) else []):
        if judged[at]:
            first.setdefault(key, at)
    chosen = rows_of(whole, np.array(list(first.values()), np.intp))
    for array in (chosen.scores, chosen.violation, chosen.status, chosen.metrics, chosen.duplicate):
        array.setflags(write=False)
    return WarmStart(chosen, tuple(runs), frozenset(first))
