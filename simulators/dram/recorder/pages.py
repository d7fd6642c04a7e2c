"""Where a program's virtual pages lie in the memory.

A program's addresses are spread over terabytes, a DRAM holds a gigabyte. Each 4 KiB page gets a frame when its
first request comes: a random free one, as on a machine that has run for a while, or the next one, as after boot.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.recorder.recorder_error import RecorderError

PAGE_BYTES = 4096

Placement = Literal["random", "first_touch"]


class PageTable:
    """Frames in [0, *memory_bytes*); equal seeds and requests give equal frames."""

    def __init__(self, placement: Placement, memory_bytes: int, *, seed: int) -> None:
        if placement not in ("random", "first_touch"):
            raise RecorderError(f"placement: expected 'random' or 'first_touch', got {placement!r}")
        if memory_bytes < PAGE_BYTES or memory_bytes % PAGE_BYTES:
            raise RecorderError(f"memory_bytes: expected a multiple of {PAGE_BYTES}, got {memory_bytes}")
        self._frames = memory_bytes // PAGE_BYTES
        self._is_random = placement == "random"
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._frame_of: dict[int, int] = {}
        self._taken: set[int] = set()

    def physical(self, address: NDArray[np.int64]) -> NDArray[np.uint64]:
        """``(n,)`` physical addresses of the virtual ones, in order. Raises `RecorderError` when memory is full."""
        pages = (address // PAGE_BYTES).tolist()
        frame = np.array([self._frame(page) for page in pages], dtype=np.int64)
        return (frame * PAGE_BYTES + address % PAGE_BYTES).astype(np.uint64)

    def _frame(self, page: int) -> int:
        frame = self._frame_of.get(page)
        if frame is None:
            frame = self._free_frame()
            self._frame_of[page] = frame
            self._taken.add(frame)
        return frame

    def _free_frame(self) -> int:
        if len(self._taken) >= self._frames:
            size = self._frames * PAGE_BYTES
            raise RecorderError(f"the program touches more than memory_bytes = {size}: give it more memory")
        if not self._is_random:
            return len(self._taken)
        while True:
            frame = int(self._rng.integers(0, self._frames, dtype=np.int64))
            if frame not in self._taken:
                return frame
