"""Technologies in YAML files: a whole one, or what is different from another.

extends: accelergy-0.4            # or another file, relative to this one
origin: where the numbers come from
leakage: true                     # false: no leakage is charged
primitives:
  adder: {bits: 32, energy_pj: 0.21, leak_pj: 0.0023, area_um2: 278}
components:                       # null takes one of the extended technology away
  HBM3: {rule: per_bit, pj_per_bit: 3.5}
  latch: {rule: fixed, read_pj: 0.01, write_pj: 0.02, leak_pj: 1.0e-5, area_um2: 30}
  eDRAM: {rule: scaled, of: SRAM, energy: 0.9, leak: 0.5, area: 0.4}
  mram: {rule: table, table: mram.json}
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import Fields, read_yaml, unknown
from archgym.simulators.accelerator.pricing.component import ComponentSpec, Price
from archgym.simulators.accelerator.pricing.primitive import Primitive
from archgym.simulators.accelerator.pricing.rule import Rule
from archgym.simulators.accelerator.pricing.rules import read_rule
from archgym.simulators.accelerator.pricing.technology import Technology, check_references

SHIPPED = {
    "accelergy-0.4": "45 nm as Accelergy 0.4 prices it at 1 GHz: CACTI and Aladdin",
    "accelergy-0.3-archgym": "45 nm as ArchGym charged it: Accelergy 0.3, Aladdin at 5 ns, two-port smart buffers",
    "accelergy-0.4-32nm": "32 nm: SRAM, smartbuffer_SRAM, multipliers and DRAM only",
    "accelergy-0.4-22nm": "22 nm: SRAM, smartbuffer_SRAM, multipliers and DRAM only",
}
DEFAULT = "accelergy-0.4"


def prices(technology: str | Path | Technology, component: ComponentSpec) -> Price:
    """What *component* costs in a technology: a name in `SHIPPED`, a ``.yaml`` file, or one that was loaded before.

    Raises `DataError`, one line: an unknown name, a broken file, or a size without a price and the nearest with one.
    """
    loaded = technology if isinstance(technology, Technology) else load_technology(technology)
    return loaded.price(component)


def load_technology(name_or_path: str | Path = DEFAULT) -> Technology:
    """The technology of that name in `SHIPPED`, or the one in that ``.yaml`` or ``.yml`` file. Raises `DataError`."""
    text = str(name_or_path)
    if text in SHIPPED:
        return _shipped(text)
    if Path(text).suffix not in (".yaml", ".yml"):
        raise DataError(f"{unknown('technology', text, SHIPPED)}; or give a .yaml file")
    path = Path(text)
    return _read(path.parent, path.name, path.stem, ())


@cache
def _shipped(name: str) -> Technology:
    folder = resources.files("archgym.simulators.accelerator.pricing") / "technologies"
    return _read(folder, f"{name}.yaml", name, ())


def _read(folder: Traversable, file: str, name: str, extending: tuple[str, ...]) -> Technology:
    """The technology in a file of *folder*, read on behalf of the files in *extending*."""
    where = str(folder / file)
    if where in extending:
        raise DataError(f"{where}: extends: the technology extends itself, by way of {', '.join(extending)}")
    top = read_yaml(folder / file)
    top.keys_are("origin", "extends", "leakage", "primitives", "components")
    base = _base(top, folder, (*extending, where))
    own = top.fields("primitives")
    technology = Technology(
        name=name,
        origin=top.text("origin"),
        leakage=top.flag("leakage", default=base.leakage),
        primitives={**base.primitives, **{key: Primitive.read(own.fields(key)) for key in own.values}},
        rules=_rules(top, folder, base),
    )
    check_references(technology, where)
    return technology


def _base(top: Fields, folder: Traversable, extending: tuple[str, ...]) -> Technology:
    if "extends" not in top.values:
        return Technology("", "", True, {}, {})
    name = top.text("extends")
    if name in SHIPPED:
        return _shipped(name)
    if Path(name).suffix not in (".yaml", ".yml"):
        raise DataError(f"{unknown(f'{top.where}: extends', name, SHIPPED)}; or give a .yaml file")
    return _read(folder, name, Path(name).stem, extending)


def _rules(top: Fields, folder: Traversable, base: Technology) -> dict[str, Rule]:
    rules = dict(base.rules)
    own = top.fields("components")
    for kind, value in own.values.items():
        if value is not None:
            rules[kind] = read_rule(own.fields(kind), folder)
        elif rules.pop(kind, None) is None:
            raise unknown(f"{own.where}: {kind}: there is nothing to take away: component", kind, base.rules)
    return rules
