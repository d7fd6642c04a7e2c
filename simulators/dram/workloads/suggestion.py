"""The error for an unknown name: what was given, what it may have meant, what there is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from archgym.simulators.dram.workloads.trace_error import TraceError


def unknown(what: str, name: str, known: Iterable[str]) -> TraceError:
    """An error like ``workload 'steam': did you mean 'stream'? known: random, stream``, to be raised."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return TraceError(f"{what} {name!r}: {hint}known: {', '.join(names)}")
