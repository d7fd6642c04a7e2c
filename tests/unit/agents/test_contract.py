"""Every built-in searcher keeps the contract, in its main variants."""

from __future__ import annotations

from typing import ClassVar

from archgym.testing.agent_contract import AgentContract


class TestRandom(AgentContract):
    agent = "random"


class TestRandomWithoutReplacement(AgentContract):
    agent = "random"
    hyperparameters: ClassVar = {"replace": False}


class TestLocalSearch(AgentContract):
    agent = "local_search"


class TestLocalSearchBestImprovement(AgentContract):
    agent = "local_search"
    hyperparameters: ClassVar = {"improvement": "best", "step": "adjacent", "start": "random", "restart": "random"}


class TestGenetic(AgentContract):
    agent = "genetic"


class TestGeneticAsArchGymHadIt(AgentContract):
    agent = "genetic"
    hyperparameters: ClassVar = {
        "population": 32,
        "offspring": 32,
        "elite": 0.0,
        "crossover": "two_point",
        "unique": False,
    }
