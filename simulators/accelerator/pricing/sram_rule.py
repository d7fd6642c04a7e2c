"""The rule for memories priced by a table, with the ways in which Accelergy's plug-ins fit a request to CACTI.

``plain``: the table as it is. ``accelergy_0_4``: CACTI builds at least 32 bits by 64 words in each bank; of a smaller
memory it prices that, and the plug-in scales the answer down. ``accelergy_0_3``: at least 64 blocks of at least 4
bytes, and nothing is scaled back; small memories are registers, or have a placeholder for a price.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Final

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import Fields, unknown
from archgym.simulators.accelerator.pricing.component import ComponentSpec, Price
from archgym.simulators.accelerator.pricing.price_table import PriceTable, read_table, table_from
from archgym.simulators.accelerator.pricing.rule import Prices

FITS: Final = ("plain", "accelergy_0_4", "accelergy_0_3")
_PLACEHOLDER: Final = (1.0, 1.0, 0.0, 1.0)
"""What Accelergy 0.3 charges for what none of its plug-ins prices."""


@dataclass(frozen=True, slots=True, eq=False)
class TableRule:
    """A table, how a request is fitted to it, and the ports of a component that does not say."""

    table: PriceTable
    fit: str
    n_rw_ports: int
    small: str | None
    """The class of the memories too small for CACTI, for ``accelergy_0_3``."""

    @classmethod
    def read(cls, entry: Fields, folder: Traversable) -> TableRule:
        """From ``{rule: table, table: file or tables, fit: plain, n_rw_ports: 1}``."""
        entry.keys_are("rule", "table", "fit", "n_rw_ports", "small")
        fit = entry.text("fit", "plain")
        if fit not in FITS:
            raise unknown(f"{entry.where}: fit", fit, FITS)
        small = entry.text("small") if fit == "accelergy_0_3" else None
        if small is None and "small" in entry.values:
            raise DataError(f"{entry.where}: small: goes with 'fit: accelergy_0_3' only, leave it out")
        if isinstance(entry.values.get("table"), str):
            table = read_table(folder / entry.text("table"))
        else:
            table = table_from(entry.fields("table"))
        return cls(table, fit, entry.whole("n_rw_ports", 1), small)

    def price(self, spec: ComponentSpec, technology: Prices) -> Price:
        if self.fit == "accelergy_0_4":
            return self._accelergy_0_4(spec, technology)
        if self.fit == "accelergy_0_3":
            return self._accelergy_0_3(spec, technology)
        return self._looked_up(spec, technology, spec.n_banks, spec.width_bits, spec.depth)

    def _accelergy_0_4(self, spec: ComponentSpec, technology: Prices) -> Price:
        width = max(8 * -(-spec.width_bits // 8), 32)
        depth = max(spec.depth, 64 * spec.n_banks)
        # CACTI knows powers of two only; the leakage is scaled to the banks asked for, nothing else.
        banks = 1 << (spec.n_banks - 1).bit_length()
        share_w, share_d = spec.width_bits / width, spec.depth / depth
        return self._looked_up(spec, technology, banks, width, depth).times(
            energy=(0.7 * share_w + 0.3) * share_d**0.78,
            leak=share_w * share_d * spec.n_banks / banks,
            area=share_w * share_d,
        )

    def _accelergy_0_3(self, spec: ComponentSpec, technology: Prices) -> Price:
        bits = spec.width_bits * spec.depth
        if spec.width_bits <= 16 and (bits < 512 or (spec.depth <= 128 and spec.n_banks == 1)):
            # From 64 bytes on CACTI and registers both apply and the order of files on a disk decides; registers
            # are chosen here, because their prices grow with the depth and CACTI's, of a minimum, do not.
            return technology.price(ComponentSpec(str(self.small), spec.depth, spec.width_bits))
        if bits < 512:
            read, write, leak, area = _PLACEHOLDER
            return Price(read, write, write, leak, area, f"{technology.name}: a placeholder, nothing prices {spec}")
        widths = {width for column in self.table.columns.values() for width in column}
        if spec.width_bits not in widths:
            nearest = min(widths, key=lambda width: abs(width - spec.width_bits))
            raise DataError(f"{technology.name}: {spec}: width_bits: no price between widths, use {nearest}")
        block_bits = max(32, spec.width_bits)
        depth = max(spec.depth, 64 * block_bits // spec.width_bits)
        return self._looked_up(spec, technology, spec.n_banks, spec.width_bits, depth)

    def _looked_up(self, spec: ComponentSpec, technology: Prices, banks: int, width: int, depth: int) -> Price:
        ports = spec.n_rw_ports if spec.n_rw_ports is not None else self.n_rw_ports
        asked = f"{technology.name}: {spec}, {spec.n_banks} banks"
        (read, write, leak, area), between = self.table.row(asked, ports, banks, width, depth)
        source = f"{self.table.origin}{', interpolated' if between else ''}"
        return Price(read, write, write, leak, area, source)
