"""How much of an observation somebody reads, so that no more is written."""

from enum import IntEnum
from typing import Any


class Depth(IntEnum):
    """How much of an observation is written, and what for; what is left out may hold anything."""

    OWN = 0  # the own private state
    OPPONENTS = 1  # and the opponents' records
    ALL = 2
    VIEWS = 3  # and all views of the batch, also those that no observation has


def depth_of(agent: Any) -> Depth:
    """Return how much of an observation a batched agent reads."""
    return getattr(agent, "depth", Depth.ALL)
