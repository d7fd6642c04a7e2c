"""What a system on chip offers to architecture-aware searchers: what costs how much, and what can be changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archgym.architecture import BlockKind, Explanation, Move
from archgym.errors import DesignError
from archgym.simulators.soc.plugin.attribution import Attribution, in_parallel
from archgym.simulators.soc.plugin.moves import Moves

if TYPE_CHECKING:
    from archgym.simulators.soc.plugin.simulator import SocSimulator

KINDS: Mapping[str, BlockKind] = {"processor": "processor", "accelerator": "accelerator", "bus": "bus"}
"""Every other kind of block is a technology of memory."""


class SocArchitecture:
    """`archgym.architecture.Architecture` of the spaces ``platform`` and ``small``."""

    def __init__(self, simulator: SocSimulator) -> None:
        self._simulator = simulator
        self._moves = Moves(simulator.space, simulator.application, simulator.library, simulator.tables)
        self._parallel = in_parallel(simulator.application)
        self._parallel.setflags(write=False)

    def explain(self, design: Mapping[str, Any], /) -> Explanation:
        """All tasks of the application, dummies too, and the blocks that something uses."""
        simulator = self._simulator
        if not simulator.space.valid(simulator.space.from_designs([design])).all():
            raise DesignError(f"cannot explain an invalid design: {simulator.space.why_invalid(design)[0]}")
        result = simulator.simulate(design)
        attribution = Attribution(simulator.application, simulator.tables, simulator.encoder.soc(design), result)
        return Explanation(
            tasks=tuple(task.name for task in simulator.application.tasks),
            blocks=tuple(block.name for block in result.blocks),
            kinds=tuple(KINDS.get(block.kind, "memory") for block in result.blocks),
            shares=attribution.shares(),
            uses=attribution.uses(),
            parallel=self._parallel,
        )

    def moves(self, design: Mapping[str, Any], explanation: Explanation, move: Move, /) -> Sequence[Mapping[str, Any]]:
        """Tidy designs: what the move leaves unused is not built."""
        return self._moves(design, explanation, move)
