"""NSGA-II of Optuna: generations that are sorted into fronts, and thinned by crowding.

K. Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE
Transactions on Evolutionary Computation 6(2), 2002. Of a generation and its parents the first fronts survive, and of
the last front that fits in only partly those with the largest crowding distance; parents win binary tournaments,
children mix their values (uniform crossover) and have some drawn anew.

Any number of objectives; with one it is an elitist genetic algorithm. A generation is a round of `population` new
designs: children that repeat a design are dropped and made again. Designs that break limits are dominated by all that
keep them, and by those that break them less (Deb's rule); failed ones are dominated by all
(`archgym.agents.optuna_study`). Designs told without being asked for fill generations of their own, in the order of
their codes. Real parameters are searched; invalid points are projected.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from archgym.agent import Hyperparameter, Problem
from archgym.agent_checks import check_hyperparameters
from archgym.agents.optuna_study import HYPERPARAMETERS, StudyAgent
from archgym.space import DesignBatch


class Nsga2Agent(StudyAgent):
    """Non-dominated sorting genetic algorithm II (Optuna)."""

    tries = 8
    told_again = False

    hyperparameters: ClassVar[Mapping[str, Hyperparameter]] = MappingProxyType(
        {
            "population": Hyperparameter("designs a generation, and survivors of one", low=2),
            "crossover_rate": Hyperparameter("probability that a child has two parents", low=0.0, high=1.0),
            "swap_rate": Hyperparameter(
                "probability that a child of two has a second parent's value", low=0.0, high=1.0
            ),
            "mutation_rate": Hyperparameter(
                "probability that a value is drawn anew; none: 1 / number of parameters", low=0.0, high=1.0
            ),
            "start_default": HYPERPARAMETERS["start_default"],
        }
    )

    def __init__(
        self,
        problem: Problem,
        *,
        seed: int,
        population: int = 32,
        crossover_rate: float = 0.9,
        swap_rate: float = 0.5,
        mutation_rate: float | None = None,
        start_default: bool = True,
    ) -> None:
        given: dict[str, object] = {"population": population, "crossover_rate": crossover_rate, "swap_rate": swap_rate}
        given |= {"mutation_rate": mutation_rate, "start_default": start_default}
        check_hyperparameters("nsga2", type(self), given)
        self._options: dict[str, Any] = {"population_size": population, "mutation_prob": mutation_rate}
        self._options |= {"crossover_prob": crossover_rate, "swapping_prob": swap_rate}
        super().__init__("nsga2", problem, seed=seed, batch=population, start_default=start_default)

    def _sampler(self, seed: int) -> Any:
        return self._optuna.samplers.NSGAIISampler(seed=seed, **self._options)

    def _add(self, design: DesignBatch, values: list[float]) -> None:
        # A trial that is added finished, or whose values are given, is of no generation until it is asked for one.
        self._study.enqueue_trial(self._view.encode(design)[0])
        trial = self._study.ask(self._view.distributions)
        self._study.sampler.get_trial_generation(self._study, self._study.get_trials(deepcopy=False)[-1])
        self._study.tell(trial, values)
