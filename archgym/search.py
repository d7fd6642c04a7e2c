"""The loop: ask, evaluate, tell, until the budget is spent or there is nothing more to ask."""

from __future__ import annotations

from archgym.agent import Agent, Problem, Trainer
from archgym.errors import BudgetSpent
from archgym.result import StopReason
from archgym.watched_door import Stalled, WatchedDoor


def search(searcher: Agent | Trainer, problem: Problem, door: WatchedDoor, ask: int) -> StopReason:
    """Drive *searcher* to its end; at most *ask* designs are asked for at once and told before the next ask."""
    try:
        if isinstance(searcher, Agent):
            while door.remaining > 0:
                designs = searcher.ask(min(ask, door.remaining))
                if len(designs) == 0:
                    return "exhausted"
                searcher.tell(door.evaluate(designs))
        else:
            searcher.train(problem)
    except Stalled:
        return "stalled"
    except BudgetSpent:
        return "budget"
    return "budget" if door.remaining <= 0 else "exhausted"
