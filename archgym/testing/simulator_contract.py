"""What every simulator must keep: a pure function of design and workload, in any process, batch and order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from archgym.registry import make_simulator, simulator_plugin
from archgym.simulator import Evaluations, Simulator, SimulatorPlugin, Status
from archgym.space import DesignBatch
from archgym.testing.fresh_process import call_in_fresh_process
from archgym.testing.refusal import refusal

UNKNOWN = "no-such-name"


class SimulatorContract:
    """Subclass it, name the plug-in, and pytest runs every check.

    Override `recipe` for a simulator that is no plug-in.
    """

    plugin: ClassVar[str | SimulatorPlugin | None] = None
    """Registered name, or the plug-in itself."""
    workload: ClassVar[str | None] = None
    """Default: the plug-in's first."""
    space: ClassVar[str | None] = None
    """Default: the plug-in's first."""
    options: ClassVar[Mapping[str, Any]] = {}
    samples: ClassVar[int] = 24
    """Random valid designs that the checks price, beside the default one."""
    seed: ClassVar[int] = 0

    def recipe(self) -> Callable[[], Simulator]:
        """How another process makes this simulator: picklable, no arguments."""
        assert self.plugin is not None, f"{type(self).__name__}: set 'plugin', or override 'recipe'"
        if isinstance(self.plugin, str):
            return partial(make_simulator, self.plugin, workload=self.workload, space=self.space, **self.options)
        workload = self.workload or next(iter(self.plugin.workloads))
        space = self.space or next(iter(self.plugin.spaces))
        return partial(self.plugin.make, workload=workload, space=space, **self.options)

    def test_is_a_simulator(self) -> None:
        simulator = self.recipe()()
        assert isinstance(simulator, Simulator), f"expected a Simulator, got {type(simulator).__name__}"
        assert simulator.name, "name: expected a name, got an empty one"
        assert simulator.version, "version: expected a version, got an empty one"
        if isinstance(self.plugin, str):
            plugin = simulator_plugin(self.plugin)
            named = (plugin.name, plugin.version)
            assert (simulator.name, simulator.version) == named, (
                f"expected name and version of its plug-in {named}, got {(simulator.name, simulator.version)}"
            )

    def test_metrics_are_named_and_have_units(self) -> None:
        metrics = self.recipe()().metrics
        names = [metric.name for metric in metrics]
        assert names, "metrics: expected at least one, got none"
        assert len(set(names)) == len(names), f"metrics: expected distinct names, got {names}"
        for metric in metrics:
            assert metric.name.isidentifier(), (
                f"metric {metric.name!r}: expected an identifier in snake case without the unit"
            )
            assert metric.unit, f"metric {metric.name!r}: expected a unit ('1' for a ratio), got an empty one"
            assert metric.better in ("lower", "higher", "none"), (
                f"metric {metric.name!r}: expected better = lower, higher or none, got {metric.better!r}"
            )

    def test_workload_has_a_content_hash(self) -> None:
        workload = self.recipe()().workload
        assert workload.name, "workload: expected a name, got an empty one"
        assert len(workload.content_hash) >= 8, (
            f"workload {workload.name!r}: expected a content hash of 8 or more hex digits, "
            f"got {workload.content_hash!r}"
        )
        int(workload.content_hash, 16)

    def test_default_design_works(self) -> None:
        simulator = self.recipe()()
        reasons = simulator.space.why_invalid(simulator.space.default)
        assert not reasons, f"default design: expected a valid one, got {reasons}"
        results = simulator.evaluate(simulator.space.from_designs([simulator.space.default]))
        assert results.status[0] == Status.OK, (
            f"default design: expected OK, got {Status(int(results.status[0])).name}: {results.messages.get(0, '')}"
        )

    def test_results_have_the_length_of_the_batch(self) -> None:
        simulator = self.recipe()()
        batch = _designs(simulator, self.samples, self.seed)
        for part in (batch, batch[:1], batch[:0]):
            results = simulator.evaluate(part)
            shape = (len(part), len(simulator.metrics))
            assert results.metrics.shape == shape, f"metrics: expected {shape}, got {results.metrics.shape}"
            assert results.status.shape == shape[:1], f"status: expected {shape[:1]}, got {results.status.shape}"
        assert results.metrics.dtype == np.float64, f"metrics: expected float64, got {results.metrics.dtype}"
        assert results.status.dtype == np.uint8, f"status: expected uint8, got {results.status.dtype}"

    def test_statuses_are_known_and_explained(self) -> None:
        simulator = self.recipe()()
        results = simulator.evaluate(_designs(simulator, self.samples, self.seed))
        known = {int(status) for status in Status}
        for row, status in enumerate(results.status.tolist()):
            assert status in known, f"row {row}: expected a status of {sorted(known)}, got {status}"
            assert status == Status.OK or results.messages.get(row), (
                f"row {row}: expected a message that says why it is {Status(status).name}, got none"
            )
        rows = [row for row in results.messages if not 0 <= row < len(results)]
        assert not rows, f"messages: expected row numbers below {len(results)}, got {rows}"

    def test_numbers_exactly_where_there_is_a_result(self) -> None:
        simulator = self.recipe()()
        results = simulator.evaluate(_designs(simulator, self.samples, self.seed))
        for row in range(len(results)):
            ok = results.status[row] == Status.OK
            nan = np.isnan(results.metrics[row])
            assert not (ok and nan.all()), f"row {row} is OK: expected numbers, got NaN in every metric"
            assert not (ok and np.isinf(results.metrics[row]).any()), (
                f"row {row} is OK: expected finite numbers, or NaN for a metric without value, "
                f"got infinity in {_names(simulator, np.isinf(results.metrics[row]))}"
            )
            assert ok or nan.all(), (
                f"row {row} is {Status(int(results.status[row])).name}: expected NaN in every metric, "
                f"got {results.metrics[row].tolist()}"
            )

    def test_results_are_read_only(self) -> None:
        simulator = self.recipe()()
        results = simulator.evaluate(_designs(simulator, 2, self.seed))
        assert not results.metrics.flags.writeable, "metrics: expected a read-only array, got a writeable one"
        assert not results.status.flags.writeable, "status: expected a read-only array, got a writeable one"

    def test_never_changes_the_batch(self) -> None:
        simulator = self.recipe()()
        batch = _designs(simulator, self.samples, self.seed)
        before = batch.codes.copy()
        simulator.evaluate(batch)
        assert np.array_equal(batch.codes, before), "evaluate changed the designs that it was given"

    def test_same_answer_when_asked_again(self) -> None:
        simulator = self.recipe()()
        batch = _designs(simulator, self.samples, self.seed)
        first = simulator.evaluate(batch)
        _assert_same(first, simulator.evaluate(batch), "when the same simulator is asked again")
        _assert_same(first, self.recipe()().evaluate(batch), "from a second simulator in this process")

    def test_same_answer_in_any_batch(self) -> None:
        simulator = self.recipe()()
        batch = _designs(simulator, self.samples, self.seed)
        whole = simulator.evaluate(batch)
        for size in (1, 3):
            for start in range(0, len(batch), size):
                rows = np.arange(start, min(start + size, len(batch)))
                _assert_same(_take(whole, rows), simulator.evaluate(batch[rows]), f"in batches of {size}")

    def test_same_answer_in_any_order(self) -> None:
        simulator = self.recipe()()
        batch = _designs(simulator, self.samples, self.seed)
        whole = simulator.evaluate(batch)
        order = np.random.default_rng(self.seed).permutation(len(batch))
        _assert_same(_take(whole, order), simulator.evaluate(batch[order]), "in another order")
        twice = np.repeat(np.arange(min(3, len(batch))), 2)
        _assert_same(_take(whole, twice), simulator.evaluate(batch[twice]), "when a design comes twice")

    def test_same_answer_in_another_process(self) -> None:
        arguments = (self.recipe(), self.samples, self.seed)
        here = answers(*arguments)
        there = call_in_fresh_process(answers, *arguments)
        for key, value in here.items():
            assert there[key] == value, (
                f"{key}: expected the same in a process with another hash seed, got {there[key]} there, {value} here"
            )

    def test_unknown_names_are_refused_in_one_line(self) -> None:
        if self.plugin is None:
            return
        plugin = simulator_plugin(self.plugin) if isinstance(self.plugin, str) else self.plugin
        workload, space = next(iter(plugin.workloads)), next(iter(plugin.spaces))
        for names in ({"workload": UNKNOWN, "space": space}, {"workload": workload, "space": UNKNOWN}):
            refusal(partial(plugin.make, **names), str(names))


def answers(recipe: Callable[[], Simulator], n: int, seed: int) -> dict[str, Any]:
    """Everything of a simulator that must be equal in every process, JSON-able (floats as text: NaN equals NaN)."""
    simulator = recipe()
    batch = _designs(simulator, n, seed)
    results = simulator.evaluate(batch)
    return {
        "version": simulator.version,
        "workload hash": simulator.workload.content_hash,
        "space fingerprint": simulator.space.fingerprint,
        "sampled designs": batch.codes.tolist(),
        "status": results.status.tolist(),
        "messages": {str(row): text for row, text in sorted(results.messages.items())},
        "metrics": [[repr(value) for value in row] for row in results.metrics.tolist()],
    }


def _designs(simulator: Simulator, n: int, seed: int) -> DesignBatch:
    """The default design, then *n* random ones."""
    space = simulator.space
    return DesignBatch.concat([space.from_designs([space.default]), space.sample(n, np.random.default_rng(seed))])


def _take(results: Evaluations, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Evaluations:
    messages = {at: results.messages[row] for at, row in enumerate(rows.tolist()) if row in results.messages}
    return Evaluations(results.metrics[rows], results.status[rows], messages)


def _assert_same(expected: Evaluations, got: Evaluations, when: str) -> None:
    assert expected.status.tolist() == got.status.tolist(), (
        f"expected equal statuses {when}, got {got.status.tolist()} and not {expected.status.tolist()}"
    )
    equal = np.array_equal(expected.metrics, got.metrics, equal_nan=True)
    assert equal, f"expected equal metrics {when}, got {got.metrics.tolist()} and not {expected.metrics.tolist()}"


def _names(simulator: Simulator, chosen: np.ndarray[Any, np.dtype[np.bool_]]) -> list[str]:
    return [metric.name for metric, missing in zip(simulator.metrics, chosen, strict=True) if missing]
