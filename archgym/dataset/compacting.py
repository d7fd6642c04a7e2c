"""A run's journal that turns into Parquet parts: when it has grown long, and at the end."""

from __future__ import annotations

from collections.abc import Mapping

from archgym.agent import Told
from archgym.dataset.log import compact
from archgym.journal import Journal
from archgym.manifest import Manifest

LONG_ROWS = 100_000
"""Rows after which a journal is compacted on the way: a second's work, and the limit of what a reader must parse."""


class CompactingJournal:
    """Writes through *journal*. For the only writer of a run, which has claimed its directory."""

    def __init__(self, journal: Journal, manifest: Manifest) -> None:
        self._journal, self._manifest = journal, manifest

    def append(self, index: int, keys: list[bytes], told: Told, messages: Mapping[int, str], wall_s: float, /) -> None:
        """Write the rows; `LogError` when the disk does not take them all."""
        self._journal.append(index, keys, told, messages, wall_s)
        if self._journal.rows >= LONG_ROWS:
            self.finish()

    def finish(self) -> None:
        """Close the current shard and compact; rows may follow."""
        self._journal.rotate()
        compact(self._journal.run_dir, self._manifest)

    def close(self) -> None:
        """Close the current shard and leave the journal as it is."""
        self._journal.close()
