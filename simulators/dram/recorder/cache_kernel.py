"""The cache hierarchy's inner loop: which accesses reach the memory, and which lines are written back.

Levels are numbered 0 (first-level instructions), 1 (first-level data), 2, and 3 if there is a third; both first
levels are backed by level 2. A slot is one way of one set; the slots of all levels lie in one array. Every
level is write-back, write-allocate and evicts the least recently used line.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

_Int = NDArray[np.int64]

LEVELS = 4
EMPTY = -1
INSTRUCTIONS, CLOCK, FIRST_ACCESSES, FIRST_MISSES = 0, 1, 2, 2 + LEVELS
"""Places in the counters: instructions so far, recency clock, accesses and misses of each level."""
COUNTERS = 2 + 2 * LEVELS
LARGEST_ACCESS = 512
"""Bytes; valgrind's own limit for one access (FXSAVE)."""
MOST_PER_ACCESS = 64
"""More than the requests of one access: it touches at most 9 lines, each a read and a write for each level."""

_SLOT, _SETS, _WAYS = 0, 1, 2


@numba.njit(cache=True, nogil=True)
def _find(tag: _Int, geometry: _Int, level: int, line: int) -> int:
    """The slot of *level* that holds *line*, or -1."""
    ways = geometry[level, _WAYS]
    begin: int = geometry[level, _SLOT] + line % geometry[level, _SETS] * ways
    for slot in range(begin, begin + ways):
        if tag[slot] == line:
            return slot
    return -1


@numba.njit(cache=True, nogil=True)
def _slot_for(tag: _Int, used: _Int, geometry: _Int, level: int, line: int) -> int:
    """The slot that *line* goes to: an empty one of its set, else the least recently used."""
    ways = geometry[level, _WAYS]
    begin: int = geometry[level, _SLOT] + line % geometry[level, _SETS] * ways
    best: int = begin
    for slot in range(begin, begin + ways):
        if tag[slot] == EMPTY:
            return slot
        if used[slot] < used[best]:
            best = slot
    return best


@numba.njit(cache=True, nogil=True)
def _write_back(
    tag: _Int, dirty: _Int, used: _Int, geometry: _Int, counter: _Int, level: int, last: int, line: int
) -> int:
    """Put the dirty *line* into *level*; what that pushes out goes on outwards. Gives a line for DRAM, or -1."""
    while level <= last:
        counter[CLOCK] += 1  # at each touch: two lines never look equally recent
        slot = _find(tag, geometry, level, line)
        if slot >= 0:
            dirty[slot] = 1
            used[slot] = counter[CLOCK]
            return -1
        slot = _slot_for(tag, used, geometry, level, line)
        pushed, was_dirty = tag[slot], dirty[slot]
        tag[slot], dirty[slot], used[slot] = line, 1, counter[CLOCK]
        if pushed == EMPTY or was_dirty == 0:
            return -1
        line = pushed
        level += 1
    return line


@numba.njit(cache=True, nogil=True)
def _fill(
    tag: _Int,
    dirty: _Int,
    used: _Int,
    geometry: _Int,
    counter: _Int,
    level: int,
    last: int,
    line: int,
    is_dirty: int,
    inclusive: int,
) -> int:
    """Bring *line* into *level*. Gives the line that this writes to DRAM, or -1."""
    slot = _slot_for(tag, used, geometry, level, line)
    pushed, was_dirty = tag[slot], dirty[slot]
    written = -1
    if pushed != EMPTY:
        tag[slot] = EMPTY
        if inclusive and level >= 2:
            for inner in range(level):
                copy = _find(tag, geometry, inner, pushed)
                if copy >= 0:
                    was_dirty |= dirty[copy]
                    tag[copy] = EMPTY
        if was_dirty:
            written = _write_back(tag, dirty, used, geometry, counter, max(level + 1, 2), last, pushed)
    counter[CLOCK] += 1
    tag[slot], dirty[slot], used[slot] = line, is_dirty, counter[CLOCK]
    return written


@numba.njit(cache=True, nogil=True)
def filter_accesses(
    kind: NDArray[np.uint8],
    address: _Int,
    size: _Int,
    start: int,
    tag: _Int,
    dirty: _Int,
    used: _Int,
    geometry: _Int,
    counter: _Int,
    last: int,
    line_bytes: int,
    inclusive: int,
    out_instruction: _Int,
    out_is_write: NDArray[np.bool_],
    out_line: _Int,
) -> tuple[int, int]:
    """Run the accesses from *start* on until they end or the outputs are nearly full.

    Gives (index of the next access, requests written). *geometry* is ``(levels, 3)``: first slot, sets, ways;
    *last* is the last level's number. A miss's read comes before the write-backs that it causes.
    """
    requests = 0
    room = out_line.shape[0] - MOST_PER_ACCESS
    index = start
    while index < kind.shape[0] and requests <= room:
        what = kind[index]
        first_level = 0 if what == 0 else 1
        is_store = 1 if what >= 2 else 0
        if what == 0:
            counter[INSTRUCTIONS] += 1
        line = address[index] // line_bytes
        end = (address[index] + size[index] - 1) // line_bytes
        while line <= end:
            counter[CLOCK] += 1
            # the levels that miss, from the inside outwards
            level = first_level
            slot = -1
            while level <= last:
                counter[FIRST_ACCESSES + level] += 1
                slot = _find(tag, geometry, level, line)
                if slot >= 0:
                    used[slot] = counter[CLOCK]
                    break
                counter[FIRST_MISSES + level] += 1
                level = max(level + 1, 2)
            if level == first_level:
                dirty[slot] |= is_store
                line += 1
                continue
            if level > last:
                out_instruction[requests], out_is_write[requests], out_line[requests] = (
                    counter[INSTRUCTIONS],
                    False,
                    line,
                )
                requests += 1
            # filled from the outside inwards, so that an inner copy never outlives its outer one
            level -= 1
            while level >= 0:
                if level == 1:
                    level = first_level
                is_dirty = is_store if level == first_level else 0
                written = _fill(tag, dirty, used, geometry, counter, level, last, line, is_dirty, inclusive)
                if written >= 0:
                    out_instruction[requests], out_is_write[requests] = counter[INSTRUCTIONS], True
                    out_line[requests] = written
                    requests += 1
                if level == first_level:
                    break
                level -= 1
            line += 1
        index += 1
    return index, requests
