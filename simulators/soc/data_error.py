"""What goes wrong with a task graph, a library or a workload's name: one exception, one line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DataError(ValueError):
    """The data cannot be used; the message is one line that says where, what was expected and what came."""


def unknown(what: str, name: object, known: Iterable[str]) -> DataError:
    """An error like ``workload 'hpvm_cafa': did you mean 'hpvm_cava'? known: all, …``, to be raised."""
    names = list(known)
    return DataError(f"{what} {name!r}: {suggestion(name, names)}known: {', '.join(names)}")


def suggestion(name: object, known: Iterable[str]) -> str:
    """``"did you mean 'source'? "`` where one of *known* is near enough, else nothing."""
    near = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}? " if near else ""
