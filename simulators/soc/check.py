"""Whether a system on chip can be built and run, and if not, why."""

from __future__ import annotations

from archgym.simulators.soc.application import Application
from archgym.simulators.soc.batch import SocBatch
from archgym.simulators.soc.engine import Engine, names_of
from archgym.simulators.soc.soc import Soc
from archgym.simulators.soc.soc_names import wrong_name
from archgym.simulators.soc.status import explain
from archgym.simulators.soc.tables import Tables


def why_invalid(soc: Soc, application: Application, tables: Tables) -> str | None:
    """What is wrong with *soc*, in one line that names the block, task or edge; None if it can be built and run."""
    problem = wrong_name(soc, application, tables)
    if problem:
        return problem
    result = Engine(application, tables).simulate_batch(SocBatch.of([soc], application, tables))
    return explain(int(result.status[0]), int(result.culprit[0]), application, names_of(soc))
