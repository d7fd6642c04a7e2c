"""Contract kits: what every simulator, agent and environment must keep, as ready-made test classes.

A plug-in enrols in three lines and gets every check that the built-in ones pass::

    from archgym.testing import SimulatorContract

    class TestMySimulator(SimulatorContract):
        plugin = "my_simulator"

The classes are plain: pytest collects them, and nothing here imports it.
"""

from __future__ import annotations

from archgym.testing.agent_contract import AgentContract
from archgym.testing.environment_contract import EnvironmentContract
from archgym.testing.simulator_contract import SimulatorContract

__all__ = ["AgentContract", "EnvironmentContract", "SimulatorContract"]
