"""The command stream: what the controller did, in time order, in a bounded buffer.

The controller kernel fills a preallocated buffer of `STREAM_DTYPE` records and returns to its driver when the
buffer is full; the driver lets the consumers (power model, command log) read the first `n` records and resumes
the kernel. Memory is therefore bounded however long the trace is, and no consumer is part of the hot kernel.

Records are in order of time (`cycle` never decreases, but for a `dramsys-4.0` response, which may be stamped one cycle
ahead). `RESPONSE` records are written only on request: a consumer of commands is given a stream without them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

STREAM_DTYPE: Final = np.dtype(
    (
        np.record,
        [
            ("cycle", np.int64),  # issue time in tCK; PhyDelayFw is not added
            ("request", np.int32),  # row of the trace served, from 0; -1: a refresh or power-down command
            ("bank", np.int16),  # bank group * banks per group + bank; -1 for rank commands
            ("command", np.uint8),  # a `Command` code, or RESPONSE
            ("reserved", np.uint8),  # 0; pads the record to 16 bytes
        ],
    )
)

RESPONSE: Final = 15
"""Pseudo command code of a response that leaves the controller (BEGIN_RESP); `bank` is -1."""

STREAM_CAPACITY: Final = 8192
"""Records in a driver's buffer (128 KiB: it stays in the second-level cache)."""
