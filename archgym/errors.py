"""The errors a user may meet: each one line that says what, where, what was expected and how to mend it.

`ArchgymError` is what the command line turns into that one line and a non-zero exit. A bad *design* is never an
error: it is a status in the result (`archgym.simulator.Status`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_SHOWN_NAMES = 16


class ArchgymError(Exception):
    """Something the user can mend. The message is one line."""


class ConfigError(ArchgymError):
    """A configuration file, option or hyperparameter is wrong."""


class UnknownName(ConfigError):
    """A name that is not known, with the nearest known one."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        super().__init__(f"{kind} {name!r}: {did_you_mean(name, known)}{'; ' + hint if hint else ''}")


class UnknownPlugin(UnknownName):
    """No installed plug-in has this name."""


class DesignError(ArchgymError):
    """A design names a parameter or value that its space does not have."""


class SpaceError(ArchgymError):
    """A design space, one of its parameters or one of its constraints is defined wrongly."""


class BudgetSpent(ArchgymError):
    """The evaluation budget is used up; nothing was evaluated."""


class RunExists(ArchgymError):
    """The output directory holds another run. Nothing was written."""


class Interrupted(ArchgymError):
    """The user stopped it; what was done so far is kept."""


class LogError(ArchgymError):
    """A run's log cannot be read or written."""


class MissingExtra(ArchgymError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs {package}: pip install "archgym[{extra}]"')


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean 'genetic'? known: ant_colony, genetic`` (the guess only where one is near; long lists are cut)."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5) or [
        other for other in names if name and name in other
    ]
    guess = f"did you mean {' or '.join(map(repr, near[:3]))}? " if near else ""
    shown = names if len(names) <= _SHOWN_NAMES else [*names[:_SHOWN_NAMES], f"… ({len(names)} in all)"]
    return f"{guess}known: {', '.join(shown) if shown else '(none)'}"
