"""FARSI's model of a system on chip, written for reading: names, lists and dictionaries, and no thought of speed.

The kernel is compared with this. Each function is one step of the model; the order of every list matters, because
the order in which things are found decides which task gets a processor first.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

SOURCE, SINK = "source", "sink"
READ, WRITE = "read", "write"
EARLY_FINISH = 0.99
WINDOW_S = 0.010
MEBIBYTE = 1 << 20


class Case:
    """One system on chip with its tasks, in the form in which the steps below read it."""

    def __init__(self, soc: Any, application: Any, tables: Any, burst_bytes: int = 1024) -> None:
        self.soc, self.application, self.tables, self.burst_bytes = soc, application, tables, burst_bytes
        self.tasks = [task.name for task in application.tasks]
        self.work = {task.name: task.work for task in application.tasks}
        self.dummy = {task.name: task.dummy for task in application.tasks}
        self.edges = {(edge.producer, edge.consumer): edge.bytes for edge in application.edges}
        self.reads = {t: [e for e in self.edges if e[1] == t] for t in self.tasks}
        self.writes = {t: [e for e in self.edges if e[0] == t] for t in self.tasks}
        self.pes = [block.name for block in soc.processing]
        self.memories = [block.name for block in soc.memories]
        self.buses = [block.name for block in soc.buses]
        self.type = {block.name: block.type for block in (*soc.processing, *soc.memories, *soc.buses)}
        self.pe_of = dict(soc.task_on)
        self.memory_of = dict(soc.data_in)
        self.links: dict[str, list[str]] = {name: [] for name in self.type}
        for block in soc.processing:
            self.connect(block.name, block.bus)
        for a, b in soc.links:
            self.connect(a, b)
        for block in soc.memories:
            self.connect(block.name, block.bus)

    def connect(self, a: str, b: str) -> None:
        if b not in self.links[a]:
            self.links[a].append(b)
            self.links[b].append(a)

    def disconnect(self, a: str, b: str) -> None:
        self.links[a].remove(b)
        self.links[b].remove(a)

    def route(self, start: str, end: str) -> list[str]:
        """Blocks of the shortest path from a processing element to a memory, both included."""
        previous, front = {start: ""}, [start]
        while end not in previous:
            following = []
            for block in front:
                for neighbour in self.links[block]:
                    if neighbour not in previous and (neighbour in self.buses or neighbour == end):
                        previous[neighbour] = block
                        following.append(neighbour)
            if not following:
                raise ValueError(f"no route from {start} to {end}")
            front = following
        path = [end]
        while path[-1] != start:
            path.append(previous[path[-1]])
        return path[::-1]

    def routes(self, task: str, direction: str) -> dict[tuple[str, str], list[str]]:
        edges = self.reads[task] if direction == READ else self.writes[task]
        return {edge: self.route(self.pe_of[task], self.memory_of[edge]) for edge in edges}

    def depth_first(self) -> list[str]:
        """The piece of the design that is used, depth first from the first of its processing elements."""
        for pe in self.pes:
            order: list[str] = []
            self.visit(pe, order)
            if self.pe_of[SOURCE] in order:
                return order
        raise ValueError("the source has no processing element")

    def visit(self, block: str, order: list[str]) -> None:
        order.append(block)
        for neighbour in self.links[block]:
            if neighbour not in order:
                self.visit(neighbour, order)


def clean_up(case: Case) -> dict[str, list[str]]:
    """Remove the links that nothing uses, then the buses that only pass traffic on; who was loaded where before."""
    loaded: dict[str, list[str]] = defaultdict(list)
    walk(case, loaded)
    users: dict[str, set[str]] = defaultdict(set)
    for task in case.tasks:
        for direction in (READ, WRITE):
            for path in case.routes(task, direction).values():
                for block in path:
                    users[block].add(task)
    for bus in case.buses:
        for neighbour in list(case.links[bus]):
            if neighbour in case.buses and not users[bus] & users[neighbour]:
                case.disconnect(bus, neighbour)
    for bus in [block for block in case.depth_first() if block in case.buses]:
        prune(case, bus)
    walk(case, loaded)
    return loaded


def prune(case: Case, bus: str) -> None:
    neighbours = list(case.links[bus])
    pes = [b for b in neighbours if b in case.pes]
    memories = [b for b in neighbours if b in case.memories]
    buses = [b for b in neighbours if b in case.buses]
    moved = False
    if not memories and len(buses) == 1:
        move(case, pes, bus, buses[0])
        moved = True
    elif not pes and len(buses) == 1:
        move(case, memories, bus, buses[0])
        moved = True
    if moved or not (pes or memories):
        for other in buses:
            case.disconnect(bus, other)
        for other in buses[1:]:
            case.connect(other, buses[0])


def move(case: Case, blocks: list[str], bus: str, to: str) -> None:
    for block in blocks:
        case.disconnect(block, bus)
        case.connect(block, to)


def walk(case: Case, loaded: dict[str, list[str]]) -> None:
    """Append to the list of each block the tasks that use it and are not in it yet, in the order of FARSI."""
    for task in case.tasks:
        note(loaded[case.pe_of[task]], task)
        for edge in case.writes[task]:
            note(loaded[case.memory_of[edge]], task)
    memories = [block for block in case.depth_first() if block in case.memories]
    walked: set[str] = set()

    def step(task: str, memory: str | None) -> None:
        if memory is not None:
            for block in case.route(case.pe_of[task], memory)[1:]:
                note(loaded[block], task)
        if task in walked:
            return
        walked.add(task)
        outputs = [e for m in memories for e in case.writes[task] if case.memory_of[e] == m]
        for edge in outputs:
            for block in case.route(case.pe_of[task], case.memory_of[edge])[1:]:
                note(loaded[block], task)
        for edge in outputs:
            step(edge[1], case.memory_of[edge])

    step(SOURCE, None)


def note(tasks: list[str], task: str) -> None:
    if task not in tasks:
        tasks.append(task)


def scan_order(case: Case, loaded: dict[str, list[str]]) -> list[str]:
    return list(dict.fromkeys(task for block in case.depth_first() for task in loaded[block]))


@dataclass
class Traffic:
    """What one task moves through one block in one direction."""

    came_from: str
    """The block before it, seen from the processing element."""
    bytes: float = 0.0
    units: int = 0
    goes_to: list[str] = field(default_factory=list)


def traffic_of(case: Case) -> dict[str, dict[tuple[str, str], Traffic]]:
    """Task to (block, direction) to traffic: reads first, then by edge, from the memory to the processing element."""
    found: dict[str, dict[tuple[str, str], Traffic]] = {}
    for task in case.tasks:
        dice, places = dice_of(case, task), found.setdefault(task, {})
        for direction in (READ, WRITE):
            for edge, path in case.routes(task, direction).items():
                for k in range(len(path) - 1, 0, -1):
                    block = path[k]
                    entry = places.setdefault((block, direction), Traffic(path[k - 1]))
                    if entry.came_from != path[k - 1]:
                        raise ValueError(f"{task} reaches {block} in two ways")
                    entry.bytes += case.edges[edge]
                    entry.units += int(case.edges[edge] / dice)
                    if block in case.buses:
                        note(entry.goes_to, path[k + 1])
    return found


def dice_of(case: Case, task: str) -> int:
    """Into how many bursts a task is cut: only the weights of arbitration depend on it."""
    if task in (SOURCE, SINK) or not case.reads[task] or not case.writes[task]:
        return 1
    dice = math.floor(min(case.edges[e] for e in case.reads[task]) / case.burst_bytes)
    if dice == 0:
        return 1
    least_written = min(case.edges[e] for e in case.writes[task])
    if math.floor(least_written / dice) == 0 or math.floor(case.work[task] / dice) == 0:
        return 1
    return dice


def rates(
    case: Case, traffic: dict[str, dict[tuple[str, str], Traffic]], running: list[str]
) -> dict[str, tuple[float, str]]:
    """Running task to its instructions/s and the block that limits it."""
    found: dict[str, tuple[float, str]] = {}
    for task in running:
        if case.dummy[task]:
            found[task] = (1.0, "")
            continue
        best, limit = pe_value(case, "pe_rate", case.pe_of[task]), case.pe_of[task]
        for (block, direction), mine in traffic[task].items():
            here = [traffic[t][block, direction] for t in running if (block, direction) in traffic[t]]
            total = sum(other.units for other in here if other.came_from == mine.came_from)
            for port in mine.goes_to or [None]:
                active = {other.came_from for other in here if port is None or port in other.goes_to}
                if mine.units == 0:
                    continue  # less than one burst: it does not take part in the arbitration
                pace = peak_rate(case, block) / (mine.bytes / case.work[task]) * (mine.units / total) / len(active)
                if pace < best:
                    best, limit = pace, block
        found[task] = (best, limit)
    return found


def pe_value(case: Case, column: str, pe: str) -> float:
    return float(getattr(case.tables, column)[case.tables.pe_names.index(case.type[pe])])


def peak_rate(case: Case, block: str) -> float:
    tables = case.tables
    if block in case.buses:
        return float(tables.bus_rate[tables.bus_names.index(case.type[block])])
    return float(tables.mem_rate[tables.mem_names.index(case.type[block])])


@dataclass
class Run:
    """The schedule."""

    ready: dict[str, float] = field(default_factory=dict)
    start: dict[str, float] = field(default_factory=dict)
    finish: dict[str, float] = field(default_factory=dict)
    bottleneck: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    phases: list[tuple[float, dict[str, float], dict[str, str]]] = field(default_factory=list)
    """Duration, then per running task the instructions it executed and the block that limited it."""
    peak: dict[str, float] = field(default_factory=lambda: defaultdict(float))


def schedule(case: Case, order: list[str]) -> Run:
    run, traffic = Run(), traffic_of(case)
    run.phases.append((0.0, {}, {}))
    clock, held = 0.0, defaultdict(float)
    left = dict(case.work)
    running: list[str] = []
    waiting: list[str] = []
    done: list[str] = []
    tokens: set[tuple[str, str]] = set()
    while True:
        for task in order:
            if task not in run.ready and all(edge in tokens for edge in case.reads[task]):
                run.ready[task] = clock
                running.append(task)
                for edge in case.writes[task]:
                    memory = case.memory_of[edge]
                    held[memory] += case.edges[edge]
                    run.peak.setdefault(memory, 0.0)
        running, waiting = one_per_pe(case, running + waiting)
        if not running:
            return run
        pace = rates(case, traffic, running)
        duration = min(left[t] / pace[t][0] for t in running)
        executed = {t: pace[t][0] * duration for t in running}
        run.phases.append((duration, executed, {t: pace[t][1] for t in running}))
        for task in running:
            run.start.setdefault(task, clock)
            left[task] -= executed[task]
            if not case.dummy[task]:
                run.bottleneck[task][pace[task][1]] += duration
        if duration > 0.0:  # what is held for no time needs no room
            for memory in held:
                run.peak[memory] = max(run.peak[memory], held[memory])
        clock += duration
        for task in list(running):
            if case.dummy[task] or 1.0 - left[task] / case.work[task] >= EARLY_FINISH:
                run.finish[task] = clock
                running.remove(task)
                tokens.update(case.writes[task])
                done.append(task)
                release(case, task, done, held)


def one_per_pe(case: Case, queue: list[str]) -> tuple[list[str], list[str]]:
    first: dict[str, str] = {}
    for task in queue:
        first.setdefault(case.pe_of[task], task)
    return [t for t in queue if first[case.pe_of[t]] == t], [t for t in queue if first[case.pe_of[t]] != t]


def release(case: Case, task: str, done: list[str], held: dict[str, float]) -> None:
    """Free the output of the parents of *task* all of whose children have finished."""
    for parent, _ in case.reads[task]:
        children = [e[1] for e in case.writes[parent]]
        if all(child in done for child in children):
            if parent != SOURCE:
                for edge in case.writes[parent]:
                    held[case.memory_of[edge]] -= case.edges[edge]
            for child in children:
                done.remove(child)


def capacity(tables: Any, technology: int, peak_bytes: float) -> int:
    """How many steps of the technology's table a memory needs."""
    need = max(math.ceil(peak_bytes), int(tables.floor_bytes[technology]))
    return math.ceil(need / int(tables.step_bytes[technology]))


def simulate(
    soc: Any, application: Any, tables: Any, budgets: tuple[float, float], burst_bytes: int = 1024
) -> dict[str, Any]:
    """All results of one design; *budgets* are W and m2 for one workload."""
    case = Case(soc, application, tables, burst_bytes)
    order = scan_order(case, clean_up(case))
    run = schedule(case, order)
    technology = {m: int(tables.mem_technology[tables.mem_names.index(case.type[m])]) for m in case.memories}
    steps = {m: capacity(tables, technology[m], run.peak[m]) for m in run.peak}

    def per_byte(direction: str, memory: str) -> float:
        table = tables.read_j if direction == READ else tables.write_j
        return float(table[technology[memory], steps[memory] - 1])

    energy_of: dict[str, dict[str, float]] = {}
    for task in case.tasks:
        energy_of[task] = defaultdict(float)
        if not case.dummy[task]:
            energy_of[task][case.pe_of[task]] = case.work[task] * pe_value(case, "pe_joule", case.pe_of[task])
            for direction, edges in ((READ, case.reads[task]), (WRITE, case.writes[task])):
                for edge in edges:
                    memory = case.memory_of[edge]
                    energy_of[task][memory] += case.edges[edge] * per_byte(direction, memory)
    task_energy = {t: dict.fromkeys(energy_of[t], 0.0) for t in case.tasks}
    phase_energy = []
    for _, executed, _ in run.phases:
        total = 0.0
        for task, instructions in executed.items():
            if not case.dummy[task]:
                part = instructions / case.work[task]
                total += part * sum(energy_of[task].values())
                for block, joule in energy_of[task].items():
                    task_energy[task][block] += part * joule
        phase_energy.append(total)

    durations = [phase[0] for phase in run.phases]
    area_of = area_by_block(case, technology, steps)
    area_by_kind = [0.0] * (2 + len(tables.technology_names))
    for block, area in area_of.items():
        area_by_kind[kind_of(case, technology, block)] += area
    latency = [run.finish[application.tasks[k].name] for k in application.last]
    power = power_of(durations, phase_energy)
    terms = distance_terms(latency, power, area_by_kind, application, tables, budgets)
    links = {tuple(sorted((a, b))) for a in case.depth_first() for b in case.links[a]}
    used = {b for t in case.tasks for b in used_blocks(case, t)}
    return {
        "latency": latency,
        "energy": sum(phase_energy),
        "power": power,
        "area": sum(area_of.values()),
        "area_by_kind": area_by_kind,
        "area_of": area_of,
        "development_cost": development_cost(case, run),
        "distance": sum(1e-9 if term < 0.001 else abs(term) for term in terms),
        "distance_simple": sum(abs(term) for term in terms),
        "meets_budgets": all(term < 0.001 for term in terms),
        "ready": run.ready,
        "start": run.start,
        "finish": run.finish,
        "task_energy": task_energy,
        "bottleneck": run.bottleneck,
        "durations": durations,
        "phase_energy": phase_energy,
        "running": [list(phase[1]) for phase in run.phases],
        "phase_bottlenecks": [phase[2] for phase in run.phases],
        "peak": dict(run.peak),
        "capacity": {m: steps[m] * int(tables.step_bytes[technology[m]]) for m in steps},
        "used": used,
        "links": sorted(links),
        "scan_order": order,
    }


def used_blocks(case: Case, task: str) -> set[str]:
    paths = [*case.routes(task, READ).values(), *case.routes(task, WRITE).values()]
    return {case.pe_of[task], *(block for path in paths for block in path)}


def is_accelerator(case: Case, pe: str) -> bool:
    return pe_value(case, "pe_task", pe) >= 0


def kind_of(case: Case, technology: dict[str, int], block: str) -> int:
    """Processors, accelerators, then each technology of memory."""
    return 2 + technology[block] if block in technology else int(is_accelerator(case, block))


def area_by_block(case: Case, technology: dict[str, int], steps: dict[str, int]) -> dict[str, float]:
    found: dict[str, float] = {}
    for pe in case.pes:
        tasks = {t for t in case.tasks if case.pe_of[t] == pe}
        if tasks - {SOURCE, SINK}:
            found[pe] = pe_value(case, "pe_area", pe)
    for memory in steps:
        found[memory] = float(case.tables.area[technology[memory], steps[memory] - 1])
    return found


def power_of(durations: list[float], energies: list[float]) -> float:
    """The largest mean power over the windows of FARSI's rule."""
    ends, start, at, budget = [], 0, 0, WINDOW_S
    for duration in durations:
        if duration <= 0.0:
            continue  # the index stays behind: FARSI's windows lag by one place per empty phase
        if duration > budget:
            ends.append((start, at + 1))
            start, budget = at + 1, WINDOW_S
        else:
            budget -= duration
        at += 1
    if not ends:
        ends.append((0, len(durations)))
    elif ends[-1][1] != len(durations):
        ends.append((ends[-1][1], len(durations)))
    found = 0.0
    for first, last in ends:
        time = sum(durations[first:last])
        if time > 0.0:
            found = max(found, sum(energies[first:last]) / time)
    return found


def development_cost(case: Case, run: Run) -> float:
    least = min(case.work[t] for t in case.tasks if not case.dummy[t])
    cost = 0.0
    for pe in case.pes:
        work = [case.work[t] for t in case.tasks if case.pe_of[t] == pe]
        if work:
            amount = max(work) if is_accelerator(case, pe) else sum(work)
            cost += pe_value(case, "pe_cost", pe) * amount / least
    used = set().union(*(used_blocks(case, t) for t in case.tasks))
    cost += 0.1 * sum(bus in used for bus in case.buses)
    cost += 0.1 * sum(math.ceil(peak / MEBIBYTE) for peak in run.peak.values())
    for task in case.tasks:
        ends = {case.memory_of[e] for e in (*case.reads[task], *case.writes[task])}
        cost += 0.1 * sum(len(case.route(case.pe_of[task], memory)) for memory in ends)
    return cost


def distance_terms(
    latency: Any, power: float, area_by_kind: Any, application: Any, tables: Any, budgets: Any
) -> list[float]:
    n = len(application.names)
    stacked = sum(a for a, s in zip(area_by_kind[2:], tables.technology_stacked, strict=True) if s)
    rest = sum(area_by_kind) - stacked
    pairs = [(value, limit) for value, limit in zip(latency, application.deadlines, strict=True) if limit is not None]
    pairs += [(power, n * budgets[0]), (rest, n * budgets[1]), (stacked, n * budgets[1])]
    return [(value - limit) / limit for value, limit in pairs]
