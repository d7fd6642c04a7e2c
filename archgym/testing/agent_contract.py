"""What every agent must keep: valid proposals, one sequence per seed, and nerves for whatever it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from archgym.agent import Agent, Told
from archgym.registry import agent_hyperparameters, make_agent
from archgym.space import DesignBatch
from archgym.testing.exchange import Fault, Recipe, agent_recipe, converse, part, proposals, told
from archgym.testing.fresh_process import call_in_fresh_process
from archgym.testing.problems import Pose, Trial, bowl, toy
from archgym.testing.refusal import error_of, refusal

FAULTS: tuple[Fault, ...] = ("failed", "infeasible", "nan")


class AgentContract:
    """Subclass it, name the agent, and pytest runs every check."""

    agent: ClassVar[str | Callable[..., Any] | None] = None
    """Registered name, or the factory itself (a class; wrap a function in `staticmethod`)."""
    hyperparameters: ClassVar[Mapping[str, Any]] = {}
    evaluations: ClassVar[int] = 70
    """Designs a conversation has; fewer for an agent that thinks for long."""
    seed: ClassVar[int] = 7
    seeded: ClassVar[bool] = True
    """False for an agent that has nothing random in it."""
    pose: ClassVar[Pose] = staticmethod(toy)
    """The problem that it searches; ``staticmethod(chip)`` for an agent that needs a simulator with an architecture."""

    def recipe(self) -> Recipe:
        """How any process builds the agent: picklable, called with ``(problem, seed=…)``."""
        assert self.agent is not None, f"{type(self).__name__}: set 'agent', or override 'recipe'"
        return agent_recipe(self.agent, self.hyperparameters)

    def build(self, trial: Trial, seed: int | None = None) -> Agent:
        """A new agent for *trial*."""
        agent = self.recipe()(trial.problem, seed=self.seed if seed is None else seed)
        assert isinstance(agent, Agent), f"expected an Agent with ask and tell, got {type(agent).__name__}"
        return agent

    def build_or_refuse(self, trial: Trial) -> Agent | None:
        """None when the agent says in an `ArchgymError` of one line that it cannot do *trial*."""
        if error_of(lambda: self.build(trial)) is None:
            return self.build(trial)
        refusal(lambda: self.build(trial), f"{trial.problem.name}: an agent that cannot do it")
        return None

    def test_proposes_valid_designs_and_no_more_than_asked(self) -> None:
        trial = self.pose()
        agent = self.build(trial)
        for size in (1, 3, 64, 1, 2):
            designs = agent.ask(size)
            _check_batch(trial, designs, size)
            assert len(designs) > 0, f"asked for {size}: expected at least one design of so many, got none"
            agent.tell(told(trial, designs))

    def test_handles_or_refuses_every_kind_of_parameter(self) -> None:
        trial = bowl()
        agent = self.build_or_refuse(trial)
        for _ in range(self.evaluations // 8 if agent else 0):
            assert agent is not None
            designs = agent.ask(8)
            _check_batch(trial, designs, 8)
            agent.tell(told(trial, designs))

    def test_handles_or_refuses_several_objectives(self) -> None:
        trial = toy(metrics=("latency", "energy"))
        agent = self.build_or_refuse(trial)
        for _ in range(self.evaluations // 8 if agent else 0):
            assert agent is not None
            designs = agent.ask(8)
            _check_batch(trial, designs, 8)
            agent.tell(told(trial, designs))

    def test_same_seed_same_sequence(self) -> None:
        first, second = (converse(self.build(self.pose()), self.pose(), self.evaluations, 8) for _ in range(2))
        _assert_same(first, second, "from two agents of one seed")

    def test_same_sequence_with_global_random_numbers_disturbed(self) -> None:
        expected = converse(self.build(self.pose()), self.pose(), self.evaluations, 8)
        state = np.random.get_state()  # noqa: NPY002 - the global generator is what is under test
        try:
            np.random.seed(99)  # noqa: NPY002
            got = converse(self.build(self.pose()), self.pose(), self.evaluations, 8)
        finally:
            np.random.set_state(state)  # noqa: NPY002
        _assert_same(expected, got, "whatever the state of numpy.random")

    def test_another_seed_another_sequence(self) -> None:
        if not self.seeded:
            return
        first = converse(self.build(self.pose(), seed=1), self.pose(), self.evaluations, 8)
        second = converse(self.build(self.pose(), seed=2), self.pose(), self.evaluations, 8)
        assert first != second, "expected another seed to change the sequence, got the same one: is the seed used?"

    def test_same_sequence_however_batched(self) -> None:
        expected = converse(self.build(self.pose()), self.pose(), self.evaluations, 1)
        for size in (3, 64):
            got = converse(self.build(self.pose()), self.pose(), self.evaluations, size)
            _assert_same(expected, got, f"asked for {size} at a time and for 1 at a time")

    def test_same_sequence_in_another_process(self) -> None:
        arguments = (self.recipe(), self.pose, self.seed, self.evaluations, 8)
        here = proposals(*arguments)
        _assert_same(here, call_in_fresh_process(proposals, *arguments), "in a process with another hash seed")

    def test_survives_a_simulator_that_never_works(self) -> None:
        for fault in FAULTS:
            trial = self.pose()
            agent = self.build(trial)
            proposed = converse(agent, trial, self.evaluations, 8, fault)
            assert len(proposed) == self.evaluations, (
                f"every result {fault}: expected it to go on proposing, got {len(proposed)} of {self.evaluations}"
            )
            _check_batch(trial, agent.ask(4), 4)

    def test_survives_a_simulator_that_works_now_and_then(self) -> None:
        trial = self.pose()
        agent = self.build(trial)
        for turn in range(self.evaluations // 5):
            designs = agent.ask(5)
            _check_batch(trial, designs, 5)
            agent.tell(told(trial, designs, (*FAULTS, "none")[turn % 4]))

    def test_takes_results_in_parts_and_in_any_order(self) -> None:
        trial = self.pose()
        agent = self.build(trial)
        for _ in range(self.evaluations // 8):
            results = told(trial, agent.ask(8))
            assert len(results) > 0, "told in parts and reversed: expected further proposals, got none"
            rows = np.arange(len(results))[::-1]
            agent.tell(part(results, rows[: len(rows) // 2]))
            agent.tell(part(results, rows[len(rows) // 2 :]))

    def test_goes_on_when_some_results_never_come(self) -> None:
        trial = self.pose()
        agent = self.build(trial)
        for turn in range(self.evaluations // 8):
            designs = agent.ask(8)
            assert len(designs) > 0, f"told of half of its proposals (turn {turn}): expected more, got none"
            agent.tell(part(told(trial, designs), np.arange(len(designs))[::2]))

    def test_takes_results_it_never_asked_for(self) -> None:
        trial = self.pose()
        agent = self.build(trial)
        foreign = trial.problem.space.sample(20, np.random.default_rng(3))
        agent.tell(told(trial, foreign))
        for _ in range(3):
            designs = agent.ask(8)
            _check_batch(trial, designs, 8)
            agent.tell(told(trial, DesignBatch.concat([designs, foreign[:2]])))
        agent.tell(told(trial, foreign[:0]))
        assert len(agent.ask(4)) > 0, "after results that it never asked for: expected proposals, got none"

    def test_never_changes_what_it_is_told(self) -> None:
        trial = self.pose()
        agent = self.build(trial)
        kept: list[tuple[Told, list[bytes]]] = []
        for _ in range(self.evaluations // 8):
            results = told(trial, agent.ask(8))
            kept.append((results, _bytes(results)))
            agent.tell(results)
        for results, before in kept:
            assert _bytes(results) == before, "the agent changed arrays that it was told; they are shared with the log"

    def test_ends_or_goes_on_when_the_space_is_used_up(self) -> None:
        trial = self.pose("small")
        agent = self.build(trial)
        for _ in range(4 * trial.problem.space.count()):
            designs = agent.ask(8)
            _check_batch(trial, designs, 8)
            if len(designs) == 0:
                assert len(agent.ask(8)) == 0, "nothing more to propose: expected that to be its last word"
                return
            agent.tell(told(trial, designs))

    def test_misspelt_hyperparameter_is_refused_with_the_nearest_name(self) -> None:
        if not isinstance(self.agent, str):
            return
        name, known = self.agent, list(agent_hyperparameters(self.agent))
        wrong = f"{known[0]}x" if known else "no_such_hyperparameter"
        message = refusal(
            lambda: make_agent(name, self.pose().problem, seed=self.seed, **{wrong: 1}), f"hyperparameter {wrong!r}"
        )
        assert not known or repr(known[0]) in message, f"expected the error to name {known[0]!r}, got {message}"

    def test_hyperparameters_are_documented(self) -> None:
        if not isinstance(self.agent, str):
            return
        for name, info in agent_hyperparameters(self.agent).items():
            assert info.doc, f"hyperparameter {name!r}: expected a line in the factory's 'hyperparameters', got none"


def _check_batch(trial: Trial, designs: DesignBatch, size: int) -> None:
    assert isinstance(designs, DesignBatch), f"ask: expected a DesignBatch, got {type(designs).__name__}"
    assert len(designs) <= size, f"asked for {size} designs, got {len(designs)}"
    invalid = np.flatnonzero(~trial.problem.space.valid(designs.codes))
    if len(invalid):
        design = designs[invalid[:1]].designs()[0]
        raise AssertionError(
            f"{trial.problem.name}: expected valid designs, got {design}: "
            f"{'; '.join(trial.problem.space.why_invalid(design))}"
        )


def _assert_same(expected: list[list[float]], got: list[list[float]], when: str) -> None:
    if expected == got:
        return
    at = next((i for i, pair in enumerate(zip(expected, got, strict=False)) if pair[0] != pair[1]), None)
    where = f"lengths {len(expected)} and {len(got)}" if at is None else f"first difference at proposal {at}"
    raise AssertionError(f"expected one sequence {when}, got two: {where}")


def _bytes(results: Told) -> list[bytes]:
    arrays = (results.designs.codes, results.scores, results.violation, results.status, results.metrics)
    return [array.tobytes() for array in (*arrays, results.duplicate)]
