"""A technology: its primitives and a rule for every class of component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import unknown
from archgym.simulators.accelerator.pricing.component import ComponentSpec, Price
from archgym.simulators.accelerator.pricing.primitive import Primitive
from archgym.simulators.accelerator.pricing.rule import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Technology:
    """Read one with `technology_file.load_technology`."""

    name: str
    origin: str
    leakage: bool
    """Leakage is charged; otherwise every price has none."""
    primitives: Mapping[str, Primitive]
    rules: Mapping[str, Rule]

    def primitive(self, name: str) -> Primitive:
        """`DataError` if the technology has none of that name."""
        if name not in self.primitives:
            raise unknown(f"technology {self.name!r}: primitive", name, self.primitives)
        return self.primitives[name]

    def price(self, spec: ComponentSpec) -> Price:
        """What *spec* costs. `DataError` for an unknown class and for a size without a price, with the nearest that
        has one."""
        return _price(self, spec)


@lru_cache(maxsize=1 << 14)
def _price(technology: Technology, spec: ComponentSpec) -> Price:
    if spec.kind not in technology.rules:
        raise unknown(f"technology {technology.name!r}: component", spec.kind, technology.rules)
    price = technology.rules[spec.kind].price(spec, technology)
    return price if technology.leakage else replace(price, leak_pj=0.0)


def check_references(technology: Technology, where: str) -> None:
    """No class is priced by way of itself, and each that is named exists; `DataError` that begins with *where*."""
    for kind in technology.rules:
        seen = [kind]
        while (other := _refers_to(technology.rules[seen[-1]])) is not None:
            if other not in technology.rules:
                raise unknown(f"{where}: components: {seen[-1]}: component", other, technology.rules)
            if other in seen:
                raise DataError(f"{where}: components: {kind}: priced by way of itself: {' -> '.join([*seen, other])}")
            seen.append(other)


def _refers_to(rule: Rule) -> str | None:
    for field in ("storage", "of", "small"):
        name = getattr(rule, field, None)
        if name is not None:
            return str(name)
    return None
