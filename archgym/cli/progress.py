"""Progress on anything longer than a second: rate, best so far, time left. Nothing where nobody watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from archgym.cli.screen import console


def _bar(*extra: Any) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        *extra,
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console(stderr=True),
        transient=True,
    )


@contextmanager
def rows_progress(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Yield ``advance(done, total)``."""
    with _bar() as bar:
        bar.disable = quiet
        task = bar.add_task(what, total=None, rate="")
        start = time.monotonic()

        def advance(done: int, total: int) -> None:
            rate = done / max(time.monotonic() - start, 1e-9)
            bar.update(task, completed=done, total=total, rate=f"{rate:,.0f} {what}/s")

        yield advance


@contextmanager
def search_progress(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """Yield ``advance(spent, budget, best)``, where *best* is ready to print."""
    from rich.progress import TextColumn

    with _bar(TextColumn("best {task.fields[best]}")) as bar:
        bar.disable = quiet
        task = bar.add_task(what, total=None, rate="", best="-")
        start = time.monotonic()

        def advance(spent: int, budget: int, best: str) -> None:
            rate = spent / max(time.monotonic() - start, 1e-9)
            bar.update(task, completed=spent, total=budget, rate=f"{rate:,.0f} designs/s", best=best)

        yield advance
