"""What goes wrong with a recording."""

from __future__ import annotations


class RecorderError(RuntimeError):
    """A program could not be recorded; the message is one line that says why and what to do."""
