"""Buttons by which owners steer what goes on for long: pause, resume, cancel, extend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse

from portal.confirming import Question, show_question
from portal.permissions import insist_on_change
from tournament.models import PsroRun, TrainingRun
from tournament.refusals import RequestRefused

Steered = PsroRun | TrainingRun
TOO_LATE = "It had moved on already; nothing was changed."


@dataclass(frozen=True)
class Action:
    """A button, there in some `states`. `deed` takes the row and the number beside the button, and tells in words what happened.

    With `ask` it asks first: the question is told there.
    """

    label: str
    states: Collection[str]
    deed: Callable[[Any, int], str]
    ask: Callable[[Any], Question] | None = None
    has_field: bool = False

    @classmethod
    def that(
        cls,
        label: str,
        states: Collection[str],
        deed: Callable[[Any], bool],
        outcome: str,
        ask: Callable[[Any], Question] | None = None,
    ) -> Action:
        """A button whose deed only says whether it could be done, with the words for that."""
        return cls(label, states, lambda row, _: outcome if deed(row) else TOO_LATE, ask)


Actions = Mapping[str, Action]


@dataclass(frozen=True)
class Button:
    """An action as a page shows it; those with a field have a form of their own."""

    name: str
    label: str
    address: str
    question: Question | None
    has_field: bool


def list_buttons(row: Steered, actions: Actions, view: str) -> list[Button]:
    """What can be done with a row now; `view` is the name of the address that does it."""
    return [
        Button(
            name,
            action.label,
            reverse(view, args=[row.pk, name]),
            action.ask(row) if action.ask else None,
            action.has_field,
        )
        for name, action in actions.items()
        if row.state in action.states
    ]


def ask_first(request: HttpRequest, row: Steered, actions: Actions, name: str, back: str) -> HttpResponse:
    """The question of a button as a page; where there is none (any more), the page of the row or 405."""
    action = actions.get(name)
    if action is None or action.ask is None:
        return HttpResponseNotAllowed(["POST"])
    insist_on_change(request.user, row)
    if row.state not in action.states:
        messages.info(request, TOO_LATE)
        return redirect(back)
    return show_question(request, action.ask(row), back)


def steer(request: HttpRequest, row: Steered, actions: Actions, name: str, number: int) -> None:
    """Do what a button says, and tell what happened. Raises Http404 for no button of ours, PermissionDenied for others' rows."""
    if name not in actions:
        raise Http404
    insist_on_change(request.user, row)
    try:
        messages.success(request, actions[name].deed(row, number))
    except RequestRefused as refusal:
        messages.error(request, str(refusal))


def read_number(text: str, digits: int = 8) -> int:
    """A whole number of a form; 0 for anything else, which is refused where it is used."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else 0
