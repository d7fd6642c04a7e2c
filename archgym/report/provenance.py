"""Where a task's numbers came from: versions, hashes, packages, seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archgym.report.markup import Html, element, facts, folded, joined, table
from archgym.report.runs import TaskRuns


def provenance(group: TaskRuns) -> Html:
    """What all runs share, what differs between them, and where each lies."""
    manifest = group.manifest
    created = sorted(str(run.manifest.created) for run in group.runs)
    box = facts(
        [
            ("simulator", f"{manifest.simulator['name']}, version {manifest.simulator['version']}"),
            ("workload", _named(str(manifest.workload["name"]), str(manifest.workload["content_hash"]))),
            ("task fingerprint", element("code", group.task.fingerprint)),
            ("space fingerprint", element("code", str(manifest.space["fingerprint"]))),
            ("seeds", ", ".join(map(str, sorted({run.seed for run in group.runs})))),
            ("packages", _each(group, lambda run: _versions(run.manifest.packages))),
            ("platform", _each(group, lambda run: " ".join(map(str, run.manifest.platform.values())))),
            ("made", created[0] if created[0] == created[-1] else f"{created[0]} to {created[-1]}"),
        ]
    )
    rows = [[element("code", str(run.path)), element("code", run.manifest.run_id)] for run in group.runs]
    again = element("p", "Checked bit for bit by ", element("code", f"archgym replay {group.runs[0].path}"))
    runs = folded("The runs and their directories", table("Runs and directories", ["directory", "run"], rows))
    return joined([element("h3", "Provenance"), element("div", box, again, runs, class_="box")])


def _named(name: str, content: str) -> Html:
    return joined([f"{name}, content ", element("code", content)])


def _versions(packages: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())


def _each(group: TaskRuns, tell: Any) -> Html:
    """One line where the runs agree; else a line for each answer with the number of runs that gave it."""
    answers: dict[str, int] = {}
    for run in group.runs:
        answers[tell(run)] = answers.get(tell(run), 0) + 1
    if len(answers) == 1:
        return element("span", next(iter(answers)))
    return joined(
        element("div", f"{answer} ({count} run{'s' if count != 1 else ''})") for answer, count in answers.items()
    )
