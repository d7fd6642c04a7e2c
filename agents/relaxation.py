"""When a space may be searched as a continuous one: some parameter must have an order that distances can follow.

Searchers that add differences of vectors, or fit normal distributions, treat unordered values as slots next to each
other. With a few such parameters among ordered ones that costs little; with nothing else the search is blind.
"""

from __future__ import annotations

from archgym.errors import ConfigError
from archgym.space import DesignSpace


def require_relaxable(name: str, space: DesignSpace) -> None:
    """Raise `ConfigError` where every parameter of *space* is unordered; two values always have an order."""
    if any(p.size is None or p.size == 2 or (p.ordered and p.size > 1) for p in space.parameters):
        return
    raise ConfigError(
        f"agent {name!r}: expected a parameter with an order (Real, Integer, Ordinal, or of two values), "
        f"got {space.d} without; use agent 'genetic', 'ant_colony' or 'local_search'"
    )
