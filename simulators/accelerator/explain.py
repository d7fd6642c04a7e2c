"""One mapping in full: the counts of its only row in a batch, put by level and tensor."""

from __future__ import annotations

import math

from archgym.simulators.accelerator.architecture import Level
from archgym.simulators.accelerator.layer import TENSORS
from archgym.simulators.accelerator.mapping import Mapping
from archgym.simulators.accelerator.results import BatchResult, LevelResult, NestResult, TensorResult


def explained(batch: BatchResult, mapping: Mapping) -> NestResult:
    """The first row of *batch*, which *mapping* gave; the batch has counts."""
    reason = batch.reason(0)
    if reason is not None:
        return NestResult(reason)
    architecture, layer = batch.architecture, batch.layer
    steps = math.prod(bound for level in mapping.levels for _, bound in level.temporal) * layer.groups
    used, levels = 1, []
    for i, mapped in enumerate(mapping.levels):
        levels.append(_level(batch, i, used, steps))
        used *= math.prod(bound for _, bound in (*mapped.spatial_x, *mapped.spatial_y))
    return NestResult(
        reason=None,
        cycles=int(batch.cycles[0]),
        compute_cycles=steps,
        energy_pj=float(batch.energy_pj[0]),
        utilization=float(batch.utilization[0]),
        macs=layer.macs,
        mac_instances=used,
        mac_energy_pj=float(batch.component_pj[0, -1]),
        area_um2=architecture.area_um2,
        levels=tuple(levels),
    )


def _level(batch: BatchResult, i: int, used: int, steps: int) -> LevelResult:
    """Level *i*, of which *used* instances are in use, over *steps* multiplications in a row."""
    level, counts = batch.architecture.levels[i], batch.counts
    cycles = 0 if batch.level_cycles is None else int(batch.level_cycles[0, i])
    tensors = {}
    for tensor, row in zip(TENSORS, [] if counts is None else counts[0, i].tolist(), strict=False):
        if row[0] > 0:
            tile, reads, fills, updates = row
            energy_pj = _energy_pj(level, (reads, fills, updates), batch.layer.groups) * used
            tensors[tensor] = TensorResult(tile, used, reads, fills, updates, energy_pj)
    in_use = used if tensors else 0
    return LevelResult(
        name=level.name,
        instances=in_use,
        cycles=cycles,
        throttle=_throttle(level, tuple(tensors.values()), steps),
        leak_pj=in_use * int(batch.cycles[0]) * level.leak_pj,
        energy_pj=float(batch.component_pj[0, i]),
        tensors=tensors,
    )


def _energy_pj(level: Level, words: tuple[int, int, int], groups: int) -> float:
    """Of one instance: in each group a partial last block costs as much as a whole one."""
    blocks = [-(-w // groups // level.block_words) * groups for w in words]
    return blocks[0] * level.read_pj + blocks[1] * level.write_pj + blocks[2] * level.update_pj


def _throttle(level: Level, held: tuple[TensorResult, ...], steps: int) -> float:
    """How much of full speed the ports of *level* allow, 0 to 1."""
    reads = sum(tensor.reads / steps for tensor in held)
    writes = sum((tensor.fills + tensor.updates) / steps for tensor in held)
    throttle = 1.0
    for demand, bandwidth in ((reads, level.read_bandwidth), (writes, level.write_bandwidth)):
        if bandwidth is not None and demand > bandwidth:
            throttle = min(throttle, bandwidth / demand)
    return throttle
