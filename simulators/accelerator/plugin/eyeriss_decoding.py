"""From a design to an accelerator: what `eyeriss_spaces` names, as levels with sizes, ports and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from archgym.simulators.accelerator.architecture import Architecture
from archgym.simulators.accelerator.constraints import MapConstraints
from archgym.simulators.accelerator.eyeriss import BUFFERS, EYERISS_CONSTRAINTS, eyeriss_architecture
from archgym.simulators.accelerator.plugin.eyeriss_spaces import plain_values
from archgym.simulators.accelerator.pricing.technology import Technology

COLUMNS_LEVEL: Final = "columns"
"""What ArchGym calls DummyBuffer: here no buffer, but the wires down the columns, and so without area."""
DRAM_BANDWIDTH: Final = 16.0
"""Words a cycle: 32 GB/s at 1 GHz, LPDDR4-4266 on 64 wires."""
_SPAD_BANDWIDTH: Final = 2
"""As in ArchGym's default point; a multiplier takes one word of each tensor a cycle."""

ROW_STATIONARY: Final = MapConstraints(
    tuple(
        replace(level, level=COLUMNS_LEVEL) if level.level == "DummyBuffer" else level
        for level in EYERISS_CONSTRAINTS.levels
    )
)
"""ArchGym's constraints on mappings for architectures of `eyeriss_accelerator`."""


def archgym_accelerator(design: Mapping[str, Any], technology: Technology) -> Architecture:
    """Of space ``eyeriss-archgym``; `DataError` where a part has no price."""
    return eyeriss_architecture(plain_values(design), technology)


def eyeriss_accelerator(design: Mapping[str, Any], technology: Technology) -> Architecture:
    """Of spaces ``eyeriss`` and ``eyeriss-small``; `DataError` where a part has no price.

    The shared buffer's banks each move a block a cycle, half of them out of it and half into it.
    """
    values = plain_values(design)
    columns, rows, block = int(values["columns"]), int(values["rows"]), int(values["glb_block_words"])
    params: dict[str, int | str] = {"n_pes": columns * rows, "mesh_x": columns}
    for spad in ("ifmap", "psum", "weights"):
        params |= {f"{spad}_class": values[f"{spad}_class"], f"{spad}_depth": values[f"{spad}_depth"]}
        params |= {f"{spad}_block_words": 1, f"{spad}_read_bandwidth": _SPAD_BANDWIDTH}
        params[f"{spad}_write_bandwidth"] = _SPAD_BANDWIDTH
    params |= {"dummy_class": "SRAM", "dummy_depth": 16, "dummy_block_words": 1}
    bandwidth = int(values["glb_n_banks"]) * block // 2
    params |= {"glb_class": "SRAM", "glb_depth": int(values["glb_words"]) // block, "glb_block_words": block}
    params |= {"glb_n_banks": values["glb_n_banks"], "glb_read_bandwidth": bandwidth}
    params["glb_write_bandwidth"] = bandwidth
    made = eyeriss_architecture(params, technology)
    levels = tuple(
        replace(level, name=COLUMNS_LEVEL, kind="wires", read_pj=0.0, write_pj=0.0, update_pj=0.0, leak_pj=0.0,
                area_um2=0.0)
        if level.name == "DummyBuffer" else level
        for level in made.levels
    )  # fmt: skip
    return replace(made, levels=levels)


def with_dram_bandwidth(architecture: Architecture, words_per_cycle: float | None) -> Architecture:
    """The same with that bandwidth of DRAM, each way; None is unlimited."""
    dram, *inner = architecture.levels
    dram = replace(dram, read_bandwidth=words_per_cycle, write_bandwidth=words_per_cycle)
    return replace(architecture, levels=(dram, *inner))


SPADS: Final = frozenset(buffer.level for buffer in BUFFERS if buffer.per_element)
