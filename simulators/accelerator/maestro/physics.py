"""Which rules of MAESTRO hold: each of its defects is a switch, and so is the revision that is followed.

`Physics.reference` gives MAESTRO's numbers to the last cycle. `Physics.corrected` gives what the same machine would
do without the defects; `model` says how each correction is done where there was a choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Defect(StrEnum):
    """Rules of MAESTRO that are plainly wrong. A defect that is *off* is corrected."""

    RELOAD = "D1"
    """A tensor that the innermost advancing loop does not index is not fetched, though its inner loops restart."""
    EDGE_FETCH = "D2"
    """The last, smaller step of a loop fetches as much as a full one."""
    STRIDE = "D3"
    """A tile of outputs is counted as if the stride were 1, and so is the output tensor."""
    LAST_UNIT = "D4"
    """Units fewer than there are, each with a full tile: the last one fetches and writes nothing."""
    FRACTIONAL_UNIT = "D5"
    """In the last round of a spatial loop, a last unit with a partial tile is left out."""
    STATIC_TABLES = "D6"
    """Sizes at the edge ignore the smaller tile that a level is handed at the edge of the level above."""
    ONE_UNIT = "D7"
    """A last round with one unit computes its input rows or columns, not its output ones."""
    PSUM_TRAFFIC = "D8"
    """Partial sums are written up at every step, and never read back."""
    OFF_CHIP = "D9"
    """Every step waits for the first tiles off chip; the bandwidth required is halved at every case."""
    L1_OUTPUT = "D10"
    """The L1 keeps an output tile as large as the input tile in rows and columns."""
    L1_WRITES = "D11"
    """What is multicast counts as written into one L1 only."""
    ENERGY = "D12"
    """MACs and L2 reads of outputs are not charged, and the L1 only where there is no `Cluster`."""
    HALO = "D13"
    """Rows that neighbours share are fetched once for each of them when a loop further in advances."""


class Revision(StrEnum):
    """The two revisions that are in use."""

    CURRENT = "4eb08d1"
    """Leaves out cases without output; `TemporalMap` on R and S must hold the whole kernel."""
    ARCHGYM = "e1d8efd"
    """As built by ArchGym: every case counts, with negative volumes if need be; R and S may be tiled."""


@dataclass(frozen=True, slots=True)
class Physics:
    """The defects that are on, and the revision."""

    defects: frozenset[Defect]
    revision: Revision = Revision.CURRENT

    @classmethod
    def reference(cls) -> Physics:
        """MAESTRO 4eb08d1, number for number."""
        return cls(frozenset(Defect))

    @classmethod
    def archgym(cls) -> Physics:
        """MAESTRO e1d8efd (2021-05-27), which ArchGym builds."""
        return cls(frozenset(Defect), Revision.ARCHGYM)

    @classmethod
    def corrected(cls) -> Physics:
        """No defect."""
        return cls(frozenset())

    def has(self, defect: Defect) -> bool:
        return defect in self.defects

    def without(self, *defects: Defect) -> Physics:
        """The same with these corrected."""
        return Physics(self.defects - frozenset(defects), self.revision)
