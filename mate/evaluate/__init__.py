"""``python -m mate.evaluate``: play episodes of one camera agent against one target agent and report the means.

``options`` reads the command line, ``entrants`` finds the agents, ``lockstep`` and ``turns`` play (the first with the
batched engine, the second with agent objects in the environment of upstream's interface, fresh from ``reseeding`` in
each episode), ``tables`` prints, ``command`` puts them together. ``programs`` has what other programs import from
upstream's module, ``upstream`` says what to give in place of the agents of its examples.
"""

from mate.evaluate.command import main
from mate.evaluate.programs import COLUMNS, Column, evaluate, load_entry, parse_arguments

__all__ = ["COLUMNS", "Column", "evaluate", "load_entry", "main", "parse_arguments"]
