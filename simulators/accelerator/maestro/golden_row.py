"""Reference rows: a layer, a dataflow, hardware and what MAESTRO said, to compare with what we say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archgym.simulators.accelerator.data_error import DataError
from archgym.simulators.accelerator.maestro.dataflow import Dataflow
from archgym.simulators.accelerator.maestro.hardware import Hardware
from archgym.simulators.accelerator.maestro.layer import TENSORS, Kind, MaestroLayer
from archgym.simulators.accelerator.maestro.model import evaluate
from archgym.simulators.accelerator.maestro.notation import read_dataflow
from archgym.simulators.accelerator.maestro.physics import Physics

EXACT = {
    "runtime_cycles": "runtime_cycles",
    "l1_req_bytes": "l1_bytes",
    "l2_req_bytes": "l2_bytes",
    "noc_bw_req": "noc_bandwidth",
    "offchip_bw_req": "offchip_bandwidth",
    "num_macs": "num_macs",
    "true_macs": "true_macs",
}
"""Column of a row -> field of the cost; equal to the last digit."""
PRINTED = {
    "energy_nJ": "energy_nj",
    "throughput_macs_per_cycle": "throughput",
    "area_um2": "area_um2",
    "power_mW": "power_mw",
    "avg_utilized_pes": "active_pes",
}
"""The same for columns with 6 significant digits: equal within `PRINTED_TOLERANCE`."""
PRINTED_TOLERANCE = 6e-6


def read_row(row: Mapping[str, Any]) -> tuple[MaestroLayer, Dataflow, Hardware]:
    """The inputs of a row; DataError where a key is missing or a value cannot be."""
    try:
        layer, hw = row["layer"], row["hw"]
        extents = {name: layer[name] for name in "KCYXRS"}
        stride = layer["stride"]
        maestro_layer = MaestroLayer(layer["name"], Kind(layer["type"]), **extents, stride_y=stride, stride_x=stride)
        hardware = Hardware(hw["pes"], hw["noc"], hw["off"], hw["l1"], hw["l2"])
        return maestro_layer, read_dataflow(row["dataflow"]), hardware
    except KeyError as missing:
        raise DataError(f"reference row {row.get('id')!r}: the key {missing} is missing") from None


def compare(row: Mapping[str, Any], physics: Physics | None = None) -> list[tuple[str, float, float]]:
    """(quantity, reference, ours) for every number of a row; ours is NaN where the mapping has no result."""
    layer, dataflow, hardware = read_row(row)
    cost = evaluate(layer, dataflow, hardware, physics or Physics.reference()).cost
    pairs = [(column, row[column], getattr(cost, name, float("nan"))) for column, name in (EXACT | PRINTED).items()]
    for buffer in ("l1", "l2"):
        counts = getattr(cost, buffer) if cost else dict.fromkeys(TENSORS, (float("nan"),) * 2)
        for tensor in TENSORS:
            for i, access in enumerate(("reads", "writes")):
                pairs.append((f"{buffer}_{tensor}_{access}", row[buffer][tensor][i], counts[tensor][i]))
    return pairs


def agrees(quantity: str, reference: float, ours: float) -> bool:
    """Exactly, or to the digits that are printed."""
    if quantity in PRINTED:
        return abs(reference - ours) <= PRINTED_TOLERANCE * abs(reference)
    return reference == ours
