"""Everything about one design, read from what the kernel left behind in its scratch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, cast

from archgym.simulators.soc import kernel
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import BatchResult, SocBatch
from archgym.simulators.soc.results import BlockResult, Kind, Phase, SocResult, TaskResult
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.tables import Tables


def describe(
    soc: Soc, application: Application, tables: Tables, batch: SocBatch, result: BatchResult, space: kernel.Space
) -> SocResult:
    """The result of *soc*, the only design of *batch*, just after the kernel ran it in *space*."""
    return _Detail(soc, application, tables, batch, result, space).result()


class _Detail:
    def __init__(
        self,
        soc: Soc,
        application: Application,
        tables: Tables,
        batch: SocBatch,
        result: BatchResult,
        space: kernel.Space,
    ) -> None:
        self.soc, self.application, self.tables = soc, application, tables
        self.batch, self.row, self.space = batch, result, space
        self.tasks = [task.name for task in application.tasks]
        self.pes, self.mems = len(soc.processing), len(soc.memories)
        blocks: list[Block | BusBlock] = [*soc.processing, *soc.memories, *soc.buses]
        self.names, self.types = [block.name for block in blocks], [block.type for block in blocks]
        self.blocks_of = self._blocks_of_tasks()
        self.joule_of = [dict(self._joules(t)) for t in range(len(self.tasks))]

    def result(self) -> SocResult:
        row = self.row
        kinds = ("processor", "accelerator", *self.tables.technology_names)
        return SocResult(
            latency_s=dict(zip(self.application.names, row.latency[0].tolist(), strict=True)),
            energy_j=float(row.energy[0]),
            power_w=float(row.power[0]),
            area_m2=float(row.area[0]),
            area_m2_by_kind=cast("Mapping[Kind, float]", dict(zip(kinds, row.area_by_kind[0].tolist(), strict=True))),
            development_cost=float(row.development_cost[0]),
            distance=float(row.distance[0]),
            distance_simple=float(row.distance_simple[0]),
            meets_budgets=bool(row.meets_budgets[0]),
            tasks={name: self._task(t, name) for t, name in enumerate(self.tasks)},
            phases=tuple(self._phases()),
            blocks=tuple(self._block(code) for code in range(len(self.names)) if self.space.blocks[code].used),
            links=tuple(sorted(self._links())),
            scan_order=tuple(self.tasks[t] for t in self.space.lists[kernel.SCAN, : len(self.tasks)]),
        )

    def _blocks_of_tasks(self) -> list[set[int]]:
        """Codes of the blocks that each task runs on or moves data through."""
        states, here = self.space.tasks, self.space.stations["here"]
        return [
            {int(self.batch.task_pe[0, t]), *(int(code) for code in here[states[t].station_at : states[t].station_end])}
            for t in range(len(self.tasks))
        ]

    def _joules(self, t: int) -> Iterator[tuple[int, float]]:
        """Code and energy, for the whole task, of its element and of the memories that it uses."""
        if self.application.dummy[t]:
            return
        pe = int(self.batch.task_pe[0, t])
        yield pe, float(self.application.work[t] * self.tables.pe_joule[self.batch.pe_type[0, pe]])
        found: dict[int, float] = {}
        for ends, joule in (
            (self.application.edge_to, self.tables.read_j),
            (self.application.edge_from, self.tables.write_j),
        ):
            for e in (ends == t).nonzero()[0]:
                m = int(self.batch.edge_mem[0, e])
                moved = float(self.application.edge_bytes[e] * joule[self._technology(m), self._memory(m).steps - 1])
                found[self.pes + m] = found.get(self.pes + m, 0.0) + moved
        yield from found.items()

    def _memory(self, m: int) -> Any:
        return self.space.blocks[self.pes + m]

    def _technology(self, m: int) -> int:
        return int(self.tables.mem_technology[self.batch.mem_type[0, m]])

    def _entries(self, phase: int) -> range:
        return range(self.space.phases[phase].entry_at, self.space.phases[phase + 1].entry_at)

    def _shares(self, t: int) -> Iterator[tuple[float, float, int]]:
        """Duration, part of the work, and limiting block, of each phase in which the task runs."""
        for phase in range(self.space.counts[0].phases):
            for k in self._entries(phase):
                if self.space.entries[k].task == t:
                    yield (
                        float(self.space.phases[phase].duration_s),
                        float(self.space.entries[k].share),
                        int(self.space.entries[k].limit),
                    )

    def _task(self, t: int, name: str) -> TaskResult:
        shares = list(self._shares(t))
        done = math.fsum(share for _, share, _ in shares)
        bottleneck: dict[str, float] = {}
        for duration, _, code in shares:
            if code >= 0 and duration > 0.0:
                bottleneck[self.names[code]] = bottleneck.get(self.names[code], 0.0) + duration
        return TaskResult(
            name=name,
            block=self.names[self.batch.task_pe[0, t]],
            ready_s=float(self.space.tasks[t].ready_s),
            start_s=float(self.space.tasks[t].start_s),
            finish_s=float(self.space.tasks[t].finish_s),
            energy_j=done * float(self.space.tasks[t].joule),
            energy_j_by_block={self.names[code]: done * joule for code, joule in self.joule_of[t].items()},
            bottleneck_s=bottleneck,
        )

    def _phases(self) -> Iterator[Phase]:
        start = 0.0
        for phase in range(self.space.counts[0].phases):
            entries = self._entries(phase)
            limits = [int(self.space.entries[k].limit) for k in entries]
            yield Phase(
                start_s=start,
                duration_s=float(self.space.phases[phase].duration_s),
                energy_j=float(self.space.phases[phase].joule),
                running=tuple(self.tasks[self.space.entries[k].task] for k in entries),
                bottlenecks=tuple(self.names[code] if code >= 0 else "" for code in limits),
            )
            start += float(self.space.phases[phase].duration_s)

    def _block(self, code: int) -> BlockResult:
        m = code - self.pes
        is_memory = 0 <= m < self.mems
        users = [t for t, blocks in enumerate(self.blocks_of) if code in blocks]
        return BlockResult(
            name=self.names[code],
            type=self.types[code],
            kind=self._kind(code),
            area_m2=self._area(code, users),
            energy_j=math.fsum(
                share * self.joule_of[t][code]
                for t in users
                if code in self.joule_of[t]
                for _, share, _ in self._shares(t)
            ),
            busy_s=self._busy(set(users)),
            peak_bytes=float(self._memory(m).peak) if is_memory else 0.0,
            capacity_bytes=int(self._memory(m).steps * self.tables.step_bytes[self._technology(m)]) if is_memory else 0,
            tasks=tuple(self.tasks[t] for t in users),
        )

    def _kind(self, code: int) -> Kind:
        if code < self.pes:
            return "accelerator" if self.tables.pe_task[self.batch.pe_type[0, code]] >= 0 else "processor"
        if code < self.pes + self.mems:
            return cast("Kind", self.tables.technology_names[self._technology(code - self.pes)])
        return "bus"

    def _area(self, code: int, users: list[int]) -> float:
        if code < self.pes:
            hosts_more_than_ends = any(self.application.graph_of[t] >= 0 for t in users)
            return float(self.tables.pe_area[self.batch.pe_type[0, code]]) if hosts_more_than_ends else 0.0
        m = code - self.pes
        return float(self.tables.area[self._technology(m), self._memory(m).steps - 1]) if m < self.mems else 0.0

    def _busy(self, users: set[int]) -> float:
        return math.fsum(
            float(self.space.phases[phase].duration_s)
            for phase in range(self.space.counts[0].phases)
            if any(int(self.space.entries[k].task) in users for k in self._entries(phase))
        )

    def _links(self) -> Iterator[tuple[str, str]]:
        """What hangs together with the source after the clean-up, every connection once, names in order."""
        first, space = self.pes + self.mems, self.space
        last_seen = space.blocks["seen"].max()
        for bus, name in enumerate(self.names[first:]):
            if space.blocks[first + bus].seen == last_seen:
                for code in space.near[bus, : space.near_n[bus]]:
                    if code < first or self.names[code] > name:
                        a, b = sorted((name, self.names[code]))
                        yield a, b
