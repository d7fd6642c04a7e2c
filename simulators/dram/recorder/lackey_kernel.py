"""Parses the bytes of valgrind lackey's memory trace; compiled, because a program makes millions of lines a second.

A line is ``I  ADDRESS,SIZE`` (instruction fetch), `` L``, `` S`` or `` M`` (load, store, both) with the address in
hexadecimal; lines that begin with ``=``, ``-`` or ``*`` are valgrind's own remarks.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

FETCH, LOAD, STORE, MODIFY = 0, 1, 2, 3
SHORTEST_LINE = 6
"""Bytes of the shortest possible line, its end included."""


@numba.njit(cache=True, nogil=True)
def parse_lines(
    text: NDArray[np.uint8],
    kind: NDArray[np.uint8],
    address: NDArray[np.int64],
    size: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Fill *kind*, *address* and *size* from the complete lines of *text*.

    Gives (accesses found, bytes consumed, offset of the first line that is wrong or -1). The outputs need a
    place for every `SHORTEST_LINE` bytes.
    """
    found = 0
    begin = 0
    for end in range(text.shape[0]):
        if text[end] != 10:
            continue
        first = text[begin] if end > begin else 61
        if first != 61 and first != 45 and first != 42:  # = - *
            letter = text[begin] if first != 32 else text[begin + 1]
            if letter == 73 and first == 73:  # I
                what = 0
            elif letter == 76:  # L
                what = 1
            elif letter == 83:  # S
                what = 2
            elif letter == 77:  # M
                what = 3
            else:
                return found, begin, begin
            value = 0
            digits = 0
            at = begin + 3
            while at < end and text[at] != 44:  # ,
                byte = text[at]
                if 48 <= byte <= 57:
                    value = value * 16 + (byte - 48)
                elif 97 <= byte <= 102:
                    value = value * 16 + (byte - 87)
                else:
                    return found, begin, begin
                digits += 1
                at += 1
            bytes_accessed = 0
            at += 1
            while at < end and 48 <= text[at] <= 57:
                bytes_accessed = bytes_accessed * 10 + (text[at] - 48)
                at += 1
            if at != end or digits == 0 or digits > 15 or bytes_accessed == 0:
                return found, begin, begin
            kind[found] = what
            address[found] = value
            size[found] = bytes_accessed
            found += 1
        begin = end + 1
    return found, begin, -1
