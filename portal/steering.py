"""Buttons by which owners steer what goes on for long: pause, resume, cancel, extend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest

from portal.permissions import insist_on_change
from tournament.models import PsroRun, TrainingRun
from tournament.refusals import RequestRefused

Steered = PsroRun | TrainingRun
TOO_LATE = "It had moved on already; nothing was changed."


@dataclass(frozen=True)
class Action:
    """A button, there in some `states`. `deed` takes the row and the number beside the button, and tells in words what happened."""

    label: str
    states: Collection[str]
    deed: Callable[[Any, int], str]

    @classmethod
    def that(cls, label: str, states: Collection[str], deed: Callable[[Any], bool], outcome: str) -> Action:
        """A button whose deed only says whether it could be done, with the words for that."""
        return cls(label, states, lambda row, _: outcome if deed(row) else TOO_LATE)


Actions = Mapping[str, Action]


def list_actions(row: Steered, actions: Actions) -> list[tuple[str, str]]:
    """What can be done with a row now: address and label."""
    return [(name, action.label) for name, action in actions.items() if row.state in action.states]


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
