"""Systems on chip drawn at random, to try the engine on: any tree of buses, chords, unused blocks, odd mappings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.soc import Block, BusBlock, Soc
from archgym.simulators.soc.tables import Tables


def random_soc(rng: np.random.Generator, application: Application, tables: Tables) -> Soc:
    """A system that can be built; small ones and ones with an accelerator for every task are as likely as others."""
    buses = [f"bus{k}" for k in range(rng.integers(1, 7))]
    links = _tree(rng, buses)
    processing, task_on = _elements(rng, application, tables, buses)
    memories = [
        Block(f"mem{k}", str(rng.choice(tables.mem_names)), str(rng.choice(buses))) for k in range(rng.integers(1, 7))
    ]
    names = [block.name for block in memories]
    return Soc(
        processing=tuple(processing),
        memories=tuple(memories),
        buses=tuple(BusBlock(name, str(rng.choice(tables.bus_names))) for name in buses),
        links=tuple(links[k] for k in rng.permutation(len(links))),
        task_on=task_on,
        data_in={(edge.producer, edge.consumer): str(rng.choice(names)) for edge in application.edges},
    )


def _tree(rng: np.random.Generator, buses: list[str]) -> list[tuple[str, str]]:
    """A chain, a star or anything between, and sometimes a chord that closes a triangle."""
    reach = rng.choice([1, 2, len(buses)])
    parent = {k: int(rng.integers(max(0, k - reach), k)) for k in range(1, len(buses))}
    links = [(buses[k], buses[p]) if rng.random() < 0.5 else (buses[p], buses[k]) for k, p in parent.items()]
    corners = [k for k in parent if parent[k] in parent]
    if corners and rng.random() < 0.3:
        k = int(rng.choice(corners))
        links.append((buses[k], buses[parent[parent[k]]]))
    return links


def _elements(
    rng: np.random.Generator, application: Application, tables: Tables, buses: list[str]
) -> tuple[list[Block], dict[str, str]]:
    processors = [name for name, task in zip(tables.pe_names, tables.pe_task, strict=True) if task < 0]
    blocks = [Block(f"cpu{k}", str(rng.choice(processors)), str(rng.choice(buses))) for k in range(rng.integers(1, 6))]
    cores = [block.name for block in blocks]
    hardware = rng.choice([0.0, 0.3, 1.0])
    task_on = {}
    for t, task in enumerate(application.tasks):
        variants = np.flatnonzero(tables.pe_task == t)
        if variants.size and rng.random() < hardware:
            blocks.append(Block(f"ip{t}", tables.pe_names[rng.choice(variants)], str(rng.choice(buses))))
            task_on[task.name] = f"ip{t}"
        else:
            task_on[task.name] = str(rng.choice(cores))
    return [blocks[k] for k in rng.permutation(len(blocks))], task_on


def slowed(rng: np.random.Generator, tables: Tables) -> Tables:
    """Tables whose memories and buses are so slow that they set the pace of most tasks."""
    factor = 10.0 ** -rng.uniform(1, 4)
    return replace(tables, mem_rate=tables.mem_rate * factor, bus_rate=tables.bus_rate * factor)
