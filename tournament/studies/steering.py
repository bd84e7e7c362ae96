"""Cancelling studies, and resuming the runs that stopped."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from tournament import trainings
from tournament.models import Study, StudyState


def cancel_study(study: Study) -> bool:
    """Stop all open runs of a study at once; those that have ended stay. Returns whether it was open."""
    with transaction.atomic():
        open_studies = Study.objects.filter(pk=study.pk, state=StudyState.RUNNING)
        stopped = open_studies.update(state=StudyState.CANCELLED, finished=timezone.now())
        if stopped:
            for run in study.runs.filter(training__state__in=trainings.OPEN).select_related("training"):
                trainings.cancel_training(run.training)
    study.refresh_from_db()
    return bool(stopped)


def resume_study(study: Study) -> bool:
    """Resume the runs that failed, were paused or were cancelled. Returns whether there was one."""
    with transaction.atomic():
        stopped = study.runs.filter(training__state__in=trainings.RESUMABLE).select_related("training")
        resumed = [trainings.resume_training(run.training) for run in stopped]
        if any(resumed):
            Study.objects.filter(pk=study.pk).update(state=StudyState.RUNNING, finished=None)
    study.refresh_from_db()
    return any(resumed)
