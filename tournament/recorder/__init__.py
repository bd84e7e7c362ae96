"""A program that plays recorded episodes again, for replays and verdicts; it loads the game only once.

`asking` is its client, which loads neither the game nor a network library. The program
(`python -m tournament.recorder FOLDER`) plays each episode in a process that it forks.
"""

from tournament.recorder.asking import Reply, ask, find_partial
from tournament.recorder.orders import CannotRecord, Order

__all__ = ["CannotRecord", "Order", "Reply", "ask", "find_partial"]
