"""How a technology prices a class of component: one small rule for each way.

A rule is built from its entry in a technology's file by `read_rule`, and asked for a price with the technology that
holds it. The formulas are what Accelergy's plug-ins compute; each gives their tables' rows to the digits printed there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import Fields, unknown
from archgym.simulators.accelerator.pricing.component import ComponentSpec, Price
from archgym.simulators.accelerator.pricing.rule import Prices, Rule
from archgym.simulators.accelerator.pricing.sram_rule import TableRule


@dataclass(frozen=True, slots=True)
class RegistersRule:
    """Registers, with one comparator of the address for each word; *whole_word* charges a register for each bit of a
    word, and otherwise, as Accelergy 0.4 does, one register whatever the width."""

    whole_word: bool

    def price(self, spec: ComponentSpec, technology: Prices) -> Price:
        register = technology.primitive("register").linear(spec.width_bits if self.whole_word else 1)
        address = technology.primitive("comparator").linear(spec.address_bits).times(spec.depth)
        energy = register.energy_pj + address.energy_pj
        leak, area = register.leak_pj + address.leak_pj, register.area_um2 + address.area_um2
        return Price(energy, energy, energy, leak, area, f"{technology.name}: registers and comparators")


@dataclass(frozen=True, slots=True)
class SmartBufferRule:
    """A *storage* with two adders that generate its addresses, one for reads and one for writes."""

    storage: str
    n_rw_ports: int | None
    adder_bits: int | None
    """None: as many as count to the depth, at least 1."""
    idle_adder: bool
    """An access charges the other adder one idle cycle."""

    def price(self, spec: ComponentSpec, technology: Prices) -> Price:
        ports = spec.n_rw_ports if spec.n_rw_ports is not None else self.n_rw_ports
        storage = technology.price(ComponentSpec(self.storage, spec.depth, spec.width_bits, spec.n_banks, ports))
        adder = technology.primitive("adder").linear(self.adder_bits or max(1, spec.address_bits))
        access = adder.energy_pj + (adder.leak_pj if self.idle_adder else 0.0)
        return storage.plus(access, 2 * adder.leak_pj, 2 * adder.area_um2, "two adders")


@dataclass(frozen=True, slots=True)
class MacRule:
    """A multiplier, quadratic in the width, and an adder, linear in it."""

    def price(self, spec: ComponentSpec, technology: Prices) -> Price:
        multiplier = technology.primitive("multiplier").quadratic(spec.width_bits)
        adder = technology.primitive("adder").linear(spec.width_bits)
        energy = multiplier.energy_pj + adder.energy_pj
        leak, area = multiplier.leak_pj + adder.leak_pj, multiplier.area_um2 + adder.area_um2
        return Price(energy, energy, energy, leak, area, f"{technology.name}: multiplier and adder")


@dataclass(frozen=True, slots=True)
class PerBitRule:
    """An energy per bit, whatever the size, without leakage and area: memory on another chip."""

    pj_per_bit: float

    def price(self, spec: ComponentSpec, technology: Prices) -> Price:
        energy = self.pj_per_bit * spec.width_bits
        return Price(energy, energy, energy, 0.0, 0.0, f"{technology.name}: {self.pj_per_bit:g} pJ per bit")


@dataclass(frozen=True, slots=True)
class FixedRule:
    """The same price whatever the size."""

    read_pj: float
    write_pj: float
    update_pj: float
    leak_pj: float
    area_um2: float

    def price(self, spec: ComponentSpec, technology: Prices) -> Price:
        source = f"{technology.name}: {spec.kind}"
        return Price(self.read_pj, self.write_pj, self.update_pj, self.leak_pj, self.area_um2, source)


@dataclass(frozen=True, slots=True)
class ScaledRule:
    """Another class's price, its energies, leakage and area multiplied."""

    of: str
    energy: float
    leak: float
    area: float

    def price(self, spec: ComponentSpec, technology: Prices) -> Price:
        other = ComponentSpec(self.of, spec.depth, spec.width_bits, spec.n_banks, spec.n_rw_ports)
        return technology.price(other).times(energy=self.energy, leak=self.leak, area=self.area)


def _registers(entry: Fields, folder: Traversable) -> Rule:
    entry.keys_are("rule", "whole_word")
    return RegistersRule(entry.flag("whole_word", default=True))


def _smartbuffer(entry: Fields, folder: Traversable) -> Rule:
    entry.keys_are("rule", "storage", "n_rw_ports", "adder_bits", "idle_adder")
    ports = entry.whole("n_rw_ports") if "n_rw_ports" in entry.values else None
    bits = entry.whole("adder_bits") if "adder_bits" in entry.values else None
    return SmartBufferRule(entry.text("storage"), ports, bits, entry.flag("idle_adder", default=False))


def _mac(entry: Fields, folder: Traversable) -> Rule:
    entry.keys_are("rule")
    return MacRule()


def _per_bit(entry: Fields, folder: Traversable) -> Rule:
    entry.keys_are("rule", "pj_per_bit")
    return PerBitRule(entry.number("pj_per_bit"))


def _fixed(entry: Fields, folder: Traversable) -> Rule:
    entry.keys_are("rule", "read_pj", "write_pj", "update_pj", "leak_pj", "area_um2")
    write = entry.number("write_pj")
    return FixedRule(
        entry.number("read_pj"), write, entry.number("update_pj", write), entry.number("leak_pj"),
        entry.number("area_um2"),
    )  # fmt: skip


def _scaled(entry: Fields, folder: Traversable) -> Rule:
    entry.keys_are("rule", "of", "energy", "leak", "area")
    return ScaledRule(entry.text("of"), *(entry.number(key, 1.0) for key in ("energy", "leak", "area")))


RULES: Mapping[str, Callable[[Fields, Traversable], Rule]] = {
    "fixed": _fixed,
    "mac": _mac,
    "per_bit": _per_bit,
    "registers": _registers,
    "scaled": _scaled,
    "smartbuffer": _smartbuffer,
    "table": TableRule.read,
}


def read_rule(entry: Fields, folder: Traversable) -> Rule:
    """The rule that an entry describes; files that it names are looked up in *folder*. Raises `DataError`."""
    if "rule" not in entry.values:
        raise DataError(f"{entry.where}: rule: expected one of {', '.join(RULES)}, got nothing")
    name = entry.text("rule")
    if name not in RULES:
        raise unknown(f"{entry.where}: rule", name, RULES)
    return RULES[name](entry, folder)
