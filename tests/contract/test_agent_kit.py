"""Each check of the agent kit fires: for every one there is an agent broken in just that way."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agents.random import RandomAgent
from archgym.errors import ConfigError
from archgym.space import DesignBatch
from archgym.testing import AgentContract, agent_contract


class Twisted(RandomAgent):
    """Random search, for subclasses to break."""

    hyperparameters = MappingProxyType({"replace": Hyperparameter("draw with replacement", choices=(True, False))})


class TooMany(Twisted):
    def ask(self, n: int, /) -> DesignBatch:
        return super().ask(n + 1)


class Mute(Twisted):
    def ask(self, n: int, /) -> DesignBatch:
        return super().ask(0)


class Invalid(Twisted):
    """64 KiB in one way does not fit a page."""

    def ask(self, n: int, /) -> DesignBatch:
        codes = super().ask(n).codes.copy()
        codes[:, 0], codes[:, 1] = 3, 0
        return self._space.batch(codes)


class Integral(Twisted):
    """Falls over a Real parameter with an error that explains nothing."""

    def __init__(self, problem: Problem, *, seed: int, replace: bool = True) -> None:
        super().__init__(problem, seed=seed, replace=replace)
        self.sizes = [len(range(p.size)) for p in problem.space.parameters]  # type: ignore[arg-type]


class SingleMinded(Twisted):
    def tell(self, results: Told, /) -> None:
        if results.scores.shape[1] != 1:
            raise ValueError("expected one score a design")


class Unseeded(Twisted):
    def __init__(self, problem: Problem, *, seed: int, replace: bool = True) -> None:
        super().__init__(problem, seed=int.from_bytes(os.urandom(4), "little"), replace=replace)


class Global(Twisted):
    """Draws from numpy's global generator, seeded by whoever came last."""

    def ask(self, n: int, /) -> DesignBatch:
        batch = super().ask(n)
        return self._space.unrank(np.random.randint(0, self._space.count(), len(batch)))  # noqa: NPY002


class Stubborn(Twisted):
    def __init__(self, problem: Problem, *, seed: int, replace: bool = True) -> None:
        super().__init__(problem, seed=0, replace=replace)


class BatchDrawn(Twisted):
    def ask(self, n: int, /) -> DesignBatch:
        return self._space.sample(n, self._rng)


class Hashed(Twisted):
    def __init__(self, problem: Problem, *, seed: int, replace: bool = True) -> None:
        super().__init__(problem, seed=seed + abs(hash("seed")) % 1000, replace=replace)


class Discouraged(Twisted):
    """Stops when nothing works."""

    worked = True

    def ask(self, n: int, /) -> DesignBatch:
        return super().ask(n if self.worked else 0)

    def tell(self, results: Told, /) -> None:
        self.worked = bool(np.isfinite(results.scores).any())


class Fragile(Twisted):
    """Cannot rank what has no score."""

    def tell(self, results: Told, /) -> None:
        if np.isinf(results.scores).any() or np.isnan(results.metrics).any():
            raise ValueError("not a number")


class Waiting(Twisted):
    """Proposes again only when everything has been told."""

    waiting: int = 0

    def ask(self, n: int, /) -> DesignBatch:
        batch = super().ask(0 if self.waiting > 0 else n)
        self.waiting += len(batch)
        return batch

    def tell(self, results: Told, /) -> None:
        self.waiting -= len(results)


class InOrder(Twisted):
    """Takes results only in the order of the proposals."""

    def __init__(self, problem: Problem, *, seed: int, replace: bool = True) -> None:
        super().__init__(problem, seed=seed, replace=replace)
        self.expected: list[list[int]] = []

    def ask(self, n: int, /) -> DesignBatch:
        batch = super().ask(n)
        self.expected += batch.codes.tolist()
        return batch

    def tell(self, results: Told, /) -> None:
        for row in results.designs.codes.tolist():
            if self.expected.pop(0) != row:
                raise ValueError("out of order")


class OnlyOwn(InOrder):
    def tell(self, results: Told, /) -> None:
        for row in results.designs.codes.tolist():
            if row not in self.expected:
                raise ValueError("never proposed")
            self.expected.remove(row)


class Scribbler(Twisted):
    def tell(self, results: Told, /) -> None:
        results.scores.setflags(write=True)
        results.scores[:] = 0.0


class Reviving(Twisted):
    """Says that it has nothing more, then has."""

    asked = 0

    def ask(self, n: int, /) -> DesignBatch:
        self.asked += 1
        return super().ask(0 if self.asked == 3 else n)


AGENT_FAULTS: list[tuple[str, Any, str]] = [
    ("test_proposes_valid_designs_and_no_more_than_asked", TooMany, "asked for 1 designs, got 2"),
    ("test_proposes_valid_designs_and_no_more_than_asked", Mute, "at least one"),
    ("test_proposes_valid_designs_and_no_more_than_asked", Invalid, "L1Size"),
    ("test_handles_or_refuses_every_kind_of_parameter", Integral, "expected an ArchgymError, got TypeError"),
    ("test_handles_or_refuses_several_objectives", SingleMinded, "one score"),
    ("test_same_seed_same_sequence", Unseeded, "two agents of one seed"),
    ("test_same_sequence_with_global_random_numbers_disturbed", Global, "numpy.random"),
    ("test_another_seed_another_sequence", Stubborn, "is the seed used"),
    ("test_same_sequence_however_batched", BatchDrawn, "at a time"),
    ("test_same_sequence_in_another_process", Hashed, "another hash seed"),
    ("test_survives_a_simulator_that_never_works", Discouraged, "every result failed"),
    ("test_survives_a_simulator_that_works_now_and_then", Fragile, "not a number"),
    ("test_takes_results_in_parts_and_in_any_order", InOrder, "out of order"),
    ("test_goes_on_when_some_results_never_come", Waiting, "told of half"),
    ("test_takes_results_it_never_asked_for", OnlyOwn, "never proposed"),
    ("test_never_changes_what_it_is_told", Scribbler, "shared with the log"),
    ("test_ends_or_goes_on_when_the_space_is_used_up", Reviving, "last word"),
]
REGISTERED_ONLY = {
    "test_misspelt_hyperparameter_is_refused_with_the_nearest_name",
    "test_hyperparameters_are_documented",
}
"""Checks of what the registry makes of an agent; their faults need an entry point (below)."""


def enrolled(agent: Any) -> AgentContract:
    return type("Enrolled", (AgentContract,), {"agent": agent})()


@pytest.mark.parametrize(("check", "fault", "message"), AGENT_FAULTS)
def test_it_catches(check: str, fault: Any, message: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=message):
        getattr(enrolled(fault), check)()


def test_there_is_a_fault_for_every_check() -> None:
    checks = {name for name in dir(AgentContract) if name.startswith("test_")}
    assert {check for check, *_ in AGENT_FAULTS} | REGISTERED_ONLY == checks


class Forgiving(Twisted):
    """Takes any hyperparameter, and documents none."""

    hyperparameters = MappingProxyType({})

    def __init__(self, problem: Problem, *, seed: int, replace: bool = True) -> None:
        super().__init__(problem, seed=seed, replace=replace)


@pytest.fixture
def _forgiving_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    from archgym import registry

    monkeypatch.setattr(registry, "agent_factory", lambda name: Forgiving)
    monkeypatch.setattr(agent_contract, "make_agent", lambda name, problem, *, seed, **anything: Forgiving)


@pytest.mark.usefixtures("_forgiving_is_registered")
def test_agent_kit_catches_what_the_registry_lets_through() -> None:
    contract = enrolled("forgiving")
    with pytest.raises(AssertionError, match="expected an ArchgymError"):
        contract.test_misspelt_hyperparameter_is_refused_with_the_nearest_name()
    with pytest.raises(AssertionError, match="replace"):
        contract.test_hyperparameters_are_documented()


def test_an_agent_may_refuse_what_it_cannot_do() -> None:
    class Refusing(Twisted):
        def __init__(self, problem: Problem, *, seed: int, replace: bool = True) -> None:
            if not problem.space.finite or problem.objective.k > 1:
                raise ConfigError("agent 'refusing': one objective over a finite space only")
            super().__init__(problem, seed=seed, replace=replace)

    contract = enrolled(Refusing)
    contract.test_handles_or_refuses_every_kind_of_parameter()
    contract.test_handles_or_refuses_several_objectives()


def test_without_an_agent_it_says_what_to_set() -> None:
    with pytest.raises(AssertionError, match="set 'agent'"):
        AgentContract().test_same_seed_same_sequence()
