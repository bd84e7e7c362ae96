"""Buttons with which owners control long runs: pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from portal.actions.confirming import Confirmation, show_question
from portal.people import quotas
from portal.people.permissions import insist_on_change
from portal.texts import in_language
from tournament.models import Attack, PsroRun, Study, TrainingRun
from tournament.refusals import RequestRefused

Steered = Attack | PsroRun | Study | TrainingRun
QUOTAS: dict[type, str] = {Attack: "attacks", PsroRun: "psro", Study: "studies", TrainingRun: "trainings"}
TOO_LATE = gettext_lazy("It had moved on already; nothing was changed.")


@dataclass(frozen=True)
class SteeringAction:
    """An action that is available in some `states` of a row.

    `act` takes the row and returns whether it changed anything; `outcome` is the message of success. If `ask` is given,
    it returns the confirmation that is shown first.
    """

    label: str | Promise
    states: Collection[str]
    act: Callable[[Any], bool]
    outcome: str | Promise
    ask: Callable[[Any], Confirmation] | None = None


Actions = Mapping[str, SteeringAction]


@dataclass(frozen=True)
class Button:
    """An action as a page shows it."""

    name: str
    label: str | Promise
    address: str
    question: Confirmation | None


def list_buttons(row: Steered, actions: Actions, view: str) -> list[Button]:
    """Return the actions that are possible now for a row; `view` is the URL name of the view that performs them."""
    return [
        Button(
            name,
            action.label,
            reverse(view, args=[row.pk, name]),
            action.ask(row) if action.ask else None,
        )
        for name, action in actions.items()
        if row.state in action.states
    ]


def ask_first(request: HttpRequest, row: Steered, actions: Actions, name: str, back: str) -> HttpResponse:
    """Return the confirmation of an action as a page.

    Return 405 if the action has none, and a redirect to `back` if the row has left the states of the action.
    """
    action = actions.get(name)
    if action is None or action.ask is None:
        return HttpResponseNotAllowed(["POST"])
    insist_on_change(request.user, row)
    if row.state not in action.states:
        messages.info(request, TOO_LATE)
        return redirect(back)
    return show_question(request, action.ask(row), back)


def steer(request: HttpRequest, row: Steered, actions: Actions, name: str) -> None:
    """Perform an action and add a message with its outcome.

    Raises Http404 for an unknown action and PermissionDenied for a row that the user may not change.
    """
    if name not in actions:
        raise Http404
    insist_on_change(request.user, row)
    try:
        action = actions[name]
        with quotas.within(request.user, QUOTAS[type(row)]):
            is_done = action.act(row)
        messages.success(request, str(action.outcome) if is_done else TOO_LATE)
    except RequestRefused as refusal:
        messages.error(request, in_language(refusal))
