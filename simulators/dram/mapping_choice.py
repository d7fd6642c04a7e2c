"""Name an address mapping: the reference's own, one generated from an order of the fields, or a ConGen file.

A generated mapping is named by the order of row, bank and column from the top bit down, then options:
``row-bank-column``, ``row-column-bank:xor``, ``row-bank-column:low-group:xor``. The bits within a burst are always
lowest, so that a burst stays in one row; ``low-group`` puts the bank group just above them, so that a stream changes
group with every burst (tCCD_S); ``xor`` hashes bank-group and bank bits with the lowest row bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from itertools import permutations
from pathlib import Path
from typing import Any

from archgym.simulators.dram.mapping import AddressMapping, Bits, check_mapping
from archgym.simulators.dram.part import Part, read_mapping_file

_ALIASES = {
    # As in the golden runs; brc is the mapping DRAMSys ships, and archgym that of the original ArchGym (DDR3).
    "brc": "bank-row-column",
    "rbc": "row-bank-column:low-group",
    "rbcx": "row-bank-column:low-group:xor",
    "archgym": "row-bank-column",
}
_FIELDS = ("row", "bank", "column")
_OPTIONS = ("low-group", "xor")
_CONGEN = {
    "BYTE_BIT": "byte",
    "COLUMN_BIT": "column",
    "BANKGROUP_BIT": "bank_group",
    "BANK_BIT": "bank",
    "ROW_BIT": "row",
}


def known_mappings() -> tuple[str, ...]:
    """The short names and every order of the fields; an order may be followed by ``:low-group`` and ``:xor``."""
    return (*_ALIASES, *("-".join(order) for order in permutations(_FIELDS)))


def load_mapping(name_or_path: str | Path, part: Part) -> AddressMapping:
    """The mapping of that name, or in that ConGen ``.json`` file, checked against *part*; ValueError otherwise."""
    text = str(name_or_path)
    if text.endswith(".json"):
        mapping = _congen(read_mapping_file(Path(text)), text)
    else:
        order, *options = _ALIASES.get(text, text).split(":")
        if tuple(sorted(order.split("-"))) != tuple(sorted(_FIELDS)):
            near = get_close_matches(text, known_mappings(), n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(
                f"mapping {text!r}: {hint}known: {', '.join(known_mappings())}, or the path of a .json file"
            )
        for option in options:
            if option not in _OPTIONS:
                raise ValueError(f"mapping {text!r}: expected the options {' and '.join(_OPTIONS)}, got {option!r}")
        mapping = generated_mapping(part, order, "low-group" in options, "xor" in options, text)
    check_mapping(mapping, part)
    return mapping


def generated_mapping(
    part: Part, order: str, low_group: bool = False, hashed: bool = False, name: str | None = None
) -> AddressMapping:
    """A mapping for any part: *order* as in the module's text; *hashed* is ``xor``."""
    n_burst = part.burst_length.bit_length() - 1
    lengths = {"byte": part.bytes_per_column, "burst": part.burst_length, "column": part.columns >> n_burst}
    lengths |= {"bank_group": part.bank_groups, "bank": part.banks_per_group, "row": part.rows}
    fields = [*(("bank_group",) if low_group else ()), *reversed(order.split("-"))]
    if not low_group:  # the group sits right below the bank
        fields.insert(fields.index("bank"), "bank_group")
    bits: dict[str, list[tuple[int, ...]]] = {}
    position = 0
    for field in ("byte", "burst", *fields):
        n = lengths[field].bit_length() - 1
        bits[field] = [(position + i,) for i in range(n)]
        position += n
    if hashed and bits["row"]:
        for i, bit in enumerate(bits["bank_group"] + bits["bank"]):
            partner = bits["row"][i % len(bits["row"])]
            field, place = ("bank_group", i) if i < len(bits["bank_group"]) else ("bank", i - len(bits["bank_group"]))
            bits[field][place] = bit + partner
    return AddressMapping(
        name=name or order + (":low-group" if low_group else "") + (":xor" if hashed else ""),
        byte=tuple(bits["byte"]),
        column=tuple(bits["burst"] + bits["column"]),
        bank_group=tuple(bits["bank_group"]),
        bank=tuple(bits["bank"]),
        row=tuple(bits["row"]),
    )


def _congen(data: Mapping[str, Any], source: str) -> AddressMapping:
    """A ConGen mapping: ``*_BIT`` lists of address bits, an inner list being the exclusive-or of its bits."""
    section = data.get("addressmapping", data.get("CONGEN", data))
    if not isinstance(section, Mapping):
        raise ValueError(f"{source}: addressmapping: expected a mapping, got {type(section).__name__}")
    components: dict[str, Bits] = dict.fromkeys(_CONGEN.values(), ())
    for key, value in section.items():
        if key in _CONGEN:
            components[_CONGEN[key]] = _bits(value, f"{source}: {key}")
        elif key.endswith("_BIT") and value:
            raise ValueError(f"{source}: {key}: expected none (one channel, one rank), got {value!r}")
    for pair in section.get("XOR", ()):  # the older form: bit FIRST is replaced by FIRST xor SECOND
        if not isinstance(pair, Mapping) or not {"FIRST", "SECOND"} <= pair.keys():
            raise ValueError(f"{source}: XOR: expected FIRST and SECOND, got {pair!r}")
        first, second = (pair["FIRST"],), (pair["SECOND"],)
        components = {
            name: tuple(bit + second if bit[:1] == first else bit for bit in bits) for name, bits in components.items()
        }
    return AddressMapping(name=Path(source).stem, **components)


def _bits(value: Any, where: str) -> Bits:
    if not isinstance(value, list):
        raise ValueError(f"{where}: expected a list of address bits, got {value!r}")
    bits = []
    for entry in value:
        sources = entry if isinstance(entry, list) else [entry]
        if not sources or any(isinstance(b, bool) or not isinstance(b, int) for b in sources):
            raise ValueError(f"{where}: expected whole numbers or lists of them, got {entry!r}")
        bits.append(tuple(sources))
    return tuple(bits)
