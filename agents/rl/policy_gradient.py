"""The engine of `ppo`, `reinforce` and `marl_ppo`: draw designs from a policy, learn from their rewards, draw again.

A round is the default design alone (the reward's reference), then batches of new designs drawn from the policy. An
episode is one step: the policy sees nothing, chooses every parameter, and the design's reward ends it.

Designs drawn again are neither proposed again nor thrown away: a round ends when the policy has drawn `batch` new ones,
and it learns from all its draws, the old ones at their known rewards. So the gradient stays on the policy's own
distribution, while every proposal is a new evaluation. A policy that repeats itself is kept awake: while more than
`REPEATS` of its draws are old, the entropy bonus grows by `HOTTER` a round, and falls back to its own size later. When
`TRIES` times the batch has not enough new designs in it, the rest is drawn from the policy at doubled temperatures
(importance-weighted by the ratio that the update has anyway), and at last from the designs nobody has proposed. When
there are none left the batch is empty: the space is used up.

Constraints: exact masks (`factored`); they are kept for the update, so that ratios are exact too. The first policy is
uniform over the values possible at each parameter, not over designs: early choices with few completions are drawn more
often than by `random`. Real parameters are refused.
Designs that fail or break limits have bounded penalties (`archgym.reward`), so they cannot drown the others.
Results that were not asked for (a warm start) are imitated where they are better than the mean of what is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from archgym.agent import Hyperparameter, Problem, Told
from archgym.agent_checks import require_one_objective
from archgym.agents.rl.factored import Draws, FactoredSampler, together
from archgym.design_keys import Codes, design_keys
from archgym.errors import ConfigError, MissingExtra
from archgym.reward import HYPERPARAMETERS, RewardKind, RewardMeter, RewardShape
from archgym.rounds import RoundAgent
from archgym.seeding import generator
from archgym.space import DesignBatch

TRIES = 4
"""Batches drawn from the policy itself for one batch of new designs."""
TEMPERATURES = (2.0, 4.0, 8.0, 16.0)
REPEATS = 0.5
HOTTER = 1.5
HOTTEST = 30.0
"""The entropy bonus is never more than this many times its size."""
IMITATION_STEPS = 10
BASELINE_SHARE = 0.2
"""Share of a new batch in the moving average that is the baseline."""

BATCH_HYPERPARAMETERS: Mapping[str, Hyperparameter] = MappingProxyType(
    {
        "batch": Hyperparameter("new designs drawn between two updates", low=1),
        "learning_rate": Hyperparameter("Adam's step size", low=1e-6, high=1.0),
        "entropy": Hyperparameter("weight of the entropy bonus; it grows while designs repeat", low=0.0, high=10.0),
        "hidden": Hyperparameter("width of the hidden layer", low=1, high=4096),
        **HYPERPARAMETERS,
    }
)
"""Of every agent of this engine."""
CLIPPED_HYPERPARAMETERS: Mapping[str, Hyperparameter] = MappingProxyType(
    {
        **BATCH_HYPERPARAMETERS,
        "epochs": Hyperparameter("passes over a batch in one update", low=1),
        "minibatches": Hyperparameter("parts into which a batch is cut for one pass", low=1),
        "clip": Hyperparameter("the probability ratio counts up to 1 plus or minus this", low=1e-3, high=10.0),
    }
)
"""Of those with PPO's surrogate."""


@dataclass(frozen=True, slots=True)
class Learning:
    """How a policy is built and improved."""

    batch: int
    learning_rate: float
    entropy: float
    hidden: int
    reward: RewardKind
    target: float | None
    epochs: int = 1
    minibatches: int = 1
    clip: float | None = None
    """None: the plain likelihood ratio."""
    baseline: bool = True
    normalised: bool = True
    """Advantages are centred on the batch and divided by its standard deviation."""
    shared: bool = True
    central: bool = False
    difference: bool = False


class PolicyGradientAgent(RoundAgent):
    """Proposes what its policy draws; *groups* are the parameters of each of its agents."""

    def __init__(
        self, name: str, problem: Problem, *, seed: int, learning: Learning, groups: tuple[tuple[int, ...], ...]
    ) -> None:
        """`ConfigError` for several objectives or a Real parameter, `MissingExtra` without torch."""
        require_one_objective(name, problem)
        require_finite(name, problem)
        try:
            import_module("torch")
        except ImportError:
            raise MissingExtra("torch", "rl", f"agent {name!r}") from None
        from archgym.agents.rl.policy import FactoredPolicy, OthersCritic
        from archgym.agents.rl.policy_learner import PolicyLearner

        super().__init__(name, problem, seed=seed)
        self._how, self._groups = learning, groups
        self._meter = RewardMeter(RewardShape(learning.reward, target=learning.target), problem.objective.labels)
        self._sampler = FactoredSampler(problem.space)
        sizes: list[int] = problem.space.cardinalities.tolist()
        first = generator(seed, "agent", name, "weights")
        policy = FactoredPolicy(sizes, groups, hidden=learning.hidden, shared=learning.shared, rng=first)
        seen = self._visible()
        critic = OthersCritic(sizes, seen, hidden=learning.hidden, rng=first) if learning.central else None
        self._learner = PolicyLearner(policy, critic, groups, learning_rate=learning.learning_rate, clip=learning.clip)
        self._rewards: dict[bytes, float] = {}
        self._draws: Draws | None = None
        self._baseline: float | None = None
        self._heat = 1.0

    def _propose(self) -> Codes:
        default = self._default()
        if self._novelty.first_of_new(default):
            self._novelty.add(default)
            return default
        self._draws, spare = self._drawn()
        wanted = [self._draws.codes]
        if self._how.difference:
            wanted += self._without(self._draws.codes)
        rows = np.concatenate(wanted)
        rows = rows[self._novelty.first_of_new(rows)]
        self._novelty.add(rows)
        return np.concatenate([rows, self._novelty.fresh(spare)])

    def _learn(self, results: Told, strangers: Told) -> None:
        self._meter.refer_to(self._default(), strangers)
        for told in (results, strangers):
            self._rewards.update(zip(design_keys(told.designs.codes), self._meter.rewards(told).tolist(), strict=True))
        if len(strangers):
            self._novelty.add(strangers.designs.codes)
            self._imitate(strangers.designs.codes)
        if self._draws is not None and len(self._draws):
            self._improve(self._draws)
        self._draws = None

    def _drawn(self) -> tuple[Draws, int]:
        """Draws with `batch` new designs among them, and how many could not be found."""
        table, want = self._learner.table(), self._how.batch
        parts: list[Draws] = []
        for temperature in (*[1.0] * TRIES, *TEMPERATURES):
            parts.append(self._sampler.draw(table / temperature, want, self._rng))
            draws = together(parts)
            new = self._novelty.first_of_new(draws.codes)
            if len(parts) <= TRIES:
                repeated = 1.0 - len(new) / len(draws)
            if len(new) >= want:
                draws = draws[: new[want - 1] + 1]
                break
        heat = self._heat * HOTTER if repeated > REPEATS else self._heat / HOTTER
        self._heat = min(max(heat, 1.0), HOTTEST)
        return draws, max(want - len(new), 0)

    def _improve(self, draws: Draws) -> None:
        """One update of the policy (and of the critic) from *draws*."""
        earned = self._earned(draws.codes)
        mean = float(earned.mean())
        before = mean if self._baseline is None else self._baseline
        self._baseline = before + BASELINE_SHARE * (mean - before)
        base = before if self._how.baseline else 0.0
        gain = earned - base - self._learner.expected(draws)
        self._learner.fit_critic(draws, earned - base)
        if self._how.normalised:
            gain = (gain - gain.mean(axis=0)) / (gain.std(axis=0) + 1e-8)
        self._learner.learn(
            draws,
            gain,
            entropy=self._how.entropy * self._heat,
            epochs=self._how.epochs,
            minibatches=self._how.minibatches,
            rng=self._rng,
        )

    def _earned(self, codes: Codes) -> NDArray[np.float64]:
        """``(n, agents)`` the reward of a design, for each agent; with difference rewards what it adds to it."""
        shared = self._known(codes)[:, None]
        if not self._how.difference:
            return np.repeat(shared, len(self._groups), axis=1)
        # Wolpert & Tumer 2001: D_i = G(z) - G(z with agent i's part replaced by a constant one)
        return np.column_stack([shared[:, 0] - self._known(rows) for rows in self._without(codes)])

    def _without(self, codes: Codes) -> list[Codes]:
        """For each agent *codes* with its part replaced by the default's, made valid where it must be."""
        default, found = self._default()[0], []
        for members in self._groups:
            rows = codes.copy()
            rows[:, list(members)] = default[list(members)]
            found.append(self._space.project(DesignBatch(self._space, rows)))
        return found

    def _known(self, codes: Codes) -> NDArray[np.float64]:
        return np.array([self._rewards[key] for key in design_keys(codes)])

    def _imitate(self, codes: Codes) -> None:
        """Raise the likelihood of those of *codes* that are better than the mean of them and of the baseline."""
        rewards = self._known(codes)
        base = rewards.mean() if self._baseline is None else max(rewards.mean(), self._baseline)
        gain = np.maximum(rewards - base, 0.0)
        better = gain > 0
        if better.any():
            draws = self._sampler.draws_of(self._learner.table(), codes[better])
            self._learner.imitate(draws, gain[better] / gain[better].mean(), steps=IMITATION_STEPS)

    def _visible(self) -> NDArray[np.bool_]:
        """``(agents, d)`` others' parameters whose values do not depend on the agent's.

        A later parameter that a constraint couples to one of its own does: its mask came from the agent's choice.
        """
        home = [None if where is None else where[0] for where in self._space.feasible.home]
        seen = np.ones((len(self._groups), self._space.d), np.bool_)
        for agent, members in enumerate(self._groups):
            for k in members:
                seen[agent, k] = False
                seen[agent, [j for j in range(k + 1, self._space.d) if home[k] is not None and home[j] == home[k]]] = (
                    False
                )
        return seen


def require_finite(name: str, problem: Problem) -> None:
    """Raise `ConfigError` when *problem* has a Real parameter."""
    for parameter in problem.space.parameters:
        if parameter.size is None:
            raise ConfigError(
                f"agent {name!r}: expected finite parameters, got {parameter.name!r}, which is Real; "
                "use agent 'sac' or 'cma', or restrict it to a list of values"
            )
