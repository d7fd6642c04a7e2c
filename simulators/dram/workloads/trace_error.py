"""What goes wrong with a workload: one exception, and one warning for what was tolerated."""

from __future__ import annotations


class TraceError(ValueError):
    """A trace or a workload cannot be used; the message is one line that says where and what was expected."""


class TraceWarning(UserWarning):
    """A trace was used although something about it is odd; the message is one line that says what."""
