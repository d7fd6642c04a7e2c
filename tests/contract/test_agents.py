"""Every installed agent keeps the agent contract."""

from __future__ import annotations

from archgym.registry import agent_names
from archgym.testing import AgentContract

for _name in agent_names():  # an agent that cannot be loaded fails its own tests, not the collection
    _label = f"Test_{_name}"
    globals()[_label] = type(_label, (AgentContract,), {"agent": _name, "__module__": __name__})
