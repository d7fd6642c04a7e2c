"""Everything about one design, read from what the kernel left behind in its scratch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import cast

from archgym.simulators.soc import kernel
from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import BatchResult, SocBatch
from archgym.simulators.soc.results import BlockResult, Kind, Phase, SocResult, TaskResult
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.tables import Tables

Entry = tuple[float, int, int]
"""A task in a phase: the part of its work that is done, the task, and the code of the block that sets its pace."""


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
        self.application, self.tables, self.row, self.space = application, tables, result, space
        self.tasks = [task.name for task in application.tasks]
        self.pes, self.mems = len(soc.processing), len(soc.memories)
        blocks: list[Block | BusBlock] = [*soc.processing, *soc.memories, *soc.buses]
        self.names, self.types = [block.name for block in blocks], [block.type for block in blocks]
        self.pe_types: list[int] = batch.pe_type[0].tolist()
        self.technologies: list[int] = tables.mem_technology[batch.mem_type[0]].tolist()
        self.task_pe: list[int] = batch.task_pe[0].tolist()
        self.edge_mem: list[int] = batch.edge_mem[0].tolist()
        # Plain lists: reading a record's field from Python takes a hundred times as long.
        self.block = {name: space.blocks[name].tolist() for name in ("used", "peak", "steps", "seen")}
        self.task = {name: space.tasks[name].tolist() for name in kernel.STATE.names or ()}
        self.phases = list(self._read_phases())
        self.joule_of = [self._joules(t) for t in range(len(self.tasks))]
        self.users = self._users()
        self.done = [0.0] * len(self.tasks)
        for _, _, entries in self.phases:
            for share, task, _ in entries:
                self.done[task] += share  # a task may end a little early

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
            blocks=tuple(self._block(code) for code in range(len(self.names)) if self.block["used"][code]),
            links=tuple(sorted(self._links())),
            scan_order=tuple(self.tasks[t] for t in self.space.lists[kernel.SCAN, : len(self.tasks)]),
        )

    def _read_phases(self) -> Iterator[tuple[float, float, list[Entry]]]:
        """Duration, energy and running tasks of every phase."""
        n = int(self.space.counts["phases"][0])
        at = self.space.phases["entry_at"][: n + 1].tolist()
        columns = [self.space.entries[name][: at[-1]].tolist() for name in ("share", "task", "limit")]
        entries = list(zip(*columns, strict=True))
        durations, joules = (self.space.phases[name][:n].tolist() for name in ("duration_s", "joule"))
        for phase in range(n):
            yield durations[phase], joules[phase], entries[at[phase] : at[phase + 1]]

    def _joules(self, t: int) -> dict[int, float]:
        """Code to energy, for the whole task, of its element and of the memories that it uses."""
        if self.application.dummy[t]:
            return {}
        pe, work = self.task_pe[t], self.application.work[t]
        found = {pe: float(work * self.tables.pe_joule[self.pe_types[pe]])}
        for ends, joule in (
            (self.application.edge_to, self.tables.read_j),
            (self.application.edge_from, self.tables.write_j),
        ):
            for e in (ends == t).nonzero()[0].tolist():
                m = self.edge_mem[e]
                code, per_byte = self.pes + m, joule[self.technologies[m], self.block["steps"][self.pes + m] - 1]
                found[code] = found.get(code, 0.0) + float(self.application.edge_bytes[e] * per_byte)
        return found

    def _users(self) -> list[list[int]]:
        """By code, the tasks that run on the block or move data through it."""
        here = self.space.stations["here"].tolist()
        found: list[list[int]] = [[] for _ in self.names]
        for t, (first, end) in enumerate(zip(self.task["station_at"], self.task["station_end"], strict=True)):
            for code in {self.task_pe[t], *here[first:end]}:
                found[code].append(t)
        return found

    def _task(self, t: int, name: str) -> TaskResult:
        done = self.done[t]
        bottleneck: dict[str, float] = {}
        for duration, _, entries in self.phases:
            for _, task, code in entries:
                if task == t and code >= 0 and duration > 0.0:
                    bottleneck[self.names[code]] = bottleneck.get(self.names[code], 0.0) + duration
        return TaskResult(
            name=name,
            block=self.names[self.task_pe[t]],
            ready_s=self.task["ready_s"][t],
            start_s=self.task["start_s"][t],
            finish_s=self.task["finish_s"][t],
            energy_j=done * self.task["joule"][t],
            energy_j_by_block={self.names[code]: done * joule for code, joule in self.joule_of[t].items()},
            bottleneck_s=bottleneck,
        )

    def _phases(self) -> Iterator[Phase]:
        start = 0.0
        for duration, joule, entries in self.phases:
            yield Phase(
                start_s=start,
                duration_s=duration,
                energy_j=joule,
                running=tuple(self.tasks[task] for _, task, _ in entries),
                bottlenecks=tuple(self.names[code] if code >= 0 else "" for _, _, code in entries),
            )
            start += duration

    def _block(self, code: int) -> BlockResult:
        m, users = code - self.pes, self.users[code]
        is_memory = 0 <= m < self.mems
        step_bytes = int(self.tables.step_bytes[self.technologies[m]]) if is_memory else 0
        busy = (phase[0] for phase in self.phases if any(task in users for _, task, _ in phase[2]))
        return BlockResult(
            name=self.names[code],
            type=self.types[code],
            kind=self._kind(code),
            area_m2=self._area(code),
            energy_j=math.fsum(self.done[t] * self.joule_of[t].get(code, 0.0) for t in users),
            busy_s=math.fsum(busy),
            peak_bytes=self.block["peak"][code] if is_memory else 0.0,
            capacity_bytes=self.block["steps"][code] * step_bytes if is_memory else 0,
            tasks=tuple(self.tasks[t] for t in users),
        )

    def _kind(self, code: int) -> Kind:
        if code < self.pes:
            return "accelerator" if self.tables.pe_task[self.pe_types[code]] >= 0 else "processor"
        if code < self.pes + self.mems:
            return cast("Kind", self.tables.technology_names[self.technologies[code - self.pes]])
        return "bus"

    def _area(self, code: int) -> float:
        m = code - self.pes
        if m < 0:
            hosts_more_than_ends = any(self.application.graph_of[t] >= 0 for t in self.users[code])
            return float(self.tables.pe_area[self.pe_types[code]]) if hosts_more_than_ends else 0.0
        return float(self.tables.area[self.technologies[m], self.block["steps"][code] - 1]) if m < self.mems else 0.0

    def _links(self) -> Iterator[tuple[str, str]]:
        """What hangs together with the source after the clean-up, every connection once, names in order."""
        first, seen, space = self.pes + self.mems, self.block["seen"], self.space
        for bus, name in enumerate(self.names[first:]):
            if seen[first + bus] == max(seen):
                for code in space.near[bus, : space.near_n[bus]].tolist():
                    if code < first or self.names[code] > name:
                        a, b = sorted((name, self.names[code]))
                        yield a, b
