"""Whole teams of agents over a batch of episodes.

``make`` builds the rule-based ones; ``BatchedMixture`` plays, in each episode, one of several teams.
"""

from mate.agents.batched.kinds import BUILTIN_AGENTS, BUILTIN_NAMES, BuiltinAgent, make, object_class
from mate.agents.batched.mixture import BatchedMixture
from mate.agents.batched.team import BatchedAgent
from mate.agents.batched.warming import warm

__all__ = [
    "BUILTIN_AGENTS",
    "BUILTIN_NAMES",
    "BatchedAgent",
    "BatchedMixture",
    "BuiltinAgent",
    "make",
    "object_class",
    "warm",
]
