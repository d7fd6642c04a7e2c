"""Valgrind lackey's memory trace as a stream of accesses; nothing is stored beyond one block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.recorder.lackey_kernel import SHORTEST_LINE, parse_lines
from archgym.simulators.dram.recorder.recorder_error import RecorderError


@dataclass(frozen=True, slots=True)
class Accesses:
    """Memory accesses in program order; all arrays ``(n,)``."""

    kind: NDArray[np.uint8]
    """`lackey_kernel.FETCH`, ``LOAD``, ``STORE`` or ``MODIFY``; each FETCH is one instruction."""
    address: NDArray[np.int64]
    """Virtual byte address."""
    size: NDArray[np.int64]
    """Bytes; an access may cross a line."""


def parse_lackey(chunks: Iterable[bytes]) -> Iterator[Accesses]:
    """The accesses in *chunks*, which may be cut anywhere; an incomplete last line is dropped.

    Raises `RecorderError` for a line that lackey does not write.
    """
    rest = b""
    for chunk in chunks:
        text = np.frombuffer(rest + chunk, dtype=np.uint8)
        room = text.shape[0] // SHORTEST_LINE + 1
        kind, address, size = (np.empty(room, dtype=dtype) for dtype in (np.uint8, np.int64, np.int64))
        found, consumed, wrong = parse_lines(text, kind, address, size)
        if wrong >= 0:
            line = text[wrong : wrong + 80].tobytes().split(b"\n")[0].decode("ascii", errors="backslashreplace")
            raise RecorderError(f"valgrind's memory trace: expected a line like ' L 1fff000758,8', got {line!r}")
        rest = text[consumed:].tobytes()
        if found:
            yield Accesses(kind[:found], address[:found], size[:found])
