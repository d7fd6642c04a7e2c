"""Energy of a run in joules, from the counters of `power`: one formula per component, in float64.

DDR4 and LPDDR4 follow DRAMPower 6.0.1 as DRAMSys 5.5 uses it: core energy per voltage domain, and the energy of the
interface. DDR3 has no model there; it gets the one of DRAMPower 4, which DRAMSys 4.0 (the original ArchGym) uses, in
every mode. It has no interface energy, and knows no power-down of its own: our DDR3 counts power-down (fast exit)
and self-refresh with their currents, as the newer model does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archgym.simulators.dram.commands import Command
from archgym.simulators.dram.part import Part
from archgym.simulators.dram.power import ACTIVE, PDNA, PDNP, SREF
from archgym.simulators.dram.timing import timing_table

TOGGLING_RATE = 0.5
"""Changes of a data line per transfer, reads and writes; that of the reference runs."""
DUTY_CYCLE = 0.5
"""Share of the transfers in which a data line is high."""

Joules = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Energy:
    """Energy of all devices of the rank over the window: ``(n,)`` joules for n runs."""

    act: Joules
    pre: Joules
    background_active_bank: Joules
    background_active_shared: Joules
    background_precharged: Joules
    read: Joules
    write: Joules
    refresh: Joules
    active_power_down: Joules
    precharge_power_down: Joules
    self_refresh: Joules
    interface: Joules
    window_cycles: NDArray[np.int64]
    """Cycles from 0 to the last command (DDR3: to its end)."""
    window_seconds: NDArray[np.float64]
    valid: NDArray[np.bool_]
    """False where the reference's model breaks down: its time in precharged standby would be negative."""

    @property
    def core(self) -> Joules:
        """All but the interface."""
        active = self.background_active_bank + self.background_active_shared
        background = active + self.background_precharged + self.active_power_down + self.precharge_power_down
        return self.act + self.pre + self.read + self.write + self.refresh + background + self.self_refresh

    @property
    def total(self) -> Joules:
        return self.core + self.interface

    @property
    def average_power(self) -> NDArray[np.float64]:
        """Watt over the window; 0 where it is empty."""
        seconds = self.window_seconds
        return np.divide(self.total, seconds, out=np.zeros_like(seconds), where=seconds > 0)


@dataclass(frozen=True, slots=True)
class _Domain:
    """The currents (A) of one supply of voltage `volt`."""

    volt: float
    i0: float
    i2n: float
    i3n: float
    i4r: float
    i4w: float
    i5: float
    i5pb: float
    i2p: float
    i3p: float
    i6: float
    ibeta: float


@dataclass(frozen=True, slots=True)
class EnergyModel:
    """What turns the counters of runs on `part` into energy; made once per part by `of`."""

    part: Part
    values: Mapping[str, int]
    domains: tuple[_Domain, ...]

    @classmethod
    def of(cls, part: Part) -> EnergyModel:
        """Raises ValueError for a part without currents."""
        if not part.has_power:
            raise ValueError(f"part {part.name!r} has no currents: no energy can be computed")
        return cls(part, timing_table(part).values, _domains(part))

    def energy(self, states: NDArray[Any]) -> Energy:
        """The energy of n runs from their finished ``(n,)`` counters (`power.POWER_STATE`)."""
        if states["overflow"].any():
            raise RuntimeError("the power model's queue of delayed effects overflowed: illegal command stream")
        cycle, window = self.part.tCK_ps * 1e-12, states["window"].astype(np.int64)
        core = _core(self, states, self.domains[0])
        for domain in self.domains[1:]:
            core = {key: core[key] + more for key, more in _core(self, states, domain).items()}
        return Energy(
            **{key: value * (cycle * self.part.devices) for key, value in core.items()},
            interface=_interface(self.part, states),
            window_cycles=window,
            window_seconds=np.asarray(window * cycle, np.float64),
            valid=_precharged(states) >= 0,
        )


def _domains(part: Part) -> tuple[_Domain, ...]:
    p = part.power
    if part.standard == "LPDDR4":
        return tuple(
            _Domain(
                volt=p[f"vdd{d}"],
                i0=p[f"idd0{d}"],
                i2n=p[f"idd2n{d}"],
                i3n=p[f"idd3n{d}"],
                i4r=p[f"idd4r{d}"],
                i4w=p[f"idd4w{d}"],
                i5=p[f"idd5{d}"],
                i5pb=p[f"idd5pb{d}"],
                i2p=p[f"idd2p{d}"],
                i3p=p[f"idd3p{d}"],
                i6=p[f"idd6{d}"],
                ibeta=p.get(f"iBeta_vdd{d}", p[f"idd0{d}"]),
            )
            for d in (1, 2)
        )
    if part.standard == "DDR3":
        supply = _Domain(
            volt=p["vdd"],
            i0=p["idd0"],
            i2n=p["idd2n"],
            i3n=p["idd3n"],
            i4r=p["idd4r"],
            i4w=p["idd4w"],
            i5=p["idd5"],
            i5pb=0.0,
            i2p=p["idd2p1"],  # fast exit: the rules wait tXP, not tXPDLL
            i3p=p["idd3p1"],
            i6=p["idd6"],
            ibeta=p["idd0"],
        )
        return (supply,)
    refresh = {1: "5B", 2: "5F2", 4: "5F4"}[part.refresh_mode]
    return tuple(
        _Domain(
            volt=p[f"v{supply}"],
            i0=p[f"i{supply}0"],
            i2n=p[f"i{supply}2n"],
            i3n=p[f"i{supply}3n"],
            i4r=p[f"i{supply}4r"],
            i4w=p[f"i{supply}4w"],
            i5=p[f"i{supply}{refresh}"],
            i5pb=0.0,
            i2p=p[f"i{supply}2p"],
            i3p=p[f"i{supply}3p"],
            i6=p[f"i{supply}6n"],
            ibeta=p.get(f"iBeta_v{supply}", p[f"i{supply}0"]),
        )
        for supply in ("dd", "pp")
    )


def _precharged(states: NDArray[Any]) -> NDArray[np.int64]:
    """Cycles in precharged standby: what is left of the window. Negative where the reference underflows."""
    spent: NDArray[np.int64] = states["interval_sum"].sum(axis=1)
    rest: NDArray[np.int64] = states["window"] - spent
    return rest


def _count(states: NDArray[Any], *commands: Command) -> NDArray[np.int64]:
    total: NDArray[np.int64] = states["count"][:, [int(c) for c in commands]].sum(axis=1)
    return total


def _core(model: EnergyModel, states: NDArray[Any], d: _Domain) -> dict[str, Joules]:
    """The components of one voltage domain, in V A cycles of one device."""
    part, t = model.part, model.values
    ddr3, lpddr4 = part.standard == "DDR3", part.standard == "LPDDR4"
    banks, rho = part.banks, part.power["rho"]
    rp = t["RPpb"] if lpddr4 else t["RP"]
    i_rho = rho * (d.i3n - d.i2n) + d.i2n
    i_theta = d.i0 if ddr3 else (d.i0 * (rp + t["RAS"]) - d.ibeta * rp) / t["RAS"]
    # LPDDR4 counts each bank's share of active standby on top of the shared one.
    i3n_all = i_rho + banks * (d.i3n - i_rho) if lpddr4 else d.i3n
    i_one = (d.i3n + (banks - 1) * i_rho) / banks if part.standard == "DDR4" else d.i3n
    precharge_cycles = t["RC"] - t["RAS"] if ddr3 else rp  # DRAMPower 4: the rest of the row cycle
    intervals = states["interval_sum"]
    # Entering self-refresh refreshes once.
    refresh = (d.i5 - i3n_all) * t["RFC"] * _count(states, Command.REFAB, Command.SREFEN)
    if lpddr4:
        interval, cycle = t["REFI"] / 8, t["RFCpb"]
        i5pb = (d.i5pb * interval - d.i2n * (interval - cycle)) / cycle
        refresh = refresh + (i5pb - d.i3n) * cycle * _count(states, Command.REFPB)
    cycles = {
        "act": (i_theta - i_one) * t["RAS"] * _count(states, Command.ACT),
        "pre": (d.ibeta - d.i2n) * precharge_cycles * states["n_precharge"],
        "background_active_bank": (i3n_all - i_rho) / banks * states["bank_active"],
        "background_active_shared": i_rho * intervals[:, ACTIVE],
        "background_precharged": d.i2n * _precharged(states),
        "read": (d.i4r - d.i3n) * t["BURST"] * _count(states, Command.RD, Command.RDA),
        "write": (d.i4w - d.i3n) * t["BURST"] * _count(states, Command.WR, Command.WRA),
        "refresh": refresh,
        "active_power_down": d.i3p * intervals[:, PDNA],
        "precharge_power_down": d.i2p * intervals[:, PDNP],
        "self_refresh": d.i6 * intervals[:, SREF],
    }
    return {key: np.asarray(d.volt * value, np.float64) for key, value in cycles.items()}


def _interface(part: Part, states: NDArray[Any]) -> Joules:
    """Joules of clock, strobes, data and command bus: rising edges, and the current of terminated lines."""
    window = states["window"]
    if not part.interface:
        return np.zeros(window.shape)
    clock = part.tCK_ps * 1e-12
    half, burst = clock / 2, part.burst_length
    width = part.width * part.devices
    pairs = 2 if part.width == 16 else 1  # differential strobes of a device; all devices' count as one
    energy = _line(part, "ck", 2 * window, 2 * window, 2 * window, half)
    for letter, last, commands in (
        ("r", 0, (Command.RD, Command.RDA)),
        ("w", 1, (Command.WR, Command.WRA)),
    ):
        bursts = _count(states, *commands)
        edges = bursts * (2 * (burst // 2) * pairs)
        energy = energy + _line(part, f"{letter}dqs", edges, edges, edges, half)
        # The window may end within the last burst of a direction.
        cut = np.minimum(burst, part.data_rate * (window - states["last_column"][:, last]))
        beats = np.where(bursts > 0, burst * (bursts - 1) + cut, 0)
        edges = np.floor(beats * (TOGGLING_RATE / 2)) * width
        high = np.floor(beats * DUTY_CYCLE) * width
        energy = energy + _line(part, f"{letter}dq", edges, high, beats * width - high, half)
    high, bits = states["bus_high"], states["lines"] * window
    return energy + _line(part, "ca", states["bus_edges"], high, bits - high, clock)


def _line(part: Part, line: str, edges: Any, high: Any, low: Any, bit_time: float) -> Joules:
    """Joules of *edges* rising edges and, if terminated, of the bits that draw current.

    Those are the low ones in DDR4 (terminated to VDDQ) and the high ones in LPDDR4 (to ground).
    """
    values = part.interface
    energy = np.asarray(edges * values[f"{line}_dyn_E"], np.float64)
    if values[f"{line}_termination"]:
        bits = high if part.standard == "LPDDR4" else low
        energy = energy + bits * (part.power["vddq"] ** 2 / values[f"{line}_R_eq"] * bit_time)
    return energy
