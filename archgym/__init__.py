"""archgym: search the design spaces of hardware with exact, fast simulators and honest comparisons.

Importing the package registers its Gymnasium ids and loads NumPy and Gymnasium only; everything heavier is loaded by
the function that needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archgym.registration import register_tasks
from archgym.version import __version__

if TYPE_CHECKING:
    from archgym.read import read_samples
    from archgym.registry import make_agent, make_simulator
    from archgym.runner import run
    from archgym.task import load_task

__all__ = ["__version__", "load_task", "make_agent", "make_simulator", "read_samples", "run"]

_LAZY = {
    "load_task": "archgym.task",
    "make_agent": "archgym.registry",
    "make_simulator": "archgym.registry",
    "read_samples": "archgym.read",
    "run": "archgym.runner",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'archgym' has no attribute {name!r}")


register_tasks()
