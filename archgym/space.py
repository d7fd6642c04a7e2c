"""The design space: the only definition of what can be searched.

An ordered tuple of parameters and the hard constraints between them. Everything else that a searcher may want to see
(a unit cube, a Gymnasium space, a JSON schema, …) is derived from it in `archgym.views`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archgym.automata import Automaton, holds
from archgym.codec import Codec
from archgym.conditions import OnlyWhen, Requires
from archgym.constraints import Constraint, Predicate, ProductEquals, SumAtMost
from archgym.designs import DesignBatch
from archgym.enumeration import enumerate_valid
from archgym.errors import DesignError, SpaceError, did_you_mean
from archgym.feasible import Feasible
from archgym.fingerprint import fingerprint
from archgym.parameters import Categorical, Integer, Ordinal, Parameter, Real, value_array
from archgym.restriction import restricted_parameters
from archgym.walk import Walk, project

__all__ = [
    "Categorical",
    "Constraint",
    "DesignBatch",
    "DesignSpace",
    "Integer",
    "OnlyWhen",
    "Ordinal",
    "Parameter",
    "Predicate",
    "ProductEquals",
    "Real",
    "Requires",
    "SumAtMost",
]


UNGROUPED = "other"
"""The group of the parameters that name none, where others do."""


class DesignSpace:
    """Immutable. Two spaces are equal when their fingerprints are."""

    def __init__(
        self,
        parameters: Iterable[Parameter],
        constraints: Iterable[Constraint] = (),
        name: str = "",
        *,
        origin: DesignSpace | None = None,
    ) -> None:
        """*origin* is the space of which this one is a restriction: its constraints may name values left out here."""
        self.parameters = tuple(parameters)
        self.constraints = tuple(constraints)
        self.name = name
        self.origin = origin
        self.names = tuple(parameter.name for parameter in self.parameters)
        self.d = len(self.parameters)
        self.finite = all(parameter.size is not None for parameter in self.parameters)
        self.value_arrays = tuple(value_array(p) if p.size is not None else None for p in self.parameters)
        """Per parameter ``(size,)`` values, None for `Real`."""
        self.values = tuple(parameter.values for parameter in self.parameters)
        """Per parameter its values in Python scalars, none for `Real`."""
        self.cardinalities = np.array([parameter.size or 0 for parameter in self.parameters], np.int64)
        """``(d,)`` number of values, 0 for `Real`."""
        self.cardinalities.setflags(write=False)
        self.size = math.prod(parameter.size or 0 for parameter in self.parameters) if self.finite else None
        """Combinations of values, valid or not; None where a parameter is `Real`."""
        self._codec = Codec(self.parameters)
        self._ordered = tuple(parameter.ordered for parameter in self.parameters)
        self._check()
        if broken := self.why_invalid(self.default):
            raise SpaceError(f"space {name!r}: its default design is invalid: {'; '.join(broken)}")

    def _check(self) -> None:
        if not self.parameters:
            raise SpaceError(f"space {self.name!r}: expected at least one parameter, got none")
        for label, names in (("parameter", self.names), ("constraint", tuple(c.name for c in self.constraints))):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise SpaceError(f"space {self.name!r}: {label} {twice[0]!r} is defined twice")
        held = dict(zip(self.names, self.parameters, strict=True))
        for constraint in self.constraints:
            if not constraint.scope or len(set(constraint.scope)) < len(constraint.scope):
                raise SpaceError(
                    f"constraint {constraint.name!r}: expected distinct parameters, got {constraint.scope}"
                )
            for name in constraint.scope:
                if name not in held:
                    raise SpaceError(f"constraint {constraint.name!r}: parameter {name!r}: {did_you_mean(name, held)}")
                if held[name].size is None:
                    raise SpaceError(f"constraint {constraint.name!r}: {name!r} is Real; use Ordinal or Integer")
            if self.origin is None:
                constraint.check(held)

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Parameters by their group, both in the order of the space; those without one are under ``other``, the last.
        Empty when no parameter has a group."""
        found: dict[str, tuple[str, ...]] = {}
        for parameter in sorted(self.parameters, key=lambda p: not p.group):  # stable
            group = parameter.group or UNGROUPED
            found[group] = (*found.get(group, ()), parameter.name)
        return found if any(parameter.group for parameter in self.parameters) else {}

    @property
    def default(self) -> dict[str, Any]:
        """A valid design; a fresh mapping each time."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def __repr__(self) -> str:
        size = f"{self.size:,}" if self.size is not None else "infinite"
        return f"<DesignSpace {self.name!r}: {self.d} parameters, {size} combinations, {self.fingerprint}>"

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, DesignSpace) and self.fingerprint == other.fingerprint)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.parameters, self.constraints, self.name, self.origin)

    # ---- designs in

    def batch(self, codes: ArrayLike) -> DesignBatch:
        """A batch from ``(n, d)`` value indices (values for `Real`), copied; `DesignError` for one out of range."""
        return DesignBatch(self, self._codec.checked(codes))

    def from_designs(self, designs: Iterable[Mapping[str, Any]]) -> DesignBatch:
        """A batch from complete ``{parameter: value}`` mappings; `DesignError` for unknown names or values."""
        rows = [self._codec.encode(design) for design in designs]
        if self.finite:  # the indices come from the values: in range
            return DesignBatch(self, np.array(rows, np.int32).reshape(-1, self.d))
        return self.batch(np.array(rows, np.float64).reshape(-1, self.d))

    # ---- valid designs

    @cached_property
    def _automata(self) -> list[list[Automaton]]:
        """Per constraint."""
        return [c.automata([p for p in self.parameters if p.name in c.scope]) for c in self.constraints]

    @cached_property
    def feasible(self) -> Feasible:
        """The decision diagrams; compiled at the first use. `SpaceError` where a constraint is too entangled."""
        automata = [automaton for found in self._automata for automaton in found]
        return Feasible(self.names, [parameter.size for parameter in self.parameters], automata)

    def walk(self, n: int) -> Walk:
        """*n* empty designs, to be built one parameter after another with the exact set of possible values."""
        return Walk(self.feasible, n)

    def valid(self, codes: ArrayLike | DesignBatch) -> NDArray[np.bool_]:
        """``(n,)`` which designs satisfy every constraint; `DesignError` for codes out of range."""
        checked = codes.codes if isinstance(codes, DesignBatch) else self._codec.checked(codes)
        return self.feasible.accepts(checked) if self.constraints else np.ones(len(checked), bool)

    def why_invalid(self, design: Mapping[str, Any]) -> list[str]:
        """Reasons, one line each; empty for a valid design. Never raises for a wrong design."""
        try:
            row = self.from_designs([design]).codes
        except DesignError as error:
            return [str(error)]
        broken = []
        for constraint, automata in zip(self.constraints, self._automata, strict=True):
            for automaton in automata:
                columns = [row[:, self.names.index(name)].astype(np.int64) for name in automaton.scope]
                if not holds(automaton, columns)[0]:
                    held = ", ".join(f"{name}={design[name]!r}" for name in constraint.scope)
                    broken.append(f"{constraint.name}: expected {constraint.text}, got {held}")
                    break
        return broken

    def allowed(self, prefix: ArrayLike) -> NDArray[np.bool_]:
        """``(size,)`` which values of the next parameter have a valid completion after the ``(k,)`` codes *prefix*."""
        codes = np.asarray(prefix)
        if codes.ndim != 1 or len(codes) >= self.d or self.parameters[len(codes)].size is None:
            raise DesignError(
                f"expected codes before a finite parameter, got shape {codes.shape} of {self.d} parameters"
            )
        filled = np.zeros((1, self.d), codes.dtype if codes.size else np.int64)
        filled[0, : len(codes)] = codes
        filled[0, len(codes) :] = [0 if p.size is not None else p.low for p in self.parameters[len(codes) :]]
        walk = self.walk(1)
        for code in self._codec.checked(filled)[0, : len(codes)]:
            walk.choose(np.array([code], np.intp))
        return np.array(walk.allowed()[0] & walk.alive()[0])

    def project(self, codes: ArrayLike | DesignBatch) -> NDArray[Any]:
        """``(n, d)`` codes of valid designs, each near the given one and equal to it where that is valid.

        Walks the parameters in order: each keeps its value if that still has a valid completion, else takes the
        nearest possible index (ordered parameters, ties downwards) or the next one, cyclically (categorical ones).
        """
        checked = codes.codes if isinstance(codes, DesignBatch) else self._codec.checked(codes)
        return project(self.feasible, checked, self._ordered) if self.constraints else checked

    # ---- counting

    def count(self) -> int:
        """Valid designs, exactly; `SpaceError` where a parameter is `Real`."""
        self.require_finite("count")
        return self.feasible.count

    def sample(self, n: int, rng: np.random.Generator) -> DesignBatch:
        """*n* designs drawn uniformly from the valid ones, with replacement (log-uniformly where a `Real` is log)."""
        codes = np.empty((n, self.d), np.int32 if self.finite else np.float64)
        feasible = self.feasible
        if len(feasible.free) == self.d:
            codes[:] = rng.integers(0, self.cardinalities, (n, self.d))
            return DesignBatch(self, codes)
        if feasible.free:
            free = list(feasible.free)
            codes[:, free] = rng.integers(0, self.cardinalities[free], (n, len(free)))
        for diagram in feasible.diagrams:
            for layer, column in zip(diagram.layers, diagram.draw(n, rng), strict=True):
                codes[:, layer.position] = column
        for k, parameter in enumerate(self.parameters):
            if parameter.size is None:
                codes[:, k] = parameter.from_unit(rng.random(n))
        return DesignBatch(self, codes)

    def enumerate(self, chunk: int = 65536) -> Iterator[DesignBatch]:
        """All valid designs, lexicographic by index, *chunk* rows at a time."""
        self.require_finite("enumerate")
        if chunk < 1:
            raise ValueError(f"expected chunk >= 1, got {chunk}")
        return (DesignBatch(self, codes) for codes in enumerate_valid(self.feasible, chunk))

    def unrank(self, ranks: ArrayLike) -> DesignBatch:
        """The valid designs at ``(n,)`` positions of the lexicographic order; any integers in ``[0, count)``."""
        count = self.count()
        wide = count >= 2**63
        given = np.asarray(ranks, object) if wide else np.asarray(ranks)
        if given.ndim != 1 or (given.size and given.dtype.kind not in "iuO"):
            raise DesignError(f"expected a sequence of integers, got {given.dtype} of shape {given.shape}")
        if given.size and (given.min() < 0 or given.max() >= count):
            raise DesignError(f"expected ranks from 0 to {count - 1}, got {given.min()} to {given.max()}")
        return DesignBatch(self, self.feasible.unrank(given if wide else given.astype(np.int64)))

    def rank(self, batch: DesignBatch) -> NDArray[Any]:
        """``(n,)`` positions of valid designs; int64, or Python integers where the count needs them."""
        self.require_finite("rank")
        if not self.valid(batch).all():
            row = int(np.argmin(self.valid(batch)))
            raise DesignError(f"row {row} has no rank: {'; '.join(self.why_invalid(batch[row].designs()[0]))}")
        return self.feasible.rank(batch.codes)

    def require_finite(self, purpose: str) -> None:
        """Raise `SpaceError` where a parameter is `Real`."""
        if not self.finite:
            real = next(parameter.name for parameter in self.parameters if parameter.size is None)
            raise SpaceError(f"cannot {purpose} space {self.name!r}: parameter {real!r} is Real")

    # ---- derived

    def restrict(self, /, **values: Any) -> DesignSpace:
        """The subspace in which each named parameter keeps only the given value or values (numbers, for a `Real`).

        The parameter stays, even with one value, so that designs stay complete. The default moves to the nearest
        valid design (`project`). `DesignError` for what does not exist or where nothing valid is left.
        """
        parameters = restricted_parameters(self, values)
        return DesignSpace(parameters, self.constraints, self.name, origin=self.origin or self)

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits over the parameters and the constraints' meaning; equal in any process. Documentation and
        defaults do not count."""
        return fingerprint(self.parameters, self.constraints)


def _rebuild(
    parameters: tuple[Parameter, ...], constraints: tuple[Constraint, ...], name: str, origin: DesignSpace | None
) -> DesignSpace:
    return DesignSpace(parameters, constraints, name, origin=origin)
