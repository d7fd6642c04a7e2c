"""Designs of the space ``platform`` after a move (`archgym.architecture.Move`).

The transformations are those of FARSI (arXiv 2201.05232). None of them looks at what the simulator would say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from archgym.architecture import Explanation, Move
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.library import Library
from archgym.simulators.soc.plugin.moves_draft import Draft
from archgym.simulators.soc.plugin.moves_edits import Site
from archgym.simulators.soc.plugin.moves_plans import Plans
from archgym.simulators.soc.plugin.moves_types import Catalogue
from archgym.simulators.soc.tables import Tables
from archgym.space import DesignSpace


@dataclass(frozen=True, slots=True)
class _Base:
    draft: Draft
    """To be read, not edited."""
    unmoved: tuple[dict[str, Any], dict[str, Any] | None]
    """The design as it is and tidied: tidying alone is no move."""


class Moves:
    """Makes designs out of designs of one space."""

    def __init__(self, space: DesignSpace, application: Application, library: Library, tables: Tables) -> None:
        self._space, self._application = space, application
        self._default_core = next(iter(library.processors))
        n_bytes = {(edge.producer, edge.consumer): edge.bytes for edge in application.edges}
        plans = Plans(Catalogue(space, application, library, tables), n_bytes)
        self._plans = {
            "swap": plans.swap,
            "split": plans.split,
            "split_swap": plans.split_swap,
            "migrate": plans.migrate,
            "transfer": plans.transfer,
        }
        self._last: _Base | None = None
        self._values = {parameter.name: frozenset(parameter.values) for parameter in space.parameters}

    def __call__(self, design: Mapping[str, Any], explanation: Explanation, move: Move) -> list[dict[str, Any]]:
        """The designs that *move* may lead to: valid, different from each other and from *design*."""
        site = self._site(design, explanation, move)
        if site is None:
            return []
        found: list[dict[str, Any]] = []
        before = self._base(design).unmoved
        for edit in self._plans[move.transformation](site):
            draft = self._draft(design)
            if (slot := draft.block(move.block)) is None:
                continue
            edit(replace(site, draft=draft, slot=slot))
            made = draft.design(self._space)
            if made is not None and made not in before and made not in found and self._offered(made):
                found.append(made)
        if not found:
            return []
        valid = self._space.valid(self._space.from_designs(found))
        return [made for made, good in zip(found, valid, strict=True) if good]

    def _offered(self, design: Mapping[str, Any]) -> bool:
        """A restricted space may lack a value."""
        return all(value in self._values[name] for name, value in design.items())

    def _base(self, design: Mapping[str, Any]) -> _Base:
        """What the moves of one design have in common; a searcher asks for many of them in a row."""
        last = self._last
        if last is None or last.unmoved[0] != design:
            tidied = self._draft(design).design(self._space)
            last = self._last = _Base(self._draft(design), (dict(design), tidied))
        return last

    def _draft(self, design: Mapping[str, Any]) -> Draft:
        return Draft(design, self._application, self._default_core)

    def _site(self, design: Mapping[str, Any], explanation: Explanation, move: Move) -> Site | None:
        """None where the task does not use the block."""
        if move.task not in explanation.tasks or move.block not in explanation.blocks:
            return None
        t, b = explanation.tasks.index(move.task), explanation.blocks.index(move.block)
        draft = self._base(design).draft
        slot = draft.block(move.block)
        if slot is None or not explanation.uses[t, b]:
            return None
        shared = (explanation.uses & explanation.uses[:, b : b + 1]).sum(axis=0).tolist()
        others = {name: n for name, n in zip(explanation.blocks, shared, strict=True) if name != move.block}
        beside = zip(explanation.tasks, explanation.parallel[t], strict=True)
        parallel = frozenset(task for task, at_once in beside if at_once)
        return Site(draft, move.task, slot, move.metric, move.reduce, parallel, others)
