"""A typed client of a portal's REST API. It needs neither Django nor Numba, and runs on any system."""

from mate_arena.client.arena import ArenaClient
from mate_arena.client.errors import ArenaError, Forbidden, NotFound, Problem, Refused, Unreachable, WaitedTooLong

__all__ = ["ArenaClient", "ArenaError", "Forbidden", "NotFound", "Problem", "Refused", "Unreachable", "WaitedTooLong"]
