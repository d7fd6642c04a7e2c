"""The SoC simulator as a plug-in: spaces, metrics, workloads and options, translated for the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from archgym.errors import ConfigError, UnknownName
from archgym.simulator import SimulatorPlugin, Workload
from archgym.simulators.soc.plugin.conformance import conform
from archgym.simulators.soc.plugin.looking import details, platform, schedule
from archgym.simulators.soc.registry import describe, workload_names

if TYPE_CHECKING:
    from archgym.simulators.soc.application import Application
    from archgym.simulators.soc.budgets import Budgets
    from archgym.simulators.soc.library import Library
    from archgym.simulators.soc.plugin.platform_space import Slots
    from archgym.space import DesignSpace

BURST_BYTES = 1024
OPTIONS = {
    "library": "Processors, memories, buses and further accelerators: a name or a YAML file (default: default).",
    "cores": "Processors in space platform, at most (default 4).",
    "memories": "Memories in space platform, at most (default 4).",
    "buses": "Buses in space platform, at most (default 4).",
    "budgets": "power_w and area_mm2, for each workload, and deadline_s, a mapping of workload to seconds "
    "(default: FARSI's, 8.737 mW and 17.475 mm2).",
    "burst_bytes": f"Bytes of a transfer that arbiters interleave (default {BURST_BYTES}, as in ArchGym).",
    "workload_options": "Options of a generated workload: seed, layers, width, …",
    "threads": "Threads for a batch of designs; never changes a result (default 1).",
}
SPACES = {
    "platform": "Everything the library can build on a tree of buses; every design works.",
    "small": "A part of platform that can be enumerated: one memory, one bus, few types.",
    "archgym-limited": "ArchGym's encoding, for parity: more than 99 % of its points are no working system (93 % by "
    "memories on two buses or on none and tasks on what cannot run them alone), and no point meets the budgets of "
    "edge_detection or hpvm_cava.",
}


def make(
    *,
    workload: str,
    space: str,
    library: str = "default",
    cores: int = 4,
    memories: int = 4,
    buses: int = 4,
    budgets: Mapping[str, Any] | None = None,
    burst_bytes: int = BURST_BYTES,
    workload_options: Mapping[str, Any] | None = None,
    threads: int = 1,
) -> Any:
    """A `SocSimulator`; `ConfigError` for whatever is wrong with names, files and values."""
    from archgym.simulators.soc.library_file import load_library
    from archgym.simulators.soc.plugin.platform_space import Slots
    from archgym.simulators.soc.plugin.simulator import SocSimulator
    from archgym.simulators.soc.registry import load_application

    for name, number in (("threads", threads), ("burst_bytes", burst_bytes)):
        _expect(name, number, "a positive whole number", type(number) is int and number > 0)
    for name, value in (("budgets", budgets), ("workload_options", workload_options)):
        _expect(name, value, "a mapping of names to values", value is None or isinstance(value, Mapping))
    slots = Slots(cores, memories, buses)
    try:
        application = load_application(str(workload), **{str(k): v for k, v in (workload_options or {}).items()})
        loaded = load_library(str(library))
    except (ValueError, OSError) as error:
        raise ConfigError(str(error)) from None
    made = _space(space)(application, loaded, slots)
    allowed, deadlines = _budgets(application, budgets or {})
    application = replace(application, deadlines=deadlines)
    content = _content_hash(application, loaded, allowed, burst_bytes)
    named = Workload("+".join(application.names), content)
    return SocSimulator(named, made, application, loaded, allowed, burst_bytes, threads)


def _space(name: str) -> Callable[[Application, Library, Slots], DesignSpace]:
    from archgym.simulators.soc.plugin.limited import limited_space
    from archgym.simulators.soc.plugin.platform_space import platform_space
    from archgym.simulators.soc.plugin.small_space import small_space

    makers: dict[str, Callable[[Application, Library, Slots], DesignSpace]] = {
        "platform": platform_space,
        "small": lambda application, library, _: small_space(application, library),
        "archgym-limited": lambda application, library, _: limited_space(application, library),
    }
    if name not in makers:
        raise UnknownName("simulator 'soc': space", name, SPACES)
    return makers[name]


def _budgets(application: Application, given: Mapping[str, Any]) -> tuple[Budgets, tuple[float | None, ...]]:
    """The budgets of power and area, and the deadline of each workload: FARSI's where *given* says nothing else."""
    from archgym.simulators.soc.budgets import Budgets

    known = ("power_w", "area_mm2", "deadline_s")
    for name in given:
        if name not in known:
            raise UnknownName("simulator 'soc': budgets", str(name), known)
    own = given.get("deadline_s", {})
    _expect("budgets.deadline_s", own, "a mapping of workload to seconds", isinstance(own, Mapping))
    for name, value in (*((n, given[n]) for n in known[:2] if n in given), *own.items()):
        positive = type(value) in (int, float) and 0 < value < float("inf")
        _expect(f"budgets.{name}", value, "a positive number", positive)
    for name in own:
        if name not in application.names:
            raise UnknownName("simulator 'soc': budgets.deadline_s: workload", str(name), application.names)
    deadlines = tuple(
        own.get(name, own_s) for name, own_s in zip(application.names, application.deadlines, strict=True)
    )
    usual = Budgets()
    area = given["area_mm2"] * 1e-6 if "area_mm2" in given else usual.area_m2
    return Budgets(given.get("power_w", usual.power_w), area), deadlines


def _content_hash(application: Application, library: Library, budgets: Budgets, burst_bytes: int) -> str:
    """16 hex digits over everything outside the design that decides a result, the budgets' distance included."""
    parts = [application.content_hash, application.deadlines, library.content_hash, asdict(budgets), burst_bytes]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _expect(option: str, value: object, expected: str, holds: bool) -> None:
    if not holds:
        raise ConfigError(f"simulator 'soc': {option}: expected {expected}, got {value!r}")


PLUGIN = SimulatorPlugin(
    name="soc",
    version="1",
    summary="A system on chip: a task graph on processors, memories and buses, with FARSI's answers.",
    make=make,
    workloads={name: describe(name).doc for name in workload_names()},
    spaces=SPACES,
    options=OPTIONS,
    conform={"soc": conform},
    details=details,
    pictures={"platform": platform, "schedule": schedule},
)
