"""Questions before what cannot be undone: what is lost is named, and nothing happens at one click.

A button that asks first leads to its own address. GET shows the question as a page; POST does what it says. With
scripts the same question opens as a dialog on the spot (`partials/confirm.html`, `confirm.js`).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import pluralize

from portal.models import ApiToken
from tournament import organising, psro_runs
from tournament.models import PsroRun, Schedule, Tournament, TrainingRun, TrainingState


@dataclass(frozen=True)
class Confirmation:
    """A question about one row: `sentences` name what is lost and what stays, `button` is a verb with its object."""

    title: str
    sentences: tuple[str, ...]
    button: str


def show_question(request: HttpRequest, question: Confirmation, back: str) -> HttpResponse:
    """The question as a page of its own; its form posts to the address that was asked for, `back` leads away."""
    return render(request, "confirm.html", {"question": question, "address": request.path, "back": back})


def ask_to_cancel_tournament(row: Tournament) -> Confirmation:
    progress = organising.progress(row)
    left = max(progress.total - progress.done, 0)
    return Confirmation(
        f"Cancel “{row.name}”?",
        (
            f"{left:,} of {progress.total:,} episodes are not finished, and are never played.",
            "Finished episodes stay and count in the ratings.",
            "A cancelled tournament cannot be resumed; a duplicate reuses its finished episodes.",
        ),
        "Cancel tournament",
    )


def ask_to_cancel_training(row: TrainingRun) -> Confirmation:
    lost = {
        TrainingState.TRAINING: "It stops at once, without saving: what it learned since its last saved state is lost.",
        TrainingState.EVALUATING: "Matches of its evaluation that are not finished are not played, and it makes no "
        "agent.",
    }.get(TrainingState(row.state), "It makes no agent.")
    pause = ("To lose nothing, pause it instead.",) if row.state == TrainingState.TRAINING else ()
    stays = f"Its curve, its milestones and its state stay ({row.steps_done:,} steps). It can be resumed from there."
    return Confirmation(f"Cancel “{row.name}”?", (lost, stays, *pause), "Cancel training")


def ask_to_cancel_run(row: PsroRun) -> Confirmation:
    done = psro_runs.iterations_done(row)
    return Confirmation(
        f"Cancel “{row.name}”?",
        (
            f"{done} of {row.iterations_wanted} iterations are solved. Trainings of the next one stop at once, without "
            "saving: what they learned since their last saved state is lost.",
            "Solved iterations, their agents and all finished episodes stay. The run can be resumed.",
            "To lose nothing, pause it instead.",
        ),
        "Cancel run",
    )


def ask_to_delete_schedule(row: Schedule) -> Confirmation:
    count = row.starts.count()
    return Confirmation(
        f"Delete “{row.name}”?",
        (
            f"It starts no more tournaments, and its record of {count:,} start{pluralize(count)} is lost. This "
            f"cannot be undone.",
            "Tournaments that it started stay.",
            "To start nothing for a while, pause it instead.",
        ),
        "Delete schedule",
    )


def ask_to_revoke_token(row: ApiToken) -> Confirmation:
    return Confirmation(
        f"Revoke “{row.name}”?",
        (
            f"Programs that use this token (it begins with {row.prefix}) are refused from now on. This cannot be "
            f"undone.",
            "Uploads, tournaments and trainings that they started stay.",
        ),
        "Revoke token",
    )
