"""Scores of a study's runs, and their summary. A run's scores are read once from its episodes, when it has ended."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from tournament import leaderboards, measuring, milestones, trainings
from tournament.models import Study, StudyRun, StudyState, TrainingState
from training.scores import RunScores, summarise

log = logging.getLogger(__name__)

MEASURES = ("payoff", "gain")
"""Scores of a run: its agent's payoffs against the opponent, and the gains over the baseline on the same seeds."""


def advance_all() -> int:
    """Take the next step with each open study; return how many changed."""
    return sum(advance(study) for study in Study.objects.filter(state=StudyState.RUNNING))


def advance(study: Study) -> bool:
    """Read the scores of runs that have ended since; finish the study with its last run. Idempotent."""
    with transaction.atomic():
        row = Study.objects.select_for_update().get(pk=study.pk)
        ended = row.runs.filter(training__state=TrainingState.FINISHED, payoffs=[])
        read = sum(_read_scores(run) for run in ended.select_related("training__agent", "training__opponent"))
        is_over = not row.runs.filter(training__state__in=trainings.OPEN).exists()
        finishes = is_over and row.state == StudyState.RUNNING
        if read:
            row.figures = {measure: summarise(scores_of(row, measure)).to_json() for measure in MEASURES}
        if finishes:
            row.state, row.finished = StudyState.FINISHED, timezone.now()
        if read or finishes:
            row.save(update_fields=["figures", "state", "finished"])
    return bool(read or finishes)


def _read_scores(run: StudyRun) -> bool:
    """Store the scores of a run's re-evaluation; return whether it had any."""
    training = run.training
    if training.reevaluation is None or training.agent is None:
        return False
    game = leaderboards.meta_game_of_tournament(training.reevaluation)
    own = measuring.payoffs_of(game, training.agent, training.opponent)
    baseline = milestones.baseline_of(training)
    theirs = measuring.payoffs_of(game, baseline, training.opponent) if baseline is not None else {}
    run.payoffs = list(own.values())
    run.gains = [payoff - theirs[seed] for seed, payoff in own.items() if seed in theirs]
    run.save(update_fields=["payoffs", "gains"])
    return bool(own)


def scores_of(study: Study, measure: str) -> list[RunScores]:
    """Return the scores of each configuration's runs that have ended, by the names of scenarios."""
    column = f"{measure}s"
    found: list[dict[str, list[Any]]] = [{} for _ in study.configurations]
    for number, scenario, scores in study.runs.values_list("configuration", "scenario__name", column):
        if scores:
            found[number].setdefault(scenario, []).append(scores)
    return [RunScores(one["name"], runs) for one, runs in zip(study.configurations, found, strict=True)]
