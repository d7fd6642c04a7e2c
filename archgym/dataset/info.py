"""What a log holds, in numbers: ``archgym dataset info``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archgym.read import read_samples
from archgym.run_dir import read_state, run_dirs

if TYPE_CHECKING:
    import pandas as pd


def info(path: Path | str) -> dict[str, Any]:
    """JSON-able facts about a run, a folder of runs or a Parquet file.

    ``rows``, ``runs`` (and ``states`` of run directories), ``schema_versions``, ``simulators`` (with versions),
    ``workloads``, ``spaces``, ``agents``, ``statuses``, ``duplicates`` (rows answered from memory),
    ``unique_designs``, ``bytes`` on disk, and ``best``: per simulator, workload, space and score the row with the
    lowest value among those that keep every limit.
    """
    source = Path(path)
    frame = read_samples(source)
    return {
        "path": str(source),
        "rows": len(frame),
        "runs": int(frame["run_id"].nunique()),
        "states": _states(source),
        "schema_versions": sorted(int(v) for v in frame["schema_version"].unique()),
        "simulators": _pairs(frame, "simulator", "simulator_version"),
        "workloads": _pairs(frame, "workload", "workload_hash"),
        "spaces": sorted(frame["space"].unique()),
        "agents": sorted(frame["agent"].unique()),
        "statuses": {str(name): int(n) for name, n in frame["status"].value_counts().sort_index().items()},
        "duplicates": int(frame["duplicate"].sum()),
        "unique_designs": int(frame["sample_id"].nunique()),
        "bytes": _size(source),
        "best": _best(frame),
    }


def _states(source: Path) -> dict[str, int]:
    if source.is_file():
        return {}
    counts: dict[str, int] = {}
    for run_dir in run_dirs(source):
        status = str(read_state(run_dir)["status"])
        counts[status] = counts.get(status, 0) + 1
    return dict(sorted(counts.items()))


def _pairs(frame: pd.DataFrame, name: str, detail: str) -> list[dict[str, Any]]:
    counts = frame.groupby([name, detail]).size().reset_index(name="rows")
    return [{str(key): _plain(value) for key, value in row.items()} for row in counts.to_dict("records")]


def _best(frame: pd.DataFrame) -> list[dict[str, Any]]:
    usable = frame[(frame["status"] == "OK") & (frame["violation"] == 0)]
    found = []
    for (simulator, workload, space), group in usable.groupby(["simulator", "workload", "space"]):
        for column in (name for name in group.columns if name.startswith("score.")):
            scores = group[column].to_numpy()
            if np.isnan(scores).all():
                continue
            row = group.iloc[int(np.nanargmin(scores))]
            design = {name.removeprefix("design."): row[name] for name in group.columns if name.startswith("design.")}
            found.append(
                {
                    "simulator": simulator,
                    "workload": workload,
                    "space": space,
                    "score": column.removeprefix("score."),
                    "value": float(row[column]),
                    "run_id": row["run_id"],
                    "index": int(row["index"]),
                    "design": {name: _plain(value) for name, value in design.items() if value == value},
                }
            )
    return found


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _size(source: Path) -> int:
    files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)
