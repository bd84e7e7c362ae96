"""``python -m mate.evaluate``: play episodes of one camera agent against one target agent and report the means.

``options`` reads the command line, ``entrants`` finds the agents, ``lockstep`` and ``turns`` play (the first with the
batched engine, the second with agent objects in the environment of upstream's interface), ``tables`` prints,
``command`` puts them together.
"""

from mate.evaluate.command import main

__all__ = ["main"]
