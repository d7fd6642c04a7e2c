"""Generated traffic: the same bytes for the same seed everywhere, and the shapes that the names promise."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from archgym.simulators.dram.trace import Trace
from archgym.simulators.dram.workloads.generators.catalogue import GENERATORS
from archgym.simulators.dram.workloads.generators.parameters import GIB, MIB
from archgym.simulators.dram.workloads.registry import describe, load_workload, workload_names
from archgym.simulators.dram.workloads.trace_error import TraceError

SMALL = {"n": 500, "seed": 7}
PINNED = {
    "stream": "994f411c3924c7e9",
    "random": "ee833669d8162ba6",
    "strided": "1af05d499521df41",
    "pointer_chase": "123b9e85cd5fbd38",
    "zipf": "78aa451e703f1e67",
    "bursty": "8f318954ad2de64b",
    "gemm": "5dbe2ee038b39976",
    "graph_walk": "7cae64c06e3b1716",
    "ml_mix": "4335292737b88d73",
    "mixed": "8903a6e1e9cc9f10",
    "archgym_stream": "aef67b77b653897f",
    "archgym_random": "c1011a58ab83ca1b",
    "archgym_cloud_1": "3a2762be17c7ac15",
    "archgym_cloud_2": "0c836010c8c830f8",
}
EVERY = pytest.mark.parametrize("name", GENERATORS)
HASHES = "\n".join(
    [
        "from archgym.simulators.dram.workloads.registry import load_workload",
        "from archgym.simulators.dram.workloads.generators.catalogue import GENERATORS",
        "print({name: load_workload(name, n=500, seed=7).content_hash for name in GENERATORS})",
    ]
)


def lines(trace: Trace) -> np.ndarray:
    return (trace.address // 64).astype(np.int64)


def steps(trace: Trace) -> np.ndarray:
    return np.diff(lines(trace))


def mean_gap_ns(trace: Trace) -> float:
    return float(trace.time_ps[-1]) / (len(trace) - 1) / 1000


def fragment_lengths(is_consecutive: np.ndarray) -> np.ndarray:
    return np.diff(np.flatnonzero(np.concatenate(([True], ~is_consecutive, [True]))))


# Any generator


@EVERY
def test_the_default_trace_fits_one_gibibyte_in_whole_lines_and_ordered_time(name):
    trace = load_workload(name)
    assert len(trace) == 10_000
    assert trace.name == name
    assert trace.time_ps[0] == 0
    assert (np.diff(trace.time_ps) >= 0).all()
    assert (trace.address % 64 == 0).all()
    assert trace.address.max() < GIB


@EVERY
@pytest.mark.parametrize("n", [1, 2, 77, 1000])
def test_n_is_exact_whatever_the_structure(name, n):
    assert len(load_workload(name, n=n)) == n


@EVERY
def test_a_small_footprint_holds(name):
    small = {"gemm": {"size": 64}, "ml_mix": {"activation_bytes": 4096, "activation_lines": 8}}
    objects = {"zipf": {"objects": 64}, "pointer_chase": {"nodes": 128}}
    options = {**small, **objects}.get(name, {})
    trace = load_workload(name, footprint_bytes=MIB, n=2000, **options)
    assert trace.address.max() < MIB


@EVERY
def test_the_name_of_a_trace_loads_the_same_trace(name):
    trace = load_workload(name, **SMALL)
    assert trace.name == f"{name}:n=500,seed=7"
    assert load_workload(trace.name).content_hash == trace.content_hash


def test_the_seed_matters_where_there_is_chance():
    for name in GENERATORS:
        same = load_workload(name, n=500, seed=1).content_hash == load_workload(name, n=500, seed=2).content_hash
        assert same == (name == "archgym_stream"), name


def test_another_process_with_another_hash_seed_draws_the_same_bytes():
    environment = {**os.environ, "PYTHONHASHSEED": "4242"}
    done = subprocess.run([sys.executable, "-c", HASHES], env=environment, capture_output=True, text=True, check=True)
    here = {name: load_workload(name, **SMALL).content_hash for name in GENERATORS}
    assert done.stdout.strip() == str(here)


def test_the_bytes_of_a_seed_do_not_change():
    """A task's meaning hangs on these; a change here needs new task versions."""
    assert {name: load_workload(name, **SMALL).content_hash for name in GENERATORS} == PINNED


@EVERY
def test_every_option_is_documented(name):
    info = describe(name)
    assert info.doc.splitlines()[0].endswith((".", ","))
    assert {option.name for option in info.options} == {*GENERATORS[name].defaults, "seed"}
    assert all(option.doc and option.expected for option in info.options)


# Shapes


def test_stream_walks_its_arrays_in_step():
    trace = load_workload("stream", read_streams=2, write_streams=1, n=3000)
    for k in range(3):
        assert (np.diff(lines(trace)[k::3]) == 1).all()
    assert trace.is_write.reshape(-1, 3).tolist() == [[False, False, True]] * 1000
    assert mean_gap_ns(trace) == 4.0


def test_random_is_uniform_with_the_asked_share_of_writes():
    trace = load_workload("random", n=40_000, write_fraction=0.3)
    counts = np.bincount(lines(trace) * 16 // (GIB // 64), minlength=16)
    assert ((counts - 2500) ** 2 / 2500).sum() < 37.7  # chi-square, 15 degrees of freedom, 0.1 %
    assert abs(trace.is_write.mean() - 0.3) < 4 * (0.3 * 0.7 / 40_000) ** 0.5
    assert abs(mean_gap_ns(trace) - 8) < 0.1


def test_strided_steps_by_the_stride_and_shifts_when_it_wraps():
    trace = load_workload("strided", stride_bytes=65536, footprint_bytes=MIB, n=100)
    step = steps(trace)
    lines_in_footprint, stride = MIB // 64, 1024
    assert set(np.mod(step, lines_in_footprint)) <= {stride, stride + 1}
    assert np.count_nonzero(np.mod(step, lines_in_footprint) == stride + 1) in (6, 7)  # 100 / 16 wraps
    assert len(set(lines(trace).tolist())) == 100


def test_pointer_chase_visits_every_node_once_a_round():
    trace = load_workload("pointer_chase", nodes=100, n=300)
    rounds = lines(trace).reshape(3, 100)
    assert len(set(rounds[0].tolist())) == 100
    assert (rounds == rounds[0]).all()
    gaps = np.diff(trace.time_ps)
    assert 36_000 <= gaps.min() < gaps.max() <= 84_000  # 60 ns +- 40 %


def test_zipf_prefers_few_objects_as_the_law_says():
    trace = load_workload("zipf", n=50_000, objects=1000, exponent=1.0)
    shares = np.sort(np.bincount(np.unique(lines(trace) // 64, return_inverse=True)[1]))[::-1] / 50_000
    harmonic = (1 / np.arange(1, 1001)).sum()
    assert shares[0] == pytest.approx(1 / harmonic, rel=0.05)
    assert shares[9] == pytest.approx(0.1 / harmonic, rel=0.15)


def test_zipf_with_exponent_zero_is_uniform():
    trace = load_workload("zipf", n=50_000, objects=100, exponent=0)
    counts = np.bincount(np.unique(lines(trace) // 64, return_inverse=True)[1])
    assert counts.min() > 400
    assert counts.max() < 600


def test_bursty_has_consecutive_bursts_of_one_kind_and_pauses():
    trace = load_workload("bursty", n=20_000, burst_requests=16, interval_ns=2, idle_ns=100)
    inside = np.diff(trace.time_ps) == 2000
    assert (steps(trace)[inside] == 1).all()
    assert (trace.is_write[1:] == trace.is_write[:-1])[inside].all()
    lengths = fragment_lengths(inside)
    assert abs(lengths.mean() - 16) < 1
    assert lengths.max() == 31
    assert abs(trace.is_write.mean() - 0.33) < 0.06


def test_gemm_reads_both_operands_and_writes_each_result_line_once():
    size, tile = 64, 32
    tiles, tile_lines = size // tile, tile * tile * 4 // 64
    whole = tiles * tiles * (2 * tiles + 2) * tile_lines
    trace = load_workload("gemm", size=size, tile=tile, n=whole, seed=3)
    written, times = np.unique(trace.address[trace.is_write], return_counts=True)
    assert (len(written), set(times.tolist())) == (size * size * 4 // 64, {1})
    read, times = np.unique(trace.address[~trace.is_write], return_counts=True)
    assert len(read) == 3 * size * size * 4 // 64
    assert sorted(set(times.tolist())) == [1, tiles]


def test_graph_walk_writes_only_what_it_just_read():
    trace = load_workload("graph_walk", write_fraction=0.5, n=5000)
    writes = np.flatnonzero(trace.is_write)
    assert (trace.address[writes] == trace.address[writes - 1]).all()
    assert 0.25 < trace.is_write.mean() < 0.35


def test_ml_mix_never_re_reads_weights_but_does_activations():
    trace = load_workload("ml_mix", n=20_000)
    reads = lines(trace)[~trace.is_write]
    weights, activations = reads[reads < GIB // 128], reads[reads >= GIB // 128]
    assert len(set(weights.tolist())) == len(weights)
    assert len(set(activations.tolist())) < len(activations)
    assert len(weights) / len(activations) == pytest.approx(2, rel=0.02)


def test_mixed_gives_each_agent_its_rate():
    trace = load_workload("mixed", n=30_000, stride_ns=50)
    agent = lines(trace) * 5 // (GIB // 64)
    shares = np.bincount(agent, minlength=5) / 30_000
    rates = np.array([1 / 12, 1 / 80, 1 / 40, 1 / 25, 1 / 50])
    assert shares == pytest.approx(rates / rates.sum(), rel=0.08)
    assert trace.is_write[agent == 3].all()
    assert not trace.is_write[agent == 0].any()


def test_mixed_leaves_out_an_agent_without_interval():
    trace = load_workload("mixed", n=2000, chase_ns=0, random_ns=0, store_ns=0)
    assert (lines(trace) < GIB // 64 // 5).all()


# ArchGym's shapes: 10,000 reads, one per cycle of 800 MHz


@pytest.mark.parametrize("name", [name for name in GENERATORS if name.startswith("archgym")])
def test_archgym_shapes_are_reads_at_800_mhz(name):
    trace = load_workload(name)
    assert not trace.is_write.any()
    assert (np.diff(trace.time_ps) == 1250).all()


def test_archgym_stream_counts_lines_from_zero():
    assert load_workload("archgym_stream").address.tolist() == list(range(0, 640_000, 64))


def test_archgym_cloud_1_alternates_one_stream_with_random_blocks_of_fifty():
    trace = load_workload("cloud_1")
    assert trace.name == "archgym_cloud_1"
    lengths = fragment_lengths(steps(trace) == 1)
    fragments = lengths[lengths > 1]
    assert set((fragments % 50).tolist()) <= {0}
    stream = lines(trace)[np.repeat(lengths > 1, lengths)]
    assert stream.tolist() == list(range(len(stream)))
    assert 4000 <= len(stream) <= 6000  # 100 of 200 blocks, +- 2.8 standard deviations


def test_archgym_cloud_2_has_fragments_at_places_of_their_own():
    trace = load_workload("cloud_2")
    lengths = fragment_lengths(steps(trace) == 1)
    assert 0.15 < (steps(trace) == 1).mean() < 0.33
    assert lengths.max() == 20


# Names and options


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("steam", {}, "workload 'steam': did you mean 'stream'? known: archgym_cloud_1,"),
        ("recorded/gzp", {}, "workload 'recorded/gzp': did you mean 'recorded/gzip'?"),
        ("stream", {"writes": 1}, "option of stream 'writes': did you mean 'write_streams'?"),
        ("stream:speed=3", {}, "option of stream 'speed': "),
        ("stream:n", {}, "workload 'stream:n': expected 'option=value', got 'n'"),
        ("stream:n=many", {}, "n: expected an integer from 1 to 268435456, got 'many'"),
        ("stream:n=5", {"n": 6}, "workload 'stream:n=5': n is given twice, in the name and as an option"),
        ("stream", {"n": 0}, "n: expected an integer from 1 to 268435456, got 0"),
        ("stream", {"n": True}, "n: expected an integer from 1 to 268435456, got True"),
        ("stream", {"n": 2.5}, "n: expected an integer from 1 to 268435456, got 2.5"),
        ("stream", {"seed": -1}, "seed: expected an integer from 0"),
        ("random", {"write_fraction": 1.5}, "write_fraction: expected a number from 0 to 1, got 1.5"),
        ("random", {"interval_ns": float("nan")}, "interval_ns: expected a number from 0 to 1e+09, got nan"),
        ("random", {"footprint_bytes": 2**20 + 64}, "footprint_bytes: expected an integer from 1048576"),
        ("strided", {"stride_bytes": 100}, "stride_bytes: expected an integer from 64"),
        ("stream", {"read_streams": 0, "write_streams": 0}, "stream: expected at least one of read_streams"),
        ("pointer_chase", {"footprint_bytes": MIB}, "pointer_chase: expected at most 16384 nodes"),
        ("zipf", {"footprint_bytes": MIB}, "zipf: expected at most 256 objects"),
        ("gemm", {"size": 96, "tile": 64}, "gemm: expected size to be a multiple of tile, got 96 and 64"),
        ("gemm", {"footprint_bytes": MIB}, "gemm: expected three 512 x 512 matrices to fit"),
        ("absent.csv", {}, "absent.csv: cannot be read: No such file"),
        ("./stream", {}, "stream: cannot be read: No such file"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_one_line(name, options, message):
    with pytest.raises(TraceError) as caught:
        load_workload(name, **options)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_a_path_is_read_as_a_file(tmp_path):
    file = tmp_path / "a.stl"
    file.write_text("0: read 0x40\n")
    assert load_workload(file, clock_mhz=800).name == "a.stl"
    assert load_workload(str(file), clock_mhz=800).address.tolist() == [0x40]
    with pytest.raises(TraceError, match=r"option of the trace file .* 'clock': did you mean 'clock_mhz'"):
        load_workload(file, clock=800)


def test_names_are_listed_once_and_all_describe_themselves():
    names = workload_names()
    assert len(set(names)) == len(names)
    assert all(describe(name).name == name for name in names)
    with pytest.raises(TraceError, match=r"did you mean 'random'\?"):
        describe("randon")
