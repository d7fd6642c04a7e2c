"""What a rule is, and what it may ask of the technology that holds it."""

from __future__ import annotations

from typing import Protocol

from archgym.simulators.accelerator.pricing.component import ComponentSpec, Price
from archgym.simulators.accelerator.pricing.primitive import Primitive


class Prices(Protocol):
    """A technology, as its rules see it."""

    @property
    def name(self) -> str: ...

    def primitive(self, name: str) -> Primitive:
        """Raises `DataError` if there is none of that name."""

    def price(self, spec: ComponentSpec) -> Price:
        """Raises `DataError` where there is no price."""


class Rule(Protocol):
    """A way to price a class of component."""

    def price(self, spec: ComponentSpec, technology: Prices) -> Price:
        """Raises `DataError` where there is no price; the message names the nearest legal value."""
