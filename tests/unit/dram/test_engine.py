"""What the engine reports does not depend on how it is run, and is what its own log says."""

from __future__ import annotations

import numpy as np
import pytest

from archgym.simulators.dram.controller import ControllerConfig
from archgym.simulators.dram.engine import Engine
from archgym.simulators.dram.mapping_choice import load_mapping
from archgym.simulators.dram.part import load_part
from archgym.simulators.dram.results import COUNTED
from archgym.simulators.dram.stream import RESPONSE
from archgym.simulators.dram.trace import Trace


def make_engine(part: str) -> Engine:
    loaded = load_part(part)
    return Engine(loaded, load_mapping("row-bank-column", loaded))


def make_trace(rng: np.random.Generator, n: int, *, relative: bool = False, writes: float = 0.4) -> Trace:
    """Bursts and pauses over a stream and random lines; the first stamp is late."""
    gap_ps = rng.choice([0, 1000, 5000, 60_000, 8_000_000], n, p=[0.3, 0.3, 0.3, 0.09, 0.01])
    gap_ps[0] = 400_345
    line = np.where(rng.random(n) < 0.5, np.arange(n), rng.integers(0, 1 << 14, n))
    times = gap_ps if relative else np.cumsum(gap_ps)
    return Trace("made", times, rng.random(n) < writes, line.astype(np.uint64) * np.uint64(64), relative)


def random_config(rng: np.random.Generator, per_bank: bool) -> ControllerConfig:
    def pick(*values):
        return values[rng.integers(len(values))]

    scheduler = pick("Fifo", "FrFcfs", "FrFcfsGrp", "GrpFrFcfs", "GrpFrFcfsWm")
    older = bool(rng.random() < 0.3)

    def delay():
        return 0 if older else pick(0, 0, 1, 3)

    return ControllerConfig(
        page_policy=pick("Open", "OpenAdaptive", "Closed", "ClosedAdaptive"),
        scheduler=scheduler,
        scheduler_buffer=pick("Bankwise", "ReadWrite", "Shared"),
        request_buffer_size=pick(1, 2, 5, 32),
        request_buffer_size_read=pick(1, 4, 16),
        request_buffer_size_write=pick(1, 4, 16),
        low_watermark=pick(1, 3),
        high_watermark=pick(4, 12),
        cmd_mux=pick("Oldest", "Strict") if scheduler == "Fifo" else "Oldest",
        resp_queue=pick("Fifo", "Reorder"),
        refresh_policy=pick("AllBank", "NoRefresh", *(("PerBank",) * 2 if per_bank else ())),
        refresh_max_postponed=pick(0, 1, 8),
        refresh_max_pulledin=pick(0, 1, 8),
        power_down_policy=pick("NoPowerDown", "Staggered"),
        arbiter=pick("Simple", "Fifo", "Reorder"),
        max_active_transactions=pick(1, 2, 17),
        arbitration_delay_fw=delay(),
        arbitration_delay_bw=delay(),
        think_delay_fw=delay(),
        think_delay_bw=delay(),
        phy_delay_fw=delay(),
        phy_delay_bw=delay(),
        model="dramsys-4.0" if older else "dramsys-5.5",
    )


@pytest.mark.parametrize("part", ["ddr3_1600", "ddr4_2400", "lpddr4_3200"])
def test_a_log_changes_nothing(part):
    """Without a log, responses are worked out ahead; with it, the controller wakes up for each of them."""
    engine = make_engine(part)
    rng = np.random.default_rng(11)
    for i in range(6):
        prepared = engine.prepare(make_trace(rng, 400, relative=i % 3 == 0))
        for _ in range(10):
            config = random_config(rng, per_bank=part.startswith("lpddr4"))
            logged = engine.simulate(prepared, config, log=True, power=True)
            plain = engine.simulate(prepared, config, power=True)
            assert dict(zip(COUNTED, logged.batch.counted[0], strict=True)) == dict(
                zip(COUNTED, plain.batch.counted[0], strict=True)
            ), config
            assert np.array_equal(logged.batch.power, plain.batch.power), config


@pytest.mark.parametrize("writes", [0.0, 0.4, 1.0])
def test_latencies_are_those_of_the_log(writes):
    """Simple arbiter without delays: a response reaches the player in the cycle in which it leaves the controller."""
    engine = make_engine("ddr4_2400")
    trace = make_trace(np.random.default_rng(3), 600, writes=writes)
    result = engine.simulate(engine.prepare(trace), ControllerConfig(scheduler="FrFcfsGrp"), log=True)
    answers = result.log[result.log["command"] == RESPONSE]
    answered_ps = np.empty(len(trace), np.int64)
    answered_ps[answers["request"]] = answers["cycle"] * engine.part.tCK_ps
    latency = answered_ps - trace.time_ps
    assert latency[0] < 0  # the first request leaves at once, before its stamp
    every = np.ones(len(trace), np.bool_)
    for kind, chosen in (("", every), ("read_", ~trace.is_write), ("write_", trace.is_write)):
        values = np.sort(latency[chosen])
        n = values.shape[0]
        expected = (int(values.sum()), values[n // 2], values[n * 99 // 100], values[-1]) if n else (0, -1, -1, -1)
        columns = (f"{kind}latency_from_arrival_sum_ps", *(f"{q}_{kind}latency_from_arrival_ps" for q in _QUANTILES))
        assert tuple(result[column] for column in columns) == expected


_QUANTILES = ("p50", "p99", "max")


def test_a_larger_limit_than_the_high_water_mark_changes_nothing():
    engine = make_engine("ddr4_2400")
    prepared = engine.prepare(make_trace(np.random.default_rng(5), 500))
    first = engine.simulate(prepared, ControllerConfig(arbiter="Fifo", max_active_transactions=500))
    needed = int(first["active_high_water"])
    assert 1 < needed < 500
    same = engine.simulate(prepared, ControllerConfig(arbiter="Fifo", max_active_transactions=needed))
    assert np.array_equal(first.batch.counted, same.batch.counted)
    less = engine.simulate(prepared, ControllerConfig(arbiter="Fifo", max_active_transactions=needed - 1))
    assert not np.array_equal(first.batch.counted, less.batch.counted)


def test_a_larger_buffer_than_the_high_water_mark_changes_nothing():
    engine = make_engine("ddr4_2400")
    prepared = engine.prepare(make_trace(np.random.default_rng(5), 500))
    first = engine.simulate(prepared, ControllerConfig(scheduler_buffer="Shared", request_buffer_size=500))
    needed = int(first["buffer_high_water"])
    assert first["refused_requests"] == 0
    same = engine.simulate(prepared, ControllerConfig(scheduler_buffer="Shared", request_buffer_size=needed))
    assert np.array_equal(first.batch.counted, same.batch.counted)
    less = engine.simulate(prepared, ControllerConfig(scheduler_buffer="Shared", request_buffer_size=needed - 1))
    assert less["refused_requests"] > 0


def test_an_empty_trace_is_refused():
    nothing = Trace("nothing", np.empty(0, np.int64), np.empty(0, np.bool_), np.empty(0, np.uint64))
    with pytest.raises(ValueError, match="'nothing' has no requests"):
        make_engine("ddr4_2400").prepare(nothing)


def test_stamps_that_go_back_are_refused_by_number():
    trace = Trace("back", np.array([0, 50, 40]), np.zeros(3, np.bool_), np.zeros(3, np.uint64))
    with pytest.raises(ValueError, match="request 3 has 40 ps"):
        make_engine("ddr4_2400").prepare(trace)


def test_no_thread_is_refused():
    engine = make_engine("ddr4_2400")
    prepared = engine.prepare(make_trace(np.random.default_rng(5), 20))
    with pytest.raises(ValueError, match="threads: expected at least 1, got 0"):
        engine.simulate_batch(prepared, [ControllerConfig()], threads=0)
