"""The portal's models, in one file for each subject; import them from here."""

from .agent import TEAM_CHOICES, Agent, AgentKind, Withdrawal
from .attack import Attack, AttackState
from .audit import Audit, AuditState
from .block import Block, BlockState, Cause
from .choice import Choice
from .episode import Episode, EpisodeTotal, Pairing
from .installation import Installation
from .lab import Lab, LabRole, Membership
from .lease import Lease
from .priority import Priority
from .psro import PsroComparison, PsroIteration, PsroKind, PsroPhase, PsroRound, PsroRun, PsroState
from .rating import Basis, RatingSnapshot
from .scenario import Scenario
from .schedule import Schedule, ScheduleKind, Start
from .study import Study, StudyRun, StudyState
from .tally import Tally
from .tournament import Purpose, Tournament, TournamentState
from .training import Milestone, TrainingPoint, TrainingPurpose, TrainingRun, TrainingState
from .training_logs import TrainingLogs
from .upload import Upload, UploadState
from .worker import Worker

__all__ = [
    "TEAM_CHOICES",
    "Agent",
    "AgentKind",
    "Attack",
    "AttackState",
    "Audit",
    "AuditState",
    "Basis",
    "Block",
    "BlockState",
    "Cause",
    "Choice",
    "Episode",
    "EpisodeTotal",
    "Installation",
    "Lab",
    "LabRole",
    "Lease",
    "Membership",
    "Milestone",
    "Pairing",
    "Priority",
    "PsroComparison",
    "PsroIteration",
    "PsroKind",
    "PsroPhase",
    "PsroRound",
    "PsroRun",
    "PsroState",
    "Purpose",
    "RatingSnapshot",
    "Scenario",
    "Schedule",
    "ScheduleKind",
    "Start",
    "Study",
    "StudyRun",
    "StudyState",
    "Tally",
    "Tournament",
    "TournamentState",
    "TrainingLogs",
    "TrainingPoint",
    "TrainingPurpose",
    "TrainingRun",
    "TrainingState",
    "Upload",
    "UploadState",
    "Withdrawal",
    "Worker",
]
