"""Every installed agent keeps the agent contract."""

from __future__ import annotations

from archgym.registry import agent_names
from archgym.testing import AgentContract
from archgym.testing.problems import chip, layer

ON_CHIP = {"pose": staticmethod(chip), "evaluations": 40}
"""For agents that need a simulator with an architecture."""
SHORTER = {"evaluations": 40}
BRIEF = {"batch": 8, "updates": 4, "minibatch": 16}
THOUGHTFUL = {"evaluations": 16}
"""For agents that think for a second about each design."""
POSED = {
    "farsi": ON_CHIP,
    "gamma": {"pose": staticmethod(layer)},
    **dict.fromkeys(("bo_gp", "bo_forest", "bo_extra_trees", "gp"), THOUGHTFUL),
    "tpe": SHORTER,
    "motpe": SHORTER,
    "dqn": {"hyperparameters": BRIEF},
    "sac": {"hyperparameters": {**BRIEF, "start": 16}},
    "exhaustive": {"seeded": False},
}

for _name in agent_names():  # an agent that cannot be loaded fails its own tests, not the collection
    _label = f"Test_{_name}"
    globals()[_label] = type(_label, (AgentContract,), {"agent": _name, "__module__": __name__, **POSED.get(_name, {})})
