"""The memory traffic of three kinds of programs: a matrix product, a graph search, a neural network."""

from __future__ import annotations

import numpy as np

from archgym.simulators.dram.workloads.generators.generator import (
    LINE_BYTES,
    Lines,
    Requests,
    Rng,
    coins,
    generator,
    lines_in,
    need,
    to_ps,
)
from archgym.simulators.dram.workloads.generators.parameters import GIB, MIB

_FLOAT_BYTES = 4


@generator
def gemm(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 2.5,
    footprint_bytes: int = GIB,
    size: int = 512,
    tile: int = 32,
    compute_ns: float = 200.0,
) -> Requests:
    """The product C += A B of float32 matrices, tile by tile, with the tiles kept in a scratchpad.

    For a tile of C: its lines are read, then for each step along the inner dimension a tile of A and a tile of
    B are read and computed with for *compute_ns*; at last the tile of C is written. Starts at a random tile.
    """
    need(size % tile == 0, f"gemm: expected size to be a multiple of tile, got {size} and {tile}")
    matrix = size * size * _FLOAT_BYTES // LINE_BYTES
    part = lines_in(footprint_bytes) // 3
    need(matrix <= part, f"gemm: expected three {size} x {size} matrices to fit into {footprint_bytes} bytes")
    tiles = size // tile
    pitch, width = size * _FLOAT_BYTES // LINE_BYTES, tile * _FLOAT_BYTES // LINE_BYTES
    corner = (np.arange(tile)[:, None] * pitch + np.arange(width)).ravel()  # lines of the tile at (0, 0)
    base_a, base_b, base_c = 0, part, 2 * part

    def tile_lines(base: int, row: int, column: int) -> Lines:
        return base + row * tile * pitch + column * width + corner

    pieces: list[tuple[Lines, bool, bool]] = []  # lines, are writes, compute before them
    position, total = int(rng.integers(0, tiles * tiles, dtype=np.int64)), 0
    while total < n:
        row, column = divmod(position % (tiles * tiles), tiles)
        pieces.append((tile_lines(base_c, row, column), False, False))
        for inner in range(tiles):
            loads = (tile_lines(base_a, row, inner), tile_lines(base_b, inner, column))
            pieces.append((np.concatenate(loads), False, inner > 0))
        pieces.append((tile_lines(base_c, row, column), True, True))
        total += (2 * tiles + 2) * corner.size
        position += 1
    return _paced(pieces, n, interval_ns, compute_ns)


@generator
def ml_mix(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 3.0,
    footprint_bytes: int = GIB,
    weight_lines: int = 64,
    activation_lines: int = 32,
    output_lines: int = 16,
    activation_bytes: int = MIB,
    compute_ns: float = 50.0,
) -> Requests:
    """A neural network's layers: weights streamed once, activations re-read from a small buffer, results written.

    Each tile reads *weight_lines* consecutive lines of weights, *activation_lines* consecutive lines from a
    random place of the buffer, computes for *compute_ns* and writes *output_lines* consecutive results.
    """
    lines, buffer = lines_in(footprint_bytes), lines_in(activation_bytes)
    need(2 * buffer <= lines // 2, "ml_mix: expected both activation buffers in half of the footprint")
    need(max(activation_lines, output_lines) <= buffer, "ml_mix: a tile is larger than the activation buffer")
    weights = lines // 2  # the lower half holds the weights, the upper the two buffers
    cursor = int(rng.integers(0, weights, dtype=np.int64))
    pieces: list[tuple[Lines, bool, bool]] = []
    written, total = 0, 0
    while total < n:
        place = int(rng.integers(0, buffer - activation_lines, endpoint=True, dtype=np.int64))
        reads = ((cursor + np.arange(weight_lines)) % weights, weights + place + np.arange(activation_lines))
        pieces.append((np.concatenate(reads), False, False))
        pieces.append((weights + buffer + (written + np.arange(output_lines)) % buffer, True, True))
        cursor, written = cursor + weight_lines, written + output_lines
        total += weight_lines + activation_lines + output_lines
    return _paced(pieces, n, interval_ns, compute_ns)


@generator
def graph_walk(
    rng: Rng,
    *,
    n: int = 10_000,
    interval_ns: float = 8.0,
    footprint_bytes: int = GIB,
    write_fraction: float = 0.3,
    vertices: int = 2**20,
    degree: int = 8,
) -> Requests:
    """A search through a graph in compressed rows: one offset, a run of edges, a random mark per neighbour.

    Degrees are heavy-tailed (half have *degree*, a quarter twice as many, and so on up to 64 times as many).
    With probability *write_fraction* a neighbour is new and its mark is written right after it was read.
    """
    lines = lines_in(footprint_bytes)
    edge_base, mark_base = lines // 8, lines // 2  # offsets | edges | marks
    offset_span, mark_span = min(vertices // 8 + 1, lines // 8), min(vertices // 16 + 1, lines // 2)
    pieces: list[tuple[Lines, bool, bool]] = []
    total = 0
    while total < n:
        doublings = 7 - int(rng.integers(1, 2**7, dtype=np.int64)).bit_length()  # 0 in half of the cases
        neighbours = degree << doublings
        edges = edge_base + int(rng.integers(0, mark_base - edge_base, dtype=np.int64))
        marks = mark_base + rng.integers(0, mark_span, size=neighbours, dtype=np.int64)
        pieces.append((rng.integers(0, offset_span, size=1, dtype=np.int64), False, False))
        is_new = coins(rng, neighbours, write_fraction)
        for first in range(0, neighbours, 16):  # sixteen 4-byte edges in a line
            pieces.append((np.array([min(edges + first // 16, mark_base - 1)]), False, False))
            pieces.extend(
                (marks[k : k + 1], write, False)
                for k in range(first, min(first + 16, neighbours))
                for write in ((False, True) if is_new[k] else (False,))
            )
        total += 1 + -(-neighbours // 16) + neighbours + int(np.count_nonzero(is_new))
    return _paced(pieces, n, interval_ns, 0.0)


def _paced(pieces: list[tuple[Lines, bool, bool]], n: int, interval_ns: float, compute_ns: float) -> Requests:
    """The first *n* requests of *pieces*, *interval_ns* apart, with *compute_ns* before the pieces that ask."""
    size = np.array([lines.size for lines, _, _ in pieces])
    line = np.concatenate([lines for lines, _, _ in pieces])[:n]
    is_write = np.repeat([write for _, write, _ in pieces], size)[:n]
    gap = np.full(int(size.sum()), to_ps(interval_ns), dtype=np.int64)
    begins = (np.cumsum(size) - size)[np.array([waits for _, _, waits in pieces]) & (size > 0)]
    gap[begins] += to_ps(compute_ns)
    gap[0] = 0
    return Requests(np.cumsum(gap[:n]), is_write, line)
