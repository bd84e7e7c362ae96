"""Studies: sets of trainings that ordinary trainers run, and that the sweep scores on fresh seeds and summarises."""

from tournament.studies.creating import (
    DEFAULT_EPISODES,
    MAX_CONFIGURATION_NAME,
    MAX_CONFIGURATIONS,
    MAX_NAME,
    MAX_RUNS,
    MAX_SEEDS,
    StudyConfiguration,
    StudyRefused,
    StudyRequest,
    create_study,
)
from tournament.studies.scoring import MEASURES, advance, advance_all, scores_of
from tournament.studies.steering import cancel_study, resume_study
from tournament.studies.writing import write_csv, write_latex
from training.scores import MIN_RUNS, MIN_RUNS_PER_SCENARIO

__all__ = [
    "DEFAULT_EPISODES",
    "MAX_CONFIGURATIONS",
    "MAX_CONFIGURATION_NAME",
    "MAX_NAME",
    "MAX_RUNS",
    "MAX_SEEDS",
    "MEASURES",
    "MIN_RUNS",
    "MIN_RUNS_PER_SCENARIO",
    "StudyConfiguration",
    "StudyRefused",
    "StudyRequest",
    "advance",
    "advance_all",
    "cancel_study",
    "create_study",
    "resume_study",
    "scores_of",
    "write_csv",
    "write_latex",
]
