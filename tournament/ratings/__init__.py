"""Ratings: from a meta-game to a leaderboard for each team. Pure: NumPy in, dataclasses out.

ratings = rate(game)                                    # Ratings of a MetaGame with its episodes
evidence = BoardEvidence(cameras, targets, cells)      # the same, extensible by further episodes
evidence.update(more_cells); ratings = rate(evidence)   # an incremental refit
"""

from tournament.intervals import CONFIDENCE
from tournament.meta_solvers.cycles import Cyclicity
from tournament.ratings.claims import PROVISIONAL_EPISODES, find_limit
from tournament.ratings.evidence import BoardEvidence
from tournament.ratings.fitting import ANCHOR_RATING, ANCHORS, SCALE, rate
from tournament.ratings.margin import outcome
from tournament.ratings.nash import complete_part
from tournament.ratings.records import VERSION, AgentRating, Influence, NashSummary, Ratings

__all__ = [
    "ANCHORS",
    "ANCHOR_RATING",
    "CONFIDENCE",
    "PROVISIONAL_EPISODES",
    "SCALE",
    "VERSION",
    "AgentRating",
    "BoardEvidence",
    "Cyclicity",
    "Influence",
    "NashSummary",
    "Ratings",
    "complete_part",
    "find_limit",
    "outcome",
    "rate",
]
