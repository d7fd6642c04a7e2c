"""Prices of memories in a table by ports, banks, width and depth, and the points between.

Between two depths, and between two widths, the logarithm of a price runs linearly with the logarithm of the size: a
power law through the two neighbours, which rises or falls wherever they do. Leaving out each depth of CACTI's table at
45 nm and predicting it from its neighbours is wrong by 4 to 6 % (median) and 26 % (worst) for reads and writes, 30 %
for area; across widths 28 % in one of ten cases. There is no price beyond the table's ends.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import Fields, as_number, read_text, read_yaml

QUANTITIES = ("read_pj", "write_pj", "leak_pj", "area_um2")
_KEYS = ("n_rw_ports", "n_banks", "width_bits", "depth", *QUANTITIES)
Row = tuple[float, ...]
"""Values in the order of `QUANTITIES`."""


@dataclass(frozen=True, slots=True, eq=False)
class PriceTable:
    """Rows by ``(ports, banks)``, then width, then depth; depths and widths increase."""

    origin: str
    columns: Mapping[tuple[int, int], Mapping[int, Mapping[int, Row]]]

    def row(self, what: str, ports: int, banks: int, width: int, depth: int) -> tuple[Row, bool]:
        """The prices, and whether they lie between rows. `DataError`, which begins with *what* and names the nearest
        legal value, where the table ends or has no such ports or banks."""
        if (ports, banks) not in self.columns:
            raise self._no_column(what, ports, banks)
        widths = self.columns[ports, banks]
        low, high = _around(f"{what}: width_bits", list(widths), width)
        low_row, high_row = (self._at_depth(what, widths[near], depth) for near in (low, high))
        row = _between(low_row, high_row, _share(low, high, width))
        return row, low != high or depth not in widths[low]

    def _at_depth(self, what: str, rows: Mapping[int, Row], depth: int) -> Row:
        low, high = _around(f"{what}: depth", list(rows), depth)
        return _between(rows[low], rows[high], _share(low, high, depth))

    def _no_column(self, what: str, ports: int, banks: int) -> DataError:
        of_ports = sorted(b for p, b in self.columns if p == ports)
        if not of_ports:
            nearest = min((p for p, _ in self.columns), key=lambda p: abs(p - ports))
            return DataError(f"{what}: n_rw_ports: no price for {ports}, use {nearest}")
        nearest = min(of_ports, key=lambda b: abs(math.log2(b / banks)))
        return DataError(f"{what}: n_banks: no price for {banks}, the nearest that has one is {nearest}")


def _around(what: str, known: list[int], value: int) -> tuple[int, int]:
    """The neighbours of *value*, both of them *value* itself where it is one of *known*."""
    if not known[0] <= value <= known[-1]:
        end = known[0] if value < known[0] else known[-1]
        raise DataError(f"{what}: no price for {value}: the table goes from {known[0]} to {known[-1]}, use {end}")
    at = bisect_left(known, value)
    return (value, value) if known[at] == value else (known[at - 1], known[at])


def _share(low: int, high: int, value: int) -> float:
    return 0.0 if low == high else math.log(value / low) / math.log(high / low)


def _between(low: Row, high: Row, share: float) -> Row:
    """A power law where both are above 0, else a straight line."""
    if share == 0.0:
        return low
    return tuple(
        a * (b / a) ** share if a > 0 and b > 0 else a + (b - a) * share for a, b in zip(low, high, strict=True)
    )


def read_table(path: Traversable) -> PriceTable:
    """The table in a ``.json`` or ``.yaml`` file: ``origin`` and a list ``tables``, each of one ``width_bits`` and,
    unless they are 1, ``n_rw_ports`` and ``n_banks``, with equally long lists ``depth`` and `QUANTITIES`.
    Raises `DataError` with the file and the place."""
    if str(path).endswith(".json"):
        try:
            top = Fields.of(json.loads(read_text(path)), str(path))
        except json.JSONDecodeError as error:
            raise DataError(f"{path}: line {error.lineno}: not JSON: {error.msg}") from None
    else:
        top = read_yaml(path)
    return table_from(top)


def table_from(top: Fields) -> PriceTable:
    """The table that a data file describes; see `read_table`."""
    top.keys_are("origin", "tables")
    tables = top.values.get("tables")
    if not isinstance(tables, list) or not tables:
        raise top.wrong("tables", "a list of tables, one for each width")
    columns: dict[tuple[int, int], dict[int, Mapping[int, Row]]] = {}
    for i, value in enumerate(tables):
        table = Fields.of(value, f"{top.where}: tables[{i}]")
        table.keys_are(*_KEYS)
        column = columns.setdefault((table.whole("n_rw_ports", 1), table.whole("n_banks", 1)), {})
        width = table.whole("width_bits")
        if column and width <= max(column):
            raise table.wrong("width_bits", f"the widths of as many ports and banks to increase beyond {max(column)}")
        column[width] = _rows(table)
    return PriceTable(top.text("origin"), columns)


def _rows(table: Fields) -> dict[int, Row]:
    depths = _list(table, "depth")
    if any(not 1 <= depth < 2**31 or depth != int(depth) for depth in depths) or sorted(set(depths)) != depths:
        raise table.wrong("depth", "whole numbers in increasing order")
    lists = [_list(table, key) for key in QUANTITIES]
    for key, values in zip(QUANTITIES, lists, strict=True):
        if len(values) != len(depths):
            raise table.wrong(key, f"{len(depths)} numbers, one for each depth, not {len(values)}")
    return {int(depth): row for depth, row in zip(depths, zip(*lists, strict=True), strict=True)}


def _list(table: Fields, key: str) -> list[float]:
    values: Any = table.values.get(key)
    numbers = [as_number(value) for value in values] if isinstance(values, list) else []
    if not numbers or None in numbers:
        raise table.wrong(key, "a list of numbers from 0 on")
    return [number for number in numbers if number is not None]
