"""ArchGym's Eyeriss-like accelerator (Chen et al., ISCA 2016): a fixed topology with 26 parameters.

DRAM, a shared buffer, for each column a level that keeps nothing, and in each processing element a buffer for inputs,
one for weights, one for partial sums, and a multiplier. Its mappings are row-stationary: S runs down a column of
elements, and all of R stays within one. `eyeriss_batch` prices many designs at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from archgym.simulators.accelerator.architecture import Architecture, Level, Mac
from archgym.simulators.accelerator.constraints import NOTHING, LevelConstraint, MapConstraints, slot
from archgym.simulators.accelerator.data_error import DataError, check_whole
from archgym.simulators.accelerator.data_file import suggestion
from archgym.simulators.accelerator.pricing.component import ComponentSpec
from archgym.simulators.accelerator.pricing.technology import Technology
from archgym.simulators.accelerator.pricing.technology_file import DEFAULT, load_technology

WORD_BITS: Final = 16
DRAM_BLOCK_WORDS: Final = 4
CLASSES: Final = ("regfile", "smartbuffer_SRAM", "smartbuffer_RF", "SRAM")
_DEPTHS: Final = tuple(2**i for i in range(1, 17))
_BLOCKS: Final = (1, 2, 4)
_BANDWIDTHS: Final = (2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Buffer:
    """One configurable level: the prefix of its parameters, and the tensors that it keeps."""

    level: str
    prefix: str
    keeps: frozenset[str]
    per_column: bool = False
    per_element: bool = False


BUFFERS: Final = (
    Buffer("shared_glb", "glb", frozenset("IO")),
    Buffer("DummyBuffer", "dummy", frozenset(), per_column=True),
    Buffer("ifmap_spad", "ifmap", frozenset("I"), per_element=True),
    Buffer("weights_spad", "weights", frozenset("W"), per_element=True),
    Buffer("psum_spad", "psum", frozenset("O"), per_element=True),
)
"""From the outer to the inner one."""


def _spad(prefix: str) -> dict[str, tuple[int | str, ...]]:
    return {
        f"{prefix}_class": CLASSES,
        f"{prefix}_depth": _DEPTHS,
        f"{prefix}_block_words": _BLOCKS,
        f"{prefix}_read_bandwidth": _BANDWIDTHS,
        f"{prefix}_write_bandwidth": _BANDWIDTHS,
    }


PARAMETERS: Final[Mapping[str, tuple[int | str, ...]]] = {
    "n_pes": tuple(range(14, 337, 14)),
    "mesh_x": (2, 7, 14),
    **_spad("ifmap"),
    **_spad("psum"),
    **_spad("weights"),
    "dummy_class": CLASSES,
    "dummy_depth": _DEPTHS,
    "dummy_block_words": _BLOCKS,
    "glb_class": CLASSES,
    "glb_depth": tuple(2**i for i in range(10, 17)),
    "glb_n_banks": (16, 32, 64, 128),
    "glb_block_words": _BLOCKS,
    "glb_read_bandwidth": _BANDWIDTHS,
    "glb_write_bandwidth": _BANDWIDTHS,
}
"""ArchGym's 26 parameters in its order, each with its legal values: depths in blocks, bandwidths in words a cycle."""

DEFAULT_POINT: Final[Mapping[str, int | str]] = {
    "n_pes": 168, "mesh_x": 14,
    "ifmap_class": "smartbuffer_SRAM", "ifmap_depth": 12, "ifmap_block_words": 1,
    "ifmap_read_bandwidth": 2, "ifmap_write_bandwidth": 2,
    "psum_class": "smartbuffer_SRAM", "psum_depth": 16, "psum_block_words": 1,
    "psum_read_bandwidth": 2, "psum_write_bandwidth": 2,
    "weights_class": "smartbuffer_SRAM", "weights_depth": 192, "weights_block_words": 1,
    "weights_read_bandwidth": 2, "weights_write_bandwidth": 2,
    "dummy_class": "SRAM", "dummy_depth": 16, "dummy_block_words": 1,
    "glb_class": "smartbuffer_SRAM", "glb_depth": 16384, "glb_n_banks": 32, "glb_block_words": 4,
    "glb_read_bandwidth": 16, "glb_write_bandwidth": 16,
}  # fmt: skip
"""ArchGym's reference, of which it takes 2.03 mm2, 29 206 uJ and 7 885 704 cycles for AlexNet's convolutions. The
depths 12 and 192 are not among the legal values."""


def eyeriss_architecture(params: Mapping[str, int | str], technology: str | Technology = DEFAULT) -> Architecture:
    """The accelerator with these values of all `PARAMETERS`, which need not be legal ones, at a technology's prices.

    Raises `DataError` for a parameter that is missing, unknown or no whole number, elements that are no whole number
    of rows, and a component without a price.
    """
    _check(params)
    loaded = technology if isinstance(technology, Technology) else load_technology(technology)
    columns = int(params["mesh_x"])
    rows = int(params["n_pes"]) // columns
    dram = loaded.price(ComponentSpec("DRAM", width_bits=DRAM_BLOCK_WORDS * WORD_BITS))
    outermost = Level(
        "DRAM", "DRAM", None, DRAM_BLOCK_WORDS, 1, 1, None, None, frozenset("WIO"),
        dram.read_pj, dram.write_pj, dram.update_pj, dram.leak_pj, dram.area_um2,
    )  # fmt: skip
    inner = (_level(buffer, params, loaded, columns, rows) for buffer in BUFFERS)
    mac = loaded.price(ComponentSpec("intmac", width_bits=WORD_BITS))
    return Architecture("eyeriss", (outermost, *inner), Mac(columns, rows, mac.read_pj, mac.leak_pj, mac.area_um2))


def _level(buffer: Buffer, params: Mapping[str, int | str], technology: Technology, columns: int, rows: int) -> Level:
    depth, block = int(params[f"{buffer.prefix}_depth"]), int(params[f"{buffer.prefix}_block_words"])
    kind, banks = str(params[f"{buffer.prefix}_class"]), int(params.get(f"{buffer.prefix}_n_banks", 1))
    try:
        price = technology.price(ComponentSpec(kind, depth, block * WORD_BITS, banks))
    except DataError as error:
        raise DataError(f"eyeriss: {buffer.level}: {error}") from None
    return Level(
        name=buffer.level,
        kind=kind,
        capacity_words=depth * block,
        block_words=block,
        mesh_x=columns if buffer.per_column or buffer.per_element else 1,
        mesh_y=rows if buffer.per_element else 1,
        read_bandwidth=_bandwidth(params, f"{buffer.prefix}_read_bandwidth"),
        write_bandwidth=_bandwidth(params, f"{buffer.prefix}_write_bandwidth"),
        keeps=buffer.keeps,
        read_pj=price.read_pj,
        write_pj=price.write_pj,
        update_pj=price.update_pj,
        leak_pj=price.leak_pj,
        area_um2=price.area_um2,
    )


def _bandwidth(params: Mapping[str, int | str], name: str) -> float | None:
    return float(params[name]) if name in params else None


def _check(params: Mapping[str, int | str]) -> None:
    for name in itertools.chain(params, PARAMETERS):
        if name not in PARAMETERS:
            raise DataError(f"eyeriss: unknown parameter {name!r}: {suggestion(name, PARAMETERS)}see PARAMETERS")
        if name not in params:
            raise DataError(f"eyeriss: {name}: expected a value, got none; DEFAULT_POINT has all of them")
        if name.endswith("_class") != isinstance(params[name], str):
            raise DataError(f"eyeriss: {name}: expected a value such as {PARAMETERS[name][0]!r}, got {params[name]!r}")
        if not name.endswith("_class"):
            check_whole(f"eyeriss: {name}", params[name])
    if int(params["n_pes"]) % int(params["mesh_x"]):
        raise DataError(
            f"eyeriss: n_pes: expected a multiple of mesh_x = {params['mesh_x']} (whole rows), got {params['n_pes']}"
        )


EYERISS_CONSTRAINTS: Final = MapConstraints(
    (
        LevelConstraint("DRAM", frozenset("WIO"), slot("CMNQ", order="QNMC"), NOTHING, NOTHING),
        LevelConstraint("shared_glb", frozenset("IO"), slot("CMN", "P", order="MNPC"), slot("MQ", order="MQ"), NOTHING),
        LevelConstraint("DummyBuffer", frozenset(), NOTHING, NOTHING, slot("CM", "S", order="MCS")),
        LevelConstraint("ifmap_spad", frozenset("I"), NOTHING, NOTHING, NOTHING),
        LevelConstraint("weights_spad", frozenset("W"), slot("C", "R", order="RC"), NOTHING, NOTHING),
        LevelConstraint("psum_spad", frozenset("O"), slot("M"), NOTHING, NOTHING),
    )
)
"""The row-stationary mappings that ArchGym allows: only the factors of C, M, Q and N are free."""
