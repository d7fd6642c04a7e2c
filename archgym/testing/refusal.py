"""What a wrong name or option must lead to: an error of one line that the command line can print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archgym.errors import ArchgymError


def refusal(call: Callable[[], Any], what: str) -> str:
    """The message of the `ArchgymError` that *call* raises; `AssertionError` when it raises another or none."""
    error = error_of(call)
    if not isinstance(error, ArchgymError):
        raise AssertionError(f"{what}: expected an ArchgymError, got {error!r}") from error
    if "\n" in str(error):
        raise AssertionError(f"{what}: expected an error of one line, got {str(error)!r}") from error
    return str(error)


def error_of(call: Callable[[], Any]) -> Exception | None:
    """The exception that *call* raises, None when it returns."""
    try:
        call()
    except Exception as error:
        return error
    return None
