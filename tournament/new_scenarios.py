"""Scenarios that users add: checked, named, and stored as rows that can be used like any other scenario."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify

from mate import scenario as game
from tournament import drafts, names
from tournament.models import Scenario
from tournament.refusals import RequestRefused

MAX_NAME = 60
TAKEN_BY_PAGES = ("new",)
"""Slugs that are other pages' addresses."""
MAX_OWN = 100
"""Maximum number of scenarios that a user may add."""


def add(document: Mapping[str, Any], name: str, owner: Any) -> tuple[Scenario, bool]:
    """Return the row of a document's scenario, and whether it is new; equal scenarios of any name share a row.

    The `owner` is a user, or None for the portal.

    Raises RequestRefused with all problems of the document and of the name.
    """
    problems = drafts.find_problems(document)
    scenario = None if problems else drafts.check({**document, "name": name})
    known = scenario and Scenario.objects.filter(digest=scenario.digest).first()
    if known:
        return known, False
    if problem := find_name_problem(name):
        problems.append(("name", problem))
    if owner is not None and Scenario.objects.filter(owner=owner).count() >= MAX_OWN:
        problems.append(("", f"You have added {MAX_OWN} scenarios, as many as a user may. Ask an administrator."))
    if problems or scenario is None:
        raise RequestRefused(problems)
    return _keep(scenario, name, owner)


def find_name_problem(name: str) -> str:
    """Return what is wrong with the name of a new scenario; empty where nothing is."""
    if problem := names.find_problem(name):
        return problem
    if len(name) > MAX_NAME:
        return f"It has {len(name)} characters. Give a name of at most {MAX_NAME}."
    if not slugify(name):
        return "It has no Latin letter or digit, of which its address is made. Give it one."
    if slugify(name) in TAKEN_BY_PAGES:
        return f"{name} is the address of another page. Choose another name."
    if Scenario.objects.filter(Q(name__iexact=name) | Q(slug=slugify(name))).exists():
        return (
            f"Another scenario is called {name}, or so alike that its address would be the same. Choose another name."
        )
    return ""


def _keep(scenario: game.Scenario, name: str, owner: Any) -> tuple[Scenario, bool]:
    try:
        with transaction.atomic():
            row = Scenario.objects.create(
                digest=scenario.digest,
                name=name,
                slug=slugify(name),
                config=json.loads(scenario.to_json()),
                enhanced_observation=scenario.enhanced_observation,
                num_cameras=scenario.num_cameras,
                num_targets=scenario.num_targets,
                num_obstacles=scenario.num_obstacles,
                owner=owner,
            )
    except IntegrityError:
        existing = Scenario.objects.filter(digest=scenario.digest).first()
        if existing is None:
            raise RequestRefused([("name", f"Another scenario is called {name}. Choose another name.")]) from None
        return existing, False  # Somebody added it in the meantime.
    return row, True


def suggest_name(base: str, variant: Mapping[str, Any]) -> str:
    """Return a name for a variant of the scenario called `base`."""
    words = {
        "enhanced_observation": "enhanced: {}",
        "shared_field_of_view": "shared view: {}",
        "no_communication": "silent: {}",
        "communication_range": "range {:g}",
        "message_dropout": "dropout {:g}",
        "communication_delay": "delay {}",
    }
    told = [text.format(variant[key]) for key, text in words.items() if key in variant]
    return f"{base} ({', '.join(told)})" if told else base
