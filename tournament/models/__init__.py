"""What the portal remembers. One file a subject; import from here."""

from .agent import Agent, AgentKind, Team
from .block import Block, BlockState, Cause
from .episode import Episode, Pairing
from .lease import Lease
from .rating import RatingSnapshot
from .scenario import Scenario
from .tournament import Tournament, TournamentState
from .upload import Upload, UploadState
from .worker import Worker

__all__ = [
    "Agent",
    "AgentKind",
    "Block",
    "BlockState",
    "Cause",
    "Episode",
    "Lease",
    "Pairing",
    "RatingSnapshot",
    "Scenario",
    "Team",
    "Tournament",
    "TournamentState",
    "Upload",
    "UploadState",
    "Worker",
]
