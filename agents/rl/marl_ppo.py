"""Several agents design one architecture: each decides its own parameters, and its own probability ratio is clipped.

S. Krishnan et al., "Multi-Agent Reinforcement Learning for Microprocessor Design Space Exploration", 2022, arXiv
2211.16385, gives each parameter of a memory controller an agent. Here an agent decides one parameter, or the parameters
of one subsystem (`Parameter.group`; those without one are "other"). Every agent sees the same, acts at the same time
and is rewarded by the same design, so what distinguishes this from `ppo`, on equal actions and equal draws, is:

- the clipped ratio (Schulman et al. 2017, eq. 7) of each agent, not of the whole design: independent PPO (de Witt et
  al. 2020, arXiv 2011.09533);
- ``weights``: a network per agent, or one for all that is told which agent it is (Yu et al. 2022, arXiv 2103.01955);
- ``critic``: "central" gives each agent a baseline that sees what the others chose. Its own choice is hidden from it,
  and so are later parameters that a constraint couples to that choice, or the baseline would bias the gradient;
- ``credit``: "difference" rewards an agent with what its choice adds to the design: the reward less that of the same
  design with the agent's part as in the default (D. Wolpert and K. Tumer, "Optimal payoff functions for members of
  collectives", 2001). Those designs are evaluated and charged like any other (projected where they would be invalid),
  so each drawn one costs up to as many evaluations more as there are agents.

Constraints, repeats, failures: `archgym.agents.rl.policy_gradient`. The defaults are those of `ppo`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters
from archgym.agents.rl.policy_gradient import CLIPPED_HYPERPARAMETERS, Learning, PolicyGradientAgent
from archgym.errors import ConfigError
from archgym.reward import RewardKind
from archgym.space import DesignSpace


class MultiAgentPPOAgent(PolicyGradientAgent):
    """Multi-agent proximal policy optimisation: an agent per parameter or per subsystem."""

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "groups": Hyperparameter("what an agent decides: one parameter, or those of one subsystem"),
            "weights": Hyperparameter("a network per agent, or one that is told which agent it is"),
            "critic": Hyperparameter("baseline: the mean reward, or a network that sees what the others chose"),
            "credit": Hyperparameter("the design's reward for all, or for each what its part adds (costs evaluations)"),
            **CLIPPED_HYPERPARAMETERS,
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        groups: Literal["parameter", "subsystem"] = "parameter",
        weights: Literal["independent", "shared"] = "independent",
        critic: Literal["independent", "central"] = "independent",
        credit: Literal["shared", "difference"] = "shared",
        batch: int = 16,
        epochs: int = 4,
        minibatches: int = 1,
        learning_rate: float = 0.02,
        clip: float = 0.2,
        entropy: float = 0.01,
        hidden: int = 32,
        reward: RewardKind = "log_ratio",
        target: float | None = None,
    ) -> None:
        given: dict[str, object] = {"groups": groups, "weights": weights, "critic": critic, "credit": credit}
        given |= {"batch": batch, "epochs": epochs, "minibatches": minibatches, "learning_rate": learning_rate}
        given |= {"clip": clip, "entropy": entropy, "hidden": hidden, "reward": reward, "target": target}
        check_hyperparameters("marl_ppo", type(self), given)
        learning = Learning(
            batch,
            learning_rate,
            entropy,
            hidden,
            reward,
            target,
            epochs=epochs,
            minibatches=minibatches,
            clip=clip,
            shared=weights == "shared",
            central=critic == "central",
            difference=credit == "difference",
        )
        members = per_parameter(problem.space) if groups == "parameter" else per_subsystem(problem.space)
        super().__init__("marl_ppo", problem, seed=seed, learning=learning, groups=members)


def per_parameter(space: DesignSpace) -> tuple[tuple[int, ...], ...]:
    """An agent for each parameter."""
    return tuple((k,) for k in range(space.d))


def per_subsystem(space: DesignSpace) -> tuple[tuple[int, ...], ...]:
    """Positions of each group's parameters, groups in the order of their first one; `ConfigError` without any."""
    found: dict[str, list[int]] = {}
    for k, parameter in enumerate(space.parameters):
        found.setdefault(parameter.group, []).append(k)
    if not any(found):
        raise ConfigError(
            f"agent 'marl_ppo': groups: space {space.name!r} does not say which parameters form a subsystem; "
            "use groups 'parameter'"
        )
    return tuple(tuple(members) for members in found.values())
