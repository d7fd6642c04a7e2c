"""The DRAM simulator as a plug-in: spaces, metrics, workloads and options, translated for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archgym.errors import ArchgymError, ConfigError, UnknownName
from archgym.simulator import SimulatorPlugin, Workload
from archgym.simulators.dram.plugin.conformance import conform
from archgym.simulators.dram.plugin.spaces import SPACES
from archgym.simulators.dram.workloads.registry import describe, workload_names

DEFAULT_PART = "ddr4_2400"
OPTIONS = {
    "part": f"The DRAM: a name or a YAML/JSON file, DRAMSys memspecs included (default {DEFAULT_PART}).",
    "mapping": "The address mapping: brc, rbc, rbcx, row-bank-column:xor and so on, or a ConGen file (default brc).",
    "controller": "Whose rules: dramsys-5.5 (default), or dramsys-4.0 as ArchGym ships it.",
    "knobs": "Controller knobs outside the space, by their DRAMSys names (ThinkDelayFw, CmdMux, …).",
    "strict_jedec": "Correct the reference's known timing omissions (default false).",
    "workload_options": "Options of the workload: seed, n, interval_ns, … or clock_mhz of a trace file.",
    "threads": "Designs simulated at a time; never changes a result (default 1).",
}


def make(
    *,
    workload: str,
    space: str,
    part: str = DEFAULT_PART,
    mapping: str = "brc",
    controller: str = "dramsys-5.5",
    knobs: Mapping[str, Any] | None = None,
    strict_jedec: bool = False,
    workload_options: Mapping[str, Any] | None = None,
    threads: int = 1,
) -> Any:
    """A `DramSimulator`; `ConfigError` for whatever is wrong with names, files and values."""
    from archgym.simulators.dram.controller import MODELS
    from archgym.simulators.dram.plugin.encoding import SYSTEM, make_encoder
    from archgym.simulators.dram.plugin.simulator import DramSimulator
    from archgym.simulators.dram.workloads.registry import load_workload

    if controller not in MODELS:
        raise UnknownName("simulator 'dram': controller", str(controller), MODELS)
    if not isinstance(threads, int) or threads < 1:
        raise ConfigError(f"simulator 'dram': threads: expected a positive whole number, got {threads!r}")
    if space not in SPACES:
        raise UnknownName("simulator 'dram': space", space, SPACES)
    made = SPACES[space][1]()
    try:
        trace = load_workload(workload, **dict(workload_options or {}))
    except (ValueError, OSError) as error:
        if isinstance(error, ArchgymError):
            raise
        raise ConfigError(str(error)) from None
    simulator = DramSimulator(
        workload=Workload(trace.name, trace.content_hash),
        space=made,
        trace=trace,
        encoder=make_encoder(made, controller, knobs or {}),
        part=str(part),
        mapping=str(mapping),
        strict_jedec=strict_jedec,
        threads=threads,
    )
    if not set(SYSTEM) & set(made.names):
        simulator.system(simulator.part, simulator.mapping)  # bad names are refused now, not at the first design
    return simulator


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
