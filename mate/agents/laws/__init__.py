"""The decision laws of the rule-based agents: compiled functions of one agent's view and memory.

Both forms of an agent, the object that plays one team member and the kernel that plays all members of a whole batch,
call these same functions, so that they decide alike to the last bit. The laws draw no random numbers: callers pass what
was drawn. Observations are raw (absolute coordinates, not rescaled); angles are degrees, lengths map units.
"""
