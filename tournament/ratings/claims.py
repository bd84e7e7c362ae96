"""Limits of the conclusions that a board supports."""

from __future__ import annotations

from collections.abc import Sequence

from tournament.ratings.records import AgentRating

PROVISIONAL_EPISODES = 30
"""Minimum number of episodes of an agent that is not marked as provisional."""


def find_limit(team: str, lines: Sequence[AgentRating]) -> str:
    """Return why the order of a team's lines is unknown or provisional, in a sentence; empty where it is not."""
    played = [line for line in lines if line.num_episodes]
    rated = [line for line in played if line.is_rated]
    if not played:
        return ""
    if len(played) < 2:
        return f"One {team} alone has played here: there is no other {team} to compare it with, so it has no rank."
    if len(rated) < 2:
        return f"No two {team}s have met the same opponent on the same seed, so none can be ranked."
    if not any(line.lower is not None for line in rated if not line.is_anchor):
        return f"Too few episodes: no {team} has an interval yet, so their order is not known."
    if all(line.is_provisional for line in rated):
        return f"Every {team} has fewer than {PROVISIONAL_EPISODES} episodes: the order is provisional."
    return ""
