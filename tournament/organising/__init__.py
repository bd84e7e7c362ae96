"""Creating, cancelling, following and finishing tournaments. Which worker plays what is decided in `tasks`.

A tournament proceeds in rounds. When all blocks of a round are done, its format is given the results of all rounds and
chooses the next one, or ends the tournament (`finish_if_complete`). The choice depends on finished rounds alone: it
does not matter who played them, in which order, or how often a worker died.
"""

from tournament.organising.creating import (
    MAX_EPISODES_PER_PAIRING,
    TournamentRefused,
    TournamentRequest,
    check_tournament,
    create_tournament,
    plan_tournament,
)
from tournament.organising.ending import cancel_tournament, finish_if_complete, retry_failed_blocks
from tournament.organising.following import UNKNOWN_SECONDS, Progress, finding_of, pairing_grid, progress
from tournament.organising.preparing import claim_unprepared, prepare, release_unprepared
from tournament.organising.rounds import MAX_EPISODES, OPEN, format_of, next_round

__all__ = [
    "MAX_EPISODES",
    "MAX_EPISODES_PER_PAIRING",
    "OPEN",
    "UNKNOWN_SECONDS",
    "Progress",
    "TournamentRefused",
    "TournamentRequest",
    "cancel_tournament",
    "check_tournament",
    "claim_unprepared",
    "create_tournament",
    "finding_of",
    "finish_if_complete",
    "format_of",
    "next_round",
    "pairing_grid",
    "plan_tournament",
    "prepare",
    "progress",
    "release_unprepared",
    "retry_failed_blocks",
]
