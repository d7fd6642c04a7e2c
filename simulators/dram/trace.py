"""A memory trace: what reaches the memory controller, and when.

One row is one request of one burst. Columns are NumPy arrays so that a trace is prepared once and shared by
every design that is simulated on it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Requests in the order in which they are sent. The arrays are read-only."""

    name: str
    time_ps: NDArray[np.int64]
    """``(n,)`` stamp in picoseconds; non-decreasing absolute time, or a gap >= 0 when `relative`."""
    is_write: NDArray[np.bool_]
    """``(n,)`` True for a write."""
    address: NDArray[np.uint64]
    """``(n,)`` byte address."""
    relative: bool = False
    """True when a stamp is the gap after the moment the previous request was sent (`.rstl`)."""

    def __post_init__(self) -> None:
        for column in (self.time_ps, self.is_write, self.address):
            if column.shape != self.time_ps.shape or column.ndim != 1:
                raise ValueError(
                    f"trace {self.name!r}: expected three columns of one length, got shapes "
                    f"{self.time_ps.shape}, {self.is_write.shape}, {self.address.shape}"
                )
            column.setflags(write=False)

    def __len__(self) -> int:
        return int(self.time_ps.shape[0])

    @property
    def content_hash(self) -> str:
        """The first 16 hex digits of a SHA-256 over the columns; the name does not count."""
        digest = hashlib.sha256(b"archgym-trace-1")
        digest.update(bytes([self.relative]))
        for column, kind in ((self.time_ps, "<i8"), (self.is_write, "|u1"), (self.address, "<u8")):
            digest.update(np.ascontiguousarray(column, dtype=kind).tobytes())
        return digest.hexdigest()[:16]
