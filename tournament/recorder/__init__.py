"""Recorded episodes played again, for replays and verdicts, by a program that has loaded the game once.

`asking` is for those who want a replay; they load neither the game nor a network library. The program
(`python -m tournament.recorder FOLDER`) plays each episode in a process that it forks.
"""

from tournament.recorder.asking import Reply, ask, find_partial
from tournament.recorder.orders import CannotRecord, Order

__all__ = ["CannotRecord", "Order", "Reply", "ask", "find_partial"]
