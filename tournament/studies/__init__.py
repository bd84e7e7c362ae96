"""Studies: requested as one, trained by the ordinary trainers, scored on fresh seeds and summarised by the sweep."""

from tournament.studies.creating import (
    MAX_CONFIGURATIONS,
    MAX_RUNS,
    MAX_SEEDS,
    StudyConfiguration,
    StudyRefused,
    create_study,
)
from tournament.studies.scoring import MEASURES, advance, advance_all, scores_of
from tournament.studies.steering import cancel_study, resume_study
from tournament.studies.writing import write_csv, write_latex

__all__ = [
    "MAX_CONFIGURATIONS",
    "MAX_RUNS",
    "MAX_SEEDS",
    "MEASURES",
    "StudyConfiguration",
    "StudyRefused",
    "advance",
    "advance_all",
    "cancel_study",
    "create_study",
    "resume_study",
    "scores_of",
    "write_csv",
    "write_latex",
]
