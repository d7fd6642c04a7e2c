"""Every installed agent keeps the agent contract."""

from __future__ import annotations

from archgym.registry import agent_names
from archgym.testing import AgentContract
from archgym.testing.problems import chip, layer

ON_CHIP = {"pose": staticmethod(chip), "evaluations": 40}
"""For agents that need a simulator with an architecture."""
POSED = {"farsi": ON_CHIP, "gamma": {"pose": staticmethod(layer)}}

for _name in agent_names():  # an agent that cannot be loaded fails its own tests, not the collection
    _label = f"Test_{_name}"
    globals()[_label] = type(_label, (AgentContract,), {"agent": _name, "__module__": __name__, **POSED.get(_name, {})})
