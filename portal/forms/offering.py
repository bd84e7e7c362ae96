"""Fields for agents of a large portal: they show a few agents, and a search adds others.

All agents of the field can be sent; only the shown ones are limited.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet

from portal.keys import is_key
from portal.wording import tell_name
from tournament.models import Agent, AgentKind, Scenario

SHOWN = 24
"""Maximum number of agents of a team that are all shown. A larger team shows chosen agents and search results only."""
FOUND = 20
"""Maximum number of agents that a search without JavaScript adds."""
NEWEST = 8
"""Number of agents that a field of one agent offers as the newest of a large team."""


def find_name(name: str) -> str:
    """Return the name of the search that belongs to a field."""
    return f"find_{name}"


def find_matches(agents: QuerySet[Agent], search: str) -> set[int]:
    """Return the keys of the first agents whose names contain a text; none for an empty text."""
    words = search.replace("\0", "").strip()
    return set(agents.filter(name__icontains=words).values_list("pk", flat=True)[:FOUND]) if words else set()


def shorten(agents: QuerySet[Agent], chosen: Iterable[int], search: str) -> QuerySet[Agent]:
    """Return the agents to show: all of a small team, else the chosen, built-in, newest and found ones."""
    newest = agents.order_by("-created").values_list("pk", flat=True)[:NEWEST]
    keys = {*chosen, *newest, *find_matches(agents, search)}
    return agents.filter(Q(pk__in=keys) | Q(kind=AgentKind.BUILTIN))


def offer_agents(form: forms.Form, name: str, agents: QuerySet[Agent], team: str, only: str = "listed") -> None:
    """Let a field take one or some of the agents. With a large team, it shows a few and has a search.

    Call it after the field's initial value is set. `only` is what the search finds (`portal.views.tournaments.pick`).
    """
    field: Any = form.fields[name]
    field.queryset = agents
    field.label_from_instance = label_agent
    if agents.count() <= SHOWN:
        return
    field.search = urlencode({"team": team, "only": only} if only else {"team": team})
    asked = form.data if form.is_bound else form.initial
    shown = shorten(agents, keys_of(form[name].value()), str(asked.get(find_name(name), "")))
    empty = [] if isinstance(field, forms.ModelMultipleChoiceField) or field.empty_label is None else [
        ("", field.empty_label)
    ]  # fmt: skip
    field.widget.choices = [*empty, *((agent.pk, label_agent(agent)) for agent in shown)]


def keys_of(value: Any) -> set[int]:
    """Return the keys in a field's value: a key, an agent, or several."""
    several = value if isinstance(value, list | tuple | set | QuerySet) else [value]
    texts = (str(one.pk if isinstance(one, Agent) else one) for one in several)
    return {int(text) for text in texts if is_key(text)}


def offer_scenarios(form: forms.BaseForm, name: str, scenarios: QuerySet[Scenario]) -> None:
    """Let a field take one or some of the scenarios, by their names in the reader's language."""
    field: Any = form.fields[name]
    field.queryset = scenarios
    field.label_from_instance = lambda scenario: tell_name(scenario.name)


def label_agent(agent: Agent) -> str:
    name = tell_name(agent.name)
    return name if agent.kind == AgentKind.BUILTIN else f"{name} ({str(agent.get_kind_display()).lower()})"
