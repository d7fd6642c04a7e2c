"""The runs of a task, one row each."""

from __future__ import annotations

from archgym.quantity_text import number
from archgym.report.markup import Html, element, joined, table
from archgym.report.runs import Run, TaskRuns, score_unit

_STOPS = {"budget": "budget spent", "exhausted": "nothing more to propose", "stalled": "only duplicates proposed"}
_UNFINISHED = {
    "running": "not finished: still running, or killed",
    "interrupted": "interrupted",
    "failed": "failed",
}


def run_table(group: TaskRuns) -> Html:
    """Agent, seed, what was spent, the best score, and how each run ended."""
    tuned = any(run.manifest.config["hyperparameters"] for run in group.runs)
    headers = ["agent", *(["hyperparameters"] if tuned else []), "seed", "evaluations", "feasible"]
    headers += [element("span", "best score", title=group.task.objective.labels[0]), "ended", "time"]
    first = 2 if tuned else 1
    best = group.best_run
    rows = [_row(run, group, tuned, run is best) for run in group.runs]
    numbers = (first, first + 1, first + 2, first + 3, first + 5)
    return joined([element("h3", "Runs"), table("Runs", headers, rows, right=numbers)])


def _row(run: Run, group: TaskRuns, tuned: bool, winner: bool) -> list[str]:
    config = run.manifest.config
    hyper = ", ".join(f"{name}={value}" for name, value in config["hyperparameters"].items())
    share = f"{run.feasible / run.spent:.0%}" if run.spent else "-"
    return [
        element("span", run.agent, title=str(run.path)),
        *([hyper] if tuned else []),
        str(run.seed),
        f"{run.spent:,} of {config['budget']:,}",
        share,
        _best(run, group, winner),
        _ended(run),
        "-" if run.result is None else duration(run.result.times.total_s),
    ]


def _best(run: Run, group: TaskRuns, winner: bool) -> str:
    if run.best is None:
        return "no result"
    label = group.task.objective.labels[0]
    text = number(run.best.scores[label], score_unit(group, label))
    if run.best.violation > 0:
        return element("span", f"limits missed by {run.best.violation:.1%}", title=f"{label}: {text}", class_="bad")
    return element("strong", text, title="The best of these runs") if winner and len(group.runs) > 1 else text


def _ended(run: Run) -> Html:
    if run.result is not None:
        return element("span", _STOPS.get(run.result.stop, run.result.stop), class_="line")
    return element("span", _UNFINISHED.get(run.status, run.status), class_="bad line")


def duration(seconds: float) -> str:
    """``0.09 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 100:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
