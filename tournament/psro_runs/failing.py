"""Why a PSRO run cannot continue, in words."""

from __future__ import annotations

from tournament.models import Tournament, TournamentState, TrainingRun, TrainingState


class RunFailed(Exception):
    """A run that cannot continue; the message says why and what to do."""


def check_training(training: TrainingRun, team: str, number: int) -> None:
    """Raise RunFailed if a training of iteration `number` failed or was cancelled."""
    if training.state == TrainingState.FAILED:
        raise RunFailed(
            f"Iteration {number}: training the {team} team failed. {training.error} "
            "When that is fixed, resume the run: the training resumes from its last state."
        )
    if training.state == TrainingState.CANCELLED:
        raise RunFailed(
            f"Iteration {number}: the {team} team's training was cancelled. Resume the run to start it again."
        )


def check_tournament(played: Tournament, number: int) -> None:
    """Raise RunFailed if a tournament of iteration `number` is over and not finished."""
    if played.state != TournamentState.FINISHED:
        what = "was cancelled" if played.state == TournamentState.CANCELLED else "ended with errors"
        raise RunFailed(
            f"Iteration {number}: the tournament “{played.name}” {what}. Resume the run, and the rest of it is played."
        )
