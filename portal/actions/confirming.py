"""Confirmations of actions that cannot be undone. They name what is lost, so that no single click loses anything.

A button that needs a confirmation links to its own address. GET shows the confirmation as a page; POST performs the
action. With JavaScript, the confirmation opens as a dialog on the same page (`partials/confirm.html`, `confirm.js`).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.models import ApiToken
from portal.wording import tell_name
from tournament import organising, psro_runs, trainings
from tournament.models import Attack, PsroRun, Schedule, Study, Tournament, TrainingRun, TrainingState


@dataclass(frozen=True)
class Confirmation:
    """A confirmation about one row.

    `sentences` name what is lost and what stays; `button` is a verb with its object.
    """

    title: str
    sentences: tuple[str, ...]
    button: str


def show_question(request: HttpRequest, question: Confirmation, back: str) -> HttpResponse:
    """Return the confirmation as its own page.

    Its form posts to the requested address; `back` is the address of *Cancel*.
    """
    return render(request, "confirm.html", {"question": question, "address": request.path, "back": back})


def ask_to_cancel_tournament(row: Tournament, progress: organising.Progress) -> Confirmation:
    left = max(progress.total - progress.done, 0)
    return Confirmation(
        _("Cancel “%(name)s”?") % {"name": tell_name(row.name)},
        (
            _("%(left)s of %(total)s episodes are not finished, and are never played.")
            % {"left": f"{left:,}", "total": f"{progress.total:,}"},
            _("Finished episodes stay and count in the ratings."),
            _("A cancelled tournament cannot be resumed; a duplicate reuses its finished episodes."),
        ),
        _("Cancel tournament"),
    )


def ask_to_cancel_training(row: TrainingRun) -> Confirmation:
    lost = {
        TrainingState.TRAINING: _(
            "It stops at once, without saving: what it learned since its last saved state is lost."
        ),
        TrainingState.EVALUATING: _("Unfinished matches of its evaluation are not played, and it makes no agent."),
    }.get(TrainingState(row.state), _("It makes no agent."))
    pause = (_("To lose nothing, pause it instead."),) if row.state == TrainingState.TRAINING else ()
    stays = _("Its curve, its milestones and its state stay (%(steps)s steps). It can be resumed from there.")
    stays %= {"steps": f"{row.steps_done:,}"}
    return Confirmation(
        _("Cancel “%(name)s”?") % {"name": tell_name(row.name)}, (lost, stays, *pause), _("Cancel training")
    )


def ask_to_cancel_run(row: PsroRun) -> Confirmation:
    done = psro_runs.iterations_done(row)
    return Confirmation(
        _("Cancel “%(name)s”?") % {"name": tell_name(row.name)},
        (
            _(
                "%(done)s of %(wanted)s iterations are solved. Trainings of the next one stop at once, without saving: "
                "what they learned since their last saved state is lost."
            )
            % {"done": done, "wanted": row.iterations_wanted},
            _("Solved iterations, their agents and all finished episodes stay. The run can be resumed."),
            _("To lose nothing, pause it instead."),
        ),
        _("Cancel run"),
    )


def ask_to_cancel_study(row: Study) -> Confirmation:
    left = row.runs.filter(training__state__in=trainings.OPEN).count()
    return Confirmation(
        _("Cancel “%(name)s”?") % {"name": tell_name(row.name)},
        (
            ngettext(
                "%(left)d run has not ended. It stops at once, without saving.",
                "%(left)d runs have not ended. They stop at once, without saving.",
                left,
            )
            % {"left": left},
            _("Runs that have ended stay, with their agents and figures. The others can be resumed."),
        ),
        _("Cancel study"),
    )


def ask_to_cancel_attack(row: Attack) -> Confirmation:
    return Confirmation(
        _("Cancel the attack on “%(name)s”?") % {"name": tell_name(row.agent.name)},
        (
            _("Its trainings stop at once, without saving: what they learned since their last saved states is lost."),
            _("Attackers that have ended stay. The attack can be resumed."),
        ),
        _("Cancel attack"),
    )


def ask_to_delete_schedule(row: Schedule) -> Confirmation:
    count = row.starts.count()
    return Confirmation(
        _("Delete “%(name)s”?") % {"name": row.name},
        (
            ngettext(
                "It starts no more tournaments, and its record of %(count)s start is lost. This cannot be undone.",
                "It starts no more tournaments, and its record of %(count)s starts is lost. This cannot be undone.",
                count,
            )
            % {"count": f"{count:,}"},
            _("Tournaments that it started stay."),
            _("To start nothing for a while, pause it instead."),
        ),
        _("Delete schedule"),
    )


def ask_to_revoke_token(row: ApiToken) -> Confirmation:
    return Confirmation(
        _("Revoke “%(name)s”?") % {"name": row.name},
        (
            _(
                "Programs that use this token (it begins with %(prefix)s) are refused from now on. "
                "This cannot be undone."
            )
            % {"prefix": row.prefix},
            _("Uploads, tournaments and trainings that they started stay."),
        ),
        _("Revoke token"),
    )
