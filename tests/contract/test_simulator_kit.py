"""Each check of the simulator kit fires: for every one there is a simulator broken in just that way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from archgym.simulator import Evaluations, Metric, Simulator, SimulatorPlugin, Status, Workload
from archgym.simulators.toy.plugin import make as make_toy
from archgym.space import DesignBatch
from archgym.testing import SimulatorContract


class Sound:
    """The toy simulator, for subclasses to break."""

    def __init__(self) -> None:
        self.inner: Any = make_toy()
        self.name, self.version, self.workload = self.inner.name, self.inner.version, self.inner.workload
        self.space, self.metrics = self.inner.space, self.inner.metrics

    def evaluate(self, designs: DesignBatch, /) -> Any:
        return self.spoilt(self.inner.evaluate(designs), designs)

    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        return results


class Loose:
    """`Evaluations` without its checks and locks."""

    def __init__(self, metrics: Any, status: Any, messages: Mapping[int, str] | None = None) -> None:
        self.metrics, self.status, self.messages = metrics, status, messages or {}

    def __len__(self) -> int:
        return len(self.status)


class Nameless(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.name = ""


class Unitless(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.metrics = (Metric("latency", ""), *self.metrics[1:])


class TwiceNamed(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.metrics = (self.metrics[0], self.metrics[0], *self.metrics[2:])


class Hashless(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.workload = Workload("pointer_chase", "")


class BrokenDefault(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Evaluations:
        default = [row for row, design in enumerate(designs.designs()) if design == self.space.default]
        metrics, status, messages = results.metrics.copy(), results.status.copy(), dict(results.messages)
        for row in default:
            metrics[row], status[row], messages[row] = np.nan, Status.FAILED, "of all designs"
        return Evaluations(metrics, status, messages)


class ShortOfARow(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        keep = slice(0, max(len(results) - 1, 0))
        return Evaluations(results.metrics[keep].copy(), results.status[keep].copy())


class SinglePrecision(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        return Loose(results.metrics.astype(np.float32), results.status, results.messages)


class StrangeStatus(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        return Evaluations(results.metrics.copy(), np.full(len(results), 9, np.uint8))


class Silent(Sound):
    """Says INFEASIBLE of some designs and not why."""

    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        bad = designs.codes[:, 0] == 0
        return Evaluations(np.where(bad[:, None], np.nan, results.metrics), bad.astype(np.uint8))


class InfinityThoughOk(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        metrics = results.metrics.copy()
        metrics[:, 0] = np.where(designs.codes[:, 0] == 0, np.inf, metrics[:, 0])
        return Evaluations(metrics, results.status.copy(), results.messages)


class NothingThoughOk(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        nothing = (designs.codes[:, 0] == 0)[:, None]
        return Evaluations(np.where(nothing, np.nan, results.metrics), results.status.copy(), results.messages)


class NumbersThoughInfeasible(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        bad = designs.codes[:, 0] == 0
        messages = {int(row): "no" for row in np.flatnonzero(bad | (results.status > 0))}
        return Evaluations(np.ones_like(results.metrics), np.where(bad, 1, results.status).astype(np.uint8), messages)


class Writeable(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        return Loose(results.metrics.copy(), results.status.copy(), results.messages)


class BatchWriter(Sound):
    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        designs.codes.setflags(write=True)
        designs.codes[:, 2] = 0
        return results


class Drifting(Sound):
    """Adds how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        self.calls += 1
        return Evaluations(results.metrics + self.calls, results.status.copy(), results.messages)


class BatchMinded(Sound):
    """Adds the size of the batch."""

    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        return Evaluations(results.metrics + len(designs), results.status.copy(), results.messages)


class OrderMinded(Sound):
    """Adds the place of the design in the batch."""

    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        places = np.arange(len(designs))[:, None]
        return Evaluations(results.metrics + places, results.status.copy(), results.messages)


class HashMinded(Sound):
    """Adds a number that depends on the hash seed of the process."""

    def spoilt(self, results: Evaluations, designs: DesignBatch) -> Any:
        return Evaluations(results.metrics + hash("latency") % 1000, results.status.copy(), results.messages)


class HashedWorkload(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.workload = Workload("pointer_chase", f"{abs(hash('pointer_chase')):016x}")


def trusting_make(*, workload: str, space: str) -> Simulator:
    """Looks names up without a check: a KeyError for an unknown one."""
    return make_toy(workload={"pointer_chase": "pointer_chase"}[workload], space={"default": "default"}[space])


TRUSTING = SimulatorPlugin("trusting", "1", "", trusting_make, {"pointer_chase": ""}, {"default": ""})

SIMULATOR_FAULTS: list[tuple[str, Any, str]] = [
    ("test_is_a_simulator", Nameless, "name"),
    ("test_is_a_simulator", object, "expected a Simulator"),
    ("test_metrics_are_named_and_have_units", Unitless, "expected a unit"),
    ("test_metrics_are_named_and_have_units", TwiceNamed, "distinct names"),
    ("test_workload_has_a_content_hash", Hashless, "content hash"),
    ("test_default_design_works", BrokenDefault, "of all designs"),
    ("test_results_have_the_length_of_the_batch", ShortOfARow, "metrics: expected"),
    ("test_results_have_the_length_of_the_batch", SinglePrecision, "float64"),
    ("test_statuses_are_known_and_explained", StrangeStatus, "got 9"),
    ("test_statuses_are_known_and_explained", Silent, "expected a message"),
    ("test_numbers_exactly_where_there_is_a_result", InfinityThoughOk, "latency"),
    ("test_numbers_exactly_where_there_is_a_result", NothingThoughOk, "expected numbers"),
    ("test_numbers_exactly_where_there_is_a_result", NumbersThoughInfeasible, "expected NaN in every metric"),
    ("test_results_are_read_only", Writeable, "read-only"),
    ("test_never_changes_the_batch", BatchWriter, "changed the designs"),
    ("test_same_answer_when_asked_again", Drifting, "asked again"),
    ("test_same_answer_in_any_batch", BatchMinded, "in batches of 1"),
    ("test_same_answer_in_any_order", OrderMinded, "another order"),
    ("test_same_answer_in_another_process", HashMinded, "metrics"),
    ("test_same_answer_in_another_process", HashedWorkload, "workload hash"),
    ("test_unknown_names_are_refused_in_one_line", TRUSTING, "KeyError"),
]


class Enrolled(SimulatorContract):
    """The simulator kit over a fault."""

    def __init__(self, fault: Any) -> None:
        self.fault = fault
        self.plugin = fault if isinstance(fault, SimulatorPlugin) else None  # type: ignore[misc]

    def recipe(self) -> Callable[[], Any]:
        return self.fault if self.plugin is None else super().recipe()


def checks() -> set[str]:
    return {name for name in dir(SimulatorContract) if name.startswith("test_")}


@pytest.mark.parametrize(("check", "fault", "message"), SIMULATOR_FAULTS)
def test_it_catches(check: str, fault: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        getattr(Enrolled(fault), check)()


def test_there_is_a_fault_for_every_check() -> None:
    assert {check for check, *_ in SIMULATOR_FAULTS} == checks()


def test_a_sound_simulator_that_is_no_plugin_passes() -> None:
    for check in checks():
        getattr(Enrolled(Sound), check)()


def test_a_simulator_that_no_other_process_can_make_is_told_so() -> None:
    with pytest.raises(AssertionError, match="another process can be given"):
        Enrolled(lambda: Sound()).test_same_answer_in_another_process()


def test_without_a_plugin_it_says_what_to_set() -> None:
    with pytest.raises(AssertionError, match="set 'plugin'"):
        SimulatorContract().test_is_a_simulator()
