"""Networks in YAML and CSV files.

YAML: ``origin`` (where the sizes come from, optional) and ``layers``, a list of mappings; see `layer_entry`.
CSV: a header with those keys in any order, then a row for each layer; an empty cell is a key that is not given, and
lines that begin with # are comments.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from importlib.resources.abc import Traversable

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.data_file import Fields, read_text, read_yaml, suggestion
from archgym.simulators.accelerator.networks.layer_entry import KEYS, read_layer
from archgym.simulators.accelerator.networks.network import Network


def read_network_yaml(path: Traversable, name: str) -> Network:
    """The network in a YAML file, of one sample. Raises `DataError`: file, layer, what was expected."""
    top = read_yaml(path)
    top.keys_are("origin", "layers")
    if "origin" in top.values:
        top.text("origin")
    layers = top.values.get("layers")
    if not isinstance(layers, list) or not layers:
        raise top.wrong("layers", "a list of layers")
    return _network(path, name, _listed(top.where, layers))


def read_network_csv(path: Traversable, name: str) -> Network:
    """The network in a CSV file, of one sample. Raises `DataError`: file, line, what was expected."""
    return _network(path, name, _rows(str(path), read_text(path)))


def _network(path: Traversable, name: str, entries: Iterator[Fields]) -> Network:
    read = [read_layer(entry) for entry in entries]
    try:
        return Network(name, tuple(layer for layer, _ in read), frozenset(layer.name for layer, yes in read if yes))
    except DataError as error:
        raise DataError(f"{path}: {str(error).removeprefix(f'{name}: ')}") from None


def _listed(where: str, layers: list[object]) -> Iterator[Fields]:
    """Each layer's mapping; its place names the layer, if it has a name."""
    for i, value in enumerate(layers):
        name = value.get("name") if isinstance(value, dict) else None
        yield Fields.of(value, f"{where}: layers[{i}]{f' ({name})' if isinstance(name, str) else ''}")


def _rows(where: str, text: str) -> Iterator[Fields]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            place = f"{where}: line {reader.line_num}"
            if header is None:
                header = _header(place, cells)
                continue
            if len(cells) != len(header):
                raise DataError(f"{place}: expected {len(header)} cells, as the header has, got {len(cells)}")
            given = zip(header, cells, strict=True)
            yield Fields({key: _cell(key, cell) for key, cell in given if cell}, place)
    except csv.Error as error:
        raise DataError(f"{where}: line {reader.line_num}: not CSV: {error}") from None
    if header is None:
        raise DataError(f"{where}: expected a header such as 'name,C,M,P,Q,R,S', got an empty file")


def _header(place: str, cells: list[str]) -> list[str]:
    for cell in cells:
        if cell not in KEYS:
            raise DataError(f"{place}: unknown column {cell!r}: {suggestion(cell, KEYS)}known: {', '.join(KEYS)}")
        if cells.count(cell) > 1:
            raise DataError(f"{place}: column {cell!r} is given twice")
    return cells


def _cell(key: str, cell: str) -> object:
    """The value as YAML would have it: a text, true or false, or a whole number where it is one."""
    if key in ("name", "kind"):
        return cell
    if key == "product":
        return {"true": True, "false": False}.get(cell.lower(), cell)
    return int(cell) if cell.lstrip("-").isdecimal() else cell
