"""Detection of methods that a subclass of a rule-based agent overrides."""

from __future__ import annotations


def overrides(agent: object, base: type, name: str) -> bool:
    """Return whether ``name``, of the class ``base``, was overridden in the agent's class or on the agent itself.

    The laws of the rule-based agents are compiled as a whole; only where a part of one is another's they go step by
    step.
    """
    return name in vars(agent) or getattr(type(agent), name) is not getattr(base, name)
