"""The DRAM simulator as a plug-in: spaces, metrics, workloads and options, translated for the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from archgym.errors import ConfigError, UnknownName
from archgym.simulator import SimulatorPlugin, Workload
from archgym.simulators.dram.plugin.conformance import conform
from archgym.simulators.dram.plugin.spaces import SPACES
from archgym.simulators.dram.workloads.registry import describe, workload_names

if TYPE_CHECKING:
    from archgym.simulators.dram.mapping import AddressMapping
    from archgym.simulators.dram.part import Part

DEFAULT_PART = "ddr4_2400"
DEFAULT_MAPPING = "brc"
OPTIONS = {
    "part": f"The DRAM: a name or a YAML/JSON file, DRAMSys memspecs included (default {DEFAULT_PART}).",
    "mapping": "The address mapping: brc, rbc, rbcx, row-bank-column:xor and so on, or a ConGen file "
    f"(default {DEFAULT_MAPPING}).",
    "controller": "Whose rules: dramsys-5.5 (default), or dramsys-4.0 as ArchGym ships it.",
    "knobs": "Controller knobs outside the space, by their DRAMSys names (ThinkDelayFw, PowerDownPolicy, …).",
    "strict_jedec": "Correct the reference's known timing omissions (default false).",
    "workload_options": "Options of the workload: seed, n, interval_ns, … or clock_mhz of a trace file.",
    "threads": "Designs simulated at a time; never changes a result (default 1).",
}


def make(
    *,
    workload: str,
    space: str,
    part: str | None = None,
    mapping: str | None = None,
    controller: str = "dramsys-5.5",
    knobs: Mapping[str, Any] | None = None,
    strict_jedec: bool = False,
    workload_options: Mapping[str, Any] | None = None,
    threads: int = 1,
) -> Any:
    """A `DramSimulator`; `ConfigError` for whatever is wrong with names, files and values."""
    from archgym.simulators.dram.controller import MODELS
    from archgym.simulators.dram.plugin.encoding import ORDER, PART, make_encoder
    from archgym.simulators.dram.plugin.simulator import DramSimulator
    from archgym.simulators.dram.workloads.registry import load_workload

    if controller not in MODELS:
        raise UnknownName("simulator 'dram': controller", str(controller), MODELS)
    _expect("threads", threads, "a positive whole number", type(threads) is int and threads > 0)
    _expect("strict_jedec", strict_jedec, "true or false", isinstance(strict_jedec, bool))
    for name, value in (("knobs", knobs), ("workload_options", workload_options)):
        _expect(name, value, "a mapping of names to values", value is None or isinstance(value, Mapping))
    if space not in SPACES:
        raise UnknownName("simulator 'dram': space", space, SPACES)
    made = SPACES[space][1]()
    for name, chosen, parameter in (("part", part, PART), ("mapping", mapping, ORDER)):
        if chosen is not None and parameter in made.names:
            raise ConfigError(
                f"simulator 'dram': {name}: space {space!r} searches it; use the task's 'restrict' to fix {parameter}"
            )
    try:
        trace = load_workload(workload, **{str(name): value for name, value in (workload_options or {}).items()})
    except (ValueError, OSError) as error:
        raise ConfigError(str(error)) from None
    simulator = DramSimulator(
        workload=Workload(trace.name, ""),
        space=made,
        trace=trace,
        encoder=make_encoder(made, controller, knobs or {}),
        part=DEFAULT_PART if part is None else str(part),
        mapping=DEFAULT_MAPPING if mapping is None else str(mapping),
        strict_jedec=strict_jedec,
        threads=threads,
    )
    system = simulator.default_system()  # what does not fit is refused now, not at the first design
    fixed = None if ORDER in made.names else (system.engine.part, system.engine.mapping)
    content = _content_hash(trace.content_hash, simulator.encoder.base.tolist(), strict_jedec, fixed)
    return replace(simulator, workload=Workload(trace.name, content))


def _content_hash(trace: str, knobs: list[int], strict_jedec: bool, fixed: tuple[Part, AddressMapping] | None) -> str:
    """16 hex digits over the trace and everything outside the space that decides a result: an edited part file is
    another question, however it is called."""
    system = None if fixed is None else [asdict(half) for half in fixed]
    canonical = json.dumps([trace, knobs, strict_jedec, system], sort_keys=True, default=dict)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _expect(option: str, value: object, expected: str, holds: bool) -> None:
    if not holds:
        raise ConfigError(f"simulator 'dram': {option}: expected {expected}, got {value!r}")


def _workloads() -> dict[str, str]:
    return {name: describe(name).doc.split("\n")[0] for name in workload_names()}


PLUGIN = SimulatorPlugin(
    name="dram",
    version="1",
    summary="A DRAM memory controller and device, command by command, with DRAMSys's answers.",
    make=make,
    workloads=_workloads(),
    spaces={name: summary for name, (summary, _) in SPACES.items()},
    options=OPTIONS,
    conform={"dram": conform},
)
