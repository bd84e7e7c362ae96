"""Trainings: created, paused, resumed, extended and cancelled here; trainers (`tasks.training`) run them."""

from tournament.trainings.creating import (
    EVALUATION_EPISODES,
    MAX_EVALUATION_EPISODES,
    TrainingRefused,
    TrainingRequest,
    TrainingSettings,
    create_training,
    list_opponents,
    place_of,
)
from tournament.trainings.steering import (
    EXTENDABLE,
    OPEN,
    RESUMABLE,
    cancel_training,
    describe_trainers,
    explain_waiting,
    extend_training,
    pause_training,
    resume_training,
)

__all__ = [
    "EVALUATION_EPISODES",
    "EXTENDABLE",
    "MAX_EVALUATION_EPISODES",
    "OPEN",
    "RESUMABLE",
    "TrainingRefused",
    "TrainingRequest",
    "TrainingSettings",
    "cancel_training",
    "create_training",
    "describe_trainers",
    "explain_waiting",
    "extend_training",
    "list_opponents",
    "pause_training",
    "place_of",
    "resume_training",
]
